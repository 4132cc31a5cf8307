//! Tests of the crate from outside.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test may fail, and says what it compared")]

mod areas;
mod behaviour;
mod corpus;
mod differential;
mod engine;
mod hostile;
mod pipeline;
mod template_vectors;
mod vectors;
