//! The objects of one kind, and the last changes among them.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use tokio::sync::watch;

use super::object::Object;

/// How many changes a collection remembers. A watch or a list that asks for what came before is told to begin anew.
const WINDOW: usize = 1000;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Modified,
    Deleted,
}

/// One change.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) change: Change,
    /// The state after it; for a deletion the last state, with the revision of the deletion.
    pub(crate) object: Arc<Object>,
    /// The state before it.
    pub(crate) previous: Option<Arc<Object>>,
    pub(crate) revision: u64,
}

/// Why a past state can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    /// It is out of the window, which begins after this revision.
    TooOld(u64),
}

/// The objects of one kind.
#[derive(Debug)]
pub(crate) struct Collection {
    objects: BTreeMap<Box<str>, Arc<Object>>,
    events: VecDeque<Arc<Event>>,
    /// Changes up to this revision are forgotten.
    forgotten: u64,
    /// Made with the first watcher: most collections of most servers never have one.
    signal: Option<watch::Sender<u64>>,
}

impl Collection {
    pub(super) fn new(forgotten: u64) -> Collection {
        Collection { objects: BTreeMap::new(), events: VecDeque::new(), forgotten, signal: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// Objects whose key starts with `prefix`, from the key `after` (exclusive) on.
    pub(crate) fn range<'a>(
        &'a self,
        prefix: &'a str,
        after: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Arc<Object>)> {
        let from = if after > prefix { Bound::Excluded(after) } else { Bound::Included(prefix) };
        self.objects
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(move |(key, _)| key.starts_with(prefix))
            .map(|(key, object)| (&**key, object))
    }

    /// The first `limit` objects of a range as they are now, and how many follow.
    pub(crate) fn first(&self, prefix: &str, after: &str, limit: usize) -> (Vec<Arc<Object>>, usize) {
        let mut range = self.range(prefix, after);
        let first = range.by_ref().take(limit).map(|(_, object)| object.clone()).collect();
        (first, range.count())
    }

    /// The objects whose key starts with `prefix` as they were at `revision`, after the key `after`.
    pub(crate) fn at(&self, revision: u64, prefix: &str, after: &str) -> Result<Vec<Arc<Object>>, Past> {
        if revision < self.forgotten {
            return Err(Past::TooOld(self.forgotten));
        }
        let later = self.events.iter().rev().take_while(|event| event.revision > revision);
        let mut undone: BTreeMap<&str, Option<&Arc<Object>>> = BTreeMap::new();
        for event in later {
            // Going back in time, the last one seen is the state at `revision`.
            undone.insert(event.object.key.text(), event.previous.as_ref());
        }
        if undone.is_empty() {
            return Ok(self.range(prefix, after).map(|(_, object)| object.clone()).collect());
        }
        let mut state: BTreeMap<&str, &Arc<Object>> = self.range(prefix, after).collect();
        for (key, previous) in undone {
            if !key.starts_with(prefix) || (key <= after && !after.is_empty()) {
                continue;
            }
            match previous {
                Some(object) => state.insert(key, object),
                None => state.remove(key),
            };
        }
        Ok(state.into_values().cloned().collect())
    }

    /// At most `limit` changes after `revision`, oldest first.
    pub(crate) fn since(&self, revision: u64, limit: usize) -> Result<Vec<Arc<Event>>, Past> {
        if revision < self.forgotten {
            return Err(Past::TooOld(self.forgotten));
        }
        let from = self.events.partition_point(|event| event.revision <= revision);
        Ok(self.events.range(from..).take(limit).cloned().collect())
    }

    /// Tells the revision of each later change.
    pub(crate) fn subscribe(&mut self) -> watch::Receiver<u64> {
        self.signal.get_or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    pub(super) fn apply(&mut self, event: Event) -> Arc<Event> {
        let event = Arc::new(event);
        let key = event.object.key.text();
        match event.change {
            Change::Deleted => {
                self.objects.remove(key);
            }
            _ => match self.objects.get_mut(key) {
                Some(slot) => *slot = event.object.clone(),
                None => {
                    self.objects.insert(key.into(), event.object.clone());
                }
            },
        }
        if self.events.len() >= WINDOW
            && let Some(oldest) = self.events.pop_front()
        {
            self.forgotten = oldest.revision;
        }
        self.events.push_back(event.clone());
        if let Some(signal) = &self.signal {
            if signal.receiver_count() == 0 {
                self.signal = None;
            } else {
                signal.send_replace(event.revision);
            }
        }
        event
    }

    pub(super) fn seed(&mut self, object: Arc<Object>) {
        self.forgotten = self.forgotten.max(object.revision);
        self.objects.insert(object.key.text().into(), object);
    }

    pub(super) fn drop_silently(&mut self, key: &str) {
        self.objects.remove(key);
    }

    pub(super) fn forget_events(&mut self) {
        if let Some(last) = self.events.back() {
            self.forgotten = last.revision;
        }
        self.events.clear();
    }
}
