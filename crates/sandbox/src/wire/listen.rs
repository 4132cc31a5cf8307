//! Loopback ports, and the connections that come to them: a bounded number at once, each with a task of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// So many connections are served at once; further ones wait in the listener's queue.
const CONNECTIONS: usize = 16 * 1024;

/// A connection's place among those that are served at once; it is free again when nobody holds it.
pub(crate) type Place = Arc<OwnedSemaphorePermit>;

/// Opens a loopback port; 0 lets the system choose.
pub(crate) async fn bind(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Accepts connections until `stop` and gives each a task, a bounded number at once.
///
/// The system running out of file descriptors is waited out: the connections that hold them will end.
pub(crate) async fn accept<F, T>(
    listener: TcpListener,
    tracker: TaskTracker,
    stop: CancellationToken,
    mut handle: F,
) where
    F: FnMut(TcpStream, Place) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let next = async {
            let permit = room.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, permit))
        };
        let (stream, permit) = tokio::select! {
            () = stop.cancelled() => return,
            next = next => match next {
                Some((Ok((stream, _)), permit)) => (stream, permit),
                Some((Err(error), _)) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
                None => return,
            },
        };
        // Small exchanges: waiting to fill a segment would only add latency.
        let _ = stream.set_nodelay(true);
        let work = handle(stream, Arc::new(permit));
        let stop = stop.clone();
        tracker.spawn(async move {
            tokio::select! { () = stop.cancelled() => {}, () = work => {} }
        });
    }
}
