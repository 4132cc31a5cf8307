//! Where rendered entries go: data, annotations, labels, or a path in an object of any kind.

use gangplank_yaml::{Dialect, to_json};
use serde_json::{Map, Value};

use super::Data;
use crate::format::float;
use crate::yaml_words::conversion_error;

/// Greatest index in a path. More would let a short path make a huge list.
const GREATEST_INDEX: usize = 10_000;

/// A place in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The data of a Secret or ConfigMap.
    Data,
    /// `metadata.annotations`
    Annotations,
    /// `metadata.labels`
    Labels,
    /// Any other place.
    Path(Path),
}

/// A path such as `spec.rules[0].to`: first a key, then keys and indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// What stands in brackets is no index up to 10000.
    #[error("invalid target path {path:?}: bad index {index:?}")]
    BadIndex {
        /// The path.
        path: String,
        /// The text in brackets.
        index: String,
    },
    /// An index comes first.
    #[error("invalid target path {0:?}: path must start with a key")]
    NoKey(String),
    /// Two dots in a row, a dot at an end, or an open bracket.
    #[error("invalid target path {0:?}: empty or broken segment")]
    Broken(String),
    /// Something that is no map, or no list, stands on the way.
    #[error("cannot set target path: {found} stands where {wanted} is needed at {at:?}")]
    InTheWay {
        /// The step.
        at: String,
        /// `a map` or `a list`.
        wanted: &'static str,
        /// What is there.
        found: &'static str,
    },
}

impl Target {
    /// Reads the target of a manifest; empty means [`Target::Data`]. The three names may be written in any case, segments of
    /// paths keep theirs.
    ///
    /// # Errors
    /// See [`TargetError`].
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        match text.to_ascii_lowercase().as_str() {
            "" | "data" => Ok(Self::Data),
            "annotations" => Ok(Self::Annotations),
            "labels" => Ok(Self::Labels),
            _ => Path::parse(text).map(Self::Path),
        }
    }
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// See [`TargetError`].
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let broken = || TargetError::Broken(text.to_owned());
        let mut steps = Vec::new();
        for segment in text.split('.') {
            let (key, mut indexes) = match segment.find('[') {
                Some(bracket) => segment.split_at(bracket),
                None => (segment, ""),
            };
            if !key.is_empty() {
                steps.push(Step::Key(key.to_owned()));
            } else if steps.is_empty() && !indexes.is_empty() {
                return Err(TargetError::NoKey(text.to_owned()));
            } else if indexes.is_empty() {
                return Err(broken());
            }
            while !indexes.is_empty() {
                let (index, rest) =
                    indexes.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or_else(broken)?;
                let number = index.parse().ok().filter(|number| *number <= GREATEST_INDEX);
                let bad = || TargetError::BadIndex { path: text.to_owned(), index: index.to_owned() };
                steps.push(Step::Index(number.ok_or_else(bad)?));
                indexes = rest;
            }
        }
        Ok(Self { steps })
    }

    /// Puts a value there. What is missing on the way is made; lists grow with nulls. With `merges`, a map that meets a map
    /// adds its entries; a path of one step always replaces.
    ///
    /// # Errors
    /// [`TargetError::InTheWay`]
    pub fn set(
        &self,
        object: &mut Map<String, Value>,
        value: Value,
        merges: bool,
    ) -> Result<(), TargetError> {
        let [Step::Key(first), rest @ ..] = self.steps.as_slice() else {
            return Ok(());
        };
        let mut place = object.entry(first.as_str()).or_insert(Value::Null);
        for step in rest {
            place =
                match step {
                    Step::Key(key) => {
                        let entries = as_container(place, key, "a map", Value::as_object_mut, || {
                            Value::Object(Map::new())
                        })?;
                        entries.entry(key.as_str()).or_insert(Value::Null)
                    }
                    Step::Index(index) => {
                        let at = index.to_string();
                        let items = as_container(place, &at, "a list", Value::as_array_mut, || {
                            Value::Array(Vec::new())
                        })?;
                        if items.len() <= *index {
                            items.resize(index + 1, Value::Null);
                        }
                        &mut items[*index]
                    }
                };
        }
        match (place, value) {
            (Value::Object(present), Value::Object(new)) if merges && !rest.is_empty() => present.extend(new),
            (place, value) => *place = value,
        }
        Ok(())
    }
}

/// The container at a place, made where there is nothing.
fn as_container<'v, C>(
    place: &'v mut Value,
    at: &str,
    wanted: &'static str,
    view: fn(&'v mut Value) -> Option<&'v mut C>,
    make: fn() -> Value,
) -> Result<&'v mut C, TargetError> {
    if place.is_null() {
        *place = make();
    }
    let found = match place {
        Value::Object(_) => "a map",
        Value::Array(_) => "a list",
        _ => "a scalar",
    };
    view(place).ok_or_else(|| TargetError::InTheWay { at: at.to_owned(), wanted, found })
}

/// A rendered text as a value of a path: YAML where it is that, else the text itself.
pub fn parse_scalar(text: &str) -> Value {
    to_json(text, Dialect::SigsV2).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// A rendered text as keys and texts: a YAML 1.1 map whose scalars are typed first and then made text again.
pub(super) fn text_map(text: &[u8]) -> Result<Data, String> {
    let text = String::from_utf8_lossy(text);
    let value = to_json(&text, Dialect::SigsV2).map_err(|error| conversion_error(&error))?;
    let cannot = |kind: &str, target: &str| {
        let words = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal";
        Err(format!("{words} {kind} into Go value of type {target}"))
    };
    let entries = match value {
        Value::Null => return Ok(Data::new()),
        Value::Object(entries) => entries,
        other => return cannot(kind(&other), "map[string]string"),
    };
    let mut data = Data::new();
    for (key, value) in entries {
        let text = match value {
            Value::Null => String::new(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(float) => float::format_single(float as f32),
                None => number.to_string(),
            },
            Value::String(text) => text,
            other => return cannot(kind(&other), "string"),
        };
        data.insert(key, text.into_bytes());
    }
    Ok(data)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "bool",
        _ => "number",
    }
}
