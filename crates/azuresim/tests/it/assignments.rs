use std::time::Duration;

use gangplank_azuresim::{ArmError, Environment, Faults, NewCluster, rbac::role_id};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{ARM, GROUP, SUBSCRIPTION, VAULT, World, check};

const NONE: Value = Value::Null;
const V: &str = "?api-version=2022-04-01";
const ASSIGNMENTS: &str = "/providers/Microsoft.Authorization/roleAssignments";
const DEFINITIONS: &str = "/providers/Microsoft.Authorization/roleDefinitions";
const NOBODY: &str = "44444444-4444-4444-4444-444444444444";

fn name(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

fn role(name: &str) -> String {
    format!("/subscriptions/{SUBSCRIPTION}{DEFINITIONS}/{}", role_id(name).expect("a role"))
}

fn body(role_id: &str, principal: &str, principal_type: &str) -> Value {
    let mut properties = json!({"roleDefinitionId": role_id, "principalId": principal});
    if !principal_type.is_empty() {
        properties["principalType"] = json!(principal_type);
    }
    json!({"properties": properties})
}

#[tokio::test]
async fn the_rules_of_assignments() {
    let world = World::new();
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let cluster =
        world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster").id;
    let admin = role("Azure Kubernetes Service RBAC Cluster Admin");
    let reader = role("Reader");
    let oid = identity.principal_id.to_string();
    let client = identity.client_id.to_string();
    let user = world.cloud.create_user("ada@contoso.example").to_string();
    let at = |number: u128| format!("{cluster}{ASSIGNMENTS}/{}{V}", name(number));
    let unknown = format!("/subscriptions/{SUBSCRIPTION}{DEFINITIONS}/{NOBODY}");
    check(
        &world,
        ARM,
        &[
            ("GET", &at(1), NONE, 404, "ResourceNotFound"),
            ("PUT", &at(1), body(&admin, &oid, ""), 201, ""),
            ("PUT", &at(1), body(&admin, &oid, "ServicePrincipal"), 200, ""),
            ("PUT", &at(2), body(&admin, &oid, "ServicePrincipal"), 409, "RoleAssignmentExists"),
            ("PUT", &at(1), body(&reader, &oid, ""), 400, "RoleAssignmentUpdateNotPermitted"),
            ("PUT", &at(1), body(&admin, &user, ""), 400, "RoleAssignmentUpdateNotPermitted"),
            (
                "PUT",
                &format!("{GROUP}{ASSIGNMENTS}/{}{V}", name(1)),
                body(&admin, &oid, ""),
                400,
                "RoleAssignmentUpdateNotPermitted",
            ),
            ("PUT", &at(3), body(&admin, &client, ""), 400, "PrincipalNotFound"),
            ("PUT", &at(3), body(&admin, NOBODY, ""), 400, "PrincipalNotFound"),
            ("PUT", &at(3), body(&admin, NOBODY, "User"), 400, "PrincipalNotFound"),
            ("PUT", &at(3), body(&admin, NOBODY, "ServicePrincipal"), 201, ""),
            ("PUT", &at(4), body(&admin, "argocd-prd", ""), 400, "InvalidPrincipalId"),
            ("PUT", &at(4), body(&reader, &oid, "User"), 400, "UnmatchedPrincipalType"),
            ("PUT", &at(4), body(&reader, &user, "ServicePrincipal"), 400, "UnmatchedPrincipalType"),
            ("PUT", &at(4), body(&unknown, &oid, ""), 400, "RoleDefinitionDoesNotExist"),
            ("PUT", &at(4), body("Reader", &oid, ""), 400, "RoleDefinitionDoesNotExist"),
            ("PUT", &at(4), json!({"principalId": oid}), 400, "InvalidRequestContent"),
            (
                "PUT",
                &format!("{cluster}{ASSIGNMENTS}/no-guid{V}"),
                body(&reader, &oid, ""),
                400,
                "InvalidParameter",
            ),
            (
                "PUT",
                &format!("{cluster}x{ASSIGNMENTS}/{}{V}", name(4)),
                body(&reader, &oid, ""),
                404,
                "ResourceNotFound",
            ),
            (
                "PUT",
                &format!("{GROUP}x{ASSIGNMENTS}/{}{V}", name(4)),
                body(&reader, &oid, ""),
                404,
                "ResourceGroupNotFound",
            ),
            ("PUT", &format!("{ASSIGNMENTS}/{}{V}", name(5)), body(&reader, &oid, ""), 201, ""),
            ("DELETE", &at(1), NONE, 200, ""),
            ("DELETE", &at(1), NONE, 204, ""),
            ("PUT", &at(2), body(&admin, &oid, "ServicePrincipal"), 201, ""),
        ],
    )
    .await;
    let deleted = world.admin("DELETE", &format!("{ARM}{}", at(2)), NONE).await;
    let expected = json!({
        "id": format!("{cluster}{ASSIGNMENTS}/{}", name(2)), "name": name(2),
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": admin, "principalId": oid, "principalType": "ServicePrincipal", "scope": cluster,
        },
    });
    assert_eq!(deleted.body["id"], expected["id"], "a deletion answers with what it deleted");
    for (property, value) in expected["properties"].as_object().expect("an object") {
        assert_eq!(&deleted.body["properties"][property], value, "{property}");
    }
}

#[tokio::test]
async fn the_client_id_passes_with_a_type_and_grants_nothing() {
    let world = World::new();
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let cluster =
        world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster").id;
    let admin = role("Azure Kubernetes Service RBAC Cluster Admin");
    let url = |number| format!("{cluster}{ASSIGNMENTS}/{}{V}", name(number));
    let pods = "Microsoft.ContainerService/managedClusters/pods/read";
    let wrong = body(&admin, &identity.client_id.to_string(), "ServicePrincipal");
    check(&world, ARM, &[("PUT", &url(1), wrong, 201, "")]).await;
    assert!(!world.cloud.has_data_action(identity.principal_id, &cluster, pods));
    let right = body(&admin, &identity.principal_id.to_string(), "ServicePrincipal");
    check(&world, ARM, &[("PUT", &url(2), right, 201, "")]).await;
    assert!(world.cloud.has_data_action(
        identity.principal_id,
        &format!("{cluster}/namespaces/argocd"),
        pods
    ));
    assert!(!world.cloud.has_data_action(identity.principal_id, GROUP, pods));
}

#[tokio::test]
async fn assignments_are_listed_by_scope_and_principal() {
    let world = World::new();
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let team = world.cloud.create_directory_group("team", &[identity.principal_id]);
    let subscription = format!("/subscriptions/{SUBSCRIPTION}");
    let vault = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/argocd-prd-akv");
    let assign = |scope: &str, principal| {
        world.cloud.assign_role(scope, principal, role_id("Reader").expect("a role")).expect("assigned");
    };
    assign(&subscription, identity.principal_id);
    assign(&vault, identity.principal_id);
    assign(GROUP, team);
    let list = async |scope: &str, filter: &str| {
        let filter = filter.replace(' ', "%20");
        let answer = world.get(&format!("{ARM}{scope}{ASSIGNMENTS}{V}&$filter={filter}")).await;
        let scopes = answer.body["value"].as_array().expect("a list").iter();
        let scopes = scopes.filter_map(|it| it.pointer("/properties/scope")?.as_str());
        // Those of the admin are at the root.
        scopes.filter(|scope| *scope != "/").map(str::to_owned).collect::<Vec<_>>()
    };
    let by_oid = format!("principalId eq '{}'", identity.principal_id);
    assert_eq!(list(GROUP, "").await, [subscription.as_str(), GROUP, &vault]);
    assert_eq!(list(GROUP, "atScope()").await, [subscription.as_str(), GROUP]);
    assert_eq!(list(GROUP, &by_oid).await, [subscription.as_str(), &vault]);
    assert_eq!(list(GROUP, &format!("atScope() and {by_oid}")).await, [subscription.as_str()]);
    assert_eq!(
        list(GROUP, &format!("assignedTo('{}')", identity.principal_id)).await,
        [subscription.as_str(), GROUP, &vault]
    );
    assert_eq!(list(&vault, "atScope()").await, [subscription.as_str(), GROUP, &vault]);
    let refused = world.get(&format!("{ARM}{GROUP}{ASSIGNMENTS}{V}&$filter=name%20eq%20'x'")).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "InvalidQuery"));
}

#[tokio::test]
async fn assignments_take_time_to_be_known() {
    let world = World::new();
    let vault = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/argocd-prd-akv");
    let delays = Faults {
        role_propagation: Duration::from_secs(300),
        principal_replication: Duration::from_secs(60),
        ..Faults::default()
    };
    world.cloud.set_faults(delays);
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let reader = role("Key Vault Secrets User");
    let oid = identity.principal_id.to_string();
    let url = |number| format!("{vault}{ASSIGNMENTS}/{}{V}", name(number));
    check(&world, ARM, &[("PUT", &url(1), body(&reader, &oid, ""), 400, "PrincipalNotFound")]).await;
    check(&world, ARM, &[("PUT", &url(1), body(&reader, &oid, "ServicePrincipal"), 201, "")]).await;
    check(&world, ARM, &[("DELETE", &url(1), NONE, 200, "")]).await;
    world.advance(60);
    check(&world, ARM, &[("PUT", &url(2), body(&reader, &oid, ""), 201, "")]).await;
    let get = "Microsoft.KeyVault/vaults/secrets/getSecret/action";
    let may = || world.cloud.has_data_action(identity.principal_id, &vault, get);
    assert!(!may());
    check(&world, ARM, &[("GET", &url(2), NONE, 200, "")]).await;
    world.advance(300);
    assert!(may());
    check(
        &world,
        ARM,
        &[("DELETE", &url(2), NONE, 200, ""), ("GET", &url(2), NONE, 404, "ResourceNotFound")],
    )
    .await;
    assert!(may(), "a deletion takes time too");
    world.advance(300);
    assert!(!may());
}

#[tokio::test]
async fn an_assignment_goes_with_its_scope_and_stays_without_its_principal() {
    let world = World::new();
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let cluster =
        world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster").id;
    let reader = role_id("Reader").expect("a role");
    let on_cluster = world.cloud.assign_role(&cluster, identity.principal_id, reader).expect("assigned");
    let on_group = world.cloud.assign_role(GROUP, identity.principal_id, reader).expect("assigned");
    assert_eq!(
        world.cloud.assign_role(GROUP, identity.principal_id, reader),
        Ok(on_group.clone()),
        "the same again"
    );
    check(&world, ARM, &[("DELETE", &format!("{cluster}?api-version=2025-03-01"), NONE, 202, "")]).await;
    check(&world, ARM, &[("GET", &format!("{on_cluster}{V}"), NONE, 404, "ResourceNotFound")]).await;
    check(&world, ARM, &[("DELETE", &format!("{}?api-version=2024-11-30", identity.id), NONE, 200, "")])
        .await;
    check(&world, ARM, &[("GET", &format!("{on_group}{V}"), NONE, 200, "")]).await;
}

#[tokio::test]
async fn roles_are_found_by_name() {
    let world = World::new();
    let list = async |scope: &str, filter: &str| {
        let filter = filter.replace(' ', "%20");
        let answer = world
            .get(&format!("{ARM}{scope}{DEFINITIONS}?api-version=2022-05-01-preview&$filter={filter}"))
            .await;
        answer.body["value"].as_array().expect("a list").clone()
    };
    let found = list(GROUP, "roleName eq 'Azure Kubernetes Service RBAC Cluster Admin'").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["id"], role("Azure Kubernetes Service RBAC Cluster Admin"));
    assert_eq!(found[0]["properties"]["type"], "BuiltInRole");
    let permissions = &found[0]["properties"]["permissions"][0];
    assert_eq!(permissions["dataActions"], json!(["Microsoft.ContainerService/managedClusters/*"]));
    assert_eq!(
        list("", "roleName eq 'Reader'").await[0]["id"],
        format!("{DEFINITIONS}/{}", role_id("Reader").expect("a role"))
    );
    assert_eq!(list(GROUP, "roleName eq 'No Such Role'").await.len(), 0);
    assert!(list(GROUP, "").await.len() >= 19);
    check(&world, ARM, &[("GET", &format!("{DEFINITIONS}/{NOBODY}{V}"), NONE, 404, "ResourceNotFound")])
        .await;
}

#[tokio::test]
async fn custom_roles_grant_what_they_say() {
    let world = World::new();
    let id = name(77);
    let definition = |name: &str, scopes: Value| {
        json!({"properties": {
            "roleName": name, "description": "reads one thing", "type": "CustomRole", "assignableScopes": scopes,
            "permissions": [{"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}],
        }})
    };
    let url = format!("{GROUP}{DEFINITIONS}/{id}{V}");
    let built_in = format!("{GROUP}{DEFINITIONS}/{}{V}", role_id("Reader").expect("a role"));
    let not_permitted = "RoleDefinitionUpdateNotPermitted";
    check(
        &world,
        ARM,
        &[
            ("PUT", &url, definition("Secret Getter", json!([])), 400, "BadRequest"),
            ("PUT", &url, definition("reader", json!([GROUP])), 400, not_permitted),
            ("PUT", &url, definition("Secret Getter", json!([GROUP])), 201, ""),
            ("PUT", &built_in, definition("Mine", json!(["/"])), 400, not_permitted),
            ("DELETE", &built_in, NONE, 400, not_permitted),
        ],
    )
    .await;
    let caller = world.cloud.create_application("getter");
    let vault = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/argocd-prd-akv");
    let custom = format!("{DEFINITIONS}/{id}");
    let assignment = body(&custom, &caller.object_id.to_string(), "");
    let above = format!("/subscriptions/{SUBSCRIPTION}{ASSIGNMENTS}/{}{V}", name(1));
    let on_vault = format!("{vault}{ASSIGNMENTS}/{}{V}", name(1));
    check(
        &world,
        ARM,
        &[
            ("PUT", &above, assignment.clone(), 400, "RoleDefinitionDoesNotExist"),
            ("PUT", &on_vault, assignment, 201, ""),
            ("DELETE", &url, NONE, 400, not_permitted),
        ],
    )
    .await;
    world.cloud.add_client_secret(caller, "s".to_owned().into(), jiff::Timestamp::MAX);
    let token = world.secret_login(caller.app_id, "s", "https://vault.azure.net/.default").await;
    let read = |path: &'static str| format!("{VAULT}{path}?api-version=7.4");
    assert_eq!(world.with(&token, "GET", &read("/secrets/a"), NONE).await.status, 404);
    assert_eq!(world.with(&token, "GET", &read("/secrets"), NONE).await.status, 403);
    check(
        &world,
        ARM,
        &[
            ("DELETE", &on_vault, NONE, 200, ""),
            ("DELETE", &url, NONE, 200, ""),
            ("DELETE", &url, NONE, 204, ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_subscription_has_so_many_at_most() {
    let reader = role_id("Reader").expect("a role");
    let full = |environment: Environment, most: u128| {
        let world = World::of(environment);
        for number in 0..most {
            world.cloud.assign_role(GROUP, Uuid::from_u128(1_000_000 + number), reader).expect("assigned");
        }
        world
    };
    let sovereign = full(Environment::us_government(), 2_000);
    let refused = sovereign.cloud.assign_role(GROUP, Uuid::from_u128(1), reader);
    assert_eq!(refused, Err(ArmError::RoleAssignmentLimitExceeded(2_000)));

    let world = full(Environment::public(), 4_000);
    let oid = world.cloud.create_application("late").object_id.to_string();
    let on_group = format!("{GROUP}{ASSIGNMENTS}/{}{V}", name(1));
    let on_root = format!("{ASSIGNMENTS}/{}{V}", name(2));
    check(
        &world,
        ARM,
        &[
            ("PUT", &on_group, body(&role("Reader"), &oid, ""), 400, "RoleAssignmentLimitExceeded"),
            ("PUT", &on_root, body(&role("Reader"), &oid, ""), 201, ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_condition_narrows_who_may_be_assigned_what() {
    let world = World::new();
    let engineer = world.cloud.create_application("engineer");
    world.cloud.add_client_secret(engineer, "s".to_owned().into(), jiff::Timestamp::MAX);
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let allowed = role_id("Key Vault Secrets User").expect("a role");
    let attribute =
        |source: &str| format!("@{source}[Microsoft.Authorization/roleAssignments:RoleDefinitionId]");
    let clause = |verb: &str, source: &str| {
        format!(
            "((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{verb}'}})) OR ({} \
             ForAnyOfAnyValues:GuidEquals {{{allowed}}}))",
            attribute(source)
        )
    };
    let condition = format!("{} AND {}", clause("write", "Request"), clause("delete", "Resource"));
    let own = |condition: &str, version: Value| {
        let mut body =
            body(&role("Role Based Access Control Administrator"), &engineer.object_id.to_string(), "");
        body["properties"]["condition"] = json!(condition);
        body["properties"]["conditionVersion"] = version;
        body
    };
    let at = |number: u128| format!("{GROUP}{ASSIGNMENTS}/{}{V}", name(number));
    check(
        &world,
        ARM,
        &[
            ("PUT", &at(1), own(&condition, json!(null)), 400, "BadRequest"),
            ("PUT", &at(1), own("nonsense", json!("2.0")), 400, "BadRequest"),
            ("PUT", &at(1), own(&condition, json!("2.0")), 201, ""),
        ],
    )
    .await;
    assert_eq!(world.get(&format!("{ARM}{}", at(1))).await.at("/properties/condition"), &json!(condition));
    let token = world.secret_login(engineer.app_id, "s", "https://management.azure.com/.default").await;
    let oid = identity.principal_id.to_string();
    let rows = [
        ("PUT", at(2), body(&role("Owner"), &oid, "ServicePrincipal"), 403),
        ("PUT", at(2), json!({}), 403),
        ("PUT", at(2), body(&role("Key Vault Secrets User"), &oid, "ServicePrincipal"), 201),
        ("DELETE", at(1), NONE, 403),
        ("DELETE", at(2), NONE, 200),
    ];
    for (method, path, body, status) in rows {
        let answer = world.with(&token, method, &format!("{ARM}{path}"), body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
    }
}
