//! Acting as somebody else.
//!
//! Since 1.36 there are two ways: the constrained one (`impersonate:MODE` on the identity together with
//! `impersonate-on:MODE:VERB` on what is done), and the old one (`impersonate` on the identity, for everything).

use std::collections::BTreeMap;

use ::http::HeaderMap;

use super::authorize::{attributes, forbidden};
use super::{AUTHENTICATED, Attributes, Decision, User};
use crate::http::query::decode;
use crate::http::request::Place;
use crate::server::Server;
use crate::status::{Answer, Status, quote};

const AUTHENTICATION: &str = "authentication.k8s.io";

/// One identity that is asked for: a resource that one must be allowed to impersonate.
struct Identity {
    group: &'static str,
    resource: &'static str,
    subresource: String,
    namespace: String,
    name: String,
}

/// The user that the request is carried out as.
pub(crate) fn impersonate(server: &Server, headers: &HeaderMap, user: User, place: &Place) -> Answer<User> {
    let one =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let groups: Vec<String> = headers
        .get_all("impersonate-group")
        .iter()
        .filter_map(|value| value.to_str().ok().map(str::to_owned))
        .collect();
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        if let Some(key) = name.as_str().strip_prefix("impersonate-extra-") {
            let key = decode(key, false).unwrap_or_else(|| key.to_owned()).to_lowercase();
            extra.entry(key).or_default().push(value.to_str().unwrap_or_default().to_owned());
        }
    }
    let wanted = User { name: one("impersonate-user"), uid: one("impersonate-uid"), groups, extra };
    if wanted.name.is_empty() {
        if wanted == User::default() {
            return Ok(user);
        }
        return Err(Status::bad_request(format!(
            "requested {} without impersonating a user name",
            go_dump(&wanted)
        )));
    }
    permit(server, &user, &wanted, place)?;
    Ok(completed(wanted))
}

fn go_dump(user: &User) -> String {
    let groups: Vec<String> = user.groups.iter().map(|group| quote(group)).collect();
    let groups = if groups.is_empty() {
        "[]string(nil)".to_owned()
    } else {
        format!("[]string{{{}}}", groups.join(", "))
    };
    let extra: Vec<String> = user
        .extra
        .iter()
        .map(|(key, values)| {
            let values: Vec<String> = values.iter().map(|value| quote(value)).collect();
            format!("{}:[]string{{{}}}", quote(key), values.join(", "))
        })
        .collect();
    let extra = if extra.is_empty() {
        "map[string][]string(nil)".to_owned()
    } else {
        format!("map[string][]string{{{}}}", extra.join(", "))
    };
    format!("&user.DefaultInfo{{Name:\"\", UID:{}, Groups:{groups}, Extra:{extra}}}", quote(&user.uid))
}

fn service_account(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// The constrained mode that fits what is asked for; a ServiceAccount or node must come alone.
fn mode(wanted: &User) -> Option<&'static str> {
    let alone = wanted.groups.is_empty() && wanted.uid.is_empty() && wanted.extra.is_empty();
    if service_account(&wanted.name).is_some() {
        alone.then_some("serviceaccount")
    } else if wanted.name.starts_with("system:node:") {
        alone.then_some("arbitrary-node")
    } else {
        Some("user-info")
    }
}

fn permit(server: &Server, user: &User, wanted: &User, place: &Place) -> Answer<()> {
    let decide = |act: &Attributes<'_>| match server.access.decide(server, user, act) {
        Decision::Allow(_) => Ok(()),
        refusal => Err(forbidden(user, act, refusal.reason())),
    };
    let constrained = mode(wanted).map(|mode| {
        let verb = format!("impersonate-on:{mode}:{}", place.verb);
        decide(&Attributes { verb: &verb, ..attributes(place) })?;
        let verb = format!("impersonate:{mode}");
        identities(wanted, true).iter().try_for_each(|identity| decide(&act(identity, &verb)))
    });
    if let Some(Ok(())) = constrained {
        return Ok(());
    }
    let legacy =
        identities(wanted, false).iter().try_for_each(|identity| decide(&act(identity, "impersonate")));
    match (constrained, legacy) {
        (_, Ok(())) => Ok(()),
        (Some(Err(refusal)), _) | (_, Err(refusal)) => Err(refusal),
    }
}

fn act<'a>(identity: &'a Identity, verb: &'a str) -> Attributes<'a> {
    Attributes {
        verb,
        resource_request: true,
        group: identity.group,
        version: "v1",
        resource: identity.resource,
        subresource: &identity.subresource,
        namespace: &identity.namespace,
        name: &identity.name,
        path: "",
    }
}

fn identities(wanted: &User, constrained: bool) -> Vec<Identity> {
    let plain = if constrained { AUTHENTICATION } else { "" };
    let identity = |group, resource, subresource: &str, namespace: &str, name: &str| Identity {
        group,
        resource,
        subresource: subresource.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let mut all = vec![match (service_account(&wanted.name), wanted.name.strip_prefix("system:node:")) {
        (Some((namespace, name)), _) => identity(plain, "serviceaccounts", "", namespace, name),
        (None, Some(node)) if constrained => identity(plain, "nodes", "", "", node),
        _ => identity(plain, "users", "", "", &wanted.name),
    }];
    if !wanted.uid.is_empty() {
        all.push(identity(AUTHENTICATION, "uids", "", "", &wanted.uid));
    }
    all.extend(wanted.groups.iter().map(|group| identity(plain, "groups", "", "", group)));
    for (key, values) in &wanted.extra {
        all.extend(values.iter().map(|value| identity(AUTHENTICATION, "userextras", key, "", value)));
    }
    all
}

/// The groups that come with a name.
fn completed(mut user: User) -> User {
    if user.groups.is_empty()
        && let Some((namespace, _)) = service_account(&user.name)
    {
        let of_namespace = format!("system:serviceaccounts:{namespace}");
        user.groups = vec!["system:serviceaccounts".to_owned(), of_namespace];
    }
    let group = if user.name == "system:anonymous" { "system:unauthenticated" } else { AUTHENTICATED };
    let known = |group: &String| group == AUTHENTICATED || group == "system:unauthenticated";
    if !user.groups.iter().any(known) {
        user.groups.push(group.to_owned());
    }
    user
}
