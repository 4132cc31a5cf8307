//! User-assigned managed identities.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Answer, ArmError, credentials, not_allowed, ok,
    path::{Kind, group_of, is_name, name_of},
    region,
    request::Request,
    resources,
    store::{Body, Resource},
};
use crate::{
    cloud::Azure,
    entra::{Principal, PrincipalKind},
    wire::Reply,
};

/// What is special to an identity.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(super) client_id: Uuid,
    pub(super) principal_id: Uuid,
    pub(super) isolation_scope: Option<String>,
    pub(super) credentials: Vec<credentials::Credential>,
    /// Until when a write of a credential keeps the identity busy.
    pub(super) busy_until: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct IdentityBody {
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) properties: Value,
}

/// `…/userAssignedIdentities/{name}[/federatedIdentityCredentials[/{credential}]]`.
pub(super) fn handle(request: &Request<'_>, id: &str, rest: &[&str], written: &[&str]) -> Answer {
    match (rest, written) {
        ([], _) => one(request, id),
        (["federatedidentitycredentials"], _) => credentials::list(request, id),
        (["federatedidentitycredentials", _], [_, name]) => credentials::one(request, id, name),
        (["associatedresources"] | ["listassociatedresources"], _) => {
            request.authorize(&action("listAssociatedResources/action"), id)?;
            ok(&json!({"totalCount": 0, "value": []}))
        }
        ([kind, ..], _) => {
            Err(ArmError::NoRegisteredProviderFound(format!("{}/{kind}", Kind::Identity.type_name())))
        }
    }
}

fn action(verb: &str) -> String {
    format!("{}/{verb}", Kind::Identity.type_name())
}

fn one(request: &Request<'_>, id: &str) -> Answer {
    let azure = request.azure;
    match request.call.method {
        Method::GET => {
            request.authorize(&action("read"), id)?;
            let store = azure.arm.store(azure);
            let resource = store.get(id).ok_or_else(|| ArmError::ResourceNotFound(id.to_owned()))?;
            ok(&resources::document(azure, resource))
        }
        Method::PUT | Method::PATCH => {
            request.authorize(&action("write"), id)?;
            if request.is(&Method::PATCH) && azure.arm.store(azure).get(id).is_none() {
                return Err(ArmError::ResourceNotFound(id.to_owned()));
            }
            let (status, document) = put(azure, id, request.body()?)?;
            Ok(Reply::json(status, &document))
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
        _ => not_allowed(request, Kind::Identity.type_name()),
    }
}

/// Creates an identity with its service principal, or changes its tags.
pub(crate) fn put(azure: &Azure, id: &str, body: IdentityBody) -> Result<(StatusCode, Value), ArmError> {
    let name = name_of(id);
    if !is_name(name, 3, 128, "-_") {
        return Err(ArmError::InvalidName {
            name: name.to_owned(),
            rule: "3 to 128 letters, digits, - or _, a letter or digit first",
        });
    }
    let isolation_scope = body.properties.get("isolationScope").and_then(Value::as_str).map(str::to_owned);
    let mut store = azure.arm.store(azure);
    if !store.group_exists(id) {
        return Err(ArmError::ResourceGroupNotFound(group_of(id).unwrap_or_default().to_owned()));
    }
    let location = region::settle(body.location.as_deref(), store.get(id))?;
    if let Some(resource) = store.get_mut(id) {
        if body.tags.is_some() {
            resource.tags = body.tags;
        }
        if let (Body::Identity(identity), Some(scope)) = (&mut resource.body, isolation_scope) {
            identity.isolation_scope = Some(scope);
        }
        return Ok((StatusCode::OK, resources::document(azure, resource)));
    }
    let key = id.to_ascii_lowercase();
    let identity = Identity {
        client_id: azure.ids.next("client", &key),
        principal_id: azure.ids.next("principal", &key),
        isolation_scope,
        credentials: Vec::new(),
        busy_until: None,
    };
    let principal = Principal {
        object_id: identity.principal_id,
        app_id: Some(identity.client_id),
        display_name: name.to_owned(),
        kind: PrincipalKind::ManagedIdentity { resource_id: id.to_owned() },
        created_on: azure.now(),
    };
    let resource = Resource { id: id.to_owned(), location, tags: body.tags, body: Body::Identity(identity) };
    let document = resources::document(azure, &resource);
    store.insert(resource);
    azure.entra.directory_mut().add(principal);
    Ok((StatusCode::CREATED, document))
}

pub(super) fn document(azure: &Azure, resource: &Resource, identity: &Identity) -> Value {
    let mut properties = json!({
        "tenantId": azure.tenant_id.to_string(),
        "principalId": identity.principal_id.to_string(),
        "clientId": identity.client_id.to_string(),
    });
    if let Some(scope) = &identity.isolation_scope {
        properties["isolationScope"] = json!(scope);
    }
    json!({
        "id": resource.id,
        "name": resource.name(),
        "type": Kind::Identity.type_name(),
        "location": resource.location,
        "tags": resource.tags.clone().unwrap_or_default(),
        "properties": properties,
    })
}
