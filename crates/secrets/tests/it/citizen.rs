//! A good citizen: few logins, few reads, no needless write, no starving, no standing still.

use crate::player::Stage;
use crate::world::{World, is_ready};
use gangplank_azuresim::{FaultRule, Faults, Plane, SecretSeed, VaultContents};
use gangplank_runtime::Shutdown;
use gangplank_secrets::Options;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const OURS: &str = "/apis/external-secrets.io/v1/namespaces/default/externalsecrets";

fn external_secret(name: &str, store: &str, interval: &str) -> Value {
    json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": name},
        "spec": {"refreshInterval": interval, "secretStoreRef": {"name": store},
            "data": [{"secretKey": "x", "remoteRef": {"key": "a"}}]}})
}

fn fill(world: &World, vault: &str) {
    let secrets = BTreeMap::from([("a".to_owned(), vec![SecretSeed::new("alpha")])]);
    world.tenant.cloud.set_vault_contents(vault, VaultContents { secrets, ..VaultContents::default() });
}

impl World {
    fn count(&self, part: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|line| line.contains(part)).count()
    }

    /// Stops the operator and makes ready for another.
    async fn stop(&mut self) {
        self.shutdown.trigger();
        assert!(self.shutdown.finished(Duration::from_secs(20)).await, "the operator ends");
        self.shutdown = Shutdown::new();
    }

    async fn versions(&self) -> Vec<(String, String)> {
        let (_, list) = self.ask("GET", "/api/v1/namespaces/default/secrets", None).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of = |secret: &Value| {
            (text(&secret["metadata"]["name"]), text(&secret["metadata"]["resourceVersion"]))
        };
        list["items"].as_array().into_iter().flatten().map(of).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_objects_make_one_login_and_share_reads_and_a_restart_writes_nothing() {
    const MANY: usize = 100;
    let mut world = World::new().await;
    let application = world.tenant.vault("shared");
    fill(&world, "shared");
    world.store(application, "default", "store", "shared").await;
    for number in 0..MANY {
        world.make(&external_secret(&format!("es-{number}"), "store", "1h")).await;
    }
    world.start(Options::default());
    for number in 0..MANY {
        world.until(&format!("{OURS}/es-{number}"), |object| is_ready(object, "True")).await;
    }
    assert_eq!(world.count("/oauth2/v2.0/token"), 1);
    let reads = world.count("GET shared.vault.azure.net/secrets/a");
    assert!(reads < MANY / 2, "{reads} reads for {MANY} objects that want the same");
    let before = world.versions().await;
    assert_eq!(before.len(), MANY);
    world.stop().await;

    world.start(Options::default());
    world.make(&external_secret("new", "store", "1h")).await;
    world.until(&format!("{OURS}/new"), |object| is_ready(object, "True")).await;
    let after: Vec<(String, String)> =
        world.versions().await.into_iter().filter(|(name, _)| name != "new").collect();
    assert_eq!(after, before, "what is in place is not written");
    assert!(world.count("GET shared.vault.azure.net/secrets/a") <= reads + 1, "what is fresh is not fetched");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_vault_that_throttles_keeps_its_secrets_and_starves_nobody() {
    let mut world = World::new().await;
    for vault in ["good", "bad"] {
        let application = world.tenant.vault(vault);
        fill(&world, vault);
        world.store(application, "default", vault, vault).await;
    }
    world.start(Options { concurrency: 8, ..Options::default() });
    world.make(&external_secret("settled", "bad", "1s")).await;
    world.until(&format!("{OURS}/settled"), |object| is_ready(object, "True")).await;
    let mut faults = Faults::default();
    let throttled = FaultRule::new(Plane::Vault("bad".to_owned()), 429, "{}");
    faults.rules.push(FaultRule { retry_after: Some("1".to_owned()), ..throttled });
    world.tenant.cloud.set_faults(faults);
    for number in 0..16 {
        world.make(&external_secret(&format!("waits-{number}"), "bad", "1h")).await;
    }
    world.until(&format!("{OURS}/settled"), |object| is_ready(object, "False")).await;
    world.make(&external_secret("new", "good", "1h")).await;
    world.until(&format!("{OURS}/new"), |object| is_ready(object, "True")).await;
    let kept = world.until("/api/v1/namespaces/default/secrets/settled", |_| true).await;
    assert!(kept["data"]["x"].is_string(), "the Secret stays as it is: {kept}");
    world.tenant.cloud.set_faults(Faults::default());
    world.until(&format!("{OURS}/settled"), |object| is_ready(object, "True")).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_object_that_can_not_be_read_is_refused_by_itself() {
    let mut world = World::new().await;
    let application = world.tenant.vault("vault");
    fill(&world, "vault");
    world.store(application, "default", "store", "vault").await;
    world.make(&external_secret("blind", "store", "soon")).await;
    world.make(&external_secret("sees", "store", "1h")).await;
    world.start(Options::default());
    world.until(&format!("{OURS}/sees"), |object| is_ready(object, "True")).await;
    let refused = world.until(&format!("{OURS}/blind"), |object| is_ready(object, "False")).await;
    assert_eq!(refused["status"]["conditions"][0]["message"], "the spec can't be read; see the event");
    world.stop().await;
}
