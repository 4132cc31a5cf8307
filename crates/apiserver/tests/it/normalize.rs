//! Taking out of an answer what differs from run to run. `record.py` of the corpus defines the rules.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

static UID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap());
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z").unwrap());
static HASH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bhash=[0-9A-F]{128}\b").unwrap());
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(resourceVersion: "|resourceVersion\\?":\\?"|ResourceVersion in precondition: |ResourceVersion in object meta: |ResourceVersion in the precondition \(|ResourceVersion in record \(|current: |too old resource version: \d+ \()(\d+)"#,
    )
    .unwrap()
});
const AGES: [&str; 3] = ["age", "last seen", "first seen"];

/// What has been seen so far in a case.
#[derive(Default)]
pub struct Normal {
    namespace: String,
    uids: Vec<String>,
    tokens: Vec<(String, String)>,
    names: Vec<(String, String)>,
    ages: Vec<usize>,
}

impl Normal {
    /// Nothing seen yet.
    pub fn new(namespace: &str) -> Normal {
        Normal { namespace: namespace.to_owned(), ..Normal::default() }
    }

    /// Notes uids, tokens and generated names in the order in which they stand in `text`, as far as they are in `value`.
    pub fn collect_in_order(&mut self, value: &Value, text: &str) {
        let shown = value.to_string();
        for found in UID.find_iter(text) {
            if shown.contains(found.as_str()) {
                self.uid(found.as_str());
            }
        }
        self.collect(value, "");
    }

    /// Notes uids, tokens and generated names in the order in which they come.
    pub fn collect(&mut self, value: &Value, key: &str) {
        match value {
            Value::Object(map) => {
                let text =
                    |member: &str| map.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
                if let (Some(prefix), Some(name)) = (text("generateName"), text("name"))
                    && name.starts_with(prefix)
                    && !self.names.iter().any(|(known, _)| known == name)
                {
                    self.names.push((name.to_owned(), format!("{prefix}<random>")));
                }
                for (key, inner) in map {
                    self.collect(inner, key);
                }
            }
            Value::Array(list) => list.iter().for_each(|inner| self.collect(inner, key)),
            Value::String(text) => {
                let is_token = key == "token" && text.matches('.').count() == 2;
                let is_continue = key == "continue" && !text.is_empty();
                if (is_token || is_continue) && !self.tokens.iter().any(|(known, _)| known == text) {
                    let word = if is_token { "token" } else { "continue" };
                    let shown = format!("<{word}-{}>", self.tokens.len() + 1);
                    self.tokens.push((text.clone(), shown));
                }
                for found in UID.find_iter(text) {
                    self.uid(found.as_str());
                }
            }
            _ => {}
        }
    }

    fn uid(&mut self, uid: &str) -> String {
        let at = self.uids.iter().position(|known| known == uid).unwrap_or_else(|| {
            self.uids.push(uid.to_owned());
            self.uids.len() - 1
        });
        format!("<uid-{}>", at + 1)
    }

    /// The value as transcripts show it.
    pub fn norm(&mut self, value: &Value, key: &str) -> Value {
        match value {
            Value::Object(map) => {
                let mut map = map.clone();
                if map.get("kind").is_some_and(|kind| kind == "Table")
                    && map.get("rows").is_some_and(Value::is_array)
                {
                    self.hide_ages(&mut map);
                }
                Value::Object(
                    map.iter().map(|(key, inner)| (self.text(key, ""), self.norm(inner, key))).collect(),
                )
            }
            Value::Array(list) => list.iter().map(|inner| self.norm(inner, key)).collect(),
            Value::String(text) => self.text(text, key).into(),
            other => other.clone(),
        }
    }

    fn hide_ages(&mut self, table: &mut serde_json::Map<String, Value>) {
        if let Some(columns) =
            table.get("columnDefinitions").and_then(Value::as_array).filter(|list| !list.is_empty())
        {
            let is_age = |column: &Value| {
                column["name"].as_str().is_some_and(|name| AGES.contains(&name.to_lowercase().as_str()))
            };
            self.ages = (0..columns.len()).filter(|index| is_age(&columns[*index])).collect();
        }
        for row in table["rows"].as_array_mut().unwrap() {
            let cells = row["cells"].as_array().cloned().unwrap_or_default();
            let hidden = cells.into_iter().enumerate().map(|(index, cell)| {
                if self.ages.contains(&index) && cell != "<unknown>" { json!("<age>") } else { cell }
            });
            row["cells"] = hidden.collect();
        }
    }

    /// One text.
    pub fn text(&mut self, text: &str, key: &str) -> String {
        if key == "resourceVersion" && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return if text == "0" { "0".to_owned() } else { "<rv>".to_owned() };
        }
        if let Some((_, shown)) = self.tokens.iter().find(|(known, _)| known == text) {
            return shown.clone();
        }
        let mut out = text.to_owned();
        for (name, shown) in &self.names {
            out = out.replace(name, shown);
        }
        let mut replaced = String::new();
        let mut last = 0;
        for found in UID.find_iter(&out.clone()) {
            replaced.push_str(&out[last..found.start()]);
            replaced.push_str(&self.uid(found.as_str()));
            last = found.end();
        }
        replaced.push_str(&out[last..]);
        let out = TIME.replace_all(&replaced, |found: &regex::Captures<'_>| {
            if &found[0] >= "2024" { "<time>".to_owned() } else { found[0].to_owned() }
        });
        let out = HASH.replace_all(&out, "hash=<hash>");
        let out = VERSION.replace_all(&out, |found: &regex::Captures<'_>| {
            // The recorder does not hide what begins with a zero.
            if found[2] == *"0" { found[0].to_owned() } else { format!("{}<rv>", &found[1]) }
        });
        out.replace(&self.namespace, "<ns>").replace("127.0.0.1:1", "<server>")
    }
}

/// The first difference between what should be and what came.
pub fn difference(want: &Value, got: &Value, at: &str) -> Option<String> {
    let short = |value: &Value| value.to_string().chars().take(700).collect::<String>();
    let place = if at.is_empty() { "/" } else { at };
    match (want, got) {
        (Value::Object(want), Value::Object(got)) => {
            for (key, inner) in want {
                match got.get(key) {
                    None => return Some(format!("{at}/{key}: missing, should be {}", short(inner))),
                    Some(other) => {
                        if let Some(found) = difference(inner, other, &format!("{at}/{key}")) {
                            return Some(found);
                        }
                    }
                }
            }
            let extra = got.iter().find(|(key, _)| !want.contains_key(*key))?;
            Some(format!("{at}/{}: should not be there: {}", extra.0, short(extra.1)))
        }
        (Value::Array(want), Value::Array(got)) => {
            for (index, (inner, other)) in want.iter().zip(got).enumerate() {
                if let Some(found) = difference(inner, other, &format!("{at}/{index}")) {
                    return Some(found);
                }
            }
            if want.len() == got.len() {
                return None;
            }
            let rest = if got.len() > want.len() { short(&got[want.len()]) } else { short(&want[got.len()]) };
            Some(format!("{place}: {} elements became {}: {rest}", want.len(), got.len()))
        }
        (Value::Number(want), Value::Number(got)) if want.as_f64() == got.as_f64() => None,
        _ if want == got => None,
        _ => Some(format!("{place}:\n      {}\n      became\n      {}", short(want), short(got))),
    }
}
