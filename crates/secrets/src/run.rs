//! The entry: lead, watch, work, and end in order.

use crate::controller::worker::{self, Failures};
use crate::controller::{Context, watch};
use crate::options::Options;
use crate::ports::Ports;
use gangplank_runtime::{LeadershipError, Shutdown, lead};
use kube::Client;
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Why the operator ended without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Leadership was lost.
    #[error("the secrets operator does not lead any more")]
    Leadership(#[source] LeadershipError),
    /// A task panicked; the rest has ended in order.
    #[error("a part of the secrets operator ended badly")]
    Task(#[source] tokio::task::JoinError),
}

/// Runs the operator until `shutdown`, as the leader where options ask for that. What is under way is finished first.
pub async fn run(client: Client, ports: Ports, options: Options, shutdown: Shutdown) -> Result<(), Error> {
    match options.leadership.clone() {
        None => work(client, ports, options, shutdown.token()).await,
        Some(leadership) => {
            let leading =
                lead(client.clone(), leadership, shutdown, |token| work(client, ports, options, token));
            leading.await.map_err(Error::Leadership)?.unwrap_or(Ok(()))
        }
    }
}

async fn work(client: Client, ports: Ports, options: Options, stop: CancellationToken) -> Result<(), Error> {
    let stop = stop.child_token();
    let concurrency = options.concurrency.max(1);
    let context = Context::new(client, ports, options);
    let failures = Arc::new(Failures::new());
    let (listed, mut seen) = tokio::sync::watch::channel(0);
    let mut tasks = JoinSet::new();
    watch::start(&context, &mut tasks, &listed, &stop);
    // Before all is listed, a missing store or Secret would only be one that has not been shown yet.
    let all_listed = tokio::select! {
        () = stop.cancelled() => false,
        listed = seen.wait_for(|count| *count >= watch::WATCHES) => listed.is_ok(),
    };
    if all_listed {
        tracing::info!(depth = context.queue().depth(), "secrets operator is working");
        if let Some(health) = &context.options().health {
            health.ready();
        }
        for _ in 0..concurrency {
            let (context, failures, stop) = (context.clone(), Arc::clone(&failures), stop.clone());
            tasks.spawn(async move { worker::run(&context, &failures, &stop).await });
        }
    }
    let mut outcome = Ok(());
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            // The others finish what they are at.
            stop.cancel();
            outcome = Err(Error::Task(error));
        }
    }
    context.settle().await;
    outcome
}
