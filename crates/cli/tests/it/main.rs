//! The command from the outside: arguments in; exit code, stdout and stderr out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apiserver;
mod clients;
mod command;
mod docs;
mod kubernetes;
mod offboard;
mod plan;
mod real_hub;
mod reference;
mod rotation;
mod running;
mod sandbox;
mod secrets_hub;
mod tree;
mod watch;
mod worlds;
