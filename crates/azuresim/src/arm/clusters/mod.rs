//! Managed clusters (AKS).
//!
//! What a client writes is kept and given back; what Azure adds is added once, at creation. The API server itself is the
//! backend's ([`crate::ClusterBackend`]).

mod actions;
mod pools;
mod profile;
mod versions;

use std::sync::Arc;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Answer, ArmError, not_allowed, ok,
    operations::{self, Work},
    path::{Kind, group_of, is_name, name_of},
    region,
    request::Request,
    resources,
    store::{Body, Resource, Store},
};
use crate::{
    cloud::Azure,
    entra::{Principal, PrincipalKind},
    ports::{ClusterFacts, ClusterSpec},
    wire::Reply,
};

pub(super) use versions::list as versions;

/// What is special to a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    /// As the client wrote them, with Azure's own additions.
    pub(super) properties: Map<String, Value>,
    pub(super) identity: Option<Map<String, Value>>,
    pub(super) sku: Map<String, Value>,
    pub(super) facts: Option<ClusterFacts>,
    pub(super) running: bool,
    /// The operation under way, as its `provisioningState`.
    pub(super) busy: Option<&'static str>,
    /// Why the last operation failed.
    pub(super) failure: Option<String>,
    pub(super) system_identity: Option<Uuid>,
    pub(super) kubelet_identity: Uuid,
}

impl Cluster {
    /// The object ids that go with the cluster.
    pub(super) fn principals(&self) -> impl Iterator<Item = Uuid> {
        self.system_identity.into_iter().chain([self.kubelet_identity])
    }

    /// A text among the properties, by its path (`oidcIssuerProfile/issuerURL`); an empty one is none.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        profile::at(&self.properties, path).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A truth value among the properties; a missing one is false.
    pub(super) fn flag(&self, path: &str) -> bool {
        profile::flag(&self.properties, path)
    }
}

/// The body of a PUT.
#[derive(Debug, Deserialize)]
pub(crate) struct ClusterBody {
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Map<String, Value>>,
    pub(crate) identity: Option<Map<String, Value>>,
    pub(crate) sku: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) properties: Map<String, Value>,
}

impl ClusterBody {
    /// The user-assigned identities that the cluster is to have; their own scopes must allow that.
    fn assigned_identities(&self) -> impl Iterator<Item = &String> {
        let identities = self.identity.as_ref().and_then(|it| it.get("userAssignedIdentities")?.as_object());
        identities.into_iter().flat_map(Map::keys)
    }
}

fn action(verb: &str) -> String {
    format!("{}/{verb}", Kind::Cluster.type_name())
}

/// `…/managedClusters/{name}[/…]`.
pub(super) async fn handle(request: &Request<'_>, id: &str, rest: &[&str]) -> Answer {
    let get = request.is(&Method::GET);
    match rest {
        [] => one(request, id).await,
        [
            "maintenanceconfigurations"
            | "privateendpointconnections"
            | "privatelinkresources"
            | "trustedaccessrolebindings",
        ] if get => {
            request.authorize(&action("maintenanceConfigurations/read"), id)?;
            existing(&request.azure.arm.store(request.azure), id)?;
            Ok(request.page(Vec::new()))
        }
        ["maintenanceconfigurations", name] if get => {
            request.authorize(&action("maintenanceConfigurations/read"), id)?;
            Err(ArmError::ResourceNotFound(format!("{id}/maintenanceConfigurations/{name}")))
        }
        ["agentpools"] if get => pools::list(request, id),
        ["agentpools", name] => pools::one(request, id, name),
        ["upgradeprofiles", "default"] if get => versions::upgrades(request, id),
        [verb] if request.is(&Method::POST) => actions::handle(request, id, verb).await,
        [kind, ..] => Err(ArmError::NoRegisteredProviderFound(action(kind))),
    }
}

async fn one(request: &Request<'_>, id: &str) -> Answer {
    let azure = request.azure;
    match request.call.method {
        Method::GET => {
            request.authorize(&action("read"), id)?;
            let store = azure.arm.store(azure);
            let (resource, cluster) = existing(&store, id)?;
            ok(&document(azure, resource, cluster))
        }
        Method::PUT => {
            request.authorize(&action("write"), id)?;
            let body: ClusterBody = request.body()?;
            for identity in body.assigned_identities() {
                request
                    .authorize_linked(&format!("{}/assign/action", Kind::Identity.type_name()), identity)?;
            }
            let (status, document, operation) = put(azure, id, body).await?;
            let location = document["location"].as_str().unwrap_or_default();
            let reply = Reply::json(status, &document);
            // A client polls only while there is something to wait for.
            let pending = document.pointer("/properties/provisioningState") != Some(&json!("Succeeded"));
            Ok(match pending {
                true => operations::accepted(azure, reply, operation, id, location, request.api_version),
                false => reply,
            })
        }
        Method::PATCH => {
            request.authorize(&action("write"), id)?;
            #[derive(Deserialize)]
            struct Tags {
                tags: Option<Map<String, Value>>,
            }
            let tags = request.body::<Tags>()?.tags;
            let mut store = azure.arm.store(azure);
            existing(&store, id)?;
            match store.get_mut(id) {
                Some(resource) => {
                    resource.tags = tags;
                    ok(&resources::document(azure, resource))
                }
                None => Err(ArmError::ResourceNotFound(id.to_owned())),
            }
        }
        Method::DELETE => {
            request.authorize(&action("delete"), id)?;
            delete(request, id).await
        }
        _ => not_allowed(request, Kind::Cluster.type_name()),
    }
}

pub(super) fn existing<'a>(store: &'a Store, id: &str) -> Result<(&'a Resource, &'a Cluster), ArmError> {
    if !store.group_exists(id) {
        return Err(ArmError::ResourceGroupNotFound(group_of(id).unwrap_or_default().to_owned()));
    }
    let found = store.get(id).and_then(|resource| Some((resource, resource.cluster()?)));
    found.ok_or_else(|| ArmError::ResourceNotFound(id.to_owned()))
}

/// Creates or updates a cluster; gives the document and the operation that a client may poll.
pub(crate) async fn put(
    azure: &Arc<Azure>,
    id: &str,
    body: ClusterBody,
) -> Result<(StatusCode, Value, Uuid), ArmError> {
    let name = name_of(id);
    let ends_well = name.ends_with(|last: char| last.is_ascii_alphanumeric());
    if !is_name(name, 1, 63, "-_") || !ends_well {
        return Err(ArmError::InvalidName {
            name: name.to_owned(),
            rule: "1 to 63 letters, digits, - or _, a letter or digit at both ends",
        });
    }
    let operation = azure.ids.next("operation", id);
    let (status, spec) = begin(azure, id, body, operation)?;
    let worker = Arc::clone(azure);
    let subject = id.to_owned();
    // Its own task: the cluster comes up even if the client hangs up meanwhile.
    let work = tokio::spawn(async move {
        let outcome = worker.clusters.create(spec).await;
        finish(&worker, &subject, operation, outcome.map(Some));
    });
    if work.await.is_err() {
        finish(azure, id, operation, Err("its creation broke off".into()));
    }
    let store = azure.arm.store(azure);
    let (resource, cluster) = existing(&store, id)?;
    Ok((status, document(azure, resource, cluster), operation))
}

/// Checks the request and writes the cluster as far as Azure knows it before its API server is up.
fn begin(
    azure: &Azure,
    id: &str,
    body: ClusterBody,
    operation: Uuid,
) -> Result<(StatusCode, ClusterSpec), ArmError> {
    let now = azure.now();
    let duration = azure.faults.read(|faults| faults.operation_duration);
    let mut store = azure.arm.store(azure);
    if !store.group_exists(id) {
        return Err(ArmError::ResourceGroupNotFound(group_of(id).unwrap_or_default().to_owned()));
    }
    let old = store.get(id).cloned();
    let location = region::settle(body.location.as_deref(), old.as_ref())?;
    let old_cluster = old.as_ref().and_then(Resource::cluster);
    if let Some(verb) = old_cluster.and_then(|cluster| cluster.busy) {
        return Err(ArmError::OperationNotAllowed { id: id.to_owned(), operation: verb.to_owned() });
    }
    profile::check(&body.properties, old_cluster)?;
    let id = old.as_ref().map_or(id, |old| &old.id);
    let mut cluster = profile::complete(azure, id, &location, body.properties, old_cluster);
    cluster.sku = body.sku.unwrap_or_else(profile::default_sku);
    cluster.identity = body.identity;
    profile::complete_identity(azure, &store, id, &mut cluster, old_cluster);
    cluster.busy = Some(if old.is_some() { "Updating" } else { "Creating" });
    let spec = profile::spec(id, &location, &cluster);
    let principals = principals(azure, id, &cluster);
    let status = if old.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    store.operations.begin(operation, id, Work::Write, now, duration);
    let tags = body.tags.or_else(|| old.as_ref().and_then(|old| old.tags.clone()));
    store.insert(Resource { id: id.to_owned(), location, tags, body: Body::Cluster(Box::new(cluster)) });
    let mut directory = azure.entra.directory_mut();
    for principal in principals {
        directory.add(principal);
    }
    Ok((status, spec))
}

/// Why the last operation on a cluster failed, if it did.
pub(crate) fn failure(azure: &Azure, id: &str) -> Option<String> {
    azure.arm.store(azure).get(id)?.cluster()?.failure.clone()
}

/// The service principals of the cluster's own identities.
fn principals(azure: &Azure, id: &str, cluster: &Cluster) -> Vec<Principal> {
    let principal = |object_id: Uuid, suffix: &str| Principal {
        object_id,
        app_id: Some(Uuid::new_v5(&object_id, b"client")),
        display_name: format!("{}{suffix}", name_of(id)),
        kind: PrincipalKind::ManagedIdentity { resource_id: id.to_owned() },
        created_on: azure.now(),
    };
    let system = cluster.system_identity.map(|object_id| principal(object_id, ""));
    system.into_iter().chain([principal(cluster.kubelet_identity, "-agentpool")]).collect()
}

/// Notes what the backend made of a cluster, and that the operation's work is done.
fn finish(azure: &Azure, id: &str, operation: Uuid, outcome: Result<Option<ClusterFacts>, String>) {
    {
        let mut store = azure.arm.store(azure);
        if let (Ok(Some(facts)), Some(Body::Cluster(cluster))) =
            (&outcome, store.get_mut(id).map(|resource| &mut resource.body))
        {
            cluster.facts = Some(facts.clone());
        }
        store.operations.finish(operation, outcome.map(|_| ()));
    }
    // Taken again, so that an operation without duration is over before anybody looks.
    drop(azure.arm.store(azure));
}

async fn delete(request: &Request<'_>, id: &str) -> Answer {
    let azure = request.azure;
    let Some(location) = azure.arm.store(azure).get(id).map(|resource| resource.location.clone()) else {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    };
    let operation = start(azure, id, "Deleting", Work::Delete)?;
    let worker = Arc::clone(azure);
    let subject = id.to_owned();
    run(azure, id, operation, async move { worker.clusters.delete(&subject).await.map(|()| None) }).await;
    let reply = Reply::empty(StatusCode::ACCEPTED);
    Ok(operations::accepted(azure, reply, operation, id, &location, request.api_version))
}

/// Begins an operation on a cluster that isn't busy.
fn start(azure: &Azure, id: &str, verb: &'static str, work: Work) -> Result<Uuid, ArmError> {
    let operation = azure.ids.next("operation", id);
    let duration = azure.faults.read(|faults| faults.operation_duration);
    let mut store = azure.arm.store(azure);
    let (_, cluster) = existing(&store, id)?;
    if let Some(verb) = cluster.busy {
        return Err(ArmError::OperationNotAllowed { id: id.to_owned(), operation: verb.to_owned() });
    }
    if let Some(Body::Cluster(cluster)) = store.get_mut(id).map(|resource| &mut resource.body) {
        cluster.busy = Some(verb);
    }
    store.operations.begin(operation, id, work, azure.now(), duration);
    Ok(operation)
}

/// Lets the backend work, in a task that ends even if the client hangs up.
async fn run(
    azure: &Arc<Azure>,
    id: &str,
    operation: Uuid,
    work: impl Future<Output = Result<Option<ClusterFacts>, String>> + Send + 'static,
) {
    let worker = Arc::clone(azure);
    let subject = id.to_owned();
    let task = tokio::spawn(async move { finish(&worker, &subject, operation, work.await) });
    if task.await.is_err() {
        finish(azure, id, operation, Err("the operation broke off".into()));
    }
}

/// A cluster as its type shows it.
pub(super) fn document(azure: &Azure, resource: &Resource, cluster: &Cluster) -> Value {
    let mut properties = cluster.properties.clone();
    let state = match (cluster.busy, &cluster.failure) {
        (Some(verb), _) => verb,
        (None, Some(_)) => "Failed",
        (None, None) => "Succeeded",
    };
    let power = if cluster.running { "Running" } else { "Stopped" };
    properties.insert("provisioningState".into(), json!(state));
    properties.insert("powerState".into(), json!({"code": power}));
    let pools: Vec<Value> =
        profile::pools(cluster).map(|pool| profile::pool_document(cluster, pool)).collect();
    properties.insert("agentPoolProfiles".into(), json!(pools));
    let mut document = json!({
        "id": resource.id,
        "name": resource.name(),
        "type": Kind::Cluster.type_name(),
        "location": resource.location,
        "properties": properties,
        "sku": cluster.sku,
    });
    if let Some(tags) = &resource.tags {
        document["tags"] = json!(tags);
    }
    if let Some(identity) = &cluster.identity {
        let mut identity = identity.clone();
        if let Some(object_id) = cluster.system_identity {
            identity.insert("principalId".into(), json!(object_id.to_string()));
            identity.insert("tenantId".into(), json!(azure.tenant_id.to_string()));
        }
        document["identity"] = json!(identity);
    }
    document
}
