//! Label and field selectors: their text form, and what they match.

use super::names;
use crate::status::{Answer, Status, quote};
use crate::store::Object;

/// A label selector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Exists,
    Absent,
    In,
    NotIn,
    Greater,
    Less,
}

impl Labels {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Parses the query form.
    pub(crate) fn parse(text: &str) -> Answer<Labels> {
        Parser { tokens: lex(text), at: 0 }.parse().map(Labels).map_err(Status::bad_request)
    }

    /// A LabelSelector object (`matchLabels`, `matchExpressions`); expressions of unknown operators match nothing.
    pub(crate) fn of(selector: &serde_json::Value) -> Labels {
        let mut all = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            let values = vec![value.as_str().unwrap_or_default().to_owned()];
            all.push(Requirement { key: key.clone(), operator: Operator::In, values });
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let operator = match expression["operator"].as_str() {
                Some("NotIn") => Operator::NotIn,
                Some("Exists") => Operator::Exists,
                Some("DoesNotExist") => Operator::Absent,
                _ => Operator::In,
            };
            let values = expression["values"].as_array().into_iter().flatten();
            let values = values.filter_map(|v| v.as_str().map(str::to_owned)).collect();
            all.push(Requirement {
                key: expression["key"].as_str().unwrap_or_default().to_owned(),
                operator,
                values,
            });
        }
        Labels(all)
    }

    /// Whether an object's labels fulfil every requirement.
    pub(crate) fn matches(&self, labels: &[(Box<str>, Box<str>)]) -> bool {
        self.matches_by(|key| labels.iter().find(|(k, _)| **k == *key).map(|(_, v)| &**v))
    }

    /// The same on a JSON map.
    pub(crate) fn matches_map(&self, labels: &serde_json::Value) -> bool {
        self.matches_by(|key| labels.get(key).and_then(serde_json::Value::as_str))
    }

    fn matches_by<'a>(&self, find: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|requirement| {
            let value = find(&requirement.key);
            let compare = |order: std::cmp::Ordering| {
                let pair = value
                    .and_then(|v| v.parse::<i64>().ok())
                    .zip(requirement.values.first()?.parse::<i64>().ok());
                pair.map(|(a, b)| a.cmp(&b) == order)
            };
            match requirement.operator {
                Operator::Exists => value.is_some(),
                Operator::Absent => value.is_none(),
                Operator::In => value.is_some_and(|v| requirement.values.iter().any(|w| w == v)),
                Operator::NotIn => value.is_none_or(|v| requirement.values.iter().all(|w| w != v)),
                Operator::Greater => compare(std::cmp::Ordering::Greater).unwrap_or(false),
                Operator::Less => compare(std::cmp::Ordering::Less).unwrap_or(false),
            }
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Sign(&'static str),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Token::Word(word) => word,
            Token::Sign(sign) => sign,
        }
    }
}

fn lex(text: &str) -> Vec<Token> {
    const SIGNS: [&str; 10] = ["==", "!=", "=", "!", ",", "(", ")", ">", "<", "\u{0}"];
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else {
            let end = rest
                .find(|c: char| {
                    c.is_whitespace() || matches!(c, '=' | '!' | ',' | '(' | ')' | '>' | '<' | '\0')
                })
                .unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    tokens
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn sign(&self, sign: &str) -> bool {
        self.peek()
            == Some(&Token::Sign(match sign {
                "," => ",",
                "(" => "(",
                ")" => ")",
                "!" => "!",
                _ => "",
            }))
    }

    fn found(&self) -> String {
        self.peek().map(|token| token.text().to_owned()).unwrap_or_default()
    }

    fn parse(mut self) -> Result<Vec<Requirement>, String> {
        let mut all = Vec::new();
        loop {
            match self.peek() {
                None => return Ok(all),
                Some(Token::Word(_)) => {}
                Some(Token::Sign("!")) => {}
                Some(_) => {
                    return Err(format!(
                        "found '{}', expected: !, identifier, or 'end of string'",
                        self.found()
                    ));
                }
            }
            let requirement =
                self.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?;
            all.push(requirement);
            match self.peek() {
                None => return Ok(all),
                Some(Token::Sign(",")) => {
                    self.at += 1;
                    match self.peek() {
                        Some(Token::Word(_) | Token::Sign("!")) => {}
                        _ => return Err(format!("found '{}', expected: identifier after ','", self.found())),
                    }
                }
                Some(_) => return Err(format!("found '{}', expected: ',' or 'end of string'", self.found())),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let negated = self.sign("!");
        if negated {
            self.at += 1;
        }
        let key = match self.next() {
            Some(Token::Word(word)) => word,
            other => {
                let found = other.map(|token| token.text().to_owned()).unwrap_or_default();
                return Err(format!("found '{found}', expected: identifier"));
            }
        };
        if let Some(why) = names::qualified(&key).first() {
            return Err(format!("<nil>: Invalid value: {}: {why}", quote(&key)));
        }
        if negated {
            return Ok(Requirement { key, operator: Operator::Absent, values: Vec::new() });
        }
        if self.peek().is_none() || self.sign(",") {
            return Ok(Requirement { key, operator: Operator::Exists, values: Vec::new() });
        }
        let token = self.next();
        let operator = match token.as_ref().map(Token::text) {
            Some("=" | "==") => Operator::In,
            Some("!=") => Operator::NotIn,
            Some("in") => Operator::In,
            Some("notin") => Operator::NotIn,
            Some(">") => Operator::Greater,
            Some("<") => Operator::Less,
            other => {
                let found = other.unwrap_or_default();
                return Err(format!("found '{found}', expected: in, notin, =, ==, !=, gt, lt"));
            }
        };
        let set = matches!(token.as_ref().map(Token::text), Some("in" | "notin"));
        let values = if set { self.values()? } else { vec![self.exact_value()?] };
        if matches!(operator, Operator::Greater | Operator::Less) {
            for value in &values {
                if value.parse::<i64>().is_err() {
                    let why = "for 'Gt', 'Lt' operators, the value must be an integer";
                    return Err(format!("values[0]: Invalid value: {}: {why}", quote(value)));
                }
            }
        }
        for (index, value) in values.iter().enumerate() {
            if let Some(why) = names::label_value(value).first() {
                return Err(format!("values[{index}][{key}]: Invalid value: {}: {why}", quote(value)));
            }
        }
        Ok(Requirement { key, operator, values })
    }

    fn exact_value(&mut self) -> Result<String, String> {
        match self.peek() {
            None | Some(Token::Sign(",")) => Ok(String::new()),
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            Some(_) => Err(format!("found '{}', expected: identifier", self.found())),
        }
    }

    fn values(&mut self) -> Result<Vec<String>, String> {
        if !self.sign("(") {
            return Err(format!("found '{}' expected: '('", self.found()));
        }
        self.at += 1;
        let mut values = Vec::new();
        // An empty place stands for the empty value, before a comma as well as before the end.
        let mut open = true;
        loop {
            match self.next() {
                Some(Token::Word(word)) => {
                    values.push(word);
                    open = false;
                    match self.peek() {
                        Some(Token::Sign("," | ")")) => {}
                        _ => return Err(format!("found '{}', expected: ',' or ')'", self.found())),
                    }
                }
                Some(Token::Sign(",")) => {
                    if open {
                        values.push(String::new());
                    }
                    open = true;
                }
                Some(Token::Sign(")")) => {
                    if open {
                        values.push(String::new());
                    }
                    values.sort();
                    values.dedup();
                    return Ok(values);
                }
                other => {
                    let found = other.map(|token| token.text().to_owned()).unwrap_or_default();
                    let closing = if values.is_empty() && open { "')'" } else { "" };
                    return Err(format!("found '{found}', expected: ',', {closing} or identifier")
                        .replace(",  or", ", or"));
                }
            }
        }
    }
}

/// A field selector: `field=value`, `field!=value`, joined by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<Term>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: String,
    equal: bool,
    value: String,
}

impl Fields {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Parses the query form.
    pub(crate) fn parse(text: &str) -> Answer<Fields> {
        let invalid = |why: String| Status::bad_request(format!("invalid field selector: {why}"));
        let mut terms = Vec::new();
        for part in split_unescaped(text) {
            if part.is_empty() {
                continue;
            }
            let (field, operator, value) = split_term(part).ok_or_else(|| {
                Status::bad_request(format!("invalid selector: '{text}'; can't understand '{part}'"))
            })?;
            let value = unescape(value).map_err(invalid)?;
            terms.push(Term { field: field.to_owned(), equal: operator != "!=", value });
        }
        Ok(Fields(terms))
    }

    /// The first field that `known` does not know.
    pub(crate) fn unknown(&self, known: impl Fn(&str) -> bool) -> Option<&str> {
        self.0.iter().map(|term| term.field.as_str()).find(|field| !known(field))
    }

    /// The value that `metadata.name` must have, where the selector asks for one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.iter().find(|term| term.field == "metadata.name" && term.equal).map(|term| term.value.as_str())
    }

    /// Whether an object fulfils the selector; `look` gives the text of a field other than name and namespace.
    pub(crate) fn matches(&self, object: &Object, look: impl Fn(&str) -> String) -> bool {
        self.0.iter().all(|term| {
            let value = match term.field.as_str() {
                "metadata.name" => std::borrow::Cow::Borrowed(object.key.name()),
                "metadata.namespace" => std::borrow::Cow::Borrowed(object.key.namespace()),
                field => look(field).into(),
            };
            (*value == *term.value) == term.equal
        })
    }

    /// Whether the selector asks for more than name and namespace.
    pub(crate) fn needs_body(&self) -> bool {
        self.0.iter().any(|term| !matches!(term.field.as_str(), "metadata.name" | "metadata.namespace"))
    }
}

fn split_unescaped(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn split_term(part: &str) -> Option<(&str, &'static str, &str)> {
    for (i, _) in part.char_indices() {
        for operator in ["!=", "==", "="] {
            if let Some(value) = part[i..].strip_prefix(operator) {
                return Some((&part[..i], operator, value));
            }
        }
    }
    None
}

fn unescape(value: &str) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(c) => return Err(format!("invalid escape sequence: \\{c}")),
                None => return Err("invalid escape sequence: \\".to_owned()),
            },
            ',' | '=' => return Err(format!("unescaped character in value: {}", c as u32)),
            c => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(selector: &str, labels: serde_json::Value, expect: &str) {
        let seen = match Labels::parse(selector) {
            Ok(parsed) => parsed.matches_map(&labels).to_string(),
            Err(status) => status.message,
        };
        assert_eq!(seen, expect, "{selector}");
    }

    #[test]
    fn label_selectors() {
        check("a=1,b", json!({"a": "1", "b": ""}), "true");
        check("a!=1", json!({}), "true");
        check("a in (1, 2)", json!({"a": "2"}), "true");
        check("a notin (1)", json!({"a": "1"}), "false");
        check("!a", json!({}), "true");
        check("a in ()", json!({"a": ""}), "true");
        check("a>2", json!({"a": "3"}), "true");
        check("t=a b", json!({}), "found 'b', expected: ',' or 'end of string'");
        check("t in x", json!({}), "unable to parse requirement: found 'x' expected: '('");
        check("t in (x", json!({}), "unable to parse requirement: found '', expected: ',' or ')'");
        check("=x", json!({}), "found '=', expected: !, identifier, or 'end of string'");
        check("t,,u", json!({}), "found ',', expected: identifier after ','");
    }

    #[test]
    fn field_selectors() {
        let seen = |text: &str| Fields::parse(text).map_err(|status| status.message);
        assert_eq!(seen("type=a\\,b").unwrap().0[0].value, "a,b");
        assert_eq!(seen("type=a\\xb").unwrap_err(), "invalid field selector: invalid escape sequence: \\x");
        assert_eq!(seen("type=a=b").unwrap_err(), "invalid field selector: unescaped character in value: 61");
        assert!(seen("").unwrap().is_empty());
    }
}
