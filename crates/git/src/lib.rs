//! Reads and writes Git repositories through the `git` command.
//!
//! ```text
//!   Mirrors ── resolve(url, revision, access) ──▶ Commit        one ls-remote for all who ask at once
//!      │
//!      └────── tree(url, commit, access) ──────▶ Arc<Tree>      shallow fetch, ls-tree, cat-file --batch;
//!                                                               only blobs that the last tree did not have
//!   WorkingCopy ── init · clone · commit_all · push             what a person does
//! ```
//!
//! Invariants:
//! - A credential travels in the environment of one `git` process: never in an argument, a URL, a file, or an error.
//! - What the user's or the machine's Git configuration says changes nothing; nothing ever prompts.
//! - One mirror serves one pair of URL and access: what one credential may read, another does not get from a cache.
//! - Every run of `git` ends: by itself or by the time-out.
//!
//! It must not know Kubernetes, Kustomize, or what the files mean.

mod access;
mod command;
mod error;
mod mirrors;
mod tree;
mod working_copy;

pub use access::{Access, Credentials};
pub use command::{Git, Options};
pub use error::{Error, Refusal};
pub use mirrors::{Commit, Limits, Mirrors};
pub use tree::{File, FileKind, Tree};
pub use working_copy::{Signature, WorkingCopy};
