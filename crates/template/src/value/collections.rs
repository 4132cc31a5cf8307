//! Slices and maps.

use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Text, Value};

/// The type of a collection's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`
    Any,
    /// `string`
    String,
    /// `int`
    Int,
    /// `[]interface {}`
    List,
}

impl Element {
    /// The Go type of a slice of these.
    pub(crate) fn slice_name(self) -> &'static str {
        match self {
            Self::Any => "[]interface {}",
            Self::String => "[]string",
            Self::Int => "[]int",
            Self::List => "[][]interface {}",
        }
    }

    /// The Go type of a map from string to these.
    pub(crate) fn map_name(self) -> &'static str {
        match self {
            Self::Any => "map[string]interface {}",
            Self::String => "map[string]string",
            Self::Int => "map[string]int",
            Self::List => "map[string][]interface {}",
        }
    }

    /// The value of an element that is not there.
    pub(crate) fn zero(self) -> Value {
        match self {
            Self::Any => Value::Nil,
            Self::String => Value::string(""),
            Self::Int => Value::Int(0),
            Self::List => Value::List(List::nil(Self::Any)),
        }
    }
}

/// A slice. It may be nil, which prints like an empty one but is `null` in JSON.
#[derive(Clone)]
pub struct List {
    items: Option<Rc<[Value]>>,
    element: Element,
    depth: usize,
}

impl List {
    /// A slice of these items.
    pub fn new(element: Element, items: impl IntoIterator<Item = Value>) -> Self {
        let items: Rc<[Value]> = items.into_iter().collect();
        let depth = 1 + items.iter().map(Value::depth).max().unwrap_or_default();
        Self { items: Some(items), element, depth }
    }

    /// A nil slice.
    pub fn nil(element: Element) -> Self {
        Self { items: None, element, depth: 1 }
    }

    /// The items in order.
    pub fn items(&self) -> &[Value] {
        self.items.as_deref().unwrap_or_default()
    }

    /// The element's type.
    pub fn element(&self) -> Element {
        self.element
    }

    /// Levels of collections, this one included, when it was made.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Whether the slice is nil rather than empty.
    pub fn is_nil(&self) -> bool {
        self.items.is_none()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }

    pub(super) fn equals(&self, other: &Self, left: &mut usize) -> bool {
        self.element == other.element
            && self.is_nil() == other.is_nil()
            && self.items().len() == other.items().len()
            && self.items().iter().zip(other.items()).all(|(a, b)| a.equals(b, left))
    }
}

/// A map with string keys, sorted bytewise: the order in which Go prints maps and ranges over them.
#[derive(Clone)]
pub struct Map {
    entries: Option<Rc<Entries>>,
    element: Element,
}

/// What the handles of a map share.
struct Entries {
    map: RefCell<BTreeMap<Text, Value>>,
    /// Levels of collections, as far as they were seen when entries were set.
    depth: Cell<usize>,
}

impl Map {
    /// A map of these entries; of equal keys the last wins.
    pub fn new(element: Element, entries: impl IntoIterator<Item = (Text, Value)>) -> Self {
        let map: BTreeMap<Text, Value> = entries.into_iter().collect();
        let depth = 1 + map.values().map(Value::depth).max().unwrap_or_default();
        Self { entries: Some(Rc::new(Entries { map: RefCell::new(map), depth: Cell::new(depth) })), element }
    }

    /// A nil map: it reads like an empty one and can't be written.
    pub fn nil(element: Element) -> Self {
        Self { entries: None, element }
    }

    /// The element's type.
    pub fn element(&self) -> Element {
        self.element
    }

    /// Whether the map is nil rather than empty.
    pub fn is_nil(&self) -> bool {
        self.entries.is_none()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.read(BTreeMap::len)
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.read(|entries| entries.get(key).cloned())
    }

    /// All entries by key, as they are now.
    pub fn entries(&self) -> Vec<(Text, Value)> {
        self.read(|entries| entries.iter().map(|(key, value)| (Rc::clone(key), value.clone())).collect())
    }

    /// Sets an entry for everyone who shares the map. False for a nil map.
    #[must_use]
    pub fn insert(&self, key: Text, value: Value) -> bool {
        match &self.entries {
            Some(entries) => {
                entries.depth.set(entries.depth.get().max(1 + value.depth()));
                entries.map.borrow_mut().insert(key, value);
                true
            }
            None => false,
        }
    }

    /// Removes an entry for everyone who shares the map.
    pub fn remove(&self, key: &[u8]) {
        if let Some(entries) = &self.entries {
            entries.map.borrow_mut().remove(key);
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.entries.as_ref().map_or(1, |entries| entries.depth.get())
    }

    /// Whether two handles share one map.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.entries, &other.entries) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            _ => false,
        }
    }

    fn read<T>(&self, look: impl FnOnce(&BTreeMap<Text, Value>) -> T) -> T {
        match &self.entries {
            Some(entries) => {
                let entries: Ref<'_, _> = entries.map.borrow();
                look(&entries)
            }
            None => look(&BTreeMap::new()),
        }
    }

    pub(super) fn equals(&self, other: &Self, left: &mut usize) -> bool {
        if self.element != other.element || self.is_nil() != other.is_nil() || self.len() != other.len() {
            return false;
        }
        self.is_same(other)
            || self
                .entries()
                .iter()
                .all(|(key, value)| other.get(key).is_some_and(|theirs| value.equals(&theirs, left)))
    }
}
