//! Watching: what is there, if asked for, and then every change, as it comes.
//!
//! A watcher holds nothing but the revision that it has seen; the events are the store's. One that falls behind what the
//! store remembers is told that its version is too old, and begins anew.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderValue, Response, header};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::Call;
use super::list::Filter;
use super::reply;
use crate::go;
use crate::http::body::{self, Body};
use crate::http::negotiate::{Encoding, Form, Offer, Shape};
use crate::http::query::ListOptions;
use crate::object::ordered;
use crate::object::selector::Fields;
use crate::registry::Resource;
use crate::server::Server;
use crate::status::{Answer, Status, quote};
use crate::store::{Change, Event, Object, Past};
use crate::table::{Include, Layout, partial, table_of};

/// Without `timeoutSeconds` a watch ends after this many seconds; the real server takes 30 to 60 minutes.
const DEFAULT_SECONDS: u64 = 45 * 60;
/// How often a watch that allows them gets a bookmark.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);
/// Events taken from the store at once.
const BATCH: usize = 100;

struct Watch {
    server: Arc<Server>,
    resource: Arc<Resource>,
    filter: Filter,
    prefix: String,
    form: Form,
    include: Include,
    bookmarks: bool,
    seen: u64,
    signal: Receiver<u64>,
    ready: VecDeque<Bytes>,
    deadline: Instant,
    next_bookmark: Instant,
    /// Whether a Table's columns have been told.
    columns_told: bool,
    over: bool,
}

/// Answers a stream of events.
pub(super) async fn watch(call: &Call<'_>, options: &ListOptions) -> Answer<Response<Body>> {
    let form = call.form(Offer::Watch)?;
    let mut filter = Filter::read(&call.resource, options)?;
    if call.place.legacy_watch && !call.place.name.is_empty() && call.place.resource != "namespaces" {
        filter.fields = Fields::parse(&format!("metadata.name={}", call.place.name))?;
    }
    let version = &options.resource_version;
    let from = match version.as_str() {
        "" => 0,
        text => go::parse_uint(text).map_err(|why| {
            Status::unforeseen(format!("resourceVersion: Invalid value: {}: {why}", quote(text)))
        })?,
    };
    let initial = options.send_initial_events || from == 0;
    let now = Instant::now();
    let timeout = Duration::from_secs(options.timeout_seconds.filter(|s| *s > 0).unwrap_or(DEFAULT_SECONDS));
    let (objects, seen, signal) = {
        let mut inner = call.server.store.lock();
        let revision = inner.revision();
        let prefix =
            if call.namespace().is_empty() { String::new() } else { format!("{}/", call.namespace()) };
        let collection = inner.open(&call.resource.collection);
        let signal = collection.subscribe();
        let objects: Vec<Arc<Object>> = if initial {
            collection.range(&prefix, "").map(|(_, object)| object.clone()).collect()
        } else {
            Vec::new()
        };
        (objects, if initial { revision } else { from }, signal)
    };
    let mut state = Watch {
        server: call.server.clone(),
        resource: call.resource.clone(),
        filter,
        prefix: if call.namespace().is_empty() { String::new() } else { format!("{}/", call.namespace()) },
        include: reply::include(call)?,
        bookmarks: options.bookmarks,
        seen,
        signal,
        ready: VecDeque::new(),
        deadline: now + timeout,
        next_bookmark: now + BOOKMARK_INTERVAL,
        columns_told: false,
        over: false,
        form,
    };
    for object in objects {
        if state.filter.passes(&state.resource, &object) {
            state.tell("ADDED", &object);
        }
    }
    if options.send_initial_events && options.bookmarks {
        state.bookmark(true);
    }
    if call.query.get("watch").is_some_and(|text| !matches!(text, "1" | "true" | "True" | "TRUE" | "t" | "T"))
    {
        // Other words mean a watch too, but the real server then sends the head of the answer late; the events are the same.
        state.next_bookmark = state.deadline;
    }
    let kind = match state.form.encoding {
        Encoding::Json => "application/json",
        Encoding::Yaml => "application/yaml",
    };
    let stream =
        futures::stream::unfold(
            state,
            |mut state| async move { state.next().await.map(|piece| (piece, state)) },
        );
    let mut response = Response::new(body::streamed(stream));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

impl Watch {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                // All that is ready goes out in one piece.
                if self.ready.is_empty() {
                    return Some(piece);
                }
                let mut all = piece.to_vec();
                for more in self.ready.drain(..) {
                    all.extend_from_slice(&more);
                }
                return Some(all.into());
            }
            if self.over {
                return None;
            }
            self.signal.mark_unchanged();
            if self.take() {
                continue;
            }
            if self.next_bookmark <= Instant::now() && self.bookmarks {
                self.next_bookmark = Instant::now() + BOOKMARK_INTERVAL;
                self.bookmark(false);
                continue;
            }
            let until = if self.bookmarks { self.deadline.min(self.next_bookmark) } else { self.deadline };
            match tokio::time::timeout_at(until, self.signal.changed()).await {
                Ok(Ok(())) => {}
                // The signal was dropped because nobody seemed to listen: subscribe again.
                Ok(Err(_)) => {
                    self.signal = self.server.store.lock().open(&self.resource.collection).subscribe()
                }
                Err(_) if Instant::now() >= self.deadline => self.over = true,
                Err(_) => {}
            }
        }
    }

    /// Takes what the store has since; false when there is nothing.
    fn take(&mut self) -> bool {
        let (events, now) = {
            let inner = self.server.store.lock();
            let events = match inner.collection(&self.resource.collection) {
                Some(collection) => collection.since(self.seen, BATCH),
                None => Ok(Vec::new()),
            };
            (events, inner.revision())
        };
        match events {
            Ok(events) if events.is_empty() => {
                self.seen = self.seen.max(now);
                false
            }
            Ok(events) => {
                for event in events {
                    self.seen = event.revision;
                    self.offer(&event);
                }
                true
            }
            Err(Past::TooOld(oldest)) => {
                let status = Status::expired(format!("too old resource version: {} ({oldest})", self.seen));
                self.send("ERROR", status.to_value());
                self.over = true;
                true
            }
        }
    }

    fn offer(&mut self, event: &Event) {
        if !event.object.key.text().starts_with(&self.prefix) {
            return;
        }
        if self.filter.is_empty() {
            let kind = match event.change {
                Change::Added => "ADDED",
                Change::Modified => "MODIFIED",
                Change::Deleted => "DELETED",
            };
            self.tell(kind, &event.object);
            return;
        }
        let passes = |object: &Object| self.filter.passes(&self.resource, object);
        let before = event.previous.as_ref().is_some_and(|object| passes(object));
        let after = event.change != Change::Deleted && passes(&event.object);
        match (before, after) {
            (false, true) => self.tell("ADDED", &event.object),
            (true, true) => self.tell("MODIFIED", &event.object),
            (true, false) if event.change == Change::Deleted => self.tell("DELETED", &event.object),
            (true, false) => {
                // It left the selection: what is told is what it was, at the revision of the change.
                if let Some(previous) = &event.previous {
                    let last = Arc::new(previous.at_revision(event.revision));
                    self.tell("DELETED", &last);
                }
            }
            (false, false) => {}
        }
    }

    fn tell(&mut self, kind: &str, object: &Arc<Object>) {
        let custom_as_stored = self.resource.custom.as_ref().is_none_or(|custom| custom.reads_as_stored());
        if self.form == Form::PLAIN && self.resource.strategy.convert.is_none() && custom_as_stored {
            let mut out = Vec::with_capacity(self.resource.head.len() + object.rest().len() + 40);
            out.extend_from_slice(b"{\"type\":\"");
            out.extend_from_slice(kind.as_bytes());
            out.extend_from_slice(b"\",\"object\":");
            out.extend_from_slice(self.resource.head.as_bytes());
            out.extend_from_slice(object.rest());
            out.extend_from_slice(b"}\n");
            self.ready.push_back(out.into());
            return;
        }
        let value = self.resource.value(object);
        let shaped = match &self.form.shape {
            Shape::Table(version) => {
                let layout = Layout {
                    resource: &self.resource,
                    version,
                    include: self.include,
                    now: self.server.now().as_second(),
                    definitions: !self.columns_told,
                };
                let metadata = json!({"resourceVersion": value["metadata"]["resourceVersion"]});
                self.columns_told = true;
                table_of(&layout, metadata, std::iter::once(&value))
            }
            Shape::Partial(version) => partial(&value, version),
            _ => value,
        };
        self.send(kind, shaped);
    }

    fn bookmark(&mut self, initial: bool) {
        let revision = self.seen.to_string();
        let mut metadata = json!({"resourceVersion": revision});
        if initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let mut object = json!({
            "kind": self.resource.kind,
            "apiVersion": self.resource.api_version(),
            "metadata": metadata,
        });
        if self.resource.custom.is_none()
            && let Some(schema) = super::schema_of(&self.resource)
        {
            gangplank_merge::schema::fill(schema.root(), &mut object);
        }
        let shaped = match &self.form.shape {
            Shape::Table(version) => {
                let layout = Layout {
                    resource: &self.resource,
                    version,
                    include: self.include,
                    now: self.server.now().as_second(),
                    definitions: !self.columns_told,
                };
                self.columns_told = true;
                table_of(&layout, json!({"resourceVersion": revision}), std::iter::once(&object))
            }
            Shape::Partial(version) => partial(&object, version),
            _ => object,
        };
        self.send("BOOKMARK", shaped);
    }

    fn send(&mut self, kind: &str, object: Value) {
        let event = json!({"type": kind, "object": object});
        let text = |object: &Value| {
            let mut out = format!("{{\"type\":\"{kind}\",\"object\":").into_bytes();
            out.extend(ordered::bytes(object));
            out.extend_from_slice(b"}\n");
            out
        };
        let piece = match self.form.encoding {
            Encoding::Json => text(&event["object"]),
            Encoding::Yaml => {
                let mut text = b"---\n".to_vec();
                text.extend(super::yaml(&event));
                text
            }
        };
        self.ready.push_back(piece.into());
    }
}
