//! The documents by which clients find the authority's endpoints and keys.

use http::StatusCode;
use serde_json::json;

use super::{error::EntraError, token};
use crate::{
    cloud::Azure,
    wire::{Call, Reply},
};

/// Version of the endpoints; both issue the same tokens, since the resources served here take version 1 tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// `GET /common/discovery/instance`: which hosts are this authority. MSAL asks it before anything else.
pub(super) fn instance(azure: &Azure, call: &Call) -> Reply {
    let environment = &azure.environment;
    let aliases: Vec<&String> =
        std::iter::once(&environment.login).chain(&environment.login_aliases).collect();
    // A client asks about the authority that it was given; one of another cloud is none of ours.
    let asked = call.parameter("authorization_endpoint").and_then(|url| url.parse::<http::Uri>().ok());
    if let Some(host) = asked.as_ref().filter(|url| url.scheme().is_some()).and_then(http::Uri::host)
        && !aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host))
    {
        return EntraError::InstanceUnknown(host.to_owned()).reply(azure, call);
    }
    let body = json!({
        "tenant_discovery_endpoint":
            format!("{}/{}/v2.0/.well-known/openid-configuration", environment.url(&environment.login), azure.tenant_id),
        "api-version": call.parameter("api-version").unwrap_or("1.1"),
        "metadata": [{
            "preferred_network": environment.login,
            "preferred_cache": environment.login,
            "aliases": aliases,
        }],
    });
    Reply::json(StatusCode::OK, &body)
}

/// `GET /{tenant}/[v2.0/].well-known/openid-configuration`.
pub(super) fn openid_configuration(azure: &Azure, call: &Call, tenant: &str, version: Version) -> Reply {
    // MSAL also asks for `common` and `organizations`, whose document has a placeholder for the tenant.
    let shared = ["common", "organizations"].contains(&tenant);
    let issuer_tenant = if shared { "{tenantid}".to_owned() } else { azure.tenant_id.to_string() };
    if !shared && let Err(error) = token::check_tenant(azure, tenant) {
        return error.reply(azure, call);
    }
    let environment = &azure.environment;
    let base = format!("{}/{tenant}", environment.url(&environment.login));
    let (issuer, path) = match version {
        Version::One => (format!("{}{issuer_tenant}/", environment.token_issuer), "oauth2"),
        Version::Two => {
            (format!("{}/{issuer_tenant}/v2.0", environment.url(&environment.login)), "oauth2/v2.0")
        }
    };
    let keys = match version {
        Version::One => "discovery/keys",
        Version::Two => "discovery/v2.0/keys",
    };
    let body = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/{path}/authorize"),
        "token_endpoint": format!("{base}/{path}/token"),
        "device_authorization_endpoint": format!("{base}/{path}/devicecode"),
        "end_session_endpoint": format!("{base}/{path}/logout"),
        "jwks_uri": format!("{base}/{keys}"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": environment.graph,
    });
    Reply::json(StatusCode::OK, &body)
}
