//! How bytes reach the servers of the world: one proxy, one TLS end, one hand-over.
//!
//! ```text
//! client ── CONNECT name:443 ──▶ proxy ──▶ Directory: who answers under this name?
//!                                  │           not the world's (403) · down (502, 504) · a Site
//!                                  ▼
//!                          TLS with the Site's certificate
//!                                  ▼
//!                      HTTP/1.1 or h2 (ALPN) ──▶ Site's Server, in this process
//! ```
//!
//! Invariants: nothing leaves the machine (the proxy never opens a socket of its own); a name that the
//! [`Directory`] doesn't know is refused with the name in the answer; every wait on a client is bounded; rubbish
//! ends its own connection only. This module knows neither Azure nor Kubernetes.

pub(crate) mod body;
pub(crate) mod listen;
pub(crate) mod names;
pub(crate) mod proxy;
pub(crate) mod serve;
pub(crate) mod tls;
