//! One world: started, used, broken, shut down.
//!
//! ```text
//! Options ──start──▶ World ─┬─ proxy ──▶ hosts ─┬─ Azure (azuresim)
//!                           │                   ├─ issuers ◀── fetched by Entra
//!                           │                   └─ API servers: the hub, the clusters (apiserver)
//!                           ├─ Git server
//!                           └─ folder: ca.pem, kubeconfig, token of the engineer, world.json
//! ```
//!
//! Invariants: a world is its folder, its two ports and its tasks, and all of them end with it; two worlds share
//! nothing; nothing in it depends on what will use it.

mod environment;
mod facts;
mod files;
mod options;
mod state;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gangplank_pki::{Authority, Lifetime, PkiError, Purpose};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use facts::{ClusterFacts, EngineerFacts, Facts, TeamSecrets, VaultFacts};
pub use options::{Options, cluster_names};
pub use state::State;

use crate::error::WorldError;
use crate::git::{Credentials, GitServer, NewRepository, Readers};
use crate::hosts::{AZURE_NAMES, Hosts};
use crate::seed::Seed;
use crate::wire::proxy;
use crate::wire::tls::{self, ClientCertificates};

/// How long open connections may take to end when the world is shut down.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// The public repository, which holds the tree that Argo CD syncs.
const PLATFORM: &str = "platform";

/// The private repository.
const TEAM: &str = "team";

/// A running world. Dropped, it ends at once; [`World::shutdown`] waits for its connections and tells what went wrong.
#[derive(Debug)]
pub struct World {
    state: State,
    ca_pem: String,
    git: Arc<GitServer>,
    tasks: Tasks,
    directory: TempDir,
}

/// The tasks of a world. They end when this is dropped.
#[derive(Debug)]
struct Tasks {
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl World {
    /// Starts a world and returns when all of it answers.
    ///
    /// # Errors
    /// A port in use, a folder that can't be written, no git command, a name that Azure refuses: see [`WorldError`].
    pub async fn start(options: Options) -> Result<World, WorldError> {
        let seed = Seed(options.seed);
        let now = jiff::Timestamp::now().as_second();
        let tasks = Tasks { stop: CancellationToken::new(), tracker: TaskTracker::new() };

        let (proxy_listener, proxy) = listen("proxy", options.proxy_port).await?;
        let (git_listener, git_address) = listen("Git server", options.git_port).await?;
        let directory = make_directory(options.root.as_deref())?;
        let path = directory.path();

        let key = |what: &str| {
            let what = what.to_owned();
            move |error: PkiError| WorldError::Key { what, reason: error.to_string() }
        };
        let mut rng = seed.rng("the sandbox's own authority");
        let authority = Authority::generate("gangplank sandbox", Lifetime::days(now, 30), &mut rng)
            .map_err(key("authority of the sandbox"))?;
        let names = AZURE_NAMES.map(str::to_owned).to_vec();
        let serving = authority
            .issue(
                "Azure in the gangplank sandbox",
                Purpose::Server { names },
                Lifetime::days(now, 30),
                &mut rng,
            )
            .map_err(key("certificate of Azure"))?;
        let chain = vec![serving.certificate_der()];
        let azure_tls =
            tls::config(chain, serving.key_der(), ClientCertificates::NotAsked).map_err(|error| {
                WorldError::Key { what: "certificate of Azure".into(), reason: error.to_string() }
            })?;
        let ca_pem = authority.certificate_pem().to_owned();
        write(&path.join(environment::CA_FILE), ca_pem.as_bytes())?;

        let credentials = Credentials {
            username: "gangplank".to_owned(),
            password: SecretString::from(seed.password("the Git repositories")),
        };
        let git_root = path.join("git");
        make_folder(&git_root)?;
        let repository = |name: &str, readers| NewRepository {
            name: name.to_owned(),
            readers,
            credentials: credentials.clone(),
        };
        let repositories =
            vec![repository(PLATFORM, Readers::Everybody), repository(TEAM, Readers::Credentials)];
        let git = Arc::new(GitServer::create(&git_root, git_address, repositories).await?);
        let stored = format!(
            "http://{}:{}@{git_address}\n",
            credentials.username,
            credentials.password.expose_secret()
        );
        write(&path.join(environment::GIT_CREDENTIALS), stored.as_bytes())?;
        make_folder(&path.join(environment::AZURE_FOLDER))?;

        let facts = facts::Facts {
            tenant_id: seed.uuid("tenant").to_string(),
            subscription_id: seed.uuid("subscription").to_string(),
            location: "westeurope".to_owned(),
            resource_group: "argocd-prd-rg".to_owned(),
            vault: VaultFacts { name: String::new(), id: String::new(), url: String::new() },
            hub: ClusterFacts {
                name: "aks-prd-we-hub".to_owned(),
                id: String::new(),
                server: String::new(),
                issuer_url: String::new(),
                kubeconfig: path.join(environment::KUBECONFIG),
            },
            clusters: Vec::new(),
            engineer: EngineerFacts {
                client_id: String::new(),
                object_id: String::new(),
                token_file: path.join("engineer-token"),
            },
            platform_repository: format!("http://{git_address}/{PLATFORM}.git"),
            team_repository: format!("http://{git_address}/{TEAM}.git"),
            team_secrets: TeamSecrets {
                username: "team-repo-username".to_owned(),
                password: "team-repo-password".to_owned(),
            },
        };

        let hosts = Arc::new(Hosts { azure_tls });
        let Tasks { stop, tracker } = &tasks;
        tracker.spawn(proxy::run(proxy_listener, hosts, tracker.clone(), stop.clone()));
        tracker.spawn(git.clone().serve(git_listener, tracker.clone(), stop.clone()));

        let environment = environment::environment(path, proxy, git_address, &facts);
        let state =
            State { process: std::process::id(), directory: path.to_owned(), proxy, facts, environment };
        state.write().map_err(|source| WorldError::Write { path: path.to_owned(), source })?;
        Ok(World { state, ca_pem, git, tasks, directory })
    }

    /// The proxy's address; clients take it as `HTTPS_PROXY`.
    pub fn proxy(&self) -> SocketAddr {
        self.state.proxy
    }

    /// The sandbox's own authority, PEM; its file is `ca.pem` in the world's folder.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The world's folder, removed with the world.
    pub fn directory(&self) -> &Path {
        &self.state.directory
    }

    /// Names, ids and addresses.
    pub fn facts(&self) -> &Facts {
        &self.state.facts
    }

    /// What a shell must have set, so that kubectl, az, Terraform, git and the SDKs meet this world.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.state.environment
    }

    /// What another process finds this world by.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The Git server with its repositories `platform` and `team`.
    pub fn git(&self) -> &GitServer {
        &self.git
    }

    /// Ends the world: closes its ports and connections, ends its processes, removes its folder.
    ///
    /// # Errors
    /// The folder could not be removed.
    pub async fn shutdown(self) -> Result<(), WorldError> {
        self.tasks.stop.cancel();
        self.tasks.tracker.close();
        if tokio::time::timeout(SHUTDOWN_LIMIT, self.tasks.tracker.wait()).await.is_err() {
            tracing::warn!("some connections of the sandbox did not end in time and were cut");
        }
        let path = self.state.directory.clone();
        self.directory.close().map_err(|source| WorldError::Write { path, source })
    }
}

async fn listen(what: &'static str, port: u16) -> Result<(tokio::net::TcpListener, SocketAddr), WorldError> {
    proxy::bind(port).await.map_err(|source| WorldError::Port { what, port, source })
}

/// Makes the world's folder, open to its owner only.
fn make_directory(root: Option<&Path>) -> Result<TempDir, WorldError> {
    let root: PathBuf = root.map_or_else(std::env::temp_dir, Path::to_owned);
    tempfile::Builder::new()
        .prefix(state::FOLDER)
        .tempdir_in(&root)
        .map_err(|source| WorldError::Write { path: root, source })
}

fn make_folder(path: &Path) -> Result<(), WorldError> {
    std::fs::create_dir(path).map_err(|source| WorldError::Write { path: path.to_owned(), source })
}

fn write(path: &Path, content: &[u8]) -> Result<(), WorldError> {
    files::write_private(path, content).map_err(|source| WorldError::Write { path: path.to_owned(), source })
}
