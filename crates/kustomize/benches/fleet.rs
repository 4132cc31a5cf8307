//! The seed's fleet, rendered beside kubectl: `cargo bench -p gangplank-kustomize --bench fleet [-- 1000 5000 10000]`.
//!
//! Makes the layout of the guide (`base/aks-clusters`, one overlay a cluster with five JSON operations) for so many
//! clusters, and prints wall time, peak memory, the time to take up one changed overlay, and the ratio to
//! `kubectl kustomize` of the same run. kubectl is left out above 5,000 clusters, where it takes minutes, unless
//! `GANGPLANK_KUBECTL_MAX` says otherwise, and where `GANGPLANK_KUBECTL` (or the path) has none. A last line says how the
//! time of a cluster in the largest fleet compares with that in the smallest of at least 1,000.
//!
//! ```text
//! 2 cores, nothing else on the machine, without link-time optimisation
//! clusters   gangplank   peak     one changed   kubectl    peak      times faster
//!        1      2.6 ms    8 MiB        0.1 ms      54 ms    46 MiB             21
//!     1000     37.6 ms   22 MiB        0.2 ms    2839 ms    88 MiB             75
//!     5000    205.0 ms   34 MiB        0.2 ms   42813 ms   233 MiB            209
//!    10000    406.9 ms   52 MiB        0.5 ms
//! ```
//!
//! Where the time goes: a third is the system's (four calls a cluster to find and read one file), a third the overlay's
//! own YAML, the rest the patch, the order and the output. Nothing in it grows with more than n log n.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../tests/it/disk.rs"]
mod disk;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gangplank_kustomize::{Incremental, Options, Renderer};

/// The allocator of the gangplank binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BASE: &str = "apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: <TO_OVERLAY>
spec:
  refreshInterval: 1h
  secretStoreRef:
    name: argocd-prd-store
    kind: SecretStore
  target:
    name: <TO_OVERLAY>
    creationPolicy: Owner
    template:
      type: Opaque
      metadata:
        labels:
          argocd.argoproj.io/secret-type: cluster
      data:
        name: <TO_OVERLAY>
        server: \"{{ .serverUrl }}\"
        config: |
          {
            \"execProviderConfig\": {
              \"command\": \"argocd-k8s-auth\",
              \"env\": {
                \"AZURE_CLIENT_ID\": \"00000000-0000-0000-0000-000000000000\",
                \"AZURE_TENANT_ID\": \"00000000-0000-0000-0000-000000000000\",
                \"AZURE_FEDERATED_TOKEN_FILE\": \"/var/run/secrets/azure/tokens/azure-identity-token\",
                \"AZURE_AUTHORITY_HOST\": \"https://login.microsoftonline.com/\",
                \"AAD_ENVIRONMENT_NAME\": \"AzurePublicCloud\",
                \"AAD_LOGIN_METHOD\": \"workloadidentity\"
              },
              \"args\": [\"azure\"],
              \"apiVersion\": \"client.authentication.k8s.io/v1beta1\"
            },
            \"tlsClientConfig\": {
              \"insecure\": false,
              \"caData\": \"{{ .caCert }}\"
            }
          }
  data:
  - secretKey: caCert
    remoteRef:
      key: <TO_OVERLAY>
  - secretKey: serverUrl
    remoteRef:
      key: <TO_OVERLAY>
";

fn overlay(name: &str) -> String {
    let operation =
        |path: &str, value: &str| format!("    - op: replace\n      path: {path}\n      value: {value}\n");
    let operations = [
        operation("/metadata/name", &format!("{name}-cluster-external-secret")),
        operation("/spec/target/name", &format!("{name}-cluster-secret")),
        operation("/spec/target/template/data/name", name),
        operation("/spec/data/0/remoteRef/key", &format!("secret/{name}-ca-cert")),
        operation("/spec/data/1/remoteRef/key", &format!("secret/{name}-server-url")),
    ];
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\nresources:\n- ../../../../base/aks-clusters\n\npatches:\n- target:\n    kind: ExternalSecret\n  patch: |-\n{}",
        operations.concat()
    )
}

/// Writes the layout, and returns the folder of all clusters.
fn layout(root: &Path, clusters: usize) -> PathBuf {
    let put = |path: PathBuf, text: &str| {
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    };
    let argocd = root.join("manifests/argocd");
    put(argocd.join("base/aks-clusters/kustomization.yaml"), "resources:\n- external-secret.yaml\n");
    put(argocd.join("base/aks-clusters/external-secret.yaml"), BASE);
    let folder = argocd.join("overlays/prd/clusters");
    let mut list = String::from("resources:\n");
    for number in 0..clusters {
        let name = format!("aks-prd-{number:05}");
        list.push_str(&format!("- {name}\n"));
        put(folder.join(&name).join("kustomization.yaml"), &overlay(&name));
    }
    put(folder.join("kustomization.yaml"), &list);
    folder
}

/// Renders in this process, as the command does.
fn render_here(directory: &str, threads: usize) {
    let mut options = Options::new(Arc::new(disk::Disk::default()));
    options.threads = threads;
    let rendered =
        Renderer::new(options).render(directory).unwrap_or_else(|error| panic!("{}", error.render()));
    let mut out = std::io::stdout().lock();
    rendered.write_yaml(|text| out.write_all(text.as_bytes()).expect("standard output takes it"));
    out.flush().expect("standard output takes it");
}

struct Run {
    wall: Duration,
    peak: u64,
    bytes: Vec<u8>,
}

/// Runs a command; its peak memory is looked at while it runs.
fn run(command: &mut Command) -> Run {
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program runs");
    let mut out = child.stdout.take().expect("it is piped");
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut out, &mut bytes).expect("the output can be read");
        bytes
    });
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
            peak = peak.max(kilobytes.unwrap_or(0));
        }
        if child.try_wait().expect("it can be waited for").is_some() {
            break;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    let wall = begin.elapsed();
    Run { wall, peak, bytes: reader.join().expect("the reader ends") }
}

fn best(times: usize, mut run: impl FnMut() -> Run) -> Run {
    let first = run();
    (1..times).fold(first, |best, _| {
        let next = run();
        Run { wall: best.wall.min(next.wall), peak: best.peak.max(next.peak), bytes: next.bytes }
    })
}

/// The best time to take up one changed overlay.
fn update(folder: &Path, clusters: usize) -> Duration {
    let target = folder.to_string_lossy();
    let mut incremental = Incremental::new(Options::new(Arc::new(disk::Disk::default())), &target);
    incremental.render().unwrap_or_else(|error| panic!("{}", error.render()));
    let name = format!("aks-prd-{:05}", clusters / 2);
    let file = folder.join(&name).join("kustomization.yaml");
    let times = (0..5).map(|round| {
        fs::write(&file, overlay(&format!("{name}-{round}"))).expect("a file can be written");
        let begin = Instant::now();
        let update =
            incremental.update(&[&*file.to_string_lossy()]).unwrap_or_else(|e| panic!("{}", e.render()));
        let wall = begin.elapsed();
        assert!(!update.whole && update.written.len() == 1, "one overlay is rendered, and no more");
        wall
    });
    let best = times.min().unwrap_or_default();
    fs::write(&file, overlay(&name)).expect("a file can be written");
    best
}

fn kubectl() -> Option<PathBuf> {
    let program =
        std::env::var_os("GANGPLANK_KUBECTL").map_or_else(|| PathBuf::from("kubectl"), PathBuf::from);
    let output = Command::new(&program).args(["version", "--client"]).output().ok()?;
    String::from_utf8_lossy(&output.stdout).contains("Kustomize Version: v5.8.1").then_some(program)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if let [flag, directory] = &arguments[..]
        && flag == "--one"
    {
        render_here(directory, threads);
        return;
    }
    let sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1, 1000, 5000, 10_000] } else { sizes };
    let kubectl = kubectl();
    let most = std::env::var("GANGPLANK_KUBECTL_MAX").ok().and_then(|text| text.parse().ok()).unwrap_or(5000);
    let me = std::env::current_exe().expect("a program knows itself");
    println!("| clusters | gangplank | peak | one changed | kubectl | peak | times faster | equal |");
    println!("|---:|---:|---:|---:|---:|---:|---:|---|");
    let mut each: Vec<(usize, f64)> = Vec::new();
    for size in sizes {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let target = layout(&fs::canonicalize(folder.path()).expect("it is there"), size);
        let ours = best(5, || run(Command::new(&me).arg("--one").arg(&target)));
        if size >= 1000 {
            #[expect(clippy::cast_precision_loss, reason = "a count of clusters")]
            each.push((size, ours.wall.as_secs_f64() / size as f64));
        }
        let row = format!(
            "| {size} | {:.1} ms | {} MiB | {:.1} ms |",
            ours.wall.as_secs_f64() * 1e3,
            ours.peak / 1024,
            update(&target, size).as_secs_f64() * 1e3
        );
        match kubectl.as_ref().filter(|_| size <= most) {
            Some(kubectl) => {
                let theirs = run(Command::new(kubectl).arg("kustomize").arg(&target));
                let faster = theirs.wall.as_secs_f64() / ours.wall.as_secs_f64();
                println!(
                    "{row} {:.0} ms | {} MiB | {faster:.0} | {} |",
                    theirs.wall.as_secs_f64() * 1e3,
                    theirs.peak / 1024,
                    theirs.bytes == ours.bytes
                );
            }
            None => println!("{row} – | – | – | – |"),
        }
    }
    if let (Some((small, first)), Some((large, last))) = (each.first(), each.last()) {
        println!("\nA cluster among {large} takes {:.2} times as long as one among {small}.", last / first);
    }
}
