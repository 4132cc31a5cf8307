//! Which resources a patch, a replacement or a transformer is meant for.

use regex::Regex;

use crate::resource::{Gvk, ResId, Resource, Scope};

/// A selector as a kustomization writes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Selector {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) labels: String,
    pub(crate) annotations: String,
}

impl Selector {
    /// Whether no part of an identity is asked for.
    pub(crate) fn has_no_id(&self) -> bool {
        [&self.group, &self.version, &self.kind, &self.name, &self.namespace]
            .into_iter()
            .all(String::is_empty)
    }
}

/// A part of a selector that is no regular expression or no label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectorError {
    pub(crate) message: String,
}

/// A pattern that must match the whole text. Plain names, which most are, need no expression.
#[derive(Debug)]
enum Pattern {
    Any,
    Text(String),
    Regex(Regex),
}

impl Pattern {
    fn new(pattern: &str) -> Result<Self, SelectorError> {
        if pattern.is_empty() {
            return Ok(Self::Any);
        }
        if pattern.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/')) {
            return Ok(Self::Text(pattern.to_owned()));
        }
        Regex::new(&format!("^(?:{pattern})$")).map(Self::Regex).map_err(|error| SelectorError {
            message: format!("{pattern:?} is no regular expression: {error}"),
        })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Text(wanted) => wanted == text,
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// A selector ready to be asked.
#[derive(Debug)]
pub(crate) struct Matcher {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl Matcher {
    pub(crate) fn new(selector: &Selector) -> Result<Self, SelectorError> {
        Ok(Self {
            group: Pattern::new(&selector.group)?,
            version: Pattern::new(&selector.version)?,
            kind: Pattern::new(&selector.kind)?,
            name: Pattern::new(&selector.name)?,
            namespace: Pattern::new(&selector.namespace)?,
            labels: parse_requirements(&selector.labels)?,
            annotations: parse_requirements(&selector.annotations)?,
        })
    }

    pub(crate) fn matches_gvk(&self, gvk: &Gvk<'_>) -> bool {
        self.group.matches(gvk.group) && self.version.matches(gvk.version) && self.kind.matches(gvk.kind)
    }

    /// Whether an identity matches, its namespace taken as it is written.
    pub(crate) fn matches_id(&self, id: &ResId<'_>) -> bool {
        self.matches_gvk(&id.gvk) && self.name.matches(id.name) && self.namespace.matches(id.namespace)
    }

    pub(crate) fn matches_metadata(&self, resource: &Resource) -> bool {
        let all = |requirements: &[Requirement], field: &str| {
            requirements
                .iter()
                .all(|requirement| requirement.matches(resource.metadata_entry(field, &requirement.key)))
        };
        all(&self.labels, "labels") && all(&self.annotations, "annotations")
    }

    /// Whether a patch's target picks a resource: by its first or its present name and namespace.
    pub(crate) fn selects(&self, resource: &Resource, scope: &Scope) -> bool {
        let (original, current) = (resource.original_id(), resource.id());
        (self.namespace.matches(scope.effective_namespace(&original))
            || self.namespace.matches(scope.effective_namespace(&current)))
            && (self.name.matches(original.name) || self.name.matches(current.name))
            && self.matches_gvk(&current.gvk)
            && self.matches_metadata(resource)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    Missing,
    Greater,
    Less,
}

/// One requirement of a Kubernetes label selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

impl Requirement {
    fn matches(&self, value: Option<&str>) -> bool {
        let among = |value: &str| self.values.iter().any(|wanted| wanted == value);
        let number = |text: &str| text.parse::<i64>().ok();
        match self.operator {
            Operator::In => value.is_some_and(among),
            Operator::NotIn => !value.is_some_and(among),
            Operator::Exists => value.is_some(),
            Operator::Missing => value.is_none(),
            Operator::Greater | Operator::Less => {
                let limit = self.values.first().and_then(|text| number(text));
                match (value.and_then(number), limit) {
                    (Some(value), Some(limit)) if self.operator == Operator::Greater => value > limit,
                    (Some(value), Some(limit)) => value < limit,
                    _ => false,
                }
            }
        }
    }
}

#[derive(Debug, PartialEq)]
enum Lexeme<'t> {
    Word(&'t str),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", ",", "(", ")", ">", "<"];

fn lex(text: &str) -> Vec<Lexeme<'_>> {
    let mut lexemes = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            lexemes.push(Lexeme::Symbol(symbol));
            rest = &rest[symbol.len()..];
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "=!,()<>".contains(c)).unwrap_or(rest.len());
            lexemes.push(Lexeme::Word(&rest[..end]));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    lexemes
}

/// Reads a label selector: `a=b,c!=d,e in (f,g),!h`.
pub(crate) fn parse_requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let lexemes = lex(text);
    let mut at = 0;
    let mut requirements = Vec::new();
    let wrong = |what: &str| SelectorError { message: format!("{text:?} is no label selector: {what}") };
    while at < lexemes.len() {
        let missing = lexemes[at] == Lexeme::Symbol("!");
        at += usize::from(missing);
        let Some(Lexeme::Word(key)) = lexemes.get(at) else { return Err(wrong("a key is missing")) };
        at += 1;
        check_name(key).map_err(|what| wrong(&what))?;
        let (operator, values) = if missing {
            (Operator::Missing, Vec::new())
        } else {
            condition(&lexemes, &mut at).map_err(|what| wrong(&what))?
        };
        requirements.push(Requirement { key: (*key).to_owned(), operator, values });
        match lexemes.get(at) {
            None => break,
            Some(Lexeme::Symbol(",")) if at + 1 < lexemes.len() => at += 1,
            _ => return Err(wrong("a ',' and another requirement are expected")),
        }
    }
    Ok(requirements)
}

fn condition(lexemes: &[Lexeme<'_>], at: &mut usize) -> Result<(Operator, Vec<String>), String> {
    let operator = match lexemes.get(*at) {
        None | Some(Lexeme::Symbol(",")) => return Ok((Operator::Exists, Vec::new())),
        Some(Lexeme::Symbol("=" | "==") | Lexeme::Word("in")) => Operator::In,
        Some(Lexeme::Symbol("!=") | Lexeme::Word("notin")) => Operator::NotIn,
        Some(Lexeme::Symbol(">")) => Operator::Greater,
        Some(Lexeme::Symbol("<")) => Operator::Less,
        _ => return Err("an operator is one of =, ==, !=, in, notin, > and <".to_owned()),
    };
    let listed = matches!(lexemes[*at], Lexeme::Word(_));
    *at += 1;
    let mut values = Vec::new();
    if !listed {
        // `key=` asks for an empty value.
        let value = match lexemes.get(*at) {
            Some(Lexeme::Word(value)) => {
                *at += 1;
                value
            }
            _ => "",
        };
        check_value(value)?;
        values.push(value.to_owned());
        return Ok((operator, values));
    }
    if lexemes.get(*at) != Some(&Lexeme::Symbol("(")) {
        return Err("a list of values stands in parentheses".to_owned());
    }
    *at += 1;
    let mut value = "";
    loop {
        match lexemes.get(*at) {
            Some(Lexeme::Word(word)) => value = word,
            Some(Lexeme::Symbol(symbol @ ("," | ")"))) => {
                check_value(value)?;
                values.push(value.to_owned());
                value = "";
                if *symbol == ")" {
                    *at += 1;
                    return Ok((operator, values));
                }
            }
            _ => return Err("the parenthesis is not closed".to_owned()),
        }
        *at += 1;
    }
}

fn is_name(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    text.len() <= 63
        && edge(text.as_bytes().first())
        && edge(text.as_bytes().last())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn check_name(key: &str) -> Result<(), String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let domain = |prefix: &str| {
        prefix.len() <= 253
            && prefix.split('.').all(|part| {
                is_name(part)
                    && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            })
    };
    if is_name(name) && prefix.is_none_or(domain) { Ok(()) } else { Err(format!("{key:?} is no label key")) }
}

fn check_value(value: &str) -> Result<(), String> {
    if value.is_empty() || is_name(value) { Ok(()) } else { Err(format!("{value:?} is no label value")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(selector: &str, labels: &[(&str, &str)], expect: Option<bool>) {
        let found = parse_requirements(selector).ok().map(|requirements| {
            requirements.iter().all(|requirement| {
                let value = labels.iter().find(|(key, _)| *key == requirement.key).map(|(_, value)| *value);
                requirement.matches(value)
            })
        });
        assert_eq!(found, expect, "{selector}");
    }

    #[test]
    fn label_selectors() {
        let labels = [("app", "web"), ("tier", "5"), ("empty", "")];
        for (selector, expect) in [
            ("", Some(true)),
            ("app=web", Some(true)),
            ("app == web , tier!=6", Some(true)),
            ("app in (web, api)", Some(true)),
            ("app notin (web)", Some(false)),
            ("missing notin (web)", Some(true)),
            ("app", Some(true)),
            ("!app", Some(false)),
            ("!other", Some(true)),
            ("tier>4", Some(true)),
            ("tier<4", Some(false)),
            ("empty=", Some(true)),
            ("app in web", None),
            ("app=web,", None),
            ("a b", None),
            ("=b", None),
            ("app=we b", None),
            ("-x=1", None),
            ("app=-", None),
        ] {
            check(selector, &labels, expect);
        }
    }
}
