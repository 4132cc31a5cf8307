//! Keys rewritten, one operation after the other.

use super::Data;
use crate::error::{ExecutionError, ParseError};
use crate::functions::Functions;
use crate::json::{self, Style};
use crate::limits::Environment;
use crate::regexp;
use crate::template::{MissingKey, Options};
use crate::value::Value;

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// Replaces what matches in every key.
    Regexp {
        /// A pattern in Go's syntax.
        source: String,
        /// With `$1` and `${name}`.
        target: String,
    },
    /// Renders every key anew, from `.value`.
    Transform {
        /// A template; missing keys are no errors here, and delimiters are always `{{ }}`.
        template: String,
    },
    /// Joins the JSON objects that the values are.
    Merge(Merge),
}

/// How to join JSON objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// The key of the whole, for [`MergeStrategy::Json`].
    pub into: String,
    /// Keys whose members win over others; of these the last.
    pub priority: Vec<String>,
    /// What if such a key is absent.
    pub priority_policy: PriorityPolicy,
    /// What if two objects have one member.
    pub conflict_policy: ConflictPolicy,
    /// What the result is.
    pub strategy: MergeStrategy,
}

/// What becomes of a priority key that is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PriorityPolicy {
    /// An error.
    #[default]
    Strict,
    /// Nothing.
    IgnoreNotFound,
}

/// What becomes of a member that two objects have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConflictPolicy {
    /// An error.
    #[default]
    Error,
    /// The later one wins.
    Ignore,
}

/// What a merge gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MergeStrategy {
    /// The members, in place of the objects.
    #[default]
    Extract,
    /// The objects as they were, and the whole as JSON under [`Merge::into`].
    Json,
}

/// A rewrite that failed.
#[derive(Debug, thiserror::Error)]
#[error("failed rewrite operation[{index}]: {reason}")]
pub struct RewriteError {
    /// Place of the operation in the list, from 0.
    pub index: usize,
    /// What failed.
    pub reason: RewriteReason,
}

/// Why an operation failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the text of each says what it is")]
pub enum RewriteReason {
    #[error("regexp failed with failed to compile: {0}")]
    Pattern(String),
    #[error("transform failed with failed to parse template: {0}")]
    Parse(#[source] ParseError),
    #[error("transform failed with failed to execute template for key {}: {error}", crate::format::quote::quoted(.key.as_bytes()))]
    Execute { key: String, error: Box<ExecutionError> },
    #[error("merge failed with key {} not found in input map", crate::format::quote::quoted(.0.as_bytes()))]
    Absent(String),
    #[error("merge failed with failed to unmarshal JSON: {0}")]
    NotJson(String),
    #[error("merge failed with conflicts: {}", .0.join(", "))]
    Conflicts(Vec<String>),
    #[error("merge failed with missing 'into' field")]
    MissingInto,
    #[error("merge failed with failed to marshal merged map: {0}")]
    Unwritable(String),
}

/// Applies operations in order. Where a regexp or a transform makes two keys one, the value of the later old key stays.
///
/// # Errors
/// The first operation that fails.
pub fn rewrite(
    operations: &[Rewrite],
    data: Data,
    environment: &mut Environment,
) -> Result<Data, RewriteError> {
    let mut data = data;
    for (index, operation) in operations.iter().enumerate() {
        let result = match operation {
            Rewrite::Regexp { source, target } => replace(source, target, data),
            Rewrite::Transform { template } => transform(template, data, environment),
            Rewrite::Merge(merge) => join(merge, data),
        };
        data = result.map_err(|reason| RewriteError { index, reason })?;
    }
    Ok(data)
}

fn replace(source: &str, target: &str, data: Data) -> Result<Data, RewriteReason> {
    let pattern = regexp::compile(source).map_err(|error| RewriteReason::Pattern(error.to_string()))?;
    let renamed = data.into_iter().map(|(key, value)| {
        let new = regexp::replace_all(&pattern, key.as_bytes(), target.as_bytes());
        (String::from_utf8_lossy(&new).into_owned(), value)
    });
    Ok(renamed.collect())
}

fn transform(template: &str, data: Data, environment: &mut Environment) -> Result<Data, RewriteReason> {
    let options = Options {
        functions: Functions::external_secrets(),
        missing_key: MissingKey::Default,
        ..Options::default()
    };
    let template = options.parse("transform", template).map_err(RewriteReason::Parse)?;
    let mut out = Data::new();
    for (key, value) in data {
        let root = Value::string_map([("value", &key)]);
        match template.render_in(&root, environment) {
            Ok(new) => out.insert(String::from_utf8_lossy(&new).into_owned(), value),
            Err(error) => return Err(RewriteReason::Execute { key, error: error.into() }),
        };
    }
    Ok(out)
}

fn join(merge: &Merge, data: Data) -> Result<Data, RewriteReason> {
    let plain = data.keys().filter(|key| !merge.priority.contains(key));
    let order: Vec<&String> = plain.chain(&merge.priority).collect();
    let mut conflicts = Vec::new();
    let mut whole = std::collections::BTreeMap::new();
    for key in order {
        let Some(value) = data.get(key) else {
            if merge.priority_policy == PriorityPolicy::IgnoreNotFound {
                continue;
            }
            return Err(RewriteReason::Absent(key.clone()));
        };
        let members = json::members(value, "map[string]interface {}").map_err(RewriteReason::NotJson)?;
        // Of equal members of one object the last counts, and that is no conflict.
        let members: std::collections::BTreeMap<_, _> =
            members.into_iter().map(|member| (member.key, member.value)).collect();
        for (name, value) in members {
            if whole.contains_key(&name) {
                conflicts.push(String::from_utf8_lossy(&name).into_owned());
            }
            whole.insert(name, value);
        }
    }
    if merge.conflict_policy == ConflictPolicy::Error && !conflicts.is_empty() {
        return Err(RewriteReason::Conflicts(conflicts));
    }
    match merge.strategy {
        MergeStrategy::Extract => {
            let entries = whole.into_iter().map(|(name, value)| {
                let value = member_text(&value).map_err(RewriteReason::Unwritable)?;
                Ok((String::from_utf8_lossy(&name).into_owned(), value))
            });
            entries.collect()
        }
        MergeStrategy::Json if merge.into.is_empty() => Err(RewriteReason::MissingInto),
        MergeStrategy::Json => {
            let style = Style { raw: true, pretty: false };
            let text = json::encode(&Value::map(whole), style)
                .map_err(|error| RewriteReason::Unwritable(error.to_string()))?;
            let mut data = data;
            data.insert(merge.into.clone(), text);
            Ok(data)
        }
    }
}

/// A member as a value of its own: text as it is, numbers without exponent, null as nothing, the rest as JSON.
fn member_text(value: &Value) -> Result<Vec<u8>, String> {
    Ok(match value {
        Value::Nil => Vec::new(),
        Value::String(text) => text.to_vec(),
        Value::Float(number) => crate::format::float::format(*number, 'f', None).into_bytes(),
        other => json::encode(other, Style::default()).map_err(|error| error.to_string())?,
    })
}
