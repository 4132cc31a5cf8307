//! From a source in Git to objects: which commit, which tool, which objects; each done once for all who ask.
//!
//! ```text
//!   (url, project, revision) ──▶ commit ──▶ tree ──▶ render (kustomize | directory) ──▶ objects
//!        revisions: polled,        kept          kept with what it read: a commit that changed none of it
//!        one question each                       is not rendered again
//! ```

mod directory;
mod kustomize;
mod reads;
mod render;
mod revisions;

pub(crate) use render::Renders;
pub(crate) use revisions::{RevisionKey, Revisions};
