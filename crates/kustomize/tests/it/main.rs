//! Integration tests of the renderer. One binary: each links the whole crate.

mod corpus;
mod differential;
mod disk;
