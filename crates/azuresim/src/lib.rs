//! Azure offline: Entra, Resource Manager, Microsoft Graph and Key Vault with their own rules.
//!
//! One value, [`Cloud`], answers HTTP requests as bytes. Whoever owns the sockets (an intercepting proxy, a test) hands it
//! requests and sends back what it returns.
//!
//! ```text
//!                     Cloud::handle(request)
//!                             │  by Host
//!      ┌───────────┬──────────┴─┬──────────────┬──────────┐
//!    entra        arm         graph          vault       imds    one lock each, pure transitions inside
//!      │           │                           │           └── tokens of the machine's identities, from entra
//!      │           ├── rbac ── may this oid? ──┤            role definitions and assignments, pure
//!      │           │
//!  IssuerFetch  ClusterBackend                              ports: who publishes keys, who runs API servers
//! ```
//!
//! It is no mock: assertions are verified against the issuer's published keys, access tokens are signed, and a call
//! succeeds only where a role assignment says so. Time, randomness and faults come in as values ([`Options`],
//! [`Faults`]), so a world can be repeated.
//!
//! Invariants:
//! - A transition of state is a plain function of state, request and time; only `handle` awaits anything.
//! - No lock is held across an await. A thread holds one plane's lock at a time, but for Resource Manager's: what other
//!   planes must know of a resource they are told while its store is locked, never the other way round.
//! - Secret values live in [`secrecy::SecretString`] and appear in no `Debug`, error or log.
//! - It must not know gangplank's clients: they meet it over the wire only.

mod admin;
mod arm;
mod cloud;
mod entra;
mod environment;
mod faults;
mod graph;
mod ids;
mod imds;
mod ports;
pub mod rbac;
mod throttle;
mod vault;
mod wire;

pub use admin::{
    ApplicationIds, ClusterIds, IdentityIds, NewCluster, NewCredential, NewVault, SecretRefused,
};
pub use arm::ArmError;
pub use cloud::{Clock, Cloud, Options, Subscription};
pub use entra::{Caller, CallerError, EntraVerifier, Principal, PrincipalKind};
pub use environment::{Environment, Plane};
pub use faults::{FaultRule, Faults, Throttling};
pub use ports::{
    AadProfile, BoxFuture, ClusterBackend, ClusterFacts, ClusterSpec, IssuerFetch, LocalAccount,
};
pub use vault::{CertificateSeed, KeySeed, SecretSeed, VaultContents};
pub use wire::ClientAddress;
