//! The whole controller in a world in one process: a Kubernetes API server, Entra and Key Vault.
#![expect(clippy::unwrap_used, reason = "helpers of tests panic where the tests would")]

mod behaviour;
mod cases;
mod citizen;
mod compare;
mod faults;
mod player;
mod remote;
mod secrecy;
mod tenant;
mod vaults;
mod world;
