//! The clients against services that answer as Azure does.

mod arm;
mod fake;
mod login;
mod vault;
