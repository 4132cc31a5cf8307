//! Real clients, with nothing but the world's environment. Where one can't be had its test says so and passes.
//!
//! `cargo xtask peers` installs kubectl and Python's SDK into the folder that `GANGPLANK_PEERS` names, else into the user's
//! cache. The Azure CLI is looked for in a virtual environment `az` beside them (`pip install azure-cli==2.91.0`), kubelogin in `bin`
//! (`go install github.com/Azure/kubelogin@v0.2.19`).

use std::path::{Path, PathBuf};
use std::process::Output;

use gangplank_sandbox::World;
use http::Method;

use crate::azure::{CLUSTER_ADMIN, add_credential, assign, make_identity};
use crate::client::Client;
use crate::support::{AKS, MANAGEMENT, engineer, hub_token, stranger, world};

/// A program of the peers' folder, if it is there.
fn peer(path: &str) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let folder = variable("GANGPLANK_PEERS").or_else(|| Some(cache()?.join("gangplank/peers")));
    let found = folder.map(|folder| folder.join(path)).filter(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: {path} is not among the peers (`cargo xtask peers`)");
    }
    found
}

/// Runs a program in the environment of the world, some of it replaced, and in no other.
async fn run(world: &World, program: &Path, arguments: &[&str], more: &[(&str, &str)]) -> Output {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).env_clear().envs(world.environment()).current_dir(world.directory());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", world.directory());
    command.envs(more.iter().copied());
    command.kill_on_drop(true).output().await.expect("a program that starts")
}

/// Runs a program, expects it to succeed and gives what it printed.
async fn check(world: &World, program: &Path, arguments: &[&str]) -> String {
    check_with(world, program, arguments, &[]).await
}

async fn check_with(world: &World, program: &Path, arguments: &[&str], more: &[(&str, &str)]) -> String {
    let output = run(world, program, arguments, more).await;
    let print = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {print}{error}");
    print
}

const MANIFEST: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: greeting, namespace: default, labels: {app: hello}}
data:
  text: hello
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello, namespace: default, labels: {app: hello}}
spec:
  replicas: 2
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec: {containers: [{name: hello, image: example.invalid/hello}]}
";

/// What kubectl is asked, in this order, and a part of what it prints. `FILE` is a file with the manifest.
const KUBECTL: &[(&str, &str)] = &[
    ("auth whoami -o jsonpath={.status.userInfo.username}", "masterclient"),
    ("auth can-i delete nodes", "yes"),
    ("api-resources", "deployments"),
    ("api-versions", "apps/v1"),
    ("get -A -o wide namespaces", "kube-system"),
    ("apply -f FILE", "deployment.apps/hello created"),
    ("wait --for=condition=Available --timeout=60s deployment/hello", "condition met"),
    ("describe deployment hello", "2 available"),
    ("apply --server-side --force-conflicts -f FILE", "serverside-applied"),
    ("diff -f FILE", ""),
    ("get pods -l app=hello -o wide", "Running"),
    ("get configmap greeting -o yaml", "text: hello"),
    ("edit configmap greeting", "edited"),
    ("get configmap greeting -o jsonpath={.data.text}", "bye"),
    ("scale deployment/hello --replicas=3", "scaled"),
    ("set image deployment/hello hello=example.invalid/other", "image updated"),
    ("rollout status deployment/hello --timeout=60s", "successfully rolled out"),
    ("rollout restart deployment/hello", "restarted"),
    ("rollout undo deployment/hello", "rolled back"),
    ("label configmap greeting seen=yes", "labeled"),
    ("annotate configmap greeting note=well", "annotated"),
    ("get deployments -o custom-columns=NAME:.metadata.name", "hello"),
    ("explain deployment.spec.replicas", "replicas"),
    ("explain deployment --recursive", "updatedReplicas"),
    ("create token default", "ey"),
    ("create namespace another", "created"),
    ("create serviceaccount robot -n another", "created"),
    ("delete namespace another --wait --timeout=60s", "deleted"),
    ("replace --force -f FILE", "replaced"),
    ("delete -l app=hello configmap,deployment --wait --timeout=60s", "deleted"),
];

#[tokio::test]
async fn kubectl_works_on_the_hub_and_on_a_cluster() {
    let Some(kubectl) = peer("python/bin/kubectl") else { return };
    let world = world(1).await;
    let manifest = world.directory().join("manifest.yaml");
    std::fs::write(&manifest, MANIFEST).unwrap();
    let file = manifest.to_string_lossy().into_owned();
    let editor = [("KUBE_EDITOR", "sed -i s/hello$/bye/")];
    for context in [&world.facts().hub.name, &world.facts().clusters[0].name] {
        for (line, part) in KUBECTL {
            let words = line.split(' ').map(|word| if word == "FILE" { &file } else { word });
            let arguments: Vec<&str> = ["--context", context].into_iter().chain(words).collect();
            let print = check_with(&world, &kubectl, &arguments, &editor).await;
            assert!(print.contains(part), "{context}: {line}: {print}");
        }
    }
    world.shutdown().await.unwrap();
}

const PYTHON: &str = "
import os, sys
from azure.identity import WorkloadIdentityCredential
from azure.keyvault.secrets import SecretClient
from azure.core.exceptions import ResourceNotFoundError
client = SecretClient(sys.argv[1], WorkloadIdentityCredential())
client.set_secret('aks-prd-we-001-ca-cert', 'a certificate')
print(client.get_secret('aks-prd-we-001-ca-cert').value)
print(sorted(secret.name for secret in client.list_properties_of_secrets()))
client.begin_delete_secret('aks-prd-we-001-ca-cert').wait()
try:
    client.get_secret('aks-prd-we-001-ca-cert')
except ResourceNotFoundError as error:
    print(error.error.code)
client.begin_recover_deleted_secret('aks-prd-we-001-ca-cert').wait()
print(client.get_secret('aks-prd-we-001-ca-cert').value)
";

#[tokio::test]
async fn the_azure_sdk_for_python_logs_in_and_uses_the_vault() {
    let Some(python) = peer("python/bin/python") else { return };
    let world = world(0).await;
    let facts = world.facts();
    let print = check(&world, &python, &["-c", PYTHON, &facts.vault.url]).await;
    let secrets = &facts.team_secrets;
    let expected = format!(
        "a certificate\n['aks-prd-we-001-ca-cert', '{}', '{}']\nSecretNotFound\na certificate\n",
        secrets.password, secrets.username
    );
    assert_eq!(print, expected);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_azure_cli_logs_in_and_shows_the_world() {
    let Some(az) = peer("az/bin/az") else { return };
    let world = world(1).await;
    let facts = world.facts();
    let token = std::fs::read_to_string(&facts.engineer.token_file).unwrap();
    let login = ["login", "--service-principal", "--username", &facts.engineer.client_id, "--tenant"];
    let with_token = [&facts.tenant_id, "--federated-token", &token, "--output", "none"];
    check(&world, &az, &[&login[..], &with_token.map(|each| each as &str)[..]].concat()).await;
    let cluster = &facts.clusters[0];
    let show = ["aks", "show", "--resource-group", &facts.cluster_resource_group, "--name", &cluster.name];
    let issuer = ["--query", "oidcIssuerProfile.issuerUrl", "--output", "tsv"];
    assert_eq!(check(&world, &az, &[&show[..], &issuer[..]].concat()).await.trim(), cluster.issuer_url);
    let secret = ["keyvault", "secret", "show", "--vault-name", &facts.vault.name, "--name"];
    let value = [facts.team_secrets.username.as_str(), "--query", "value", "--output", "tsv"];
    let username = &world.git().repository("team").unwrap().credentials().username;
    assert_eq!(check(&world, &az, &[&secret[..], &value[..]].concat()).await.trim(), username);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn kubelogin_logs_a_workload_in_to_a_cluster() {
    let Some(kubelogin) = peer("bin/kubelogin") else { return };
    let world = world(1).await;
    let cluster = &world.facts().clusters[0];
    let client = engineer(&world, MANAGEMENT).await;
    let identity = make_identity(&world, &client, "argocd").await;
    let subject = "system:serviceaccount:argocd:argocd-server";
    add_credential(&world, &client, &identity.id, "argocd-server", subject).await;
    assign(&world, &client, &cluster.id, CLUSTER_ADMIN, &identity.object_id).await;
    let file = world.directory().join("projected-token");
    std::fs::write(&file, hub_token(&world, "argocd", "argocd-server").await).unwrap();

    let file = file.to_string_lossy().into_owned();
    // What the webhook sets in a pod.
    let pod = [("AZURE_CLIENT_ID", identity.client_id.as_str()), ("AZURE_FEDERATED_TOKEN_FILE", &file)];
    let server = AKS.trim_end_matches("/.default");
    let arguments = ["get-token", "--login", "workloadidentity", "--server-id", server];
    let print = check_with(&world, &kubelogin, &arguments, &pod).await;
    let credential: serde_json::Value = serde_json::from_str(&print).unwrap();
    assert_eq!(credential["kind"], "ExecCredential");
    let token = credential["status"]["token"].as_str().map(str::to_owned);
    let argocd = Client { token, ..stranger(&world, cluster) };
    let reply = argocd.send(Method::GET, &format!("{}/api/v1/secrets", cluster.server), "").await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    world.shutdown().await.unwrap();
}
