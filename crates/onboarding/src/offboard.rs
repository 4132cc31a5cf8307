//! Taking a cluster off board without residue: the one next step, and at the end the receipt.
//!
//! ```text
//!   Git: leaving ─▶ Argo CD prunes ─▶ Git: no overlay ─▶ the hub forgets ─▶ role and vault secrets go ─▶ receipt
//!      MarkLeaving       Drain         RemoveOverlay         Forget               Withdraw               Done
//! ```
//!
//! The order is Argo CD's: an application whose cluster Secret is gone is dropped, and what it made stays on the cluster for ever. So
//! applications end first, while the Secret and the role still stand; then the Secret; then what it was made of.
//!
//! Everything follows from what is observed: killed or repeated anywhere, the next run goes on from what stands. Looking is somebody
//! else's; a look that fails is no observation, so nothing is called gone that was not seen to be.

use std::fmt;

use crate::access::CLUSTER_ADMIN;
use crate::names::{ClusterName, ResourceId, VaultSecretName};
use crate::tree::members::Member;

/// What a tree says of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// It has no overlay.
    No,
    /// It has one.
    Yes,
    /// It has one that is marked as leaving.
    Leaving,
}

impl Declared {
    /// What a tree with these members says of a cluster.
    pub fn of(members: &[Member], name: &ClusterName) -> Self {
        match members.iter().find(|member| member.name == *name) {
            None => Declared::No,
            Some(member) if member.leaving => Declared::Leaving,
            Some(_) => Declared::Yes,
        }
    }
}

/// What the vault has of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is there.
    Yes,
    /// It is deleted and can be recovered, until the time if the vault says one.
    Recoverable(Option<String>),
    /// It is gone.
    No,
}

/// Everything that there is of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// In the working copy.
    pub working: Declared,
    /// At the tip of the branch.
    pub tip: Declared,
    /// The AKS cluster, while Azure has it.
    pub cluster: Option<ResourceId>,
    /// The applications on the hub that deploy to it.
    pub applications: Vec<String>,
    /// Its ExternalSecret on the hub, by namespace and name.
    pub external_secret: Option<String>,
    /// Its Secret on the hub, by namespace and name.
    pub secret: Option<String>,
    /// The assignments of Argo CD's role on the cluster itself, by their ids. Those above it are others' too.
    pub assignments: Vec<String>,
    /// Its secrets in the vault.
    pub vault: Vec<(VaultSecretName, Kept)>,
}

/// One thing to take away in Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawal {
    /// A role assignment, by its id.
    Assignment(String),
    /// A secret of the vault.
    Secret(VaultSecretName),
    /// A secret that is deleted already, for good.
    Purge(VaultSecretName),
}

impl fmt::Display for Withdrawal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Withdrawal::Assignment(_) => write!(out, "take the role `{}` away", CLUSTER_ADMIN.name),
            Withdrawal::Secret(name) => write!(out, "delete the vault secret {name}"),
            Withdrawal::Purge(name) => write!(out, "purge the vault secret {name}"),
        }
    }
}

/// What is to happen next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Mark the overlay of the working copy.
    MarkLeaving,
    /// Take the overlay out of the working copy.
    RemoveOverlay,
    /// The overlay was taken out while applications still run on the cluster: it has to come back first.
    Restore,
    /// A person has to bring working copy and branch together.
    Push,
    /// Argo CD has to end these applications.
    Drain(Vec<String>),
    /// The hub has to drop these objects.
    Forget(Vec<String>),
    /// These have to go from Azure.
    Withdraw(Vec<Withdrawal>),
    /// Nothing: it is off board.
    Done,
}

/// The next step. `purge`: secrets are not left recoverable.
pub fn next(observed: &Observed, purge: bool) -> Step {
    // A cluster that is gone can't be cleaned up: Argo CD drops its applications once the Secret is gone, and only then.
    let drained = observed.applications.is_empty() || observed.cluster.is_none();
    match (observed.working, observed.tip) {
        (Declared::No, Declared::No) => {}
        (_, Declared::No) => return Step::Push,
        (Declared::No, _) if drained => return Step::Push,
        (Declared::No, _) => return Step::Restore,
        (_, _) if drained => return Step::RemoveOverlay,
        (Declared::Yes, _) => return Step::MarkLeaving,
        (Declared::Leaving, Declared::Yes) => return Step::Push,
        (Declared::Leaving, Declared::Leaving) => return Step::Drain(observed.applications.clone()),
    }
    let objects = [("ExternalSecret", &observed.external_secret), ("Secret", &observed.secret)];
    let on_hub: Vec<String> =
        objects.into_iter().filter_map(|(kind, name)| Some(format!("{kind} {}", name.as_ref()?))).collect();
    if !on_hub.is_empty() {
        return Step::Forget(on_hub);
    }
    if !observed.applications.is_empty() {
        return Step::Drain(observed.applications.clone());
    }
    let withdrawals = withdrawals(observed, purge);
    if withdrawals.is_empty() { Step::Done } else { Step::Withdraw(withdrawals) }
}

fn withdrawals(observed: &Observed, purge: bool) -> Vec<Withdrawal> {
    let assignments = observed.assignments.iter().cloned().map(Withdrawal::Assignment);
    let secrets = observed.vault.iter().filter_map(|(name, kept)| match kept {
        Kept::Yes => Some(Withdrawal::Secret(name.clone())),
        Kept::Recoverable(_) if purge => Some(Withdrawal::Purge(name.clone())),
        Kept::Recoverable(_) | Kept::No => None,
    });
    assignments.chain(secrets).collect()
}

/// One line of the receipt: something that belonged to the cluster, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Where: Git, the hub, Azure, the vault.
    pub plane: &'static str,
    /// What.
    pub object: String,
    /// What is left.
    pub left: Left,
}

/// What is left of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// It is gone from use, and the vault keeps it for a while.
    Recoverable(Option<String>),
    /// It is still there.
    All,
}

/// What is left of the cluster everywhere, as it was seen last.
pub fn receipt(name: &ClusterName, observed: &Observed) -> Vec<Trace> {
    let left = |there: bool| if there { Left::All } else { Left::Nothing };
    let trace = |plane, object: String, left| Trace { plane, object, left };
    let hub = |kind: &str, default: String, found: &Option<String>| {
        trace("hub", format!("{kind} {}", found.clone().unwrap_or(default)), left(found.is_some()))
    };
    let mut traces = vec![
        trace("git", format!("overlay {}", name.slug()), left(observed.tip != Declared::No)),
        hub("ExternalSecret", name.external_secret(), &observed.external_secret),
        hub("Secret", name.secret(), &observed.secret),
    ];
    match observed.applications.as_slice() {
        [] => traces.push(trace("hub", format!("applications on {name}"), Left::Nothing)),
        some => traces.extend(some.iter().map(|it| trace("hub", format!("Application {it}"), Left::All))),
    }
    let role = format!("role `{}` on {name}", CLUSTER_ADMIN.name);
    traces.push(trace("azure", role, left(!observed.assignments.is_empty())));
    traces.extend(observed.vault.iter().map(|(secret, kept)| {
        let left = match kept {
            Kept::Yes => Left::All,
            Kept::Recoverable(until) => Left::Recoverable(until.clone()),
            Kept::No => Left::Nothing,
        };
        trace("vault", format!("secret {secret}"), left)
    }));
    traces
}
