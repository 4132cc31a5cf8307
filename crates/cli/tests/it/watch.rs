//! `gangplank build --watch`: what a changed file touches is rendered again.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::command::gangplank;

/// Waits until a file holds a text. Generous: machines are slow at times.
fn until(path: &Path, text: &str) {
    let begin = Instant::now();
    while !fs::read_to_string(path).unwrap_or_default().contains(text) {
        assert!(begin.elapsed() < Duration::from_secs(120), "{} never holds {text}", path.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn overlay(value: &str) -> String {
    format!(
        "resources: [../base]\npatches:\n- target: {{kind: Widget}}\n  patch: '[{{\"op\": \"replace\", \"path\": \"/metadata/name\", \"value\": \"{value}\"}}]'\n"
    )
}

#[test]
fn a_change_is_rendered_and_an_error_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("base/kustomization.yaml", "resources: [widget.yaml]\n");
    put(
        "base/widget.yaml",
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: none}\nspec: {size: 1}\n",
    );
    put("top/kustomization.yaml", "resources: [a, b]\n");
    put("top/a/kustomization.yaml", &overlay("one").replace("../base", "../../base"));
    put("top/b/kustomization.yaml", &overlay("two").replace("../base", "../../base"));
    let output = folder.path().join("output.yaml");
    let top = folder.path().join("top");
    let mut child =
        gangplank(&["build", "--watch", "--output", output.to_str().unwrap(), top.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut next_with = |text: &str| {
        let found = said.by_ref().map(|line| line.unwrap()).find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("nobody says {text}"))
    };
    assert!(next_with("rendered: 2 objects written").contains("everything"));
    until(&output, "name: two");

    // One overlay: it alone is rendered.
    put("top/b/kustomization.yaml", &overlay("three-and-longer").replace("../base", "../../base"));
    let line = next_with("top/b/kustomization.yaml changed");
    assert!(line.contains("1 objects written, 1 gone (what it touches"), "{line}");
    until(&output, "name: three-and-longer");

    // An error is told, the output stays, and the mended tree is rendered.
    put("base/widget.yaml", "kind: [\n");
    next_with("base/widget.yaml changed");
    assert!(fs::read_to_string(&output).unwrap().contains("size: 1"));
    put(
        "base/widget.yaml",
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: none}\nspec: {size: 22}\n",
    );
    next_with("objects written");
    until(&output, "size: 22");

    assert!(child.try_wait().unwrap().is_none(), "it stays until it is ended");
    child.kill().unwrap();
    child.wait().unwrap();
}
