//! The crate against recorded transcripts of a real API server, and against the laws of apply.

mod corpus;
mod custom_resources;
mod definitions;
mod laws;
mod ownership;
