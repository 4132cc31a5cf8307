//! Azure Resource Manager: resource groups and what is in them, roles, long-running operations.
//!
//! ```text
//!  call ─▶ who (token) ─▶ api-version ─▶ limits ─▶ route ─▶ may they (rbac) ─▶ transition of the store ─▶ document
//! ```
//!
//! The store knows resources by their id in lower case; what a client wrote first is what it gets back. Where other
//! planes must follow a transition (a principal appears, a vault goes), they do so before the store's lock is released:
//! whoever sees the resource sees what hangs on it.

mod assignments;
mod clusters;
mod credentials;
mod definitions;
mod error;
mod filter;
mod groups;
mod identities;
mod kubeconfig;
mod limits;
mod locks;
mod operations;
mod path;
mod region;
mod request;
mod resource_graph;
mod resources;
mod store;
mod subscriptions;
mod vaults;

use std::sync::{Arc, Mutex, MutexGuard};

use http::{Method, StatusCode};

pub use error::ArmError;
pub(crate) use {
    assignments::{NewAssignment, assign},
    clusters::{ClusterBody, failure as cluster_failure, put as put_cluster},
    credentials::{CredentialBody, CredentialProperties, put as put_credential},
    groups::{GroupBody, put as put_group},
    identities::{IdentityBody, put as put_identity},
    path::group_id,
    vaults::{VaultBody, put as put_vault},
};

use crate::{
    cloud::Azure,
    ids::lock,
    wire::{Call, Reply},
};
use path::Kind;
use request::Request;
use store::Store;

/// The plane's state.
#[derive(Debug, Default)]
pub(crate) struct Arm(Mutex<Store>);

impl Arm {
    /// The store, with every operation that is over by now taken to its end.
    pub(crate) fn store<'a>(&'a self, azure: &Azure) -> MutexGuard<'a, Store> {
        let now = azure.now();
        let mut store = lock(&self.0);
        for vault in store.expire(now) {
            azure.vaults.purge(&vault);
        }
        for resource in store.settle(now) {
            resources::forget(azure, &mut store, &resource);
        }
        store
    }
}

/// What a handler gives: an answer, or the reason why not.
type Answer = Result<Reply, ArmError>;

/// Answers a request to Resource Manager's host.
pub(crate) async fn handle(azure: &Arc<Azure>, call: &Call) -> Reply {
    let lower: Vec<String> = call.segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    if lower == ["metadata", "endpoints"] {
        return subscriptions::metadata_endpoints(azure, call);
    }
    let environment = &azure.environment;
    let login = format!("{}/{}", environment.url(&environment.login), azure.tenant_id);
    let counted = Request::authenticate(azure, call).and_then(|request| {
        let remaining = limits::check(&request, &lower)?;
        Ok((request, remaining))
    });
    match counted {
        Ok((request, remaining)) => {
            let reply = route(&request, &lower).await.unwrap_or_else(|error| error.reply(&login));
            remaining.into_iter().fold(reply, |reply, (header, left)| reply.header(header, left))
        }
        Err(error) => error.reply(&login),
    }
}

async fn route(request: &Request<'_>, lower: &[&str]) -> Answer {
    // `{scope}/providers/Microsoft.Authorization/…` may follow any resource, so it is looked for first.
    if let Some(at) = lower.windows(2).rposition(|pair| pair == ["providers", "microsoft.authorization"]) {
        let scope = request.prefix(at);
        return match lower.get(at + 2..).unwrap_or_default() {
            ["roledefinitions"] => definitions::list(request, &scope),
            ["roledefinitions", id] => definitions::one(request, &scope, id),
            ["roleassignments"] => assignments::list(request, &scope),
            ["roleassignments", name] => assignments::one(request, &scope, name),
            ["locks"] => locks::list(request, &scope),
            ["locks", _] => locks::one(request, &scope, request.last()),
            ["policyassignments" | "denyassignments"] if request.is(&Method::GET) => {
                request.authorize("Microsoft.Authorization/policyAssignments/read", &scope)?;
                Ok(request.page(Vec::new()))
            }
            [kind, ..] => Err(ArmError::NoRegisteredProviderFound(format!("Microsoft.Authorization/{kind}"))),
            [] => Err(ArmError::InvalidResourcePath(request.call.path.clone())),
        };
    }
    match lower {
        ["tenants"] => subscriptions::tenants(request),
        ["subscriptions"] => subscriptions::list(request),
        ["providers", "microsoft.resourcegraph", "resources"] => resource_graph::query(request),
        ["subscriptions", id, rest @ ..] => {
            let subscription = request.subscription(id)?;
            in_subscription(request, &subscription, rest).await
        }
        _ => Err(ArmError::InvalidResourcePath(request.call.path.clone())),
    }
}

async fn in_subscription(request: &Request<'_>, subscription: &str, lower: &[&str]) -> Answer {
    // Names keep the letter case of the request: `lower` starts at the third segment.
    let written = |index: usize| request.call.segments.get(index + 2).map(String::as_str).unwrap_or_default();
    match lower {
        [] => subscriptions::one(request, subscription),
        ["locations"] => subscriptions::locations(request, subscription),
        ["resources"] => resources::list(request, subscription, None),
        ["resourcegroups"] => groups::list(request, subscription),
        ["resourcegroups", _] => groups::one(request, subscription, written(1)).await,
        ["resourcegroups", _, "resources"] => resources::list(request, subscription, Some(written(1))),
        ["resourcegroups", _, "providers", namespace, kind] => {
            resources::of_kind(request, subscription, Some(written(1)), Kind::parse(namespace, kind)?)
        }
        ["resourcegroups", _, "providers", namespace, kind, _, rest @ ..] => {
            let kind = Kind::parse(namespace, kind)?;
            let id = path::resource_id(subscription, written(1), kind, written(5));
            if rest.is_empty() && request.is(&Method::HEAD) {
                return resources::existence(request, &id, kind);
            }
            let child: Vec<&str> = (6..6 + rest.len()).map(written).collect();
            match kind {
                Kind::Cluster => clusters::handle(request, &id, rest).await,
                Kind::Identity => identities::handle(request, &id, rest, &child),
                Kind::Vault => vaults::handle(request, &id, rest),
            }
        }
        ["providers"] => subscriptions::providers(request, subscription),
        ["providers", "microsoft.containerservice", "locations", _, "kubernetesversions"] => {
            clusters::versions(request, subscription)
        }
        ["providers", namespace] => subscriptions::provider(request, subscription, namespace),
        ["providers", namespace, "register"] => subscriptions::register(request, subscription, namespace),
        ["operationresults", id] | ["providers", _, "locations", _, "operationresults", id] => {
            operations::result(request, subscription, id)
        }
        ["providers", _, "locations", _, "operations", id] => operations::status(request, subscription, id),
        ["providers", "microsoft.keyvault", "checknameavailability"] => {
            vaults::check_name(request, subscription)
        }
        ["providers", "microsoft.keyvault", "deletedvaults"] => vaults::list_deleted(request, subscription),
        ["providers", "microsoft.keyvault", "locations", _, "deletedvaults", name] => {
            vaults::deleted(request, subscription, name)
        }
        ["providers", "microsoft.keyvault", "locations", _, "deletedvaults", name, "purge"] => {
            vaults::purge(request, subscription, name)
        }
        ["providers", namespace, kind] => {
            resources::of_kind(request, subscription, None, Kind::parse(namespace, kind)?)
        }
        _ => Err(ArmError::InvalidResourcePath(request.call.path.clone())),
    }
}

/// `405`, naming the type.
fn not_allowed(request: &Request<'_>, what: &str) -> Answer {
    Err(ArmError::MethodNotAllowed { method: request.call.method.to_string(), what: what.to_owned() })
}

/// `200` with a document.
fn ok(document: &impl serde::Serialize) -> Answer {
    Ok(Reply::json(StatusCode::OK, document))
}
