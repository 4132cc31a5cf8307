//! A cluster's certificates are rotated under a running fleet: the chain says so, and one command mends it at once.

use crate::running::{Shell, until};

const CLUSTER: &str = "aks-prd-we-002";

#[test]
fn a_rotated_authority_is_told_and_published_anew() {
    let shell = Shell::open();
    let status = || shell.run(&["status", CLUSTER, "--output", "json"]);
    let (code, _, talk) =
        shell.run(&["sandbox", "fault", "add", "ca-rotation", &format!("cluster={CLUSTER}")]);
    assert_eq!(code, Some(0), "{talk}");
    let told = until("the chain to tell of the rotation", || {
        let (code, report, _) = status();
        (code == Some(3)).then_some(report)
    });
    let published = &told[0]["links"][1];
    assert_eq!(
        (&published["link"], &published["state"]),
        (&"published".into(), &"broken".into()),
        "{told:#}"
    );

    let (code, report, talk) = shell.run(&["publish", "--refresh", "--output", "json"]);
    assert_eq!(code, Some(0), "{talk}");
    let written: Vec<&str> =
        report["vault"].as_array().unwrap().iter().filter_map(|it| it["secret"].as_str()).collect();
    assert_eq!(written, ["aks-prd-we-002-ca-cert"], "only what differs is written");
    assert!(talk.contains("asked the hub to take the values of aks-prd-we-002 now"), "{talk}");
    // Without the refresh the hub would keep the old authority for an hour.
    until("the cluster to be aboard again", || (status().0 == Some(0)).then_some(()));
}
