//! ApplicationSets: one Application for each set of parameters.
//!
//! ```text
//!   generators (clusters, list, git directories) ──▶ parameters ──▶ template ──▶ Applications ──▶ apply, delete
//! ```
//!
//! Generating is pure. Where a generator fails, nothing is deleted: what it would have given is not known.

mod controller;
mod parameters;
mod spec;
mod template;

pub(crate) use controller::{Sets, run};
