//! Places of one resource that are one to Kustomize.
//!
//! A label that a transformer adds to several fields of a resource is one node that all of them point to: a later change
//! at one place, by a patch or by another `labels`, shows at all the others too. So `commonLabels: {app: x}` in a base and
//! `labels: {app: y}` in its overlay change the selectors as well. Here such scalars carry a link, and after each
//! transformer the last change is carried to all places of the same link. A JSON patch takes the whole resource through
//! JSON, which ends all links.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Node, Scalar};

/// Which places are one, and when this one was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Link {
    id: u32,
    turn: u32,
}

static TURN: AtomicU32 = AtomicU32::new(1);

fn turn() -> u32 {
    TURN.fetch_add(1, Ordering::Relaxed)
}

impl Link {
    /// A place of its own.
    pub(crate) const NONE: Self = Self { id: 0, turn: 0 };

    /// A link that no other scalar has yet.
    pub(crate) fn fresh() -> Self {
        let turn = turn();
        Self { id: turn, turn }
    }

    pub(crate) fn is_none(self) -> bool {
        self.id == 0
    }

    /// The same place, written now.
    pub(crate) fn rewritten(self) -> Self {
        if self.is_none() { self } else { Self { id: self.id, turn: turn() } }
    }
}

/// Carries the last change of every link to all its places.
pub(crate) fn sync(node: &mut Node) {
    let mut latest = HashMap::new();
    let mut stale = false;
    collect(node, &mut latest, &mut stale);
    if stale {
        write(node, &latest);
    }
}

fn collect(node: &Node, latest: &mut HashMap<u32, Arc<Scalar>>, stale: &mut bool) {
    match node {
        Node::Scalar(scalar) if scalar.link.is_none() => {}
        Node::Scalar(scalar) => match latest.get(&scalar.link.id) {
            Some(other) if other.link.turn == scalar.link.turn => {}
            Some(other) => {
                *stale = true;
                if other.link.turn < scalar.link.turn {
                    latest.insert(scalar.link.id, Arc::clone(scalar));
                }
            }
            None => {
                latest.insert(scalar.link.id, Arc::clone(scalar));
            }
        },
        Node::Sequence(sequence) => sequence.items.iter().for_each(|item| collect(item, latest, stale)),
        Node::Mapping(mapping) => mapping.entries.iter().for_each(|(_, value)| collect(value, latest, stale)),
    }
}

fn is_stale(node: &Node, latest: &HashMap<u32, Arc<Scalar>>) -> bool {
    match node {
        Node::Scalar(scalar) => {
            !scalar.link.is_none()
                && latest.get(&scalar.link.id).is_some_and(|last| last.link.turn != scalar.link.turn)
        }
        Node::Sequence(sequence) => sequence.items.iter().any(|item| is_stale(item, latest)),
        Node::Mapping(mapping) => mapping.entries.iter().any(|(_, value)| is_stale(value, latest)),
    }
}

fn write(node: &mut Node, latest: &HashMap<u32, Arc<Scalar>>) {
    if !is_stale(node, latest) {
        return;
    }
    match node {
        Node::Scalar(scalar) => {
            if let Some(last) = latest.get(&scalar.link.id) {
                *scalar = Arc::clone(last);
            }
        }
        Node::Sequence(sequence) => {
            Arc::make_mut(sequence).items.iter_mut().for_each(|item| write(item, latest))
        }
        Node::Mapping(mapping) => {
            Arc::make_mut(mapping).entries.iter_mut().for_each(|(_, value)| write(value, latest));
        }
    }
}
