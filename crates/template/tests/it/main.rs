//! Tests of the crate from outside.

mod corpus;
mod engine;
mod vectors;
