//! Describing a server before it starts.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::access::{Access, Authenticator, Authorizer, TokenFile, Tokens};
use crate::controllers::{Controllers, PodMutator};
use crate::registry::Catalog;
use crate::server::{ApiServer, Clock, Server};
use crate::store::{JournalError, Store};

/// Describes a server; every part has a default.
pub struct Builder {
    name: String,
    issuer: Option<String>,
    clock: Clock,
    seed: u64,
    token_file: TokenFile,
    authenticators: Vec<Arc<dyn Authenticator>>,
    authorizers: Vec<Arc<dyn Authorizer>>,
    pod_mutators: Vec<Arc<dyn PodMutator>>,
    certificate_authority: Option<String>,
    data: Option<PathBuf>,
    runs: bool,
    version: Option<String>,
}

impl Builder {
    pub(crate) fn new(name: String) -> Builder {
        Builder {
            name,
            issuer: None,
            clock: Arc::new(Timestamp::now),
            seed: 0,
            token_file: TokenFile::default(),
            authenticators: Vec::new(),
            authorizers: Vec::new(),
            pod_mutators: Vec::new(),
            certificate_authority: None,
            data: None,
            runs: false,
            version: None,
        }
    }

    /// The issuer URL of ServiceAccount tokens, exactly as it stands in their `iss`. Default: `https://NAME.invalid`.
    pub fn issuer(mut self, url: impl Into<String>) -> Builder {
        self.issuer = Some(url.into());
        self
    }

    /// Where the time comes from. Default: the system's clock.
    pub fn clock(mut self, clock: Clock) -> Builder {
        self.clock = clock;
        self
    }

    /// The seed of all randomness: uids, generated names, the signing key.
    pub fn seed(mut self, seed: u64) -> Builder {
        self.seed = seed;
        self
    }

    /// Users with static tokens.
    pub fn token_file(mut self, file: TokenFile) -> Builder {
        self.token_file = file;
        self
    }

    /// Another way to know a bearer token, asked after the server's own.
    pub fn authenticator(mut self, authenticator: Arc<dyn Authenticator>) -> Builder {
        self.authenticators.push(authenticator);
        self
    }

    /// Another judge of what somebody may do, asked after `system:masters` and RBAC.
    pub fn authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Builder {
        self.authorizers.push(authorizer);
        self
    }

    /// A mutating webhook for new Pods.
    pub fn pod_mutator(mut self, mutator: Arc<dyn PodMutator>) -> Builder {
        self.pod_mutators.push(mutator);
        self
    }

    /// The certificate (PEM) of the authority that clients in the cluster trust: published as `kube-root-ca.crt` in each
    /// namespace. Without it nothing is published.
    pub fn certificate_authority(mut self, pem: impl Into<String>) -> Builder {
        self.certificate_authority = Some(pem.into());
        self
    }

    /// Keeps all objects in a folder, and begins with what is there.
    pub fn data(mut self, directory: impl Into<PathBuf>) -> Builder {
        self.data = Some(directory.into());
        self
    }

    /// Marks Pods Running and Ready as soon as they are created, so that workloads become healthy without a node.
    pub fn runs(mut self, runs: bool) -> Builder {
        self.runs = runs;
        self
    }

    /// The version that `/version` tells, as `v1.36.3`.
    pub fn kubernetes_version(mut self, version: impl Into<String>) -> Builder {
        self.version = Some(version.into());
        self
    }

    /// Starts the server: its namespaces, roles and default objects are there when this returns.
    ///
    /// # Errors
    /// The data folder can't be used.
    pub fn build(self) -> Result<ApiServer, JournalError> {
        let store = Store::new(1);
        let issuer = self.issuer.unwrap_or_else(|| format!("https://{}.invalid", self.name));
        let tokens = Tokens::new(issuer, self.seed);
        let server = Arc::new(Server {
            name: self.name,
            store,
            catalog: Catalog::default(),
            access: Access::new(tokens, self.token_file, self.authenticators, self.authorizers),
            clock: self.clock,
            random: Mutex::new(StdRng::seed_from_u64(self.seed)),
            controllers: Controllers::new(self.certificate_authority, self.runs, self.pod_mutators),
            version: self.version.unwrap_or_else(|| "v1.36.3".to_owned()),
        });
        crate::bootstrap::begin(&server);
        if let Some(directory) = &self.data {
            let order_of = |collection: &str| {
                let resource = server.catalog.of_collection(collection)?;
                crate::registry::order_of(&resource)
            };
            server.store.open_journal(directory, order_of)?;
        }
        crate::controllers::start(&server);
        Ok(ApiServer(server))
    }
}
