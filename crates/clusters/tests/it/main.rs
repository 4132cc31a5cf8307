//! Cluster Secrets on an embedded hub, a spoke behind real TLS, and an Entra that says what it is told.

#![cfg(test)]

mod proof;
mod world;
