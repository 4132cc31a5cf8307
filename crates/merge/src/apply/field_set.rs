//! Sets of fields: who owns what.
//!
//! A set is a tree of steps. Each step may be a member itself, may lead on, or both: owning `.data.a` does not own
//! `.data`. No branch without members is ever kept, so that equal sets have equal trees.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::path::{PathElement, PathElementError};
use crate::schema::Node;

/// A set of fields of one object. The empty set owns no memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// Sorted by step.
    steps: Vec<(PathElement, Step)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Step {
    member: bool,
    below: FieldSet,
}

impl Step {
    fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }
}

impl FieldSet {
    /// A set of some paths, each given by the names of its fields.
    pub fn of_fields(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Vec<PathElement> = path.iter().map(|name| PathElement::field(name)).collect();
            set.insert(&path);
        }
        set
    }

    /// The set of one path.
    pub fn of_path(path: &[PathElement]) -> Self {
        let mut set = Self::default();
        set.insert(path);
        set
    }

    /// Whether nothing is a member.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Adds a path. The empty path stands for the whole object, which nobody owns.
    pub fn insert(&mut self, path: &[PathElement]) {
        let [first, rest @ ..] = path else { return };
        let at = match self.find(first) {
            Ok(at) => at,
            Err(at) => {
                self.steps.insert(at, (first.clone(), Step::default()));
                at
            }
        };
        let step = &mut self.steps[at].1;
        if rest.is_empty() { step.member = true } else { step.below.insert(rest) }
    }

    /// Whether a path is a member.
    pub fn has(&self, path: &[PathElement]) -> bool {
        match path {
            [] => false,
            [last] => self.has_member(last),
            [first, rest @ ..] => self.below(first).is_some_and(|below| below.has(rest)),
        }
    }

    pub(super) fn has_member(&self, element: &PathElement) -> bool {
        self.find(element).is_ok_and(|at| self.steps[at].1.member)
    }

    /// What is owned below a step, where there is anything.
    pub(super) fn below(&self, element: &PathElement) -> Option<&FieldSet> {
        let below = &self.steps[self.find(element).ok()?].1.below;
        (!below.is_empty()).then_some(below)
    }

    /// The steps of this level: the step, whether it is a member, what is below it.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&PathElement, bool, &FieldSet)> {
        self.steps.iter().map(|(element, step)| (element, step.member, &step.below))
    }

    fn find(&self, element: &PathElement) -> Result<usize, usize> {
        self.steps.binary_search_by(|(candidate, _)| candidate.cmp(element))
    }

    /// Adds a step with all that is below it. Steps may come in any order if [`FieldSet::sort`] follows.
    pub(super) fn push(&mut self, element: PathElement, member: bool, below: FieldSet) {
        let step = Step { member, below };
        if !step.is_empty() {
            self.steps.push((element, step));
        }
    }

    /// Sorts the steps of this level after they were pushed, and joins those that are the same.
    pub(super) fn sort(&mut self) {
        if self.steps.is_sorted_by(|(a, _), (b, _)| a < b) {
            return;
        }
        self.steps.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.steps.dedup_by(|(later, right), (earlier, left)| {
            let same = later == earlier;
            if same {
                left.member |= right.member;
                left.below = left.below.union(&right.below);
            }
            same
        });
    }

    /// All that is in either set.
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        self.zip(other, |left, right| match (left, right) {
            (Some(left), Some(right)) => {
                Step { member: left.member || right.member, below: left.below.union(&right.below) }
            }
            (Some(only), None) | (None, Some(only)) => only.clone(),
            (None, None) => Step::default(),
        })
    }

    /// All that is in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        self.zip(other, |left, right| match (left, right) {
            (Some(left), Some(right)) => {
                Step { member: left.member && right.member, below: left.below.intersection(&right.below) }
            }
            _ => Step::default(),
        })
    }

    /// All that is in this set and not in the other, path by path: taking away a parent leaves its children.
    pub fn difference(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        self.zip(other, |left, right| match (left, right) {
            (Some(left), Some(right)) => {
                Step { member: left.member && !right.member, below: left.below.difference(&right.below) }
            }
            (Some(left), None) => left.clone(),
            (None, _) => Step::default(),
        })
    }

    /// All that is in this set and neither in the other nor below a member of it.
    pub fn recursive_difference(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        self.zip(other, |left, right| match (left, right) {
            (Some(_), Some(right)) if right.member => Step::default(),
            (Some(left), Some(right)) => {
                Step { member: left.member, below: left.below.recursive_difference(&right.below) }
            }
            (Some(left), None) => left.clone(),
            (None, _) => Step::default(),
        })
    }

    /// Walks two sets in order; `join` makes one step of the two that have the same name.
    fn zip(&self, other: &Self, join: impl Fn(Option<&Step>, Option<&Step>) -> Step) -> Self {
        let mut out = Self::default();
        let (mut left, mut right) = (self.steps.iter().peekable(), other.steps.iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => return out,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((left, _)), Some((right, _))) => left.cmp(right),
            };
            let from_left = if order.is_le() { left.next() } else { None };
            let from_right = if order.is_ge() { right.next() } else { None };
            let step = join(from_left.map(|(_, step)| step), from_right.map(|(_, step)| step));
            if let (false, Some((element, _))) = (step.is_empty(), from_left.or(from_right)) {
                out.steps.push((element.clone(), step));
            }
        }
    }

    /// The set with every declared field as a member that has members below it. Removing a field from an object asks
    /// for that: who owns `.spec.replicas` also holds `.spec` in place, but not a key of a map of texts.
    pub(super) fn with_named_fields(&self, node: Option<Node<'_>>) -> Self {
        let map = node.and_then(|node| node.ty().map.as_ref());
        let list = node.and_then(|node| node.ty().list.as_ref());
        let steps = self.steps.iter().map(|(element, step)| {
            let (declared, inner) = match element {
                PathElement::Field(name) => (
                    map.is_some_and(|map| map.fields.contains_key(name)),
                    node.zip(map).and_then(|(node, map)| node.under(map, name)),
                ),
                _ => (false, node.zip(list).map(|(node, list)| node.items(list))),
            };
            let member = step.member || (declared && !step.below.is_empty());
            (element.clone(), Step { member, below: step.below.with_named_fields(inner) })
        });
        Self { steps: steps.collect() }
    }

    /// Calls `visit` with every path, members of a level before what is below them: the order of the real server's
    /// messages.
    pub fn for_each(&self, visit: &mut dyn FnMut(&[PathElement])) {
        self.walk(&mut Vec::new(), visit);
    }

    fn walk(&self, path: &mut Vec<PathElement>, visit: &mut dyn FnMut(&[PathElement])) {
        for (element, step) in &self.steps {
            if step.member {
                path.push(element.clone());
                visit(path);
                path.pop();
            }
        }
        for (element, step) in &self.steps {
            if !step.below.is_empty() {
                path.push(element.clone());
                step.below.walk(path, visit);
                path.pop();
            }
        }
    }

    /// Reads `fieldsV1`. A member that is `.` means the step it stands in.
    pub fn parse(fields_v1: &Value) -> Result<Self, PathElementError> {
        Ok(Self::read(fields_v1)?.1)
    }

    fn read(fields_v1: &Value) -> Result<(bool, Self), PathElementError> {
        let error = || PathElementError { text: fields_v1.to_string() };
        let members = fields_v1.as_object().ok_or_else(error)?;
        let mut set = Self::default();
        let mut itself = false;
        for (key, value) in members {
            if key == "." {
                itself = true;
                continue;
            }
            // Kinds of steps that a later version may bring are passed over, as the real server does.
            if !matches!(key.as_bytes(), [b'f' | b'k' | b'v' | b'i', b':', ..]) {
                continue;
            }
            let (own, below) = Self::read(value)?;
            // An empty object ends a path: the step itself is meant.
            let member = own || below.is_empty();
            set.push(PathElement::parse(key)?, member, below);
        }
        set.sort();
        Ok((itself, set))
    }

    /// Writes `fieldsV1`.
    pub fn serialize(&self) -> Value {
        Value::Object(self.write(false))
    }

    fn write(&self, itself: bool) -> Map<String, Value> {
        let mut out = Map::new();
        // A step that ends here is an empty object; one that leads on says by `.` that it is a member as well.
        if itself && !self.is_empty() {
            out.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (element, step) in &self.steps {
            out.insert(element.serialize(), Value::Object(step.below.write(step.member)));
        }
        out
    }
}
