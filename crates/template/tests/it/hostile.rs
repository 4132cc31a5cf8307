//! Templates that mean harm, or mean nothing: each ends with an output or an error, soon and with little.

use gangplank_template::{Environment, Functions, Limits, Options, Value};
use jiff::Timestamp;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Small limits, so that reaching them is quick.
fn limits() -> Limits {
    Limits { output: 1 << 20, memory: 4 << 20, steps: 50_000, depth: 100 }
}

/// Works on a thread with the stack of an asynchronous worker.
fn on_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap()
}

fn run(template: &str) -> Result<Vec<u8>, String> {
    let template = template.to_owned();
    on_small_stack(move || render(&template))
}

/// Renders; the error as text.
fn render(template: &str) -> Result<Vec<u8>, String> {
    let options = Options { limits: limits(), ..Options::default() };
    let mut environment = Environment::new(Timestamp::UNIX_EPOCH, StdRng::seed_from_u64(7));
    let object = r#"{"x":[1,{"y":null}],"s":"t"}"#;
    let root = Value::string_map([("a", "alpha"), ("j", object), ("b", "\u{0}\u{7f}")]);
    let parsed = options.parse("t", template).map_err(|error| error.to_string())?;
    parsed.render_in(&root, &mut environment).map_err(|error| error.to_string())
}

#[track_caller]
fn check_refused(template: &str, expect: &str) {
    let error = run(template).unwrap_err();
    assert!(error.contains(expect), "{error}");
}

#[test]
fn loops_end() {
    check_refused("{{ range 1000000000 }}x{{ end }}", "more steps than allowed");
    check_refused("{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}", "than allowed");
    check_refused(
        "{{ define \"r\" }}{{ template \"r\" . }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}",
        "maximum template depth",
    );
}

#[test]
fn texts_stay_small() {
    check_refused("{{ repeat 1000000000 .a }}", "more text than allowed");
    check_refused("{{ indent 1000000000 .a }}", "more text than allowed");
    check_refused("{{ until 1000000000 }}", "than allowed");
    check_refused("{{ randAlphaNum 1000000000 }}", "more text than allowed");
    check_refused("{{ $x := repeat 1000 .a }}{{ range 1000 }}{{ $x }}{{ end }}", "longer than allowed");
    check_refused("{{ $x := .a }}{{ range 64 }}{{ $x = print $x $x }}{{ end }}", "more text than allowed");
    check_refused("{{ range 100 }}{{ printf \"%999999d\" 1 }}{{ end }}", "than allowed");
    check_refused(
        "{{ regexReplaceAll \"\" (repeat 10000 \"x\") (repeat 10000 \"y\") }}",
        "more text than allowed",
    );
}

#[test]
fn shared_and_cyclic_values_are_seen_through() {
    let doubled = "{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}";
    check_refused(&format!("{doubled}{{{{ $x }}}}"), "than allowed");
    check_refused(&format!("{doubled}{{{{ toJson $x | len }}}}"), "than allowed");
    check_refused(&format!("{doubled}{{{{ deepEqual $x (deepCopy $x) }}}}"), "than allowed");
    check_refused("{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ $d }}", "would hold itself");
    check_refused("{{ $d := dict }}{{ $_ := merge $d (dict \"x\" (list $d)) }}", "would hold itself");
    check_refused("{{ $x := list 1 }}{{ range 5000 }}{{ $x = list $x }}{{ end }}", "nested too deep");
    check_refused("{{ $x := dict }}{{ range 5000 }}{{ $x = dict \"x\" $x }}{{ end }}", "nested too deep");
    // Each map is put away before it is filled, so that its depth shows late.
    let late = "{{ $x := dict }}{{ range 5000 }}{{ $y := dict }}{{ $z := list $y }}{{ $_ := set $y \"x\" $x }}{{ $x = $z }}{{ end }}";
    check_refused(late, "error calling set");
    let deep = run(
        "{{ $x := list 1 }}{{ range 490 }}{{ $x = list $x }}{{ end }}{{ $x }}{{ toJson $x }}{{ len (toYaml $x) }}",
    );
    assert!(deep.is_ok_and(|out| out.starts_with(&[b'['; 490])));
}

#[test]
fn nesting_is_bounded() {
    let nested = |open: &str, close: &str, count: usize| open.repeat(count) + &close.repeat(count);
    check_refused(&nested("{{ if 1 }}", "{{ end }}", 5_000), "depth exceeded");
    check_refused(&format!("{{{{ {} }}}}", nested("(", ")", 5_000)), "depth exceeded");
    check_refused(
        &format!("{{{{ if 1 }}}}{}{{{{ end }}}}", "{{ else if 1 }}".repeat(5_000)),
        "depth exceeded",
    );
    check_refused(&format!("{{{{ mustFromJson `{}` }}}}", "[".repeat(5_000)), "max depth");
    // What a person writes is well within.
    let deep = format!("{}x{}", "{{ with 1 }}{{ range 1 }}".repeat(40), "{{ end }}{{ end }}".repeat(40));
    assert_eq!(run(&deep), Ok(b"x".to_vec()));
}

#[test]
fn every_function_stands_any_arguments() {
    // Slow ones are left to the tests of their own areas.
    let slow = ["bcrypt", "htpasswd", "derivePassword", "genPrivateKey"];
    let arguments = [
        "nil",
        "-1",
        "0",
        "3",
        "9223372036854775807",
        "1.5",
        "1e308",
        "true",
        "\"\"",
        "\"x\"",
        ".a",
        ".",
        "(list)",
        "(list 1 nil \"x\")",
        "(dict)",
        "(dict \"a\" nil)",
        "(int64 5)",
        "(fromJson .j)",
        ".b",
        "(until 2)",
        "(toDate \"2006\" \"2020\")",
    ];
    for name in Functions::external_secrets().names() {
        if slow.contains(&name) || name.starts_with("gen") {
            continue;
        }
        on_small_stack(move || {
            for first in arguments {
                let _ = render(&format!("{{{{ {name} {first} }}}}"));
                for second in arguments.into_iter().step_by(3) {
                    let _ = render(&format!("{{{{ {name} {first} {second} }}}}"));
                    let _ = render(&format!("{{{{ {second} | {name} \"a\" {first} }}}}"));
                }
            }
        });
    }
}

/// Pieces that templates are made of; put together at random they are mostly wrong.
fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "{{",
        "}}",
        "{{- ",
        " -}}",
        "{{/*",
        "*/}}",
        " ",
        "\n",
        "é",
        "if",
        "else",
        "end",
        "range",
        "with",
        "define",
        "block",
        "template",
        "break",
        "continue",
        "nil",
        "true",
        ".",
        ".a",
        ".x.y",
        "$",
        "$x",
        ":=",
        "=",
        "|",
        "(",
        ")",
        ",",
        "\"t\"",
        "`r`",
        "'c'",
        "1",
        "-2",
        "0x1p4",
        "1i",
        "1e999",
        "printf",
        "\"%d%v%*s\"",
        "index",
        "len",
        "eq",
        "and",
        "list",
        "dict",
        "set",
        "fromJson",
        ".j",
        "until",
        "repeat",
        "regexFind",
        "\"(\"",
        "toYaml",
        "date",
        "semver",
        "urlParse",
        "merge",
        "\\",
        "\"",
        "\u{0}",
        "𝄞",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_end(pieces in prop::collection::vec(piece(), 0..40)) {
        let _ = run(&pieces.concat());
    }

    #[test]
    fn any_pieces_in_an_action_end(pieces in prop::collection::vec(piece(), 0..12)) {
        let _ = run(&format!("{{{{ {} }}}}", pieces.join(" ")));
    }

    #[test]
    fn any_text_ends(text in "\\PC{0,60}") {
        let _ = run(&text);
    }
}

/// A value that must show in no error, in forms that get far in different functions.
const PLANTED: [&str; 5] =
    ["s3cr3t-v4lue", "s3cr3t:v4lue", "{\"s3cr3t\":\"v4lue", "http://s3cr3t:%zz@v4lue", "(s3cr3t"];

#[test]
fn errors_show_no_value() {
    let names = Functions::external_secrets().names();
    let slow =
        |name: &&str| name.starts_with("gen") || ["bcrypt", "htpasswd", "derivePassword"].contains(name);
    let leaks = on_small_stack(move || {
        let options = Options { limits: limits(), ..Options::default() };
        let mut leaks = Vec::new();
        for planted in PLANTED {
            let root = Value::string_map([("s", planted)]);
            for name in names.iter().filter(|name| !slow(name)) {
                for arguments in [
                    ".s",
                    ".s .s",
                    ".s .s .s",
                    "1 .s",
                    ".s 1",
                    "(list .s)",
                    "(dict .s .s)",
                    ".s (list .s)",
                    ".s .s .s .s",
                ] {
                    let Ok(template) = options.parse("t", &format!("{{{{ {name} {arguments} }}}}")) else {
                        continue;
                    };
                    let mut environment = Environment::new(Timestamp::UNIX_EPOCH, StdRng::seed_from_u64(7));
                    if let Err(error) = template.render_in(&root, &mut environment)
                        && (error.to_string().contains("s3cr3t") || format!("{error:?}").contains("s3cr3t"))
                    {
                        leaks.push(error.to_string());
                    }
                }
            }
        }
        leaks
    });
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
