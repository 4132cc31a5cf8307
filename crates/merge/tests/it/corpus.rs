//! Transcripts of a real API server, where they are to be had.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// One transcript: its area, its name and its steps, with the recorder's placeholder for the namespace filled in.
pub(crate) struct Transcript {
    pub(crate) area: String,
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// One exchange.
pub(crate) struct Step {
    pub(crate) request: Value,
    pub(crate) status: u64,
    pub(crate) body: Value,
    /// All `Warning` headers of the answer.
    pub(crate) warning: String,
}

impl Step {
    /// A text of the request; empty where there is none.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.request.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }
}

/// All transcripts of the API server; empty, saying so, where there is no corpus.
#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
pub(crate) fn transcripts() -> Vec<Transcript> {
    let root = std::env::var_os("GANGPLANK_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from);
    let root = root.join("kube-apiserver");
    let Ok(areas) = std::fs::read_dir(&root) else {
        println!("skipped: no transcripts at {}; GANGPLANK_CORPUS names their folder", root.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = areas
        .filter_map(|area| std::fs::read_dir(area.ok()?.path()).ok())
        .flat_map(|files| files.filter_map(|file| Some(file.ok()?.path())))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Transcript {
    let text = std::fs::read_to_string(path).expect("a readable transcript");
    let json: Value = serde_json::from_str(&text.replace("${ns}", "<ns>")).expect("a transcript in JSON");
    let steps = json["steps"].as_array().expect("steps").iter().map(|step| Step {
        request: step["request"].clone(),
        status: step["response"]["status"].as_u64().expect("a status"),
        body: step["response"]["body"].clone(),
        warning: step["response"]["headers"]["Warning"].as_str().unwrap_or("").to_owned(),
    });
    Transcript {
        area: json["area"].as_str().expect("an area").to_owned(),
        name: json["name"].as_str().expect("a name").to_owned(),
        steps: steps.collect(),
    }
}
