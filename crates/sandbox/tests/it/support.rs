//! A world for a test, and what tests do in it again and again.

use std::net::SocketAddr;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gangplank_sandbox::{ClusterFacts, Options, World, cluster_names};
use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, Reply};

/// Starts a world with so many clusters.
pub(crate) async fn world(clusters: usize) -> World {
    World::start(Options { clusters: cluster_names(clusters), ..Options::default() }).await.expect("a world")
}

/// Sends bytes to a port as they stand and returns all that comes back until it closes.
pub(crate) async fn say(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("an open port");
    // A server that has had enough may close first: what it said counts.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A client that trusts the sandbox's authority.
pub(crate) fn azure(world: &World) -> Client {
    Client { proxy: Some(world.proxy()), roots: world.ca_pem().to_owned(), ..Client::default() }
}

/// Reads a kubeconfig's one value of this key and decodes it.
pub(crate) fn from_kubeconfig(file: &Path, key: &str) -> String {
    let text = std::fs::read_to_string(file).expect("a kubeconfig");
    let line = text.lines().find_map(|line| line.trim().strip_prefix(&format!("{key}: "))).expect(key);
    String::from_utf8(BASE64.decode(line).expect("base64")).expect("PEM")
}

/// A client that trusts a cluster's authority and shows nothing of its own.
pub(crate) fn stranger(world: &World, cluster: &ClusterFacts) -> Client {
    let roots = from_kubeconfig(&cluster.kubeconfig, "certificate-authority-data");
    Client { proxy: Some(world.proxy()), roots, ..Client::default() }
}

/// A cluster's administrator, by the certificate of its kubeconfig.
pub(crate) fn administrator(world: &World, cluster: &ClusterFacts) -> Client {
    let read = |key| from_kubeconfig(&cluster.kubeconfig, key);
    let identity = Some((read("client-certificate-data"), read("client-key-data")));
    Client { identity, h2: true, ..stranger(world, cluster) }
}

/// Exchanges a token for one of Entra's.
pub(crate) async fn login(world: &World, client_id: &str, assertion: &str, scope: &str) -> Reply {
    let facts = world.facts();
    let url = format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", facts.tenant_id);
    let form = format!(
        "grant_type=client_credentials&client_id={client_id}&scope={scope}&client_assertion={assertion}\
         &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    azure(world).send(Method::POST, &url, form).await.expect("an answer of Entra")
}

pub(crate) const MANAGEMENT: &str = "https://management.azure.com/.default";
pub(crate) const VAULT: &str = "https://vault.azure.net/.default";
pub(crate) const AKS: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

/// The platform engineer, logged in for a scope.
pub(crate) async fn engineer(world: &World, scope: &str) -> Client {
    let engineer = &world.facts().engineer;
    let assertion = std::fs::read_to_string(&engineer.token_file).expect("the engineer's token");
    let reply = login(world, &engineer.client_id, &assertion, scope).await;
    let token = reply.json()["access_token"].as_str().map(str::to_owned);
    let token = token.unwrap_or_else(|| panic!("no login: {}", reply.text()));
    Client { token: Some(token), ..azure(world) }
}

/// A token of a ServiceAccount of the hub, which is made where it is missing.
pub(crate) async fn hub_token(world: &World, namespace: &str, name: &str) -> String {
    let hub = &world.facts().hub;
    let client = administrator(world, hub);
    let namespaces = format!("{}/api/v1/namespaces", hub.server);
    let accounts = format!("{namespaces}/{namespace}/serviceaccounts");
    for (url, name) in [(&namespaces, namespace), (&accounts, name)] {
        let reply = client.send(Method::POST, url, json!({"metadata": {"name": name}}).to_string()).await;
        let reply = reply.expect("an answer of the hub");
        assert!([201, 409].contains(&reply.status.as_u16()), "{}", reply.text());
    }
    let spec = json!({"spec": {"audiences": ["api://AzureADTokenExchange"]}}).to_string();
    let reply =
        client.send(Method::POST, &format!("{accounts}/{name}/token"), spec).await.expect("an answer");
    let token: Value = reply.json()["status"]["token"].clone();
    token.as_str().unwrap_or_else(|| panic!("no token: {}", reply.text())).to_owned()
}
