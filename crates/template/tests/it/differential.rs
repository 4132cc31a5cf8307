//! Random templates, rendered by Go's own `text/template` and by ours: outputs and errors must be equal.
//!
//! Skipped, saying so, without Go. Where Go's module cache holds sprig, its functions take part; nothing is downloaded.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use gangplank_template::{Functions, Message, MissingKey, Options, Value};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value as Json, json};

const CASES: usize = 3_000;

const DATA: [(&str, &str); 5] = [
    ("a", "alpha"),
    ("b", "42"),
    ("e", ""),
    ("j", r#"{"x":[1,"two",null,2.5],"m":{"k":"v"},"n":null}"#),
    ("h", "<a href='x'>é</a>"),
];

/// Functions of Go with constants that mostly fit.
const BUILTIN: &[&str] = &[
    "len {s}",
    "index . {s}",
    "index .a {n}",
    "print {a} {a}",
    "printf {f} {a} {a}",
    "println {a}",
    "html {a}",
    "js {a}",
    "urlquery {a}",
    "eq {s} {s}",
    "eq {i} {i} {i}",
    "ne {a} {a}",
    "lt {i} {i}",
    "le {s} {s}",
    "gt {i} {i}",
    "ge {n} {n}",
    "and {a} {a}",
    "or {a} {a}",
    "not {a}",
    "slice {s} {i}",
];

/// Functions of sprig whose results depend on their arguments alone.
const SPRIG: &[&str] = &[
    "upper {s}",
    "trim {s}",
    "trunc {i} {s}",
    "substr {i} {i} {s}",
    "repeat {i} {s}",
    "replace {s} {s} {s}",
    "contains {s} {s}",
    "quote {a} {a}",
    "squote {a}",
    "cat {a} {a}",
    "indent {i} {s}",
    "splitList {s} {s}",
    "join {s} {a}",
    "default {a} {a}",
    "coalesce {a} {a}",
    "ternary {a} {a} true",
    "toJson {a}",
    "fromJson .j",
    "list {a} {a} {a}",
    "first (list {a})",
    "rest (list {a} {a})",
    "append (list {a}) {a}",
    "uniq (list {a} {a})",
    "has {a} (list {a} {a})",
    "slice (list {a} {a} {a}) {i} {i}",
    "dict {s} {a} {s} {a}",
    "get (dict \"k\" {a}) \"k\"",
    "hasKey {a} {s}",
    "pluck \"k\" (dict \"k\" {a})",
    "add {a} {a}",
    "sub {a} {n}",
    "mul {a} {n}",
    "div {n} {i}",
    "max {a} {n}",
    "int {a}",
    "float64 {a}",
    "round {a} {i}",
    "until {i}",
    "seq {i} {i}",
    "typeOf {a}",
    "kindOf {a}",
    "b64enc {s}",
    "b64dec {s}",
    "sha256sum {s}",
    "snakecase {s}",
    "camelcase {s}",
    "title {s}",
    "swapcase {s}",
    "abbrev {i} {s}",
    "regexMatch {s} {s}",
    "regexReplaceAll \"[a-m]\" {s} {s}",
    "deepEqual {a} {a}",
    "empty {a}",
    "toString {a}",
    "sortAlpha {a}",
    "merge (dict {s} {a}) (dict {s} {a})",
    "dig \"k\" {a} (dict \"k\" {a})",
    "splitn {s} {i} {s}",
    "compact (list {a} {a})",
];

struct Generator {
    random: StdRng,
    functions: Vec<&'static str>,
}

impl Generator {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.random_range(0..from.len())]
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn text(&mut self) -> &'static str {
        self.pick(&["\"x\"", "\"\"", "\"a b\"", "`raw`", ".a", ".b", ".h", "\"é-_Z9\"", ".a", "\",\""])
    }

    fn number(&mut self) -> &'static str {
        self.pick(&["0", "1", "2", "-1", "5", "3.5", "0x10", "'a'", "1e3"])
    }

    fn integer(&mut self) -> &'static str {
        self.pick(&["0", "1", "2", "3", "0x2"])
    }

    fn argument(&mut self, depth: usize) -> String {
        match self.random.random_range(0..10) {
            0..4 => self.text().to_owned(),
            4..6 => self.number().to_owned(),
            6 => self
                .pick(&["true", "false", "nil", ".", "$", ".e", "$x", ".nope", ".j", "(1 | print)"])
                .to_owned(),
            _ if depth > 0 => format!("({})", self.pipeline(depth - 1)),
            _ => ".a".to_owned(),
        }
    }

    fn call(&mut self, depth: usize) -> String {
        let shape = self.functions[self.random.random_range(0..self.functions.len())];
        let mut out = String::new();
        let mut rest = shape;
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            match &rest[at..at + 3] {
                "{a}" => out.push_str(&self.argument(depth)),
                "{s}" => out.push_str(self.text()),
                "{i}" => out.push_str(self.integer()),
                "{f}" => out.push_str(self.pick(&[
                    "\"%v %v\"",
                    "\"%d|%5s\"",
                    "\"%q%x\"",
                    "\"%T %+v\"",
                    "\"%-4v|%04d|\"",
                    "\"%.2f%%\"",
                ])),
                _ => out.push_str(self.number()),
            }
            rest = &rest[at + 3..];
        }
        out + rest
    }

    fn pipeline(&mut self, depth: usize) -> String {
        let mut out = if self.chance(60) { self.call(depth) } else { self.argument(depth) };
        while self.chance(25) {
            out.push_str(" | ");
            out.push_str(self.pick(&[
                "print",
                "printf \"%v\"",
                "html",
                "len",
                "not",
                "index . \"a\"",
                "eq 1",
                "urlquery",
            ]));
        }
        out
    }

    fn body(&mut self, depth: usize) -> String {
        (0..self.random.random_range(1..4)).map(|_| self.node(depth)).collect()
    }

    fn node(&mut self, depth: usize) -> String {
        let (open, close) = (self.pick(&["{{ ", "{{- ", "{{"]), self.pick(&[" }}", " -}}", "}}"]));
        let pipeline = self.pipeline(2);
        if depth == 0 {
            return format!("{open}{pipeline}{close}");
        }
        let body = self.body(depth - 1);
        match self.random.random_range(0..12) {
            0 => format!("{open}if {pipeline}{close}{body}{{{{ else }}}}no{{{{ end }}}}"),
            1 => format!("{open}with {pipeline}{close}{body}{{{{ . }}}}{{{{ end }}}}"),
            2 => format!("{open}range {pipeline}{close}[{{{{ . }}}}{body}]{{{{ else }}}}none{{{{ end }}}}"),
            3 => format!("{open}range $k, $v := {pipeline}{close}{{{{ $k }}}}={{{{ $v }}}};{{{{ end }}}}"),
            4 => format!("{open}$x = {pipeline}{close}{{{{ $x }}}}"),
            5 => format!("{open}$y := {pipeline}{close}{{{{ $y }}}}"),
            6 => format!("{open}if {pipeline}{close}1{{{{ else if {} }}}}2{{{{ end }}}}", self.pipeline(1)),
            7 => format!("{open}block \"b{depth}\" {pipeline}{close}<{{{{ . }}}}>{{{{ end }}}}"),
            8 => format!(" \n text\t{body}"),
            9 => format!("{open}({pipeline}).k{close}"),
            _ => format!("{open}{pipeline}{close}"),
        }
    }
}

/// Builds the small Go program; none without Go. The second says whether it has sprig.
fn oracle(folder: &Path) -> Option<bool> {
    Command::new("go").arg("version").output().ok().filter(|output| output.status.success())?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/oracle");
    let build = |functions: &str, module: &str| {
        std::fs::write(folder.join("go.mod"), module).unwrap();
        std::fs::copy(source.join("main.go"), folder.join("main.go")).unwrap();
        std::fs::copy(source.join(functions), folder.join("functions.go")).unwrap();
        let built = Command::new("go")
            .args(["build", "-p", "1", "-o", "oracle", "."])
            .current_dir(folder)
            .env("GOFLAGS", "-mod=mod")
            .env("GOPROXY", "off")
            .env("GOSUMDB", "off")
            .env("GOTOOLCHAIN", "local")
            .output();
        built.is_ok_and(|output| output.status.success())
    };
    let module = "module oracle\n\ngo 1.24\n";
    let sprig = "\nrequire (\n\tgithub.com/Masterminds/sprig/v3 v3.3.0\n\tgithub.com/spf13/cast v1.10.0\n)\n";
    if build("with_sprig.go", &format!("{module}{sprig}")) {
        return Some(true);
    }
    build("without_sprig.go", module).then_some(false)
}

fn ours(template: &str, missing: &str, functions: &Functions) -> (String, String) {
    let missing_key = match missing {
        "error" => MissingKey::Error,
        "zero" => MissingKey::Zero,
        _ => MissingKey::Default,
    };
    let options = Options { functions: functions.clone(), missing_key, ..Options::default() };
    let parsed = match options.parse("t", template) {
        Ok(parsed) => parsed,
        Err(error) => return (String::new(), error.to_string()),
    };
    match parsed.render(&Value::string_map(DATA)) {
        Ok(out) => (String::from_utf8_lossy(&out).into_owned(), String::new()),
        Err(mut error) => {
            error.message = Message::new(error.message.exposed());
            (String::new(), error.to_string())
        }
    }
}

/// Texts of Go's panics name addresses and types of its runtime; that there is an error is what counts.
fn is_panic(error: &str) -> bool {
    ["runtime error", "reflect:", "reflect.", "interface conversion", "value out of range"]
        .iter()
        .any(|mark| error.contains(mark))
}

#[test]
fn random_templates_give_what_go_gives() {
    let folder = tempfile::tempdir().unwrap();
    let Some(has_sprig) = oracle(folder.path()) else {
        println!("skipped: no Go on this machine");
        return;
    };
    let functions = if has_sprig { [BUILTIN, SPRIG].concat() } else { BUILTIN.to_vec() };
    let table = if has_sprig { Functions::external_secrets() } else { Functions::builtin() };
    let mut generator = Generator { random: StdRng::seed_from_u64(20_260_811), functions };
    let templates: Vec<(String, &str)> = (0..CASES)
        .map(|_| {
            let missing = generator.pick(&["error", "default", "zero"]);
            (format!("{{{{ $x := 1 }}}}{}", generator.body(2)), missing)
        })
        .collect();
    let data: Json = DATA
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let mut child = Command::new(folder.path().join("oracle"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String = templates
        .iter()
        .map(|(template, missing)| {
            json!({ "template": template, "data": data, "missing": missing }).to_string() + "\n"
        })
        .collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let mut differing = Vec::new();
    let mut failing = 0;
    for ((template, missing), answer) in templates.iter().zip(answers.lines()) {
        let answer: Json = serde_json::from_str(answer).unwrap();
        let wanted = (answer["out"].as_str().unwrap(), answer["error"].as_str().unwrap());
        let (out, error) = ours(template, missing, &table);
        failing += usize::from(!wanted.1.is_empty());
        let both_panic = is_panic(wanted.1) && !error.is_empty();
        if (out.as_str(), error.as_str()) != wanted && !both_panic {
            differing.push(format!("{template}\n  Go   {wanted:?}\n  ours {:?}", (out, error)));
        }
    }
    println!(
        "{} of {CASES} templates equal, {failing} of them errors; sprig: {has_sprig}",
        CASES - differing.len()
    );
    assert_eq!(answers.lines().count(), CASES);
    assert!(
        differing.is_empty(),
        "{} differ:\n{}",
        differing.len(),
        differing[..differing.len().min(20)].join("\n")
    );
}
