//! The cloud asked over its one door, `Cloud::handle`: every rule with a request that breaks it.

mod arm;
mod assignments;
mod challenges;
mod clusters;
mod commands;
mod credentials;
mod entra;
mod faults;
mod limits;
mod metadata;
mod odd;
mod replay;
mod vault;
mod vault_access;
mod world;
