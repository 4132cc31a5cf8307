//! One generic handler a verb. What kinds add stands in their rows.
//!
//! ```text
//!   get, list ──▶ store ──▶ reply          create, update, patch ──▶ decode ──▶ admit ──▶ default, validate ──▶ own
//!   watch ──▶ a stream of the store's events                                      ──▶ store ──▶ controllers ──▶ reply
//! ```

mod admit;
mod create;
mod decode;
mod delete;
mod list;
mod ownership;
mod patch;
mod reply;
mod scale;
mod subresource;
mod unstructured;
mod update;
mod watch;
mod write;

use std::sync::{Arc, Mutex, PoisonError};

use ::http::{HeaderMap, Method, Response};
use bytes::Bytes;

use crate::access::User;
use crate::http::body::Body;
use crate::http::negotiate::{self, Form, Offer};
use crate::http::query::{ListOptions, Query};
use crate::http::request::Place;
use crate::registry::Resource;
use crate::server::{Server, accept};
use crate::status::{Answer, Status};
use crate::store::Key;

pub(crate) use decode::{report, schema_of};
pub(crate) use reply::{written, yaml};
pub(crate) use write::{System, owned_by, system_remove, system_status, system_write};

/// A request whose sender, right and resource are known.
pub(crate) struct Call<'a> {
    pub(crate) server: &'a Arc<Server>,
    pub(crate) method: &'a Method,
    pub(crate) place: &'a Place,
    pub(crate) query: &'a Query,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) user: &'a User,
    pub(crate) resource: Arc<Resource>,
    /// What the client is warned of.
    pub(crate) warnings: Mutex<Vec<String>>,
}

impl Call<'_> {
    /// Adds a warning, once.
    pub(crate) fn warn(&self, text: impl Into<String>) {
        let text = text.into();
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if !warnings.contains(&text) {
            warnings.push(text);
        }
    }

    /// The key of the object that the path names.
    fn key(&self) -> Key {
        Key::new(self.namespace(), &self.place.name)
    }

    /// The namespace, empty for kinds of the cluster.
    fn namespace(&self) -> &str {
        if self.resource.namespaced() { &self.place.namespace } else { "" }
    }

    fn not_found(&self) -> Box<Status> {
        Status::not_found(&self.resource.group, &self.resource.plural, &self.place.name)
    }

    /// The form in which the answer is wanted.
    fn form(&self, offer: Offer) -> Answer<Form> {
        let pretty = self.query.get("pretty").is_some_and(|value| value == "1" || value == "true");
        let form = negotiate::choose(accept(self.headers), offer, pretty);
        match &self.resource.custom {
            // No outer check stands before custom resources.
            Some(_) => form.map_err(|_| Status::not_acceptable()),
            None => form,
        }
    }

    /// 406 for one object asked for as a list of metadata, or the other way round.
    fn unfit(&self, offer: Offer) -> Box<Status> {
        let (wanted, is, list) = match offer {
            Offer::List => ("PartialObjectMetadata", "a list", "List"),
            _ => ("PartialObjectMetadataList", "not a list", ""),
        };
        let kind = match &self.resource.custom {
            Some(_) => format!("unstructured.Unstructured{list}"),
            None => {
                format!("{}.{}{list}", decode::internal_package(&self.resource.group), self.resource.kind)
            }
        };
        Status::not_acceptable_because(format!(
            "you requested {wanted}, but the requested object is {is} (*{kind})"
        ))
    }

    fn manager(&self, option: &str) -> String {
        if !option.is_empty() {
            return option.to_owned();
        }
        let agent = self
            .headers
            .get(::http::header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let name = agent.split('/').next().unwrap_or_default();
        let name: String = name.chars().filter(|c| !c.is_control()).take(128).collect();
        if name.is_empty() { "unknown".to_owned() } else { name }
    }
}

/// Finds the verb and carries it out.
pub(crate) async fn dispatch(call: &Call<'_>) -> Answer<Response<Body>> {
    route(call)?;
    let place = call.place;
    if let Some(warning) = call.resource.custom.as_ref().and_then(|custom| custom.deprecation()) {
        call.warn(warning);
    }
    if let Some(warning) = call.resource.strategy.deprecation {
        call.warn(warning);
    }
    if !place.subresource.is_empty() {
        return subresource::answer(call).await;
    }
    match place.verb.as_str() {
        "get" => list::get(call).await,
        "list" => list::list(call, &ListOptions::read(call.query, false)?).await,
        "watch" => watch::watch(call, &ListOptions::read(call.query, true)?).await,
        "create" => create::create(call),
        "update" => update::update(call),
        "patch" => patch::patch(call),
        "delete" => delete::delete(call),
        "deletecollection" => delete::delete_collection(call),
        _ => Err(Status::method_not_allowed()),
    }
}

/// Refuses paths that no resource has, and methods that this one does not know.
fn route(call: &Call<'_>) -> Answer<()> {
    let (place, resource) = (call.place, &call.resource);
    let in_namespace = place.in_namespace;
    // All namespaces at once may be listed and watched, and created into where the body says the namespace.
    let scope_fits = if resource.namespaced() { in_namespace || !place.of_one() } else { !in_namespace };
    if place.stray || !scope_fits {
        return Err(if resource.custom.is_some() { text_not_found() } else { Status::no_resource() });
    }
    let verbs = if place.subresource.is_empty() {
        if place.of_one() && resource.verbs == ["create"] {
            return Err(Status::no_resource());
        }
        resource.verbs
    } else {
        match resource.subresource(&place.subresource) {
            Some(subresource) => subresource.verbs,
            None if resource.custom.is_some() => return Err(call.not_found()),
            None => return Err(Status::no_resource()),
        }
    };
    let reads = matches!(place.verb.as_str(), "list" | "watch");
    if place.name.is_empty() && !in_namespace && resource.namespaced() && !reads {
        if resource.custom.is_some() {
            return Err(text_not_found());
        }
        // Writing needs a namespace in the path; only reading has the shorter one.
        return Err(Status::method_not_allowed());
    }
    let custom = resource.custom.is_some();
    let named_post =
        place.verb == "create" && !place.name.is_empty() && place.subresource.is_empty() && !custom;
    let bare = place.name.is_empty() && matches!(place.verb.as_str(), "update" | "patch");
    if bare && custom {
        return Err(Status::bad_request("name must be provided"));
    }
    if custom && !place.subresource.is_empty() && matches!(place.verb.as_str(), "create" | "delete") {
        return Err(Status::unsupported_verb(&resource.group, &resource.plural, &place.verb));
    }
    if call.method == Method::HEAD || named_post || bare || !verbs.contains(&place.verb.as_str()) {
        return Err(Status::method_not_allowed());
    }
    Ok(())
}

/// Custom resources answer unknown paths with text, and not with a Status.
fn text_not_found() -> Box<Status> {
    Box::new(Status {
        code: 404,
        reason: None,
        message: crate::discovery::NOT_FOUND.to_owned(),
        details: None,
    })
}
