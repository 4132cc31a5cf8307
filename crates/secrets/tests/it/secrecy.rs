//! A secret can't be printed: everything that is logged, at every level, is searched for planted values.

use crate::player::Stage;
use crate::world::{ALONE, World, is_ready};
use gangplank_azuresim::{SecretSeed, VaultContents};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

const PLANTED: &str = "planted-value-that-nobody-may-see";

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// One thread, so that the subscriber of this test sees all that it runs and nothing else.
#[tokio::test]
async fn nothing_that_is_logged_or_written_beside_the_secret_holds_a_value() {
    let _alone = ALONE.lock().await;
    let written = Written::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(written.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    let application = world.tenant.vault("planted");
    let secrets = BTreeMap::from([
        ("text".to_owned(), vec![SecretSeed::new(PLANTED)]),
        ("json".to_owned(), vec![SecretSeed::new(format!(r#"{{"{PLANTED}-key": "{PLANTED}"}}"#))]),
    ]);
    world.tenant.cloud.set_vault_contents("planted", VaultContents { secrets, ..VaultContents::default() });
    world.start(gangplank_secrets::Options::default());
    world.store(application, "default", "store", "planted").await;
    let ours = "/apis/external-secrets.io/v1/namespaces/default";
    let external_secret = |name: &str, spec: Value| {
        let mut object = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": name}, "spec": spec});
        object["spec"]["secretStoreRef"] = json!({"name": "store"});
        object
    };
    let cases = [
        ("good", json!({"data": [{"secretKey": "a", "remoteRef": {"key": "text"}}]}), "True"),
        ("not-json", json!({"dataFrom": [{"extract": {"key": "text"}}]}), "False"),
        (
            "no-base64",
            json!({"data": [{"secretKey": "a",
            "remoteRef": {"key": "text", "decodingStrategy": "Base64"}}]}),
            "False",
        ),
        (
            "template",
            json!({"target": {"template": {"data": {"a": "{{ .a | fromJson | toYaml | fail }}"}}},
            "data": [{"secretKey": "a", "remoteRef": {"key": "json"}}]}),
            "False",
        ),
    ];
    for (name, spec, _) in &cases {
        world.make(&external_secret(name, spec.clone())).await;
    }
    for (name, _, status) in &cases {
        world.until(&format!("{ours}/externalsecrets/{name}"), |object| is_ready(object, status)).await;
    }
    let (_, made) = world.ask("GET", "/api/v1/namespaces/default/secrets/good", None).await;
    assert!(made["data"]["a"].is_string(), "the value came to its Secret: {made}");
    world.shutdown.trigger();
    assert!(world.shutdown.finished(Duration::from_secs(10)).await);
    let (_, events) = world.ask("GET", "/api/v1/namespaces/default/events", None).await;
    let (_, statuses) = world.ask("GET", &format!("{ours}/externalsecrets"), None).await;
    let logged = String::from_utf8_lossy(&written.0.lock().unwrap()).into_owned();
    assert!(logged.contains("secrets operator is working"), "the log was caught");
    for (what, text) in [("log", logged), ("events", events.to_string()), ("statuses", statuses.to_string())]
    {
        let at =
            text.find(PLANTED).map(|at| text[at.saturating_sub(300)..].chars().take(600).collect::<String>());
        assert_eq!(at, None, "{what} holds a value");
    }
}
