//! A kustomization, through gangplank's own renderer.

use serde_json::Value;

use super::reads::Recorder;

/// Renders the kustomization in a directory. The error names file and place.
pub(super) fn render(_: &Recorder<'_>, path: &str) -> Result<Vec<Value>, String> {
    Err(format!("{path}: kustomizations are not rendered yet"))
}
