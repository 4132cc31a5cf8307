//! JSON Patch (RFC 6902) as Kubernetes and Kustomize apply it.
//!
//! Both use the Go library `gopkg.in/evanphx/json-patch.v4`, which is laxer than the RFC in places that people rely on:
//!
//! - `replace` of a key that is not there adds it; `copy` and `move` from such a key carry `null`;
//! - a missing `value` is `null`, and `test` finds `null` where nothing is;
//! - an index may be negative and counts from the end (`-1` is the last element; for `add`, the place after it);
//! - a path that does not start with a slash loses its first part;
//! - the path `""` names the whole document for `replace` and `test` only.
//!
//! An array element is never created by `replace`, and no parent is ever created.

use serde_json::Value;

#[cfg(test)]
mod tests;

/// Why a patch could not be read or applied. `operation` counts from zero.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonPatchError {
    /// The patch is not a list.
    #[error("a JSON patch is a list of operations, not {found}")]
    NotAList {
        /// What it is instead, in JSON's words.
        found: &'static str,
    },
    /// An element of the list is not an object.
    #[error("operation {operation} of the JSON patch is {found}, not an object")]
    NotAnOperation {
        /// Which operation.
        operation: usize,
        /// What it is instead, in JSON's words.
        found: &'static str,
    },
    /// `op` is missing or none of the six.
    #[error("operation {operation} of the JSON patch has the unknown op {op:?}")]
    UnknownOp {
        /// Which operation.
        operation: usize,
        /// The text that stood there, `unknown` where none did.
        op: String,
    },
    /// `path` or `from` is missing or no text.
    #[error("operation {operation} of the JSON patch has no {member:?}, or it is no text")]
    MissingMember {
        /// Which operation.
        operation: usize,
        /// `path` or `from`.
        member: &'static str,
    },
    /// A parent of the path is missing or holds nothing.
    #[error("operation {operation} of the JSON patch: nothing at the parent of {path:?}")]
    MissingParent {
        /// Which operation.
        operation: usize,
        /// The path as given.
        path: String,
    },
    /// The key to remove is not there.
    #[error("operation {operation} of the JSON patch: no key at {path:?}")]
    MissingKey {
        /// Which operation.
        operation: usize,
        /// The path as given.
        path: String,
    },
    /// The last part of the path is no index of the array there.
    #[error("operation {operation} of the JSON patch: {path:?} is no index of an array of {length}")]
    BadIndex {
        /// Which operation.
        operation: usize,
        /// The path as given.
        path: String,
        /// Elements in the array.
        length: usize,
    },
    /// The whole document would become something that is neither object nor array.
    #[error("operation {operation} of the JSON patch would replace the document by {found}")]
    NotADocument {
        /// Which operation.
        operation: usize,
        /// What the value is, in JSON's words.
        found: &'static str,
    },
    /// `test` found another value.
    #[error("operation {operation} of the JSON patch: the test of {path:?} failed")]
    TestFailed {
        /// Which operation.
        operation: usize,
        /// The path as given.
        path: String,
    },
    /// The `copy` operations together copy more than the limit.
    #[error("operation {operation} of the JSON patch: more than {limit} bytes would be copied")]
    CopyTooLarge {
        /// Which operation.
        operation: usize,
        /// Bytes allowed.
        limit: usize,
    },
}

/// Bounds on what a patch may do.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of JSON that all `copy` operations together may produce. The API server allows as much as a request body.
    pub copied_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { copied_bytes: 3 * 1024 * 1024 }
    }
}

/// Applies the operations of `patch` to `document` in their order. On an error the document holds what the earlier
/// operations made of it: patch a copy where that matters.
pub fn apply(document: &mut Value, patch: &Value) -> Result<(), JsonPatchError> {
    apply_within(document, patch, Limits::default())
}

/// [`apply`] with bounds other than the API server's.
pub fn apply_within(document: &mut Value, patch: &Value, limits: Limits) -> Result<(), JsonPatchError> {
    let operations = operations(patch)?;
    let mut copied = 0;
    for (index, operation) in operations.iter().enumerate() {
        Step { index, operation }.apply(document, limits, &mut copied)?;
    }
    Ok(())
}

/// The operations of a patch, each known to be an object. Errors are those of a body that is no JSON patch at all, which
/// the API server tells apart (400) from operations that fail (422).
pub fn operations(patch: &Value) -> Result<&[Value], JsonPatchError> {
    let operations = patch.as_array().ok_or(JsonPatchError::NotAList { found: kind_of(patch) })?;
    for (operation, value) in operations.iter().enumerate() {
        if !value.is_object() {
            return Err(JsonPatchError::NotAnOperation { operation, found: kind_of(value) });
        }
    }
    Ok(operations)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// One operation while it is applied; it knows its number for the errors.
struct Step<'a> {
    index: usize,
    operation: &'a Value,
}

impl Step<'_> {
    fn apply(&self, document: &mut Value, limits: Limits, copied: &mut usize) -> Result<(), JsonPatchError> {
        let op = self.operation.get("op").and_then(Value::as_str).unwrap_or("unknown");
        match op {
            "add" => self.add_at(document, self.member("path")?, self.value()),
            "remove" => self.remove(document, self.member("path")?).map(drop),
            "replace" => self.replace(document),
            "move" => {
                let from = self.member("from")?;
                let value = self.get(document, from)?;
                // An absent key can't be removed, so moving one fails here.
                self.remove(document, from)?;
                self.add_at(document, self.member("path")?, value)
            }
            "copy" => {
                let value = self.get(document, self.member("from")?)?;
                *copied += value.to_string().len();
                if *copied > limits.copied_bytes {
                    return Err(JsonPatchError::CopyTooLarge {
                        operation: self.index,
                        limit: limits.copied_bytes,
                    });
                }
                self.add_at(document, self.member("path")?, value)
            }
            "test" => self.test(document),
            other => Err(JsonPatchError::UnknownOp { operation: self.index, op: other.to_owned() }),
        }
    }

    fn member(&self, member: &'static str) -> Result<&str, JsonPatchError> {
        let found = self.operation.get(member).and_then(Value::as_str);
        found.ok_or(JsonPatchError::MissingMember { operation: self.index, member })
    }

    fn value(&self) -> Value {
        self.operation.get("value").cloned().unwrap_or(Value::Null)
    }

    fn replace(&self, document: &mut Value) -> Result<(), JsonPatchError> {
        let path = self.member("path")?;
        let value = self.value();
        if path.is_empty() {
            if !value.is_object() && !value.is_array() {
                return Err(JsonPatchError::NotADocument { operation: self.index, found: kind_of(&value) });
            }
            *document = value;
            return Ok(());
        }
        match self.parent(document, path)? {
            (Value::Object(map), key) => {
                map.insert(key, value);
            }
            (Value::Array(list), key) => {
                let at = self.existing_index(&key, list.len(), path)?;
                list[at] = value;
            }
            _ => return Err(self.missing_parent(path)),
        }
        Ok(())
    }

    fn test(&self, document: &mut Value) -> Result<(), JsonPatchError> {
        let path = self.member("path")?;
        let expected = self.operation.get("value").unwrap_or(&Value::Null);
        let equal =
            if path.is_empty() { document == expected } else { self.get(document, path)? == *expected };
        if equal {
            Ok(())
        } else {
            Err(JsonPatchError::TestFailed { operation: self.index, path: path.to_owned() })
        }
    }

    /// The value at a path; `null` for an absent key.
    fn get(&self, document: &mut Value, path: &str) -> Result<Value, JsonPatchError> {
        match self.parent(document, path)? {
            (Value::Object(map), key) => Ok(map.get(&key).cloned().unwrap_or(Value::Null)),
            (Value::Array(list), key) => Ok(list[self.existing_index(&key, list.len(), path)?].clone()),
            _ => Err(self.missing_parent(path)),
        }
    }

    fn add_at(&self, document: &mut Value, path: &str, value: Value) -> Result<(), JsonPatchError> {
        match self.parent(document, path)? {
            (Value::Object(map), key) => {
                map.insert(key, value);
            }
            (Value::Array(list), key) => {
                let at =
                    if key == "-" { list.len() } else { self.index(&key, list.len() + 1, list.len(), path)? };
                list.insert(at, value);
            }
            _ => return Err(self.missing_parent(path)),
        }
        Ok(())
    }

    fn remove(&self, document: &mut Value, path: &str) -> Result<Value, JsonPatchError> {
        match self.parent(document, path)? {
            (Value::Object(map), key) => map
                .remove(&key)
                .ok_or_else(|| JsonPatchError::MissingKey { operation: self.index, path: path.to_owned() }),
            (Value::Array(list), key) => {
                let at = self.existing_index(&key, list.len(), path)?;
                Ok(list.remove(at))
            }
            _ => Err(self.missing_parent(path)),
        }
    }

    /// Finds the object or array that holds the last part of `path`, and that part unescaped.
    fn parent<'d>(
        &self,
        document: &'d mut Value,
        path: &str,
    ) -> Result<(&'d mut Value, String), JsonPatchError> {
        // Whatever stands before the first slash is dropped: that is how the library reads a path without one.
        let (_, rest) = path.split_once('/').ok_or_else(|| self.missing_parent(path))?;
        let (parents, last) = match rest.rsplit_once('/') {
            Some((parents, last)) => (Some(parents), last),
            None => (None, rest),
        };
        let mut at = document;
        for part in parents.iter().flat_map(|parents| parents.split('/')) {
            let key = unescape(part);
            let next = match at {
                Value::Object(map) => map.get_mut(&key),
                Value::Array(list) => {
                    let index =
                        self.existing_index(&key, list.len(), path).map_err(|_| self.missing_parent(path))?;
                    list.get_mut(index)
                }
                _ => None,
            };
            at = next.ok_or_else(|| self.missing_parent(path))?;
        }
        Ok((at, unescape(last)))
    }

    fn missing_parent(&self, path: &str) -> JsonPatchError {
        JsonPatchError::MissingParent { operation: self.index, path: path.to_owned() }
    }

    fn existing_index(&self, key: &str, length: usize, path: &str) -> Result<usize, JsonPatchError> {
        self.index(key, length, length, path)
    }

    /// An index into `places` places, counted from the end when negative.
    fn index(&self, key: &str, places: usize, length: usize, path: &str) -> Result<usize, JsonPatchError> {
        let bad = || JsonPatchError::BadIndex { operation: self.index, path: path.to_owned(), length };
        let given: i64 = key.parse().map_err(|_| bad())?;
        let index = if given < 0 {
            places.checked_sub(usize::try_from(given.unsigned_abs()).map_err(|_| bad())?)
        } else {
            usize::try_from(given).ok()
        };
        index.filter(|index| *index < places).ok_or_else(bad)
    }
}

/// Undoes `~1` and `~0` in one pass, so that `~01` is `~1`.
fn unescape(part: &str) -> String {
    if !part.contains('~') {
        return part.to_owned();
    }
    let mut out = String::with_capacity(part.len());
    let mut rest = part;
    while let Some(at) = rest.find('~') {
        out.push_str(&rest[..at]);
        let (text, used) = match rest.as_bytes().get(at + 1) {
            Some(b'0') => ('~', 2),
            Some(b'1') => ('/', 2),
            _ => ('~', 1),
        };
        out.push(text);
        rest = &rest[at + used..];
    }
    out.push_str(rest);
    out
}
