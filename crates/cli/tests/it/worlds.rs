//! Whole worlds through the binary: all aboard, and every break with the link, cause and mend that it is told by.

use serde_json::Value;

use crate::command::gangplank;

fn sandbox(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = gangplank(&["sandbox", "--exit", "--output", "json"]).args(arguments).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    (output.status.code(), report, stderr)
}

#[test]
fn three_clusters_come_aboard() {
    let (code, report, stderr) = sandbox(&[]);
    assert_eq!(code, Some(0), "{stderr}");
    let clusters = report["clusters"].as_array().unwrap();
    assert_eq!(clusters.len(), 3);
    for cluster in clusters {
        let links = cluster["links"].as_array().unwrap();
        assert_eq!(links.len(), 8);
        assert!(links.iter().all(|link| link["state"] == "holds" && link["seconds"].is_f64()), "{cluster}");
    }
    assert!(report["seconds"].is_f64() && report["resident_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
}

/// The first link of the first cluster that does not hold, as a person is told of it; links after it wait.
fn broken(what: &str) -> String {
    let (code, report, stderr) = sandbox(&["--clusters", "2", "--patience", "3", "--break", what]);
    assert_eq!(code, Some(3), "{what}: {stderr}\n{report:#}");
    let links = report["clusters"][0]["links"].as_array().unwrap();
    let first =
        links.iter().position(|link| link["state"] != "holds").unwrap_or_else(|| panic!("{what}: all holds"));
    assert_eq!(links[first]["state"], "broken", "{what}: {report:#}");
    assert!(links[first + 1..].iter().all(|link| link["state"] == "waiting"), "{what}: {report:#}");
    let text = |key: &str| links[first][key].as_str().unwrap().to_owned();
    format!("{what}\n  link:  {}\n  cause: {}\n  mend:  {}\n", text("link"), text("cause"), text("mend"))
}

#[test]
fn every_broken_world_is_told_by_its_first_link() {
    let listed = gangplank(&["sandbox", "--break", "list"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let names: Vec<&str> = listed.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 22, "{listed}");
    // Worlds are apart from each other, and mostly wait: several at once.
    let told: Vec<String> = std::thread::scope(|scope| {
        let mut told = Vec::new();
        for few in names.chunks(4) {
            let running: Vec<_> = few.iter().map(|name| scope.spawn(|| broken(name))).collect();
            told.extend(running.into_iter().map(|world| world.join().unwrap()));
        }
        told
    });
    // Ids, ports and folders differ from run to run or from machine to machine.
    insta::with_settings!({filters => vec![
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "GUID"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"-[0-9a-z]{8}\.hcp\.", "-HASH.hcp."),
    ]}, {
        insta::assert_snapshot!(told.join("\n"));
    });
}

#[test]
fn an_unknown_break_is_answered_with_the_nearest() {
    let output = gangplank(&["sandbox", "--exit", "--break", "no-role-on-vualt"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `no-role-on-vault`?"));
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = gangplank(&["sandbox", "--exit", "--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&port));
}
