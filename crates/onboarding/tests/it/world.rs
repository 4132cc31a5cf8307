//! A fleet in which everything is right; tests break one thing of it.

use std::collections::BTreeMap;

use gangplank_onboarding::access::{CLUSTER_ADMIN, credential_name};
use gangplank_onboarding::chain::facts::*;
use gangplank_onboarding::fleet::{ARGOCD_SERVICE_ACCOUNTS, EXCHANGE_AUDIENCE, Fleet};
use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::tree::layout::Seed;

pub const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub const CLIENT: &str = "22222222-2222-2222-2222-222222222222";
pub const OBJECT: &str = "33333333-3333-3333-3333-333333333333";
pub const ISSUER: &str = "https://westeurope.oic.prod-aks.azure.com/t/i/";
pub const SERVER: &str = "https://aks-prd-we-1.hcp.westeurope.azmk8s.io";

pub fn id(kind: &str, name: &str) -> String {
    format!("/subscriptions/44444444-4444-4444-4444-444444444444/resourceGroups/rg/providers/{kind}/{name}")
}

pub fn fleet() -> Fleet {
    let mut fleet = Seed {
        tenant: TENANT.parse().unwrap(),
        hub: id("Microsoft.ContainerService/managedClusters", "hub").parse().unwrap(),
        issuer: ISSUER.to_owned(),
        vault: id("Microsoft.KeyVault/vaults", "argocd-prd-akv").parse().unwrap(),
        repository: "https://github.com/example/platform".to_owned(),
    }
    .fleet();
    for identity in [&mut fleet.identities.argocd, &mut fleet.identities.secrets] {
        identity.client_id = Some(CLIENT.parse().unwrap());
        identity.object_id = Some(OBJECT.parse().unwrap());
    }
    fleet
}

pub fn cluster() -> ClusterName {
    "aks-prd-we-1".parse().unwrap()
}

/// base64 of a PEM certificate: a fresh one, since a fixture would expire.
pub fn ca() -> String {
    use base64::Engine as _;
    use gangplank_pki::{Authority, Lifetime};
    use rand::SeedableRng;
    let rng = &mut rand::rngs::StdRng::seed_from_u64(7);
    let authority = Authority::generate("aks", Lifetime { from: 0, until: 4_000_000_000 }, rng).unwrap();
    base64::engine::general_purpose::STANDARD.encode(authority.certificate_pem())
}

/// Everything observed of one cluster, owned.
pub struct World {
    pub azure: Seen<ManagedCluster>,
    pub vault: Seen<PublishedFacts>,
    pub access: AccessFacts,
    pub hub: HubFacts,
    pub git: Seen<OverlayFacts>,
    pub secret: Seen<SecretFacts>,
    pub reach: Seen<()>,
    pub bootstrap: Seen<Option<ApplicationFacts>>,
}

impl World {
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            azure: &self.azure,
            vault: &self.vault,
            access: &self.access,
            hub: &self.hub,
            git: &self.git,
            secret: &self.secret,
            reach: &self.reach,
            bootstrap: &self.bootstrap,
        }
    }

    pub fn managed(&mut self) -> &mut ManagedCluster {
        match &mut self.azure {
            Seen::Known(cluster) => cluster,
            _ => panic!("the test took the cluster away before it changed it"),
        }
    }

    pub fn identity(&mut self) -> &mut IdentityFacts {
        match &mut self.access.argocd {
            Seen::Known(Some(identity)) => identity,
            _ => panic!("the test took the identity away before it changed it"),
        }
    }
}

pub fn identity(fleet: &Fleet, subjects: &[String]) -> IdentityFacts {
    let credential = |subject: &String| FederatedCredential {
        name: credential_name(subject),
        issuer: fleet.hub.issuer.clone(),
        subject: subject.clone(),
        audiences: vec![EXCHANGE_AUDIENCE.to_owned()],
    };
    IdentityFacts {
        client_id: CLIENT.parse().unwrap(),
        object_id: OBJECT.parse().unwrap(),
        credentials: subjects.iter().map(credential).collect(),
    }
}

pub fn application(name: &str) -> ApplicationFacts {
    ApplicationFacts {
        name: name.to_owned(),
        sync: "Synced".to_owned(),
        health: "Healthy".to_owned(),
        revision: "abc".to_owned(),
        phase: "Succeeded".to_owned(),
        problems: Vec::new(),
    }
}

pub fn ready(status: bool, reason: &str, message: &str) -> Option<ReadyCondition> {
    Some(ReadyCondition { status, reason: reason.to_owned(), message: message.to_owned(), event: None })
}

pub fn aboard() -> World {
    let fleet = fleet();
    let ca = ca();
    let subjects: Vec<String> =
        ARGOCD_SERVICE_ACCOUNTS.iter().map(|name| fleet.argocd_subject(name)).collect();
    let grant = RoleGrant { principal: OBJECT.to_owned(), role: CLUSTER_ADMIN.guid.to_owned() };
    let workload = |kind: &str, name: &str| WorkloadFacts {
        kind: kind.to_owned(),
        name: name.to_owned(),
        identity_label: Some("true".to_owned()),
        identity_annotation: None,
    };
    let accounts = ARGOCD_SERVICE_ACCOUNTS.iter().chain(&["eso-sa"]);
    World {
        azure: Seen::Known(ManagedCluster {
            resource_id: id("Microsoft.ContainerService/managedClusters", "aks-prd-we-1").parse().unwrap(),
            provisioning_state: "Succeeded".to_owned(),
            running: true,
            entra: true,
            azure_rbac: true,
            credential: Seen::Known(Credential { ca: ca.clone(), server: format!("{SERVER}:443") }),
            roles: Seen::Known(vec![grant]),
        }),
        vault: Seen::Known(PublishedFacts {
            ca: VaultSecret::Value(ca.clone()),
            url: VaultSecret::Value(SERVER.to_owned()),
        }),
        access: AccessFacts {
            argocd: Seen::Known(Some(identity(&fleet, &subjects))),
            secrets: Seen::Known(Some(identity(&fleet, &[fleet.store_subject()]))),
        },
        hub: HubFacts {
            service_accounts: Seen::Known(
                accounts
                    .map(|name| (format!("argocd/{name}"), Some(CLIENT.to_owned())))
                    .collect::<BTreeMap<_, _>>(),
            ),
            workloads: Seen::Known(vec![
                workload("Deployment", "argocd-server"),
                workload("StatefulSet", "argocd-application-controller"),
            ]),
            store: Seen::Known(StoreFacts {
                ready: ready(true, "Valid", "store validated"),
                exists: true,
                elsewhere: Vec::new(),
            }),
            vault_read: Seen::Known(()),
            self_application: Seen::Known(Some(application("argocd/argocd"))),
        },
        git: Seen::Known(OverlayFacts { folder: true, listed: true, findings: Vec::new() }),
        secret: Seen::Known(SecretFacts {
            external_secret: true,
            ready: ready(true, "SecretSynced", "secret synced"),
            secret: Some(ClusterSecretFacts {
                secret_type: Some("cluster".to_owned()),
                server: SERVER.to_owned(),
                ca: Some(ca),
                findings: Vec::new(),
            }),
        }),
        reach: Seen::Known(()),
        bootstrap: Seen::Known(Some(application("argocd/aks-prd-we-1-bootstrap"))),
    }
}
