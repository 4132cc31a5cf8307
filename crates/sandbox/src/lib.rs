//! The world offline: Azure, a hub, clusters and a Git server behind one proxy. Servers only.
//!
//! ```text
//!  kubectl, az, Terraform, SDKs, gangplank                          git
//!        │ HTTPS_PROXY                                               │ http
//!        ▼                                                           ▼
//!      wire: CONNECT, TLS, HTTP ──▶ hosts: who is it?               git: platform, team
//!                                    ├─ azure:  Entra, Resource Manager, Graph, Key Vault   (azuresim)
//!                                    ├─ aks:    issuers of the clusters' tokens
//!                                    └─ aks:    the API servers of the hub and the clusters (apiserver)
//!      world: starts all of it, lays Azure down, tells how to reach it, ends it
//!      breaks: what can be wrong with it from the start; faults: what can be made to go wrong while it runs
//!      door: how another process of its owner asks for that
//! ```
//!
//! One world, two doors: a test starts a [`World`] and so does the command line. It answers on Azure's own names, so
//! that what runs against it runs against Azure unchanged, and nothing in here knows who that will be.
//!
//! Invariants:
//! - It must not know gangplank's clients or controllers, nor kube: they meet it over the wire.
//! - It is no mock: tokens are signed and checked, roles and credentials decide, each cluster has an authority of its
//!   own. What is wrong in a broken world is wrong in its state, never a made-up answer.
//! - Nothing leaves the machine, and nothing of it outlives the world: no task, no child, no file.
//! - All randomness follows from one seed. The time is the machine's, since its clients judge certificates by it.

mod aks;
mod azure;
mod breaks;
mod door;
mod error;
mod faults;
mod git;
mod hosts;
mod kubernetes;
mod seed;
mod standalone;
mod wire;
mod world;

pub use aks::WebhookVersion;
pub use breaks::{Break, Place, UnknownBreak};
pub use door::{Door, DoorError, Order};
pub use error::WorldError;
pub use faults::{Fault, FaultEntry, FaultError, FaultKind};
pub use gangplank_azuresim::{FaultRule, Faults, Plane, Throttling};
pub use git::{Credentials, GitError, GitServer, NewRepository, Readers, RefChange, Repository};
pub use standalone::{Standalone, StandaloneOptions};
pub use world::{
    ClusterFacts, EngineerFacts, Facts, Options, State, TeamSecrets, VaultFacts, World, cluster_names,
};
