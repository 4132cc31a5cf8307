//! What follows from a change: the parts of a control plane without which an API server is not believed.
//!
//! ```text
//!   write ──▶ store ──▶ settle: each controller looks at each change, and writes; until nothing follows any more
//! ```
//!
//! No tasks, no timers, no queues: a request's consequences have come true when it is answered. A server that is not
//! written to costs nothing.

mod accounts;
mod garbage;
mod limits;
mod namespaces;
mod pods;
mod quota;
mod workloads;

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::registry::{BUILT_IN, Resource};
use crate::server::Server;
use crate::status::Answer;
use crate::store::{CollectionName, Event};
use crate::verbs::System;

/// A mutating webhook for Pods, called before a new one is checked.
pub trait PodMutator: Send + Sync {
    /// Changes a Pod. `service_account` is the one it runs as, where it exists.
    ///
    /// # Errors
    /// The text with which the Pod is refused.
    fn mutate(&self, pod: &mut Value, service_account: Option<&Value>, namespace: &str)
    -> Result<(), String>;
}

/// The controllers of one server.
pub(crate) struct Controllers {
    certificate_authority: Option<String>,
    runs: bool,
    mutators: Vec<Arc<dyn PodMutator>>,
    /// Held by the one request that settles; others leave their changes to it.
    turn: Mutex<Turn>,
}

/// What the controllers remember between changes.
#[derive(Debug, Default)]
struct Turn {
    graph: garbage::Graph,
    due: workloads::Due,
}

/// So many changes may follow from one. More would be controllers that chase each other.
const MAX_ROUNDS: usize = 10_000;

impl Controllers {
    pub(crate) fn new(
        certificate_authority: Option<String>,
        runs: bool,
        mutators: Vec<Arc<dyn PodMutator>>,
    ) -> Controllers {
        Controllers { certificate_authority, runs, mutators, turn: Mutex::default() }
    }
}

/// A built-in resource.
pub(crate) fn built_in(group: &str, plural: &str) -> Option<&'static Arc<Resource>> {
    BUILT_IN.iter().find(|resource| resource.is(group, plural))
}

/// The system acting on a built-in kind.
fn system<'a>(server: &'a Arc<Server>, group: &str, plural: &str) -> Option<System<'a>> {
    Some(System { server, resource: built_in(group, plural)? })
}

/// Lets the controllers look at what is there when a server starts.
pub(crate) fn start(server: &Arc<Server>) {
    crate::custom::start(server);
    if let Ok(mut turn) = server.controllers.turn.lock() {
        for name in server.store.names() {
            for object in server.store.list(&name, "") {
                turn.graph.note(&name, &object);
            }
        }
    }
    for object in server.store.list("/namespaces", "") {
        namespaces::look(server, &object);
        accounts::provide(server, object.key.name());
    }
    settle(server);
}

/// Carries out what follows from the changes that have been made.
pub(crate) fn settle(server: &Arc<Server>) {
    // Whoever comes while another has the turn goes away without settling: what has come by then is for that one.
    for _ in 0..MAX_ROUNDS {
        if !server.store.has_unseen() {
            return;
        }
        let Ok(mut turn) = server.controllers.turn.try_lock() else { return };
        for (collection, event) in server.store.unseen() {
            look(server, &mut turn, &collection, &event);
        }
        turn.due.work(server);
    }
    tracing::warn!(
        server = server.name,
        "controllers go on changing things; they are left until the next change"
    );
}

fn look(server: &Arc<Server>, turn: &mut Turn, collection: &CollectionName, event: &Event) {
    match &**collection {
        "/namespaces" => {
            namespaces::look(server, &event.object);
            accounts::provide(server, event.object.key.name());
        }
        "/serviceaccounts" | "/configmaps" => accounts::provide(server, event.object.key.namespace()),
        "/pods" => pods::look(server, event),
        "apiextensions.k8s.io/customresourcedefinitions" => crate::custom::look(server, event),
        _ => {}
    }
    turn.due.note(server, collection, event);
    garbage::look(server, &mut turn.graph, collection, event);
    namespaces::look_at_content(server, event);
    crate::custom::look_at_instance(server, collection, event);
}

/// Admission that changes a new object.
pub(crate) fn admit_create(
    server: &Server,
    resource: &Resource,
    namespace: &str,
    value: &mut Value,
) -> Answer<()> {
    if resource.is("", "pods") {
        return pods::admit(server, namespace, value);
    }
    Ok(())
}

/// Admission that only looks, at new objects.
pub(crate) fn check_create(
    server: &Server,
    resource: &Resource,
    namespace: &str,
    value: &Value,
) -> Answer<()> {
    if namespace.is_empty() {
        return Ok(());
    }
    if resource.is("", "pods") {
        limits::check(server, namespace, value)?;
    }
    quota::check(server, resource, namespace, value)
}

/// Whether something other than finalizers keeps an object that is being deleted.
pub(crate) fn holds_back(resource: &Resource, value: &Value) -> bool {
    resource.is("", "namespaces")
        && value["spec"]["finalizers"].as_array().is_some_and(|list| !list.is_empty())
}

/// How many seconds an object stays after its deletion was asked for.
pub(crate) fn grace_period(resource: &Resource, value: &Value, asked: Option<i64>) -> i64 {
    if !resource.is("", "pods") {
        return 0;
    }
    pods::grace_period(value, asked)
}

/// The resource of a collection's objects.
fn resource_of(server: &Server, collection: &str) -> Option<Arc<Resource>> {
    server.catalog.of_collection(collection)
}
