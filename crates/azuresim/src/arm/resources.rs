//! Lists of resources, and what other planes must do when one is gone.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Answer, ArmError, clusters,
    filter::{Term, parse},
    groups, identities, not_allowed,
    path::{Kind, group_id},
    request::Request,
    store::{Body, Resource, Store},
    vaults,
};
use crate::{cloud::Azure, wire::Reply};

/// `GET …/resources`, of a subscription or of one group. azurerm reads the latter before it deletes a group.
pub(super) fn list(request: &Request<'_>, subscription: &str, group: Option<&str>) -> Answer {
    if !request.is(&Method::GET) {
        return not_allowed(request, "resources");
    }
    let scope = scope(subscription, group);
    let action = match group {
        Some(_) => "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
        None => "Microsoft.Resources/subscriptions/resources/read",
    };
    request.authorize(action, &scope)?;
    let terms = parse(request.call.parameter("$filter").unwrap_or_default())?;
    let store = request.azure.arm.store(request.azure);
    if group.is_some() {
        groups::existing(&store, &scope)?;
    }
    let mut found = Vec::new();
    for resource in store.under(&scope) {
        let Some(kind) = resource.kind() else { continue };
        if matches(resource, kind, &terms)? {
            found.push(generic(request, resource, kind));
        }
    }
    Ok(request.page(found))
}

fn matches(resource: &Resource, kind: Kind, terms: &[Term]) -> Result<bool, ArmError> {
    for term in terms {
        let Term::Equals(property, value) = term else {
            return Err(ArmError::InvalidQuery("the filter has a function that resources don't know".into()));
        };
        let actual = match property.as_str() {
            "resourcetype" => kind.type_name(),
            "name" => resource.name(),
            "location" => &resource.location,
            "resourcegroup" => super::path::group_of(&resource.id).unwrap_or_default(),
            other => return Err(ArmError::InvalidQuery(format!("resources can't be filtered by '{other}'"))),
        };
        if !actual.eq_ignore_ascii_case(value) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A resource as lists of mixed types show it: without its properties.
fn generic(request: &Request<'_>, resource: &Resource, kind: Kind) -> Value {
    let whole = document(request.azure, resource);
    let mut short = json!({"id": resource.id, "name": resource.name(), "type": kind.type_name()});
    for member in ["location", "tags", "identity", "sku"] {
        if let Some(value) = whole.get(member) {
            short[member] = value.clone();
        }
    }
    let expanded = request.call.parameter("$expand").unwrap_or_default().to_ascii_lowercase();
    if expanded.contains("provisioningstate") {
        let state = whole.pointer("/properties/provisioningState").cloned();
        short["provisioningState"] = state.unwrap_or_else(|| json!("Succeeded"));
    }
    short
}

/// All resources of one type, of a subscription or of one group.
pub(super) fn of_kind(request: &Request<'_>, subscription: &str, group: Option<&str>, kind: Kind) -> Answer {
    if !request.is(&Method::GET) {
        return not_allowed(request, kind.type_name());
    }
    let scope = scope(subscription, group);
    request.authorize(&format!("{}/read", kind.type_name()), &scope)?;
    let store = request.azure.arm.store(request.azure);
    if group.is_some() {
        groups::existing(&store, &scope)?;
    }
    let found = store.under(&scope).filter(|resource| resource.kind() == Some(kind));
    Ok(request.page(found.map(|resource| document(request.azure, resource)).collect()))
}

/// `HEAD` of a resource: whether there is one, without saying more.
pub(super) fn existence(request: &Request<'_>, id: &str, kind: Kind) -> Answer {
    request.authorize(&format!("{}/read", kind.type_name()), id)?;
    let found = request.azure.arm.store(request.azure).get(id).is_some();
    Ok(Reply::empty(if found { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }))
}

fn scope(subscription: &str, group: Option<&str>) -> String {
    match group {
        Some(group) => group_id(subscription, group),
        None => format!("/subscriptions/{subscription}"),
    }
}

/// A resource as its own type shows it.
pub(super) fn document(azure: &Azure, resource: &Resource) -> Value {
    match &resource.body {
        Body::Group { .. } => Value::Null,
        Body::Cluster(cluster) => clusters::document(azure, resource, cluster),
        Body::Identity(identity) => identities::document(azure, resource, identity),
        Body::Vault(vault) => vaults::document(azure, resource, vault),
    }
}

/// What follows when a resource is taken out of the store: its assignments go, its principals go, a vault is soft-deleted.
pub(super) fn forget(azure: &Azure, store: &mut Store, resource: &Resource) {
    azure.rbac_mut().forget_scope(&resource.id);
    store.locks.forget_scope(&resource.id);
    match &resource.body {
        Body::Group { .. } => {}
        Body::Cluster(cluster) => {
            let mut directory = azure.entra.directory_mut();
            for principal in cluster.principals() {
                directory.remove(principal);
            }
        }
        Body::Identity(identity) => azure.entra.directory_mut().remove(identity.principal_id),
        Body::Vault(vault) => vaults::soft_delete(azure, store, resource, vault),
    }
}
