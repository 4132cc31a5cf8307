//! The clients against services that answer as Azure does.
#![expect(clippy::unwrap_used, reason = "helpers of tests panic where the tests would")]

mod arm;
mod fake;
mod login;
mod sim;
mod vault;
