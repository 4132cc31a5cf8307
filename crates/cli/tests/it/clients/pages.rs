//! Clients whose page is the whole test.

use gangplank_sandbox::{Options, cluster_names};

use super::harness::{Bench, peers};
use super::trial::Trial;

/// A page, and what its row in the table says.
struct Client {
    name: &'static str,
    page: &'static str,
    /// What of the peers' folder it takes.
    programs: &'static [&'static str],
    /// A line of bash that prints its version.
    version: &'static str,
    clusters: usize,
    tried: &'static str,
}

async fn check(client: Client) {
    let Some((peers, mut trial)) = peers(client.programs, Trial::new(client.name)) else { return };
    let clusters = cluster_names(client.clusters);
    let bench = Bench::start(peers, Options { clusters, ..Options::default() }).await;
    trial.version(&bench.shell(client.version).await);
    trial.tries(client.tried);
    bench.follow(client.page).await;
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl() {
    check(Client {
        name: "kubectl",
        page: "kubectl.md",
        programs: &["python/bin/kubectl"],
        version: "kubectl version --client | sed -n 's/Client Version: v//p'",
        clusters: 1,
        tried: "auth, api-versions, api-resources, explain, apply by both kinds, apply --prune, diff, edit, patch, get in every output, watch, wait, describe, scale, set image, rollout, label, annotate, create, create token, replace --force, delete",
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn az() {
    check(Client {
        name: "az",
        page: "az.md",
        programs: &["az/bin/az", "python/bin/kubectl"],
        version: "az version --query '\"azure-cli\"' --output tsv",
        clusters: 0,
        tried: "login and three logins that Entra refuses; group, aks, identity, federated-credential, role assignment, keyvault: create, show, list, delete, recover",
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python() {
    check(Client {
        name: "Azure SDK for Python",
        page: "python.md",
        programs: &["python/bin/python"],
        version: "pip list 2> /dev/null | sed -n 's/^azure-\\(identity\\|keyvault-secrets\\) */\\1 /p' | paste -sd ,",
        clusters: 0,
        tried: "workload identity; set, get, versions, list, delete, deleted, recover; a login that Entra refuses",
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rust() {
    check(Client {
        name: "Azure SDK for Rust",
        page: "rust.md",
        programs: &["bin/azure-sdk-for-rust"],
        version: "echo 'azure_identity 1.0.0, azure_security_keyvault_secrets 1.0.1'",
        clusters: 0,
        tried: "workload identity; set, get, list, delete, recover",
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kubelogin() {
    check(Client {
        name: "kubelogin",
        page: "kubelogin.md",
        programs: &["bin/kubelogin", "az/bin/az", "python/bin/kubectl"],
        version: "kubelogin --version | sed -n 's/.*git hash: \\([^/]*\\).*/\\1/p'",
        clusters: 1,
        tried: "convert-kubeconfig; get-token by workload identity, called by kubectl: refused without the role, let in with it",
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn git() {
    check(Client {
        name: "git",
        page: "git.md",
        programs: &[],
        version: "git --version | cut -d ' ' -f 3",
        clusters: 0,
        tried: "clone, shallow clone, unshallow, fetch by protocol 2 and 0, push; the right password, a wrong one, none",
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn external_secrets() {
    check(Client {
        name: "External Secrets Operator",
        page: "external-secrets.md",
        programs: &["bin/external-secrets", "share/external-secrets/bundle.yaml", "python/bin/kubectl"],
        version: "echo 0.20.4",
        clusters: 3,
        tried: "on the hub: the tree's store and the clusters' ExternalSecrets become Ready; 1,000 more",
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn argo_cd() {
    check(Client {
        name: "Argo CD, gangplank beside it",
        page: "argo-cd.md",
        programs: &[
            "bin/argocd",
            "bin/argocd-k8s-auth",
            "bin/kustomize",
            "bin/redis-server",
            "bin/external-secrets",
            "share/argocd/install.yaml",
            "share/external-secrets/bundle.yaml",
            "python/bin/kubectl",
        ],
        version: "argocd version --client --short | cut -d ' ' -f 2",
        clusters: 3,
        tried: "on the hub, with External Secrets Operator: manages itself from the tree, logs in to the three clusters, syncs cluster-bootstrap onto them; `gangplank status` says 3 of 3 aboard; cluster list, app sync, app diff",
    })
    .await;
}
