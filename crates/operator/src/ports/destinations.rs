//! `applications` deploys to clusters; `clusters` knows the way to each.

use futures::StreamExt as _;
use futures::stream::BoxStream;
use gangplank_applications::{
    ClusterFacts, Destination, DestinationChange, DestinationError, Destinations as Port,
};
use gangplank_clusters::{ClusterClients, Clusters, ReachIndex};
use tokio::sync::broadcast::error::RecvError;

/// The clusters that Argo CD's Secrets declare.
#[derive(Clone)]
pub struct Destinations {
    clients: ClusterClients,
    reach: ReachIndex,
}

impl Destinations {
    /// The destinations that the clusters controller knows.
    pub fn new(clusters: &Clusters) -> Self {
        Destinations { clients: clusters.clients.clone(), reach: clusters.reach.clone() }
    }
}

impl Port for Destinations {
    fn resolve(&self, server: &str, name: &str) -> Result<Destination, DestinationError> {
        use gangplank_clusters::DestinationError as Why;
        match self.clients.resolve(server, name) {
            Ok(found) => Ok(Destination { server: found.server, name: found.name, client: found.client }),
            Err(error @ (Why::UnknownName { .. } | Why::UnknownServer { .. } | Why::Ambiguous { .. })) => {
                Err(DestinationError::Unresolvable(error.to_string()))
            }
            Err(error) => Err(DestinationError::Unusable(error.to_string())),
        }
    }

    fn clusters(&self) -> Vec<ClusterFacts> {
        let facts = |cluster: &gangplank_clusters::ClusterSecret| ClusterFacts {
            name: cluster.name.clone(),
            server: cluster.raw_server.clone(),
            project: cluster.project.clone(),
            labels: cluster.labels.clone(),
            annotations: cluster.annotations.clone(),
        };
        self.clients.clusters().iter().map(|cluster| facts(cluster)).collect()
    }

    fn failed(&self, server: &str) {
        self.clients.report(server);
    }

    fn changes(&self) -> BoxStream<'static, DestinationChange> {
        let receiver = self.reach.subscribe();
        let next = |mut receiver: tokio::sync::broadcast::Receiver<gangplank_clusters::ReachChange>| async move {
            match receiver.recv().await {
                Ok(change) => {
                    Some((DestinationChange { server: change.server, name: change.name }, receiver))
                }
                // What was missed may concern anyone: an empty change says to look at all.
                Err(RecvError::Lagged(_)) => Some((DestinationChange::default(), receiver)),
                Err(RecvError::Closed) => None,
            }
        };
        futures::stream::unfold(receiver, next).boxed()
    }
}
