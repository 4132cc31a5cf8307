//! How fast this server is, beside a real kube-apiserver in the same run: `cargo bench -p gangplank-apiserver`.
//!
//! Both answer over TLS on loopback, to the same clients. The real one and its etcd are started by the run where `cargo xtask
//! peers` has built them; else its column is empty. Prints a table in Markdown.

#![expect(clippy::unwrap_used, reason = "a benchmark that can not go on panics")]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

#[path = "../../tests/it/differential/real.rs"]
mod real;
mod serve;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gangplank_apiserver::{ApiServer, Builder, Peer, TokenFile};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};

use crate::real::{Connection, Real, TOKENS};

/// The allocator of the gangplank binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Clients at the same time.
const CLIENTS: usize = 8;
const OBJECTS: usize = 1_000;
const READS: usize = 4_000;
const LISTS: usize = 100;
const WATCHERS: usize = 100;
const EVENTS: usize = 100;

fn builder() -> Builder {
    ApiServer::builder("bench")
        .issuer("https://issuer.example/")
        .seed(1)
        .token_file(TokenFile::parse(TOKENS).unwrap())
}

/// The same, for the server in this process.
async fn ask(server: &ApiServer, method: &str, path: &str, body: &Value) -> (u16, Bytes) {
    let (parts, _) = request(method, path, JSON, body).into_parts();
    let request = Request::from_parts(parts, Bytes::from(body.to_string()));
    let answer = server.handle(request, &Peer::default()).await;
    let status = answer.status().as_u16();
    (status, answer.into_body().collect().await.unwrap().to_bytes())
}

fn request(method: &str, path: &str, kind: &str, body: &Value) -> Request<Full<Bytes>> {
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer admintoken")
        .header("content-type", kind)
        .body(Full::new(body))
        .unwrap()
}

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
const JSON: &str = "application/json";

fn config_map(index: usize, value: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": format!("m-{index:05}"), "labels": {"app": "bench"}},
        "data": {"key": value, "text": "x".repeat(200)},
    })
}

/// Sends `count` requests over all connections; how many a second.
async fn rate(
    connections: &[Arc<Connection>],
    count: usize,
    make: impl Fn(usize) -> Request<Full<Bytes>> + Send + Sync + 'static,
) -> f64 {
    let (next, make) = (Arc::new(AtomicUsize::new(0)), Arc::new(make));
    let began = Instant::now();
    let clients: Vec<_> = connections
        .iter()
        .map(|connection| {
            let (connection, next, make) = (connection.clone(), next.clone(), make.clone());
            tokio::spawn(async move {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        break;
                    }
                    let answer = connection.send(make(index)).await.unwrap();
                    assert!(answer.status < 300, "{}: {:?} {:?}", answer.status, answer.headers, answer.body);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    count as f64 / began.elapsed().as_secs_f64()
}

/// Events a second that reach all watchers while objects are created.
async fn fan_out(server: &Served<'_>) -> f64 {
    let mut watchers = Vec::new();
    let path = "/api/v1/namespaces/default/secrets?watch=true&timeoutSeconds=600";
    for _ in 0..WATCHERS {
        let connection = server.connect().await;
        let answer = connection.begin(request("GET", path, JSON, &Value::Null)).await.unwrap();
        // The connection lives as long as its watch.
        watchers.push((connection, answer.into_body()));
    }
    let writer = server.connect().await;
    let began = Instant::now();
    let readers: Vec<_> = watchers
        .into_iter()
        .map(|(connection, mut body)| {
            tokio::spawn(async move {
                let mut seen = 0;
                while seen < EVENTS {
                    let frame = body.frame().await.unwrap().unwrap();
                    let chunk = frame.into_data().unwrap_or_default();
                    seen += chunk.iter().filter(|byte| **byte == b'\n').count();
                }
                drop(connection);
            })
        })
        .collect();
    for index in 0..EVENTS {
        let body = json!({"metadata": {"name": format!("s-{index}")}, "data": {"k": "YQ=="}});
        let made = writer.send(request("POST", "/api/v1/namespaces/default/secrets", JSON, &body)).await;
        assert_eq!(made.unwrap().status, 201);
    }
    for reader in readers {
        reader.await.unwrap();
    }
    (EVENTS * WATCHERS) as f64 / began.elapsed().as_secs_f64()
}

/// A server under test.
enum Served<'a> {
    Real(&'a Real),
    Ours(&'a serve::Served),
}

impl Served<'_> {
    async fn connect(&self) -> Arc<Connection> {
        Arc::new(match self {
            Served::Real(real) => real.connect().await.unwrap(),
            Served::Ours(ours) => real::connect(&ours.tls, ours.port).await.unwrap(),
        })
    }
}

/// The rates of one server: create, get, list, apply, watch.
async fn rates(server: Served<'_>) -> [f64; 5] {
    let mut connections = Vec::new();
    for _ in 0..CLIENTS {
        connections.push(server.connect().await);
    }
    let create =
        rate(&connections, OBJECTS, |index| request("POST", MAPS, JSON, &config_map(index, "new"))).await;
    let get = rate(&connections, READS, |index| {
        request("GET", &format!("{MAPS}/m-{:05}", index % OBJECTS), JSON, &Value::Null)
    })
    .await;
    let list = rate(&connections, LISTS, |_| request("GET", MAPS, JSON, &Value::Null)).await;
    let apply = rate(&connections, OBJECTS, |index| {
        let path = format!("{MAPS}/m-{index:05}?fieldManager=bench&force=true");
        request("PATCH", &path, "application/apply-patch+yaml", &config_map(index, "applied"))
    })
    .await;
    [create, get, list, apply, fan_out(&server).await]
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

/// Memory of one more idle cluster, and of an object beyond its own JSON, in bytes; and the time to the first answer.
async fn costs() -> (usize, isize, Duration) {
    const CLUSTERS: usize = 200;
    const STORED: usize = 10_000;
    // What all clusters share is there after the first.
    let mut kept = vec![builder().build().unwrap()];
    let before = resident();
    kept.extend((0..CLUSTERS).map(|_| builder().build().unwrap()));
    let idle = resident().saturating_sub(before) / CLUSTERS;
    let mut size = 0;
    let before = resident();
    for index in 0..STORED {
        let (_, body) = ask(&kept[0], "POST", MAPS, &config_map(index, "v")).await;
        size += body.len();
    }
    let object = (resident() as isize - before as isize - size as isize) / STORED as isize;
    let began = Instant::now();
    let server = builder().build().unwrap();
    assert_eq!(ask(&server, "GET", "/readyz", &Value::Null).await.0, 200);
    (idle, object, began.elapsed())
}

fn main() {
    // `cargo test` runs benches too, to see that they build.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (idle, object, start) = costs().await;
        let server = builder().build().unwrap();
        let key = server.signing_key_pem().unwrap();
        let ours = serve::serve(server).await;
        let mine = rates(Served::Ours(&ours)).await;
        let theirs = match Real::start(&key).await {
            Some(real) => Some(rates(Served::Real(&real)).await),
            None => None,
        };
        println!("| | gangplank | kube-apiserver | ratio |\n|---|---|---|---|");
        let names = [
            "create a second",
            "get a second",
            "lists of 1,000 a second",
            "server-side applies a second",
            "watch events a second, 100 watchers",
        ];
        for (index, name) in names.iter().enumerate() {
            let (real, ratio) = match theirs {
                Some(theirs) => {
                    (format!("{:.0}", theirs[index]), format!("{:.1}", mine[index] / theirs[index]))
                }
                None => ("not here".to_owned(), String::new()),
            };
            println!("| {name} | {:.0} | {real} | {ratio} |", mine[index]);
        }
        println!("| idle cluster, KiB | {} | | |", idle / 1024);
        println!("| object beyond its own size, bytes | {object} | | |");
        println!("| start to the first answer, ms | {:.1} | | |", start.as_secs_f64() * 1e3);
    });
}
