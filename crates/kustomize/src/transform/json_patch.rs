//! JSON patches (RFC 6902) with the leniency of the library that Kustomize uses (evanphx/json-patch v4).
//!
//! `replace` of a missing member adds it, negative indexes count from the end, what stands before the first `/` of a
//! path is ignored, and a missing `value` is null. The resource goes through JSON on the way: its numbers become floats.

use std::sync::Arc;

use gangplank_yaml::{self as yaml, Dialect};
use serde_json::Value;

use crate::problem::Problem;
use crate::tree::{self, Mark, Node};

/// One operation.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    op: String,
    path: Option<String>,
    from: Option<String>,
    value: Option<Node>,
    mark: Mark,
}

fn fail<T>(message: impl Into<String>, mark: Mark) -> Result<T, Problem> {
    Err(Problem { message: message.into(), mark })
}

/// Reads a patch: a JSON text if it begins with `[`, else YAML 1.1, of which the first document counts. `None` for a
/// text that is null.
pub(crate) fn parse(text: &str, source: u32, first_line: u32) -> Result<Option<Vec<Operation>>, Problem> {
    let start = Mark { source, line: first_line };
    if text.is_empty() {
        return fail("the patch is empty", start);
    }
    if text.starts_with('[') {
        let value: Value = serde_json::from_str(text).map_err(|error| Problem {
            message: format!("the patch is no JSON: {error}"),
            mark: Mark {
                source,
                line: first_line + u32::try_from(error.line()).unwrap_or(1).saturating_sub(1),
            },
        })?;
        let Value::Array(items) = value else { return fail("a JSON patch is a list of operations", start) };
        return items.iter().map(|item| operation(item, start)).collect::<Result<_, _>>().map(Some);
    }
    let at = |line: u32| Mark { source, line: line + first_line.saturating_sub(1) };
    let yaml_error = |error: yaml::Error| Problem {
        message: format!("the patch is no YAML: {}", error.message),
        mark: at(error.at.line),
    };
    let root = yaml::parse_first(text).map_err(yaml_error)?;
    if let Some(items) = root.items() {
        let mut operations = Vec::with_capacity(items.len());
        for item in items {
            let mark = at(item.span.start.line);
            let mut operation =
                operation(&yaml::node_to_json(item, Dialect::SigsV2).map_err(yaml_error)?, mark)?;
            // The value's own line is worth more than the operation's.
            if let (Some(value), Some(node)) = (&mut operation.value, item.get("value")) {
                let json = yaml::node_to_json(node, Dialect::SigsV2).map_err(yaml_error)?;
                *value = tree::from_json(&json, at(node.span.start.line));
            }
            operations.push(operation);
        }
        return Ok(Some(operations));
    }
    match yaml::node_to_json(&root, Dialect::SigsV2).map_err(yaml_error)? {
        Value::Null => Ok(None),
        _ => fail("a JSON patch is a list of operations", start),
    }
}

fn operation(value: &Value, mark: Mark) -> Result<Operation, Problem> {
    let map = match value {
        Value::Object(map) => map,
        // A null operation has no kind, which is found when it is applied.
        Value::Null => &serde_json::Map::new(),
        _ => return fail("an operation of a JSON patch is a mapping with op, path and value", mark),
    };
    let text = |name: &str| map.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Operation {
        op: text("op").unwrap_or_else(|| "unknown".to_owned()),
        path: text("path"),
        from: text("from"),
        value: map.get("value").map(|value| tree::from_json(value, mark)),
        mark,
    })
}

/// Whether an operation copies or compares what stands in the resource.
pub(crate) fn looks(patch: &[Operation]) -> bool {
    patch.iter().any(|operation| matches!(operation.op.as_str(), "copy" | "move" | "test"))
}

/// Applies a patch to a tree that is [`canonical`](tree::canonical).
pub(crate) fn apply(document: &mut Node, patch: &[Operation]) -> Result<(), Problem> {
    for operation in patch {
        let mark = operation.mark;
        let Some(path) = &operation.path else {
            return fail(format!("the operation {} has no path", operation.op), mark);
        };
        let value = || operation.value.clone().unwrap_or_else(|| Node::null(mark));
        match operation.op.as_str() {
            "add" => {
                let (parent, name) = parent(document, path, "add", mark)?;
                add(parent, &name, value(), path, mark)?;
            }
            "remove" => {
                let (parent, name) = parent(document, path, "remove", mark)?;
                remove(parent, &name, path, mark)?;
            }
            "replace" if path.is_empty() => match value() {
                Node::Scalar(_) => return fail("the whole resource can only be replaced by a mapping", mark),
                whole => *document = whole,
            },
            "replace" => {
                let (parent, name) = parent(document, path, "replace", mark)?;
                replace(parent, &name, value(), path, mark)?;
            }
            "move" | "copy" => {
                let Some(from) = &operation.from else {
                    return fail(format!("the operation {} has no from", operation.op), mark);
                };
                let moves = operation.op == "move";
                let (source, name) = parent(document, from, &operation.op, mark)?;
                let moved = get(source, &name, from, mark)?.cloned();
                if moves {
                    remove(source, &name, from, mark)?;
                }
                let (target, name) = parent(document, path, &operation.op, mark)?;
                add(target, &name, moved.unwrap_or_else(|| Node::null(mark)), path, mark)?;
            }
            "test" => {
                let found = if path.is_empty() {
                    Some(&*document)
                } else {
                    let (parent, name) = parent(document, path, "test", mark)?;
                    get(parent, &name, path, mark)?
                };
                let missing = Node::null(mark);
                if !equal(found.unwrap_or(&missing), operation.value.as_ref().unwrap_or(&missing)) {
                    return fail(format!("the test of {path} failed: another value stands there"), mark);
                }
            }
            other => {
                return fail(
                    format!(
                        "the operation {other:?} is unknown: use add, remove, replace, move, copy or test"
                    ),
                    mark,
                );
            }
        }
    }
    Ok(())
}

/// Splits a path at `/`; what stands before the first one is ignored.
fn parts(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

/// The list or mapping that holds the last part of a path, and that part.
fn parent<'n>(
    document: &'n mut Node,
    path: &str,
    op: &str,
    mark: Mark,
) -> Result<(&'n mut Node, String), Problem> {
    let mut parts = parts(path);
    let Some(last) = parts.pop() else {
        return fail(format!("the path {path:?} of {op} begins with no '/'"), mark);
    };
    let mut node = document;
    for part in &parts {
        let missing = || format!("{op} {path}: nothing is at {part:?} on the way there");
        let next = match node {
            Node::Mapping(mapping) => mapping.index(part).map(|at| &mut Arc::make_mut(mapping).entries[at].1),
            Node::Sequence(sequence) => {
                let at = index(part, sequence.items.len(), false);
                at.and_then(|at| Arc::make_mut(sequence).items.get_mut(at))
            }
            Node::Scalar(_) => None,
        };
        node = match next {
            Some(next @ (Node::Mapping(_) | Node::Sequence(_))) => next,
            _ => return fail(missing(), mark),
        };
    }
    Ok((node, last))
}

/// An index, counted from the end where it is negative. `adding` allows the place behind the last item.
fn index(part: &str, length: usize, adding: bool) -> Option<usize> {
    let number: i64 = part.parse().ok()?;
    let length = i64::try_from(length).ok()? + i64::from(adding);
    let at = if number < 0 { number + length } else { number };
    (0..length).contains(&at).then(|| usize::try_from(at).ok()).flatten()
}

fn bad_index<T>(part: &str, path: &str, length: usize, mark: Mark) -> Result<T, Problem> {
    fail(format!("{path}: {part:?} is no index of a list of {length} items"), mark)
}

fn get<'n>(parent: &'n Node, part: &str, path: &str, mark: Mark) -> Result<Option<&'n Node>, Problem> {
    match parent {
        Node::Sequence(sequence) => match index(part, sequence.items.len(), false) {
            Some(at) => Ok(sequence.items.get(at)),
            None => bad_index(part, path, sequence.items.len(), mark),
        },
        other => Ok(other.get(part)),
    }
}

fn add(parent: &mut Node, part: &str, value: Node, path: &str, mark: Mark) -> Result<(), Problem> {
    match parent {
        Node::Sequence(sequence) => {
            let sequence = Arc::make_mut(sequence);
            let length = sequence.items.len();
            if part == "-" {
                sequence.items.push(value);
                return Ok(());
            }
            match index(part, length, true) {
                Some(at) => sequence.items.insert(at, value),
                None => return bad_index(part, path, length, mark),
            }
        }
        Node::Mapping(mapping) => {
            let mapping = Arc::make_mut(mapping);
            match mapping.index(part) {
                Some(at) => mapping.entries[at].1 = value,
                None => mapping.entries.push((tree::json_key(part, mark), value)),
            }
        }
        Node::Scalar(_) => return fail(format!("{path}: the place is in a scalar"), mark),
    }
    Ok(())
}

fn replace(parent: &mut Node, part: &str, value: Node, path: &str, mark: Mark) -> Result<(), Problem> {
    match parent {
        Node::Sequence(sequence) => {
            let length = sequence.items.len();
            match index(part, length, false) {
                Some(at) => Arc::make_mut(sequence).items[at] = value,
                None => return bad_index(part, path, length, mark),
            }
            Ok(())
        }
        // A missing member is added: the library knows no difference.
        _ => add(parent, part, value, path, mark),
    }
}

fn remove(parent: &mut Node, part: &str, path: &str, mark: Mark) -> Result<(), Problem> {
    match parent {
        Node::Sequence(sequence) => match index(part, sequence.items.len(), false) {
            Some(at) => {
                Arc::make_mut(sequence).items.remove(at);
                Ok(())
            }
            None => bad_index(part, path, sequence.items.len(), mark),
        },
        Node::Mapping(mapping) => match tree::clear(Arc::make_mut(mapping), part) {
            Some(_) => Ok(()),
            None => fail(format!("remove {path}: there is no {part:?}"), mark),
        },
        Node::Scalar(_) => fail(format!("{path}: the place is in a scalar"), mark),
    }
}

/// Whether two values are equal as JSON.
fn equal(a: &Node, b: &Node) -> bool {
    let text = |node| {
        let mut json = String::new();
        tree::go_json(node, &mut json);
        json
    };
    text(a) == text(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, patch: &str, expect: Result<&str, &str>) {
        let node =
            yaml::parse_first(document).and_then(|node| tree::from_yaml(&node, 1, 1)).expect("a document");
        let mut node = tree::canonical(&node).expect("a JSON document");
        let result = parse(patch, 2, 1)
            .and_then(|patch| apply(&mut node, &patch.unwrap_or_default()))
            .map(|()| {
                let mut json = String::new();
                tree::go_json(&node, &mut json);
                json
            })
            .map_err(|error| error.message);
        match expect {
            Ok(json) => assert_eq!(result.as_deref(), Ok(json), "{patch}"),
            Err(part) => {
                assert!(result.clone().is_err_and(|message| message.contains(part)), "{result:?} for {patch}")
            }
        }
    }

    #[test]
    fn operations_are_lenient() {
        check("{a: 1}", r#"[{"op":"replace","path":"/b","value":2}]"#, Ok(r#"{"a":1,"b":2}"#));
        check("{a: 1}", r#"[{"op":"add","path":"/b/c","value":2}]"#, Err("nothing is at \"b\""));
        check("{a: [1, 2]}", "- op: replace\n  path: /a/-1\n  value: yes\n", Ok(r#"{"a":[1,true]}"#));
        check("{a: [1, 2]}", "- {op: add, path: /a/-, value: 010}", Ok(r#"{"a":[1,2,8]}"#));
        check("{a: [1, 2]}", "- {op: add, path: /a/9, value: 3}", Err("no index"));
        check("{a: [1, 2]}", "- {op: replace, path: /a/-, value: 3}", Err("no index"));
        check("{a: 1}", "- {op: remove, path: /b}", Err("there is no \"b\""));
        check("{a: 1}", "- {op: replace, path: x/a, value: 2}", Ok(r#"{"a":2}"#));
        check("{a: 1}", "- {op: add, path: /b}", Ok(r#"{"a":1,"b":null}"#));
        check(
            "{a: 1}",
            "- {op: test, path: /a, value: 1}\n- {op: copy, from: /a, path: /b}",
            Ok(r#"{"a":1,"b":1}"#),
        );
        check("{a: 1}", "- {op: test, path: /a, value: 2}", Err("test of /a failed"));
        check("{a: {b~c/d: 1}}", "- {op: move, from: /a/b~0c~1d, path: /e}", Ok(r#"{"a":{},"e":1}"#));
        check("{a: 1}", "- {op: merge, path: /a}", Err("unknown"));
        check("{a: 12345678901234567}", "[]", Ok(r#"{"a":12345678901234568}"#));
    }
}
