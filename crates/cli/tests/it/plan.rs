//! What a plan says of a change, plane by plane, in a running sandbox.

use std::fs;

use serde_json::{Value, json};

use crate::running::Shell;

/// The plan without what differs from world to world.
fn plan(shell: &Shell) -> Value {
    let (code, report, talk) = shell.run(&["plan", "--output", "json"]);
    assert_eq!(code, Some(0), "{talk}");
    report
}

#[test]
fn a_change_is_foretold_on_all_planes() {
    let shell = Shell::open();
    let nothing = json!({"access": [], "vault": [], "hub": [], "applications": [], "clusters": []});
    assert_eq!(plan(&shell), nothing);

    // One more cluster, one less, and a change of what every cluster gets.
    assert_eq!(shell.run(&["cluster", "add", "aks-prd-we-spare"]).0, Some(0));
    assert_eq!(shell.run(&["cluster", "remove", "aks-prd-we-003"]).0, Some(0));
    let bootstrap = shell.tree.join("manifests/cluster-bootstrap/base/external-secrets.yaml");
    let text = fs::read_to_string(&bootstrap).unwrap();
    fs::write(&bootstrap, text.replace("verbs: [create]", "verbs: [create, get]")).unwrap();
    let report = plan(&shell);
    let access = report["access"].as_array().unwrap();
    assert_eq!(access.len(), 1, "{report:#}");
    assert!(access[0].as_str().unwrap().contains("Cluster Admin` on aks-prd-we-spare"), "{report:#}");
    let secret = |what: &str| json!({"cluster": "aks-prd-we-spare", "secret": format!("aks-prd-we-spare-{what}"), "reason": "missing"});
    assert_eq!(report["vault"], json!([secret("ca-cert"), secret("server-url")]));
    assert_eq!(
        report["hub"],
        json!([
            {"fate": "create", "object": "ExternalSecret argocd/aks-prd-we-spare-cluster-external-secret"},
            {"fate": "delete", "object": "ExternalSecret argocd/aks-prd-we-003-cluster-external-secret"},
        ])
    );
    assert_eq!(
        report["clusters"],
        json!([{"fate": "change", "object": "ClusterRole external-secrets-controller", "fields": ["/rules/1/verbs"]}])
    );
    let told: Vec<&str> =
        report["applications"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    assert_eq!(told[0], "the self-managing application syncs 2 objects");
    assert!(told[1].starts_with("aks-prd-we-spare gets its bootstrap application, with "), "{told:?}");
    assert!(told[2].contains("aks-prd-we-003 is dropped, and its objects stay on the cluster"), "{told:?}");
    assert_eq!(told[3], "2 bootstrap applications sync 1 object each");

    // Done and pushed, it is nothing any more.
    assert_eq!(shell.run(&["apply"]).0, Some(0));
    assert_eq!(shell.run(&["publish"]).0, Some(0));
    shell.push("One in, one out");
    assert_eq!(plan(&shell), nothing);
}
