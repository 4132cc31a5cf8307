use serde_json::{Value, json};

use super::{Budget, Patterns, Scope, Ty, Val, Variables, check as check_types, eval, parse, shown};

/// What an expression over `self` comes to: as text, or what went wrong.
fn run(text: &str, value: &Value) -> Result<String, String> {
    let expr = parse(text).map_err(|issues| shown(&issues, text))?;
    check_types(&expr, Scope::new(&[("self", Ty::Dyn)])).map_err(|issues| shown(&issues, text))?;
    let patterns = Patterns::default();
    let mut variables =
        Variables::new(&[("self", Val::of_json(value, None))], Budget { left: 10_000 }, &patterns);
    let result = eval(&expr, &mut variables)?;
    Ok(match super::convert::to_text(&result) {
        Ok(Val::Text(text)) => text.into_owned(),
        _ => result.type_name().to_owned(),
    })
}

fn check(text: &str, expect: Result<&str, &str>) {
    let value = json!({"a": 1, "s": "text", "l": [1, 2, 3], "m": {"k": "v"}, "b": true});
    assert_eq!(run(text, &value), expect.map(str::to_owned).map_err(str::to_owned), "{text}");
}

#[test]
fn values() {
    for (text, expect) in [
        ("1 + 2 * 3", "7"),
        ("-7 / 2", "-3"),
        ("'a' + \"b\"", "ab"),
        ("self.a == 1 && self.s.startsWith('te')", "true"),
        ("has(self.nope) ? 'yes' : 'no'", "no"),
        ("self.l.all(x, x > 0)", "true"),
        ("self.l.exists(x, x == 2)", "true"),
        ("self.l.exists_one(x, x > 2)", "true"),
        ("self.l.map(x, x * 2).sum()", "12"),
        ("self.l.filter(x, x > 1).size()", "2"),
        ("self.l[0] + self.l.max()", "4"),
        ("2 in self.l", "true"),
        ("'k' in self.m", "true"),
        ("self.m['k']", "v"),
        ("size('äß')", "2"),
        ("'a,b,c'.split(',').join('-')", "a-b-c"),
        ("'hello'.substring(1, 3).upperAscii()", "EL"),
        ("'abc'.matches('^[a-c]+$')", "true"),
        ("self.?nope.orValue('x')", "x"),
        ("self.?s.hasValue()", "true"),
        ("optional.of(1).optMap(x, x + 1).value()", "2"),
        ("duration('1h').getMinutes()", "60"),
        ("timestamp('2024-01-01T00:00:00Z') < timestamp('2024-01-02T00:00:00Z')", "true"),
        ("quantity('1Gi').isGreaterThan(quantity('1G'))", "true"),
        ("type(1) == int", "true"),
        ("false && 1/0 == 1", "false"),
        ("1/0 == 1 || true", "true"),
        ("[1, 2] + [3] == self.l", "true"),
        ("int('12') + int(3.9)", "15"),
        ("0x10 + 1", "17"),
        ("r'\\d'", "\\d"),
        ("['b', 'a', 'b'].distinct().sort().join()", "ab"),
        ("[[1], [2, 3]].flatten().slice(1, 3).reverse()[0]", "3"),
        ("[{'k': 2}, {'k': 1}].sortBy(e, e.k)[0].k", "1"),
        ("lists.range(3).transformList(i, v, v > 0, i * v).sum()", "5"),
        ("{'a': 1}.transformMap(k, v, k + string(v))['a']", "a1"),
        ("[5, 7].all(i, v, v == 5 + 2 * i)", "true"),
        ("'%s-%d %x %.2f'.format(['a', 3, 255, 1.5])", "a-3 ff 1.50"),
        ("ip('::1').isLoopback() && ip('10.0.0.1').family() == 4", "true"),
        ("string(cidr('10.1.2.3/16').masked())", "10.1.0.0/16"),
        (
            "cidr('10.0.0.0/8').containsIP('10.1.1.1') && !cidr('10.0.0.0/8').containsCIDR('11.0.0.0/16')",
            "true",
        ),
        ("url('https://u@a.b:80/c?x=1').getHostname() + url('https://a:80').getPort()", "a.b80"),
        ("semver('1.2.3').isLessThan(semver('1.10.0')) && !isSemver('1.2')", "true"),
        ("format.dns1123Label().validate('a-b').hasValue()", "false"),
        ("format.named('uuid').value().validate('x').value()[0]", "does not match the UUID format"),
    ] {
        check(text, Ok(expect));
    }
}

#[test]
fn errors() {
    check("self.nope", Err("no such key: nope"));
    check("self.l[5]", Err("index out of bounds: 5"));
    check("1 / 0", Err("division by zero"));
    check("9223372036854775807 + 1", Err("integer overflow"));
    check("self.s + 1", Err("no such overload"));
    check(
        "self.size >",
        Err(
            "ERROR: <input>:1:12: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | self.size >\n | ...........^",
        ),
    );
    check(
        "1 + 'a'",
        Err(
            "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a'\n | ..^",
        ),
    );
    check(
        "nope == 1",
        Err("ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope == 1\n | ^"),
    );
    let endless = "self.l.all(a, self.l.all(b, self.l.all(c, self.l.all(d, self.l.all(e, self.l.all(f, self.l.all(g, self.l.all(h, true))))))))";
    check(endless, Err("operation cancelled: actual cost limit exceeded"));
    // What is small by itself can be far bigger than memory when it is put together.
    let doubled = |start: &str, step: &str| format!("[{start}]{}", format!(".map(x, {step})").repeat(60));
    for huge in [
        format!("{}[0] == {}[0]", doubled("['a']", "[x, x]"), doubled("['a']", "[x, x]")),
        format!("'%s'.format({})", doubled("['a']", "[x, x]")),
        format!("{}[0].size() > 0", doubled("['a', 'b']", "x + x")),
        format!("{}[0].size() > 0", doubled("'aa'", "x.replace('', x)")),
        format!("{}[0].size() > 0", doubled("'aa'", "[x, x, x].join(x)")),
        format!("{}.flatten(100)", doubled("['a']", "[x, x]")),
    ] {
        check(&huge, Err("operation cancelled: actual cost limit exceeded"));
    }
}

#[test]
fn deep_nesting_is_refused() {
    for deep in [
        format!("{}1{}", "(".repeat(1000), ")".repeat(1000)),
        format!("1{}", " + 1".repeat(1000)),
        format!("self{}", ".a".repeat(1000)),
        format!("{}true", "!".repeat(1000)),
    ] {
        let issues = parse(&deep).expect_err("too deep");
        assert!(shown(&issues, "").contains("expression recursion limit exceeded: 250"));
    }
    // As deep as allowed, an expression is evaluated on the stack of a thread.
    for deep in [format!("{}1{}", "(".repeat(200), ")".repeat(200)), format!("1{}", " + 1".repeat(240))] {
        assert!(run(&deep, &Value::Null).is_ok());
    }
}
