//! Looks at everything that the chain is judged by, and judges it.
//!
//! ```text
//!  Azure ── azure.rs ─┐
//!  vault ── azure.rs ─┤
//!  hub ──── hub.rs ───┼─▶ Facts ─▶ onboarding::chain::evaluate ─▶ Chain
//!  Git ──── git.rs ───┤
//!  reach ── reach.rs ─┘
//! ```
//!
//! A look that fails is a fact too: it breaks the link with its reason, and holds up neither the other links' facts nor the other
//! clusters. What costs a request a cluster (kubeconfig, vault) is kept while the links that need it hold; what the hub has of each
//! cluster is watched.

mod azure;
mod git;
mod hub;
mod reach;
mod watched;

use std::collections::BTreeMap;
use std::error::Error;

use gangplank_clusters::ReachIndex;
use gangplank_onboarding::chain::facts::{Facts, Seen};
use gangplank_onboarding::chain::{Chain, Verdict, evaluate};
use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::tree::members::Member;

use crate::azure::Azure;
pub use azure::AzureLook;
pub use git::GitLook;
pub(crate) use hub::{CLUSTER, kind};
pub use reach::prove_once;

/// Looks at a fleet, again and again.
pub struct Observer {
    fleet: Fleet,
    azure: AzureLook,
    hub: hub::HubLook,
    git: GitLook,
    reach: ReachIndex,
}

impl Observer {
    /// An observer of the fleet. `hub` is a client of the hub, `reach` is filled by the clusters controller, here or elsewhere.
    pub fn new(fleet: Fleet, azure: Azure, hub: kube::Client, git: GitLook, reach: ReachIndex) -> Self {
        Observer {
            azure: AzureLook::new(azure.clone()),
            hub: hub::HubLook::new(hub, azure, &fleet.hub.namespace),
            fleet,
            git,
            reach,
        }
    }

    /// Judges the chains of these clusters as everything is now.
    pub async fn look(&mut self, members: &[Member]) -> Vec<Chain> {
        let (access, hub, git) = tokio::join!(
            self.azure.look(&self.fleet, members),
            self.hub.look(&self.fleet),
            self.git.look(&self.fleet, members)
        );
        let mut chains = Vec::with_capacity(members.len());
        let no_overlay = Seen::Pending;
        for Member { name: cluster, .. } in members {
            let (managed, published) = self.azure.of(cluster);
            let facts = Facts {
                azure: managed,
                vault: published,
                access: &access,
                hub: &hub.facts,
                git: git.get(cluster).unwrap_or(&no_overlay),
                secret: &self.hub.secret(cluster, &hub),
                reach: &reach::of(&self.reach, cluster),
                bootstrap: &self.hub.bootstrap(cluster, &hub),
            };
            let chain = evaluate(cluster, &self.fleet, &facts);
            self.azure.keep(cluster, chain.verdicts.iter().take(3).all(Verdict::holds));
            chains.push(chain);
        }
        chains
    }

    /// The clusters that the tree in Git has overlays for, listed or not.
    pub async fn members(&mut self) -> Vec<Member> {
        self.git.members(&self.fleet).await
    }
}

/// A look that failed, with the whole chain of causes: the outermost alone rarely says what to do.
fn failed<T>(error: &dyn Error) -> Seen<T> {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    Seen::failed(text, "see that the identity that gangplank runs as may read this, then try again")
}

/// Facts by cluster.
pub(crate) type ByCluster<T> = BTreeMap<ClusterName, T>;
