//! Recorded cases, where they are on this machine.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gangplank_template::pipeline::Data;
use serde_json::Value as Json;

fn root() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    std::env::var_os("GANGPLANK_CORPUS").map_or_else(beside, PathBuf::from).join("external-secrets")
}

/// The recorded cases of an area, sorted by name, or nothing, said aloud, where there is no corpus.
pub(crate) fn behaviour(area: &str) -> Vec<Json> {
    let folder = root().join("behaviour").join(area);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: no recorded cases at {}", folder.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect()
}

/// One section of the vectors, or nothing, said aloud, where there is no corpus.
pub(crate) fn section(name: &str) -> Vec<Json> {
    let path = root().join("vectors.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: no recorded cases at {}", path.display());
        return Vec::new();
    };
    let vectors: Json = serde_json::from_str(&text).unwrap();
    vectors[name].as_array().cloned().unwrap_or_default()
}

/// A map of base64 texts as data.
pub(crate) fn data(map: &Json) -> Data {
    let entries = map.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), STANDARD.decode(value.as_str().unwrap()).unwrap())).collect()
}

/// The text of a member, empty where it is absent or null.
pub(crate) fn text<'j>(case: &'j Json, member: &str) -> &'j str {
    case[member].as_str().unwrap_or_default()
}

/// Runs the cases of a section; prints how many are as expected, and fails naming those that are not.
pub(crate) fn check_all(name: &str, check: impl Fn(&Json) -> Result<(), String>) {
    let cases = section(name);
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| check(case).err().map(|why| format!("{}: {why}", text(case, "name"))))
        .collect();
    println!("{name}: {} of {} equal", cases.len() - failures.len(), cases.len());
    assert!(failures.is_empty(), "{name} differs:\n{}", failures.join("\n"));
}
