use gangplank_onboarding::access::*;
use gangplank_onboarding::chain::facts::*;
use gangplank_onboarding::publish;

use crate::world::*;

fn observed() -> Observed {
    let fleet = fleet();
    let grant = |role: Role| RoleGrant { principal: OBJECT.to_owned(), role: role.guid.to_owned() };
    let aks = id("Microsoft.ContainerService/managedClusters", "aks-prd-we-1").parse().unwrap();
    Observed {
        argocd: Some(identity(&fleet, &Which::Argocd.subjects(&fleet))),
        secrets: Some(identity(&fleet, &Which::Secrets.subjects(&fleet))),
        vault: vec![grant(SECRETS_USER)],
        clusters: vec![(cluster(), aks, vec![grant(CLUSTER_ADMIN)])],
    }
}

fn check(change: impl FnOnce(&mut Observed), expect: &[&str]) {
    let mut observed = observed();
    change(&mut observed);
    let actions = decide(&fleet(), &observed);
    assert_eq!(actions.iter().map(|action| action.describe(&fleet())).collect::<Vec<_>>(), expect);
}

#[test]
fn what_is_right_is_left_alone() {
    check(|_| {}, &[]);
}

#[test]
fn what_is_missing_is_made() {
    check(|o| o.argocd = None, &["create the identity argocd-prd-umi"]);
    check(
        |o| o.secrets.as_mut().unwrap().credentials.clear(),
        &[
            "let argocd-prd-akv-access-umi trust system:serviceaccount:argocd:eso-sa (it has no federated credential for this subject)",
        ],
    );
    check(
        |o| o.vault.clear(),
        &["give the role `Key Vault Secrets User` on argocd-prd-akv to 33333333-3333-3333-3333-333333333333"],
    );
    check(
        |o| o.clusters[0].2[0].principal = CLIENT.to_owned(),
        &[
            "give the role `Azure Kubernetes Service RBAC Cluster Admin` on aks-prd-we-1 to 33333333-3333-3333-3333-333333333333",
        ],
    );
}

#[test]
fn publishing_writes_only_what_differs() {
    let today = Credential { ca: ca(), server: format!("{SERVER}:443") };
    let check = |ca: VaultSecret, url: &str, expect: &[(&str, publish::Reason)]| {
        let vault = PublishedFacts { ca, url: VaultSecret::Value(url.to_owned()) };
        let writes = publish::decide(&cluster(), &today, &vault).unwrap();
        let found: Vec<_> = writes.iter().map(|write| (write.secret.as_str(), write.reason)).collect();
        assert_eq!(found, expect);
    };
    let value = VaultSecret::Value;
    // Terraform's form of the URL stands.
    check(value(ca()), &format!("{SERVER}:443"), &[]);
    check(value("old".into()), SERVER, &[("aks-prd-we-1-ca-cert", publish::Reason::Differs)]);
    check(
        VaultSecret::SoftDeleted,
        "https://old",
        &[
            ("aks-prd-we-1-ca-cert", publish::Reason::SoftDeleted),
            ("aks-prd-we-1-server-url", publish::Reason::Differs),
        ],
    );
    let broken = Credential { ca: "rubbish".to_owned(), server: SERVER.to_owned() };
    let vault = PublishedFacts { ca: VaultSecret::Missing, url: VaultSecret::Missing };
    assert!(publish::decide(&cluster(), &broken, &vault).is_err());
}
