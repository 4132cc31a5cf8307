//! The instance metadata service: tokens for the identities that are assigned to the machine, without any secret.
//!
//! Source: Microsoft Learn, "How to use managed identities for Azure resources to acquire an access token". Plain HTTP,
//! guarded by a header that no browser or careless proxy sends; numbers are written as text.

use http::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::{
    cloud::Azure,
    entra::{self, Principal, PrincipalKind},
    wire::{Call, Reply},
};

/// Where a machine finds the service.
pub(crate) const HOST: &str = "169.254.169.254";

/// The versions of the token endpoint, oldest first.
const VERSIONS: [&str; 2] = ["2018-02-01", "2019-08-01"];

/// Why no token is given: the error, and what is said of it.
struct Refusal(StatusCode, &'static str, String);

fn refused(error: &'static str, description: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, error, description.into())
}

/// Answers a request to the link-local address.
pub(crate) fn handle(azure: &Azure, call: &Call) -> Reply {
    token(azure, call).unwrap_or_else(|Refusal(status, error, description)| {
        Reply::json(status, &json!({"error": error, "error_description": description}))
    })
}

fn token(azure: &Azure, call: &Call) -> Result<Reply, Refusal> {
    let path: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    if path != ["metadata", "identity", "oauth2", "token"] {
        return Err(Refusal(StatusCode::NOT_FOUND, "not_found", "The requested path is not served".into()));
    }
    if call.method != Method::GET {
        let description = "The token endpoint is read with GET".into();
        return Err(Refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", description));
    }
    if !call.header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Err(refused("bad_request_102", "Required metadata header not specified"));
    }
    let version = call.parameter("api-version").unwrap_or_default();
    if !VERSIONS.contains(&version) {
        let known = VERSIONS.join(", ");
        return Err(refused("bad_request", format!("The api-version must be one of {known}")));
    }
    let resource = call
        .parameter("resource")
        .filter(|resource| !resource.is_empty())
        .ok_or_else(|| refused("invalid_request", "Required query variable 'resource' is missing"))?;
    let principal = identity(azure, call)?;
    let granted = entra::grant_to_machine(azure, &principal, resource)
        .map_err(|reason| refused("invalid_resource", reason))?;
    Ok(Reply::json(
        StatusCode::OK,
        &json!({
            "access_token": granted.token,
            "client_id": principal.app_id.map(|id| id.to_string()),
            "expires_in": granted.lifetime.to_string(),
            "expires_on": granted.begin.saturating_add(granted.lifetime).to_string(),
            "ext_expires_in": granted.lifetime.to_string(),
            "not_before": granted.begin.to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }),
    ))
}

/// The identity that the request names by one of its three ids, or the only one there is.
fn identity(azure: &Azure, call: &Call) -> Result<Principal, Refusal> {
    let assigned = azure.machine_identities();
    let directory = azure.entra.directory();
    let mut found = assigned.iter().filter_map(|id| directory.principal(*id));
    let guid = |text: &str| Uuid::try_parse(text).ok();
    let (client, object) = (call.parameter("client_id"), call.parameter("object_id"));
    let resource = call.parameter("msi_res_id").or(call.parameter("mi_res_id"));
    let named = match (client, object, resource) {
        (Some(id), _, _) => found.find(|it| it.app_id.is_some() && it.app_id == guid(id)),
        (_, Some(id), _) => found.find(|it| Some(it.object_id) == guid(id)),
        (_, _, Some(id)) => found.find(|it| {
            matches!(&it.kind, PrincipalKind::ManagedIdentity { resource_id } if resource_id.eq_ignore_ascii_case(id))
        }),
        (None, None, None) => {
            let only = found.next();
            if found.next().is_some() {
                let description = "Multiple user assigned identities exist, please specify the clientId / resourceId \
                                   of the identity in the token request";
                return Err(refused("invalid_request", description));
            }
            only
        }
    };
    named.cloned().ok_or_else(|| refused("invalid_request", "Identity not found"))
}
