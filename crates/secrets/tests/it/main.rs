//! The whole controller in a world in one process: a Kubernetes API server, Entra and Key Vault.
#![expect(clippy::unwrap_used, reason = "helpers of tests panic where the tests would")]

mod behaviour;
mod compare;
mod player;
mod secrecy;
mod vaults;
mod world;
