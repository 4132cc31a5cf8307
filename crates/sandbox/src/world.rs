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

mod descriptors;
mod engineer;
mod environment;
mod facts;
mod files;
mod folder;
mod ground;
mod lay;
mod options;
mod spoil;
mod state;
mod team;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use gangplank_azuresim::{Cloud, Environment, Faults, Subscription};
use gangplank_pki::{Authority, Lifetime, PkiError, Purpose};
use jiff::Timestamp;
use rustls::ServerConfig;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use facts::{ClusterFacts, EngineerFacts, Facts, TeamSecrets, VaultFacts};
pub(crate) use ground::Ground;
pub use options::{Options, cluster_names};
pub use state::State;

use self::folder::Folder;
use crate::aks::{Cluster, Flaw, Fleet, Surroundings, Webhook, kubeconfig};
use crate::azure::Azure;
use crate::azure::caller::{Caller, Login};
use crate::breaks::Break;
use crate::door::{self, Doorkeeper, Order};
use crate::error::WorldError;
use crate::faults::{Book, Fault, FaultEntry};
use crate::git::{Credentials, GitServer, NewRepository, Readers};
use crate::hosts::{AZURE_NAMES, Hosts};
use crate::seed::Seed;
use crate::wire::listen;
use crate::wire::proxy;
use crate::wire::tls::{self, ClientCertificates};

/// How long open connections may take to end when the world is shut down.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// The public repository, which holds the tree that Argo CD syncs.
const PLATFORM: &str = "platform";

/// The private repository.
const TEAM: &str = "team";

/// A running world. Dropped, it ends at once; [`World::shutdown`] waits for its connections and tells what went wrong.
pub struct World {
    state: State,
    seed: Seed,
    ca_pem: String,
    ground: Arc<Ground>,
    orders: watch::Sender<Option<Order>>,
    git: Arc<GitServer>,
    tasks: Tasks,
    folder: Folder,
}

/// The tasks of a world. They end when this is dropped.
struct Tasks {
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Tasks {
    /// Runs a task until the world ends.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! { () = stop.cancelled() => {}, () = work => {} }
        });
    }
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
        descriptors::reserve(options.clusters.len());
        let (proxy_listener, proxy) = listen("proxy", options.proxy_port).await?;
        let (git_listener, git_address) = listen("Git server", options.git_port).await?;
        let root = options.root.clone().unwrap_or_else(std::env::temp_dir);
        let folder = match &options.directory {
            Some(directory) => Folder::make_at(directory)
                .map_err(|source| WorldError::Write { path: directory.clone(), source })?,
            None => Folder::make(&root).map_err(|source| WorldError::Write { path: root, source })?,
        };
        let path = folder.path();
        make_folder(&path.join(environment::AZURE_FOLDER))?;

        let (ca_pem, azure_tls) = certify(seed)?;
        write(&path.join(environment::CA_FILE), ca_pem.as_bytes())?;
        let credentials = Credentials {
            username: "gangplank".to_owned(),
            password: SecretString::from(seed.password("the Git repositories")),
        };
        let git = Arc::new(make_git(&options.git, path, git_address, &credentials).await?);
        team::commit(&git, Timestamp::now().as_second()).await?;

        let (cloud, fleet) = make_azure(seed, &options).await?;
        let plan = lay::Plan {
            cloud: &cloud,
            subscription: options.subscription(),
            directory: path,
            clusters: &options.clusters,
            breaks: &options.breaks,
            git_url: format!("http://{git_address}"),
            credentials: &credentials,
        };
        let facts = plan.lay_down().await?;
        cloud.set_faults(options.faults.clone());
        let object_id = facts.engineer.object_id.parse().ok();
        cloud.set_machine_identities(object_id.into_iter().collect());
        let ground = Arc::new(Ground {
            cloud: cloud.clone(),
            fleet: fleet.clone(),
            facts: facts.clone(),
            book: Arc::new(Book::new(seed.number("faults"))),
            directory: path.to_owned(),
            proxy,
            usual: Mutex::new(options.faults),
        });
        make_folder(&path.join(environment::KUBECONFIGS))?;
        ground.write_kubeconfigs()?;
        follow_rotations(&ground);
        let key = SecretString::from(Uuid::new_v4().simple().to_string());
        write(&path.join(door::KEY_FILE), key.expose_secret().as_bytes())?;
        let orders = watch::Sender::new(None);
        let hub = hub(&fleet, &facts)?;
        let on_hub = |act: &str| {
            let (cluster, act) = (facts.hub.name.clone(), act.to_owned());
            move |reason| WorldError::Kubernetes { cluster, act, reason }
        };
        engineer::create(&hub).await.map_err(on_hub("make the platform engineer's ServiceAccount"))?;
        let token_file = facts.engineer.token_file.clone();
        engineer::write_token(&hub, &token_file)
            .await
            .map_err(on_hub("get the platform engineer's token"))?;
        let signing_key = hub.api().signing_key_pem().map_err(on_hub("make the hub's signing key"))?;
        write(&path.join(environment::HUB_SIGNING_KEY), signing_key.as_bytes())?;

        let tasks = Tasks { stop: CancellationToken::new(), tracker: TaskTracker::new() };
        let hosts = Arc::new(Hosts {
            azure_tls,
            azure: Arc::new(Azure(cloud)),
            fleet,
            book: ground.book.clone(),
            door: Arc::new(Doorkeeper { key, ground: ground.clone(), orders: orders.clone() }),
        });
        tasks.spawn(proxy::run(proxy_listener, hosts, tasks.tracker.clone(), tasks.stop.clone()));
        tasks.spawn(git.clone().serve(git_listener, tasks.tracker.clone(), tasks.stop.clone()));
        tasks.spawn(engineer::keep_fresh(hub, token_file));

        let environment = environment::environment(path, proxy, git_address, &facts);
        let state = State {
            process: std::process::id(),
            started: Timestamp::now().as_second(),
            directory: path.to_owned(),
            proxy,
            facts,
            environment,
        };
        state.write().map_err(|source| WorldError::Write { path: path.to_owned(), source })?;
        Ok(World { state, seed, ca_pem, ground, orders, git, tasks, folder })
    }

    /// The proxy's address; clients take it as `HTTPS_PROXY`.
    pub fn proxy(&self) -> SocketAddr {
        self.state.proxy
    }

    /// The proxy's address as `HTTPS_PROXY` takes it.
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.state.proxy)
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

    /// The delays, limits and errors of Azure that are in force.
    pub fn faults(&self) -> Faults {
        self.ground.cloud.faults()
    }

    /// Puts other delays, limits and errors of Azure in force, beside the faults that were added.
    pub fn set_faults(&self, faults: Faults) {
        *self.ground.usual.lock().unwrap_or_else(PoisonError::into_inner) = faults.clone();
        self.ground.cloud.set_faults(faults);
        self.ground.turn_knobs();
    }

    /// Adds a fault: it is in force, or done, when this returns.
    ///
    /// # Errors
    /// What it is about is not there, or can't be done now.
    pub async fn add_fault(&self, fault: Fault) -> Result<FaultEntry, WorldError> {
        self.ground.add_fault(fault).await
    }

    /// Clears the fault of this number, or all of them, and gives those that are gone.
    ///
    /// # Errors
    /// There is no such fault, or it can't be undone now.
    pub async fn clear_faults(&self, id: Option<u64>) -> Result<Vec<FaultEntry>, WorldError> {
        self.ground.clear_faults(id).await
    }

    /// The faults that were added, in the order of their coming.
    pub fn added_faults(&self) -> Vec<FaultEntry> {
        self.ground.book.entries()
    }

    /// Waits until another process orders something by the world's [`crate::Door`].
    pub async fn ordered(&self) -> Order {
        let mut orders = self.orders.subscribe();
        match orders.wait_for(Option::is_some).await.map(|order| *order) {
            Ok(Some(order)) => order,
            // The sender lives as long as the world.
            _ => std::future::pending().await,
        }
    }

    /// Makes one more cluster, as `az aks create` would: it exists then, and is not aboard.
    ///
    /// # Errors
    /// Azure refuses its name.
    pub async fn add_cluster(&self, name: &str) -> Result<ClusterFacts, WorldError> {
        let cloud = &self.ground.cloud;
        let cluster = lay::add_cluster(cloud, &self.state.facts, self.directory(), name).await?;
        let entry = self.ground.entry(&cluster)?;
        write(&cluster.kubeconfig, kubeconfig(&[entry], &self.proxy_url()).as_bytes())?;
        Ok(cluster)
    }

    /// Spoils the Azure side, once it was applied, with a break of [`crate::Place::Azure`].
    ///
    /// # Errors
    /// What is to be spoiled is not there, or the break's place is another.
    pub async fn break_after_apply(&self, what: Break) -> Result<(), WorldError> {
        let refused = |reason| WorldError::Azure { what: format!("the broken world `{what}`"), reason };
        let caller = self.engineer().await.map_err(refused)?;
        let spoiler =
            spoil::Spoiler { caller, cloud: &self.ground.cloud, facts: &self.state.facts, seed: self.seed };
        spoiler.apply(what).await.map_err(refused)
    }

    /// The platform engineer, logged in.
    async fn engineer(&self) -> Result<Caller, String> {
        let facts = &self.state.facts;
        let hub = self.ground.fleet.cluster(&facts.hub.id).ok_or("the hub is gone")?;
        let token = engineer::token(&hub).await?;
        let login =
            Login { tenant_id: &facts.tenant_id, client_id: &facts.engineer.client_id, assertion: &token };
        Caller::login(&self.ground.cloud, &login).await
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
        self.folder.close().map_err(|source| WorldError::Write { path, source })
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clusters = self.state.facts.clusters.len();
        f.debug_struct("World")
            .field("proxy", &self.state.proxy)
            .field("clusters", &clusters)
            .finish_non_exhaustive()
    }
}

/// Makes the sandbox's own authority (its certificate, PEM) and the TLS end of Azure's names.
fn certify(seed: Seed) -> Result<(String, Arc<ServerConfig>), WorldError> {
    let failed = |what: &str, reason: String| WorldError::Key { what: what.to_owned(), reason };
    let lifetime = Lifetime::days(Timestamp::now().as_second(), 30);
    let mut rng = seed.rng("the sandbox's own authority");
    let authority = Authority::generate("gangplank sandbox", lifetime, &mut rng)
        .map_err(|error| failed("authority of the sandbox", error.to_string()))?;
    let what = "certificate of Azure";
    let purpose = Purpose::Server { names: AZURE_NAMES.map(str::to_owned).to_vec() };
    let serving = authority
        .issue("Azure in the gangplank sandbox", purpose, lifetime, &mut rng)
        .map_err(|error| failed(what, error.to_string()))?;
    let chain = vec![serving.certificate_der()];
    let azure = tls::config(chain, serving.key_der(), ClientCertificates::NotAsked)
        .map_err(|error| failed(what, error.to_string()))?;
    Ok((authority.certificate_pem().to_owned(), azure))
}

async fn make_git(
    program: &Path,
    directory: &Path,
    address: SocketAddr,
    credentials: &Credentials,
) -> Result<GitServer, WorldError> {
    let root = directory.join("git");
    make_folder(&root)?;
    let new = |name: &str, readers| NewRepository {
        name: name.to_owned(),
        readers,
        credentials: credentials.clone(),
    };
    let repositories = vec![new(PLATFORM, Readers::Everybody), new(TEAM, Readers::Credentials)];
    let stored =
        format!("http://{}:{}@{address}\n", credentials.username, credentials.password.expose_secret());
    write(&directory.join(environment::GIT_CREDENTIALS), stored.as_bytes())?;
    Ok(GitServer::create(program, &root, address, repositories).await?)
}

/// Makes an Azure with a tenant and a subscription, and the backend of its clusters; the two know each other.
async fn make_azure(seed: Seed, options: &Options) -> Result<(Cloud, Arc<Fleet>), WorldError> {
    let tenant_id = options.tenant();
    let clock: gangplank_azuresim::Clock = Arc::new(Timestamp::now);
    let surroundings = Arc::new(Surroundings {
        seed,
        clock: clock.clone(),
        webhook: Arc::new(Webhook {
            version: options.webhook,
            tenant_id: tenant_id.to_string(),
            authority_host: "https://login.microsoftonline.com/".to_owned(),
        }),
        cloud: OnceLock::new(),
    });
    let first = options.clusters.first();
    let flaws = options.breaks.iter().filter_map(|each| Some((first?.clone(), flaw(*each)?)));
    let fleet = Arc::new(Fleet::new(surroundings.clone(), flaws.collect::<HashMap<_, _>>()));
    let cloud = gangplank_azuresim::Options {
        environment: Environment::public(),
        tenant_id,
        tenant_domain: "gangplank.onmicrosoft.com".to_owned(),
        subscriptions: vec![Subscription {
            id: options.subscription(),
            display_name: "gangplank sandbox".to_owned(),
        }],
        seed: seed.number("Azure"),
        clock,
        issuers: fleet.clone(),
        clusters: fleet.clone(),
    };
    let failed = |reason: String| WorldError::Key { what: "signing key of Entra".to_owned(), reason };
    // An RSA key: made where no other task waits for it.
    let cloud = tokio::task::spawn_blocking(move || Cloud::new(cloud))
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error: PkiError| failed(error.to_string()))?;
    // Nobody else sets it.
    let _ = surroundings.cloud.set(cloud.clone());
    Ok((cloud, fleet))
}

fn flaw(what: Break) -> Option<Flaw> {
    match what {
        Break::TlsNameMismatch => Some(Flaw::OtherName),
        Break::ApiServerUnreachable => Some(Flaw::Lost),
        _ => None,
    }
}

fn hub(fleet: &Fleet, facts: &Facts) -> Result<Arc<Cluster>, WorldError> {
    fleet.cluster(&facts.hub.id).ok_or_else(|| WorldError::Kubernetes {
        cluster: facts.hub.name.clone(),
        act: "start the API server".to_owned(),
        reason: "Resource Manager made none".to_owned(),
    })
}

/// Has the kubeconfigs written anew whenever a cluster's authority was replaced, by whatever way.
fn follow_rotations(ground: &Arc<Ground>) {
    let weak = Arc::downgrade(ground);
    ground.fleet.on_rotation(move || {
        if let Some(ground) = weak.upgrade()
            && let Err(error) = ground.write_kubeconfigs()
        {
            tracing::warn!(%error, "the kubeconfigs could not be written with the new authority");
        }
    });
}

async fn listen(what: &'static str, port: u16) -> Result<(tokio::net::TcpListener, SocketAddr), WorldError> {
    listen::bind(port).await.map_err(|source| WorldError::Port { what, port, source })
}

fn make_folder(path: &Path) -> Result<(), WorldError> {
    std::fs::create_dir(path).map_err(|source| WorldError::Write { path: path.to_owned(), source })
}

fn write(path: &Path, content: &[u8]) -> Result<(), WorldError> {
    files::write_private(path, content).map_err(|source| WorldError::Write { path: path.to_owned(), source })
}
