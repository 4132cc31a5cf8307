//! The cloud as one value: its options, its planes, and the way of a request through them.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bytes::Bytes;
use gangplank_pki::{PkiError, SigningKey};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use rand::SeedableRng as _;
use serde_json::json;
use uuid::Uuid;

use crate::{
    arm::Arm,
    entra::{Entra, EntraVerifier},
    environment::{Environment, Plane},
    faults::{FaultBook, Faults},
    ids::Ids,
    ports::{ClusterBackend, IssuerFetch},
    rbac::{Attributes, Operation, Rbac},
    throttle::Buckets,
    vault::KeyVault,
    wire::{Call, Reply},
};

/// Tells the time. A test gives one that stands still until it is moved.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A subscription of the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// Its name for people.
    pub display_name: String,
}

/// What a cloud is made of.
#[derive(Clone)]
pub struct Options {
    /// Its names.
    pub environment: Environment,
    /// The one tenant.
    pub tenant_id: Uuid,
    /// The tenant's domain, as `contoso.onmicrosoft.com`.
    pub tenant_domain: String,
    /// The tenant's subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Decides every id and key; equal seeds make equal worlds.
    pub seed: u64,
    /// The time.
    pub clock: Clock,
    /// Where Entra gets issuers' keys.
    pub issuers: Arc<dyn IssuerFetch>,
    /// Who runs the API servers of managed clusters.
    pub clusters: Arc<dyn ClusterBackend>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("environment", &self.environment.name)
            .field("tenant_id", &self.tenant_id)
            .field("subscriptions", &self.subscriptions)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// An Azure cloud. Clones are the same cloud.
#[derive(Clone)]
pub struct Cloud {
    pub(crate) azure: Arc<Azure>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud").field("tenant_id", &self.azure.tenant_id).finish_non_exhaustive()
    }
}

/// Everything the planes share. Each plane locks its own state only.
pub(crate) struct Azure {
    pub(crate) environment: Environment,
    pub(crate) tenant_id: Uuid,
    pub(crate) tenant_domain: String,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) ids: Ids,
    pub(crate) faults: FaultBook,
    pub(crate) buckets: Buckets,
    pub(crate) issuers: Arc<dyn IssuerFetch>,
    pub(crate) clusters: Arc<dyn ClusterBackend>,
    pub(crate) entra: Entra,
    pub(crate) arm: Arm,
    pub(crate) vaults: KeyVault,
    rbac: RwLock<Rbac>,
    /// Object ids of the identities assigned to the machine that asks the metadata service.
    machine: RwLock<Vec<Uuid>>,
    clock: Clock,
}

impl Azure {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn rbac(&self) -> RwLockReadGuard<'_, Rbac> {
        self.rbac.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rbac_mut(&self) -> RwLockWriteGuard<'_, Rbac> {
        self.rbac.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn machine_identities(&self) -> Vec<Uuid> {
        self.machine.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether this object id, itself or through a group, may do `operation` at `scope` now.
    pub(crate) fn allows(&self, object_id: Uuid, operation: Operation<'_>, scope: &str) -> bool {
        self.allows_with(object_id, operation, &Attributes::default(), scope)
    }

    /// The same where a condition may ask for attributes of the request.
    pub(crate) fn allows_with(
        &self,
        object_id: Uuid,
        operation: Operation<'_>,
        attributes: &Attributes,
        scope: &str,
    ) -> bool {
        let principals = self.entra.directory().with_groups(object_id);
        self.rbac().deciding(&principals, operation, attributes, scope, self.now()).is_some()
    }
}

impl Cloud {
    /// A cloud with nothing in it but its tenant, its subscriptions and the built-in roles. Entra's signing key is drawn
    /// from the seed, which takes some tenths of a second.
    ///
    /// # Errors
    /// The key could not be made.
    pub fn new(options: Options) -> Result<Self, PkiError> {
        let key = SigningKey::generate(&mut rand::rngs::StdRng::seed_from_u64(options.seed))?;
        Ok(Self::with_signing_key(options, key))
    }

    /// The same with a signing key for Entra that there is already.
    pub fn with_signing_key(options: Options, key: SigningKey) -> Self {
        let entra = Entra::new(&options.environment, &options.tenant_id.to_string(), key);
        Cloud {
            azure: Arc::new(Azure {
                environment: options.environment,
                tenant_id: options.tenant_id,
                tenant_domain: options.tenant_domain,
                subscriptions: options.subscriptions,
                ids: Ids::new(options.seed),
                faults: FaultBook::default(),
                buckets: Buckets::default(),
                issuers: options.issuers,
                clusters: options.clusters,
                entra,
                arm: Arm::default(),
                vaults: KeyVault::default(),
                rbac: RwLock::default(),
                machine: RwLock::default(),
                clock: options.clock,
            }),
        }
    }

    /// The cloud's names.
    pub fn environment(&self) -> &Environment {
        &self.azure.environment
    }

    /// Whether `host` is one of this cloud's names (a vault's name need not exist, see [`Cloud::resolves`]).
    pub fn answers_for(&self, host: &str) -> bool {
        self.azure.environment.plane_of(host).is_some()
    }

    /// Whether DNS would know `host`: a vault's name exists only while the vault does.
    pub fn resolves(&self, host: &str) -> bool {
        match self.azure.environment.plane_of(host) {
            Some(Plane::Vault(vault)) => self.azure.vaults.exists(&vault),
            Some(_) => true,
            None => false,
        }
    }

    /// Answers one request. Which service answers is decided by the request's host.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Full<Bytes>> {
        let azure = &self.azure;
        let call = Call::parse(request);
        let Some(plane) = azure.environment.plane_of(&call.host) else {
            let body = json!({"error": {
                "code": "HostUnknown",
                "message": format!("'{}' is not a name of {}", call.host, azure.environment.name),
            }});
            return Reply::json(StatusCode::MISDIRECTED_REQUEST, &body).into_response();
        };
        let mut prescribed = None;
        if let Some((delay, reply)) = azure.faults.intercept(&plane, &call) {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            prescribed = reply;
        }
        let reply = match (prescribed, &plane) {
            (Some(reply), _) => reply,
            (None, Plane::Entra) => crate::entra::handle(azure, &call).await,
            (None, Plane::ResourceManager) => crate::arm::handle(azure, &call).await,
            (None, Plane::Graph) => crate::graph::handle(azure, &call),
            (None, Plane::Metadata) => crate::imds::handle(azure, &call),
            (None, Plane::Vault(vault)) => crate::vault::handle(azure, vault, &call),
        };
        let request_id = azure.ids.next("request", "").to_string();
        let mut reply = reply.header("x-ms-request-id", &request_id);
        if plane == Plane::ResourceManager {
            let correlation = call.header("x-ms-correlation-request-id").unwrap_or(&request_id);
            reply = reply.header("x-ms-correlation-request-id", correlation);
        }
        for name in ["client-request-id", "x-ms-client-request-id"] {
            if let Some(id) = call.header(name) {
                reply = reply.header(name, id);
            }
        }
        reply.into_response()
    }

    /// Assigns the identities with these object ids to the machine: the metadata service gives tokens for them.
    pub fn set_machine_identities(&self, object_ids: Vec<Uuid>) {
        *self.azure.machine.write().unwrap_or_else(PoisonError::into_inner) = object_ids;
    }

    /// Replaces the key that signs access tokens. The former one stays published: what it signed is believed until it
    /// expires, as on Azure.
    ///
    /// # Errors
    /// The key could not be made.
    pub fn rotate_signing_key(&self) -> Result<(), PkiError> {
        let seed = self.azure.ids.next("signing key", "entra").as_u64_pair().0;
        let key = SigningKey::generate(&mut rand::rngs::StdRng::seed_from_u64(seed))?;
        self.azure.entra.set_signer(key);
        Ok(())
    }

    /// From now on no resource takes access tokens that were issued before `time`: clients must get new ones. None
    /// takes that back.
    pub fn expire_tokens_before(&self, time: Option<Timestamp>) {
        self.azure.entra.verifier().expire_before(time);
    }

    /// The faults in force, with what is left of each rule.
    pub fn faults(&self) -> Faults {
        self.azure.faults.get()
    }

    /// Puts other faults in force.
    pub fn set_faults(&self, faults: Faults) {
        self.azure.faults.set(faults);
    }

    /// Whether `object_id`, itself or through a group, holds `data_action` at `scope` now. API servers of clusters with
    /// Azure RBAC decide by it.
    pub fn has_data_action(&self, object_id: Uuid, scope: &str, data_action: &str) -> bool {
        self.azure.allows(object_id, Operation::DataAction(data_action), scope)
    }

    /// Whether `object_id`, itself or through a group, holds the control plane's `action` at `scope` now.
    pub fn has_action(&self, object_id: Uuid, scope: &str, action: &str) -> bool {
        self.azure.allows(object_id, Operation::Action(action), scope)
    }

    /// `object_id` and the groups it is in, for clusters with `adminGroupObjectIDs`.
    pub fn with_groups(&self, object_id: Uuid) -> Vec<Uuid> {
        self.azure.entra.directory().with_groups(object_id)
    }

    /// What checks Entra's access tokens, for API servers that take them.
    pub fn entra_verifier(&self) -> Arc<EntraVerifier> {
        self.azure.entra.verifier().clone()
    }

    /// The tenant.
    pub fn tenant_id(&self) -> Uuid {
        self.azure.tenant_id
    }

    /// The world's time.
    pub fn now(&self) -> Timestamp {
        self.azure.now()
    }
}
