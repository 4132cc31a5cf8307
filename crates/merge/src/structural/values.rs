//! Is a value what its schema says? The rules and words are those of `kube-openapi`'s validation.

use serde_json::{Map, Value};

use super::{Additional, FieldError, ListKind, Node, Reason, numbers};
use crate::go_text;

/// The errors of a value. `base` is the path before all fields, which messages leave out; `path` that of the value itself
/// as messages name it. Where `old` is given, what is wrong in a part that has not changed is let through.
pub(super) fn validate(
    node: &Node,
    base: &str,
    path: &str,
    value: &Value,
    old: Option<&Value>,
) -> Vec<FieldError> {
    let mut errors = check(node, path, value, old).errors;
    for (_, error) in &mut errors {
        if !base.is_empty() {
            error.field = match (error.field.as_str(), error.field.starts_with('[')) {
                ("<nil>", _) => base.to_owned(),
                (field, true) => format!("{base}{field}"),
                (field, false) => format!("{base}.{field}"),
            };
        }
    }
    errors.into_iter().map(|(_, error)| error).collect()
}

/// What was found, with its message for telling errors apart, and how many checks went well: the best of several
/// alternatives is the one that passed most.
#[derive(Default)]
struct Outcome {
    errors: Vec<(String, FieldError)>,
    passed: usize,
}

impl Outcome {
    fn add(&mut self, error: (String, FieldError)) {
        if !self.errors.iter().any(|(message, _)| *message == error.0) {
            self.errors.push(error);
        }
    }

    fn take(&mut self, other: Outcome) {
        self.passed += other.passed;
        other.errors.into_iter().for_each(|error| self.add(error));
    }

    fn is_good(&self) -> bool {
        self.errors.is_empty()
    }
}

fn check(node: &Node, path: &str, value: &Value, old: Option<&Value>) -> Outcome {
    let mut found = Outcome::default();
    type_of(node, path, value, &mut found);
    if value.is_null() {
        allowed(node, path, value, &mut found);
    } else {
        junctors(node, path, value, old, &mut found);
        match value {
            Value::String(text) => text_errors(node, path, text, &mut found),
            Value::Number(number) => {
                numbers::validate(node, path, number).into_iter().for_each(|error| found.add(error));
                found.passed += 2;
            }
            Value::Array(elements) => list(node, path, elements, old, &mut found),
            _ => {}
        }
        allowed(node, path, value, &mut found);
        if let Value::Object(members) = value {
            object(node, path, members, old, &mut found);
        }
        found.passed += 1;
    }
    if old == Some(value) {
        found.errors.clear();
    }
    found
}

fn invalid(reason: Reason, path: &str, value: Value, message: String) -> (String, FieldError) {
    (message.clone(), FieldError::new(reason, path.trim_start_matches('.'), &value, message))
}

/// An error that has no field: only its words say where.
fn general(message: String) -> (String, FieldError) {
    (message.clone(), FieldError::new(Reason::Invalid, "", &Value::from(""), message))
}

fn wrong_type(path: &str, expected: &str, found: &str) -> (String, FieldError) {
    let message = format!("{path} in body must be of type {expected}: {}", go_text::quoted(found));
    invalid(Reason::TypeInvalid, path, Value::from(found), message)
}

fn type_of(node: &Node, path: &str, value: &Value, found: &mut Outcome) {
    if node.types.is_empty() && node.format.is_none() {
        return;
    }
    let has = |name: &str| node.types.contains(&name);
    let (name, format) = match value {
        Value::Null => {
            if !node.types.is_empty() && !has("null") && !node.nullable {
                found.add(wrong_type(path, &node.types.join(","), "null"));
            } else {
                found.passed += 1;
            }
            return;
        }
        Value::Bool(_) => ("boolean", ""),
        Value::Number(number) if number.is_i64() => ("integer", "int64"),
        Value::Number(_) => ("number", "float64"),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
    };
    let whole_float = name == "number" && has("integer") && value.as_f64().is_some_and(numbers::is_whole);
    let fits = has(name) || whole_float || (name == "integer" && has("number"));
    let textual = matches!(value, Value::String(_) | Value::Array(_));
    match &node.format {
        Some(expected) if !textual && !fits && **expected != *format => {
            found.add(wrong_type(path, expected, format))
        }
        // A text with a format is judged by the format.
        Some(_) if textual && !has("number") && !has("integer") => found.passed += 2,
        _ if !fits => found.add(wrong_type(path, &node.types.join(","), name)),
        _ => found.passed += 2,
    }
}

fn junctors(node: &Node, path: &str, value: &Value, old: Option<&Value>, found: &mut Outcome) {
    let quoted = || go_text::quoted(path);
    if !node.any_of.is_empty() {
        let mut best: Option<Outcome> = None;
        let mut good = false;
        for schema in &node.any_of {
            let outcome = check(schema, path, value, old);
            good = outcome.is_good();
            if good || best.as_ref().is_none_or(|best| outcome.passed > best.passed) {
                best = Some(outcome);
            }
            if good {
                break;
            }
        }
        if !good {
            found.add(general(format!("{} must validate at least one schema (anyOf)", quoted())));
        }
        best.into_iter().for_each(|best| found.take(best));
    }
    if !node.one_of.is_empty() {
        let outcomes: Vec<Outcome> =
            node.one_of.iter().map(|schema| check(schema, path, value, old)).collect();
        let good = outcomes.iter().filter(|outcome| outcome.is_good()).count();
        if good != 1 {
            let words = match good {
                0 => "Found none valid".to_owned(),
                good => format!("Found {good} valid alternatives"),
            };
            found
                .add(general(format!("{} must validate one and only one schema (oneOf). {words}", quoted())));
        }
        let mut best: Option<Outcome> = None;
        for outcome in outcomes {
            let better = best.as_ref().is_none_or(|best| outcome.passed > best.passed);
            if (good == 0 && better) || (good == 1 && outcome.is_good()) {
                best = Some(outcome);
            }
        }
        best.into_iter().for_each(|best| found.take(best));
    }
    if !node.all_of.is_empty() {
        let mut good = 0;
        for schema in &node.all_of {
            let outcome = check(schema, path, value, old);
            good += usize::from(outcome.is_good());
            found.take(outcome);
        }
        if good != node.all_of.len() {
            let words = if good == 0 { ". None validated" } else { "" };
            found.add(general(format!("{} must validate all the schemas (allOf){words}", quoted())));
        }
    }
    if node.not.as_ref().is_some_and(|schema| check(schema, path, value, old).is_good()) {
        found.add(general(format!("{} must not validate the schema (not)", quoted())));
    }
    found.passed += 2;
}

fn text_errors(node: &Node, path: &str, text: &str, found: &mut Outcome) {
    let limits = &node.limits;
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let shown = || Value::from(text);
    if let Some(max) = limits.max_length.filter(|max| length > *max) {
        let unit = if max == 1 { "byte" } else { "bytes" };
        let message = format!("{path} in body should be at most {max} chars long");
        let detail = format!("may not be more than {max} {unit}");
        found.add((message, FieldError::bare(Reason::TooLong, path.trim_start_matches('.'), detail)));
    } else if let Some(min) = limits.min_length.filter(|min| length < *min) {
        let message = format!("{path} in body should be at least {min} chars long");
        found.add(invalid(Reason::Invalid, path, shown(), message));
    } else if let Some(pattern) = limits.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
        let message = format!("{path} in body should match '{}'", pattern.text);
        found.add(invalid(Reason::Invalid, path, shown(), message));
    }
    found.passed += 1;
    if let (Some(format), Some(name)) = (node.text_format, &node.format) {
        if !format.admits(text) {
            found.add(wrong_type(path, name, text));
        }
        found.passed += 1;
    }
}

fn list(node: &Node, path: &str, elements: &[Value], old: Option<&Value>, found: &mut Outcome) {
    if let Some(items) = &node.items {
        let before = old.and_then(Value::as_array);
        for (index, element) in elements.iter().enumerate() {
            let old = before.and_then(|before| correlated(node, before, element));
            found.take(check(items, &format!("{path}[{index}]"), element, old));
        }
    }
    let limits = &node.limits;
    let count = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    if let Some(min) = limits.min_items.filter(|min| count < *min) {
        let message = format!("{path} in body should have at least {min} items");
        found.add(invalid(Reason::Invalid, path, Value::from(count), message));
    }
    if let Some(max) = limits.max_items.filter(|max| count > *max) {
        let message = format!("{path} in body should have at most {max} items");
        found.add(too_many(path, count, max, message));
    }
    if limits.unique_items
        && elements.iter().enumerate().any(|(at, element)| elements[..at].contains(element))
    {
        let message = format!("{path} in body shouldn't contain duplicates");
        found.add(invalid(Reason::Invalid, path, Value::from(""), message));
    }
    found.passed += 2;
}

/// The element of the old list that an element takes the place of: only maps by key tell.
fn correlated<'v>(node: &Node, before: &'v [Value], element: &Value) -> Option<&'v Value> {
    let ListKind::Map(keys) = &node.list else { return None };
    before.iter().find(|old| keys.iter().all(|key| old.get(key.as_ref()) == element.get(key.as_ref())))
}

fn too_many(path: &str, count: i64, max: i64, message: String) -> (String, FieldError) {
    let unit = if max == 1 { "item" } else { "items" };
    let detail = format!("must have at most {max} {unit}");
    (message, FieldError::new(Reason::TooMany, path.trim_start_matches('.'), &Value::from(count), detail))
}

/// `enum`.
fn allowed(node: &Node, path: &str, value: &Value, found: &mut Outcome) {
    let allowed = &node.limits.allowed;
    if allowed.is_empty() {
        return;
    }
    // A value is made one of the allowed value's type before it is compared: a float loses its fraction.
    let same = |one: &Value| match (one, value) {
        (Value::Number(a), Value::Number(b)) => {
            let given = b.as_f64().map(|b| if a.is_f64() { b } else { b.trunc() });
            a == b || a.as_f64() == given
        }
        (a, b) => a == b,
    };
    if !allowed.iter().any(same) {
        let texts: Vec<String> = allowed
            .iter()
            .map(|one| go_text::quoted(one.as_str().map_or_else(|| one.to_string(), str::to_owned).as_str()))
            .collect();
        let message = format!("{path} in body should be one of {}", texts.join(" "));
        let detail = format!("supported values: {}", texts.join(", "));
        let field = path.trim_start_matches('.');
        found.add((message, FieldError::new(Reason::NotSupported, field, value, detail)));
    }
    found.passed += 1;
}

fn object(node: &Node, path: &str, members: &Map<String, Value>, old: Option<&Value>, found: &mut Outcome) {
    let limits = &node.limits;
    let count = i64::try_from(members.len()).unwrap_or(i64::MAX);
    if let Some(min) = limits.min_properties.filter(|min| count < *min) {
        let message = format!("{path} in body should have at least {min} properties");
        found.add(invalid(Reason::Invalid, path, Value::from(count), message));
    }
    if let Some(max) = limits.max_properties.filter(|max| count > *max) {
        let message = format!("{path} in body should have at most {max} properties");
        found.add(too_many(path, count, max, message));
    }
    let before = |key: &str| old.and_then(|old| old.get(key));
    for (key, value) in members {
        if node.properties.contains_key(key.as_str()) {
            continue;
        }
        match &node.additional {
            Some(Additional::Schema(schema)) => {
                found.take(check(schema, &format!("{path}.{key}"), value, before(key)));
            }
            Some(Additional::Allowed(false)) => {
                let message = format!("{path}.{key} in body is a forbidden property");
                found.add(invalid(Reason::Invalid, path, Value::from(key.as_str()), message));
            }
            _ => {}
        }
    }
    for (name, property) in &node.properties {
        if let Some(value) = members.get(name.as_ref()) {
            let inner = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            found.take(check(property, &inner, value, before(name)));
        }
    }
    for name in limits.required.iter().filter(|name| !members.contains_key(name.as_ref())) {
        let field = format!("{path}.{name}");
        let message = format!("{field} in body is required");
        found.add((message, FieldError::bare(Reason::Required, field.trim_start_matches('.'), "")));
    }
    found.passed += 1;
}
