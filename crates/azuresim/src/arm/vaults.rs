//! Key vaults as resources. What they hold is the data plane's (`crate::vault`).

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Answer, ArmError, not_allowed, ok,
    operations::{self, Work},
    path::{Kind, group_of, is_name, name_of, subscription_of},
    region,
    request::Request,
    resources,
    store::{Body, Resource, Store},
};
use crate::{cloud::Azure, vault::Settings, wire::Reply};

/// What is special to a vault: its properties as its type shows them.
#[derive(Clone, Debug)]
pub(crate) struct Vault {
    properties: Map<String, Value>,
}

/// A vault that was deleted and can be had back.
#[derive(Clone, Debug)]
pub(crate) struct DeletedVault {
    resource: Resource,
    deleted_on: Timestamp,
    purge_on: Timestamp,
}

impl DeletedVault {
    /// Whether it is past its retention.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.purge_on <= now
    }
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct VaultBody {
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) properties: Map<String, Value>,
}

const DAY: i64 = 86_400;

/// The version of the API from which on a new vault is governed by roles unless it says otherwise.
const ROLES_BY_DEFAULT: &str = "2026-02-01";

fn action(verb: &str) -> String {
    format!("{}/{verb}", Kind::Vault.type_name())
}

/// `…/vaults/{name}[/…]`.
pub(super) fn handle(request: &Request<'_>, id: &str, rest: &[&str]) -> Answer {
    match rest {
        [] => one(request, id),
        ["accesspolicies", verb @ ("add" | "replace" | "remove")] if request.is(&Method::PUT) => {
            request.authorize(&action("accessPolicies/write"), id)?;
            change_access_policies(request, id, verb)
        }
        ["privateendpointconnections" | "privatelinkresources"] if request.is(&Method::GET) => {
            request.authorize(&action("privateEndpointConnections/read"), id)?;
            existing(&request.azure.arm.store(request.azure), id)?;
            Ok(request.page(Vec::new()))
        }
        [kind, ..] => Err(ArmError::NoRegisteredProviderFound(action(kind))),
    }
}

fn existing<'a>(store: &'a Store, id: &str) -> Result<&'a Resource, ArmError> {
    if !store.group_exists(id) {
        return Err(ArmError::ResourceGroupNotFound(group_of(id).unwrap_or_default().to_owned()));
    }
    store.get(id).ok_or_else(|| ArmError::ResourceNotFound(id.to_owned()))
}

fn one(request: &Request<'_>, id: &str) -> Answer {
    let azure = request.azure;
    match request.call.method {
        Method::GET => {
            request.authorize(&action("read"), id)?;
            let store = azure.arm.store(azure);
            ok(&resources::document(azure, existing(&store, id)?))
        }
        Method::PUT => {
            request.authorize(&action("write"), id)?;
            let mut body: VaultBody = request.body()?;
            // From this version on, roles decide where a new vault says nothing.
            if request.api_version >= ROLES_BY_DEFAULT && azure.arm.store(azure).get(id).is_none() {
                body.properties.entry("enableRbacAuthorization").or_insert(json!(true));
            }
            let (status, document) = put(azure, id, body)?;
            Ok(Reply::json(status, &document))
        }
        Method::PATCH => {
            request.authorize(&action("write"), id)?;
            patch(azure, id, request.body()?)
        }
        Method::DELETE => {
            request.authorize(&action("delete"), id)?;
            let mut store = azure.arm.store(azure);
            Ok(Reply::empty(match store.remove(id) {
                Some(resource) => {
                    resources::forget(azure, &mut store, &resource);
                    StatusCode::OK
                }
                None => StatusCode::NO_CONTENT,
            }))
        }
        _ => not_allowed(request, Kind::Vault.type_name()),
    }
}

fn check_name_rules(name: &str) -> Result<(), ArmError> {
    let letter_first = name.starts_with(|first: char| first.is_ascii_alphabetic());
    if is_name(name, 3, 24, "-") && letter_first && !name.ends_with('-') && !name.contains("--") {
        return Ok(());
    }
    let rule = "3 to 24 letters, digits or single hyphens, a letter first, no hyphen last";
    Err(ArmError::InvalidName { name: name.to_owned(), rule })
}

/// Creates, replaces or (with `createMode: recover`) brings back a vault.
pub(crate) fn put(azure: &Azure, id: &str, body: VaultBody) -> Result<(StatusCode, Value), ArmError> {
    let name = name_of(id);
    check_name_rules(name)?;
    let key = name.to_ascii_lowercase();
    let mut store = azure.arm.store(azure);
    if !store.group_exists(id) {
        return Err(ArmError::ResourceGroupNotFound(group_of(id).unwrap_or_default().to_owned()));
    }
    let recover =
        body.properties.get("createMode").and_then(Value::as_str).is_some_and(|mode| mode == "recover");
    let deleted = store.deleted_vaults.get(&key).cloned();
    let taken = |it: &Resource| it.kind() == Some(Kind::Vault) && it.name().eq_ignore_ascii_case(name);
    if store.all().any(|it| taken(it) && !it.id.eq_ignore_ascii_case(id)) {
        return Err(ArmError::VaultAlreadyExists(name.to_owned()));
    }
    if let Some(deleted) = deleted {
        if !deleted.resource.id.eq_ignore_ascii_case(id) {
            return Err(ArmError::VaultAlreadyExists(name.to_owned()));
        }
        if !recover {
            return Err(ArmError::VaultSoftDeleted(name.to_owned()));
        }
        store.deleted_vaults.remove(&key);
        let document = resources::document(azure, &deleted.resource);
        let settings = settings(&deleted.resource);
        store.insert(deleted.resource);
        azure.vaults.recover(&key, settings);
        return Ok((StatusCode::OK, document));
    }
    let old = store.get(id).cloned();
    let location = region::settle(body.location.as_deref(), old.as_ref())?;
    let properties = complete(azure, name, body.properties, old.as_ref().and_then(|old| vault(old)))?;
    let id = old.as_ref().map_or(id, |old| &old.id).to_owned();
    let resource = Resource { id, location, tags: body.tags, body: Body::Vault(Vault { properties }) };
    Ok((StatusCode::OK, insert(azure, &mut store, resource)))
}

fn vault(resource: &Resource) -> Option<&Vault> {
    match &resource.body {
        Body::Vault(vault) => Some(vault),
        _ => None,
    }
}

/// Keeps the resource, lets the data plane know, and gives the document.
fn insert(azure: &Azure, store: &mut Store, resource: Resource) -> Value {
    let document = resources::document(azure, &resource);
    let settings = settings(&resource);
    store.insert(resource);
    azure.vaults.set(settings);
    document
}

fn complete(
    azure: &Azure,
    name: &str,
    mut properties: Map<String, Value>,
    old: Option<&Vault>,
) -> Result<Map<String, Value>, ArmError> {
    let bad = |message: String| Err(ArmError::BadRequest(message));
    if properties.get("sku").and_then(|sku| sku["name"].as_str()).is_none() {
        return bad("the vault needs a sku with a name".into());
    }
    let tenant = properties.get("tenantId").and_then(Value::as_str).unwrap_or_default();
    if Uuid::try_parse(tenant) != Ok(azure.tenant_id) {
        return bad(format!("the vault's tenantId '{tenant}' is not the subscription's tenant"));
    }
    let retention = properties.get("softDeleteRetentionInDays").and_then(Value::as_i64).unwrap_or(90);
    if !(7..=90).contains(&retention) {
        return bad("softDeleteRetentionInDays must be between 7 and 90".into());
    }
    if properties.get("enableSoftDelete") == Some(&json!(false)) {
        return bad("soft delete can't be disabled".into());
    }
    let protected =
        |properties: &Map<String, Value>| properties.get("enablePurgeProtection") == Some(&json!(true));
    if old.is_some_and(|old| protected(&old.properties)) && !protected(&properties) {
        return bad("enablePurgeProtection can't be disabled once it is enabled".into());
    }
    if properties
        .get("enablePurgeProtection")
        .is_some_and(|value| !protected(&properties) && !value.is_null())
    {
        // Azure takes `true` or nothing here; a client that sends `false` of a new vault means nothing.
        properties.remove("enablePurgeProtection");
    }
    properties.remove("createMode");
    properties.insert("softDeleteRetentionInDays".into(), json!(retention));
    properties.insert("enableSoftDelete".into(), json!(true));
    for (name, default) in [
        ("enableRbacAuthorization", json!(false)),
        ("accessPolicies", json!([])),
        ("publicNetworkAccess", json!("Enabled")),
    ] {
        if properties.get(name).is_none_or(Value::is_null) {
            properties.insert(name.into(), default);
        }
    }
    let host = format!("{}.{}", name.to_ascii_lowercase(), azure.environment.vault_suffix);
    properties.insert("vaultUri".into(), json!(format!("{}/", azure.environment.url(&host))));
    properties.insert("provisioningState".into(), json!("Succeeded"));
    Ok(properties)
}

/// Changes tags, and those properties that the body has.
fn patch(azure: &Azure, id: &str, body: VaultBody) -> Answer {
    let mut store = azure.arm.store(azure);
    let mut resource = existing(&store, id)?.clone();
    let old = vault(&resource).map(|vault| vault.properties.clone()).unwrap_or_default();
    let mut properties = old.clone();
    properties.extend(body.properties);
    let name = resource.name().to_owned();
    let properties = complete(azure, &name, properties, Some(&Vault { properties: old }))?;
    resource.body = Body::Vault(Vault { properties });
    if body.tags.is_some() {
        resource.tags = body.tags;
    }
    ok(&insert(azure, &mut store, resource))
}

fn change_access_policies(request: &Request<'_>, id: &str, verb: &str) -> Answer {
    let azure = request.azure;
    let body: VaultBody = request.body()?;
    let policies =
        body.properties.get("accessPolicies").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut store = azure.arm.store(azure);
    let mut resource = existing(&store, id)?.clone();
    let Body::Vault(vault) = &mut resource.body else {
        return Err(ArmError::ResourceNotFound(id.to_owned()));
    };
    let known = vault.properties.get("accessPolicies").and_then(Value::as_array).cloned().unwrap_or_default();
    let named = |policy: &Value| policies.iter().any(|it| it["objectId"] == policy["objectId"]);
    let mut kept: Vec<Value> =
        known.into_iter().filter(|policy| verb != "replace" && !named(policy)).collect();
    if verb != "remove" {
        kept.extend(policies);
    }
    vault.properties.insert("accessPolicies".into(), json!(kept));
    insert(azure, &mut store, resource);
    ok(&json!({
        "id": format!("{id}/accessPolicies/"),
        "type": action("accessPolicies"),
        "properties": {"accessPolicies": kept},
    }))
}

/// What the data plane must know of a vault.
fn settings(resource: &Resource) -> Settings {
    let properties = vault(resource).map(|vault| vault.properties.clone()).unwrap_or_default();
    Settings::read(&resource.id, &resource.location, &properties)
}

/// Follows the deletion of a vault: its name stays taken until it is purged.
pub(super) fn soft_delete(azure: &Azure, store: &mut Store, resource: &Resource, vault: &Vault) {
    let now = azure.now();
    let days = vault.properties.get("softDeleteRetentionInDays").and_then(Value::as_i64).unwrap_or(90);
    let purge_on =
        Timestamp::from_second(now.as_second().saturating_add(days * DAY)).unwrap_or(Timestamp::MAX);
    let deleted = DeletedVault { resource: resource.clone(), deleted_on: now, purge_on };
    let key = resource.name().to_ascii_lowercase();
    azure.vaults.delete(&key);
    store.deleted_vaults.insert(key, deleted);
}

pub(super) fn document(_azure: &Azure, resource: &Resource, vault: &Vault) -> Value {
    json!({
        "id": resource.id,
        "name": resource.name(),
        "type": Kind::Vault.type_name(),
        "location": resource.location,
        "tags": resource.tags.clone().unwrap_or_default(),
        "properties": vault.properties,
    })
}

fn deleted_document(name: &str, deleted: &DeletedVault) -> Value {
    let resource = &deleted.resource;
    let protected = vault(resource).and_then(|vault| vault.properties.get("enablePurgeProtection").cloned());
    json!({
        "id": format!(
            "/subscriptions/{}/providers/Microsoft.KeyVault/locations/{}/deletedVaults/{name}",
            subscription_of(&resource.id).unwrap_or_default(), resource.location,
        ),
        "name": resource.name(),
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": {
            "vaultId": resource.id,
            "location": resource.location,
            "tags": resource.tags.clone().unwrap_or_default(),
            "deletionDate": deleted.deleted_on.to_string(),
            "scheduledPurgeDate": deleted.purge_on.to_string(),
            "purgeProtectionEnabled": protected,
        },
    })
}

fn is_in(deleted: &DeletedVault, subscription: &str) -> bool {
    subscription_of(&deleted.resource.id).is_some_and(|it| it.eq_ignore_ascii_case(subscription))
}

/// `GET …/deletedVaults`.
pub(super) fn list_deleted(request: &Request<'_>, subscription: &str) -> Answer {
    request.authorize("Microsoft.KeyVault/deletedVaults/read", &format!("/subscriptions/{subscription}"))?;
    let store = request.azure.arm.store(request.azure);
    let found = store.deleted_vaults.iter().filter(|(_, deleted)| is_in(deleted, subscription));
    Ok(request.page(found.map(|(name, deleted)| deleted_document(name, deleted)).collect()))
}

/// `GET …/locations/{location}/deletedVaults/{name}`.
pub(super) fn deleted(request: &Request<'_>, subscription: &str, name: &str) -> Answer {
    let scope = format!("/subscriptions/{subscription}");
    request.authorize("Microsoft.KeyVault/locations/deletedVaults/read", &scope)?;
    let store = request.azure.arm.store(request.azure);
    let found = store.deleted_vaults.get(name).filter(|deleted| is_in(deleted, subscription));
    ok(&deleted_document(name, found.ok_or_else(|| ArmError::ResourceNotFound(request.call.path.clone()))?))
}

/// `POST …/deletedVaults/{name}/purge`: gone for good, and the name is free.
pub(super) fn purge(request: &Request<'_>, subscription: &str, name: &str) -> Answer {
    if !request.is(&Method::POST) {
        return not_allowed(request, "purge");
    }
    let azure = request.azure;
    let scope = format!("/subscriptions/{subscription}");
    request.authorize("Microsoft.KeyVault/locations/deletedVaults/purge/action", &scope)?;
    let mut store = azure.arm.store(azure);
    let found = store.deleted_vaults.get(name).filter(|deleted| is_in(deleted, subscription));
    let found = found.ok_or_else(|| ArmError::ResourceNotFound(request.call.path.clone()))?;
    let protected = vault(&found.resource).and_then(|it| it.properties.get("enablePurgeProtection"));
    if protected == Some(&json!(true)) {
        return Err(ArmError::PurgeProtected(name.to_owned()));
    }
    let (id, location) = (found.resource.id.clone(), found.resource.location.clone());
    store.deleted_vaults.remove(name);
    azure.vaults.purge(name);
    let operation = azure.ids.next("operation", &id);
    store.operations.begin(operation, &id, Work::Write, request.now, std::time::Duration::ZERO);
    store.operations.finish(operation, Ok(()));
    let reply = Reply::empty(StatusCode::ACCEPTED);
    Ok(operations::accepted(azure, reply, operation, &id, &location, request.api_version))
}

/// `POST …/checkNameAvailability`.
pub(super) fn check_name(request: &Request<'_>, subscription: &str) -> Answer {
    #[derive(Deserialize)]
    struct Name {
        name: String,
    }
    request.authorize(
        "Microsoft.KeyVault/checkNameAvailability/read",
        &format!("/subscriptions/{subscription}"),
    )?;
    let name = request.body::<Name>()?.name;
    let store = request.azure.arm.store(request.azure);
    let taken = store.deleted_vaults.contains_key(&name.to_ascii_lowercase())
        || store.all().any(|it| it.kind() == Some(Kind::Vault) && it.name().eq_ignore_ascii_case(&name));
    ok(&match check_name_rules(&name) {
        Err(error) => {
            json!({"nameAvailable": false, "reason": "AccountNameInvalid", "message": error.to_string()})
        }
        Ok(()) if taken => {
            let error = ArmError::VaultAlreadyExists(name);
            json!({"nameAvailable": false, "reason": "AlreadyExists", "message": error.to_string()})
        }
        Ok(()) => json!({"nameAvailable": true}),
    })
}
