use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::*;
use crate::finding::Severity;

fn secret(data: &[(&str, &str)]) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some("s".into()),
            uid: Some(format!("uid-{}", data.len())),
            ..ObjectMeta::default()
        },
        data: Some(data.iter().map(|(k, v)| ((*k).to_owned(), ByteString(v.as_bytes().to_vec()))).collect()),
        ..Secret::default()
    }
}

/// Reads a good Secret with `changes`, and expects whether the cluster is visible, and which rules speak.
#[track_caller]
fn check(changes: &[(&str, &str)], visible: bool, expect: &[&str]) {
    let mut data = vec![("name", "aks-a"), ("server", "https://a:443"), ("config", r#"{"bearerToken":"x"}"#)];
    for change in changes {
        data.retain(|(key, _)| *key != change.0);
        data.push(*change);
    }
    let reading = read_cluster(&secret(&data), Timestamp::UNIX_EPOCH);
    let codes: Vec<&str> = reading.findings.iter().map(|finding| finding.code).collect();
    assert_eq!((reading.cluster.is_some(), codes.as_slice()), (visible, expect), "{changes:?}");
}

#[test]
fn findings_have_one_rule_each() {
    check(&[], true, &[]);
    check(&[("server", "https://a:443\n")], true, &["server-whitespace"]);
    check(&[("server", "https://a:443/")], true, &["server-trailing-slash"]);
    check(&[("server", "a:443")], true, &["server-scheme"]);
    check(&[("server", "")], true, &["server-missing"]);
    check(&[("name", "")], true, &["name-missing"]);
    check(&[("name", "a\n")], true, &["name-characters"]);
    check(&[("shard", "1\n")], true, &["shard-unreadable"]);
    check(&[("config", "{")], false, &["config-unreadable"]);
    check(&[("config", "")], true, &["anonymous"]);
    check(&[("config", r#"{"bearertokn": "x"}"#)], true, &["anonymous"]);
}

#[test]
fn the_three_encodings_of_the_ca_are_told_apart() {
    let config = |ca: &str| format!("{{\"bearerToken\":\"x\",\"tlsClientConfig\":{{\"caData\":\"{ca}\"}}}}");
    let once = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t";
    check(&[("config", &config("-----BEGIN CERTIFICATE-----\nMII"))], false, &["ca-raw-pem"]);
    check(&[("config", &config(&format!("{once}\n")))], false, &["ca-whitespace"]);
    let twice = "TFMwdExTMUNSVWRKVGlCRFJWSlVTVVpKUTBGVVJTMHRMUzB0";
    check(&[("config", &config(twice))], true, &["ca-encoded-twice"]);
    check(&[("config", &config(once))], true, &["ca-unreadable"]);
    check(&[("config", &config("Zm9v"))], true, &["ca-not-pem"]);
}

#[test]
fn exec_settings_are_checked() {
    let config = |version: &str, env: &str| {
        format!(
            r#"{{"execProviderConfig":{{"command":"argocd-k8s-auth","args":["azure"],"apiVersion":"{version}","env":{{{env}}}}}}}"#
        )
    };
    let beta = "client.authentication.k8s.io/v1beta1";
    check(&[("config", &config(beta, ""))], true, &[]);
    check(&[("config", &config("client.authentication.k8s.io/v1", ""))], true, &["exec-api-version"]);
    check(&[("config", &config(beta, r#""AZURE_FEDERATED_TOKEN_FILE":"/x""#))], true, &["token-file-pinned"]);
}

#[test]
fn reads_every_key_by_its_own_rule() {
    let reading = read_cluster(
        &secret(&[
            ("name", "a"),
            ("server", "https://a///"),
            ("namespaces", " x, ,y"),
            ("clusterResources", "True"),
            ("shard", "3"),
            ("project", "p"),
        ]),
        Timestamp::UNIX_EPOCH,
    );
    let cluster = reading.cluster.unwrap();
    assert_eq!(cluster.server, "https://a");
    assert_eq!(cluster.raw_server, "https://a///");
    assert_eq!(cluster.namespaces, ["x", "y"]);
    assert!(!cluster.cluster_resources);
    assert_eq!((cluster.shard, cluster.project.as_str()), (Some(3), "p"));
}

#[test]
fn two_of_one_url_or_name_are_both_told() {
    let read = |uid: &str, name: &str, server: &str| {
        let mut secret = secret(&[("name", name), ("server", server)]);
        secret.metadata.uid = Some(uid.into());
        read_cluster(&secret, Timestamp::UNIX_EPOCH).cluster.unwrap()
    };
    let clusters = [read("1", "a", "https://a/"), read("2", "b", "https://a"), read("3", "b", "https://c")];
    let findings = check_fleet(&clusters);
    let told: Vec<(&str, &str)> =
        findings.iter().map(|(uid, finding)| (uid.as_str(), finding.code)).collect();
    assert_eq!(
        told,
        [("1", "server-twice"), ("2", "server-twice"), ("2", "name-twice"), ("3", "name-twice")]
    );
    assert!(findings.iter().all(|(_, finding)| finding.severity == Severity::Error));
}
