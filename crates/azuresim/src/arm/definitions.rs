//! Role definitions: the built-in ones, and custom ones.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Answer, ArmError,
    filter::{Term, parse},
    not_allowed, ok,
    path::subscription_of,
    request::Request,
};
use crate::{
    rbac::{Permission, RoleDefinition},
    wire::Reply,
};

const TYPE: &str = "Microsoft.Authorization/roleDefinitions";

pub(super) fn list(request: &Request<'_>, scope: &str) -> Answer {
    if !request.is(&Method::GET) {
        return not_allowed(request, TYPE);
    }
    request.authorize("Microsoft.Authorization/roleDefinitions/read", scope)?;
    let terms = parse(request.call.parameter("$filter").unwrap_or_default())?;
    let rbac = request.azure.rbac();
    let mut found = Vec::new();
    for role in rbac.definitions().filter(|role| role.is_assignable_at(scope)) {
        if matches(role, &terms)? {
            found.push(document(role, scope));
        }
    }
    Ok(request.page(found))
}

fn matches(role: &RoleDefinition, terms: &[Term]) -> Result<bool, ArmError> {
    for term in terms {
        let holds = match term {
            Term::Equals(property, value) if property == "rolename" => role.name.eq_ignore_ascii_case(value),
            Term::Equals(property, value) if property == "type" => kind(role).eq_ignore_ascii_case(value),
            Term::Function(name, None) if name == "atscopeandbelow" => true,
            _ => {
                return Err(ArmError::InvalidQuery(
                    "role definitions can be filtered by roleName and type".into(),
                ));
            }
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn one(request: &Request<'_>, scope: &str, id: &str) -> Answer {
    let missing = || ArmError::RoleDefinitionDoesNotExist(id.to_owned());
    let guid = Uuid::try_parse(id);
    match request.call.method {
        Method::GET => {
            request.authorize("Microsoft.Authorization/roleDefinitions/read", scope)?;
            let rbac = request.azure.rbac();
            let role = guid.ok().and_then(|id| rbac.definition(id));
            // Reading what isn't there is 404, naming it in an assignment is 400.
            let role = role.ok_or_else(|| ArmError::ResourceNotFound(request.call.path.clone()))?;
            ok(&document(role, scope))
        }
        Method::PUT => {
            request.authorize("Microsoft.Authorization/roleDefinitions/write", scope)?;
            put(request, scope, guid.map_err(|_| missing())?)
        }
        Method::DELETE => {
            request.authorize("Microsoft.Authorization/roleDefinitions/delete", scope)?;
            delete(request, scope, guid.map_err(|_| missing())?)
        }
        _ => not_allowed(request, TYPE),
    }
}

#[derive(Deserialize)]
struct DefinitionBody {
    properties: DefinitionProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DefinitionProperties {
    role_name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    permissions: Vec<PermissionBody>,
    #[serde(default)]
    assignable_scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct PermissionBody {
    actions: Vec<String>,
    not_actions: Vec<String>,
    data_actions: Vec<String>,
    not_data_actions: Vec<String>,
}

fn put(request: &Request<'_>, scope: &str, id: Uuid) -> Answer {
    let properties = request.body::<DefinitionBody>()?.properties;
    let mut rbac = request.azure.rbac_mut();
    if rbac.definition(id).is_some_and(|role| role.built_in) {
        let reason = "it is built in";
        return Err(ArmError::RoleDefinitionUpdateNotPermitted { id: id.to_string(), reason });
    }
    if properties.assignable_scopes.is_empty() || properties.permissions.is_empty() {
        return Err(ArmError::BadRequest("a role definition needs assignableScopes and permissions".into()));
    }
    let twin = rbac
        .definitions()
        .find(|role| role.id != id && role.name.eq_ignore_ascii_case(&properties.role_name));
    if twin.is_some() {
        let reason = "another role has its name";
        return Err(ArmError::RoleDefinitionUpdateNotPermitted { id: id.to_string(), reason });
    }
    let permissions = properties.permissions.into_iter().map(|it| Permission {
        actions: it.actions,
        not_actions: it.not_actions,
        data_actions: it.data_actions,
        not_data_actions: it.not_data_actions,
    });
    let role = RoleDefinition {
        id,
        name: properties.role_name,
        description: properties.description,
        built_in: false,
        permissions: permissions.collect(),
        assignable_scopes: properties.assignable_scopes,
    };
    let document = document(&role, scope);
    rbac.define(role);
    Ok(Reply::json(StatusCode::CREATED, &document))
}

fn delete(request: &Request<'_>, scope: &str, id: Uuid) -> Answer {
    let mut rbac = request.azure.rbac_mut();
    let not_permitted = |reason| ArmError::RoleDefinitionUpdateNotPermitted { id: id.to_string(), reason };
    match rbac.definition(id) {
        None => return Ok(Reply::empty(StatusCode::NO_CONTENT)),
        Some(role) if role.built_in => return Err(not_permitted("it is built in")),
        Some(_) => {}
    }
    if rbac.assignments().any(|it| it.role == id && it.effective_until.is_none()) {
        return Err(not_permitted("there are assignments of it"));
    }
    match rbac.undefine(id) {
        Some(role) => ok(&document(&role, scope)),
        None => Ok(Reply::empty(StatusCode::NO_CONTENT)),
    }
}

/// The id of a role as seen from `scope`: under its subscription, or the tenant's own.
pub(super) fn definition_id(scope: &str, role: Uuid) -> String {
    match subscription_of(scope) {
        Some(subscription) => format!("/subscriptions/{subscription}/providers/{TYPE}/{role}"),
        None => format!("/providers/{TYPE}/{role}"),
    }
}

fn kind(role: &RoleDefinition) -> &'static str {
    if role.built_in { "BuiltInRole" } else { "CustomRole" }
}

fn document(role: &RoleDefinition, scope: &str) -> Value {
    let permissions: Vec<Value> = role
        .permissions
        .iter()
        .map(|permission| {
            json!({
                "actions": permission.actions,
                "notActions": permission.not_actions,
                "dataActions": permission.data_actions,
                "notDataActions": permission.not_data_actions,
            })
        })
        .collect();
    json!({
        "id": definition_id(scope, role.id),
        "name": role.id.to_string(),
        "type": TYPE,
        "properties": {
            "roleName": role.name,
            "type": kind(role),
            "description": role.description,
            "assignableScopes": role.assignable_scopes,
            "permissions": permissions,
        },
    })
}
