//! Federated identity credentials of a user-assigned identity.
//!
//! Source of the rules: Microsoft Learn, "Important considerations and restrictions for federated identity credentials".

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, ArmError,
    identities::Identity,
    not_allowed, ok,
    path::{Kind, is_name},
    request::Request,
    store::{Body, Store},
};
use crate::{cloud::Azure, entra::Federated, faults::later, wire::Reply};

/// The most credentials an identity may have.
const MOST: usize = 20;

/// Regions without federated credentials (as documented in 2026).
const REGIONS_WITHOUT: [&str; 2] = ["malaysiasouth", "newzealandnorth"];

/// A federated credential as Resource Manager holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    name: String,
    issuer: String,
    subject: String,
    audience: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CredentialBody {
    pub(crate) properties: CredentialProperties,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct CredentialProperties {
    #[serde(default)]
    pub(crate) issuer: String,
    #[serde(default)]
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) audiences: Vec<String>,
}

fn action(verb: &str) -> String {
    format!("{}/federatedIdentityCredentials/{verb}", Kind::Identity.type_name())
}

fn identity<'a>(store: &'a Store, id: &str) -> Result<&'a Identity, ArmError> {
    let found = store.get(id).and_then(|resource| resource.identity());
    found.ok_or_else(|| ArmError::ParentResourceNotFound(id.to_owned()))
}

fn identity_mut<'a>(store: &'a mut Store, id: &str) -> Result<&'a mut Identity, ArmError> {
    match store.get_mut(id).map(|resource| &mut resource.body) {
        Some(Body::Identity(identity)) => Ok(identity),
        _ => Err(ArmError::ParentResourceNotFound(id.to_owned())),
    }
}

pub(super) fn list(request: &Request<'_>, id: &str) -> Answer {
    if !request.is(&Method::GET) {
        return not_allowed(request, "federatedIdentityCredentials");
    }
    request.authorize(&action("read"), id)?;
    let store = request.azure.arm.store(request.azure);
    let resource = store.get(id).ok_or_else(|| ArmError::ParentResourceNotFound(id.to_owned()))?;
    let documents = identity(&store, id)?.credentials.iter().map(|it| document(&resource.id, it)).collect();
    Ok(request.page(documents))
}

pub(super) fn one(request: &Request<'_>, id: &str, name: &str) -> Answer {
    let azure = request.azure;
    match request.call.method {
        Method::GET => {
            request.authorize(&action("read"), id)?;
            let store = azure.arm.store(azure);
            let found =
                identity(&store, id)?.credentials.iter().find(|it| it.name.eq_ignore_ascii_case(name));
            let written = store.get(id).map_or(id, |resource| &resource.id);
            let missing = || ArmError::ResourceNotFound(format!("{id}/federatedIdentityCredentials/{name}"));
            ok(&document(written, found.ok_or_else(missing)?))
        }
        Method::PUT => {
            request.authorize(&action("write"), id)?;
            let (status, document) = put(azure, id, name, request.body()?)?;
            Ok(Reply::json(status, &document))
        }
        Method::DELETE => {
            request.authorize(&action("delete"), id)?;
            delete(azure, id, name, request.now)
        }
        _ => not_allowed(request, "federatedIdentityCredentials"),
    }
}

/// Creates or replaces a credential, if the rules allow it.
pub(crate) fn put(
    azure: &Azure,
    id: &str,
    name: &str,
    body: CredentialBody,
) -> Result<(StatusCode, Value), ArmError> {
    let now = azure.now();
    let mut store = azure.arm.store(azure);
    let location = store.get(id).map(|resource| resource.location.clone()).unwrap_or_default();
    let written = store.get(id).map_or(id, |resource| &resource.id).to_owned();
    let identity = identity_mut(&mut store, id)?;
    if REGIONS_WITHOUT.contains(&location.as_str()) {
        return Err(ArmError::UnsupportedRegion(location));
    }
    let credential = validate(name, body.properties)?;
    if identity.busy_until.is_some_and(|until| now < until) {
        return Err(ArmError::ConcurrentFederatedIdentityCredentialsWrites(id.to_owned()));
    }
    let others = || identity.credentials.iter().filter(|it| !it.name.eq_ignore_ascii_case(name));
    let twin = others().find(|it| it.issuer == credential.issuer && it.subject == credential.subject);
    if let Some(twin) = twin {
        return Err(ArmError::FederatedIdentityCredentialExists(twin.name.clone()));
    }
    if others().count() >= MOST {
        return Err(ArmError::TooManyFederatedIdentityCredentials(id.to_owned()));
    }
    let document = document(&written, &credential);
    let known = identity.credentials.iter_mut().find(|it| it.name.eq_ignore_ascii_case(name));
    let (status, changed) = match known {
        Some(known) => {
            let changed = *known != credential;
            *known = credential.clone();
            (StatusCode::OK, changed)
        }
        None => {
            identity.credentials.push(credential.clone());
            (StatusCode::CREATED, true)
        }
    };
    let (write, propagation) = azure.faults.read(|it| (it.credential_write, it.credential_propagation));
    identity.busy_until = Some(later(now, write));
    let principal = identity.principal_id;
    if changed {
        let federated = Federated {
            name: credential.name,
            issuer: credential.issuer,
            subject: credential.subject,
            audience: credential.audience,
            effective_from: later(now, propagation),
            effective_until: None,
        };
        azure.entra.directory_mut().put_federated(principal, federated, now);
    }
    Ok((status, document))
}

fn validate(name: &str, properties: CredentialProperties) -> Result<Credential, ArmError> {
    if !is_name(name, 3, 120, "-_") {
        return Err(ArmError::InvalidName {
            name: name.to_owned(),
            rule: "3 to 120 letters, digits, - or _, a letter or digit first",
        });
    }
    let missing =
        |what: &str| ArmError::BadRequest(format!("the federated identity credential has no {what}"));
    let invalid = |what: String| ArmError::BadRequest(format!("the federated identity credential's {what}"));
    let CredentialProperties { issuer, subject, audiences } = properties;
    if issuer.is_empty() {
        return Err(missing("issuer"));
    }
    if subject.is_empty() {
        return Err(missing("subject"));
    }
    // Fields are limited to 600 characters each.
    for (field, value) in [("issuer", &issuer), ("subject", &subject)] {
        if value.chars().count() > 600 {
            return Err(invalid(format!("{field} is longer than 600 characters")));
        }
    }
    if !issuer.starts_with("https://") {
        return Err(invalid(format!("issuer '{issuer}' is no https address")));
    }
    let mut audiences = audiences.into_iter();
    let audience =
        audiences.next().filter(|audience| !audience.is_empty()).ok_or_else(|| missing("audience"))?;
    if audiences.next().is_some() {
        return Err(invalid("audiences must have exactly one element".into()));
    }
    Ok(Credential { name: name.to_owned(), issuer, subject, audience })
}

fn delete(azure: &Azure, id: &str, name: &str, now: Timestamp) -> Answer {
    let mut store = azure.arm.store(azure);
    let identity = identity_mut(&mut store, id)?;
    if identity.busy_until.is_some_and(|until| now < until) {
        return Err(ArmError::ConcurrentFederatedIdentityCredentialsWrites(id.to_owned()));
    }
    let before = identity.credentials.len();
    identity.credentials.retain(|it| !it.name.eq_ignore_ascii_case(name));
    if identity.credentials.len() == before {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    let (write, propagation) = azure.faults.read(|it| (it.credential_write, it.credential_propagation));
    identity.busy_until = Some(later(now, write));
    let principal = identity.principal_id;
    azure.entra.directory_mut().remove_federated(principal, name, now, later(now, propagation));
    Ok(Reply::empty(StatusCode::OK))
}

fn document(identity: &str, credential: &Credential) -> Value {
    json!({
        "id": format!("{identity}/federatedIdentityCredentials/{}", credential.name),
        "name": credential.name,
        "type": format!("{}/federatedIdentityCredentials", Kind::Identity.type_name()),
        "properties": {
            "issuer": credential.issuer,
            "subject": credential.subject,
            "audiences": [credential.audience],
        },
    })
}
