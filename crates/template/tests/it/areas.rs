//! Functions area by area: what comes out. The expectations were read from Go and sprig.

use gangplank_template::{Environment, Template, Value};
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;

/// Renders at a fixed time with fixed randomness.
#[track_caller]
fn check(template: &str, expect: &str) {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let mut environment = Environment::new(now, StdRng::seed_from_u64(1));
    let root = Value::string_map([("a", "alpha"), ("j", r#"{"n":1234567,"l":[1,"two",null]}"#)]);
    let rendered = Template::parse("t", template).unwrap().render_in(&root, &mut environment);
    let got =
        rendered.map(|out| String::from_utf8_lossy(&out).into_owned()).map_err(|error| error.to_string());
    assert_eq!(got.as_deref(), Ok(expect), "template {template:?}");
}

#[test]
fn strings() {
    check(r#"{{ "  x " | trim }}{{ trimSuffix "ha" .a }}{{ substr 1 3 .a }}{{ trunc -3 .a }}"#, "xalplppha");
    check(
        r#"{{ snakecase "HTTPServer2xx" }} {{ camelcase "some_words" }} {{ kebabcase "FirstName" }}"#,
        "http_server_2xx SomeWords first-name",
    );
    check(r#"{{ quote .a 1 nil }} {{ squote .a }} {{ cat "a" 1 nil }}"#, r#""alpha" "1" 'alpha' a 1"#);
    check(
        r#"{{ abbrev 5 "hello world" }} {{ wrap 5 "hello world" }} {{ splitList "," "a,b" }}"#,
        "he... hello\nworld [a b]",
    );
}

#[test]
fn numbers() {
    check(
        r#"{{ int "0x10" }} {{ int "1.9" }} {{ add 1 "2" 3.7 }} {{ divf 1 3 }} {{ addf 0.1 0.2 }}"#,
        "16 1 6 0.3333333333333333 0.3",
    );
    check(
        "{{ untilStep 10 0 -4 }} {{ seq 0 2 10 }} {{ round 2.5 0 }} {{ toDecimal \"777\" }}",
        "[10 6 2] 0 2 4 6 8 10 3 511",
    );
    check(
        r#"{{ printf "%05d|%-6s|%.2f|%x|%q|%v" 42 "é" 3.14159 "hi" "a" 1e6 }}"#,
        "00042|é     |3.14|6869|\"a\"|1e+06",
    );
}

#[test]
fn collections() {
    check(
        r#"{{ merge (dict "a" 1 "n" (dict "x" 1)) (dict "a" 2 "n" (dict "y" 2)) | toJson }}"#,
        r#"{"a":1,"n":{"x":1,"y":2}}"#,
    );
    check(
        r#"{{ $d := dict "a" 1 }}{{ $_ := set $d "b" 2 }}{{ $d }}{{ dig "x" "none" $d }}"#,
        "map[a:1 b:2]none",
    );
    check(
        r#"{{ chunk 2 (list 1 2 3) }} {{ uniq (list 1 1 2) }} {{ slice (list 1 2 3) 1 }} {{ rest (list) | toJson }}"#,
        "[[1 2] [3]] [1 2] [2 3] null",
    );
    check(
        r#"{{ (fromJson .j).n }} {{ (fromJson .j).l | toJson }} {{ fromJson "bad" }}"#,
        r#"1.234567e+06 [1,"two",null] <no value>"#,
    );
}

#[test]
fn dates() {
    check(
        r#"{{ now | date "2006-01-02T15:04:05Z07:00" }} {{ dateInZone "15:04 MST" now "Europe/Berlin" }}"#,
        "2023-11-14T22:13:20Z 23:13 CET",
    );
    check(
        r#"{{ toDate "Jan 2, 2006" "Feb 29, 2024" | dateModify "24h" | date "Mon _2 Jan" }}"#,
        "Fri  1 Mar",
    );
    check(
        r#"{{ ago (now | dateModify "-90m") }} {{ durationRound "2400h" }} {{ duration "3661" }}"#,
        "1h30m0s 3mo 1h1m1s",
    );
    check(
        r#"{{ toDate "2006" "x" }} {{ unixEpoch now }} {{ now.Year }}"#,
        "0001-01-01 00:00:00 +0000 UTC 1700000000 2023",
    );
}

#[test]
fn versions_urls_and_patterns() {
    check(
        r#"{{ semverCompare "^1.2" "1.9.0" }} {{ semverCompare ">=2 || 1.x" "1.0.0-rc" }} {{ (semver "v1.2-b").Minor }}"#,
        "true false 2",
    );
    check(
        r#"{{ urlJoin (urlParse "https://u:p%20w@h:8443/a b?x=1#f") }} {{ (urlParse "https://h:1/").hostname }}"#,
        "https://u:p%20w@h:8443/a%20b?x=1#f h",
    );
    check(
        r#"{{ regexReplaceAll "a(l)" .a "${1}X" }} {{ regexFind "\\w+" "é1" }} {{ regexSplit "p" .a -1 }}"#,
        "lXpha 1 [al ha]",
    );
}

#[test]
fn encodings_and_passwords() {
    check(
        r#"{{ b64dec "YQ=" }} {{ b32enc .a }} {{ hexdec "616" }} {{ adler32sum .a }}"#,
        "illegal base64 data at input byte 3 MFWHA2DB encoding/hex: odd length hex string 102433287",
    );
    check(
        r#"{{ "plain" | encryptAES "key" | decryptAES "key" }} {{ derivePassword 1 "long" "password" "user" "example.com" }}"#,
        "plain ZedaFaxcZaso9*",
    );
    check(
        r#"{{ htpasswd "u" "p" "sha" }} {{ bcrypt "p" | trunc 7 }} {{ randAlphaNum 8 | len }} {{ uuidv4 | len }}"#,
        "u:{SHA}UWuXg/ylF+7L0dBk2i0WUxCxl1k= $2a$10$ 8 36",
    );
}

#[test]
fn certificates_and_archives() {
    check(
        r#"{{ $ca := genCAWithKey "ca" 10 (genPrivateKey "ecdsa") }}{{ $c := genSignedCertWithKey "leaf" (list "10.0.0.1") (list "a.example.com") 5 $ca (genPrivateKey "ecdsa") -}}
        {{ certSANs $c.Cert | join "," }} {{ filterCertChain "leaf" (print $ca.Cert $c.Cert) | eq $c.Cert }} {{ filterCertChain "root" (print $ca.Cert $c.Cert) | eq $ca.Cert }} {{/**/ -}}
        {{ fullPemToPkcs12Pass (print $c.Cert $ca.Cert) $c.Key "pw" | b64dec | pkcs12certPass "pw" | eq (print $c.Cert $ca.Cert) }}"#,
        "a.example.com,10.0.0.1 true true true",
    );
}

#[test]
fn yaml() {
    check("{{ fromYaml \"a: 0123\\nb: [yes, 1.50]\" | toJson }}", r#"{"a":83,"b":[true,1.5]}"#);
    check(r#"{{ toYaml (dict "a" (list 1 "1" nil) "b" "x: y") }}"#, "a:\n- 1\n- \"1\"\n- null\nb: 'x: y'");
}

#[test]
fn patterns_are_go_s() {
    check(
        r#"{{ regexReplaceAll "" "aé" "-" }} {{ regexFind "[(?<m>[^a]+" "x<>a" }} {{ regexFind "a(?i)*" "aaB" }}"#,
        "-a-é- <>a aa",
    );
    check(
        r#"{{ regexFind "\\d+" "٣4" }} {{ regexFind "[a&&b]+" "&a" }} {{ regexFind "\\Qa.b\\E+" "a.bb" }} {{ regexFind "x{,2}" "x{,2}" }}"#,
        "4 &a a.bb x{,2}",
    );
    check(
        r#"{{ regexMatch "(" "x" }} {{ regexReplaceAll "(?P<x>a)(b)?" "ab" "<${x}|$2|$$|$1x>" }}"#,
        "false <a|b|$|>",
    );
}
