//! The sandbox through its real sockets.

mod git;
mod proxy;
mod support;
