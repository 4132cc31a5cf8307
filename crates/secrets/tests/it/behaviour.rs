//! The recorded behaviour of a real External Secrets Operator, played against ours.

use crate::cases::{Played, cases, corpus, play_all};
use crate::world::{ALONE, World};
use std::time::Duration;

/// Cases that differ on purpose, with the reason.
const DIFFERENT: &[(&str, &str)] = &[(
    "type_changed",
    "the embedded API server lists the violations of a Secret in another order than a real one",
)];

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn external_secrets_behaviour() {
    let Some(folder) = corpus() else {
        println!("skipped: no corpus (set GANGPLANK_CORPUS)");
        return;
    };
    let _alone = ALONE.lock().await;
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_test_writer();
    let _guard = tracing::subscriber::set_global_default(log.finish());
    let world = World::new().await;
    world.start(gangplank_secrets::Options::default());
    let Played { report, unexplained } = play_all(&world, &cases(&folder), 32, DIFFERENT).await;
    println!("{report}");
    world.shutdown.trigger();
    assert!(world.shutdown.finished(Duration::from_secs(10)).await, "the operator ends");
    if std::env::var_os("GANGPLANK_CASE").is_none() {
        assert_eq!(unused(&world), Vec::<String>::new(), "rights that the operator has and does not use");
    }
    assert_eq!(unexplained, 0, "{unexplained} cases differ without a reason");
}

/// Rights that the recorded cases need not make use of, with the reason.
const SELDOM: &[(&str, &str)] = &[
    (
        "update external-secrets.io/externalsecrets/finalizers",
        "asked for by admission, not by a request of ours",
    ),
    (
        "update external-secrets.io/clusterexternalsecrets/finalizers",
        "asked for by admission, not by a request of ours",
    ),
    (
        "update external-secrets.io/externalsecrets",
        "a changed ClusterExternalSecret changes its ExternalSecrets",
    ),
    ("list apps/deployments", "asked for by the command before the operator starts"),
    ("list apps/statefulsets", "asked for by the command before the operator starts"),
    ("patch events.k8s.io/events", "an event that comes again after five minutes is counted"),
];

/// The rights of the manifest that no case made use of.
fn unused(world: &World) -> Vec<String> {
    let used = world.used.lock().unwrap();
    let all = gangplank_secrets::rbac::RULES.iter().flat_map(|rule| {
        let of = move |resource: &'static &str| {
            rule.verbs.iter().map(move |verb| format!("{verb} {}/{resource}", rule.group))
        };
        rule.resources.iter().flat_map(of)
    });
    let seldom = |right: &String| SELDOM.iter().any(|(known, _)| known == right);
    all.filter(|right| !used.contains(right) && !seldom(right)).collect()
}
