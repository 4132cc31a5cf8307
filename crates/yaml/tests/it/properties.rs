//! What holds for every text and every value.

use gangplank_yaml::{Dialect, Documents, Node, edit, emit, parse, parse_first, to_json};
use proptest::prelude::*;
use serde_json::{Map, Number, Value};

/// Texts made of what YAML finds special, so that few are refused at the first character.
fn yaml_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("- "),
        Just("? "),
        Just(": "),
        Just(":\n"),
        Just("a: b"),
        Just("a:"),
        Just("- a\n"),
        Just("&a "),
        Just("*a"),
        Just("!!str "),
        Just("!!binary "),
        Just("!x "),
        Just("|\n  "),
        Just("|-\n"),
        Just("|+2\n"),
        Just(">\n "),
        Just("'"),
        Just("\""),
        Just("\\x41"),
        Just("\\"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just("\t"),
        Just("  "),
        Just("\n"),
        Just("\n  "),
        Just("\n\n"),
        Just("---\n"),
        Just("...\n"),
        Just("<<: "),
        Just("~"),
        Just("1.0"),
        Just("yes"),
        Just("0x1"),
        Just("2001-01-01"),
        Just("\r\n"),
        Just("é"),
        Just("😀"),
        Just("\u{85}"),
        Just("\u{2028}"),
        Just("%YAML 1.1\n"),
        Just("%TAG ! x\n"),
        Just(" # c\n"),
        Just("\u{feff}"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn scalar_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ -~]{0,12}",
        2 => "(yes|no|null|~|true|1|0x1F|1e3|\\.inf|2001-01-01|=|<<|0o7|1_000|on|Y|- a|: b|# c)?",
        2 => "([a-z]{1,12}[ \n]{1,2}){0,20}",
        1 => "\\PC{0,8}",
        1 => "[\t\n\r \u{85}\u{2028}\u{feff}é😀a]{0,6}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|number| Value::Number(number.into())),
        any::<u64>().prop_map(|number| Value::Number(number.into())),
        (-1e6_f64..1e6).prop_map(|number| Number::from_f64(number + 0.5).map_or(Value::Null, Value::Number)),
        scalar_text().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec((scalar_text(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A key `<<` is written without quotes, as Go does it, and read as a merge: such a value doesn't come back.
fn has_merge_key(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_merge_key),
        Value::Object(map) => map.iter().any(|(key, value)| key == "<<" || has_merge_key(value)),
        _ => false,
    }
}

/// Every node's place lies in the text, and within its parent's.
fn spans_are_sound(node: &Node, text: &str) {
    let (start, end) = (node.span.start.offset as usize, node.span.end as usize);
    assert!(start <= end && end <= text.len(), "{start}..{end} of {text:?}");
    assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{start}..{end} of {text:?}");
    for item in node.items().into_iter().flatten() {
        spans_are_sound(item, text);
    }
    for (key, value) in node.entries().into_iter().flatten() {
        spans_are_sound(key, text);
        spans_are_sound(value, text);
    }
}

proptest! {

    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![yaml_text(), "\\PC{0,40}"]) {
        for document in Documents::new(&text).into_iter().flatten().flatten() {
            spans_are_sound(&document, &text);
        }
        for dialect in [Dialect::GoV3, Dialect::SigsV2] {
            if let Err(error) = to_json(&text, dialect) {
                prop_assert!(error.render("file.yaml", &text).contains("file.yaml"));
            }
        }
    }

    #[test]
    fn what_is_written_reads_back(value in value().prop_filter("merge keys", |value| !has_merge_key(value))) {
        let text = emit(&value);
        for dialect in [Dialect::GoV3, Dialect::SigsV2] {
            prop_assert_eq!(&to_json(&text, dialect).expect("what we write is YAML"), &value, "{}", text);
        }
        prop_assert_eq!(emit(&to_json(&text, Dialect::SigsV2).expect("as before")), text);
    }

    #[test]
    fn an_entry_comes_and_goes(
        entries in prop::collection::vec("[a-z0-9./-]{1,9}( # [a-z]{1,5})?", 0..5),
        entry in scalar_text(),
        tail in "(\n# end\n)?(other: x\n)?",
    ) {
        let list: String = entries.iter().map(|entry| format!("- {entry}\n")).collect();
        let text = format!("# head\nresources:\n{list}{tail}");
        let before = to_json(&text, Dialect::SigsV2);
        let Ok(before) = before else { return Ok(()) };
        let added = edit::append(&text, &["resources"], &entry).expect("a plain list takes an entry");
        let mut wanted = before["resources"].as_array().cloned().unwrap_or_default();
        wanted.push(Value::String(entry.clone()));
        let found = to_json(&added, Dialect::SigsV2).expect("what was edited is YAML");
        prop_assert_eq!(&found["resources"], &Value::Array(wanted));
        prop_assert!(added.contains("# head"));
        if !before["resources"].as_array().is_some_and(|list| list.contains(&Value::String(entry.clone()))) {
            let removed = edit::remove(&added, &["resources"], &entry).expect("the entry goes again");
            let found = to_json(&removed, Dialect::SigsV2).expect("what was edited is YAML");
            let left = found["resources"].as_array().cloned().unwrap_or_default();
            prop_assert_eq!(left, before["resources"].as_array().cloned().unwrap_or_default());
        }
    }

    #[test]
    fn a_text_is_set(value in scalar_text(), comment in "( # [a-z]{1,5})?") {
        let text = format!("a:\n  b: old{comment}\n  c: 1\n");
        let set = edit::set(&text, &["a", "b"], &value).expect("a plain scalar can be set");
        let found = to_json(&set, Dialect::SigsV2).expect("what was edited is YAML");
        prop_assert_eq!(&found["a"]["b"], &Value::String(value));
        prop_assert!(set.contains(comment.as_str()) && set.ends_with("  c: 1\n"));
    }
}

#[test]
fn the_first_of_many_is_the_first() {
    let text = "a: 1\n---\nb: 2\n";
    let all = parse(text).expect("two documents");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], parse_first(text).expect("one document"));
}
