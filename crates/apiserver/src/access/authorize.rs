//! Whether a request may be carried out, and how a refusal is told.

use super::{Attributes, Decision, User};
use crate::http::request::Place;
use crate::server::Server;
use crate::status::{Answer, Status, quote};

/// The attributes of a request.
pub(crate) fn attributes(place: &Place) -> Attributes<'_> {
    Attributes {
        verb: &place.verb,
        resource_request: place.resource_request,
        group: &place.group,
        version: &place.version,
        resource: &place.resource,
        subresource: &place.subresource,
        namespace: &place.namespace,
        name: &place.name,
        path: &place.path,
    }
}

/// Refuses what the user may not do.
pub(crate) fn authorize(server: &Server, user: &User, place: &Place) -> Answer<()> {
    let attributes = attributes(place);
    match server.access.decide(server, user, &attributes) {
        Decision::Allow(_) => Ok(()),
        Decision::Deny(reason) | Decision::NoOpinion(reason) => Err(forbidden(user, &attributes, &reason)),
    }
}

/// The refusal of an act.
pub(crate) fn forbidden(user: &User, attributes: &Attributes<'_>, reason: &str) -> Box<Status> {
    let tail = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    let who = quote(&user.name);
    if !attributes.resource_request {
        let message =
            format!("forbidden: User {who} cannot {} path {}{tail}", attributes.verb, quote(attributes.path));
        return Status::forbidden_path(message);
    }
    let resource = if attributes.subresource.is_empty() {
        attributes.resource.to_owned()
    } else {
        format!("{}/{}", attributes.resource, attributes.subresource)
    };
    let scope = if attributes.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {}", quote(attributes.namespace))
    };
    let why = format!(
        "User {who} cannot {} resource {} in API group {} {scope}{tail}",
        attributes.verb,
        quote(&resource),
        quote(attributes.group),
    );
    Status::forbidden(attributes.group, attributes.resource, attributes.name, &why)
}
