//! An embedded Kubernetes API server that real clients believe.
//!
//! ```text
//!   http::Request ──▶ http       what is asked, in which form it is to be answered
//!                     access     who asks, and whether they may
//!                     registry   kinds are rows of data; custom ones are rows too
//!                     verbs      one generic handler a verb
//!                     kinds      what single kinds add: defaults, rules
//!                     store      objects, revisions, watches, the journal
//!                     controllers what follows from a change: ownership, namespaces, accounts, workloads
//!                     custom     definitions and the resources they define
//!                     discovery, table   what kubectl asks first, what it shows
//! ```
//!
//! Invariants:
//! - It speaks bytes over `http`: it knows no kube client, no controller of gangplank, no socket and no TLS.
//! - The judge is a real kube-apiserver's recorded behaviour; what this one doesn't do it refuses with the right status.
//! - Clock and randomness are values. A server is small: thousands live in one process and share what is the same.

mod access;
mod bootstrap;
mod builder;
mod controllers;
mod custom;
mod discovery;
mod go;
mod http;
mod kinds;
mod object;
mod registry;
mod server;
mod status;
mod store;
mod table;
mod verbs;

pub use access::{
    Attributes, Authenticator, Authorizer, CertificateUser, Decision, Peer, TokenFile, TokenFileError, User,
    Verdict,
};
pub use builder::Builder;
pub use controllers::PodMutator;
pub use http::body::Body;
pub use server::{ApiServer, Clock};
pub use status::{FieldError, Status};
pub use store::JournalError;
