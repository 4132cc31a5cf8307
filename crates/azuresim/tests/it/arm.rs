use gangplank_azuresim::{Faults, NewCluster};
use serde_json::{Value, json};

use crate::world::{ARM, GROUP, LOGIN, SUBSCRIPTION, TENANT, VAULT, World, check, guid};

const NONE: Value = Value::Null;

fn subscription() -> String {
    format!("{ARM}/subscriptions/{SUBSCRIPTION}")
}

#[tokio::test]
async fn callers_must_be_known() {
    let world = World::new();
    let url = format!("{}/resourceGroups?api-version=2022-09-01", subscription());
    let token = world.admin_token(ARM).await;
    let vault_token = world.admin_token(VAULT).await;
    let nobody = world.raw("GET", &url, &[], "").await;
    assert_eq!((nobody.status, nobody.code().as_str()), (401, "AuthenticationFailed"));
    let challenge = nobody.header("www-authenticate").expect("a challenge");
    assert!(
        challenge
            .starts_with(&format!("Bearer authorization_uri=\"{LOGIN}/{TENANT}\", error=\"invalid_token\""))
    );
    for (token, code) in
        [("x.y.z", "InvalidAuthenticationToken"), (&vault_token, "InvalidAuthenticationToken")]
    {
        let answer = world.with(token, "GET", &url, NONE).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, code));
    }
    assert_eq!(world.with(&token, "GET", &url, NONE).await.status, 200);
    world.advance(3_599 + 300);
    let late = world.with(&token, "GET", &url, NONE).await;
    assert_eq!((late.status, late.code().as_str()), (401, "ExpiredAuthenticationToken"));
}

#[tokio::test]
async fn every_call_needs_its_action() {
    let world = World::new();
    let stranger = world.caller("stranger", "", "", ARM).await;
    let reader = world.caller("reader", "Reader", &format!("/subscriptions/{SUBSCRIPTION}"), ARM).await;
    let identity = format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/argocd-prd");
    let vault = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/argocd-prd-akv");
    let cluster =
        world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster").id;
    let table = [
        ("GET", GROUP.to_owned(), NONE, 200),
        ("PUT", GROUP.to_owned(), json!({"location": "westeurope"}), 403),
        ("DELETE", GROUP.to_owned(), NONE, 403),
        ("PUT", identity.clone(), json!({"location": "westeurope"}), 403),
        ("PUT", format!("{identity}/federatedIdentityCredentials/abc"), json!({"properties": {}}), 403),
        ("GET", format!("{identity}/federatedIdentityCredentials"), NONE, 404),
        ("GET", vault.clone(), NONE, 200),
        ("DELETE", vault.clone(), NONE, 403),
        ("GET", cluster.clone(), NONE, 200),
        ("POST", format!("{cluster}/listClusterUserCredential"), NONE, 403),
        ("POST", format!("{cluster}/rotateClusterCertificates"), NONE, 403),
        ("GET", format!("{cluster}/providers/Microsoft.Authorization/roleAssignments"), NONE, 200),
        (
            "PUT",
            format!("{cluster}/providers/Microsoft.Authorization/roleAssignments/{TENANT}"),
            json!({}),
            403,
        ),
        ("GET", format!("{cluster}/providers/Microsoft.Authorization/roleDefinitions"), NONE, 200),
        ("GET", format!("/subscriptions/{SUBSCRIPTION}/resources"), NONE, 200),
    ];
    for (method, path, body, status) in table {
        let url = format!("{ARM}{path}?api-version=2024-11-30");
        let answer = world.with(&reader, method, &url, body.clone()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        let answer = world.with(&stranger, method, &url, body).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "AuthorizationFailed"), "{method} {path}");
        assert!(answer.text.contains(" over scope '/subscriptions/"), "{}", answer.text);
    }
    let seen = async |token: &str| {
        let list =
            world.with(token, "GET", &format!("{ARM}/subscriptions?api-version=2022-12-01"), NONE).await;
        list.at("/count/value").as_u64()
    };
    assert_eq!((seen(&reader).await, seen(&stranger).await), (Some(1), Some(0)));
}

#[tokio::test]
async fn paths_and_versions_are_checked() {
    let world = World::new();
    let group = GROUP.to_lowercase();
    check(
        &world,
        ARM,
        &[
            ("GET", GROUP, NONE, 400, "MissingApiVersionParameter"),
            ("GET", &format!("{GROUP}?api-version=7.4"), NONE, 400, "InvalidApiVersionParameter"),
            ("GET", &format!("{group}?API-Version=2022-09-01"), NONE, 200, ""),
            ("GET", &format!("{}?api-version=2022-09-01", GROUP.to_uppercase()), NONE, 200, ""),
            ("GET", &format!("{GROUP}/?api-version=2022-09-01"), NONE, 200, ""),
            (
                "GET",
                &format!("{GROUP}/providers/Microsoft.Web/sites?api-version=2022-09-01"),
                NONE,
                400,
                "NoRegisteredProviderFound",
            ),
            (
                "GET",
                "/subscriptions/99999999-9999-9999-9999-999999999999?api-version=2022-09-01",
                NONE,
                404,
                "SubscriptionNotFound",
            ),
            (
                "GET",
                "/subscriptions/nonsense/resourceGroups?api-version=2022-09-01",
                NONE,
                404,
                "SubscriptionNotFound",
            ),
            ("GET", "/nonsense?api-version=2022-09-01", NONE, 404, "InvalidResourcePath"),
            ("POST", &format!("{GROUP}?api-version=2022-09-01"), NONE, 405, "HttpMethodNotSupported"),
        ],
    )
    .await;
    let answer = world
        .raw(
            "GET",
            &format!("{ARM}/metadata/endpoints?api-version=2022-09-01"),
            &[("x-ms-client-request-id", "mine")],
            "",
        )
        .await;
    assert!(answer.body.is_object() && answer.header("x-ms-client-request-id") == Some("mine"));
    assert!(
        answer.header("x-ms-request-id").is_some() && answer.header("x-ms-correlation-request-id").is_some()
    );
    let older = world.raw("GET", &format!("{ARM}/metadata/endpoints?api-version=2019-05-01"), &[], "").await;
    assert!(older.body.is_array());
}

#[tokio::test]
async fn groups_come_and_go() {
    let world = World::new();
    let group = format!("{}/resourceGroups/Other", subscription());
    let v = "?api-version=2022-09-01";
    check(
        &world,
        &group,
        &[
            ("GET", v, NONE, 404, "ResourceGroupNotFound"),
            ("HEAD", v, NONE, 404, ""),
            ("PUT", v, json!({}), 400, "BadRequest"),
            ("PUT", v, json!({"location": "West Europe", "tags": {"a": "b"}}), 201, ""),
            ("PUT", v, json!({"location": "westeurope"}), 200, ""),
            ("PUT", v, json!({"location": "eastus"}), 409, "InvalidResourceLocation"),
            ("HEAD", v, NONE, 204, ""),
        ],
    )
    .await;
    let document = world.get(&format!("{}{v}", group.to_lowercase())).await;
    let expected = json!({
        "id": format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/Other"), "name": "Other", "location": "westeurope",
        "type": "Microsoft.Resources/resourceGroups", "tags": {"a": "b"}, "properties": {"provisioningState": "Succeeded"},
    });
    assert_eq!(document.body, expected);
    check(
        &world,
        &subscription(),
        &[("PUT", &format!("/resourceGroups/ends.{v}"), json!({"location": "x"}), 400, "InvalidParameter")],
    )
    .await;
}

#[tokio::test]
async fn a_group_goes_with_all_that_is_in_it() {
    let world = World::new();
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster");
    world
        .cloud
        .assign_role(
            GROUP,
            identity.principal_id,
            gangplank_azuresim::rbac::role_id("Reader").expect("a role"),
        )
        .expect("assigned");
    let resources = world
        .get(&format!("{ARM}{GROUP}/resources?api-version=2023-07-01&$expand=provisioningState&$top=10"))
        .await;
    let mut names: Vec<&str> = resources.body["value"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["aks1", "argocd-prd", "argocd-prd-akv"]);
    world
        .cloud
        .set_faults(Faults { operation_duration: std::time::Duration::from_secs(30), ..Faults::default() });
    let deleted = world.admin("DELETE", &format!("{ARM}{GROUP}?api-version=2023-07-01"), NONE).await;
    assert_eq!((deleted.status, deleted.text.as_str(), deleted.header("content-type")), (202, "", None));
    let operation = deleted.header("azure-asyncoperation").expect("an address").to_owned();
    let location = deleted.header("location").expect("an address").to_owned();
    assert_eq!(world.get(&operation).await.body["status"], "InProgress");
    assert_eq!(world.get(&location).await.status, 202);
    let group = world.get(&format!("{ARM}{GROUP}?api-version=2023-07-01")).await;
    assert_eq!(group.at("/properties/provisioningState"), "Deleting");
    world.advance(30);
    assert_eq!(world.get(&operation).await.body["status"], "Succeeded");
    assert_eq!(world.get(&location).await.status, 204);
    check(
        &world,
        ARM,
        &[("GET", &format!("{GROUP}?api-version=2023-07-01"), NONE, 404, "ResourceGroupNotFound")],
    )
    .await;
    assert_eq!(world.cloud.principal(identity.principal_id), None);
    assert!(!world.cloud.resolves("argocd-prd-akv.vault.azure.net"), "the vault is soft-deleted");
    let deleted = world
        .get(&format!("{}/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-07-01", subscription()))
        .await;
    assert_eq!(deleted.at("/value/0/name"), "argocd-prd-akv");
    assert_eq!(*world.backend.asked.lock().expect("unpoisoned"), ["create aks1", "delete aks1"]);
}

#[tokio::test]
async fn vaults_are_found_soft_deleted_and_recovered() {
    let world = World::new();
    let vault = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/argocd-prd-akv");
    let v = "?api-version=2026-02-01";
    let properties = |more: Value| {
        let mut properties = json!({"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": true});
        for (name, value) in more.as_object().expect("an object") {
            properties[name] = value.clone();
        }
        json!({"location": "westeurope", "properties": properties})
    };
    let shown = world.get(&format!("{ARM}{vault}{v}")).await;
    assert_eq!(shown.at("/properties/vaultUri"), &json!(format!("{VAULT}/")));
    assert_eq!(shown.at("/properties/enableRbacAuthorization"), true);
    assert_eq!(shown.at("/properties/softDeleteRetentionInDays"), 90);
    let filter = "resourceType%20eq%20'Microsoft.KeyVault/vaults'%20and%20name%20eq%20'argocd-prd-akv'";
    let found =
        world.get(&format!("{}/resources?$filter={filter}&api-version=2015-11-01", subscription())).await;
    assert_eq!(found.at("/value/0/id"), &json!(vault));
    let other = format!("{GROUP}/providers/Microsoft.KeyVault/vaults");
    world.cloud.create_group(guid(SUBSCRIPTION), "second", "westeurope").expect("a group");
    let elsewhere = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/second/providers/Microsoft.KeyVault/vaults/argocd-prd-akv{v}"
    );
    let purge = format!(
        "/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/argocd-prd-akv"
    );
    check(
        &world,
        ARM,
        &[
            ("PUT", &format!("{other}/ab{v}"), properties(json!({})), 400, "InvalidParameter"),
            ("PUT", &format!("{other}/under_score{v}"), properties(json!({})), 400, "InvalidParameter"),
            ("PUT", &format!("{other}/two--hyphens{v}"), properties(json!({})), 400, "InvalidParameter"),
            (
                "PUT",
                &format!("{other}/fine{v}"),
                properties(json!({"softDeleteRetentionInDays": 6})),
                400,
                "BadRequest",
            ),
            (
                "PUT",
                &format!("{other}/fine{v}"),
                properties(json!({"tenantId": SUBSCRIPTION})),
                400,
                "BadRequest",
            ),
            ("PUT", &elsewhere, properties(json!({})), 409, "VaultAlreadyExists"),
            ("PUT", &format!("{vault}{v}"), properties(json!({})), 200, ""),
            ("DELETE", &format!("{vault}{v}"), NONE, 200, ""),
            ("DELETE", &format!("{vault}{v}"), NONE, 204, ""),
            ("GET", &format!("{vault}{v}"), NONE, 404, "ResourceNotFound"),
            ("PUT", &format!("{vault}{v}"), properties(json!({})), 409, "ConflictError"),
            ("PUT", &elsewhere, properties(json!({})), 409, "VaultAlreadyExists"),
            ("GET", &format!("{purge}{v}"), NONE, 200, ""),
            ("PUT", &format!("{vault}{v}"), properties(json!({"createMode": "recover"})), 200, ""),
            ("GET", &format!("{vault}{v}"), NONE, 200, ""),
            ("DELETE", &format!("{vault}{v}"), NONE, 200, ""),
            ("POST", &format!("{purge}/purge{v}"), NONE, 202, ""),
            ("POST", &format!("{purge}/purge{v}"), NONE, 404, "ResourceNotFound"),
            ("PUT", &elsewhere, properties(json!({"softDeleteRetentionInDays": 7})), 200, ""),
            ("DELETE", &elsewhere, NONE, 200, ""),
            ("GET", &format!("{purge}{v}"), NONE, 200, ""),
        ],
    )
    .await;
    world.advance(7 * 86_400);
    check(
        &world,
        ARM,
        &[
            ("GET", &format!("{purge}{v}"), NONE, 404, "ResourceNotFound"),
            ("PUT", &format!("{vault}{v}"), properties(json!({})), 200, ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new();
    for name in ["one", "two", "six"] {
        world.cloud.create_identity(GROUP, name, "westeurope").expect("an identity");
    }
    world.cloud.set_faults(Faults { page_size: Some(2), ..Faults::default() });
    let list = format!(
        "{ARM}{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2024-11-30"
    );
    let first = world.get(&list).await;
    let next = first.body["nextLink"].as_str().expect("a next page");
    assert!(next.starts_with(ARM), "{next}");
    let second = world.get(next).await;
    let count = |answer: &crate::world::Answer| answer.body["value"].as_array().map(Vec::len);
    assert_eq!((count(&first), count(&second)), (Some(2), Some(1)));
    assert!(second.body.get("nextLink").is_none());
}

#[tokio::test]
async fn resource_graph_answers_inventories() {
    let world = World::new();
    for name in ["aks1", "aks2", "aks3"] {
        world.cloud.create_cluster(GROUP, NewCluster::new(name, "westeurope")).await.expect("a cluster");
    }
    let ask = async |query: &str, options: Value| {
        let body = json!({"subscriptions": [SUBSCRIPTION], "query": query, "options": options});
        world
            .admin(
                "POST",
                &format!("{ARM}/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"),
                body,
            )
            .await
    };
    let clusters = "Resources | where type =~ 'Microsoft.ContainerService/managedClusters'";
    let query = format!(
        "{clusters} | project id, name, rbac = properties.aadProfile.enableAzureRBAC | order by id asc"
    );
    let first = ask(&query, json!({"resultFormat": "objectArray", "$top": 2})).await;
    assert_eq!((first.at("/totalRecords"), first.at("/count")), (&json!(3), &json!(2)), "{}", first.text);
    assert_eq!(first.at("/data/0/name"), "aks1");
    assert_eq!(first.at("/data/0/rbac"), true);
    assert!(first.header("x-ms-user-quota-remaining").is_some());
    let second = ask(&query, json!({"$top": 2, "$skipToken": first.at("/$skipToken")})).await;
    assert_eq!((second.at("/count"), second.at("/data/0/name")), (&json!(1), &json!("aks3")));
    assert!(second.at("/$skipToken").is_null());
    for (query, count) in [
        (format!("{clusters} and name in~ ('AKS1', 'aks2')"), 2),
        (format!("{clusters} | where name !~ 'aks1' and location == 'westeurope'"), 2),
        (format!("{clusters} | where name startswith 'aks' | limit 1"), 1),
        (format!("{clusters} | where tostring(properties.aadProfile.enableAzureRBAC) == 'true'"), 3),
        ("resources | where name contains 'akv'".to_owned(), 1),
        ("Resources | where name == 'and'".to_owned(), 0),
        ("Resources | count".to_owned(), 1),
    ] {
        let answer = ask(&query, json!({})).await;
        assert_eq!(answer.at("/count"), count, "{query}: {}", answer.text);
    }
    for query in
        ["resourcecontainers", "Resources | where", "Resources | render piechart", "Resources | where name"]
    {
        let answer = ask(query, json!({})).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "InvalidQuery"), "{query}");
    }
    let stranger = world.caller("stranger", "", "", ARM).await;
    let url = format!("{ARM}/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01");
    let seen = world.with(&stranger, "POST", &url, json!({"query": "Resources"})).await;
    assert_eq!(seen.at("/count"), 0, "only what the caller may read");
}

#[tokio::test]
async fn equal_seeds_make_equal_worlds() {
    let mut shown = Vec::new();
    for reversed in [false, true] {
        let world = World::new();
        let mut names = vec!["one", "two"];
        if reversed {
            names.reverse();
        }
        for name in names {
            world.cloud.create_identity(GROUP, name, "westeurope").expect("an identity");
            world.cloud.create_cluster(GROUP, NewCluster::new(name, "westeurope")).await.expect("a cluster");
            world
                .cloud
                .set_secret("argocd-prd-akv", name, gangplank_azuresim::SecretSeed::new("x"))
                .expect("set");
        }
        let mut world_shown = Vec::new();
        for kind in
            ["Microsoft.ManagedIdentity/userAssignedIdentities", "Microsoft.ContainerService/managedClusters"]
        {
            world_shown
                .push(world.get(&format!("{ARM}{GROUP}/providers/{kind}?api-version=2024-11-30")).await.text);
        }
        world_shown.push(world.get(&format!("{VAULT}/secrets/two/versions?api-version=7.4")).await.text);
        shown.push(world_shown);
    }
    assert_eq!(shown[0], shown[1]);
}

#[tokio::test]
async fn locks_hold_whatever_the_role() {
    let world = World::new();
    let cluster =
        world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster").id;
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity").id;
    let lock =
        |scope: &str| format!("{scope}/providers/Microsoft.Authorization/locks/keep?api-version=2020-05-01");
    let level = |level: &str| json!({"properties": {"level": level, "notes": "careful"}});
    let v = "?api-version=2024-11-30";
    let credential = |scope: &str| format!("{scope}/listClusterUserCredential{v}");
    check(
        &world,
        ARM,
        &[
            ("GET", &lock(&cluster), NONE, 404, "ResourceNotFound"),
            ("PUT", &lock(&cluster), level("Forever"), 400, "InvalidRequestContent"),
            ("PUT", &lock(&cluster), level("CanNotDelete"), 201, ""),
            ("PUT", &lock(&cluster), level("CanNotDelete"), 200, ""),
            ("DELETE", &format!("{cluster}{v}"), NONE, 409, "ScopeLocked"),
            ("DELETE", &format!("{GROUP}{v}"), NONE, 409, "ScopeLocked"),
            ("POST", &credential(&cluster), NONE, 200, ""),
            ("PATCH", &format!("{cluster}{v}"), json!({"tags": {}}), 200, ""),
            ("DELETE", &format!("{identity}{v}"), NONE, 200, ""),
            ("PUT", &lock(GROUP), level("ReadOnly"), 201, ""),
            ("PATCH", &format!("{cluster}{v}"), json!({"tags": {}}), 409, "ScopeLocked"),
            ("POST", &credential(&cluster), NONE, 409, "ScopeLocked"),
            ("PUT", &format!("{identity}{v}"), json!({"location": "westeurope"}), 409, "ScopeLocked"),
            ("GET", &format!("{cluster}{v}"), NONE, 200, ""),
            ("DELETE", &lock(GROUP), NONE, 200, ""),
            ("DELETE", &lock(&cluster), NONE, 200, ""),
            ("DELETE", &lock(&cluster), NONE, 204, ""),
            ("DELETE", &format!("{cluster}{v}"), NONE, 202, ""),
        ],
    )
    .await;
    world.cloud.set_secret("argocd-prd-akv", "a", gangplank_azuresim::SecretSeed::new("x")).expect("set");
    check(&world, ARM, &[("PUT", &lock(GROUP), level("ReadOnly"), 201, "")]).await;
    check(&world, VAULT, &[("DELETE", "/secrets/a?api-version=7.4", NONE, 200, "")]).await;
    let list = world
        .get(&format!("{ARM}{GROUP}/providers/Microsoft.Authorization/locks?api-version=2020-05-01"))
        .await;
    let expected = json!({
        "id": format!("{GROUP}/providers/Microsoft.Authorization/locks/keep"), "name": "keep",
        "type": "Microsoft.Authorization/locks", "properties": {"level": "ReadOnly", "notes": "careful"},
    });
    assert_eq!(list.body["value"], json!([expected]));
    let reader = world.caller("reader", "Reader", "/", ARM).await;
    let refused = world.with(&reader, "DELETE", &format!("{ARM}{}", lock(GROUP)), NONE).await;
    assert_eq!(refused.status, 403);
}
