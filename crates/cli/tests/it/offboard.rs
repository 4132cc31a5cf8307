//! A cluster goes off board in a running sandbox, with two commits and three runs of one command, as a person would do it.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::running::{Shell, peers};

const CLUSTER: &str = "aks-prd-we-002";

#[test]
fn a_cluster_leaves_without_residue() {
    let shell = Shell::open();
    let offboard = |more: &[&str]| shell.run(&[&["offboard", CLUSTER, "--output", "json"], more].concat());
    let left = |report: &Value, what: &str| -> String {
        let traces = report["traces"].as_array().unwrap();
        let trace = traces.iter().find(|it| it["object"].as_str().unwrap().starts_with(what)).unwrap();
        trace["left"].as_str().unwrap().to_owned()
    };

    let (code, report, talk) = offboard(&["--dry-run"]);
    assert_eq!((code, &report["done"]), (Some(3), &Value::Bool(false)), "{report:#}\n{talk}");
    assert_eq!(left(&report, "Application argocd/aks-prd-we-002-bootstrap"), "there");

    // First the applications end, while Argo CD can still reach the cluster.
    let (code, report, talk) = offboard(&[]);
    assert_eq!(code, Some(3), "{talk}");
    assert!(report["next"].as_str().unwrap().starts_with("commit and push"), "{report:#}\n{talk}");
    shell.push("Take aks-prd-we-002 off board");
    let (code, report, talk) = offboard(&[]);
    assert_eq!(code, Some(3), "{talk}");
    assert!(report["next"].as_str().unwrap().starts_with("commit and push"), "{report:#}\n{talk}");
    assert_eq!(left(&report, "applications on"), "gone");
    assert_eq!((left(&report, "Secret "), left(&report, "role")), ("there".to_owned(), "there".to_owned()));
    shell.push("aks-prd-we-002 is empty: its overlay goes");

    // Then all that made it known.
    let (code, report, talk) = offboard(&["--purge"]);
    assert_eq!(code, Some(0), "{report:#}\n{talk}");
    assert!(report["traces"].as_array().unwrap().iter().all(|it| it["left"] == "gone"), "{report:#}");
    // Nobody else was touched.
    assert_eq!(shell.run(&["status", "--output", "json"]).0, Some(0));
    let (code, again, talk) = offboard(&[]);
    assert_eq!((code, &again["done"]), (Some(0), &Value::Bool(true)), "{again:#}\n{talk}");

    let Some(peers) = peers(&["python/bin/kubectl"]) else {
        eprintln!("skipped: without kubectl nobody looks at the cluster itself (`cargo xtask peers`)");
        return;
    };
    let workloads = |cluster: &str| {
        let mut kubectl = Command::new(peers.join("python/bin/kubectl"));
        let facts: Value =
            serde_json::from_slice(&fs::read(shell.world.join("world.json")).unwrap()).unwrap();
        let clusters = facts["facts"]["clusters"].as_array().unwrap();
        let found = clusters.iter().find(|it| it["name"] == cluster).unwrap();
        kubectl.args([
            "get",
            "deployments,serviceaccounts",
            "--namespace",
            "external-secrets",
            "--output",
            "name",
        ]);
        kubectl.envs(&shell.variables).env("KUBECONFIG", found["kubeconfig"].as_str().unwrap());
        String::from_utf8(kubectl.output().unwrap().stdout).unwrap()
    };
    assert!(workloads("aks-prd-we-001").contains("deployment.apps/external-secrets"));
    assert_eq!(workloads(CLUSTER), "serviceaccount/default\n");
}
