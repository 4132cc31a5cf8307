//! The entry: lead, watch, work, and end in order.

use crate::controller::worker::{self, Failures};
use crate::controller::{Context, watch};
use crate::options::Options;
use crate::ports::Ports;
use gangplank_runtime::{LeadershipError, Shutdown, lead};
use kube::Client;
use tokio_util::sync::CancellationToken;

/// Why the operator ended without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Leadership was lost.
    #[error("the secrets operator does not lead any more")]
    Leadership(#[source] LeadershipError),
}

/// Runs the operator until `shutdown`, as the leader where options ask for that. What is under way is finished first.
pub async fn run(client: Client, ports: Ports, options: Options, shutdown: Shutdown) -> Result<(), Error> {
    match options.leadership.clone() {
        None => {
            work(client, ports, options, shutdown.token()).await;
            Ok(())
        }
        Some(leadership) => {
            let leading =
                lead(client.clone(), leadership, shutdown, |token| work(client, ports, options, token));
            leading.await.map(|_| ()).map_err(Error::Leadership)
        }
    }
}

async fn work(client: Client, ports: Ports, options: Options, stop: CancellationToken) {
    let concurrency = options.concurrency.max(1);
    let context = Context::new(client, ports, options);
    let failures = Failures::new();
    let (listed, mut seen) = tokio::sync::watch::channel(0);
    let workers = async {
        // Before all is listed, a missing store or Secret would only be one that has not been shown yet.
        let listed = seen.wait_for(|count| *count >= watch::WATCHES);
        tokio::select! {
            () = stop.cancelled() => return,
            _ = listed => {}
        }
        tracing::info!(depth = context.queue().depth(), "secrets operator is working");
        let workers = (0..concurrency).map(|_| worker::run(&context, &failures, &stop));
        futures::future::join_all(workers).await;
    };
    futures::join!(watch::run(&context, listed, &stop), workers);
    context.settle().await;
}
