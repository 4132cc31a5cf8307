//! Names, label keys and values: which are valid, and what is said of those that are not.
//!
//! The texts quote the regular expressions that the rules are published with; the checks are by hand.

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
    and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
    and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
    validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const KEY_NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
    alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
    and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
    validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  \
    or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const ENVIRONMENT: &str =
    "a valid environment variable name must consist only of printable ASCII characters other than '='";

fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    matches!((bytes.first(), bytes.last()), (Some(a), Some(b)) if *a != b'-' && *b != b'-')
        && bytes.iter().all(inner)
}

fn is_key_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(a), Some(b)) if a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn at_most(limit: usize, text: &str, unit: &str, out: &mut Vec<String>) {
    if text.len() > limit {
        out.push(format!("must be no more than {limit} {unit}"));
    }
}

/// What is wrong with an RFC 1123 subdomain.
pub(crate) fn subdomain(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    at_most(253, text, "characters", &mut out);
    if !text.split('.').all(is_label) {
        out.push(SUBDOMAIN.to_owned());
    }
    out
}

/// What is wrong with an RFC 1123 label.
pub(crate) fn label(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    at_most(63, text, "characters", &mut out);
    if !is_label(text) {
        out.push(LABEL.to_owned());
    }
    out
}

/// What is wrong with an RFC 1035 label, the older rule that forbids a leading digit.
pub(crate) fn label_1035(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    at_most(63, text, "characters", &mut out);
    if !is_label(text) || !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        out.push(LABEL_1035.to_owned());
    }
    out
}

/// What is wrong with a name that only has to fit into a URL path.
pub(crate) fn path_segment(text: &str) -> Vec<String> {
    if text == "." || text == ".." {
        return vec![format!("may not be '{text}'")];
    }
    let found = ["/", "%"].iter().filter(|c| text.contains(*c));
    found.map(|c| format!("may not contain '{c}'")).collect()
}

/// What is wrong with a label or annotation key, or a finalizer.
pub(crate) fn qualified(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let name = match text.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                out.push("prefix part must be non-empty".to_owned());
            } else {
                out.extend(subdomain(prefix).into_iter().map(|why| format!("prefix part {why}")));
            }
            *name
        }
        _ => {
            return vec![format!(
                "a valid label key {KEY_NAME} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        out.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        out.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_key_name(name) {
        out.push(format!("name part {KEY_NAME}"));
    }
    out
}

/// What is wrong with a label's value.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    at_most(63, text, "bytes", &mut out);
    if !text.is_empty() && !is_key_name(text) {
        out.push(LABEL_VALUE.to_owned());
    }
    out
}

/// What is wrong with a key of a ConfigMap or Secret.
pub(crate) fn config_key(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    at_most(253, text, "characters", &mut out);
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    {
        out.push(CONFIG_KEY.to_owned());
    }
    match text {
        "." => out.push("must not be '.'".to_owned()),
        ".." => out.push("must not be '..'".to_owned()),
        _ if text.starts_with("..") => out.push("must not start with '..'".to_owned()),
        _ => {}
    }
    out
}

/// What is wrong with the name of an environment variable.
pub(crate) fn environment(text: &str) -> Vec<String> {
    let printable = |b: u8| (0x20..0x7f).contains(&b) && b != b'=';
    if text.is_empty() || !text.bytes().all(printable) { vec![ENVIRONMENT.to_owned()] } else { Vec::new() }
}

/// A rule that names of a kind follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameRule {
    Subdomain,
    Label,
    /// Anything that fits into a path: RBAC.
    PathSegment,
}

impl NameRule {
    /// What is wrong with `text`; `prefix`: it is a generateName, so it may end in a dash.
    pub(crate) fn check(self, text: &str, prefix: bool) -> Vec<String> {
        let masked;
        let text = if prefix && text.ends_with('-') && self != NameRule::PathSegment {
            masked = format!("{}a", &text[..text.len() - 1]);
            &masked
        } else {
            text
        };
        match self {
            NameRule::Subdomain => subdomain(text),
            NameRule::Label => label(text),
            NameRule::PathSegment => path_segment(text),
        }
    }
}
