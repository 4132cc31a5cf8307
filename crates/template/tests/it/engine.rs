//! What templates give, table by table. The expectations were read from Go's own `text/template`.

use gangplank_template::{Template, Value};

/// Renders with a small root, and compares the output, or the error after its `template: t:`.
fn check(template: &str, expect: Result<&str, &str>) {
    let root = Value::string_map([
        ("a", "alpha"),
        ("b", "beta"),
        ("e", ""),
        ("j", r#"{"x":{"y":null},"l":[1,"two"]}"#),
    ]);
    let got = match Template::parse("t", template) {
        Err(error) => Err(error.to_string()),
        Ok(parsed) => match parsed.render(&root) {
            Ok(out) => Ok(String::from_utf8_lossy(&out).into_owned()),
            Err(error) => Err(error.to_string()),
        },
    };
    let got = got.as_deref().map_err(|error| error.trim_start_matches("template: t:"));
    assert_eq!(got, expect, "template {template:?}");
}

#[test]
fn control_structures() {
    for (template, expect) in [
        ("{{ if .e }}1{{ else if .a }}2{{ else }}3{{ end }}", "2"),
        ("{{ with .e }}1{{ else with .b }}{{ . }}{{ end }}", "beta"),
        ("{{ range $k, $v := . }}{{ $k }}={{ len $v }};{{ end }}", "a=5;b=4;e=0;j=30;"),
        (
            "{{ range 5 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 3 }}{{ break }}{{ end }}{{ . }}{{ end }}",
            "02",
        ),
        ("{{ range list }}x{{ else }}none{{ end }}", "none"),
        (
            "{{ define \"t2\" }}<{{ . }}>{{ end }}{{ template \"t2\" .a }}{{ block \"b\" 7 }}[{{ . }}]{{ end }}",
            "<alpha>[7]",
        ),
        ("a {{- .a -}} \n b{{/* gone */}}", "aalphab"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}", "32"),
    ] {
        check(template, Ok(expect));
    }
}

#[test]
fn errors_say_where_and_why() {
    for (template, expect) in [
        ("{{ .nope }}", r#"1:3: executing "t" at <.nope>: map has no entry for key "nope""#),
        (
            "one\n  {{ .a }}\n {{ index .a 99 }}",
            r#"3:4: executing "t" at <index .a 99>: error calling index: index out of range: 99"#,
        ),
        (
            "{{ (.j | fromJson).x.y.z }}",
            r#"1:9: executing "t" at <fromJson>: nil pointer evaluating interface {}.z"#,
        ),
        ("{{ upper 1 }}", r#"1:9: executing "t" at <1>: expected string; found 1"#),
        ("ok\n{{ .a ", "2: unclosed action"),
        ("{{ if .a }}x", "1: unexpected EOF"),
        ("{{ env \"HOME\" }}", r#"1: function "env" not defined"#),
        (
            "{{ hasKey . \"a\" }}",
            r#"1:10: executing "t" at <.>: wrong type for value; expected map[string]interface {}; got map[string]string"#,
        ),
    ] {
        check(template, Err(expect));
    }
}

#[test]
fn errors_hide_values() {
    check(
        "{{ range .a }}{{ end }}",
        Err(r#"1:9: executing "t" at <.a>: range can't iterate over (redacted)"#),
    );
    check(
        "{{ fail (print .a .b) }}",
        Err(r#"1:3: executing "t" at <fail (print .a .b)>: error calling fail: (redacted)"#),
    );
    check("{{ fail \"no\" }}", Err(r#"1:3: executing "t" at <fail "no">: error calling fail: no"#));
}
