//! The embedded API server as a process of its own: what it acknowledged outlives its being killed.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, ObjectMeta, PostParams};
use kube::{Client, Config};
use secrecy::SecretString;

use crate::command::gangplank;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Writers at the same time.
const WRITERS: usize = 4;
/// So many writes are acknowledged before the server is killed in the midst of others.
const ACKNOWLEDGED: usize = 200;

/// A server that is killed with the test.
struct Served {
    child: Child,
    client: Client,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn serve(folder: &Path, log: &str) -> Served {
    let at = |name: &str| folder.join(name).display().to_string();
    fs::write(at("tokens.csv"), "admintoken,admin,admin,\"system:masters\"\n").unwrap();
    let (data, tokens, ca) = (at("data"), at("tokens.csv"), at("ca.pem"));
    let mut command = gangplank(&[
        "apiserver",
        "--port",
        "0",
        "--token-auth-file",
        &tokens,
        "--data",
        &data,
        "--ca-file",
        &ca,
    ]);
    let said = fs::File::create(at(log)).unwrap();
    command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
    let child = command.spawn().unwrap();
    let began = Instant::now();
    let url = loop {
        let said = fs::read_to_string(at(log)).unwrap();
        if let Some((url, _)) = said.split_once(" answers") {
            break url.trim().to_owned();
        }
        assert!(began.elapsed() < PATIENCE, "it did not start: {said}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = Config::new(url.parse().unwrap());
    config.root_cert = Some(vec![pem(&fs::read_to_string(at("ca.pem")).unwrap())]);
    config.auth_info.token = Some(SecretString::from("admintoken"));
    Served { child, client: Client::try_from(config).unwrap() }
}

/// The bytes of a certificate.
fn pem(text: &str) -> Vec<u8> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    CertificateDer::from_pem_slice(text.as_bytes()).unwrap().to_vec()
}

fn config_map(name: &str) -> ConfigMap {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    ConfigMap { metadata, ..ConfigMap::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_api_server_has_lost_no_acknowledged_write() {
    let folder = tempfile::tempdir().unwrap();
    let mut served = serve(folder.path(), "first.log").await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let api: Api<ConfigMap> = Api::namespaced(served.client.clone(), "default");
            let acknowledged = acknowledged.clone();
            tokio::spawn(async move {
                for number in 0.. {
                    let name = format!("w{writer}-{number}");
                    if api.create(&PostParams::default(), &config_map(&name)).await.is_err() {
                        // The server is gone: what was in the air was not acknowledged.
                        break;
                    }
                    acknowledged.lock().unwrap().push(name);
                }
            })
        })
        .collect();
    let began = Instant::now();
    while acknowledged.lock().unwrap().len() < ACKNOWLEDGED {
        assert!(began.elapsed() < PATIENCE, "the writers get nowhere");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // On Unix this is SIGKILL.
    served.child.kill().unwrap();
    served.child.wait().unwrap();
    for writer in writers {
        writer.await.unwrap();
    }
    let acknowledged = acknowledged.lock().unwrap().clone();
    let again = serve(folder.path(), "second.log").await;
    let api: Api<ConfigMap> = Api::namespaced(again.client.clone(), "default");
    let kept: Vec<String> = api
        .list(&ListParams::default())
        .await
        .unwrap()
        .items
        .into_iter()
        .filter_map(|object| object.metadata.name)
        .collect();
    let lost: Vec<&String> = acknowledged.iter().filter(|name| !kept.contains(name)).collect();
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged writes are lost: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
    // And it goes on where it was.
    api.create(&PostParams::default(), &config_map("after")).await.unwrap();
}
