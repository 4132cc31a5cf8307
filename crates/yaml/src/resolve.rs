//! What a scalar means: the two dialects of go-yaml.
//!
//! | | `GoV3` | `SigsV2` |
//! |---|---|---|
//! | read by it | manifests, strategic merge patches | kustomization.yaml, JSON patches in YAML, whatever goes through `sigs.k8s.io/yaml` |
//! | `yes` `no` `on` `off` `y` `n` | strings | booleans |
//! | `2001-01-01` | a time, written in full | the text |
//!
//! Everything else is the same in both: numbers with YAML 1.1's prefixes and underscores, `~`, `.inf`.

use crate::node::Style;
use crate::number::{self, Number};
use crate::timestamp;

/// Whose rules decide what a plain scalar means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `go.yaml.in/yaml/v3`, close to YAML 1.2.
    GoV3,
    /// `sigs.k8s.io/yaml`, which is go-yaml v2: YAML 1.1.
    SigsV2,
}

/// What a scalar means.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolved {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A time, as RFC 3339 with nanoseconds.
    Timestamp(String),
    /// A text: the scalar's own.
    Text,
    /// The merge key `<<`.
    Merge,
}

/// What a plain scalar without a tag means.
pub fn resolve_plain(text: &str, dialect: Dialect) -> Resolved {
    let Some(first) = text.bytes().next() else { return Resolved::Null };
    match first {
        b'0'..=b'9' | b'+' | b'-' => {
            if let Some(time) = timestamp::normalize(text) {
                return Resolved::Timestamp(time);
            }
            match text {
                "+.inf" | "+.Inf" | "+.INF" => Resolved::Number(Number::Float(f64::INFINITY)),
                "-.inf" | "-.Inf" | "-.INF" => Resolved::Number(Number::Float(f64::NEG_INFINITY)),
                _ => number::parse(text).map_or(Resolved::Text, Resolved::Number),
            }
        }
        b'.' => match text {
            ".inf" | ".Inf" | ".INF" => Resolved::Number(Number::Float(f64::INFINITY)),
            ".nan" | ".NaN" | ".NAN" => Resolved::Number(Number::Float(f64::NAN)),
            _ => number::parse(text).map_or(Resolved::Text, Resolved::Number),
        },
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => match text {
            "true" | "True" | "TRUE" => Resolved::Bool(true),
            "false" | "False" | "FALSE" => Resolved::Bool(false),
            "~" | "null" | "Null" | "NULL" => Resolved::Null,
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if dialect == Dialect::SigsV2 => {
                Resolved::Bool(true)
            }
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if dialect == Dialect::SigsV2 => {
                Resolved::Bool(false)
            }
            _ => Resolved::Text,
        },
        b'<' if text == "<<" => Resolved::Merge,
        _ => Resolved::Text,
    }
}

/// What a scalar means, by its tag, style and text.
///
/// # Errors
/// The tag asks for a type that the text is not; the message says so.
pub fn resolve(text: &str, style: Style, tag: Option<&str>, dialect: Dialect) -> Result<Resolved, String> {
    let Some(tag) = tag else {
        return Ok(if style == Style::Plain { resolve_plain(text, dialect) } else { Resolved::Text });
    };
    let resolved = match tag {
        "!!bool" | "!!int" | "!!float" | "!!null" | "!!timestamp" => resolve_plain(text, dialect),
        "!!merge" => return Ok(Resolved::Merge),
        _ => return Ok(Resolved::Text),
    };
    // A time is looked for only where a tag allows one.
    let resolved = match resolved {
        Resolved::Timestamp(_) if tag != "!!timestamp" => {
            number::parse(text).map_or(Resolved::Text, Resolved::Number)
        }
        other => other,
    };
    match (tag, resolved) {
        ("!!bool", found @ Resolved::Bool(_))
        | ("!!null", found @ Resolved::Null)
        | ("!!timestamp", found @ Resolved::Timestamp(_))
        | ("!!int", found @ Resolved::Number(Number::Int(_) | Number::Uint(_)))
        | ("!!float", found @ Resolved::Number(Number::Float(_))) => Ok(found),
        #[expect(clippy::cast_precision_loss, reason = "the tag asks for a float")]
        ("!!float", Resolved::Number(Number::Int(number))) => {
            Ok(Resolved::Number(Number::Float(number as f64)))
        }
        _ => Err(format!("{text:?} is no {}", &tag[2..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dialects_differ_in_booleans_only() {
        for text in ["y", "Y", "yes", "on", "n", "No", "OFF"] {
            assert_eq!(resolve_plain(text, Dialect::GoV3), Resolved::Text, "{text}");
            assert!(matches!(resolve_plain(text, Dialect::SigsV2), Resolved::Bool(_)), "{text}");
        }
        for (text, expect) in [
            ("true", Resolved::Bool(true)),
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("tRue", Resolved::Text),
            ("12:30:45", Resolved::Text),
            ("0o7", Resolved::Number(Number::Int(7))),
            ("<<", Resolved::Merge),
            ("2001-01-01", Resolved::Timestamp("2001-01-01T00:00:00Z".into())),
        ] {
            for dialect in [Dialect::GoV3, Dialect::SigsV2] {
                assert_eq!(resolve_plain(text, dialect), expect, "{text}");
            }
        }
    }

    #[test]
    fn tags_decide() {
        let check = |tag, text, expect: Result<Resolved, ()>| {
            let found = resolve(text, Style::Plain, Some(tag), Dialect::GoV3).map_err(|_| ());
            assert_eq!(found, expect, "{tag} {text}");
        };
        check("!!str", "123", Ok(Resolved::Text));
        check("!mine", "123", Ok(Resolved::Text));
        check("!!float", "1", Ok(Resolved::Number(Number::Float(1.0))));
        check("!!int", "x", Err(()));
        check("!!bool", "1", Err(()));
    }
}
