//! Role assignments.
//!
//! Source of the rules: Microsoft Learn, "Troubleshoot Azure RBAC" and the Authorization REST reference.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Answer, ArmError,
    definitions::definition_id,
    filter::{Term, parse},
    not_allowed, ok,
    path::subscription_of,
    request::Request,
};
use crate::{
    cloud::Azure,
    faults::later,
    rbac::{Attributes, Condition, RoleAssignment, is_at_or_under},
    wire::Reply,
};

const TYPE: &str = "Microsoft.Authorization/roleAssignments";

#[derive(Deserialize)]
struct AssignmentBody {
    properties: AssignmentProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssignmentProperties {
    #[serde(default)]
    role_definition_id: String,
    #[serde(default)]
    principal_id: String,
    principal_type: Option<String>,
    description: Option<String>,
    condition: Option<String>,
    condition_version: Option<String>,
}

/// An assignment to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewAssignment {
    pub(crate) name: Uuid,
    pub(crate) scope: String,
    pub(crate) role: Uuid,
    pub(crate) principal: Uuid,
    pub(crate) principal_type: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) condition: Option<Condition>,
    pub(crate) created_by: Uuid,
}

pub(super) fn list(request: &Request<'_>, scope: &str) -> Answer {
    if !request.is(&Method::GET) {
        return not_allowed(request, TYPE);
    }
    request.authorize("Microsoft.Authorization/roleAssignments/read", scope)?;
    let terms = parse(request.call.parameter("$filter").unwrap_or_default())?;
    let at_scope = terms.iter().any(|term| matches!(term, Term::Function(name, None) if name == "atscope"));
    // The principals that a term asks for; a list of lists, all of which must hold.
    let mut wanted: Vec<Vec<Uuid>> = Vec::new();
    for term in &terms {
        match term {
            Term::Function(name, None) if name == "atscope" => {}
            Term::Equals(property, value) if property == "principalid" => {
                wanted.push(Uuid::try_parse(value).into_iter().collect());
            }
            Term::Function(name, Some(value)) if name == "assignedto" => {
                let id = Uuid::try_parse(value).unwrap_or_default();
                wanted.push(request.azure.entra.directory().with_groups(id));
            }
            _ => return Err(ArmError::InvalidQuery("role assignments can't be filtered by this".into())),
        }
    }
    let rbac = request.azure.rbac();
    let mut found: Vec<&RoleAssignment> = rbac
        .assignments()
        .filter(|it| it.effective_until.is_none())
        .filter(|it| is_at_or_under(scope, &it.scope) || (!at_scope && is_at_or_under(&it.scope, scope)))
        .filter(|it| wanted.iter().all(|ids| ids.contains(&it.principal)))
        .collect();
    found.sort_by_key(|it| (it.scope.to_ascii_lowercase(), it.name));
    Ok(request.page(found.into_iter().map(document).collect()))
}

pub(super) fn one(request: &Request<'_>, scope: &str, name: &str) -> Answer {
    let azure = request.azure;
    let missing = || ArmError::ResourceNotFound(request.call.path.clone());
    let id = Uuid::try_parse(name);
    let at_this_scope = |it: &&RoleAssignment| it.scope.eq_ignore_ascii_case(scope);
    match request.call.method {
        Method::GET => {
            request.authorize("Microsoft.Authorization/roleAssignments/read", scope)?;
            let rbac = azure.rbac();
            let found = id.ok().and_then(|id| rbac.assignment(id)).filter(at_this_scope);
            ok(&document(found.ok_or_else(missing)?))
        }
        Method::PUT => {
            let rule = "the name of a role assignment is a GUID";
            let name = id.map_err(|_| ArmError::InvalidName { name: name.to_owned(), rule });
            let new = name.and_then(|name| read(request, scope, name));
            // What is wrong with a request is told only to who may make it.
            let attributes = match &new {
                Ok(new) => {
                    let known =
                        azure.entra.directory().principal(new.principal).map(|it| it.principal_type());
                    let stated = new.principal_type.as_deref();
                    attributes("Request", new.role, new.principal, stated.or(known).unwrap_or_default())
                }
                Err(_) => Attributes::default(),
            };
            request.authorize_with("Microsoft.Authorization/roleAssignments/write", &attributes, scope)?;
            let new = new?;
            let (status, assignment) = assign(azure, new)?;
            Ok(Reply::json(status, &document(&assignment)))
        }
        Method::DELETE => {
            let attributes = {
                let rbac = azure.rbac();
                let known = id.as_ref().ok().and_then(|id| rbac.assignment(*id)).filter(at_this_scope);
                known
                    .map(|it| attributes("Resource", it.role, it.principal, &it.principal_type))
                    .unwrap_or_default()
            };
            request.authorize_with("Microsoft.Authorization/roleAssignments/delete", &attributes, scope)?;
            let until = later(request.now, azure.faults.read(|faults| faults.role_propagation));
            let mut rbac = azure.rbac_mut();
            let known = id.ok().filter(|id| rbac.assignment(*id).filter(at_this_scope).is_some());
            // The deleted assignment comes back as the body, or nothing where there was none.
            match known.and_then(|id| rbac.unassign(id, request.now, until)) {
                Some(assignment) => ok(&document(&assignment)),
                None => Ok(Reply::empty(StatusCode::NO_CONTENT)),
            }
        }
        _ => not_allowed(request, TYPE),
    }
}

fn read(request: &Request<'_>, scope: &str, name: Uuid) -> Result<NewAssignment, ArmError> {
    let properties = request.body::<AssignmentBody>()?.properties;
    let role = properties.role_definition_id.rsplit('/').next().unwrap_or_default();
    let role = Uuid::try_parse(role)
        .map_err(|_| ArmError::RoleDefinitionDoesNotExist(properties.role_definition_id.clone()))?;
    let principal = Uuid::try_parse(&properties.principal_id)
        .map_err(|_| ArmError::InvalidPrincipalId(properties.principal_id.clone()))?;
    Ok(NewAssignment {
        name,
        scope: scope.to_owned(),
        role,
        principal,
        principal_type: properties.principal_type.filter(|it| !it.is_empty()),
        description: properties.description,
        condition: condition(properties.condition, properties.condition_version.as_deref())?,
        created_by: request.caller.object_id,
    })
}

fn condition(text: Option<String>, version: Option<&str>) -> Result<Option<Condition>, ArmError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if version != Some("2.0") {
        return Err(ArmError::BadRequest("a condition needs the conditionVersion 2.0".into()));
    }
    Condition::parse(&text).map(Some).map_err(|error| ArmError::BadRequest(error.to_string()))
}

/// What a condition can ask of an assignment, be it requested or about to be deleted.
fn attributes(source: &str, role: Uuid, principal: Uuid, principal_type: &str) -> Attributes {
    let name = |name: &str| format!("{TYPE}:{name}");
    Attributes::default()
        .with(source, &name("RoleDefinitionId"), role.to_string())
        .with(source, &name("PrincipalId"), principal.to_string())
        .with(source, &name("PrincipalType"), principal_type)
}

/// Makes an assignment, if the rules allow it.
pub(crate) fn assign(azure: &Azure, new: NewAssignment) -> Result<(StatusCode, RoleAssignment), ArmError> {
    let now = azure.now();
    check_scope(azure, &new.scope)?;
    let principal_type = principal_type(azure, &new)?;
    let propagation = azure.faults.read(|faults| faults.role_propagation);
    let mut rbac = azure.rbac_mut();
    let role = rbac.definition(new.role).filter(|role| role.is_assignable_at(&new.scope));
    if role.is_none() {
        return Err(ArmError::RoleDefinitionDoesNotExist(new.role.to_string()));
    }
    let mut assignment = RoleAssignment {
        name: new.name,
        scope: new.scope,
        role: new.role,
        principal: new.principal,
        principal_type,
        description: new.description,
        condition: new.condition,
        created_by: new.created_by,
        created_on: now,
        effective_from: later(now, propagation),
        effective_until: None,
    };
    let same = |it: &RoleAssignment| {
        it.scope.eq_ignore_ascii_case(&assignment.scope)
            && it.role == assignment.role
            && it.principal == assignment.principal
    };
    if let Some(known) = rbac.assignment(assignment.name).cloned() {
        if !same(&known) {
            return Err(ArmError::RoleAssignmentUpdateNotPermitted);
        }
        // Its note and condition may change; it stays in effect and keeps its maker.
        assignment.created_by = known.created_by;
        assignment.created_on = known.created_on;
        assignment.effective_from = known.effective_from;
        rbac.unassign(known.name, now, now);
        rbac.assign(assignment.clone());
        return Ok((StatusCode::OK, assignment));
    }
    if let Some(twin) = rbac.assignments_at(&assignment.scope).find(|it| same(it)) {
        return Err(ArmError::RoleAssignmentExists(twin.name.simple().to_string()));
    }
    if let Some(subscription) = subscription_of(&assignment.scope) {
        let root = format!("/subscriptions/{subscription}");
        let most = azure.environment.role_assignments;
        if rbac.count_under(&root) >= most {
            return Err(ArmError::RoleAssignmentLimitExceeded(most));
        }
    }
    rbac.assign(assignment.clone());
    Ok((StatusCode::CREATED, assignment))
}

/// A scope must exist: the tenant, a subscription, a group, a resource, or something inside of a resource.
fn check_scope(azure: &Azure, scope: &str) -> Result<(), ArmError> {
    let Some(subscription) = subscription_of(scope) else { return Ok(()) };
    let known =
        Uuid::try_parse(subscription).is_ok_and(|id| azure.subscriptions.iter().any(|it| it.id == id));
    if !known {
        return Err(ArmError::SubscriptionNotFound(subscription.to_owned()));
    }
    let segments: Vec<&str> = scope.split('/').skip(1).collect();
    let (resource, missing): (_, fn(String) -> ArmError) = match segments.len() {
        ..=2 => return Ok(()),
        3..=4 => {
            (segments.get(..4), |id| ArmError::ResourceGroupNotFound(super::path::name_of(&id).to_owned()))
        }
        _ => (segments.get(..8), ArmError::ResourceNotFound),
    };
    let resource = resource.map(|segments| format!("/{}", segments.join("/")));
    match resource {
        Some(id) if azure.arm.store(azure).get(&id).is_some() => Ok(()),
        Some(id) => Err(missing(id)),
        None => Err(ArmError::InvalidResourcePath(scope.to_owned())),
    }
}

/// The principal's type. What it states of a service principal is believed, so that an assignment need not wait for a
/// new one to be known everywhere; a wrong object id then passes too, and grants nothing.
fn principal_type(azure: &Azure, new: &NewAssignment) -> Result<String, ArmError> {
    let not_found = || ArmError::PrincipalNotFound(new.principal.simple().to_string());
    let replication = azure.faults.read(|faults| faults.principal_replication);
    let directory = azure.entra.directory();
    let known = directory.principal(new.principal);
    let known =
        known.filter(|it| new.principal_type.is_some() || later(it.created_on, replication) <= azure.now());
    match (known, &new.principal_type) {
        (Some(known), Some(stated)) if !known.principal_type().eq_ignore_ascii_case(stated) => {
            Err(ArmError::UnmatchedPrincipalType {
                principal: new.principal.to_string(),
                actual: known.principal_type(),
                stated: stated.clone(),
            })
        }
        (Some(known), _) => Ok(known.principal_type().to_owned()),
        (None, Some(stated)) if stated.eq_ignore_ascii_case("ServicePrincipal") => {
            Ok("ServicePrincipal".to_owned())
        }
        (None, _) => Err(not_found()),
    }
}

pub(super) fn document(assignment: &RoleAssignment) -> Value {
    let scope = assignment.scope.trim_end_matches('/');
    let created_on = assignment.created_on.to_string();
    let created_by = assignment.created_by.to_string();
    json!({
        "id": format!("{scope}/providers/{TYPE}/{}", assignment.name),
        "name": assignment.name.to_string(),
        "type": TYPE,
        "properties": {
            "roleDefinitionId": definition_id(scope, assignment.role),
            "principalId": assignment.principal.to_string(),
            "principalType": assignment.principal_type,
            "scope": assignment.scope,
            "description": assignment.description,
            "condition": assignment.condition.as_ref().map(Condition::text),
            "conditionVersion": assignment.condition.as_ref().map(|_| "2.0"),
            "createdOn": created_on,
            "updatedOn": created_on,
            "createdBy": created_by,
            "updatedBy": created_by,
            "delegatedManagedIdentityResourceId": null,
        },
    })
}
