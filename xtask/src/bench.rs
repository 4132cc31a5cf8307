//! `cargo xtask bench`: how long a fleet takes to come aboard in the sandbox, and what it costs, as the README's table has it.

pub(crate) mod secrets;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The sizes of the README's table, with the target in seconds.
const FLEETS: [(u32, f64); 3] = [(3, 5.0), (100, 20.0), (1_000, 60.0)];

/// Builds the release binary.
fn build(root: &Path, tell: &impl Fn(&str)) -> Result<(), String> {
    tell("building the release binary");
    let mut build = Command::new("cargo");
    let status = build.args(["build", "--release", "--package", "gangplank-cli"]).current_dir(root).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo build failed: {status}")),
        Err(error) => Err(format!("cannot start cargo: {error}")),
    }
}

/// Builds the release binary and runs the fleets; returns the table.
pub(crate) fn run(root: &Path, tell: impl Fn(&str)) -> Result<String, String> {
    build(root, &tell)?;
    let binary = root.join("target/release/gangplank");
    let mut table = vec![
        "| clusters | all aboard | target | one more | resident | of it before the controllers |".to_owned(),
        "|---|---|---|---|---|---|".to_owned(),
    ];
    for (clusters, target) in FLEETS {
        tell(&format!("{clusters} clusters"));
        let report = sandbox(&binary, clusters)?;
        let number = |key: &str| report[key].as_f64().unwrap_or_default();
        let mebibytes = |key: &str| report[key].as_u64().unwrap_or_default() >> 20;
        let all = last_of_the_first(&report, clusters);
        table.push(format!(
            "| {clusters} | {all:.1} s | {target:.0} s | {:.1} s | {} MiB | {} MiB |",
            number("one_more_seconds"),
            mebibytes("resident_bytes"),
            mebibytes("world_bytes"),
        ));
    }
    Ok(table.join("\n"))
}

fn sandbox(binary: &Path, clusters: u32) -> Result<Value, String> {
    let output = Command::new(binary)
        .args(["sandbox", "--exit", "--one-more", "--output", "json", "--clusters", &clusters.to_string()])
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
    if !output.status.success() {
        return Err(format!(
            "{clusters} clusters: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("the report is no JSON: {error}"))
}

/// When the last cluster of the fleet itself was aboard; the one more came after.
fn last_of_the_first(report: &Value, clusters: u32) -> f64 {
    let list = report["clusters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let aboard = |cluster: &Value| cluster["links"].as_array()?.last()?["seconds"].as_f64();
    let mut times: Vec<f64> = list.iter().filter_map(aboard).collect();
    times.sort_by(f64::total_cmp);
    times.truncate(usize::try_from(clusters).unwrap_or(usize::MAX));
    times.last().copied().unwrap_or_default()
}
