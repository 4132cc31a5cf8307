//! `cargo xtask bench secrets [COUNT] [eso]`: what the secrets operator costs on a real kube-apiserver, beside External Secrets where its
//! program is among the peers.
//!
//! ```text
//!   sandbox: Azure ◀── HTTPS_PROXY ── the operator under measurement ──▶ kube-apiserver + etcd, one pair a program
//! ```
//!
//! All objects have the shape of a cluster's ExternalSecret: two keys of the vault and a template. They are there before the operator
//! starts, so that the rate is the operator's and not kubectl's.

mod hub;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hub::Hub;
use serde_json::{Value, json};

/// How many objects, where the command line does not say.
const COUNT: usize = 10_000;

/// Refreshes are due so long after the last one.
const INTERVAL: Duration = Duration::from_secs(300);

/// How long any step may take.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// A process that ends with the benchmark.
pub(super) struct Running(Child);

impl Running {
    /// Asks the process to end, and waits for it: so a rollout replaces one.
    fn end(mut self) -> Result<(), String> {
        let asked = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        asked
            .and_then(|_| self.0.wait())
            .map(|_| ())
            .map_err(|error| format!("cannot end the operator: {error}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn start(command: &mut Command, log: &Path) -> Result<Running, String> {
    let open = || fs::OpenOptions::new().create(true).append(true).open(log);
    let files = open().and_then(|out| Ok((out, open()?)));
    let (out, err) = files.map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
    child.map(Running).map_err(|error| format!("cannot start {command:?}: {error}"))
}

/// Tries until it works out; every pause is a tenth of a second.
pub(super) fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> Result<T, String> {
    let began = Instant::now();
    loop {
        if let Some(done) = attempt() {
            return Ok(done);
        }
        if began.elapsed() > PATIENCE {
            return Err(format!("gave up on: {what}"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What one program did.
#[derive(Default)]
struct Measured {
    rate: f64,
    cpu_milliseconds: f64,
    resident: u64,
    logins: u64,
    /// Only of ours.
    restart: Option<f64>,
    written: Option<usize>,
    new_beside: Option<f64>,
}

/// Which program is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    Ours,
    ExternalSecrets,
}

/// Builds the release binary and measures; returns the table.
pub(crate) fn run(root: &Path, arguments: &[&str], tell: impl Fn(&str)) -> Result<String, String> {
    let count = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(COUNT);
    super::build(root, &tell)?;
    let peers = crate::peers::folder()?;
    let folder = std::env::temp_dir().join(format!("gangplank-bench-{}", std::process::id()));
    let outcome = measure_all(root, &peers, &folder, count, arguments.contains(&"eso"), &tell);
    // What is left is only the machine's own temporary folder.
    let _ = fs::remove_dir_all(&folder);
    outcome
}

fn measure_all(
    root: &Path,
    peers: &Path,
    folder: &Path,
    count: usize,
    beside: bool,
    tell: &impl Fn(&str),
) -> Result<String, String> {
    let azure = Azure::start(root, folder)?;
    let ours = measure(Program::Ours, root, peers, folder, &azure, count, tell)?;
    let theirs = match beside && peers.join("bin/external-secrets").exists() {
        true => Some(measure(Program::ExternalSecrets, root, peers, folder, &azure, count, tell)?),
        false => None,
    };
    Ok(table(count, &ours, theirs.as_ref()))
}

/// The sandbox, for its Azure.
struct Azure {
    environment: BTreeMap<String, String>,
    world: PathBuf,
    issuer: String,
    _sandbox: Running,
}

impl Azure {
    fn start(root: &Path, folder: &Path) -> Result<Azure, String> {
        let worlds = folder.join("worlds");
        fs::create_dir_all(&worlds).map_err(|error| format!("cannot make {}: {error}", worlds.display()))?;
        let mut sandbox = Command::new(root.join("target/release/gangplank"));
        sandbox.args(["sandbox", "--clusters", "1"]).env("TMPDIR", &worlds);
        let log = folder.join("sandbox.log");
        let sandbox = start(&mut sandbox, &log)?;
        until("the sandbox", || fs::read_to_string(&log).ok()?.contains("aboard").then_some(()))?;
        let world = until("the sandbox's state", || {
            let worlds = fs::read_dir(&worlds).ok()?.flatten().map(|entry| entry.path());
            worlds.filter(|path| path.join("world.json").exists()).last()
        })?;
        let state = fs::read_to_string(world.join("world.json")).map_err(|error| error.to_string())?;
        let state: Value = serde_json::from_str(&state).map_err(|error| error.to_string())?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let issuer = text(&state["facts"]["hub"]["issuer_url"]);
        let variables = ["HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"];
        let environment =
            variables.iter().map(|name| ((*name).to_owned(), text(&state["environment"][name]))).collect();
        Ok(Azure { environment, world, issuer, _sandbox: sandbox })
    }
}

fn measure(
    program: Program,
    root: &Path,
    peers: &Path,
    folder: &Path,
    azure: &Azure,
    count: usize,
    tell: &impl Fn(&str),
) -> Result<Measured, String> {
    let name = if program == Program::Ours { "gangplank" } else { "external-secrets" };
    let folder = folder.join(name);
    let hub = Hub::start(peers, &folder, &azure.issuer, &azure.world.join("hub-signing-key.pem"))?;
    let binary = root.join("target/release/gangplank");
    let crds = Command::new(&binary).arg("crds").output().map_err(|error| error.to_string())?;
    hub.apply(&String::from_utf8_lossy(&crds.stdout))?;
    if program == Program::ExternalSecrets {
        hub.apply(GENERATOR_STATE)?;
    }
    hub.apply(r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}"#)?;
    let store = azure.world.join("platform/manifests/argocd/overlays/prd/secret-store.yaml");
    hub.apply(&fs::read_to_string(&store).map_err(|error| format!("{}: {error}", store.display()))?)?;
    tell(&format!("{name}: {count} objects are made"));
    hub.create(&(0..count).map(|number| object(&format!("cluster-{number}"))).collect::<Vec<_>>())?;

    let operate = || {
        let mut command = match program {
            Program::Ours => {
                let mut command = Command::new(&binary);
                command.args(["run", "--enable", "secrets", "--listen", ADMIN]);
                command
            }
            Program::ExternalSecrets => {
                let mut command = Command::new(peers.join("bin/external-secrets"));
                command.args(["--concurrent=20", "--client-qps=2000", "--client-burst=2000"]);
                command.args(["--enable-push-secret-reconciler=false", "--enable-generator-state=false"]);
                command.args(["--enable-cluster-push-secret-reconciler=false", "--metrics-addr=127.0.0.1:0"]);
                command.arg(format!("--live-addr={ADMIN}"));
                command
            }
        };
        command.env_clear().envs(&azure.environment).env("KUBECONFIG", &hub.kubeconfig);
        command.env("GANGPLANK_LOG", "info");
        start(&mut command, &folder.join("operator.log"))
    };
    let working = |times: usize| {
        let said = fs::read_to_string(folder.join("operator.log")).unwrap_or_default();
        said.matches("operator is working").count() >= times && hub::answers(ADMIN, "/readyz")
    };
    let began = Instant::now();
    let operator = operate()?;
    until("the Secrets", || (hub.count("secrets")? >= count).then_some(()))?;
    until("all to be Ready", || (hub.ready()? >= count).then_some(()))?;
    let took = began.elapsed().as_secs_f64();
    tell(&format!("{name}: all Ready after {took:.1} s"));
    let mut measured = Measured {
        rate: count as f64 / took,
        cpu_milliseconds: cpu(&operator)? * 1_000.0 / count as f64,
        ..Measured::default()
    };
    std::thread::sleep(Duration::from_secs(15));
    measured.resident = resident(&operator)?;
    measured.logins = hub.logins()?;
    if program == Program::ExternalSecrets {
        return Ok(measured);
    }

    tell("a restart");
    let before = hub.versions()?;
    operator.end()?;
    let began = Instant::now();
    let operator = operate()?;
    until("the operator to work", || working(2).then_some(()))?;
    measured.restart = Some(began.elapsed().as_secs_f64());
    std::thread::sleep(Duration::from_secs(15));
    let after = hub.versions()?;
    measured.written =
        Some(before.iter().filter(|(name, version)| after.get(*name) != Some(*version)).count());
    operator.end()?;

    tell("all are due at once, and a new one comes");
    std::thread::sleep(INTERVAL);
    let _operator = operate()?;
    until("the operator to work", || working(3).then_some(()))?;
    let began = Instant::now();
    hub.create(&[object("new")])?;
    until("the new one", || hub.is_ready("new").then_some(()))?;
    measured.new_beside = Some(began.elapsed().as_secs_f64());
    Ok(measured)
}

/// A kind that External Secrets watches whatever it is told, and ends after two minutes without.
const GENERATOR_STATE: &str = r#"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "generatorstates.generators.external-secrets.io"},
    "spec": {"group": "generators.external-secrets.io", "scope": "Namespaced",
        "names": {"kind": "GeneratorState", "listKind": "GeneratorStateList", "plural": "generatorstates",
            "singular": "generatorstate"},
        "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
            {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}}"#;

/// Where health is served.
const ADMIN: &str = "127.0.0.1:18953";

/// An ExternalSecret as the tree has one for each cluster.
fn object(name: &str) -> Value {
    let config = r#"{"execProviderConfig": {"command": "argocd-k8s-auth"}, "tlsClientConfig": {"insecure": false, "caData": "{{ .caCert | trim }}"}}"#;
    let entry = |key: &str, remote: &str| json!({"secretKey": key, "remoteRef": {"key": format!("secret/{CLUSTER}-{remote}")}});
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "refreshInterval": format!("{}s", INTERVAL.as_secs()),
            "secretStoreRef": {"name": "argocd-prd-store", "kind": "SecretStore"},
            "target": {"name": format!("{name}-secret"), "creationPolicy": "Owner", "template": {
                "type": "Opaque",
                "metadata": {"labels": {"argocd.argoproj.io/secret-type": "cluster"}},
                "data": {"name": name, "server": "{{ .serverUrl | trim }}", "config": config}}},
            "data": [entry("caCert", "ca-cert"), entry("serverUrl", "server-url")]}})
}

/// The sandbox's one cluster.
const CLUSTER: &str = "aks-prd-we-001";

/// The processor time that a process has used, in seconds.
fn cpu(process: &Running) -> Result<f64, String> {
    let path = format!("/proc/{}/stat", process.0.id());
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    // After the name in brackets, user and system time are the 12th and 13th field, in hundredths of a second.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or_default();
    Ok((ticks(11) + ticks(12)) / 100.0)
}

/// The memory that a process holds, in bytes.
fn resident(process: &Running) -> Result<u64, String> {
    let path = format!("/proc/{}/status", process.0.id());
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kibibytes.unwrap_or_default() << 10)
}

fn table(count: usize, ours: &Measured, theirs: Option<&Measured>) -> String {
    let mut lines = vec![
        format!("| {count} objects | gangplank | External Secrets | ratio |"),
        "|---|---|---|---|".to_owned(),
    ];
    let mut compared = |what: &str, unit: &str, of: &dyn Fn(&Measured) -> f64| {
        let (mine, other) = (of(ours), theirs.map(of));
        let shown = other.map_or("–".to_owned(), |other| format!("{other:.1}{unit}"));
        let ratio =
            other.map_or("–".to_owned(), |other| format!("{:.1}", mine.max(other) / mine.min(other)));
        lines.push(format!("| {what} | {mine:.1}{unit} | {shown} | {ratio} |"));
    };
    compared("new to Ready, a second", "", &|measured| measured.rate);
    compared("processor time each", " ms", &|measured| measured.cpu_milliseconds);
    compared("resident, steady", " MiB", &|measured| (measured.resident >> 10) as f64 / 1_024.0);
    compared("logins", "", &|measured| measured.logins as f64);
    let seconds =
        |seconds: Option<f64>| seconds.map_or("–".to_owned(), |seconds| format!("{seconds:.1} s"));
    lines.push(format!("| a new one while all refresh | {} | – | – |", seconds(ours.new_beside)));
    lines.push(format!("| restart to ready | {} | – | – |", seconds(ours.restart)));
    let written = ours.written.map_or("–".to_owned(), |written| written.to_string());
    lines.push(format!("| Secrets written by a restart | {written} | – | – |"));
    lines.join("\n")
}
