//! One object as it is kept: its JSON text, and the few facts that are asked for often.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use gangplank_merge::schema::Schema;
use serde_json::{Map, Value};

use crate::object::ordered;

/// Where an object stands in its collection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    text: Box<str>,
    name_at: usize,
}

impl Key {
    /// The key of `name` in `namespace`; for cluster-scoped kinds the namespace is empty.
    pub(crate) fn new(namespace: &str, name: &str) -> Key {
        if namespace.is_empty() {
            return Key { text: name.into(), name_at: 0 };
        }
        Key { text: format!("{namespace}/{name}").into(), name_at: namespace.len() + 1 }
    }

    /// `namespace/name`, or the name.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn name(&self) -> &str {
        &self.text[self.name_at..]
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.text[..self.name_at.saturating_sub(1)]
    }
}

/// An object in one state. Never changes.
pub(crate) struct Object {
    pub(crate) key: Key,
    pub(crate) revision: u64,
    pub(crate) uid: Box<str>,
    pub(crate) labels: Box<[(Box<str>, Box<str>)]>,
    /// The uids of the owners.
    pub(crate) owners: Box<[Box<str>]>,
    /// Whether a deletionTimestamp is set.
    pub(crate) terminating: bool,
    /// The members after `kind` and `apiVersion`, ending in `}`: what stands before them depends on who asks.
    rest: Bytes,
    /// The order in which its members are written.
    order: Option<Schema>,
    /// What was made of this state once, kept for the next who asks.
    memo: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the content: it may be a Secret's.
        f.debug_struct("Object")
            .field("key", &self.key)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

fn text_of(value: Option<&Value>) -> Box<str> {
    value.and_then(Value::as_str).unwrap_or_default().into()
}

impl Object {
    /// Takes a state. `value` must be an object; its resourceVersion is set to `revision`.
    /// With a schema its members are written in the order of Go's struct, without one sorted.
    pub(crate) fn new(key: Key, revision: u64, value: &mut Value, order: Option<Schema>) -> Object {
        if !value["metadata"].is_object() {
            value["metadata"] = Value::Object(Map::new());
        }
        value["metadata"]["resourceVersion"] = revision.to_string().into();
        let metadata = &value["metadata"];
        let labels = metadata["labels"].as_object().map(|labels| {
            labels.iter().map(|(k, v)| (k.as_str().into(), v.as_str().unwrap_or_default().into())).collect()
        });
        let owners = metadata["ownerReferences"]
            .as_array()
            .map(|owners| owners.iter().map(|owner| text_of(owner.get("uid"))).collect());
        let uid = text_of(metadata.get("uid"));
        let terminating = metadata.get("deletionTimestamp").is_some();
        Object {
            key,
            revision,
            uid,
            labels: labels.unwrap_or_default(),
            owners: owners.unwrap_or_default(),
            terminating,
            rest: ordered::write_rest(value, order.as_ref()).into(),
            order,
            memo: OnceLock::new(),
        }
    }

    /// What `make` makes of this state, made once. Only one type can be kept with an object.
    pub(crate) fn memo<T: Send + Sync + 'static>(&self, make: impl Fn(&Object) -> T) -> Arc<T> {
        let kept = self.memo.get_or_init(|| Arc::new(make(self))).clone();
        kept.downcast::<T>().unwrap_or_else(|_| Arc::new(make(self)))
    }

    /// The same state with another resourceVersion.
    pub(crate) fn at_revision(&self, revision: u64) -> Object {
        Object::new(self.key.clone(), revision, &mut self.value(), self.order.clone())
    }

    /// The members after `kind` and `apiVersion`, ending in `}`.
    pub(crate) fn rest(&self) -> &Bytes {
        &self.rest
    }

    /// The value without `kind` and `apiVersion`.
    pub(crate) fn value(&self) -> Value {
        let mut text = Vec::with_capacity(self.rest.len() + 1);
        text.push(b'{');
        text.extend_from_slice(&self.rest);
        serde_json::from_slice(&text).unwrap_or_default()
    }
}
