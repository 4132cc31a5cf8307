//! Unknown fields go.

use serde_json::Value;

use super::{Additional, Node};

/// Drops unknown fields; their paths, sorted.
pub(super) fn prune(root: &Node, object: &mut Value) -> Vec<String> {
    let mut pruning = Pruning { path: String::new(), dropped: Vec::new() };
    pruning.visit(Some(root), object, true, root.preserve_unknown);
    pruning.dropped.sort();
    pruning.dropped
}

/// Drops unknown fields of a value that is no resource, unless its schema says so.
pub(super) fn prune_value(node: &Node, value: &mut Value) {
    let mut pruning = Pruning { path: String::new(), dropped: Vec::new() };
    pruning.visit(Some(node), value, node.embedded, node.preserve_unknown);
}

struct Pruning {
    path: String,
    dropped: Vec<String>,
}

impl Pruning {
    /// `resource` says that the value is an object with metadata of its own, which is not looked into; `open` that
    /// unknown fields stay, in the elements of lists as well.
    fn visit(&mut self, node: Option<&Node>, value: &mut Value, resource: bool, open: bool) {
        match value {
            Value::Object(members) => {
                let keys: Vec<String> = members.keys().cloned().collect();
                for key in keys {
                    if resource && is_metadata(&key) {
                        continue;
                    }
                    let before = self.enter(&key);
                    let declared = node.and_then(|node| node.properties.get(key.as_str()));
                    let additional = node.and_then(|node| node.additional.as_ref());
                    match (declared, additional) {
                        (Some(inner), _) => self.descend(inner, members.get_mut(&key)),
                        (None, Some(Additional::Schema(inner))) => self.descend(inner, members.get_mut(&key)),
                        // Nothing is known of the value, so nothing in it stays.
                        (None, Some(Additional::Allowed(_))) => {
                            if let Some(value) = members.get_mut(&key) {
                                self.visit(None, value, false, false);
                            }
                        }
                        (None, _) if open => {}
                        (None, _) => {
                            if before > 0 || !is_metadata(&key) {
                                self.dropped.push(self.path.clone());
                            }
                            members.remove(&key);
                        }
                    }
                    self.path.truncate(before);
                }
            }
            Value::Array(elements) => {
                let items = node.and_then(|node| node.items.as_deref());
                for (index, element) in elements.iter_mut().enumerate() {
                    let before = self.path.len();
                    self.path.push_str(&format!("[{index}]"));
                    match items {
                        Some(items) => {
                            self.visit(Some(items), element, items.embedded, open || items.preserve_unknown)
                        }
                        None if open => {}
                        None => self.visit(None, element, false, false),
                    }
                    self.path.truncate(before);
                }
            }
            _ => {}
        }
    }

    fn descend(&mut self, node: &Node, value: Option<&mut Value>) {
        if let Some(value) = value {
            self.visit(Some(node), value, node.embedded, node.preserve_unknown);
        }
    }

    fn enter(&mut self, key: &str) -> usize {
        let before = self.path.len();
        if before > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        before
    }
}

fn is_metadata(key: &str) -> bool {
    matches!(key, "apiVersion" | "kind" | "metadata")
}
