//! Integration tests. One binary: each links the whole crate.

mod properties;
