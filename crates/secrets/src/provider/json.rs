//! JSON in the forms that ESO shows.

use crate::value::SecretValue;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The members of an object whose values are all strings; `None` for anything else.
pub(super) fn object_of_strings(text: &str) -> Option<BTreeMap<String, String>> {
    serde_json::from_str(text).ok()
}

/// An object of strings as Go writes it: keys sorted, `<`, `>` and `&` escaped.
pub(super) fn of_strings(map: &BTreeMap<String, String>) -> String {
    // A map of strings always serializes.
    let text = serde_json::to_string(map).unwrap_or_default();
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// An object with its members in this order, others behind them; `None` for what is no object.
pub(super) fn in_order(value: &SecretValue, order: &[&str]) -> Option<SecretValue> {
    let members: BTreeMap<String, Value> = serde_json::from_slice(value.expose()).ok()?;
    let place = |name: &str| order.iter().position(|known| *known == name).unwrap_or(order.len());
    let mut members: Vec<(&String, &Value)> = members.iter().collect();
    members.sort_by_key(|(name, _)| place(name));
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    Some(format!("{{{}}}", members.join(",")).into())
}

/// The same JSON with two spaces of indentation, in its own order. What is no JSON comes back as it is.
pub(super) fn indented(text: &str) -> String {
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return text.to_owned();
    }
    let mut out = String::new();
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            _ if c.is_ascii_whitespace() => {}
            '{' | '[' => {
                out.push(c);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(close) => out.push(close),
                    None => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                out.push(c);
                in_string = c == '"';
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indentation_keeps_the_order_of_members() {
        let check = |text: &str, expect: &str| assert_eq!(indented(text), expect, "{text}");
        check(
            r#"{"b":{"c":"x,y:\"{"},"a":[1, { }]}"#,
            "{\n  \"b\": {\n    \"c\": \"x,y:\\\"{\"\n  },\n  \"a\": [\n    1,\n    {}\n  ]\n}",
        );
        check("<html>", "<html>");
    }

    #[test]
    fn members_are_put_in_order() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(
                in_order(&SecretValue::from(text), &["kty", "a"]),
                expect.map(SecretValue::from),
                "{text}"
            );
        };
        check(r#"{"z":1,"a":[2],"kty":"EC"}"#, Some(r#"{"kty":"EC","a":[2],"z":1}"#));
        check("[]", None);
    }

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        let map = BTreeMap::from([("b".to_owned(), "<&>".to_owned()), ("a".to_owned(), "\"".to_owned())]);
        assert_eq!(of_strings(&map), r#"{"a":"\"","b":"\u003c\u0026\u003e"}"#);
        assert_eq!(object_of_strings(&of_strings(&map)), Some(map));
        assert_eq!(object_of_strings(r#"{"a":1}"#), None);
        assert_eq!(object_of_strings("null"), None);
    }
}
