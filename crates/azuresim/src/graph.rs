//! Microsoft Graph, as far as `az role assignment` and azurerm ask it: who is this object id, this application id?

use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    cloud::Azure,
    entra::{CallerError, Principal, PrincipalKind, challenge_claims},
    wire::{Call, Reply},
};

/// Answers a request to Graph's host. Every application of the tenant may read the directory.
pub(crate) fn handle(azure: &Azure, call: &Call) -> Reply {
    let verified = call.bearer().map(|token| {
        azure.entra.verifier().verify(
            token,
            |audience| azure.environment.is_graph_audience(audience),
            azure.now(),
        )
    });
    let caller = match verified {
        Some(Ok(caller)) => caller,
        Some(Err(error @ CallerError::Challenged { since })) => {
            let reply = refuse(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", &error.to_string());
            let login = azure.environment.url(&azure.environment.login);
            let claims = challenge_claims(since);
            return reply.header(
                "www-authenticate",
                format!(
                    "Bearer authorization_uri=\"{login}/{}\", error=\"insufficient_claims\", claims=\"{claims}\"",
                    azure.tenant_id
                ),
            );
        }
        Some(Err(error)) => {
            return refuse(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", &error.to_string());
        }
        None => {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "InvalidAuthenticationToken",
                "the access token is missing",
            );
        }
    };
    let segments: Vec<String> = call.segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let directory = azure.entra.directory();
    match (&call.method, segments.as_slice()) {
        (&Method::POST, [_, "directoryobjects", "getbyids"]) => {
            let ids = call.json::<Value>().unwrap_or_default();
            let ids = ids["ids"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let found =
                ids.filter_map(|id| Uuid::try_parse(id).ok()).filter_map(|id| directory.principal(id));
            list(found)
        }
        (&Method::GET, [_, kind @ ("serviceprincipals" | "users" | "groups" | "directoryobjects")]) => {
            let wanted = call.parameter("$filter").and_then(quoted);
            let mut found: Vec<&Principal> = directory
                .principals()
                .filter(|principal| collection(principal) == *kind || *kind == "directoryobjects")
                .filter(|principal| wanted.is_none_or(|wanted| is_called(principal, wanted)))
                .collect();
            found.sort_by_key(|principal| principal.object_id);
            list(found.into_iter())
        }
        (&Method::GET, [_, "serviceprincipals" | "users" | "groups" | "directoryobjects", id]) => {
            match Uuid::try_parse(id).ok().and_then(|id| directory.principal(id)) {
                Some(principal) => Reply::json(StatusCode::OK, &document(principal)),
                None => refuse(
                    StatusCode::NOT_FOUND,
                    "Request_ResourceNotFound",
                    &format!(
                        "resource '{id}' does not exist, or one of its queried references is not present"
                    ),
                ),
            }
        }
        (&Method::GET, [_, "me"]) => match directory.principal(caller.object_id) {
            Some(principal) => Reply::json(StatusCode::OK, &document(principal)),
            None => {
                refuse(StatusCode::NOT_FOUND, "Request_ResourceNotFound", "the caller is no longer there")
            }
        },
        _ => refuse(StatusCode::BAD_REQUEST, "BadRequest", "this part of Graph is not served here"),
    }
}

fn collection(principal: &Principal) -> &'static str {
    match principal.kind {
        PrincipalKind::ManagedIdentity { .. } | PrincipalKind::Application => "serviceprincipals",
        PrincipalKind::User => "users",
        PrincipalKind::Group => "groups",
    }
}

/// The text in the first pair of quotes of an OData filter.
fn quoted(filter: &str) -> Option<&str> {
    filter.split('\'').nth(1)
}

fn is_called(principal: &Principal, name: &str) -> bool {
    principal.display_name.eq_ignore_ascii_case(name)
        || Uuid::try_parse(name).is_ok_and(|id| principal.object_id == id || principal.app_id == Some(id))
}

fn document(principal: &Principal) -> Value {
    let id = principal.object_id.to_string();
    let name = &principal.display_name;
    match &principal.kind {
        PrincipalKind::User => json!({
            "@odata.type": "#microsoft.graph.user",
            "id": id, "displayName": name, "userPrincipalName": name,
        }),
        PrincipalKind::Group => json!({
            "@odata.type": "#microsoft.graph.group",
            "id": id, "displayName": name, "securityEnabled": true,
        }),
        kind => {
            let app_id = principal.app_id.map(|id| id.to_string());
            let (service_type, alternative) = match kind {
                PrincipalKind::ManagedIdentity { resource_id } => {
                    ("ManagedIdentity", vec![resource_id.as_str()])
                }
                _ => ("Application", Vec::new()),
            };
            json!({
                "@odata.type": "#microsoft.graph.servicePrincipal",
                "id": id, "displayName": name, "appId": app_id, "appDisplayName": name,
                "servicePrincipalType": service_type, "servicePrincipalNames": [app_id],
                "alternativeNames": alternative,
            })
        }
    }
}

fn list<'a>(principals: impl Iterator<Item = &'a Principal>) -> Reply {
    let value: Vec<Value> = principals.map(document).collect();
    Reply::json(StatusCode::OK, &json!({ "value": value }))
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": {"code": code, "message": message}}))
}
