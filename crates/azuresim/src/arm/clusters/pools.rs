//! Node pools as resources of their own. No node runs; what is written is kept with the cluster.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, ArmError, action, existing, not_allowed, ok, profile};
use crate::{
    arm::{
        operations::{self, Work},
        request::Request,
        store::Body,
    },
    wire::Reply,
};

#[derive(Deserialize)]
struct PoolBody {
    #[serde(default)]
    properties: Map<String, Value>,
}

fn is_called(pool: &Value, name: &str) -> bool {
    pool["name"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(name))
}

/// `GET …/agentPools`.
pub(super) fn list(request: &Request<'_>, id: &str) -> Answer {
    request.authorize(&action("agentPools/read"), id)?;
    let store = request.azure.arm.store(request.azure);
    let (resource, cluster) = existing(&store, id)?;
    Ok(request.page(profile::agent_pools(&resource.id, cluster)))
}

/// `…/agentPools/{name}`.
pub(super) fn one(request: &Request<'_>, id: &str, name: &str) -> Answer {
    match request.call.method {
        Method::GET => {
            request.authorize(&action("agentPools/read"), id)?;
            let store = request.azure.arm.store(request.azure);
            let (resource, cluster) = existing(&store, id)?;
            let found = profile::pools(cluster).find(|pool| is_called(pool, name));
            let pool = found.ok_or_else(|| missing(id, name))?;
            ok(&profile::agent_pool(&resource.id, cluster, pool))
        }
        Method::PUT => {
            request.authorize(&action("agentPools/write"), id)?;
            put(request, id, name)
        }
        Method::DELETE => {
            request.authorize(&action("agentPools/delete"), id)?;
            delete(request, id, name)
        }
        _ => not_allowed(request, "agentPools"),
    }
}

fn missing(id: &str, name: &str) -> ArmError {
    ArmError::ResourceNotFound(format!("{id}/agentPools/{name}"))
}

/// The pools of a cluster that no operation keeps busy.
fn free_pools(request: &Request<'_>, id: &str) -> Result<Vec<Value>, ArmError> {
    let store = request.azure.arm.store(request.azure);
    let (_, cluster) = existing(&store, id)?;
    match cluster.busy {
        Some(verb) => Err(ArmError::OperationNotAllowed { id: id.to_owned(), operation: verb.to_owned() }),
        None => Ok(profile::pools(cluster).cloned().collect()),
    }
}

/// Keeps the pools, and begins the operation that a client may poll.
fn keep(
    request: &Request<'_>,
    id: &str,
    pools: Vec<Value>,
    reply: impl FnOnce(&Value) -> Reply,
    name: &str,
) -> Answer {
    let azure = request.azure;
    let operation = azure.ids.next("operation", id);
    let duration = azure.faults.read(|faults| faults.operation_duration);
    let mut store = azure.arm.store(azure);
    let Some(resource) = store.get_mut(id) else { return Err(ArmError::ResourceNotFound(id.to_owned())) };
    let location = resource.location.clone();
    if let Body::Cluster(cluster) = &mut resource.body {
        cluster.busy = Some("Updating");
        cluster.properties.insert("agentPoolProfiles".into(), Value::Array(pools));
    }
    store.operations.begin(operation, id, Work::Write, request.now, duration);
    store.operations.finish(operation, Ok(()));
    let (resource, cluster) = existing(&store, id)?;
    let pool = profile::pools(cluster).find(|pool| is_called(pool, name));
    let document = pool.map(|pool| profile::agent_pool(&resource.id, cluster, pool)).unwrap_or_default();
    Ok(operations::accepted(azure, reply(&document), operation, id, &location, request.api_version))
}

fn put(request: &Request<'_>, id: &str, name: &str) -> Answer {
    // AKS: 1 to 12 lower-case letters and digits, a letter first.
    let legal = (1..=12).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    if !legal {
        let rule = "1 to 12 lower-case letters or digits, a letter first";
        return Err(ArmError::InvalidName { name: name.to_owned(), rule });
    }
    let mut pool = request.body::<PoolBody>()?.properties;
    pool.insert("name".into(), json!(name));
    let mut pools = free_pools(request, id)?;
    let status = match pools.iter_mut().find(|pool| is_called(pool, name)) {
        Some(known) => {
            *known = Value::Object(pool);
            StatusCode::OK
        }
        None => {
            pools.push(Value::Object(pool));
            StatusCode::CREATED
        }
    };
    keep(request, id, pools, |document| Reply::json(status, document), name)
}

fn delete(request: &Request<'_>, id: &str, name: &str) -> Answer {
    let mut pools = free_pools(request, id)?;
    let before = pools.len();
    pools.retain(|pool| !is_called(pool, name));
    if pools.len() == before {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    let is_system =
        |pool: &Value| pool["mode"].as_str().is_none_or(|mode| mode.eq_ignore_ascii_case("System"));
    if !pools.iter().any(is_system) {
        return Err(ArmError::BadRequest("there has to be at least one system agent pool".into()));
    }
    keep(request, id, pools, |_| Reply::empty(StatusCode::ACCEPTED), name)
}
