//! Tenants, subscriptions, resource providers, and the document by which clients learn of a cloud.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, ArmError, not_allowed, ok, path::Kind, request::Request};
use crate::{
    cloud::{Azure, Subscription},
    wire::{Call, Reply},
};

/// `GET /metadata/endpoints`, without a token: one object for newer versions, a list of them for older ones.
pub(super) fn metadata_endpoints(azure: &Azure, call: &Call) -> Reply {
    let environment = &azure.environment;
    let login = environment.url(&environment.login);
    let management = environment.url(&environment.management);
    let graph = environment.url(&environment.graph);
    // The suffix carries the port, since clients make vaults' addresses of it.
    let vault_suffix = environment.vault_audience().trim_start_matches("https://").to_owned();
    let document = json!({
        "name": environment.name,
        "portal": format!("https://portal.{}", environment.management.trim_start_matches("management.")),
        "authentication": {
            "loginEndpoint": login,
            "audiences": [environment.management_core, management],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": management,
        "graph": graph,
        "graphAudience": graph,
        "microsoftGraphResourceId": graph,
        "media": management,
        "batch": management,
        "activeDirectoryDataLake": management,
        "sqlManagement": management,
        "vmImageAliasDoc": management,
        "gallery": management,
        "suffixes": {
            "keyVaultDns": vault_suffix,
            "storage": format!("core.{}", environment.management.trim_start_matches("management.")),
            "acrLoginServer": "azurecr.io",
        },
    });
    let version = call.parameter("api-version").unwrap_or_default();
    match version.get(..10).unwrap_or(version) {
        version if version > "2019-05-01" => Reply::json(StatusCode::OK, &document),
        _ => Reply::json(StatusCode::OK, &json!([document])),
    }
}

/// `GET /tenants`.
pub(super) fn tenants(request: &Request<'_>) -> Answer {
    let tenant = request.azure.tenant_id.to_string();
    ok(&json!({"value": [{
        "id": format!("/tenants/{tenant}"),
        "tenantId": tenant,
        "countryCode": "NL",
        "displayName": request.azure.tenant_domain,
        "defaultDomain": request.azure.tenant_domain,
        "domains": [request.azure.tenant_domain],
        "tenantCategory": "Home",
    }]}))
}

/// `GET /subscriptions`: those in which the caller holds any role at all.
pub(super) fn list(request: &Request<'_>) -> Answer {
    let azure = request.azure;
    let principals = azure.entra.directory().with_groups(request.caller.object_id);
    let rbac = azure.rbac();
    let seen = azure
        .subscriptions
        .iter()
        .filter(|it| rbac.touches(&principals, &format!("/subscriptions/{}", it.id), request.now));
    let seen: Vec<Value> = seen.map(|it| document(azure, it)).collect();
    let count = seen.len();
    ok(&json!({"value": seen, "count": {"type": "Total", "value": count}}))
}

/// `GET /subscriptions/{id}`.
pub(super) fn one(request: &Request<'_>, subscription: &str) -> Answer {
    let azure = request.azure;
    let principals = azure.entra.directory().with_groups(request.caller.object_id);
    let scope = format!("/subscriptions/{subscription}");
    if !azure.rbac().touches(&principals, &scope, request.now) {
        request.authorize("Microsoft.Resources/subscriptions/read", &scope)?;
    }
    let known = azure.subscriptions.iter().find(|it| it.id.to_string() == subscription);
    ok(&document(azure, known.ok_or_else(|| ArmError::SubscriptionNotFound(subscription.to_owned()))?))
}

fn document(azure: &Azure, subscription: &Subscription) -> Value {
    json!({
        "id": format!("/subscriptions/{}", subscription.id),
        "subscriptionId": subscription.id.to_string(),
        "tenantId": azure.tenant_id.to_string(),
        "displayName": subscription.display_name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "EnterpriseAgreement_2014-09-01",
            "spendingLimit": "Off",
        },
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
    })
}

/// Regions that clients may ask for by name.
const LOCATIONS: [(&str, &str); 6] = [
    ("westeurope", "West Europe"),
    ("northeurope", "North Europe"),
    ("germanywestcentral", "Germany West Central"),
    ("uksouth", "UK South"),
    ("eastus", "East US"),
    ("westus2", "West US 2"),
];

/// `GET /subscriptions/{id}/locations`.
pub(super) fn locations(request: &Request<'_>, subscription: &str) -> Answer {
    request.authorize(
        "Microsoft.Resources/subscriptions/locations/read",
        &format!("/subscriptions/{subscription}"),
    )?;
    let values = LOCATIONS.iter().map(|(name, display)| {
        json!({
            "id": format!("/subscriptions/{subscription}/locations/{name}"),
            "name": name, "type": "Region", "displayName": display, "regionalDisplayName": display,
            "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
        })
    });
    ok(&json!({"value": values.collect::<Vec<_>>()}))
}

/// Namespaces and the types that are served of each.
fn namespaces() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    let of_kinds = Kind::ALL.into_iter().filter_map(|kind| kind.type_name().split_once('/'));
    let own = [
        ("Microsoft.Authorization", vec!["roleDefinitions", "roleAssignments"]),
        ("Microsoft.Resources", vec!["subscriptions", "resourceGroups"]),
        ("Microsoft.ResourceGraph", vec!["resources"]),
    ];
    of_kinds.map(|(namespace, kind)| (namespace, vec![kind])).chain(own)
}

fn provider_document(subscription: &str, namespace: &str, types: &[&str]) -> Value {
    let types = types.iter().map(|name| {
        let locations: Vec<&str> = LOCATIONS.iter().map(|(_, display)| *display).collect();
        json!({"resourceType": name, "locations": locations, "apiVersions": ["2025-03-01", "2024-11-30", "2022-04-01"]})
    });
    json!({
        "id": format!("/subscriptions/{subscription}/providers/{namespace}"),
        "namespace": namespace,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": types.collect::<Vec<_>>(),
    })
}

/// `GET …/providers`. Every provider is registered.
pub(super) fn providers(request: &Request<'_>, subscription: &str) -> Answer {
    request.authorize(
        "Microsoft.Resources/subscriptions/providers/read",
        &format!("/subscriptions/{subscription}"),
    )?;
    let all = namespaces().map(|(namespace, types)| provider_document(subscription, namespace, &types));
    Ok(request.page(all.collect()))
}

/// `GET …/providers/{namespace}`.
pub(super) fn provider(request: &Request<'_>, subscription: &str, namespace: &str) -> Answer {
    request.authorize(
        "Microsoft.Resources/subscriptions/providers/read",
        &format!("/subscriptions/{subscription}"),
    )?;
    let found = namespaces().find(|(name, _)| name.eq_ignore_ascii_case(namespace));
    match found {
        Some((namespace, types)) => ok(&provider_document(subscription, namespace, &types)),
        None => Err(ArmError::NoRegisteredProviderFound(namespace.to_owned())),
    }
}

/// `POST …/providers/{namespace}/register`: nothing to do, all are.
pub(super) fn register(request: &Request<'_>, subscription: &str, namespace: &str) -> Answer {
    if !request.is(&Method::POST) {
        return not_allowed(request, "register");
    }
    let found = namespaces().find(|(name, _)| name.eq_ignore_ascii_case(namespace));
    let (namespace, types) =
        found.ok_or_else(|| ArmError::NoRegisteredProviderFound(namespace.to_owned()))?;
    request.authorize(&format!("{namespace}/register/action"), &format!("/subscriptions/{subscription}"))?;
    ok(&provider_document(subscription, namespace, &types))
}
