//! The token endpoint: client credentials in, an access token or an `AADSTS` code out.

use std::time::Duration;

use gangplank_pki::Token;
use http::StatusCode;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    assertion,
    directory::{Credentials, Principal, PrincipalKind},
    discovery::Version,
    error::EntraError,
};
use crate::{
    cloud::Azure,
    wire::{Call, Reply},
};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The AKS server application: the audience of every AKS API server, the same id in all clouds.
const AKS_SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// Tokens of managed identities live a day, those of applications about an hour.
const IDENTITY_LIFETIME: Duration = Duration::from_secs(86_399);
const APPLICATION_LIFETIME: Duration = Duration::from_secs(3_599);

/// How the client proved who it is (`appidacr`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Secret,
    Assertion,
}

/// `POST /{tenant}/oauth2/[v2.0/]token`.
pub(super) async fn answer(azure: &Azure, call: &Call, tenant: &str, version: Version) -> Reply {
    match issue(azure, call, tenant, version).await {
        Ok(reply) => reply,
        Err(error) => error.reply(azure, call),
    }
}

/// Whether the authority's path names this tenant, by id or by domain.
pub(super) fn check_tenant(azure: &Azure, tenant: &str) -> Result<(), EntraError> {
    let ours = Uuid::try_parse(tenant).is_ok_and(|id| id == azure.tenant_id)
        || tenant.eq_ignore_ascii_case(&azure.tenant_domain);
    if ours {
        Ok(())
    } else if Uuid::try_parse(tenant).is_ok() || tenant.contains('.') {
        Err(EntraError::TenantUnknown(tenant.to_owned()))
    } else {
        Err(EntraError::TenantMalformed(tenant.to_owned()))
    }
}

async fn issue(azure: &Azure, call: &Call, tenant: &str, version: Version) -> Result<Reply, EntraError> {
    check_tenant(azure, tenant)?;
    let form = call.form();
    let field = |name: &'static str| {
        form.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    };
    let required = |name: &'static str| field(name).ok_or(EntraError::FieldMissing(name));

    let grant = required("grant_type")?;
    if grant != "client_credentials" {
        return Err(EntraError::GrantUnsupported(grant.to_owned()));
    }
    let client = required("client_id")?;
    let scope = match version {
        Version::One => format!("{}/.default", required("resource")?),
        Version::Two => required("scope")?.to_owned(),
    };
    let skew = azure.faults.read(|faults| faults.entra_clock_skew);
    let now = azure.now().checked_add(skew).unwrap_or(Timestamp::MAX);

    let (principal, credentials) = {
        let directory = azure.entra.directory();
        let principal = Uuid::try_parse(client).ok().and_then(|id| directory.by_app_id(id)).cloned();
        let principal = principal.ok_or_else(|| EntraError::ClientUnknown {
            client: client.to_owned(),
            tenant: tenant.to_owned(),
        })?;
        let credentials = directory.credentials(principal.object_id).cloned().unwrap_or_default();
        (principal, credentials)
    };
    let proof = match (field("client_assertion"), field("client_secret")) {
        (Some(token), _) => {
            let kind = required("client_assertion_type")?;
            if kind != JWT_BEARER {
                return Err(EntraError::AssertionInvalid(format!(
                    "the assertion type '{kind}' is not supported"
                )));
            }
            check_assertion(azure, &principal, &credentials, token, now).await?;
            Proof::Assertion
        }
        (None, Some(secret)) => {
            check_secret(client, &credentials, secret, now)?;
            Proof::Secret
        }
        (None, None) => return Err(EntraError::CredentialMissing),
    };
    let audience = audience(azure, &scope)?;
    let usual = match principal.kind {
        PrincipalKind::ManagedIdentity { .. } => IDENTITY_LIFETIME,
        _ => APPLICATION_LIFETIME,
    };
    let lifetime = azure.faults.read(|faults| faults.token_lifetime).unwrap_or(usual);
    let grant = Grant { audience: &audience, proof, now, lifetime, capable: is_capable(field("claims")) };
    let token = access_token(azure, &principal, &grant)?;
    Ok(Reply::json(StatusCode::OK, &grant_body(version, &audience, token, now, lifetime))
        .header("cache-control", "no-store, no-cache")
        .header("pragma", "no-cache"))
}

/// Whether the client says that it can answer claims challenges: `{"access_token": {"xms_cc": {"values": ["CP1"]}}}`.
fn is_capable(claims: Option<&str>) -> bool {
    let claims = claims.and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    let values = claims.pointer("/access_token/xms_cc/values").and_then(Value::as_array);
    let mut values = values.into_iter().flatten().filter_map(Value::as_str);
    values.any(|value| value.eq_ignore_ascii_case("CP1"))
}

/// A token for an identity of the machine; both times are Unix seconds.
pub(crate) struct Granted {
    pub(crate) token: String,
    pub(crate) begin: i64,
    pub(crate) lifetime: i64,
}

/// Issues a token to an identity that the metadata service vouches for. The error is the reason.
pub(crate) fn grant_to_machine(
    azure: &Azure,
    principal: &Principal,
    resource: &str,
) -> Result<Granted, String> {
    let audience = audience(azure, &format!("{resource}/.default"));
    let audience = audience.map_err(|error| format!("AADSTS{}: {error}", error.code()))?;
    let skew = azure.faults.read(|faults| faults.entra_clock_skew);
    let now = azure.now().checked_add(skew).unwrap_or(Timestamp::MAX);
    let lifetime = azure.faults.read(|faults| faults.token_lifetime).unwrap_or(IDENTITY_LIFETIME);
    let grant = Grant { audience: &audience, proof: Proof::Assertion, now, lifetime, capable: false };
    let token = access_token(azure, principal, &grant).map_err(|error| error.to_string())?;
    let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    Ok(Granted { token, begin: now.as_second(), lifetime })
}

/// A token of now for who acts from inside, whatever is wrong with Entra.
pub(crate) fn vouch(azure: &Azure, principal: &Principal, resource: &str) -> Option<String> {
    let audience = audience(azure, &format!("{resource}/.default")).ok()?;
    let now = azure.now();
    let (proof, lifetime) = (Proof::Assertion, APPLICATION_LIFETIME);
    access_token(azure, principal, &Grant { audience: &audience, proof, now, lifetime, capable: false }).ok()
}

/// What a token is to say beside who its bearer is.
struct Grant<'a> {
    audience: &'a str,
    proof: Proof,
    now: Timestamp,
    lifetime: Duration,
    /// The client can answer claims challenges.
    capable: bool,
}

/// A federated assertion, or one that the application signed with its own certificate.
async fn check_assertion(
    azure: &Azure,
    principal: &Principal,
    credentials: &Credentials,
    text: &str,
    now: Timestamp,
) -> Result<(), EntraError> {
    let assertion = Token::parse(text).map_err(|error| EntraError::AssertionInvalid(error.to_string()))?;
    let issuer = assertion.text("iss").to_owned();
    // An assertion that the client issues itself is signed with its certificate; no issuer is asked.
    if principal.app_id.is_some_and(|id| Uuid::try_parse(&issuer).is_ok_and(|iss| iss == id)) {
        return check_certificate(credentials, text, &assertion, now);
    }
    assertion::matching(&credentials.federated, &assertion, azure.now())?;
    if let Some(reason) = azure.faults.read(|faults| faults.issuer_fetch.clone()) {
        return Err(EntraError::IssuerUnreachable { issuer, reason });
    }
    let issuers = &azure.entra.issuers;
    let fetch = async || {
        let fetched = issuers.fetch(azure.issuers.as_ref(), &issuer, now).await;
        fetched.map_err(|reason| EntraError::IssuerUnreachable { issuer: issuer.clone(), reason })
    };
    let (keys, fresh) = match issuers.kept(&issuer, now) {
        Some(keys) => (keys, false),
        None => (fetch().await?, true),
    };
    let verified = match Token::verify(text, &keys) {
        // The issuer may have rotated its keys since they were fetched.
        Err(gangplank_pki::TokenError::UnknownKey(_)) if !fresh => Token::verify(text, &*fetch().await?),
        verified => verified,
    };
    let assertion = verified.map_err(|error| EntraError::AssertionInvalid(error.to_string()))?;
    assertion::check_times(&assertion, now)
}

/// RFC 7523: issuer and subject are the client, the signature is that of a registered certificate.
fn check_certificate(
    credentials: &Credentials,
    text: &str,
    assertion: &Token,
    now: Timestamp,
) -> Result<(), EntraError> {
    if assertion.text("sub") != assertion.text("iss") {
        return Err(EntraError::CertificateAssertion("its subject is not the client".into()));
    }
    // Clients name the certificate by thumbprint (`x5t`), not by key id; the few registered keys are tried in turn.
    let header_key = assertion.header.get("kid").and_then(Value::as_str).unwrap_or_default();
    let keys = credentials.certificates.iter().map(|key| gangplank_pki::KeySet {
        keys: vec![gangplank_pki::Jwk { key_id: header_key.to_owned(), ..key.clone() }],
    });
    let mut verdicts = keys.map(|keys| Token::verify(text, &keys));
    if !verdicts.any(|verdict| verdict.is_ok()) {
        return Err(EntraError::CertificateAssertion("no registered certificate has signed it".into()));
    }
    assertion::check_times(assertion, now)
}

fn check_secret(
    client: &str,
    credentials: &Credentials,
    secret: &str,
    now: Timestamp,
) -> Result<(), EntraError> {
    let known = credentials.secrets.iter().find(|known| known.value.expose_secret() == secret);
    match known {
        None => Err(EntraError::SecretInvalid(client.to_owned())),
        Some(known) if known.expires <= now => Err(EntraError::SecretExpired(client.to_owned())),
        Some(_) => Ok(()),
    }
}

/// The audience that a scope asks for: the text before `/.default`, if that is a resource of this tenant.
fn audience(azure: &Azure, scope: &str) -> Result<String, EntraError> {
    // MSAL for Go adds these to every request; they ask for no resource.
    let own = ["openid", "offline_access", "profile", "email"];
    let mut scopes = scope.split_ascii_whitespace().filter(|scope| !own.contains(scope));
    let wanted = scopes.next().ok_or_else(|| EntraError::ScopeNotDefault(scope.to_owned()))?;
    if scopes.next().is_some() {
        return Err(EntraError::ScopeManyResources(scope.to_owned()));
    }
    let audience =
        wanted.strip_suffix("/.default").ok_or_else(|| EntraError::ScopeNotDefault(wanted.to_owned()))?;
    let environment = &azure.environment;
    let is_app = |id: &str| {
        id.eq_ignore_ascii_case(AKS_SERVER_APP)
            || Uuid::try_parse(id).is_ok_and(|id| azure.entra.directory().by_app_id(id).is_some())
    };
    let known = environment.is_management_audience(audience)
        || environment.is_vault_audience(audience)
        || environment.is_graph_audience(audience)
        || is_app(audience)
        || ["spn:", "api://"].iter().filter_map(|scheme| audience.strip_prefix(scheme)).any(is_app);
    known.then(|| audience.to_owned()).ok_or_else(|| EntraError::ResourceUnknown(audience.to_owned()))
}

fn access_token(azure: &Azure, principal: &Principal, grant: &Grant<'_>) -> Result<String, EntraError> {
    // What is issued after an order to expire tokens is none of those, be it in the same second.
    let seconds = grant.now.as_second().max(azure.entra.verifier.oldest());
    let mut claims = json!({
        "aud": grant.audience,
        "iss": azure.entra.verifier.issuer(),
        "iat": seconds,
        "nbf": seconds,
        "exp": seconds.saturating_add_unsigned(grant.lifetime.as_secs()),
        "appid": principal.app_id.map(|id| id.to_string()).unwrap_or_default(),
        "appidacr": match grant.proof { Proof::Secret => "1", Proof::Assertion => "2" },
        "idp": azure.entra.verifier.issuer(),
        "idtyp": "app",
        "oid": principal.object_id.to_string(),
        "sub": principal.object_id.to_string(),
        "tid": azure.tenant_id.to_string(),
        "uti": azure.ids.next("uti", "").simple().to_string(),
        "ver": "1.0",
    });
    if let PrincipalKind::ManagedIdentity { resource_id } = &principal.kind {
        claims["xms_mirid"] = json!(resource_id);
    }
    if grant.capable {
        claims["xms_cc"] = json!(["CP1"]);
    }
    azure.entra.signer().sign(&claims).map_err(|error| {
        tracing::error!(%error, "an access token could not be signed");
        EntraError::Signing
    })
}

fn grant_body(version: Version, audience: &str, token: String, now: Timestamp, lifetime: Duration) -> Value {
    let expires_in = lifetime.as_secs();
    match version {
        Version::Two => json!({
            "token_type": "Bearer",
            "expires_in": expires_in,
            "ext_expires_in": expires_in,
            "access_token": token,
        }),
        // The first version writes its numbers as text.
        Version::One => json!({
            "token_type": "Bearer",
            "expires_in": expires_in.to_string(),
            "ext_expires_in": expires_in.to_string(),
            "expires_on": now.as_second().saturating_add_unsigned(expires_in).to_string(),
            "not_before": now.as_second().to_string(),
            "resource": audience,
            "access_token": token,
        }),
    }
}
