//! What a kustomization fetches from elsewhere: files over HTTPS, directories of Git repositories.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use gangplank_git::{Access, FileKind, Mirrors};
use gangplank_kustomize::{Checkout, GitReference, MemoryFiles, Remote, RemoteError};
use http::{Method, Request, StatusCode, header};

use crate::connect;
use crate::environment::Environment;
use crate::error::{CliError, Context as _};

/// As many redirects as Go's client follows.
const REDIRECTS: usize = 10;

/// The network, opened when the first address is asked for: most trees ask for none, and reading the machine's certificates takes longer
/// than rendering an overlay.
pub(super) struct Network {
    environment: Environment,
    opened: OnceLock<Result<Opened, String>>,
}

impl Network {
    /// The network as the environment says how to reach it.
    pub(super) fn new(environment: &Environment) -> Self {
        Network { environment: environment.clone(), opened: OnceLock::new() }
    }

    fn opened(&self) -> Result<&Opened, RemoteError> {
        let open = || Opened::new(&self.environment).map_err(|error| error.in_one_line());
        self.opened.get_or_init(open).as_ref().map_err(|error| RemoteError::Failed(error.clone()))
    }
}

/// The network once it is open, asked once for each address.
struct Opened {
    runtime: tokio::runtime::Runtime,
    transport: gangplank_azure::Transport,
    mirrors: Mirrors,
    fetched: Mutex<HashMap<String, Arc<[u8]>>>,
}

impl Opened {
    fn new(environment: &Environment) -> Result<Self, CliError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context(|| "cannot start the runtime".to_owned())?;
        let transport = connect::network(environment)?.transport()?;
        let mirrors = runtime.block_on(connect::mirrors(environment))?;
        Ok(Opened { runtime, transport, mirrors, fetched: Mutex::default() })
    }

    async fn fetch(&self, url: &str) -> Result<Arc<[u8]>, RemoteError> {
        let mut url = url.to_owned();
        for _ in 0..=REDIRECTS {
            let request = Request::builder()
                .method(Method::GET)
                .uri(&url)
                .body(Bytes::new())
                .map_err(|error| RemoteError::Failed(format!("`{url}` is no address: {error}")))?;
            let answer = self
                .transport
                .send(request)
                .await
                .map_err(|error| RemoteError::Failed(CliError::from(error).in_one_line()))?;
            match answer.status() {
                status if status.is_success() => return Ok(Arc::from(answer.body().as_ref())),
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let target = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
                    match target {
                        // A relative target would have to be joined; hosts of manifests redirect with whole addresses.
                        Some(target) if target.starts_with("https://") => url = target.to_owned(),
                        _ => {
                            return Err(RemoteError::Failed(format!(
                                "`{url}` redirects to no https address"
                            )));
                        }
                    }
                }
                status => return Err(RemoteError::Status(status.as_u16())),
            }
        }
        Err(RemoteError::Failed(format!("more than {REDIRECTS} redirects")))
    }
}

impl Remote for Network {
    fn get(&self, url: &str) -> Result<Arc<[u8]>, RemoteError> {
        self.opened()?.get(url)
    }

    fn checkout(&self, reference: &GitReference) -> Result<Checkout, RemoteError> {
        self.opened()?.checkout(reference)
    }
}

impl Opened {
    fn get(&self, url: &str) -> Result<Arc<[u8]>, RemoteError> {
        let known = || self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(body) = known().get(url) {
            return Ok(body.clone());
        }
        let body = self.runtime.block_on(self.fetch(url))?;
        known().insert(url.to_owned(), body.clone());
        Ok(body)
    }

    fn checkout(&self, reference: &GitReference) -> Result<Checkout, RemoteError> {
        let failed = |error: gangplank_git::Error| RemoteError::Failed(CliError::from(error).in_one_line());
        let access = Access::default();
        let revision = reference.revision.as_deref().unwrap_or("HEAD");
        let tree = self.runtime.block_on(async {
            let work = async {
                let commit = self.mirrors.resolve(&reference.repository, revision, &access).await?;
                self.mirrors.tree(&reference.repository, &commit, &access).await
            };
            match tokio::time::timeout(reference.timeout, work).await {
                Ok(result) => result.map_err(failed),
                Err(_) => {
                    Err(RemoteError::Failed(format!("no answer within {} s", reference.timeout.as_secs())))
                }
            }
        })?;
        let mut files = MemoryFiles::new();
        for (path, file) in &tree.files {
            if file.kind == FileKind::Symlink {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                files.link(
                    &format!("/{path}"),
                    &format!("/{folder}/{}", String::from_utf8_lossy(&file.bytes)),
                );
            } else {
                files.insert(&format!("/{path}"), &file.bytes);
            }
        }
        Ok(Checkout { files: Arc::new(files), root: "/".to_owned() })
    }
}
