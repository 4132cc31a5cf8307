//! The sandbox through its real sockets.

#![expect(clippy::unwrap_used, reason = "a helper may panic where a test may")]

mod azure;
mod breaks;
mod chain;
mod client;
mod faults;
mod git;
mod lifecycle;
mod proxy;
mod standalone;
mod start;
mod support;
mod tls;
mod watch;
