use super::*;

const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";

fn assignment(role: &str, principal: u128, scope: &str) -> RoleAssignment {
    RoleAssignment {
        name: Uuid::from_u128(1),
        scope: scope.into(),
        role: role_id(role).expect("a built-in role"),
        principal: Uuid::from_u128(principal),
        principal_type: "ServicePrincipal".into(),
        description: None,
        condition: None,
        created_by: Uuid::nil(),
        created_on: Timestamp::UNIX_EPOCH,
        effective_from: Timestamp::UNIX_EPOCH,
        effective_until: None,
    }
}

#[test]
fn wildcards_stand_for_any_text() {
    let cases = [
        ("*", "anything/at/all", true),
        ("*/read", "Microsoft.KeyVault/vaults/read", true),
        ("*/read", "Microsoft.KeyVault/vaults/write", false),
        ("*/read", "read", false),
        ("Microsoft.KeyVault/vaults/*", "microsoft.keyvault/VAULTS/secrets/getSecret/action", true),
        ("Microsoft.KeyVault/vaults/*", "Microsoft.KeyVault/vaults", false),
        ("Microsoft.KeyVault/*/read", "Microsoft.KeyVault/vaults/secrets/read", true),
        ("a*b*c", "aXbXbYc", true),
        ("a*b*c", "aXbXbY", false),
        ("", "", true),
        ("", "a", false),
        ("a**", "a", true),
        ("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/read", true),
        ("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaultsread", false),
    ];
    for (pattern, name, expect) in cases {
        assert_eq!(wildcard_matches(pattern, name), expect, "{pattern} ~ {name}");
    }
}

#[test]
fn a_scope_covers_what_lies_under_it() {
    let cases = [
        ("/subscriptions/s", "/", true),
        ("/subscriptions/s", "/subscriptions/S", true),
        ("/subscriptions/s/resourceGroups/g", "/subscriptions/s/", true),
        ("/subscriptions/s2", "/subscriptions/s", false),
        ("/subscriptions", "/subscriptions/s", false),
    ];
    for (scope, root, expect) in cases {
        assert_eq!(is_at_or_under(scope, root), expect, "{scope} under {root}");
    }
    assert_eq!(ancestors("/a/b/c").collect::<Vec<_>>(), ["/a/b/c", "/a/b", "/a", "/"]);
    assert_eq!(ancestors("/").collect::<Vec<_>>(), ["/"]);
}

#[test]
fn roles_grant_what_their_definition_says() {
    let get = Operation::DataAction("Microsoft.KeyVault/vaults/secrets/getSecret/action");
    let set = Operation::DataAction("Microsoft.KeyVault/vaults/secrets/setSecret/action");
    let metadata = Operation::DataAction("Microsoft.KeyVault/vaults/secrets/readMetadata/action");
    let read = Operation::Action("Microsoft.ContainerService/managedClusters/read");
    let assign = Operation::Action("Microsoft.Authorization/roleAssignments/write");
    let pods = Operation::DataAction("Microsoft.ContainerService/managedClusters/pods/read");
    let secrets = Operation::DataAction("Microsoft.ContainerService/managedClusters/secrets/read");
    let namespaces = Operation::DataAction("Microsoft.ContainerService/managedClusters/namespaces/write");
    let custom =
        Operation::DataAction("Microsoft.ContainerService/managedClusters/argoproj.io/applications/read");
    let user =
        Operation::Action("Microsoft.ContainerService/managedClusters/listClusterUserCredential/action");
    let cases: &[(&str, &[Operation], &[Operation])] = &[
        ("Owner", &[read, assign, user], &[get, pods]),
        ("Contributor", &[read, user], &[assign, get, pods]),
        ("Reader", &[read], &[user, assign, get]),
        ("Key Vault Secrets User", &[get, metadata], &[set, read]),
        ("Key Vault Secrets Officer", &[get, set, metadata], &[pods]),
        ("Key Vault Reader", &[metadata], &[get, set]),
        ("Key Vault Administrator", &[get, set, metadata], &[]),
        ("Azure Kubernetes Service RBAC Cluster Admin", &[pods, secrets, namespaces, custom, user], &[get]),
        ("Azure Kubernetes Service RBAC Admin", &[pods, secrets, custom], &[namespaces]),
        ("Azure Kubernetes Service RBAC Writer", &[pods, secrets], &[namespaces, custom]),
        ("Azure Kubernetes Service RBAC Reader", &[pods], &[secrets, custom]),
        ("Azure Kubernetes Service Cluster User Role", &[read, user], &[pods]),
        ("Role Based Access Control Administrator", &[assign], &[get]),
    ];
    for (role, granted, refused) in cases {
        let mut rbac = Rbac::default();
        rbac.assign(assignment(role, 7, "/subscriptions/s"));
        let allows = |op| rbac.allows(&[Uuid::from_u128(7)], op, CLUSTER, Timestamp::UNIX_EPOCH);
        for operation in *granted {
            assert!(allows(*operation), "{role} grants {operation:?}");
        }
        for operation in *refused {
            assert!(!allows(*operation), "{role} does not grant {operation:?}");
        }
    }
}

#[test]
fn assignments_hold_for_their_principal_scope_and_time() {
    let at = |seconds: i64| Timestamp::from_second(seconds).expect("in range");
    let read = Operation::Action("Microsoft.ContainerService/managedClusters/read");
    let mut rbac = Rbac::default();
    let mut late = assignment("Reader", 7, CLUSTER);
    late.effective_from = at(10);
    rbac.assign(late);
    let allows = |rbac: &Rbac, principals: &[u128], scope: &str, now| {
        let principals: Vec<Uuid> = principals.iter().copied().map(Uuid::from_u128).collect();
        rbac.allows(&principals, read, scope, at(now))
    };
    assert!(!allows(&rbac, &[7], CLUSTER, 9), "not yet propagated");
    assert!(allows(&rbac, &[7], CLUSTER, 10));
    assert!(allows(&rbac, &[8, 7], &CLUSTER.to_uppercase(), 10), "through a group, in any letter case");
    assert!(!allows(&rbac, &[8], CLUSTER, 10), "another principal");
    assert!(!allows(&rbac, &[7], "/subscriptions/s/resourceGroups/g", 10), "above the scope");
    assert!(!allows(&rbac, &[7], &format!("{CLUSTER}2"), 10), "a neighbour");
    assert!(rbac.unassign(Uuid::from_u128(1), at(20), at(30)).is_some());
    assert!(rbac.unassign(Uuid::from_u128(1), at(20), at(30)).is_none(), "deleted once");
    assert!(allows(&rbac, &[7], CLUSTER, 29), "the deletion has not propagated");
    assert!(!allows(&rbac, &[7], CLUSTER, 30));
}

#[test]
fn an_exclusion_takes_nothing_from_another_role() {
    let mut rbac = Rbac::default();
    rbac.assign(assignment("Contributor", 7, "/"));
    let mut owner = assignment("User Access Administrator", 7, "/");
    owner.name = Uuid::from_u128(2);
    rbac.assign(owner);
    let assign = Operation::Action("Microsoft.Authorization/roleAssignments/write");
    assert!(rbac.allows(&[Uuid::from_u128(7)], assign, CLUSTER, Timestamp::UNIX_EPOCH));
}
