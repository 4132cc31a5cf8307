//! Applications and ApplicationSets in the place of Argo CD's controllers: render, compare, apply in order, prune, health.
//!
//! ```text
//!   Repositories (port) ──▶ source: commit, tree, render ─┐
//!   Destinations (port) ──▶ cluster: kinds, live objects ─┤
//!   Application, AppProject ──▶ spec, project ────────────┴▶ engine ──▶ sync (plan, step) ──▶ cluster: writes
//!                                                              └──────▶ status, events
//! ```
//!
//! Invariants:
//! - What is decided is decided purely: [`sync`], comparison, [`health`], projects, the decision to sync by itself.
//! - A source is rendered once for all Applications that share it, and again only when a commit changed what it read.
//! - No state of a destination is kept: an idle Application costs its object and nothing else.
//! - What the engine does not do (Helm, plugins, several sources) it refuses by name.
//!
//! It must not know Git's protocol, cluster Secrets, Azure, or gangplank's other controllers.

mod annotations;
mod cluster;
mod compare;
mod controller;
mod engine;
mod files;
mod glob;
pub mod health;
mod object;
mod ports;
mod project;
mod resources;
mod sets;
mod source;
mod spec;
pub mod sync;
mod tracking;

/// The field manager of everything that is applied to destinations, Argo CD's own.
pub const FIELD_MANAGER: &str = "argocd-controller";

pub use annotations::{Effective, HookDeletion, Phase, SyncOptions};
pub use compare::{Ignored, is_surely_same, same_after_apply};
pub use controller::{Notifications, Notifier, Options, Ports, notifier, run};
pub use files::FileTree;
pub use object::ObjectKey;
pub use ports::{
    ClusterFacts, Destination, DestinationChange, DestinationError, Destinations, Repositories, Repository,
    SourceError,
};
pub use resources::{GROUP, application_resource, application_set_resource, definitions, project_resource};
pub use spec::{
    ApplicationSpec, Automated, DestinationSpec, DirectorySpec, GroupKind, IgnoreDifference,
    ManagedNamespaceMetadata, ProjectSpec, Retry, RetryBackoff, SourceSpec, SyncPolicy,
};
pub use tracking::Tracker;
