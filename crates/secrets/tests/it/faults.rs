//! Schedules of faults: whatever goes wrong on the way, the Secret ends as it would without.
//!
//! Each schedule has a namespace, a vault and an identity of its own, and faults of its own: throttling with and without `Retry-After`,
//! refusals of every kind, slow answers, a login that fails, a token that ends early, a secret that is deleted and recovered. Above all
//! of them the weather changes: answers get lost, the API server takes no requests, the operator is killed in the middle of its work.
//!
//! `GANGPLANK_SCHEDULES` says how many are played (a thousand take some minutes), `GANGPLANK_SEED` which.

use crate::player::Stage;
use crate::tenant::Tenant;
use crate::world::{World, is_ready};
use futures::StreamExt;
use gangplank_azuresim::{ApplicationIds, FaultRule, Plane, SecretSeed, VaultContents};
use gangplank_secrets::Options;
use gangplank_template::pipeline::hash_of_data;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Schedules at once.
const AT_ONCE: usize = 24;

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn milliseconds(random: &mut StdRng, most: u64) -> Duration {
    Duration::from_millis(random.random_range(20..most))
}

/// One schedule's part of the tenant.
struct Part<'a> {
    tenant: &'a Tenant,
    vault: String,
    application: ApplicationIds,
}

impl Part<'_> {
    /// What the vault has: a value each, or a deleted secret.
    fn fill(&self, values: [Option<&str>; 2]) {
        let named = || ["a", "b"].into_iter().zip(values);
        let secrets =
            named().filter_map(|(name, value)| Some((name.to_owned(), vec![SecretSeed::new(value?)])));
        let deleted = named().filter(|(_, value)| value.is_none()).map(|(name, _)| name.to_owned());
        let contents = VaultContents {
            secrets: secrets.collect(),
            deleted: deleted.collect(),
            ..VaultContents::default()
        };
        assert!(self.tenant.cloud.set_vault_contents(&self.vault, contents));
    }

    /// Replaces this part's faults.
    fn set(&self, fault: Option<FaultRule>) {
        let (vault, client) = (Plane::Vault(self.vault.clone()), self.application.app_id.to_string());
        let _guard = self.tenant.faults.lock().unwrap();
        let mut faults = self.tenant.cloud.faults();
        faults.rules.retain(|rule| rule.plane != vault && rule.name != client);
        faults.rules.extend(fault);
        self.tenant.cloud.set_faults(faults);
    }

    fn any_fault(&self, random: &mut StdRng) -> FaultRule {
        let vault = |status: u16| FaultRule::new(Plane::Vault(self.vault.clone()), status, "{}");
        let entra = |status: u16| FaultRule {
            name: self.application.app_id.to_string(),
            ..FaultRule::new(Plane::Entra, status, "{}")
        };
        let once = |rule: FaultRule| FaultRule { times: Some(1), ..rule };
        match random.random_range(0..8) {
            0 => FaultRule { retry_after: Some("1".to_owned()), ..vault(429) },
            1 => vault(429),
            2 => vault(500),
            3 => FaultRule { retry_after: Some("30".to_owned()), ..once(vault(503)) },
            4 => FaultRule { delay: Duration::from_millis(300), ..vault(0) },
            // A token that ended before its time.
            5 => once(vault(401)),
            6 => entra(503),
            _ => entra(401),
        }
    }
}

/// Plays one schedule; the error says what is not as it would be without faults.
async fn play(world: &World, seed: u64) -> Result<(), String> {
    let random = &mut StdRng::seed_from_u64(seed);
    let namespace = format!("faults-{seed}");
    let tenant = world.tenant();
    let part = Part { tenant, vault: namespace.clone(), application: tenant.vault(&namespace) };
    part.fill([Some("one"), Some("two")]);
    world.make(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})).await;
    world.store(part.application, &namespace, "store", &part.vault).await;
    let entry = |key: &str| json!({"secretKey": key, "remoteRef": {"key": key}});
    let object = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "es", "namespace": namespace},
        "spec": {"refreshInterval": "1s", "secretStoreRef": {"name": "store"}, "data": [entry("a"), entry("b")]}});
    world.make(&object).await;
    for step in 0..random.random_range(1..5) {
        tokio::time::sleep(milliseconds(random, 900)).await;
        match random.random_range(0..4) {
            0 => part.fill([Some(&format!("one-{step}")), None]),
            1 => part.fill([Some(&format!("one-{step}")), Some("two")]),
            _ => {
                let fault = part.any_fault(random);
                part.set(Some(fault));
            }
        }
    }
    part.set(None);
    part.fill([Some("last"), Some("two")]);

    let data = BTreeMap::from([("a".to_owned(), b"last".to_vec()), ("b".to_owned(), b"two".to_vec())]);
    let hash = hash_of_data(&data);
    let of = |kind: &str| format!("/api/v1/namespaces/{namespace}/{kind}");
    let ours = format!("/apis/external-secrets.io/v1/namespaces/{namespace}/externalsecrets/es");
    let secret = world
        .until(&of("secrets/es"), |secret| {
            secret.pointer("/metadata/annotations/reconcile.external-secrets.io~1data-hash")
                == Some(&json!(hash))
        })
        .await;
    world.until(&ours, |object| is_ready(object, "True")).await;
    let (_, all) = world.ask("GET", &of("secrets"), None).await;
    let outcome = match (&secret["data"], all["items"].as_array().map(Vec::len)) {
        (data, Some(1)) if *data == json!({"a": "bGFzdA==", "b": "dHdv"}) => Ok(()),
        (data, count) => Err(format!("seed {seed}: {count:?} Secrets, data {data}")),
    };
    world.ask("DELETE", &ours, None).await;
    outcome
}

/// Changes the weather, and kills the operator, until it is dropped.
async fn weather(world: &World, seed: u64) {
    let random = &mut StdRng::seed_from_u64(seed);
    loop {
        let operator = tokio::spawn(world.operator(Options::default()));
        for _ in 0..random.random_range(2..6) {
            tokio::time::sleep(milliseconds(random, 2_000)).await;
            let flag = if random.random_bool(0.5) { &world.weather.hub_down } else { &world.weather.cut };
            flag.store(true, Ordering::Relaxed);
            tokio::time::sleep(milliseconds(random, 300)).await;
            flag.store(false, Ordering::Relaxed);
        }
        operator.abort();
        // It was aborted: there is nothing to learn from how it ended.
        let _ = operator.await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fault_schedules() {
    let (count, first) = (number("GANGPLANK_SCHEDULES", 24), number("GANGPLANK_SEED", 1));
    let world = World::new().await;
    let schedules = futures::stream::iter(first..first + count)
        .map(|seed| play(&world, seed))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>();
    let played = tokio::select! {
        played = schedules => played,
        () = weather(&world, first) => unreachable!("the weather never ends"),
    };
    let wrong: Vec<String> = played.into_iter().filter_map(Result::err).collect();
    assert!(
        wrong.is_empty(),
        "{} of {count} schedules ended otherwise than without faults: {wrong:#?}",
        wrong.len()
    );
}
