//! Where the values of the output came from.

use crate::build::Sources;
use crate::tree::{Mark, Node};

/// A file and a line: of the base that first said a value, of the patch that changed it, or of the kustomization's own
/// field (`namespace`, `labels`, …) that made it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Provenance {
    /// The file's path or address.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl Provenance {
    fn from_mark(mark: Mark, sources: &Sources) -> Option<Self> {
        sources.path(mark.source).map(|file| Self { file, line: mark.line })
    }

    pub(crate) fn of(node: &Node, pointer: &str, sources: &Sources) -> Option<Self> {
        let mut node = node;
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            node = match node {
                Node::Sequence(sequence) => sequence.items.get(part.parse::<usize>().ok()?)?,
                other => other.get(&part)?,
            };
        }
        Self::from_mark(node.mark(), sources)
    }

    pub(crate) fn all(node: &Node, sources: &Sources) -> Vec<(String, Self)> {
        let mut found = Vec::new();
        collect(node, String::new(), sources, &mut found);
        found
    }
}

fn collect(node: &Node, pointer: String, sources: &Sources, found: &mut Vec<(String, Provenance)>) {
    match node {
        Node::Mapping(mapping) if !mapping.entries.is_empty() => {
            for (key, value) in &mapping.entries {
                let name = key.text.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{pointer}/{name}"), sources, found);
            }
        }
        Node::Sequence(sequence) if !sequence.items.is_empty() => {
            for (at, item) in sequence.items.iter().enumerate() {
                collect(item, format!("{pointer}/{at}"), sources, found);
            }
        }
        leaf => found.extend(Provenance::from_mark(leaf.mark(), sources).map(|from| (pointer, from))),
    }
}
