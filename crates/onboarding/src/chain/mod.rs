//! The chain: eight links, in the order in which they hold. A cluster is aboard when all of them do.
//!
//! ```text
//!  cluster ▸ published ▸ federated ▸ store ▸ declared ▸ synced ▸ reachable ▸ bootstrapped
//!  └─ Azure ─────────────────────┘   └─ hub ┘ └─ Git ─┘ └─ hub ┘ └─ the cluster itself ──┘
//! ```
//!
//! [`evaluate`] judges one cluster from [`Facts`]. A link file holds one function, `judge`, which sees the facts of its own link
//! and says [`Verdict::Holds`], [`Verdict::Broken`] with cause and mend, or [`Verdict::Waiting`].
//!
//! Invariants:
//! - The first link that does not hold decides: all after it are waiting for it, never broken. One cause, one mend.
//! - "Not yet" is a verdict, never an error, and so is "could not look": a fact that could not be observed breaks the link with
//!   the reason why.
//! - Nothing here looks by itself, and no verdict depends on the order or the time in which facts were gathered.

mod absent;
mod bootstrapped;
mod cluster;
mod declared;
pub mod facts;
mod federated;
mod published;
mod reachable;
mod store;
mod synced;

use std::fmt;

use serde::Serialize;

use crate::fleet::Fleet;
use crate::names::ClusterName;
use facts::Facts;

/// A link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// The AKS cluster exists, with Entra and Azure RBAC on.
    Cluster,
    /// The vault holds its CA and URL, and they equal what the cluster says today.
    Published,
    /// Argo CD's identity trusts the hub's service accounts and has its role on the cluster.
    Federated,
    /// The secrets identity can read the vault, and the store is ready.
    Store,
    /// The overlay stands in Git, is listed by its parent, and renders without a leftover.
    Declared,
    /// The ExternalSecret is Ready, and the Secret carries the label and the vault's values.
    Synced,
    /// DNS, TCP, TLS against the stored CA, token, `/version`, access review: all as Argo CD itself.
    Reachable,
    /// The cluster-bootstrap application is synced and healthy.
    Bootstrapped,
}

impl Link {
    /// All links, in order.
    pub const ALL: [Link; 8] = [
        Link::Cluster,
        Link::Published,
        Link::Federated,
        Link::Store,
        Link::Declared,
        Link::Synced,
        Link::Reachable,
        Link::Bootstrapped,
    ];

    /// The name by which everything calls it.
    pub fn name(self) -> &'static str {
        match self {
            Link::Cluster => "cluster",
            Link::Published => "published",
            Link::Federated => "federated",
            Link::Store => "store",
            Link::Declared => "declared",
            Link::Synced => "synced",
            Link::Reachable => "reachable",
            Link::Bootstrapped => "bootstrapped",
        }
    }

    /// What it means that the link holds.
    pub fn holds_when(self) -> &'static str {
        match self {
            Link::Cluster => "the AKS cluster exists, with Entra and Azure RBAC on",
            Link::Published => "the vault holds its CA and URL, and they equal what the cluster says today",
            Link::Federated => {
                "Argo CD's identity trusts the hub's service accounts and has its role on the cluster"
            }
            Link::Store => "the secrets identity can read the vault, and the store is ready",
            Link::Declared => {
                "the overlay stands in Git, is listed by its parent, and renders without a leftover"
            }
            Link::Synced => {
                "the ExternalSecret is Ready, and the Secret carries the label and the vault's values"
            }
            Link::Reachable => {
                "Argo CD's identity reaches the API server: DNS, TCP, TLS, token, version, access"
            }
            Link::Bootstrapped => "the cluster-bootstrap application is synced and healthy",
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What was found of one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not, and will not by itself.
    Broken {
        /// Why: which object, what about it.
        cause: String,
        /// What to do.
        mend: String,
    },
    /// It does not hold yet, and nothing is known to be wrong.
    Waiting {
        /// What it waits for.
        on: String,
    },
}

impl Verdict {
    /// Broken, by this cause and with this mend.
    pub fn broken(cause: impl Into<String>, mend: impl Into<String>) -> Self {
        Verdict::Broken { cause: cause.into(), mend: mend.into() }
    }

    /// Waiting on this.
    pub fn waiting(on: impl Into<String>) -> Self {
        Verdict::Waiting { on: on.into() }
    }

    /// Whether it holds.
    pub fn holds(&self) -> bool {
        matches!(self, Verdict::Holds)
    }

    /// The state's name, as outputs write it.
    pub fn state(&self) -> &'static str {
        match self {
            Verdict::Holds => "holds",
            Verdict::Broken { .. } => "broken",
            Verdict::Waiting { .. } => "waiting",
        }
    }
}

/// The chain of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Which cluster.
    pub cluster: ClusterName,
    /// A verdict for each link of [`Link::ALL`].
    pub verdicts: [Verdict; 8],
}

impl Chain {
    /// The first link that does not hold, with its verdict. `None`: the cluster is aboard.
    pub fn first_open(&self) -> Option<(Link, &Verdict)> {
        Link::ALL.into_iter().zip(&self.verdicts).find(|(_, verdict)| !verdict.holds())
    }

    /// Whether every link holds.
    pub fn is_aboard(&self) -> bool {
        self.first_open().is_none()
    }

    /// Whether a link is broken.
    pub fn is_broken(&self) -> bool {
        matches!(self.first_open(), Some((_, Verdict::Broken { .. })))
    }
}

/// Judges the chain of one cluster.
pub fn evaluate(cluster: &ClusterName, fleet: &Fleet, facts: &Facts<'_>) -> Chain {
    let mut open: Option<Link> = None;
    let verdicts = Link::ALL.map(|link| {
        if let Some(first) = open {
            return Verdict::waiting(format!("the link `{first}`"));
        }
        let verdict = match link {
            Link::Cluster => cluster::judge(cluster, facts.azure),
            Link::Published => published::judge(cluster, fleet, facts.azure, facts.vault),
            Link::Federated => federated::judge(cluster, fleet, facts),
            Link::Store => store::judge(fleet, facts),
            Link::Declared => declared::judge(cluster, fleet, facts.git, facts.hub),
            Link::Synced => synced::judge(cluster, facts.secret, facts.vault),
            Link::Reachable => reachable::judge(facts.reach),
            Link::Bootstrapped => bootstrapped::judge(facts.bootstrap),
        };
        if !verdict.holds() {
            open = Some(link);
        }
        verdict
    });
    Chain { cluster: cluster.clone(), verdicts }
}
