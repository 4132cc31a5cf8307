//! The JSON paths of printer columns and selectable fields: as much of kubectl's template language as they use.

use serde_json::Value;

/// A path, parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Member(String),
    All,
    /// From, to (exclusive), as in Go and Python.
    Slice(Option<i64>, Option<i64>),
    Index(i64),
    Filter {
        member: Vec<String>,
        operator: String,
        value: Value,
    },
    Recursive(String),
}

impl JsonPath {
    /// Parses a path such as `.status.conditions[?(@.type=="Ready")].status`; `None` where it is none.
    pub(crate) fn parse(text: &str) -> Option<JsonPath> {
        let mut rest = text.trim().trim_start_matches('{').trim_end_matches('}');
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(tail) = rest.strip_prefix("..") {
                let (name, tail) = member(tail)?;
                steps.push(Step::Recursive(name));
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix('.') {
                if tail.is_empty() || tail.starts_with('[') {
                    rest = tail;
                    continue;
                }
                if let Some(tail) = tail.strip_prefix('*') {
                    steps.push(Step::All);
                    rest = tail;
                    continue;
                }
                let (name, tail) = member(tail)?;
                steps.push(Step::Member(name));
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix('[') {
                let end = closing(tail)?;
                steps.push(bracket(&tail[..end])?);
                rest = &tail[end + 1..];
            } else {
                return None;
            }
        }
        Some(JsonPath(steps))
    }

    /// The values that the path leads to; `None` where a member on the way is missing.
    pub(crate) fn find<'v>(&self, value: &'v Value) -> Option<Vec<&'v Value>> {
        let mut current = vec![value];
        for step in &self.0 {
            let mut next = Vec::new();
            for value in current {
                match step {
                    Step::Member(name) => next.extend(value.get(name)),
                    Step::All => match value {
                        Value::Array(list) => next.extend(list),
                        Value::Object(map) => next.extend(map.values()),
                        _ => {}
                    },
                    Step::Index(index) => {
                        next.extend(value.as_array().and_then(|list| list.get(place(*index, list.len())?)))
                    }
                    Step::Slice(from, to) => {
                        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
                        let bound = |at: i64| {
                            if at < 0 { (at + list.len() as i64).max(0) } else { at.min(list.len() as i64) }
                        };
                        let (from, to) = (bound(from.unwrap_or(0)), bound(to.unwrap_or(list.len() as i64)));
                        next.extend((from..to).filter_map(|at| list.get(usize::try_from(at).ok()?)));
                    }
                    Step::Filter { member, operator, value: wanted } => {
                        let list = value.as_array().into_iter().flatten();
                        next.extend(list.filter(|element| holds(element, member, operator, wanted)));
                    }
                    Step::Recursive(name) => descend(value, name, &mut next),
                }
            }
            if next.is_empty() {
                return None;
            }
            current = next;
        }
        Some(current)
    }

    /// The path as a JSON pointer, where it is made of members only.
    pub(crate) fn pointer(&self) -> Option<String> {
        let mut out = String::new();
        for step in &self.0 {
            let Step::Member(name) = step else { return None };
            out.push('/');
            out.push_str(&name.replace('~', "~0").replace('/', "~1"));
        }
        Some(out)
    }
}

fn place(index: i64, length: usize) -> Option<usize> {
    usize::try_from(if index < 0 { index + length as i64 } else { index }).ok()
}

fn descend<'v>(value: &'v Value, name: &str, out: &mut Vec<&'v Value>) {
    match value {
        Value::Object(map) => {
            out.extend(map.get(name));
            map.values().for_each(|inner| descend(inner, name, out));
        }
        Value::Array(list) => list.iter().for_each(|inner| descend(inner, name, out)),
        _ => {}
    }
}

fn holds(element: &Value, path: &[String], operator: &str, wanted: &Value) -> bool {
    let mut at = element;
    for part in path {
        match at.get(part) {
            Some(inner) => at = inner,
            None => return false,
        }
    }
    let order = match (at, wanted) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    };
    match operator {
        "" => true,
        "==" => at == wanted,
        "!=" => at != wanted,
        "<" => order == Some(std::cmp::Ordering::Less),
        ">" => order == Some(std::cmp::Ordering::Greater),
        "<=" => order.is_some_and(|order| order != std::cmp::Ordering::Greater),
        _ => order.is_some_and(|order| order != std::cmp::Ordering::Less),
    }
}

/// A member's name: dots in it are escaped by a backslash.
fn member(text: &str) -> Option<(String, &str)> {
    let (mut name, mut escaped) = (String::new(), false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                name.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' | '[' => return (!name.is_empty()).then(|| (name, &text[at..])),
            c => name.push(c),
        }
    }
    (!name.is_empty()).then_some((name, ""))
}

/// Where the bracket ends that the text stands in.
fn closing(text: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Option<Step> {
    let text = text.trim();
    if text == "*" {
        return Some(Step::All);
    }
    if let Some(filter) = text.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        return self::filter(filter.trim());
    }
    if let Some(name) = unquote(text) {
        return Some(Step::Member(name.replace('\\', "")));
    }
    let number =
        |part: &str| if part.trim().is_empty() { Some(None) } else { part.trim().parse().ok().map(Some) };
    match text.split_once(':') {
        Some((from, to)) => Some(Step::Slice(number(from)?, number(to.split(':').next()?)?)),
        None => text.parse().ok().map(Step::Index),
    }
}

fn unquote(text: &str) -> Option<&str> {
    ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

fn filter(text: &str) -> Option<Step> {
    let rest = text.strip_prefix('@')?;
    let found = ["==", "!=", "<=", ">=", "<", ">"]
        .iter()
        .find_map(|operator| Some((rest.find(operator)?, *operator)));
    let (path, operator, value) = match found {
        None => (rest, "", Value::Null),
        Some((at, operator)) => {
            let right = rest[at + operator.len()..].trim();
            let value = match unquote(right) {
                Some(text) => text.into(),
                None => serde_json::from_str(right).ok()?,
            };
            (rest[..at].trim(), operator, value)
        }
    };
    let member = path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    Some(Step::Filter { member, operator: operator.to_owned(), value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(path: &str, expect: Value) {
        let object = json!({
            "metadata": {"labels": {"app.example.com/name": "lab"}},
            "spec": {"list": ["x", "y", "z"], "items": [{"name": "n1"}, {"name": "n2"}]},
            "status": {"conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True"}]},
        });
        let found =
            JsonPath::parse(path).and_then(|path| Some(path.find(&object)?.into_iter().cloned().collect()));
        assert_eq!(found.unwrap_or(Value::Null), expect, "{path}");
    }

    #[test]
    fn paths_lead_where_kubectl_finds_them() {
        check(".spec.list[0]", json!(["x"]));
        check(".spec.list[-1:]", json!(["z"]));
        check(".spec.list[*]", json!(["x", "y", "z"]));
        check(".status.conditions[?(@.type==\"Ready\")].status", json!(["True"]));
        check(".metadata.labels.app\\.example\\.com/name", json!(["lab"]));
        check(".metadata.labels['app\\.example\\.com/name']", json!(["lab"]));
        check(".spec.items[*].name", json!(["n1", "n2"]));
        check("..name", json!(["n1", "n2"]));
        check(".spec.none", Value::Null);
        check("spec", Value::Null);
    }
}
