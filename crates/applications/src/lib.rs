//! Applications and ApplicationSets: render, compare, apply in order, prune, health.

mod annotations;
mod compare;
mod glob;
pub mod health;
mod object;
mod project;
mod spec;
pub mod sync;
mod tracking;

/// The field manager of everything that is applied to destinations, Argo CD's own.
pub const FIELD_MANAGER: &str = "argocd-controller";

pub use annotations::{Effective, HookDeletion, Phase, SyncOptions};
pub use compare::{Ignored, is_surely_same, same_after_apply};
pub use object::ObjectKey;
pub use spec::{
    ApplicationSpec, Automated, DestinationSpec, DirectorySpec, GroupKind, IgnoreDifference,
    ManagedNamespaceMetadata, ProjectSpec, Retry, RetryBackoff, SourceSpec, SyncPolicy,
};
pub use tracking::Tracker;
