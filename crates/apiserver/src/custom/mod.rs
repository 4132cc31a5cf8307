//! Definitions of custom resources, and the resources that they define.
//!
//! ```text
//!   CustomResourceDefinition ──▶ validation (may it be stored?)
//!            │ stored
//!            ▼
//!        establish: names accepted? ──▶ rows of the registry, one a served version ──▶ the verbs
//!            │ deleted
//!            ▼
//!        instances go, then the definition
//! ```

mod body;
mod columns;
mod definition;
mod establish;
mod json_path;
mod resource;
mod validation;

pub(crate) use body::{admit_body, admit_patched};
pub(crate) use definition::DEFINITION;
pub(crate) use establish::{check_create, look, look_at_instance, start};
pub(crate) use resource::Custom;
