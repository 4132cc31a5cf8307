//! Patches and server-side apply on JSON values, after Kubernetes' rules.
//!
//! ```text
//!                 live object + request                      what the API server does with it
//!   json_patch    a list of operations        ─┐
//!   merge_patch   a document laid over another ├──▶  patched object ──▶ apply::update (who changed what)
//!   strategic     the same, with merge keys   ─┘
//!   apply         what one manager wants      ────▶  merged object + managedFields, or conflicts
//!
//!   schema        what a kind looks like: the built-in table, or a CRD's structural schema
//!   structural    pruning, defaults and validation of custom resources
//! ```
//!
//! Everything is a function of its arguments: no clock, no I/O. The time of a write comes in as text. `json_patch`
//! and `merge_patch` know nothing of Kubernetes; the others see a kind only through [`schema`].

pub mod apply;
mod cel;
mod go_text;
pub mod json_patch;
pub mod merge_patch;
mod pattern;
pub mod schema;
pub mod strategic;
pub mod structural;
