use super::get;

#[test]
fn paths_lead_where_gjson_leads() {
    let json = r#"{"name":{"first":"Tom","last":"Anderson"},"age":37,"children":["Sara","Alex","Jack"],
        "fav.movie":"Deer Hunter","n":null,"t":true,"f":1.50,"e":1e3,"m":-0.0,"big":12345678901234567890,
        "friends":[{"first":"Dale","last":"Murphy","age":44,"nets":["ig","fb","tw"]},
        {"first":"Roger","last":"Craig","age":68,"nets":["fb","tw"]},
        {"first":"Jane","last":"Murphy","age":47,"nets":["ig","tw"]}]}"#;
    let check = |path: &str, expect: Option<&str>| assert_eq!(get(json, path).as_deref(), expect, "{path}");
    check("name.last", Some("Anderson"));
    check("name", Some(r#"{"first":"Tom","last":"Anderson"}"#));
    check("age", Some("37"));
    check("n", Some(""));
    check("t", Some("true"));
    check("f", Some("1.5"));
    check("e", Some("1000"));
    check("m", Some("-0"));
    check("big", Some("12345678901234567890"));
    check("absent", None);
    check("age.x", None);
    check("children", Some(r#"["Sara","Alex","Jack"]"#));
    check("children.#", Some("3"));
    check("children.1", Some("Alex"));
    check("children.3", None);
    check("children.first", None);
    check("child*.2", Some("Jack"));
    check("c?ildren.0", Some("Sara"));
    check(r"fav\.movie", Some("Deer Hunter"));
    check("friends.#.first", Some(r#"["Dale","Roger","Jane"]"#));
    check("friends.1.last", Some("Craig"));
    check("friends.#.first|0", Some("Dale"));
    check("friends.#.first.0", Some("[]"));
    check(r#"friends.#(last=="Murphy").first"#, Some("Dale"));
    check(r#"friends.#(last=="Murphy")#.first"#, Some(r#"["Dale","Jane"]"#));
    check("friends.#(age>45)#.last", Some(r#"["Craig","Murphy"]"#));
    check(r#"friends.#(first%"D*").last"#, Some("Murphy"));
    check(r#"friends.#(first!%"D*").last"#, Some("Craig"));
    check(r#"friends.#(nets.#(=="fb"))#.first"#, Some(r#"["Dale","Roger"]"#));
    check(r#"friends.#(last=="Nobody")#"#, Some("[]"));
    check(r#"friends.#(last=="Nobody")"#, None);
    check("children|@reverse", Some(r#"["Jack","Alex","Sara"]"#));
    check("children.@reverse.0", Some("Jack"));
    check("name.@keys", Some(r#"["first","last"]"#));
    check("name|@values|1", Some("Anderson"));
    check("@this.age", Some("37"));
    check("name.@nothing", None);
    check("{age,name.first}", Some(r#"{"age":37,"first":"Tom"}"#));
    check(r#"{"years":age,n}"#, Some(r#"{"years":37,"n":null}"#));
    check("[age,absent,t]", Some("[37,true]"));
    check("[age,t].1", Some("true"));
    check("age|@tostr", Some("37"));
    check("", None);
}

#[test]
fn broken_json_is_read_as_far_as_it_goes() {
    let check = |json: &str, path: &str, expect: Option<&str>| {
        assert_eq!(get(json, path).as_deref(), expect, "{json} {path}");
    };
    check(r#"{"a":"x","b":"#, "a", Some("x"));
    check(r#"{"a":{"b":"x""#, "a.b", Some("x"));
    check(r#"{"a":1,"a":2}"#, "a", Some("1"));
    check(r#"{"a":"cut"#, "a", Some("cut"));
    check("plain", "a", None);
    check("[1,2", "1", Some("2"));
    check(&"[".repeat(100_000), &"0.".repeat(10_000), None);
    check("1e21", "a", None);
    check(r#"{"n":1e21,"s":1E-7}"#, "n", Some("1000000000000000000000"));
    check(r#"{"n":1e21,"s":1E-7}"#, "s", Some("0.0000001"));
}
