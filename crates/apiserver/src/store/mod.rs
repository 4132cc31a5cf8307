//! What a server remembers: objects by key, one revision counter, and the last changes of each kind.
//!
//! ```text
//!   Store ── revision ──▶ 4711
//!     └─ Collection "apps/deployments"
//!          ├─ objects   BTreeMap "namespace/name" ─▶ Arc<Object>     (what is)
//!          ├─ events    the last changes, oldest first               (what a watch or an old list is made of)
//!          └─ signal    tells watchers that there is more
//! ```
//!
//! Invariants:
//! - Every change takes the next revision; an object's `resourceVersion` is the revision of its last change.
//! - An [`Object`] never changes: readers and watchers share it, nothing is copied for them.
//! - Keys are ordered as etcd orders them, so `a-b/x` comes before `a/x`.
//! - With a journal a change is written out before it is visible.
//!
//! Knows nothing of kinds, validation, or who may do what.

mod collection;
mod journal;
mod object;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gangplank_merge::schema::Schema;
use serde_json::Value;
use tokio::sync::watch;

pub(crate) use collection::{Change, Collection, Event, Past};
use journal::Journal;
pub use journal::JournalError;
pub(crate) use object::{Key, Object};

/// The name of a collection: `group/plural` of the kind that its objects are stored as.
pub(crate) type CollectionName = Arc<str>;

/// Why a write did not take place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Something else is there, or nothing is.
    Changed,
    /// The journal could not be written.
    Journal(String),
}

/// What a write expects to find.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expect {
    /// Nothing.
    Absent,
    /// The object with this revision.
    Revision(u64),
}

/// All objects of one server.
#[derive(Debug)]
pub(crate) struct Store {
    inner: Mutex<Inner>,
    progress: watch::Sender<u64>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    revision: u64,
    /// Changes up to here are not to be had any more.
    compacted: u64,
    collections: HashMap<CollectionName, Collection>,
    /// Changes that the controllers have not seen.
    unseen: Vec<(CollectionName, Arc<Event>)>,
    journal: Option<Journal>,
}

impl Store {
    /// An empty store whose first change will have revision `start + 1`.
    pub(crate) fn new(start: u64) -> Store {
        let inner = Inner {
            revision: start,
            compacted: start,
            collections: HashMap::new(),
            unseen: Vec::new(),
            journal: None,
        };
        Store { inner: Mutex::new(inner), progress: watch::Sender::new(start) }
    }

    /// Opens the journal in `directory`, takes over what it holds, and writes every later change to it. `order_of` tells
    /// the order in which members of a collection's objects are written.
    pub(crate) fn open_journal(
        &self,
        directory: &std::path::Path,
        order_of: impl Fn(&str) -> Option<Schema>,
    ) -> Result<bool, JournalError> {
        let mut inner = self.lock();
        let (journal, records) = Journal::open(directory)?;
        let found = !records.is_empty();
        for record in records {
            inner.restore(record, &order_of);
        }
        inner.compacted = inner.revision;
        inner.unseen.clear();
        for collection in inner.collections.values_mut() {
            collection.forget_events();
        }
        inner.journal = Some(journal);
        self.progress.send_replace(inner.revision);
        Ok(found)
    }

    /// The store, locked. Held for moments only: nothing waits or serializes lists under it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A poisoned lock means that a write panicked before its last assignment: the maps are still whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The current revision.
    pub(crate) fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Follows the revision.
    pub(crate) fn progress(&self) -> watch::Receiver<u64> {
        self.progress.subscribe()
    }

    /// The object at a key.
    pub(crate) fn get(&self, collection: &str, key: &str) -> Option<Arc<Object>> {
        self.lock().get(collection, key)
    }

    /// All objects of a collection whose key starts with `prefix`.
    pub(crate) fn list(&self, collection: &str, prefix: &str) -> Vec<Arc<Object>> {
        self.lock()
            .collection(collection)
            .map(|c| c.range(prefix, "").map(|(_, object)| object.clone()).collect())
            .unwrap_or_default()
    }

    /// Writes `value` (without `kind` and `apiVersion`) at `key`, giving it the next revision.
    pub(crate) fn put(
        &self,
        name: &CollectionName,
        key: &Key,
        value: &mut Value,
        expect: Expect,
        order: Option<Schema>,
    ) -> Result<Arc<Object>, Refused> {
        let mut inner = self.lock();
        let object = inner.put(name, key, value, expect, order)?;
        self.progress.send_replace(inner.revision);
        Ok(object)
    }

    /// Removes the object at `key`. Its last state gets the revision of its removal.
    pub(crate) fn remove(
        &self,
        name: &CollectionName,
        key: &Key,
        revision: u64,
    ) -> Result<Arc<Object>, Refused> {
        let mut inner = self.lock();
        let object = inner.remove(name, key, revision)?;
        self.progress.send_replace(inner.revision);
        Ok(object)
    }

    /// Adds a shared object as it stands: for what every server begins with.
    pub(crate) fn seed(&self, name: &CollectionName, object: Arc<Object>) {
        let mut inner = self.lock();
        inner.revision = inner.revision.max(object.revision);
        inner.compacted = inner.revision;
        inner.open(name).seed(object);
        self.progress.send_replace(inner.revision);
    }

    /// Takes the changes that the controllers have not seen yet.
    pub(crate) fn unseen(&self) -> Vec<(CollectionName, Arc<Event>)> {
        std::mem::take(&mut self.lock().unseen)
    }

    /// Whether there are changes that the controllers have not seen.
    pub(crate) fn has_unseen(&self) -> bool {
        !self.lock().unseen.is_empty()
    }

    /// Names of the collections that hold something.
    pub(crate) fn names(&self) -> Vec<CollectionName> {
        self.lock().collections.iter().filter(|(_, c)| !c.is_empty()).map(|(name, _)| name.clone()).collect()
    }
}

impl Inner {
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The oldest revision that a watch may begin after.
    pub(crate) fn compacted(&self) -> u64 {
        self.compacted
    }

    pub(crate) fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.get(name)
    }

    /// The collection, made if need be.
    pub(crate) fn open(&mut self, name: &CollectionName) -> &mut Collection {
        let compacted = self.compacted;
        self.collections.entry(name.clone()).or_insert_with(|| Collection::new(compacted))
    }

    pub(crate) fn get(&self, collection: &str, key: &str) -> Option<Arc<Object>> {
        self.collections.get(collection)?.get(key).cloned()
    }

    fn put(
        &mut self,
        name: &CollectionName,
        key: &Key,
        value: &mut Value,
        expect: Expect,
        order: Option<Schema>,
    ) -> Result<Arc<Object>, Refused> {
        let current = self.get(name, key.text());
        match (expect, &current) {
            (Expect::Absent, None) => {}
            (Expect::Revision(revision), Some(object)) if object.revision == revision => {}
            _ => return Err(Refused::Changed),
        }
        let revision = self.revision + 1;
        let object = Arc::new(Object::new(key.clone(), revision, value, order));
        if let Some(journal) = &mut self.journal {
            journal.put(name, &object).map_err(|error| Refused::Journal(error.to_string()))?;
        }
        self.revision = revision;
        let change = if current.is_some() { Change::Modified } else { Change::Added };
        let event =
            self.open(name).apply(Event { change, object: object.clone(), previous: current, revision });
        self.unseen.push((name.clone(), event));
        Ok(object)
    }

    fn remove(&mut self, name: &CollectionName, key: &Key, expected: u64) -> Result<Arc<Object>, Refused> {
        let current = self
            .get(name, key.text())
            .filter(|object| object.revision == expected)
            .ok_or(Refused::Changed)?;
        let revision = self.revision + 1;
        if let Some(journal) = &mut self.journal {
            journal.remove(name, key, revision).map_err(|error| Refused::Journal(error.to_string()))?;
        }
        self.revision = revision;
        let object = Arc::new(current.at_revision(revision));
        let event =
            Event { change: Change::Deleted, object: object.clone(), previous: Some(current), revision };
        let event = self.open(name).apply(event);
        self.unseen.push((name.clone(), event));
        Ok(object)
    }

    fn restore(&mut self, record: journal::Record, order_of: impl Fn(&str) -> Option<Schema>) {
        self.revision = self.revision.max(record.revision);
        let name: CollectionName = record.collection.into();
        match record.body {
            Some(mut value) => {
                let object = Arc::new(Object::new(record.key, record.revision, &mut value, order_of(&name)));
                self.open(&name).seed(object);
            }
            None => self.open(&name).drop_silently(record.key.text()),
        }
    }
}

#[cfg(test)]
mod tests;
