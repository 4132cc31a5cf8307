//! Integration tests of the renderer. One binary: each links the whole crate.

mod argo_cd;
mod corpus;
mod differential;
mod disk;
mod errors;
mod incremental;
mod properties;
mod provenance;
mod real;
mod trees;
