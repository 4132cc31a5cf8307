//! Fills a template with parameters: simple ones (`{{name}}`) and Go's. Pure.

use gangplank_template::{MissingKey, Options, Value as GoValue};
use serde_json::{Map, Value};

use super::parameters::Parameters;

/// Fills every text of a template.
pub(super) fn render(
    template: &Value,
    parameters: &Parameters,
    go: bool,
    options: &[String],
) -> Result<Value, String> {
    Ok(match template {
        Value::String(text) => Value::String(render_text(text, parameters, go, options)?),
        Value::Array(items) => items
            .iter()
            .map(|item| render(item, parameters, go, options))
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        Value::Object(map) => {
            let mut rendered = Map::new();
            for (key, value) in map {
                rendered.insert(
                    render_text(key, parameters, go, options)?,
                    render(value, parameters, go, options)?,
                );
            }
            Value::Object(rendered)
        }
        other => other.clone(),
    })
}

/// Fills one text.
pub(super) fn render_text(
    text: &str,
    parameters: &Parameters,
    go: bool,
    options: &[String],
) -> Result<String, String> {
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    if go { go_text(text, parameters, options) } else { Ok(simple(text, parameters)) }
}

fn go_text(text: &str, parameters: &Parameters, options: &[String]) -> Result<String, String> {
    let missing_key = match options.iter().find_map(|option| option.strip_prefix("missingkey=")) {
        Some("error") => MissingKey::Error,
        Some("zero") => MissingKey::Zero,
        _ => MissingKey::Default,
    };
    let options = Options { missing_key, ..Options::default() };
    let failed = |error: &dyn std::fmt::Display| format!("the template {text:?} can't be filled: {error}");
    let template = options.parse("", text).map_err(|error| failed(&error))?;
    let root = go_map(parameters);
    let bytes = template.render(&root).map_err(|error| failed(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn go_map(map: &Map<String, Value>) -> GoValue {
    GoValue::map(map.iter().map(|(key, value)| (key, go_value(value))))
}

fn go_value(value: &Value) -> GoValue {
    match value {
        Value::Null => GoValue::Nil,
        Value::Bool(value) => GoValue::Bool(*value),
        Value::Number(number) => number.as_f64().map_or(GoValue::Nil, GoValue::Float),
        Value::String(text) => GoValue::string(text),
        Value::Array(items) => GoValue::list(items.iter().map(go_value)),
        Value::Object(map) => go_map(map),
    }
}

/// Replaces `{{path.of.parameter}}`; what is not known stays as it is.
fn simple(text: &str, parameters: &Parameters) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let Some(close) = rest[open..].find("}}").map(|close| open + close) else { break };
        filled.push_str(&rest[..open]);
        let name = rest[open + 2..close].trim();
        match lookup(parameters, name) {
            Some(value) => filled.push_str(&value),
            None => filled.push_str(&rest[open..close + 2]),
        }
        rest = &rest[close + 2..];
    }
    filled.push_str(rest);
    filled
}

/// Finds a parameter by its dotted path; keys may hold dots themselves, as labels do. An empty key is the value itself.
fn lookup(parameters: &Map<String, Value>, name: &str) -> Option<String> {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Object(map) => map.get("").and_then(Value::as_str).map(str::to_owned),
        _ => None,
    };
    if let Some(value) = parameters.get(name).and_then(plain) {
        return Some(value);
    }
    name.match_indices('.').find_map(|(at, _)| {
        let below = parameters.get(&name[..at])?.as_object()?;
        let bracketed = name[at + 1..].trim_start_matches('[').trim_end_matches(']');
        lookup(below, bracketed)
    })
}

/// Lays a generator's own template over the ApplicationSet's.
pub(super) fn overlay(base: &Value, over: &Value) -> Value {
    match (base, over) {
        (base, Value::Null) => base.clone(),
        (Value::Object(base), Value::Object(over)) => {
            let mut merged = base.clone();
            for (key, value) in over {
                let below = merged.get(key).cloned().unwrap_or(Value::Null);
                merged.insert(key.clone(), overlay(&below, value));
            }
            Value::Object(merged)
        }
        (_, over) => over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parameters() -> Parameters {
        json!({
            "name": "aks-a", "values": {"n": 3}, "path": {"": "apps/a", "basename": "a"},
            "metadata": {"labels": {"example.com/env": "prd"}},
        })
        .as_object()
        .cloned()
        .unwrap()
    }

    #[track_caller]
    fn check(text: &str, go: bool, expect: Result<&str, &str>) {
        match (render_text(text, &parameters(), go, &["missingkey=error".to_owned()]), expect) {
            (Ok(text), Ok(expect)) => assert_eq!(text, expect),
            (Err(error), Err(expect)) => assert!(error.contains(expect), "{error}"),
            (got, expect) => panic!("{got:?}, not {expect:?}"),
        }
    }

    #[test]
    fn simple_templates() {
        check("{{name}}-{{ values.n }}", false, Ok("aks-a-3"));
        check("{{metadata.labels.example.com/env}}", false, Ok("prd"));
        check("{{path}} {{path.basename}}", false, Ok("apps/a a"));
        check("{{absent}} {{open", false, Ok("{{absent}} {{open"));
    }

    #[test]
    fn go_templates() {
        check("{{.name | upper}}", true, Ok("AKS-A"));
        check("{{index .metadata.labels \"example.com/env\"}}", true, Ok("prd"));
        check("{{.absent}}", true, Err("absent"));
        check("{{.name", true, Err("can't be filled"));
    }

    #[test]
    fn a_template_is_filled_everywhere() {
        let template = json!({"metadata": {"name": "{{name}}", "labels": {"{{name}}": "x"}}, "spec": {"list": ["{{name}}", 1]}});
        assert_eq!(
            render(&template, &parameters(), false, &[]),
            Ok(
                json!({"metadata": {"name": "aks-a", "labels": {"aks-a": "x"}}, "spec": {"list": ["aks-a", 1]}})
            )
        );
        assert_eq!(
            overlay(&json!({"a": {"b": 1, "c": 2}}), &json!({"a": {"b": 3}})),
            json!({"a": {"b": 3, "c": 2}})
        );
    }
}
