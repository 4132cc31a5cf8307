//! The cloud asked over its one door, `Cloud::handle`: every rule with a request that breaks it.

mod arm;
mod assignments;
mod clusters;
mod credentials;
mod entra;
mod faults;
mod limits;
mod odd;
mod replay;
mod vault;
mod vault_access;
mod world;
