//! The proof of reach, as the chain sees it.

use std::time::Duration;

use gangplank_clusters::{Clusters, ReachIndex, ReachState};
use gangplank_onboarding::chain::facts::Seen;
use gangplank_onboarding::names::ClusterName;
use gangplank_runtime::{Health, Metrics, Shutdown};

/// What the index says of a cluster.
pub(super) fn of(index: &ReachIndex, cluster: &ClusterName) -> Seen<()> {
    let Some(reach) = index.by_secret(&cluster.secret()) else { return Seen::Pending };
    match &reach.state {
        ReachState::Unproven => Seen::Pending,
        ReachState::Reachable { .. } => Seen::Known(()),
        ReachState::Unreachable(failure) => {
            let who =
                failure.service_account.as_ref().map(|name| format!(" as `{name}`")).unwrap_or_default();
            Seen::failed(format!("{}{who}: {}", failure.hop, failure.cause), failure.mend.clone())
        }
    }
}

/// Proves the reach of every cluster Secret once, without leaving a controller behind. Ends when all are proven or `patience` is over.
pub async fn prove_once(clusters: &Clusters, secrets: usize, patience: Duration) {
    let shutdown = Shutdown::new();
    let (metrics, health) = (Metrics::new(), Health::new());
    let mut changes = clusters.reach.subscribe();
    let running = gangplank_clusters::run(clusters.clone(), &metrics, &health, shutdown.clone());
    let proven = async {
        let open = || {
            clusters.reach.all().iter().filter(|reach| reach.state != ReachState::Unproven).count() < secrets
        };
        while open() {
            if let Err(tokio::sync::broadcast::error::RecvError::Closed) = changes.recv().await {
                break;
            }
        }
    };
    tokio::select! {
        () = running => {}
        () = proven => {}
        () = tokio::time::sleep(patience) => {}
    }
    shutdown.trigger();
}
