//! Tidy: what ARCHITECTURE.md promises of the tree, checked.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod layers;
mod sources;

use std::path::PathBuf;

/// The root of the workspace.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}
