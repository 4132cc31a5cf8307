//! A world for a test, and the raw clients that meet it.

use std::net::SocketAddr;

use gangplank_sandbox::{Options, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Starts a world without clusters.
pub(crate) async fn world() -> World {
    World::start(Options { clusters: Vec::new(), ..Options::default() }).await.expect("a world")
}

/// Sends bytes to a port as they stand and returns all that comes back until it closes.
pub(crate) async fn say(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("an open port");
    stream.write_all(bytes).await.expect("a port that takes bytes");
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    // A server that has closed already may reset: what was read counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
