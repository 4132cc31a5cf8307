//! The domain from the outside: whole values in, whole values out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod chain;
mod inventory;
mod names;
mod offboard;
mod tree;
mod world;
