//! What a request asks and in what form it is answered: paths, query parameters, media types, bodies.
//!
//! Knows no kind and no object: only how Kubernetes lays its API over HTTP.

pub(crate) mod body;
pub(crate) mod negotiate;
pub(crate) mod protobuf;
pub(crate) mod query;
pub(crate) mod request;
