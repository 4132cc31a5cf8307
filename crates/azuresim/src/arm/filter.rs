//! OData filters, as far as clients use them: terms joined by `and`.

use super::ArmError;

/// One term of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// `property eq 'value'`; the property is in lower case.
    Equals(String, String),
    /// `name()` or `name('value')`; the name is in lower case.
    Function(String, Option<String>),
}

/// Reads a filter. `''` inside of a quoted value is one quote.
pub(super) fn parse(filter: &str) -> Result<Vec<Term>, ArmError> {
    let invalid = || ArmError::InvalidQuery(format!("the filter '{filter}' is not understood"));
    let mut rest = filter.trim();
    let mut terms = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(|letter: char| letter.is_whitespace() || letter == '(').ok_or_else(invalid)?;
        let word = rest[..end].to_ascii_lowercase();
        let after = &rest[end..];
        let term = if let Some(arguments) = after.strip_prefix('(') {
            let arguments = arguments.trim_start();
            let (value, tail) = match arguments.strip_prefix('\'') {
                Some(quoted) => {
                    let (value, tail) = unquote(quoted).ok_or_else(invalid)?;
                    (Some(value), tail)
                }
                None => (None, arguments),
            };
            rest = tail.trim_start().strip_prefix(')').ok_or_else(invalid)?;
            Term::Function(word, value)
        } else {
            let after = after.trim_start();
            let operator = after.get(..3).ok_or_else(invalid)?;
            if !operator.eq_ignore_ascii_case("eq ") {
                return Err(invalid());
            }
            let quoted = after[3..].trim_start().strip_prefix('\'').ok_or_else(invalid)?;
            let (value, tail) = unquote(quoted).ok_or_else(invalid)?;
            rest = tail;
            Term::Equals(word, value)
        };
        terms.push(term);
        rest = rest.trim_start();
        if !rest.is_empty() {
            let joined = rest.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("and "));
            rest = if joined { rest[4..].trim_start() } else { return Err(invalid()) };
        }
    }
    Ok(terms)
}

/// The value up to its closing quote, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (part, tail) = rest.split_once('\'')?;
        value.push_str(part);
        match tail.strip_prefix('\'') {
            Some(more) => {
                value.push('\'');
                rest = more;
            }
            None => return Some((value, tail)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read() {
        let equals = |name: &str, value: &str| Term::Equals(name.into(), value.into());
        let cases = [
            ("", Some(vec![])),
            ("roleName eq 'Key Vault Reader'", Some(vec![equals("rolename", "Key Vault Reader")])),
            (
                "resourceType eq 'Microsoft.KeyVault/vaults' and name eq 'o''brien'",
                Some(vec![equals("resourcetype", "Microsoft.KeyVault/vaults"), equals("name", "o'brien")]),
            ),
            ("atScope()", Some(vec![Term::Function("atscope".into(), None)])),
            (
                "atScope() and assignedTo('x')",
                Some(vec![
                    Term::Function("atscope".into(), None),
                    Term::Function("assignedto".into(), Some("x".into())),
                ]),
            ),
            ("name ne 'x'", None),
            ("name eq x", None),
            ("name eq 'x", None),
            ("name eq 'x' or name eq 'y'", None),
            ("atScope(", None),
        ];
        for (text, expect) in cases {
            assert_eq!(parse(text).ok(), expect, "{text}");
        }
    }
}
