//! Scalars and values as people, and worse, write them.

use super::random::Random;

const PLAIN: &[&str] = &[
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Y",
    "true",
    "True",
    "FALSE",
    "~",
    "null",
    "Null",
    "",
    "010",
    "0o10",
    "08",
    "0b11",
    "0x1f",
    "1_000",
    "+1",
    "-0",
    "12345678901234567",
    "18446744073709551615",
    "18446744073709551616",
    "1.0",
    "1e3",
    "1e20",
    "1e21",
    "100000.5",
    "1000000.5",
    "0.0001",
    "0.00001",
    "1e-7",
    ".5",
    "-.5",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.10",
    "12:30:45",
    "1:2",
    "abc",
    "a b c",
    "a:b",
    "a, b",
    "it's",
    "say \"hi\"",
    "back\\slash",
    "<TO_OVERLAY>",
    "a & b < c > d",
    "=",
    "<<x",
    "...x",
    "-e",
    "?q",
    ":a",
    "é ☃",
    "😀 smile",
    "http://x.y/z?a=b#c",
    "$(VAR)",
    "NaN",
    "0",
    "-1",
    "3.14",
    "1.",
    "0.1e-3",
    "9223372036854775808",
    "1a",
    "0x",
    "1e",
    "--",
    "x-",
    "a  b",
    "10.0.0.1",
    "1.2.3",
    "v1",
    "100m",
    "5Gi",
    "0755",
    "1e5",
    "00",
    "-08",
    "0_1",
    "1__0",
    "2001-1-1",
    "2001-02-30",
    "null ",
    "TRUE",
    "nO",
    "0.",
    "+.5",
    "1e+3",
    "0b2",
];

/// What mostly makes a text that is no YAML, or no resource.
const BROKEN: &[&str] = &[
    "{x",
    "@x",
    "%x",
    "trailing:",
    "!x",
    "&x",
    "*x",
    "-",
    "?",
    ".inf",
    ".nan",
    "\"\\u007f\"",
    "\"\\x80\"",
    "[a",
    "'x",
];

const QUOTED: &[&str] = &[
    "",
    " ",
    " lead",
    "trail ",
    "a\tb",
    "tab\t",
    "line\nbreak",
    "two\n\nbreaks",
    "end\n",
    "ends\n\n",
    "\n",
    "\nlead",
    "  indented\nless",
    "a: b",
    "a #b",
    "#c",
    "- x",
    "* x",
    "yes",
    "123",
    "1.0",
    "null",
    "~",
    "true",
    "2001-01-01",
    "0x10",
    "1:30",
    "é",
    "😀",
    "\u{1}",
    "a \u{85} b",
    "\u{a0}x",
    "\u{2028}",
    "\u{feff}x",
    "\r",
    "a\r\nb",
    "trail \nspace",
    "x\n \ny",
    "'",
    "\"",
    "\\",
    "a\\nb",
    "{{ .x }}",
    "{a: b}",
    "[a]",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "!a",
    "&a",
    "*a",
    "?",
    "-",
    ":",
    "? a",
    "a ?",
    "---",
    "--- a",
    "...",
    "a\n---\nb",
    "key: |\n  text\n",
    "\tx",
    "x\n\ty",
    "on",
    "=",
    "<<",
];

/// A long text of short words, which folds.
fn long(random: &mut Random) -> String {
    let words = [
        "lorem",
        "ipsum",
        "a",
        "dolor-sit",
        "amet:",
        "#x",
        "é",
        "consectetur",
        "1",
        "  ",
        "adipiscing\\",
        "\"q\"",
    ];
    let count = 10 + random.below(30);
    (0..count).map(|_| *random.pick(&words)).collect::<Vec<_>>().join(" ")
}

pub(super) fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20
                || (0x7f..0xa0).contains(&(c as u32))
                || c == '\u{feff}'
                || c == '\u{2028}' =>
            {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn block(random: &mut Random, text: &str, indent: usize) -> String {
    let style = if random.chance(60) { "|" } else { ">" };
    let chomp = random.one(&["", "-", "+"]);
    let pad = " ".repeat(indent + 1 + random.below(3));
    let mut out = format!("{style}{chomp}\n");
    for line in text.split('\n') {
        if line.is_empty() {
            out.push('\n');
        } else {
            out.push_str(&format!("{pad}{line}\n"));
        }
    }
    out.pop();
    out
}

/// A scalar that may stand behind `key: ` at an indentation.
pub(super) fn scalar(random: &mut Random, indent: usize) -> String {
    if random.below(300) == 0 {
        return random.one(BROKEN).to_owned();
    }
    match random.below(10) {
        0..=4 => random.one(PLAIN).to_owned(),
        5 | 6 => {
            let text = random.one(QUOTED);
            double_quoted(text)
        }
        7 => {
            let text = random
                .one(QUOTED)
                .replace(['\n', '\t', '\u{1}', '\r', '\u{85}', '\u{7f}', '\u{feff}', '\u{2028}'], "");
            format!("'{}'", text.replace('\'', "''"))
        }
        8 => {
            let lines = [
                "plain",
                "  more",
                "x # y",
                "last: one",
                "",
                "é",
                "a b",
                "long ".repeat(20).trim_end().to_owned().leak() as &str,
            ];
            let count = 1 + random.below(4);
            let mut text: Vec<&str> = (0..count).map(|_| *random.pick(&lines)).collect();
            text[0] = "first";
            block(random, &text.join("\n"), indent)
        }
        _ => {
            let text = long(random);
            if random.chance(50) { double_quoted(&text) } else { format!("'{}'", text.replace('\'', "''")) }
        }
    }
}

const KEYS: &[&str] = &[
    "a", "b", "c", "key", "name", "Value", "x-y", "x_y", "x.y", "x/y", "A1", "a1", "a2", "z", "'1'", "\"y\"",
    "'true'", "é", "\"a b\"", "'null'", "\"~\"",
];

/// A value of some depth, as text behind a key.
pub(super) fn value(random: &mut Random, indent: usize, depth: usize) -> String {
    let pad = " ".repeat(indent);
    match random.below(if depth == 0 { 1 } else { 5 }) {
        0 | 1 => format!(" {}", scalar(random, indent)),
        2 => {
            let count = random.below(4);
            if count == 0 {
                return random.one(&[" {}", " []", " null", ""]).to_owned();
            }
            let inner = indent + 1 + random.below(3);
            let mut keys: Vec<&str> = Vec::new();
            let mut out = String::new();
            for _ in 0..count {
                let key = random.one(KEYS);
                if keys.contains(&key) {
                    continue;
                }
                keys.push(key);
                let comment = if random.chance(10) {
                    format!("\n{}# comment", " ".repeat(inner))
                } else {
                    String::new()
                };
                out.push_str(&format!(
                    "{comment}\n{}{key}:{}",
                    " ".repeat(inner),
                    value(random, inner, depth - 1)
                ));
            }
            out
        }
        3 => {
            let count = 1 + random.below(3);
            let dash = if random.chance(50) { pad.clone() } else { format!("{pad}  ") };
            let inner = dash.len() + 2;
            (0..count)
                .map(|_| {
                    if random.chance(30) && depth > 1 {
                        let first = random.one(KEYS);
                        format!("\n{dash}- {first}:{}", value(random, inner, depth - 1))
                    } else {
                        format!("\n{dash}- {}", scalar(random, dash.len()))
                    }
                })
                .collect()
        }
        _ => format!(" {}", flow(random, depth)),
    }
}

fn flow(random: &mut Random, depth: usize) -> String {
    let simple = ["a", "1", "true", "'x y'", "\"q\"", "~", "1.5", "2001-01-01", "0x1f", "yes"];
    let item = |random: &mut Random| {
        if depth > 1 && random.chance(20) {
            flow(random, depth - 1)
        } else {
            (*random.pick(&simple)).to_owned()
        }
    };
    let count = random.below(4);
    if random.chance(50) {
        let items: Vec<String> = (0..count).map(|_| item(random)).collect();
        format!("[{}]", items.join(", "))
    } else {
        let items: Vec<String> =
            ["a", "b", "c"].iter().take(count).map(|key| format!("{key}: {}", item(random))).collect();
        format!("{{{}}}", items.join(", "))
    }
}
