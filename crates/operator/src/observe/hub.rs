//! The hub's facts: what there is of each cluster by three watches, the rest by a handful of requests however many clusters there are.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use gangplank_azure as sdk;
use gangplank_clusters::{Severity, read_cluster};
use gangplank_onboarding::access::SECRETS_USER;
use gangplank_onboarding::chain::facts::{
    ApplicationFacts, ClusterSecretFacts, Finding, HubFacts, ReadyCondition, SecretFacts, Seen, StoreFacts,
    WorkloadFacts,
};
use gangplank_onboarding::fleet::{ARGOCD_SERVICE_ACCOUNTS, EXCHANGE_AUDIENCE, Fleet, StoreKind};
use gangplank_onboarding::names::{ClusterName, ObjectId};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Event, PodTemplateSpec, Secret, ServiceAccount};
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Client, ResourceExt as _};
use serde_json::Value;

use super::failed;
use super::watched::Watched;
use crate::azure::Azure;
use crate::identity::ServiceAccountToken;

const USE_LABEL: &str = "azure.workload.identity/use";
const CLIENT_ID: &str = "azure.workload.identity/client-id";
/// The annotation by which a bootstrap application says which cluster it is for.
pub(crate) const CLUSTER: &str = "gangplank.dev/cluster";
const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";

/// After this long a Secret is judged anew: a certificate in it runs out without an event.
const JUDGED_FOR: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Looks at the hub.
pub(super) struct HubLook {
    client: Client,
    azure: Azure,
    external_secrets: Watched<Option<ReadyCondition>>,
    secrets: Watched<JudgedSecret>,
    applications: Watched<WatchedApplication>,
}

/// A Secret, and what was last found out about it.
struct JudgedSecret {
    secret: Secret,
    judged: Mutex<(Timestamp, ClusterSecretFacts)>,
}

/// What the chain needs of an application.
struct WatchedApplication {
    /// The cluster that it says it is for.
    cluster: Option<String>,
    /// The folder that it renders.
    path: String,
    facts: ApplicationFacts,
}

/// What was seen beside the watched kinds.
pub(super) struct HubSight {
    pub(super) facts: HubFacts,
    /// The newest warning of each object, by kind and name.
    warnings: HashMap<(String, String), String>,
    /// The bootstrap application of each cluster, by the cluster's name or by its own.
    bootstraps: HashMap<String, String>,
}

impl HubLook {
    /// Starts to watch.
    pub(super) fn new(client: Client, azure: Azure, namespace: &str) -> Self {
        let external_secrets: Api<DynamicObject> = Api::namespaced_with(
            client.clone(),
            namespace,
            &kind("external-secrets.io", "v1", "ExternalSecret"),
        );
        let applications: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), namespace, &kind("argoproj.io", "v1alpha1", "Application"));
        // Without a selector: a Secret that lost its label would be missed, and the chain has to say that it did.
        let secrets: Api<Secret> = Api::namespaced(client.clone(), namespace);
        HubLook {
            client,
            azure,
            external_secrets: Watched::start(external_secrets, |object| ready(&object.data)),
            secrets: Watched::start(secrets, JudgedSecret::new),
            applications: Watched::start(applications, WatchedApplication::new),
        }
    }

    pub(super) async fn look(&self, fleet: &Fleet) -> HubSight {
        let namespace = fleet.hub.namespace.as_str();
        let (accounts, workloads, mut stores, ..) = tokio::join!(
            self.service_accounts(fleet),
            self.workloads(namespace),
            self.stores(fleet),
            self.external_secrets.answered(),
            self.secrets.answered(),
            self.applications.answered()
        );
        let warnings = self.warnings(namespace, &stores).await;
        if let Seen::Known(StoreFacts { ready: Some(ready), .. }) = &mut stores {
            ready.event =
                warnings.get(&(fleet.store.kind.as_str().to_owned(), fleet.store.name.clone())).cloned();
        }
        let vault_read = self.vault_read(fleet, &accounts).await;
        let (self_application, bootstraps) = self.applications_of(fleet);
        let facts =
            HubFacts { service_accounts: accounts, workloads, store: stores, vault_read, self_application };
        HubSight { facts, warnings, bootstraps }
    }

    /// The application that manages itself, and the name of the bootstrap application of each cluster.
    fn applications_of(&self, fleet: &Fleet) -> (Seen<Option<ApplicationFacts>>, HashMap<String, String>) {
        let applications = self.applications.now();
        let all = match &*applications {
            Seen::Known(all) => all,
            unseen => return (unseen.without_fact(), HashMap::new()),
        };
        let own = all.values().find(|it| it.path == fleet.paths.argocd);
        let bootstraps =
            all.iter().filter_map(|(name, it)| Some((it.cluster.clone()?, name.clone()))).collect();
        (Seen::Known(own.map(|it| it.facts.clone())), bootstraps)
    }

    /// The ExternalSecret and the Secret of a cluster.
    pub(super) fn secret(&self, cluster: &ClusterName, sight: &HubSight) -> Seen<SecretFacts> {
        let (external_secrets, secrets) = (self.external_secrets.now(), self.secrets.now());
        let (external_secrets, secrets) = match (&*external_secrets, &*secrets) {
            (Seen::Known(external_secrets), Seen::Known(secrets)) => (external_secrets, secrets),
            (Seen::Known(_), unseen) => return unseen.without_fact(),
            (unseen, _) => return unseen.without_fact(),
        };
        let name = cluster.external_secret();
        let external_secret = external_secrets.get(&name);
        let mut ready = external_secret.cloned().flatten();
        if let Some(ready) = &mut ready {
            ready.event = sight.warnings.get(&("ExternalSecret".to_owned(), name)).cloned();
        }
        let secret = secrets.get(&cluster.secret()).map(|secret| secret.facts(Timestamp::now()));
        Seen::Known(SecretFacts { external_secret: external_secret.is_some(), ready, secret })
    }

    /// The bootstrap application of a cluster: the one that says so, else the one of the conventional name.
    pub(super) fn bootstrap(
        &self,
        cluster: &ClusterName,
        sight: &HubSight,
    ) -> Seen<Option<ApplicationFacts>> {
        let applications = self.applications.now();
        let all = match &*applications {
            Seen::Known(all) => all,
            unseen => return unseen.without_fact(),
        };
        let named = sight.bootstraps.get(cluster.as_str()).and_then(|name| all.get(name));
        let found = named.or_else(|| all.get(&format!("{}-bootstrap", cluster.slug())));
        Seen::Known(found.map(|it| it.facts.clone()))
    }

    async fn service_accounts(&self, fleet: &Fleet) -> Seen<BTreeMap<String, Option<String>>> {
        let mut found = BTreeMap::new();
        let argocd = ARGOCD_SERVICE_ACCOUNTS.iter().map(|name| (fleet.hub.namespace.as_str(), *name));
        let store = (fleet.store_namespace(), fleet.store.service_account.as_str());
        for (namespace, name) in argocd.chain([store]) {
            let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), namespace);
            match api.get_opt(name).await {
                Ok(Some(account)) => {
                    found
                        .insert(format!("{namespace}/{name}"), account.annotations().get(CLIENT_ID).cloned());
                }
                Ok(None) => {}
                Err(error) => return failed(&error),
            }
        }
        Seen::Known(found)
    }

    async fn workloads(&self, namespace: &str) -> Seen<Vec<WorkloadFacts>> {
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), namespace);
        let stateful_sets: Api<StatefulSet> = Api::namespaced(self.client.clone(), namespace);
        let params = ListParams::default();
        match tokio::try_join!(deployments.list(&params), stateful_sets.list(&params)) {
            Ok((deployments, stateful_sets)) => {
                let deployments = deployments.items.iter().filter_map(|it| {
                    Some(workload("Deployment", it.name_any(), &it.spec.as_ref()?.template))
                });
                let stateful_sets = stateful_sets.items.iter().filter_map(|it| {
                    Some(workload("StatefulSet", it.name_any(), &it.spec.as_ref()?.template))
                });
                Seen::Known(deployments.chain(stateful_sets).collect())
            }
            Err(error) => failed(&error),
        }
    }

    async fn stores(&self, fleet: &Fleet) -> Seen<StoreFacts> {
        let kind = fleet.store.kind;
        let api: Api<DynamicObject> =
            Api::all_with(self.client.clone(), &self::kind("external-secrets.io", "v1", kind.as_str()));
        let stores = match api.list(&ListParams::default()).await {
            Ok(list) => list.items,
            // The CRD may not be there yet, in which case there are none.
            Err(kube::Error::Api(status)) if status.code == 404 => Vec::new(),
            Err(error) => return failed(&error),
        };
        let named: Vec<_> = stores.iter().filter(|store| store.name_any() == fleet.store.name).collect();
        let own = named.iter().find(|store| {
            kind == StoreKind::ClusterSecretStore
                || store.namespace().as_deref() == Some(&fleet.hub.namespace)
        });
        let elsewhere =
            named.iter().filter_map(|store| store.namespace()).filter(|it| *it != fleet.hub.namespace);
        Seen::Known(StoreFacts {
            ready: own.and_then(|store| ready(&store.data)),
            exists: own.is_some(),
            elsewhere: elsewhere.collect(),
        })
    }

    /// The newest warnings, looked for only where something is not ready.
    async fn warnings(&self, namespace: &str, store: &Seen<StoreFacts>) -> HashMap<(String, String), String> {
        let unready = |ready: &Option<ReadyCondition>| ready.as_ref().is_some_and(|ready| !ready.status);
        let any = self.external_secrets.now().known().is_some_and(|all| all.values().any(unready))
            || store.known().and_then(|store| store.ready.as_ref()).is_some_and(|ready| !ready.status);
        if !any {
            return HashMap::new();
        }
        let api: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        // Without events the condition's own text has to do.
        let Ok(list) = api.list(&ListParams::default().fields("type=Warning")).await else {
            return HashMap::new();
        };
        let mut events = list.items;
        events.sort_by_key(|event| {
            event.last_timestamp.as_ref().map(|time| time.0).or(event.event_time.as_ref().map(|time| time.0))
        });
        let key = |event: &Event| {
            (
                event.involved_object.kind.clone().unwrap_or_default(),
                event.involved_object.name.clone().unwrap_or_default(),
            )
        };
        events.iter().filter_map(|event| Some((key(event), event.message.clone()?))).collect()
    }

    /// Reads the vault as the secrets identity would: the store's own check of azurekv never gets that far.
    async fn vault_read(&self, fleet: &Fleet, accounts: &Seen<BTreeMap<String, Option<String>>>) -> Seen<()> {
        let (namespace, name) = (fleet.store_namespace(), fleet.store.service_account.as_str());
        let account = format!("{namespace}/{name}");
        let client_id = match accounts {
            Seen::Known(accounts) => match accounts.get(&account) {
                Some(Some(client_id)) => client_id,
                Some(None) => {
                    return Seen::failed(
                        format!(
                            "the ServiceAccount `{account}` of the store has no annotation `{CLIENT_ID}`"
                        ),
                        "annotate it with the client id of the secrets identity",
                    );
                }
                None => return Seen::Pending,
            },
            Seen::Pending => return Seen::Pending,
            Seen::Failed { cause, mend } => return Seen::failed(cause.clone(), mend.clone()),
        };
        let (Ok(tenant), Ok(client_id)) =
            (sdk::TenantId::parse(fleet.tenant.as_str()), sdk::ClientId::parse(client_id))
        else {
            return Seen::failed(
                format!(
                    "the ServiceAccount `{account}` of the store has the client id `{client_id}`, which is none"
                ),
                "annotate it with the client id of the secrets identity",
            );
        };
        let token = ServiceAccountToken::new(self.client.clone(), namespace, name, EXCHANGE_AUDIENCE);
        let credential = sdk::Credential::Federated {
            tenant,
            client_id,
            subject: fleet.store_subject(),
            source: Arc::new(token),
        };
        let vault = match self.azure.vault_as(&fleet.vault.url(), credential) {
            Ok(vault) => vault,
            Err(error) => return failed(&error),
        };
        match vault.secret("gangplank-reads-this-to-see-whether-it-may", None).await {
            // That it is not there is an answer that only those get who may read.
            Ok(_) | Err(sdk::VaultError::NotFound { .. }) => Seen::Known(()),
            Err(sdk::VaultError::ForbiddenByRbac { .. }) => self.forbidden(fleet).await,
            Err(error) => refusal(fleet, &error),
        }
    }

    /// Why the vault does not let the secrets identity read: it has no role, or one that is not yet in force.
    async fn forbidden(&self, fleet: &Fleet) -> Seen<()> {
        let (vault, identity) = (fleet.vault.resource_id.name(), fleet.identities.secrets.resource_id.name());
        let object_id = fleet.identities.secrets.object_id.as_ref().map(ObjectId::as_str);
        let assigned = self.azure.grants(&fleet.vault.resource_id).await.is_ok_and(|grants| {
            grants
                .iter()
                .any(|grant| Some(grant.principal.as_str()) == object_id && grant.role == SECRETS_USER.guid)
        });
        if assigned {
            Seen::failed(
                format!(
                    "the secrets identity `{identity}` has the role `{}` on the vault `{vault}`, but it is not yet in force there",
                    SECRETS_USER.name
                ),
                "wait: Azure takes up to ten minutes until a new role counts; everything goes on by itself then",
            )
        } else {
            Seen::failed(
                format!(
                    "the secrets identity `{identity}` may not read the vault `{vault}`: it has no role there"
                ),
                format!("assign it the role `{}`: `gangplank apply`", SECRETS_USER.name),
            )
        }
    }
}

/// Why the secrets identity can't read, in terms of the chain.
fn refusal(fleet: &Fleet, error: &sdk::VaultError) -> Seen<()> {
    let identity = fleet.identities.secrets.resource_id.name();
    match error {
        sdk::VaultError::Login { source, .. } => Seen::failed(
            format!(
                "the secrets identity `{identity}` can't log in: {}",
                source.cause().map(str::to_owned).unwrap_or_else(|| source.to_string())
            ),
            source.mend().unwrap_or(
                "see that its federated credential names the hub's issuer and the store's ServiceAccount",
            ),
        ),
        error => failed(error),
    }
}

impl JudgedSecret {
    fn new(secret: &Secret) -> Self {
        let now = Timestamp::now();
        JudgedSecret { judged: Mutex::new((now, cluster_secret(secret, now))), secret: secret.clone() }
    }

    fn facts(&self, now: Timestamp) -> ClusterSecretFacts {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(judged.0) > JUDGED_FOR {
            *judged = (now, cluster_secret(&self.secret, now));
        }
        judged.1.clone()
    }
}

impl WatchedApplication {
    fn new(object: &DynamicObject) -> Self {
        let path = object.data.pointer("/spec/source/path").and_then(Value::as_str).unwrap_or_default();
        WatchedApplication {
            cluster: object.annotations().get(CLUSTER).cloned(),
            path: path.trim_matches('/').to_owned(),
            facts: application(object),
        }
    }
}

/// How a kind is addressed that has no type of its own here.
pub(crate) fn kind(group: &str, version: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

fn workload(kind: &str, name: String, template: &PodTemplateSpec) -> WorkloadFacts {
    let metadata = template.metadata.as_ref();
    let value = |map: Option<&BTreeMap<String, String>>| map.and_then(|map| map.get(USE_LABEL)).cloned();
    WorkloadFacts {
        kind: kind.to_owned(),
        name,
        identity_label: value(metadata.and_then(|it| it.labels.as_ref())),
        identity_annotation: value(metadata.and_then(|it| it.annotations.as_ref())),
    }
}

fn cluster_secret(secret: &Secret, now: Timestamp) -> ClusterSecretFacts {
    let reading = read_cluster(secret, now);
    let findings = reading.findings.into_iter().filter(|finding| finding.severity == Severity::Error);
    let findings = findings.map(|it| Finding { place: it.place, cause: it.cause, mend: it.mend }).collect();
    let text = |key: &str| {
        let bytes = secret.data.as_ref().and_then(|data| data.get(key))?;
        std::str::from_utf8(&bytes.0).ok().map(str::to_owned)
    };
    let config: Value =
        text("config").and_then(|config| serde_json::from_str(&config).ok()).unwrap_or_default();
    ClusterSecretFacts {
        secret_type: secret.labels().get(SECRET_TYPE).cloned(),
        server: text("server").unwrap_or_default(),
        ca: config.pointer("/tlsClientConfig/caData").and_then(Value::as_str).map(str::to_owned),
        findings,
    }
}

fn ready(object: &Value) -> Option<ReadyCondition> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let condition = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    let text = |key: &str| condition[key].as_str().unwrap_or_default().to_owned();
    Some(ReadyCondition {
        status: condition["status"] == "True",
        reason: text("reason"),
        message: text("message"),
        event: None,
    })
}

fn application(object: &DynamicObject) -> ApplicationFacts {
    let text =
        |pointer: &str| object.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let conditions = object.data.pointer("/status/conditions").and_then(Value::as_array).map(Vec::as_slice);
    // Warnings of Argo CD's (repeated, excluded, orphaned, shared resources) stop nothing.
    let is_error =
        |condition: &&Value| condition["type"].as_str().is_some_and(|kind| kind.ends_with("Error"));
    let mut problems: Vec<String> = conditions
        .unwrap_or_default()
        .iter()
        .filter(is_error)
        .map(|condition| {
            let part = |key: &str| condition[key].as_str().unwrap_or_default();
            format!("{}: {}", part("type"), part("message"))
        })
        .collect();
    let phase = text("/status/operationState/phase");
    // An operation that is tried again runs all the while, and its message says what failed.
    let retried = object
        .data
        .pointer("/status/operationState/retryCount")
        .and_then(Value::as_u64)
        .is_some_and(|count| count > 0);
    if problems.is_empty() && (retried || matches!(phase.as_str(), "Failed" | "Error")) {
        problems.push(text("/status/operationState/message"));
    }
    ApplicationFacts {
        name: format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any()),
        sync: text("/status/sync/status"),
        health: text("/status/health/status"),
        revision: text("/status/sync/revision"),
        phase,
        problems,
    }
}
