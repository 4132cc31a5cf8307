//! Which field of which message has which number, name and kind.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The table as `extract.py` prints it: a line with a message's name, then ` NUMBER NAME KIND` for each field; a `?` at the
/// end of the kind says that JSON leaves the field out where it is zero.
const TEXT: &str = include_str!("fields.txt");

/// The name of a field whose message's fields are the outer one's own in JSON.
pub(super) const INLINE: &str = "+";

static TABLE: LazyLock<HashMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    let mut table: HashMap<&str, Vec<Field>> = HashMap::new();
    let mut fields = &mut Vec::new();
    for line in TEXT.lines() {
        match line.strip_prefix(' ') {
            None => fields = table.entry(line).or_default(),
            Some(line) => fields.extend(Field::parse(line)),
        }
    }
    table
});

/// A field of a message.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether JSON leaves it out where it is zero.
    pub(super) drop_zero: bool,
}

/// What a field holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Bool,
    Int,
    /// Base64 in JSON.
    Bytes,
    /// Seconds in JSON.
    Time,
    /// Microseconds in JSON.
    MicroTime,
    Quantity,
    IntOrString,
    /// An object of any kind, as JSON.
    Json,
    /// A message with a list of texts, which JSON writes as the list.
    Items,
    Message(&'static str),
    List(Box<Kind>),
    Map(Box<Kind>),
}

impl Field {
    fn parse(line: &'static str) -> Option<Self> {
        let (number, rest) = line.split_once(' ')?;
        let (name, kind) = rest.split_once(' ')?;
        let drop_zero = kind.ends_with('?');
        Some(Field {
            number: number.parse().ok()?,
            name,
            kind: Kind::parse(kind.trim_end_matches('?')),
            drop_zero,
        })
    }
}

impl Kind {
    fn parse(text: &'static str) -> Self {
        if let Some(inner) = text.strip_prefix("[]") {
            return Kind::List(Box::new(Kind::parse(inner)));
        }
        if let Some(inner) = text.strip_prefix("map ") {
            return Kind::Map(Box::new(Kind::parse(inner)));
        }
        match text {
            "string" => Kind::String,
            "bool" => Kind::Bool,
            "int" => Kind::Int,
            "bytes" => Kind::Bytes,
            "time" => Kind::Time,
            "microtime" => Kind::MicroTime,
            "quantity" => Kind::Quantity,
            "intorstring" => Kind::IntOrString,
            "json" => Kind::Json,
            "items" => Kind::Items,
            message => Kind::Message(message),
        }
    }
}

/// The fields of a message; none for one that has none.
pub(super) fn message(name: &str) -> &'static [Field] {
    TABLE.get(name).map_or(&[], Vec::as_slice)
}

/// The fields of a kind.
pub(super) fn of_kind(api_version: &str, kind: &str) -> Option<&'static [Field]> {
    let package = match api_version.split_once('/') {
        None => format!("core/{api_version}"),
        Some((group, version)) => format!("{}/{version}", group.split('.').next().unwrap_or_default()),
    };
    // The options of a request have the API version of what they are for.
    let own = TABLE.get(format!("{package}/{kind}").as_str());
    let options = || TABLE.get(format!("meta/v1/{kind}").as_str()).filter(|_| kind.ends_with("Options"));
    own.or_else(options).map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_that_a_field_names_is_in_the_table() {
        fn check(owner: &str, kind: &Kind) {
            match kind {
                Kind::Message(name) => assert!(TABLE.contains_key(name), "{owner}: {name}"),
                Kind::List(kind) | Kind::Map(kind) => check(owner, kind),
                _ => {}
            }
        }
        for (name, fields) in &*TABLE {
            for field in fields {
                check(name, &field.kind);
            }
        }
        assert!(TABLE.len() > 500, "{}", TABLE.len());
    }
}
