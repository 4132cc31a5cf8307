//! Argo CD's own manifests, as its module carries them, and an installation with patches on top.
//!
//! They are read from Go's module cache (`go mod download github.com/argoproj/argo-cd/v3@v3.2.6` puts them there), and
//! never kept here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::differential::{kubectl, ours, theirs};

const MODULE: &str = "github.com/argoproj/argo-cd/v3@v3.2.6/manifests";

fn manifests() -> Option<PathBuf> {
    let cache = match std::env::var_os("GOMODCACHE") {
        Some(cache) => PathBuf::from(cache),
        None => {
            let output = Command::new("go").args(["env", "GOMODCACHE"]).output().ok()?;
            PathBuf::from(String::from_utf8(output.stdout).ok()?.trim())
        }
    };
    Some(cache.join(MODULE)).filter(|folder| folder.is_dir())
}

/// Copies a tree: the module cache is read-only, and a kustomization names its bases by relative paths.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be listed") {
        let entry = entry.expect("an entry can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            let content = fs::read(entry.path()).expect("a file can be read");
            fs::write(target, content).expect("a file can be written");
        }
    }
}

fn kustomizations(folder: &Path, found: &mut Vec<PathBuf>) {
    if folder.join("kustomization.yaml").is_file() {
        found.push(folder.to_owned());
    }
    for entry in fs::read_dir(folder).expect("a folder can be listed") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            kustomizations(&path, found);
        }
    }
}

#[test]
fn every_installation_is_equal() {
    let (Some(manifests), Some(kubectl)) = (manifests(), kubectl()) else {
        println!("skipped: {MODULE} is not in Go's module cache, or kubectl 1.37.1 is not here");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = fs::canonicalize(folder.path()).expect("it is there");
    copy(&manifests, &root.join("manifests"));
    // A hub of one's own: the installation, highly available, with the server's identity and a patched command.
    let hub = root.join("hub");
    fs::create_dir_all(&hub).expect("a folder can be made");
    fs::write(hub.join("kustomization.yaml"), HUB).expect("a file can be written");
    fs::write(hub.join("cm.yaml"), CM).expect("a file can be written");
    let mut trees = vec![hub];
    kustomizations(&root.join("manifests"), &mut trees);
    let mut rendered = 0;
    for tree in &trees {
        let (expected, found) = (theirs(&kubectl, tree), ours(tree));
        match (expected, found) {
            (Ok(expected), Ok(found)) => {
                assert!(expected == found, "{} differs", tree.display());
                rendered += 1;
            }
            (Err(_), Err(_)) => {}
            (expected, found) => {
                panic!("{}: theirs {:?}, ours {:?}", tree.display(), expected.err(), found.err())
            }
        }
    }
    println!("{} trees of {MODULE} are equal, of which {rendered} render", trees.len());
    assert!(rendered > 10, "most of them need no network");
}

const CM: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
data:
  application.resourceTrackingMethod: annotation
  kustomize.buildOptions: --enable-helm
";

const HUB: &str = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: argocd
resources:
- ../manifests/ha/cluster-install
patches:
- path: cm.yaml
- target:
    kind: ServiceAccount
    name: argocd-(application-controller|applicationset-controller|server)
  patch: |-
    - op: add
      path: /metadata/annotations
      value:
        azure.workload.identity/client-id: 00000000-0000-0000-0000-000000000000
- target:
    kind: Deployment|StatefulSet
    name: argocd-(application-controller|applicationset-controller|server)
  patch: |-
    - op: add
      path: /spec/template/metadata/labels/azure.workload.identity~1use
      value: \"true\"
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: argocd-server
    spec:
      template:
        spec:
          containers:
          - name: argocd-server
            env:
            - name: ARGOCD_SERVER_INSECURE
              value: \"true\"
images:
- name: quay.io/argoproj/argocd
  newTag: v3.2.6
replicas:
- name: argocd-repo-server
  count: 3
";
