//! The commands that write a tree: init, cluster, repo.

use std::fs;
use std::path::Path;

use crate::command::{gangplank, told};

const GROUP: &str = "/subscriptions/44444444-4444-4444-4444-444444444444/resourceGroups/rg/providers";

fn init(folder: &Path) -> std::process::Output {
    let hub = format!("{GROUP}/Microsoft.ContainerService/managedClusters/hub");
    let vault = format!("{GROUP}/Microsoft.KeyVault/vaults/argocd-prd-akv");
    gangplank(&[
        "init",
        folder.to_str().unwrap(),
        "--tenant",
        "11111111-1111-1111-1111-111111111111",
        "--hub",
        &hub,
        "--issuer",
        "https://westeurope.oic.prod-aks.azure.com/t/i/",
        "--vault",
        &vault,
        "--repository",
        "https://github.com/example/platform",
    ])
    .output()
    .unwrap()
}

fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(current) = open.pop() {
        for entry in fs::read_dir(current).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_tree_is_written_once_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!("init", told(&init(folder.path()), folder.path()));
    let before = files(folder.path());
    insta::assert_snapshot!("init_again", told(&init(folder.path()), folder.path()));
    assert_eq!(files(folder.path()), before);
}

#[test]
fn clusters_and_repositories_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    assert!(init(folder.path()).status.success());
    let before = files(folder.path());

    let mut story = String::new();
    for arguments in [
        &["cluster", "add", "aks-1", "AKS_two", "--label", "env=prd"][..],
        &["cluster", "add", "aks-1"],
        &["cluster", "add", "aks-TWO"],
        &["cluster", "add", "aks.three"],
        &["cluster", "list"],
        &["repo", "add", "https://github.com/example/team"],
        &["repo", "list", "--output", "json"],
        &["cluster", "remove", "aks-1"],
        &["cluster", "remove", "AKS_two"],
        &["cluster", "remove", "aks-1"],
        &["repo", "remove", "team"],
    ] {
        let output = gangplank(arguments).args(["-C", root]).output().unwrap();
        story.push_str(&format!("$ gangplank {}\n{}\n", arguments.join(" "), told(&output, folder.path())));
    }
    insta::assert_snapshot!(story);
    assert_eq!(files(folder.path()), before, "what was added and removed leaves a trace");
}

#[test]
fn rubbish_in_the_tree_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    let check = |text: &str| {
        fs::write(folder.path().join("gangplank.yaml"), text).unwrap();
        told(&gangplank(&["cluster", "list", "-C", root]).output().unwrap(), folder.path())
    };
    let mut story = String::new();
    for text in [
        "a: [1\n",
        "",
        "apiVersion: v1\nkind: ConfigMap\n",
        "apiVersion: gangplank.dev/v1alpha1\nkind: Fleet\ntenant: x\n",
    ] {
        story.push_str(&format!("{text:?}\n{}\n", check(text)));
    }
    insta::assert_snapshot!(story);

    let nowhere = tempfile::tempdir().unwrap();
    let output = gangplank(&["cluster", "list"]).current_dir(nowhere.path()).output().unwrap();
    insta::assert_snapshot!("no_tree", told(&output, nowhere.path()));
}
