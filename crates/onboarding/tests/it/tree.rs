use std::collections::BTreeMap;

use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::tree::edit::{self, Tree};
use gangplank_onboarding::tree::members::{Member, members};
use gangplank_onboarding::tree::overlay::{ClusterOverlay, RepositoryOverlay, RepositoryType, relative};
use gangplank_onboarding::tree::{Change, inspect, layout};
use serde_json::json;

use crate::world::{cluster, fleet};

struct Memory(BTreeMap<String, String>);

impl Tree for Memory {
    fn read(&self, path: &str) -> Option<String> {
        self.0.get(path).cloned()
    }

    fn list(&self, folder: &str) -> Vec<String> {
        self.0.keys().filter(|path| path.starts_with(&format!("{folder}/"))).cloned().collect()
    }
}

impl Memory {
    fn enact(&mut self, changes: Vec<Change>) {
        for Change { path, text } in changes {
            match text {
                Some(text) => self.0.insert(path, text),
                None => self.0.remove(&path),
            };
        }
    }
}

#[test]
fn the_written_fleet_file_reads_back() {
    let mut fleet = fleet();
    let files = layout::files(&fleet);
    fleet.identities.argocd = Fleet::parse(&files["gangplank.yaml"]).unwrap().identities.argocd;
    fleet.identities.secrets = Fleet::parse(&files["gangplank.yaml"]).unwrap().identities.secrets;
    assert_eq!(Fleet::parse(&files["gangplank.yaml"]).unwrap(), fleet);
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".yaml")) {
        let left = text.replace("<TO_OVERLAY>", "");
        assert!(!left.contains('<'), "{path} has a placeholder left");
    }
}

#[test]
fn overlays_come_and_go_without_a_trace() {
    let fleet = fleet();
    let mut tree = Memory(layout::files(&fleet));
    let parent = "manifests/argocd/overlays/prd/clusters/kustomization.yaml";
    let commented = format!("{}# the end\n", tree.0[parent]);
    tree.0.insert(parent.to_owned(), commented);
    let before = tree.0.clone();

    let mut overlay = ClusterOverlay::new(cluster());
    overlay.labels.insert("env".to_owned(), "prd".to_owned());
    overlay.labels.insert("tier".to_owned(), "1".to_owned());
    tree.enact(edit::add_cluster(&fleet, &overlay, &tree).unwrap());
    insta::assert_snapshot!(tree.0["manifests/argocd/overlays/prd/clusters/aks-prd-we-1/kustomization.yaml"]);
    assert!(tree.0[parent].contains("- aks-prd-we-1\n") && tree.0[parent].contains("# the end"));
    assert!(matches!(edit::add_cluster(&fleet, &overlay, &tree), Err(edit::EditError::Exists(_))));
    let twin = ClusterOverlay::new("AKS-prd_we-1".parse().unwrap());
    assert!(matches!(edit::add_cluster(&fleet, &twin, &tree), Err(edit::EditError::Collision { .. })));
    assert_eq!(edit::overlays(&fleet.paths.clusters(), &tree), ["aks-prd-we-1"]);

    tree.enact(edit::remove_cluster(&fleet, &cluster(), &tree).unwrap());
    assert_eq!(tree.0.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(!tree.0[parent].contains("aks-prd-we-1") && tree.0[parent].contains("# the end"));
    assert!(matches!(edit::remove_cluster(&fleet, &cluster(), &tree), Err(edit::EditError::Absent(_))));
}

#[test]
fn repositories_are_named_after_their_url() {
    let overlay = |url| RepositoryOverlay::new(url, RepositoryType::Credentials).map(|overlay| overlay.name);
    assert_eq!(overlay("https://github.com/org/Team.Repo.git").unwrap(), "team-repo");
    assert_eq!(overlay("git@github.com:org/team").unwrap(), "team");
    assert!(overlay("https://").is_err());
    let overlay = RepositoryOverlay::new("https://github.com/org/team", RepositoryType::Repository).unwrap();
    insta::assert_snapshot!(overlay.text("../../../../base/repos"));
}

#[test]
fn a_cluster_is_marked_as_leaving() {
    let fleet = fleet();
    let mut tree = Memory(layout::files(&fleet));
    tree.enact(edit::add_cluster(&fleet, &ClusterOverlay::new(cluster()), &tree).unwrap());
    assert!(!members(&fleet, &tree)[0].leaving);
    tree.enact(edit::mark_leaving(&fleet, &cluster(), &tree).unwrap());
    assert_eq!(members(&fleet, &tree), [Member { leaving: true, ..Member::by_name(cluster()) }]);
}

#[test]
fn relative_paths() {
    assert_eq!(
        relative("manifests/argocd/overlays/prd/clusters/a", "manifests/argocd/base/aks-clusters"),
        "../../../../base/aks-clusters"
    );
    assert_eq!(relative("a", "a/b"), "b");
}

#[test]
fn rendered_defects_are_named() {
    let right = json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "aks-prd-we-1-cluster-external-secret"},
        "spec": {
            "secretStoreRef": {"name": "argocd-prd-store", "kind": "SecretStore"},
            "target": {
                "name": "aks-prd-we-1-cluster-secret",
                "template": {
                    "metadata": {"labels": {"argocd.argoproj.io/secret-type": "cluster"}},
                    "data": {"name": "aks-prd-we-1", "config": "{}"},
                },
            },
            "data": [
                {"secretKey": "caCert", "remoteRef": {"key": "secret/aks-prd-we-1-ca-cert"}},
                {"secretKey": "serverUrl", "remoteRef": {"key": "secret/aks-prd-we-1-server-url"}},
            ],
        },
    });
    let check = |pointer: &str, value: &str, expect: &[&str]| {
        let mut object = right.clone();
        if !pointer.is_empty() {
            *object.pointer_mut(pointer).unwrap() = json!(value);
        }
        let findings = inspect::external_secret(&cluster(), &fleet(), &object);
        assert_eq!(findings.len(), expect.len(), "{findings:#?}");
        for (finding, expect) in findings.iter().zip(expect) {
            assert!(finding.cause.contains(expect), "{finding:?}");
        }
    };
    check("", "", &[]);
    check("/metadata/name", "<TO_OVERLAY>", &["the leftover `<TO_OVERLAY>` remains at /metadata/name"]);
    check("/apiVersion", "external-secrets.io/v1beta1", &["do not serve any more"]);
    check(
        "/spec/secretStoreRef/kind",
        "ClusterSecretStore",
        &["the kind of the store is `ClusterSecretStore`"],
    );
    check("/spec/data/0/remoteRef/key", "secret/aks-prd-we-1-server-url", &["`caCert` comes from"]);
    check("/spec/target/template/data/name", "aks-1", &["the name under which Argo CD knows"]);
    let html = "<b>kept</b>";
    check("/spec/target/template/data/config", html, &[]);

    let old = json!({"kind": "ExternalSecret", "spec": {"target": {"template": {"data": {
        "config": "\"/var/run/secrets/azure/tokens/azure-identity-token\""}}}}});
    assert_eq!(inspect::object(&fleet(), &old)[0].pointer, "/spec/target/template/data/config");
    let deployment =
        json!({"kind": "Deployment", "metadata": {"name": "argocd-server"}, "spec": {"template": {}}});
    assert!(inspect::object(&fleet(), &deployment)[0].cause.contains("lacks the label"));

    let app = |url: &str| json!({"spec": {"source": {"repoURL": url}}});
    let findings = |url: &str| inspect::self_application(&fleet(), &app(url)).len();
    assert_eq!(findings("https://github.com/example/platform"), 0);
    assert_eq!(findings("https://github.com/example/platform.git"), 0);
    assert_eq!(findings("https://github.com/example/platform/manifests/argocd/overlays/prd"), 1);
}
