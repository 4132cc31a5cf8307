//! Tests of the crate from outside.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says what it compared")]

mod corpus;
mod engine;
mod template_vectors;
mod vectors;
