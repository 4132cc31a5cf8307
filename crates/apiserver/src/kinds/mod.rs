//! What single kinds add to what all kinds do: defaults, rules, what the server sets itself.
//!
//! One module a kind or a family; each gives [`crate::registry::Strategy`] values to the rows of the registry.

pub(crate) mod batch;
pub(crate) mod config;
pub(crate) mod counts;
pub(crate) mod daemon_set;
pub(crate) mod deployment;
pub(crate) mod event;
pub(crate) mod fields;
pub(crate) mod lease;
pub(crate) mod namespace;
pub(crate) mod networking;
pub(crate) mod pod;
pub(crate) mod pod_template;
pub(crate) mod quota;
pub(crate) mod rbac;
pub(crate) mod replica_set;
pub(crate) mod service;
pub(crate) mod service_account;
pub(crate) mod simple;
pub(crate) mod stateful_set;
