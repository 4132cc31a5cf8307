//! What OpenAPI v3 has that Kubernetes does not take, and what Kubernetes' extensions ask for.

use serde_json::{Value, json};

use super::{FieldError, Reason, flag, has_additional, inner, list, properties, text};

/// The types of JSON that a schema may name.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
/// The reasons a rule may give.
const REASONS: [&str; 4] =
    ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// The errors of a schema.
pub(super) fn check(schema: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    Visit { defaults: Ok(()), in_metadata: false, root: true }.schema(schema, path, &mut errors);
    errors
}

/// What holds for the part of the schema that is looked at.
#[derive(Clone)]
struct Visit {
    /// Whether defaults may be set, else why not.
    defaults: Result<(), String>,
    in_metadata: bool,
    root: bool,
}

impl Visit {
    fn schema(&self, schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
        self.standard(schema, path, errors);
        let inside = Self { root: false, ..self.clone() };
        if flag(schema, "uniqueItems") {
            let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            errors.push(FieldError::bare(Reason::Forbidden, format!("{path}.uniqueItems"), detail));
        }
        if has_additional(schema) {
            if !properties(schema).is_empty() && schema["additionalProperties"] != Value::Bool(true) {
                let detail = "additionalProperties and properties are mutual exclusive";
                errors.push(FieldError::bare(
                    Reason::Forbidden,
                    format!("{path}.additionalProperties"),
                    detail,
                ));
            }
            if let Some(additional) = inner(schema, "additionalProperties") {
                let mut visit = inside.clone();
                if self.in_metadata {
                    visit.defaults =
                        Err("inside additionalProperties applying to object metadata".to_owned());
                }
                visit.schema(additional, &format!("{path}.additionalProperties"), errors);
            }
        }
        for (name, property) in properties(schema) {
            let mut visit = inside.clone();
            let resource = self.root || flag(schema, "x-kubernetes-embedded-resource");
            if resource && matches!(name.as_str(), "metadata" | "kind" | "apiVersion") {
                visit.in_metadata = true;
                if self.root {
                    visit.defaults = Err(format!("in top-level {name}"));
                }
            }
            visit.schema(property, &format!("{path}.properties[{name}]"), errors);
        }
        if let Some(not) = inner(schema, "not") {
            inside.schema(not, &format!("{path}.not"), errors);
        }
        for name in ["allOf", "oneOf", "anyOf"] {
            for (index, one) in list(schema, name).iter().enumerate() {
                inside.schema(one, &format!("{path}.{name}[{index}]"), errors);
            }
        }
        if let Some(items) = inner(schema, "items") {
            inside.schema(items, &format!("{path}.items"), errors);
        }
        extensions(schema, path, errors);
        map_keys(schema, path, errors);
        rules(schema, path, errors);
    }

    fn standard(&self, schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
        let kind = text(schema, "type");
        if !kind.is_empty() && !TYPES.contains(&kind) {
            errors.push(not_supported(format!("{path}.type"), kind, &TYPES));
        }
        let mut forbid = |name: &str, detail: String| {
            errors.push(FieldError::bare(Reason::Forbidden, format!("{path}.{name}"), detail));
        };
        if let Err(why) = &self.defaults
            && schema.get("default").is_some_and(|default| !default.is_null())
        {
            forbid("default", format!("must not be set {why}"));
        }
        for name in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
            let used = match schema.get(name) {
                None | Some(Value::Null) => false,
                Some(Value::String(text)) => !text.is_empty(),
                Some(Value::Object(map)) => !map.is_empty() || name == "additionalItems",
                Some(_) => true,
            };
            if used {
                forbid(name, format!("{name} is not supported"));
            }
        }
        if kind == "null" {
            forbid("type", "type cannot be set to null, use nullable as an alternative".to_owned());
        }
        if schema.get("items").is_some_and(Value::is_array) {
            forbid("items", "items must be a schema object and not an array".to_owned());
        }
        if self.in_metadata && flag(schema, "x-kubernetes-embedded-resource") {
            forbid("x-kubernetes-embedded-resource", "must not be used inside of resource meta".to_owned());
        }
    }
}

fn not_supported(field: String, value: &str, supported: &[&str]) -> FieldError {
    let quoted: Vec<String> = supported.iter().map(|one| format!("\"{one}\"")).collect();
    let detail = format!("supported values: {}", quoted.join(", "));
    FieldError::new(Reason::NotSupported, field, &Value::from(value), detail)
}

/// A type that an extension asks for.
fn require_type(schema: &Value, path: &str, wanted: &str, because: &str, errors: &mut Vec<FieldError>) {
    let kind = text(schema, "type");
    let detail = format!("must be {wanted} if {because} is specified");
    let field = format!("{path}.type");
    if kind.is_empty() {
        errors.push(FieldError::bare(Reason::Required, field, detail));
    } else if kind != wanted {
        errors.push(FieldError::new(Reason::Invalid, field, &Value::from(kind), detail));
    }
}

fn extensions(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let preserve = "x-kubernetes-preserve-unknown-fields";
    if schema.get(preserve) == Some(&Value::Bool(false)) {
        let field = format!("{path}.{preserve}");
        errors.push(FieldError::new(
            Reason::Invalid,
            field,
            &Value::Bool(false),
            "must be true or undefined",
        ));
    }
    let map_type = schema.get("x-kubernetes-map-type").and_then(Value::as_str);
    if let Some(map_type) = map_type {
        require_type(schema, path, "object", "x-kubernetes-map-type", errors);
        if !matches!(map_type, "atomic" | "granular") {
            errors.push(not_supported(
                format!("{path}.x-kubernetes-map-type"),
                map_type,
                &["atomic", "granular"],
            ));
        }
    }
    let list_type = schema.get("x-kubernetes-list-type").and_then(Value::as_str);
    if let Some(list_type) = list_type {
        if text(schema, "type") != "array" {
            require_type(schema, path, "array", "x-kubernetes-list-type", errors);
        } else if let (Some(items), "set") = (inner(schema, "items"), list_type) {
            set_items(items, path, errors);
        }
        if !matches!(list_type, "atomic" | "set" | "map") {
            let field = format!("{path}.x-kubernetes-list-type");
            errors.push(not_supported(field, list_type, &["atomic", "set", "map"]));
        }
    }
    if !list(schema, "x-kubernetes-list-map-keys").is_empty() && list_type != Some("map") {
        let (field, detail) = (
            format!("{path}.x-kubernetes-list-type"),
            "must be map if x-kubernetes-list-map-keys is non-empty",
        );
        errors.push(match list_type {
            None => FieldError::bare(Reason::Required, field, detail),
            Some(other) => FieldError::new(Reason::Invalid, field, &Value::from(other), detail),
        });
    }
}

/// The elements of a set are compared as a whole, so they must be atomic.
fn set_items(items: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let list_type = items.get("x-kubernetes-list-type").unwrap_or(&Value::Null);
    let wrong = match text(items, "type") {
        "array" if !list_type.is_null() && list_type != "atomic" => "x-kubernetes-list-type",
        "object" if text(items, "x-kubernetes-map-type") != "atomic" => "x-kubernetes-map-type",
        _ => return,
    };
    let field = format!("{path}.items.{wrong}");
    // The real server shows the list type in both cases.
    let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    errors.push(FieldError::new(Reason::Invalid, field, list_type, detail));
}

fn map_keys(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let list_type = text(schema, "x-kubernetes-list-type");
    let keys: Vec<&str> =
        list(schema, "x-kubernetes-list-map-keys").iter().filter_map(Value::as_str).collect();
    let items = inner(schema, "items");
    if list_type == "map" {
        if keys.is_empty() {
            let detail = "must not be empty if x-kubernetes-list-type is map";
            errors.push(FieldError::bare(
                Reason::Required,
                format!("{path}.x-kubernetes-list-map-keys"),
                detail,
            ));
        }
        match items {
            None => {
                let detail = "must have a schema if x-kubernetes-list-type is map";
                errors.push(FieldError::bare(Reason::Required, format!("{path}.items"), detail));
            }
            Some(items) if text(items, "type") != "object" => {
                let detail = "must be object if parent array's x-kubernetes-list-type is map";
                let kind = Value::from(text(items, "type"));
                errors.push(FieldError::new(Reason::Invalid, format!("{path}.items.type"), &kind, detail));
            }
            Some(items) => key_properties(items, &keys, path, errors),
        }
    }
    let Some(items) = items.filter(|_| matches!(list_type, "map" | "set")) else { return };
    if flag(items, "nullable") {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        errors.push(FieldError::bare(Reason::Forbidden, format!("{path}.items.nullable"), detail));
    }
    for key in keys.iter().filter(|_| list_type == "map") {
        let Some(property) = items.get("properties").and_then(|all| all.get(*key)) else { continue };
        let required = list(items, "required").iter().any(|name| name == key);
        let field = format!("{path}.items.properties[{key}]");
        if !required && property.get("default").is_none_or(Value::is_null) {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            errors.push(FieldError::bare(Reason::Required, format!("{field}.default"), detail));
        }
        if flag(property, "nullable") {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(FieldError::bare(Reason::Forbidden, format!("{field}.nullable"), detail));
        }
    }
}

fn key_properties(items: &Value, keys: &[&str], path: &str, errors: &mut Vec<FieldError>) {
    let shown = json!(keys);
    for (place, key) in keys.iter().enumerate() {
        let field = format!("{path}.x-kubernetes-list-map-keys");
        match items.get("properties").and_then(|all| all.get(*key)) {
            Some(property) if matches!(text(property, "type"), "array" | "object") => {
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                let field = format!("{path}.items.properties[{key}].type");
                errors.push(FieldError::new(Reason::Invalid, field, &items["type"], detail));
            }
            Some(_) => {}
            None => {
                let detail = "entries must all be names of item properties";
                errors.push(FieldError::new(Reason::Invalid, field.as_str(), &shown, detail));
            }
        }
        if keys[..place].contains(key) {
            errors.push(FieldError::new(
                Reason::Invalid,
                field,
                &shown,
                "must not contain duplicate entries",
            ));
        }
    }
}

/// What stands around the expressions of `x-kubernetes-validations`.
fn rules(schema: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let broken = |text: &str| text.contains(['\n', '\r']);
    for (index, rule) in list(schema, "x-kubernetes-validations").iter().enumerate() {
        let field = |name: &str| format!("{path}.x-kubernetes-validations[{index}].{name}");
        let (expression, message) = (text(rule, "rule").trim(), text(rule, "message"));
        let given = Value::from(message);
        if expression.is_empty() {
            errors.push(FieldError::bare(Reason::Required, field("rule"), "rule is not specified"));
        } else if !message.is_empty() && message.trim().is_empty() {
            let detail = "must be non-empty if specified";
            errors.push(FieldError::new(Reason::Invalid, field("message"), &given, detail));
        } else if broken(message.trim()) {
            errors.push(FieldError::new(
                Reason::Invalid,
                field("message"),
                &given,
                "must not contain line breaks",
            ));
        } else if broken(expression) && message.trim().is_empty() {
            let detail = "message must be specified if rule contains line breaks";
            errors.push(FieldError::bare(Reason::Required, field("message"), detail));
        }
        let dynamic = text(rule, "messageExpression");
        if !dynamic.is_empty() && dynamic.trim().is_empty() {
            let detail = "messageExpression must be non-empty if specified";
            errors.push(FieldError::bare(Reason::Required, field("messageExpression"), detail));
        }
        if let Some(reason) = rule.get("reason").and_then(Value::as_str)
            && !REASONS.contains(&reason)
        {
            errors.push(not_supported(field("reason"), reason, &REASONS));
        }
        let place = text(rule, "fieldPath");
        let given = Value::from(place);
        let mut wrong =
            |detail: &str| errors.push(FieldError::new(Reason::Invalid, field("fieldPath"), &given, detail));
        if !place.is_empty() && place.trim().is_empty() {
            wrong("must be non-empty if specified");
        }
        if broken(place) {
            wrong("must not contain line breaks");
        }
        if !place.is_empty() && !leads_somewhere(schema, place) {
            wrong("must be a valid path");
        }
    }
}

/// Whether a path of `.name` and `['name']` leads to a declared field.
fn leads_somewhere(schema: &Value, path: &str) -> bool {
    let mut at = schema;
    let mut rest = path;
    while !rest.is_empty() {
        let (name, after) = if let Some(quoted) = rest.strip_prefix("['") {
            match quoted.split_once("']") {
                Some(parts) => parts,
                None => return false,
            }
        } else if let Some(plain) = rest.strip_prefix('.') {
            let end = plain.find(['.', '[']).unwrap_or(plain.len());
            plain.split_at(end)
        } else {
            return false;
        };
        let next =
            at.get("properties").and_then(|all| all.get(name)).or_else(|| inner(at, "additionalProperties"));
        match next {
            Some(next) if !name.is_empty() => at = next,
            _ => return false,
        }
        rest = after;
    }
    true
}
