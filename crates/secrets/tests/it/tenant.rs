//! An Azure with one tenant that trusts the tokens of one API server: vaults, and applications that may read them.

use gangplank_azuresim::rbac::role_id;
use gangplank_azuresim::{
    ApplicationIds, BoxFuture, Cloud, ClusterBackend, ClusterFacts, ClusterSpec, Environment, IssuerFetch,
    NewCredential, NewVault, Options, Subscription,
};
use jiff::Timestamp;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

pub(crate) const TENANT: Uuid = Uuid::from_u128(0x2222_2222_2222_2222_2222_2222_2222_2222);
const SUBSCRIPTION: Uuid = Uuid::from_u128(0x3333_3333_3333_3333_3333_3333_3333_3333);

/// No managed clusters here.
struct NoClusters;

impl ClusterBackend for NoClusters {
    fn create(&self, _: ClusterSpec) -> BoxFuture<'_, Result<ClusterFacts, String>> {
        Box::pin(async { Err("no clusters".to_owned()) })
    }
    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn rotate_certificates<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<ClusterFacts, String>> {
        Box::pin(async { Err("no clusters".to_owned()) })
    }
    fn rotate_service_account_keys<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn start<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn stop<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

#[derive(Clone)]
pub(crate) struct Tenant {
    pub(crate) cloud: Cloud,
    /// Taken while the faults of the cloud are changed: they are one value for all.
    pub(crate) faults: Arc<Mutex<()>>,
    issuer: String,
}

impl Tenant {
    /// A tenant that trusts tokens of `issuer`, whose documents `issuers` fetches.
    pub(crate) fn new(issuer: &str, issuers: Arc<dyn IssuerFetch>) -> Self {
        let cloud = Cloud::new(Options {
            environment: Environment::public(),
            tenant_id: TENANT,
            tenant_domain: "contoso.onmicrosoft.com".to_owned(),
            subscriptions: vec![Subscription { id: SUBSCRIPTION, display_name: "sandbox".to_owned() }],
            seed: 1,
            clock: Arc::new(Timestamp::now),
            issuers,
            clusters: Arc::new(NoClusters),
        })
        .unwrap();
        cloud.create_group(SUBSCRIPTION, "hub", "westeurope").unwrap();
        Self { cloud, faults: Arc::default(), issuer: issuer.to_owned() }
    }

    /// A vault, and an application that may read it.
    pub(crate) fn vault(&self, name: &str) -> ApplicationIds {
        let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/hub");
        let id = self.cloud.create_vault(&group, NewVault::new(name, "westeurope")).unwrap();
        let application = self.cloud.create_application(name);
        let role = role_id("Key Vault Administrator").unwrap();
        self.cloud.assign_role(&id, application.object_id, role).unwrap();
        application
    }

    /// Lets a ServiceAccount log in as an application.
    pub(crate) fn trust(&self, application: ApplicationIds, namespace: &str, account: &str) {
        self.cloud.add_application_credential(
            application,
            NewCredential {
                name: format!("{namespace}-{account}"),
                issuer: self.issuer.clone(),
                subject: format!("system:serviceaccount:{namespace}:{account}"),
                audience: "api://AzureADTokenExchange".to_owned(),
            },
        );
    }
}
