//! The table of clients: each test with a real client leaves a row, and the table is what they left.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The page, before its table.
const HEAD: &str = "\
# Clients

Real clients, unmodified, against the sandbox. `cargo xtask peers` gets those that a machine lacks, `cargo xtask clients` runs the tests and writes this table.
What a client is told and asked is on its page: [kubectl](clients/kubectl.md), [az](clients/az.md), [Terraform](clients/terraform.md),
[External Secrets Operator](clients/external-secrets.md), [Argo CD](clients/argo-cd.md), [kubelogin](clients/kubelogin.md), [git](clients/git.md), the Azure SDKs
for [Python](clients/python.md) and for [Rust](clients/rust.md).

| client | version | what was tried | result | seconds |
|---|---|---|---|---|
";

/// Runs the tests and writes the table, even where one fails. With a filter it runs those tests whose name holds it, and the other rows are
/// those of the last run.
pub(crate) fn run(root: &Path, filter: Option<&str>, tell: impl Fn(&str)) -> Result<String, String> {
    let rows = root.join("target/clients");
    if filter.is_none() {
        // Rows of an earlier run are none of this one.
        let _ = fs::remove_dir_all(&rows);
    }
    fs::create_dir_all(&rows).map_err(|error| format!("cannot make {}: {error}", rows.display()))?;
    let rows = rows.canonicalize().map_err(|error| format!("cannot find {}: {error}", rows.display()))?;
    tell("running the tests with real clients, one after another");
    let mut cargo = Command::new("cargo");
    cargo
        .args(["test", "--package", "gangplank-cli", "--test", "it"])
        .arg(format!("clients::{}", filter.unwrap_or_default()));
    cargo.args(["--", "--nocapture"]);
    let status = cargo.current_dir(root).env("GANGPLANK_CLIENTS", &rows).status();
    let status = status.map_err(|error| format!("cannot start cargo: {error}"))?;
    let path = root.join("docs/clients.md");
    let count = write(&rows, &path)?;
    match status.success() {
        true => Ok(format!("{count} clients in {}", path.display())),
        false => Err(format!("some fail: see {}", path.display())),
    }
}

fn write(rows: &Path, page: &Path) -> Result<usize, String> {
    let entries = fs::read_dir(rows).map_err(|error| format!("cannot list {}: {error}", rows.display()))?;
    let mut lines = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let text = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let row: Value =
            serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        lines.push(line(&row));
    }
    lines.sort();
    let text = format!("{HEAD}{}", lines.concat());
    fs::write(page, text).map_err(|error| format!("cannot write {}: {error}", page.display()))?;
    Ok(lines.len())
}

fn line(row: &Value) -> String {
    let text = |key: &str| row[key].as_str().unwrap_or_default().replace('|', "\\|");
    let tried: Vec<&str> = row["tried"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let cells = [
        text("client"),
        text("version"),
        tried.join("; ").replace('|', "\\|"),
        text("result"),
        row["seconds"].as_u64().map(|seconds| seconds.to_string()).unwrap_or_default(),
    ];
    format!("| {} |\n", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_row_is_a_line() {
        let row = json!({"client": "az", "version": "2.91.0", "tried": ["login", "a|b"], "result": "works", "seconds": 3});
        assert_eq!(super::line(&row), "| az | 2.91.0 | login; a\\|b | works | 3 |\n");
    }
}
