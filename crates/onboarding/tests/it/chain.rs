use gangplank_onboarding::chain::facts::*;
use gangplank_onboarding::chain::{Link, Verdict, evaluate};

use crate::world::*;

/// Breaks one thing, and checks which link says so and how its cause begins; all links before hold, all after wait.
fn check(what: impl FnOnce(&mut World), link: Link, state: &str, cause: &str) {
    let mut world = aboard();
    what(&mut world);
    let chain = evaluate(&cluster(), &fleet(), &world.facts());
    let (open, verdict) = chain.first_open().unwrap();
    let text = match verdict {
        Verdict::Holds => panic!("an open link holds"),
        Verdict::Broken { cause, mend } => {
            assert!(!mend.is_empty(), "no mend for {cause}");
            cause
        }
        Verdict::Waiting { on } => on,
    };
    assert_eq!((open, verdict.state()), (link, state), "{text}");
    assert!(text.contains(cause), "the cause was: {text}");
    for (later, verdict) in Link::ALL.into_iter().zip(&chain.verdicts).filter(|(later, _)| *later > link) {
        assert_eq!(verdict, &Verdict::waiting(format!("the link `{link}`")), "{later}");
    }
}

#[test]
fn a_cluster_with_nothing_wrong_is_aboard() {
    assert!(evaluate(&cluster(), &fleet(), &aboard().facts()).is_aboard());
}

#[test]
fn the_cluster_itself() {
    let broken = |what: fn(&mut World), cause| check(what, Link::Cluster, "broken", cause);
    broken(|w| w.azure = Seen::failed("403", "log in"), "403");
    broken(|w| w.managed().entra = false, "Entra is off");
    broken(|w| w.managed().azure_rbac = false, "Azure RBAC is off");
    broken(|w| w.managed().running = false, "is stopped");
    broken(|w| w.managed().provisioning_state = "Failed".to_owned(), "the provisioning state of");
    check(|w| w.managed().provisioning_state = "Creating".to_owned(), Link::Cluster, "waiting", "`Creating`");
    check(|w| w.azure = Seen::Pending, Link::Cluster, "waiting", "a look at Azure");
}

#[test]
fn what_the_vault_holds() {
    let set = |ca: VaultSecret, cause| {
        let url = VaultSecret::Value(SERVER.to_owned());
        check(|w| w.vault = Seen::Known(PublishedFacts { ca, url }), Link::Published, "broken", cause);
    };
    set(VaultSecret::Missing, "has no secret `aks-prd-we-1-ca-cert`");
    set(VaultSecret::Disabled, "is disabled");
    set(VaultSecret::SoftDeleted, "is deleted");
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    set(VaultSecret::Value(base64.encode(ca())), "it is encoded twice");
    set(
        VaultSecret::Value(String::from_utf8(base64.decode(ca()).unwrap()).unwrap()),
        "it is PEM as it stands",
    );
    let rotated = |w: &mut World| {
        let server = SERVER.to_owned();
        w.managed().credential = Seen::Known(Credential { ca: "LS0tLS1CRUdJTi".to_owned(), server });
    };
    check(rotated, Link::Published, "broken", "is not the CA that `aks-prd-we-1` has today");
    let elsewhere = PublishedFacts {
        ca: VaultSecret::Value(ca()),
        url: VaultSecret::Value("https://old.hcp.westeurope.azmk8s.io:443".to_owned()),
    };
    check(
        |w| w.vault = Seen::Known(elsewhere),
        Link::Published,
        "broken",
        "answers at `https://aks-prd-we-1.hcp",
    );
}

#[test]
fn who_is_trusted() {
    let broken = |what: fn(&mut World), cause| check(what, Link::Federated, "broken", cause);
    broken(|w| w.access.argocd = Seen::Known(None), "does not exist");
    broken(
        |w| drop(w.identity().credentials.remove(0)),
        "does not trust `system:serviceaccount:argocd:argocd-server`",
    );
    broken(
        |w| w.identity().credentials[0].issuer = ISSUER.trim_end_matches('/').to_owned(),
        "without the slash",
    );
    broken(
        |w| {
            w.identity().credentials[1].subject =
                "system:serviceaccount:argocd:ArgoCD-Application-Controller".to_owned()
        },
        "in another letter case",
    );
    broken(
        |w| w.identity().credentials[0].audiences = vec!["api://other".to_owned()],
        "has the audience `api://other`",
    );
    broken(
        |w| w.managed().roles = Seen::Known(Vec::new()),
        "has no role `Azure Kubernetes Service RBAC Cluster Admin`",
    );
    broken(
        |w| {
            if let Seen::Known(grants) = &mut w.managed().roles {
                grants[0].principal = CLIENT.to_owned();
            }
        },
        "is given to the client id",
    );
    let workload = |w: &mut World, change: fn(&mut WorkloadFacts)| {
        if let Seen::Known(workloads) = &mut w.hub.workloads {
            change(&mut workloads[0]);
        }
    };
    check(|w| workload(w, |it| it.identity_label = None), Link::Federated, "broken", "lacks the label");
    let annotation = |it: &mut WorkloadFacts| it.identity_annotation = it.identity_label.take();
    check(|w| workload(w, annotation), Link::Federated, "broken", "as an annotation, where it does nothing");
    let annotate = |w: &mut World, value: Option<&str>| {
        if let Seen::Known(accounts) = &mut w.hub.service_accounts {
            accounts.insert("argocd/argocd-server".to_owned(), value.map(str::to_owned));
        }
    };
    check(|w| annotate(w, Some(OBJECT)), Link::Federated, "broken", "annotated with the object id");
    check(|w| annotate(w, None), Link::Federated, "broken", "has no annotation");
}

#[test]
fn the_store() {
    let store = |facts: StoreFacts, state, cause| {
        check(|w| w.hub.store = Seen::Known(facts), Link::Store, state, cause)
    };
    let elsewhere = StoreFacts { elsewhere: vec!["external-secrets".to_owned()], ..StoreFacts::default() };
    store(elsewhere, "broken", "stands in the namespace `external-secrets`");
    store(StoreFacts::default(), "broken", "the tree does not render it");
    store(StoreFacts { exists: true, ..StoreFacts::default() }, "waiting", "the secrets operator");
    let unready = ready(false, "InvalidProviderConfig", "unable to create client");
    store(
        StoreFacts { exists: true, ready: unready, elsewhere: vec![] },
        "broken",
        "is not ready: unable to create",
    );
    let denied = |w: &mut World| w.hub.vault_read = Seen::failed("the vault refuses", "assign the role");
    check(denied, Link::Store, "broken", "the vault refuses");
}

#[test]
fn what_git_says() {
    let overlay =
        |facts: OverlayFacts, cause| check(|w| w.git = Seen::Known(facts), Link::Declared, "broken", cause);
    overlay(OverlayFacts::default(), "Git has no overlay");
    overlay(OverlayFacts { folder: true, ..OverlayFacts::default() }, "does not list `aks-prd-we-1`");
    let finding =
        Finding { place: "x.yaml:3:1".into(), cause: "a leftover".into(), mend: "replace it".into() };
    overlay(OverlayFacts { folder: true, listed: true, findings: vec![finding] }, "x.yaml:3:1: a leftover");
    let failing =
        ApplicationFacts { problems: vec!["no such repository".into()], ..application("argocd/argocd") };
    let not_followed = |w: &mut World| w.hub.self_application = Seen::Known(Some(failing));
    check(not_followed, Link::Declared, "broken", "no such repository");
}

#[test]
fn secrets_reach_and_bootstrap() {
    let secret = |change: fn(&mut SecretFacts), state, cause| {
        let changed = |w: &mut World| match &mut w.secret {
            Seen::Known(facts) => change(facts),
            _ => panic!("the fixture has a secret"),
        };
        check(changed, Link::Synced, state, cause);
    };
    secret(|s| s.external_secret = false, "waiting", "the self-managing application");
    secret(|s| s.ready = None, "waiting", "the secrets operator");
    secret(
        |s| s.ready = ready(false, "SecretSyncedError", "could not update secret"),
        "broken",
        "could not update",
    );
    secret(|s| s.secret = None, "broken", "there is no Secret `aks-prd-we-1-cluster-secret`");
    secret(|s| s.secret.as_mut().unwrap().secret_type = None, "broken", "lacks the label");
    secret(|s| s.secret.as_mut().unwrap().ca = None, "waiting", "an older CA");
    secret(|s| s.secret.as_mut().unwrap().server = "https://old".to_owned(), "waiting", "an older URL");

    check(|w| w.reach = Seen::Pending, Link::Reachable, "waiting", "the proof of reach");
    check(|w| w.reach = Seen::failed("TLS: unknown authority", "publish"), Link::Reachable, "broken", "TLS");

    let bootstrap = |sync: &str, health: &str, problems: Vec<String>, state, cause| {
        let (sync, health) = (sync.to_owned(), health.to_owned());
        let facts = ApplicationFacts { sync, health, problems, ..application("argocd/b") };
        check(|w| w.bootstrap = Seen::Known(Some(facts)), Link::Bootstrapped, state, cause);
    };
    check(|w| w.bootstrap = Seen::Known(None), Link::Bootstrapped, "waiting", "follows the cluster's Secret");
    bootstrap("OutOfSync", "Missing", vec![], "waiting", "OutOfSync, Missing");
    bootstrap("Synced", "Degraded", vec![], "broken", "degraded");
    bootstrap("Unknown", "", vec!["no access".into()], "broken", "no access");
}
