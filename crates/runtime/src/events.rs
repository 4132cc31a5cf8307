//! Events about objects, in `events.k8s.io/v1`, as `kubectl describe` shows them.
//!
//! An event that repeats an earlier one within [`QUIET`] is only counted; the count reaches the server as the
//! event's series when it repeats after that. So a reconciliation may say the same thing each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;

/// How long a repeated event is only counted.
const QUIET: Duration = Duration::from_secs(300);

/// How long the API server keeps an event (its default); a later repetition is a new event.
const LIFETIME: Duration = Duration::from_secs(3600);

/// How many different events are remembered; beyond that the oldest are forgotten, and may be written once more.
const REMEMBERED: usize = 20_000;

/// Whether an event tells of the usual or of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// All as intended.
    Normal,
    /// Someone should look.
    Warning,
}

impl EventType {
    fn as_str(self) -> &'static str {
        match self {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        }
    }
}

/// Writes the events of one controller; clones share what was already said.
#[derive(Clone)]
pub struct Recorder {
    client: Client,
    controller: &'static str,
    instance: Arc<str>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Recorder {
    /// Creates the recorder of `controller`, running as `instance` (the pod's name).
    pub fn new(client: Client, controller: &'static str, instance: &str) -> Recorder {
        Recorder { client, controller, instance: instance.into(), ledger: Arc::default() }
    }

    /// Says about `regarding` that `reason` (one CamelCase word) happened; `note` is for people.
    ///
    /// A failure to write is logged and swallowed: an event is never worth a failed reconciliation.
    /// `note` must not hold a secret, and is cut at 1,024 bytes as the API server demands.
    pub async fn publish(&self, regarding: &ObjectReference, kind: EventType, reason: &str, note: &str) {
        let now = Timestamp::now();
        let key = Key::new(regarding, kind, reason, note);
        let name =
            format!("{}.{:x}", regarding.name.as_deref().unwrap_or(self.controller), now.as_nanosecond());
        let decision =
            self.ledger.lock().unwrap_or_else(PoisonError::into_inner).record(key.clone(), name, now);
        let namespace = regarding.namespace.as_deref().unwrap_or("default");
        let api: Api<Event> = Api::namespaced(self.client.clone(), namespace);
        let written = match decision {
            Decision::Quiet => return,
            Decision::Create { name } => {
                let event = self.event(name, namespace, regarding, kind, reason, note, now);
                api.create(&PostParams::default(), &event).await.map(|_| ())
            }
            Decision::Count { name, count } => {
                let series = EventSeries { count, last_observed_time: MicroTime(now) };
                let patch = Patch::Merge(json!({ "series": series }));
                api.patch(&name, &PatchParams::default(), &patch).await.map(|_| ())
            }
        };
        if let Err(error) = written {
            // Forgotten, so that the next repetition writes it in full.
            self.ledger.lock().unwrap_or_else(PoisonError::into_inner).forget(&key);
            tracing::debug!(%error, reason, "event not written");
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one event, in one place")]
    fn event(
        &self,
        name: String,
        namespace: &str,
        regarding: &ObjectReference,
        kind: EventType,
        reason: &str,
        note: &str,
        now: Timestamp,
    ) -> Event {
        Event {
            metadata: ObjectMeta {
                name: Some(name),
                namespace: Some(namespace.to_owned()),
                ..ObjectMeta::default()
            },
            action: Some("Reconcile".to_owned()),
            reason: Some(reason.to_owned()),
            note: Some(cut(note, 1024).to_owned()),
            type_: Some(kind.as_str().to_owned()),
            event_time: Some(MicroTime(now)),
            regarding: Some(regarding.clone()),
            reporting_controller: Some(self.controller.to_owned()),
            reporting_instance: Some(self.instance.to_string()),
            ..Event::default()
        }
    }
}

fn cut(text: &str, limit: usize) -> &str {
    let mut end = text.len().min(limit);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    object: String,
    kind: EventType,
    reason: String,
    note: String,
}

impl Key {
    fn new(regarding: &ObjectReference, kind: EventType, reason: &str, note: &str) -> Key {
        let object = [
            regarding.kind.as_deref(),
            regarding.namespace.as_deref(),
            regarding.name.as_deref(),
            regarding.uid.as_deref(),
        ]
        .map(Option::unwrap_or_default)
        .join("/");
        Key { object, kind, reason: reason.to_owned(), note: note.to_owned() }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Create { name: String },
    Count { name: String, count: i32 },
    Quiet,
}

#[derive(Debug, Default)]
struct Ledger {
    entries: HashMap<Key, Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    count: i32,
    written: Timestamp,
    created: Timestamp,
}

impl Ledger {
    fn record(&mut self, key: Key, name: String, now: Timestamp) -> Decision {
        let age = |since: Timestamp| Duration::try_from(now.duration_since(since)).unwrap_or_default();
        if let Some(entry) = self.entries.get_mut(&key)
            && age(entry.created) < LIFETIME
        {
            entry.count = entry.count.saturating_add(1);
            if age(entry.written) < QUIET {
                return Decision::Quiet;
            }
            entry.written = now;
            return Decision::Count { name: entry.name.clone(), count: entry.count };
        }
        if self.entries.len() >= REMEMBERED {
            self.entries.retain(|_, entry| age(entry.written) < QUIET);
            if self.entries.len() >= REMEMBERED {
                self.entries.clear();
            }
        }
        self.entries.insert(key, Entry { name: name.clone(), count: 1, written: now, created: now });
        Decision::Create { name }
    }

    fn forget(&mut self, key: &Key) {
        self.entries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn repeated_events_are_counted_and_written_rarely() {
        let mut ledger = Ledger::default();
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let key = |note: &str| Key::new(&ObjectReference::default(), EventType::Normal, "Synced", note);
        let steps = [
            (0, "a", Decision::Create { name: "e0".into() }),
            (10, "a", Decision::Quiet),
            (10, "b", Decision::Create { name: "e10".into() }),
            (301, "a", Decision::Count { name: "e0".into(), count: 3 }),
            (302, "a", Decision::Quiet),
            (3601, "a", Decision::Create { name: "e3601".into() }),
        ];
        for (seconds, note, expect) in steps {
            assert_eq!(
                ledger.record(key(note), format!("e{seconds}"), at(seconds)),
                expect,
                "at {seconds} s"
            );
        }
        ledger.forget(&key("b"));
        assert_eq!(
            ledger.record(key("b"), "again".into(), at(11)),
            Decision::Create { name: "again".into() }
        );
    }

    #[test]
    fn notes_are_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
