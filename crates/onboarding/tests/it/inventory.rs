use gangplank_onboarding::chain::facts::*;
use gangplank_onboarding::inventory::Inventory;
use gangplank_onboarding::tree::members::Member;

use crate::world::*;

const ELSEWHERE: &str = "/subscriptions/55555555-5555-5555-5555-555555555555/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/AKS-prd-we-1";

fn aks(id: &str) -> ManagedCluster {
    ManagedCluster {
        resource_id: id.parse().unwrap(),
        provisioning_state: "Succeeded".to_owned(),
        running: true,
        entra: true,
        azure_rbac: true,
        credential: Seen::Pending,
        roles: Seen::Pending,
    }
}

/// Which of `clusters` the member `aks-prd-we-1` is, or a part of why none.
#[track_caller]
fn check(annotation: Option<&str>, clusters: &[&str], expect: Result<&str, &str>) {
    let inventory = Inventory::new(&fleet(), clusters.iter().map(|id| aks(id)));
    let member = Member { name: cluster(), resource_id: annotation.map(str::to_owned), leaving: false };
    match (inventory.find(&member), expect) {
        (Ok(found), Ok(id)) => assert_eq!(found.resource_id.as_str(), id),
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
        (found, _) => panic!("{found:?} instead of {expect:?}"),
    }
}

#[test]
fn a_member_is_found_by_its_resource_else_by_its_name_in_the_subscription_of_the_hub() {
    let own = id("Microsoft.ContainerService/managedClusters", "AKS-PRD-we-1");
    let twin = own.replace("/rg/", "/rg2/");
    let all = [ELSEWHERE, own.as_str()];
    check(None, &all, Ok(&own));
    check(Some(&ELSEWHERE.to_lowercase()), &all, Ok(ELSEWHERE));
    check(None, &[ELSEWHERE], Err("no managed cluster `aks-prd-we-1` in the hub's subscription"));
    check(Some(ELSEWHERE), &[&own], Err("which the overlay of `aks-prd-we-1` names"));
    check(None, &[&own, &twin], Err("has 2 managed clusters"));
    check(Some(&twin), &[&own, &twin], Ok(&twin));
    check(Some("aks-1"), &all, Err("`aks-1` is no Azure resource id"));
}
