//! The formats that Kubernetes' functions `format.…` check texts against.

use std::sync::OnceLock;

use regex::Regex;

use crate::structural::{Format, is_request_uri};

/// The known formats.
pub(super) const NAMES: [&str; 13] = [
    "dns1123Label",
    "dns1123Subdomain",
    "dns1035Label",
    "qualifiedName",
    "dns1123LabelPrefix",
    "dns1123SubdomainPrefix",
    "dns1035LabelPrefix",
    "labelValue",
    "uri",
    "uuid",
    "byte",
    "date",
    "datetime",
];

/// A name of a kind: how long it may be, its pattern, and what is said where it does not match.
struct Kind {
    longest: usize,
    unit: &'static str,
    pattern: &'static str,
    message: &'static str,
    examples: &'static [&'static str],
    compiled: OnceLock<Option<Regex>>,
}

static LABEL: Kind = Kind {
    longest: 63,
    unit: "characters",
    pattern: "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    message: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    examples: &["my-name", "123-abc"],
    compiled: OnceLock::new(),
};

static SUBDOMAIN: Kind = Kind {
    longest: 253,
    unit: "characters",
    pattern: r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    message: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    examples: &["example.com"],
    compiled: OnceLock::new(),
};

static DNS_1035: Kind = Kind {
    longest: 63,
    unit: "characters",
    pattern: "[a-z]([-a-z0-9]*[a-z0-9])?",
    message: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    examples: &["my-name", "abc-123"],
    compiled: OnceLock::new(),
};

static QUALIFIED: Kind = Kind {
    longest: 63,
    unit: "bytes",
    pattern: "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
    message: "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    examples: &["MyName", "my.name", "123-abc"],
    compiled: OnceLock::new(),
};

static LABEL_VALUE: Kind = Kind {
    longest: 63,
    unit: "bytes",
    pattern: "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
    message: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    examples: &["MyValue", "my_value", "12345"],
    compiled: OnceLock::new(),
};

impl Kind {
    fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&format!("^(?:{})$", self.pattern)).ok());
        compiled.as_ref().is_some_and(|pattern| pattern.is_match(text))
    }

    fn too_long(&self) -> String {
        format!("must be no more than {} {}", self.longest, self.unit)
    }

    fn mismatch(&self) -> String {
        let examples: Vec<String> = self.examples.iter().map(|one| format!("'{one}'")).collect();
        format!(
            "{} (e.g. {}, regex used for validation is '{}')",
            self.message,
            examples.join(",  or "),
            self.pattern
        )
    }

    fn errors(&self, text: &str) -> Vec<String> {
        let mut errors = Vec::new();
        if text.len() > self.longest {
            errors.push(self.too_long());
        }
        if !self.matches(text) {
            errors.push(self.mismatch());
        }
        errors
    }
}

/// What is wrong with a text by a format.
pub(super) fn errors(format: &str, text: &str) -> Vec<String> {
    let prefix = format.strip_suffix("Prefix");
    let masked = match text.strip_suffix('-') {
        // The last character may be a dash, which more may follow.
        Some(rest) if prefix.is_some() && !rest.is_empty() => {
            format!("{}a", rest.char_indices().next_back().map_or("", |(at, _)| &rest[..at]))
        }
        _ => text.to_owned(),
    };
    let only = |good: bool, message: &str| if good { Vec::new() } else { vec![message.to_owned()] };
    match prefix.unwrap_or(format) {
        "dns1123Label" => {
            let mut errors = LABEL.errors(&masked);
            if SUBDOMAIN.matches(&masked) && !LABEL.matches(&masked) {
                errors.pop();
                errors.push("must not contain dots".to_owned());
            }
            errors
        }
        "dns1123Subdomain" => SUBDOMAIN.errors(&masked),
        "dns1035Label" => DNS_1035.errors(&masked),
        "labelValue" => LABEL_VALUE.errors(text),
        "qualifiedName" => qualified(text),
        "uri" => {
            let quoted = crate::go_text::quoted(text);
            let cause = if text.is_empty() { "empty url" } else { "invalid URI for request" };
            only(is_request_uri(text), &format!("parse {quoted}: {cause}"))
        }
        "uuid" => only(Format::Uuid.admits(text), "does not match the UUID format"),
        "byte" => only(Format::Byte.admits(text), "invalid base64"),
        "date" => only(Format::Date.admits(text), "invalid date"),
        _ => only(Format::DateTime.admits(text), "invalid datetime"),
    }
}

/// A name that may have a domain in front of it.
fn qualified(text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (name, mut errors) = match parts.as_slice() {
        [name] => (*name, Vec::new()),
        ["", name] => (*name, vec!["prefix part must be non-empty".to_owned()]),
        [domain, name] => {
            let errors = SUBDOMAIN.errors(domain).into_iter().map(|error| format!("prefix part {error}"));
            (*name, errors.collect())
        }
        _ => {
            let with = QUALIFIED.mismatch();
            let hint = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a qualified name {with}{hint}")];
        }
    };
    if name.is_empty() {
        errors.push("name part must be non-empty".to_owned());
    } else if name.len() > QUALIFIED.longest {
        errors.push(format!("name part {}", QUALIFIED.too_long()));
    }
    if !QUALIFIED.matches(name) {
        errors.push(format!("name part {}", QUALIFIED.mismatch()));
    }
    errors
}
