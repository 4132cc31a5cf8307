use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use gangplank_azuresim::{AadProfile, Faults, NewCluster};
use serde_json::{Value, json};

use crate::world::{ARM, Answer, GROUP, TENANT, World, check};

const NONE: Value = Value::Null;
const V: &str = "?api-version=2025-03-01";

fn path(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.ContainerService/managedClusters/{name}")
}

fn url(name: &str) -> String {
    format!("{ARM}{}{V}", path(name))
}

/// A cluster as Terraform asks for it, with changes by JSON pointer.
fn body(changes: &[(&str, Value)]) -> Value {
    let mut body = json!({
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "tags": {},
        "properties": {
            "aadProfile": {"adminGroupObjectIDs": [], "enableAzureRBAC": true, "managed": true, "tenantID": TENANT},
            "agentPoolProfiles": [{"count": 1, "mode": "System", "name": "default", "vmSize": "Standard_D2s_v5"}],
            "apiServerAccessProfile": {"enablePrivateCluster": false},
            "disableLocalAccounts": true, "dnsPrefix": "aks-prd-we", "enableRBAC": true, "kubernetesVersion": "",
            "nodeResourceGroup": "", "oidcIssuerProfile": {"enabled": true},
            "securityProfile": {"workloadIdentity": {"enabled": true}},
        },
    });
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent).expect("a parent")[name] = value.clone();
    }
    body
}

/// The kubeconfig of the first element.
fn kubeconfig(answer: &Answer) -> String {
    let value = answer.at("/kubeconfigs/0/value").as_str().expect("a kubeconfig");
    String::from_utf8(BASE64.decode(value).expect("base64")).expect("UTF-8")
}

#[tokio::test]
async fn a_cluster_is_completed_and_kept() {
    let world = World::new();
    let created = world.admin("PUT", &url("aks-prd-we"), body(&[])).await;
    assert_eq!(created.status, 201, "{}", created.text);
    assert_eq!(created.header("azure-asyncoperation"), None, "nothing to wait for");
    let text = |pointer: &str| created.at(pointer).as_str().unwrap_or_default().to_owned();
    let fqdn = text("/properties/fqdn");
    assert!(fqdn.starts_with("aks-prd-we-") && fqdn.ends_with(".hcp.westeurope.azmk8s.io"), "{fqdn}");
    let issuer = text("/properties/oidcIssuerProfile/issuerURL");
    assert!(issuer.starts_with(&format!("https://westeurope.oic.prod-aks.azure.com/{TENANT}/")), "{issuer}");
    assert!(issuer.ends_with('/'));
    for (pointer, value) in [
        ("/properties/provisioningState", json!("Succeeded")),
        ("/properties/powerState/code", json!("Running")),
        ("/properties/kubernetesVersion", json!("1.33.1")),
        ("/properties/currentKubernetesVersion", json!("1.33.1")),
        ("/properties/nodeResourceGroup", json!("MC_argocd-prd-rg_aks-prd-we_westeurope")),
        ("/properties/agentPoolProfiles/0/orchestratorVersion", json!("1.33.1")),
        ("/properties/agentPoolProfiles/0/powerState/code", json!("Running")),
        ("/identity/tenantId", json!(TENANT)),
        ("/sku/tier", json!("Free")),
    ] {
        assert_eq!(created.at(pointer), &value, "{pointer}");
    }
    for pointer in ["/identity/principalId", "/properties/identityProfile/kubeletidentity/objectId"] {
        let object_id = created.at(pointer).as_str().expect("an object id").parse().expect("a GUID");
        assert!(world.cloud.principal(object_id).is_some(), "{pointer}");
    }
    assert_eq!(world.get(&url("AKS-prd-we")).await.body, created.body);
    let updated = world.admin("PUT", &url("aks-prd-we"), body(&[("/tags", json!({"a": "b"}))])).await;
    assert_eq!(updated.status, 200);
    for pointer in [
        "/properties/fqdn",
        "/properties/oidcIssuerProfile",
        "/properties/resourceUID",
        "/identity/principalId",
    ] {
        assert_eq!(updated.at(pointer), created.at(pointer), "{pointer}");
    }
    let again = world.admin("PUT", &url("aks-prd-we"), updated.body.clone()).await;
    assert_eq!(again.body, updated.body, "what is read can be written");
    let patched = world.admin("PATCH", &url("aks-prd-we"), json!({"tags": {"c": "d"}})).await;
    assert_eq!(patched.body["tags"], json!({"c": "d"}));
    let list =
        world.get(&format!("{ARM}{GROUP}/providers/Microsoft.ContainerService/managedClusters{V}")).await;
    assert_eq!(list.at("/value/0"), &patched.body);
    let spec = world.backend.specs.lock().expect("unpoisoned")[0].clone();
    assert_eq!((spec.id, spec.fqdn, spec.issuer_url), (path("aks-prd-we"), fqdn, Some(issuer)));
    let aad = AadProfile { azure_rbac: true, admin_group_object_ids: vec![], tenant_id: TENANT.into() };
    assert_eq!((spec.aad, spec.disable_local_accounts), (Some(aad), true));
}

#[tokio::test]
async fn an_identity_is_given_by_who_may_assign_it() {
    let world = World::new();
    let identity = world.cloud.create_identity(GROUP, "kubelet", "westeurope").expect("an identity");
    let own = json!({"type": "UserAssigned", "userAssignedIdentities": {identity.id.clone(): {}}});
    let body = || body(&[("/identity", own.clone())]);
    let role = "Azure Kubernetes Service Contributor Role";
    let engineer = world.caller("engineer", role, GROUP, ARM).await;
    let refused = world.with(&engineer, "PUT", &url("aks1"), body()).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "LinkedAuthorizationFailed"));
    assert_eq!(world.get(&url("aks1")).await.status, 404);
    let created = world.admin("PUT", &url("aks1"), body()).await;
    let ids = &created.body["identity"]["userAssignedIdentities"][&identity.id];
    assert_eq!(ids["principalId"], identity.principal_id.to_string());
    assert!(created.at("/identity/principalId").is_null());
}

#[tokio::test]
async fn what_aks_refuses() {
    let world = World::new();
    check(&world, ARM, &[("PUT", &format!("{}{V}", path("fixed")), body(&[]), 201, "")]).await;
    let refused = |changes: &[(&str, Value)], status, code| (body(changes), status, code);
    let cases = [
        ("_aks", refused(&[], 400, "InvalidParameter")),
        ("aks_", refused(&[], 400, "InvalidParameter")),
        ("a.b", refused(&[], 400, "InvalidParameter")),
        (&"a".repeat(64), refused(&[], 400, "InvalidParameter")),
        ("aks", refused(&[("/location", json!(""))], 400, "BadRequest")),
        ("aks", refused(&[("/properties/dnsPrefix", json!(""))], 400, "BadRequest")),
        ("aks", refused(&[("/properties/dnsPrefix", json!("a_b"))], 400, "BadRequest")),
        ("aks", refused(&[("/properties/agentPoolProfiles", json!([]))], 400, "BadRequest")),
        ("aks", refused(&[("/properties/agentPoolProfiles", json!(["x"]))], 400, "BadRequest")),
        ("aks", refused(&[("/identity", json!("SystemAssigned"))], 400, "InvalidRequestContent")),
        ("odd", refused(&[("/identity/userAssignedIdentities", json!("x"))], 201, "")),
        ("aks2", refused(&[("/location", json!("west.europe"))], 400, "BadRequest")),
        ("aks2", refused(&[("/properties/kubernetesVersion", json!("1.33\nx"))], 400, "BadRequest")),
        ("aks2", refused(&[("/properties/aadProfile/tenantID", json!("x\ny: z"))], 400, "BadRequest")),
        ("aks", refused(&[("/properties/aadProfile", NONE)], 400, "BadRequest")),
        ("aks", refused(&[("/properties/oidcIssuerProfile/enabled", json!(false))], 400, "BadRequest")),
        ("aks", refused(&[("/properties/enableRBAC", json!(false))], 400, "BadRequest")),
        ("fixed", refused(&[("/location", json!("eastus"))], 409, "InvalidResourceLocation")),
        ("fixed", refused(&[("/properties/dnsPrefix", json!("other"))], 400, "PropertyChangeNotAllowed")),
        (
            "fixed",
            refused(
                &[("/properties/apiServerAccessProfile/enablePrivateCluster", json!(true))],
                400,
                "PropertyChangeNotAllowed",
            ),
        ),
        (
            "fixed",
            refused(
                &[
                    ("/properties/oidcIssuerProfile/enabled", json!(false)),
                    ("/properties/securityProfile", json!({})),
                ],
                400,
                "BadRequest",
            ),
        ),
    ];
    for (name, (body, status, code)) in cases {
        check(&world, ARM, &[("PUT", &format!("{}{V}", path(name)), body, status, code)]).await;
    }
    let own = path("fixed");
    check(
        &world,
        ARM,
        &[
            ("PUT", &format!("{}{V}", path("under_score")), body(&[]), 201, ""),
            ("GET", &format!("{}{V}", path("missing")), NONE, 404, "ResourceNotFound"),
            (
                "GET",
                &format!("{}{V}", path("aks").replace("argocd-prd-rg", "no-rg")),
                NONE,
                404,
                "ResourceGroupNotFound",
            ),
            (
                "POST",
                &format!("{}/listClusterUserCredential{V}", path("missing")),
                NONE,
                404,
                "ResourceNotFound",
            ),
            ("GET", &format!("{own}/maintenanceConfigurations/default{V}"), NONE, 404, "ResourceNotFound"),
            ("GET", &format!("{own}/agentPools/default{V}"), NONE, 200, ""),
            ("GET", &format!("{own}/agentPools/other{V}"), NONE, 404, "ResourceNotFound"),
            ("POST", &format!("{own}/listClusterAdminCredential{V}"), NONE, 400, "BadRequest"),
            ("POST", &format!("{own}/nonsense{V}"), NONE, 400, "NoRegisteredProviderFound"),
            ("DELETE", &format!("{}{V}", path("missing")), NONE, 204, ""),
        ],
    )
    .await;
}

#[tokio::test]
async fn kubeconfigs_by_login() {
    let world = World::new();
    let groups = NewCluster { entra: false, local_accounts: true, ..NewCluster::new("local", "westeurope") };
    world.cloud.create_cluster(GROUP, groups).await.expect("a cluster");
    let both = NewCluster { local_accounts: true, ..NewCluster::new("both", "westeurope") };
    world.cloud.create_cluster(GROUP, both).await.expect("a cluster");
    world.cloud.create_cluster(GROUP, NewCluster::new("entra", "westeurope")).await.expect("a cluster");
    let list = async |name: &str, which: &str, query: &str| {
        world
            .admin("POST", &format!("{ARM}{}/listCluster{which}Credential{V}{query}", path(name)), NONE)
            .await
    };
    let entra = list("entra", "User", "").await;
    assert_eq!(entra.at("/kubeconfigs/0/name"), "clusterUser");
    let text = kubeconfig(&entra);
    let fqdn = world.get(&url("entra")).await.at("/properties/fqdn").as_str().expect("a name").to_owned();
    let authority = BASE64.encode("-----BEGIN CERTIFICATE-----\nfirst\n-----END CERTIFICATE-----\n");
    let expected = format!(
        "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {authority}
    server: https://{fqdn}:443
  name: entra
contexts:
- context:
    cluster: entra
    user: clusterUser_argocd-prd-rg_entra
  name: entra
current-context: entra
kind: Config
preferences: {{}}
users:
- name: clusterUser_argocd-prd-rg_entra
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - get-token
      - --environment
      - AzurePublicCloud
      - --server-id
      - 6dae42f8-4368-4678-94ff-3960e28e3630
      - --client-id
      - 80faf920-1908-4b52-b5ef-a8e7bedfc67a
      - --tenant-id
      - {TENANT}
      - --login
      - devicecode
      command: kubelogin
      env: null
      provideClusterInfo: false
"
    );
    assert_eq!(text, expected);
    let legacy = kubeconfig(&list("entra", "User", "&format=azure").await);
    assert!(legacy.contains("auth-provider:") && legacy.contains("apiserver-id: 6dae42f8"), "{legacy}");
    for (name, which, user) in [
        ("local", "User", "clusterUser"),
        ("local", "Admin", "clusterAdmin"),
        ("both", "Admin", "clusterAdmin"),
    ] {
        let answer = list(name, which, "").await;
        assert_eq!(answer.at("/kubeconfigs/0/name"), user);
        let text = kubeconfig(&answer);
        let certificate = BASE64.encode("client certificate");
        assert!(text.contains(&format!("client-certificate-data: {certificate}")), "{name} {which}: {text}");
    }
    assert!(kubeconfig(&list("both", "User", "").await).contains("kubelogin"));
}

#[tokio::test]
async fn private_clusters_have_two_names() {
    let world = World::new();
    let private = ("/properties/apiServerAccessProfile", json!({"enablePrivateCluster": true}));
    let also = json!({"enablePrivateCluster": true, "enablePrivateClusterPublicFQDN": true});
    world.admin("PUT", &url("private"), body(&[private])).await;
    world.admin("PUT", &url("also-public"), body(&[("/properties/apiServerAccessProfile", also)])).await;
    let shown = world.get(&url("private")).await;
    let name = shown.at("/properties/privateFQDN").as_str().expect("a name");
    assert!(name.ends_with(".privatelink.westeurope.azmk8s.io"), "{name}");
    assert!(shown.at("/properties/fqdn").is_null());
    let server = async |cluster: &str, query: &str| {
        let address = format!("{ARM}{}/listClusterUserCredential{V}{query}", path(cluster));
        let answer = world.admin("POST", &address, NONE).await;
        if answer.status != 200 {
            return answer.status.to_string();
        }
        kubeconfig(&answer)
            .lines()
            .find_map(|line| line.trim().strip_prefix("server: ").map(str::to_owned))
            .expect("a server")
    };
    assert_eq!(server("private", "").await, format!("https://{name}:443"));
    assert_eq!(server("private", "&server-fqdn=public").await, "400");
    assert!(server("also-public", "").await.contains(".privatelink."));
    assert!(server("also-public", "&server-fqdn=public").await.contains(".hcp."));
}

#[tokio::test]
async fn operations_take_their_time() {
    let world = World::new();
    world.cloud.set_faults(Faults { operation_duration: Duration::from_secs(60), ..Faults::default() });
    let created = world.admin("PUT", &url("aks1"), body(&[])).await;
    assert_eq!((created.status, created.at("/properties/provisioningState")), (201, &json!("Creating")));
    let operation = created.header("azure-asyncoperation").expect("an address").to_owned();
    let own = path("aks1");
    assert_eq!(world.get(&operation).await.body["status"], "InProgress");
    check(
        &world,
        ARM,
        &[
            ("PUT", &format!("{own}{V}"), body(&[]), 409, "OperationNotAllowed"),
            ("DELETE", &format!("{own}{V}"), NONE, 409, "OperationNotAllowed"),
            ("POST", &format!("{own}/stop{V}"), NONE, 409, "OperationNotAllowed"),
        ],
    )
    .await;
    world.advance(60);
    assert_eq!(world.get(&operation).await.body["status"], "Succeeded");
    assert_eq!(world.get(&url("aks1")).await.at("/properties/provisioningState"), "Succeeded");
    for (verb, state, power) in [("stop", "Stopping", "Stopped"), ("start", "Starting", "Running")] {
        let answer = world.admin("POST", &format!("{ARM}{own}/{verb}{V}"), NONE).await;
        assert_eq!(
            (answer.status, answer.text.as_str(), answer.header("content-type")),
            (202, "", None),
            "{verb}"
        );
        assert_eq!(world.get(&url("aks1")).await.at("/properties/provisioningState"), state);
        world.advance(60);
        assert_eq!(world.get(&url("aks1")).await.at("/properties/powerState/code"), power);
    }
    let deleted = world.admin("DELETE", &url("aks1"), NONE).await;
    assert_eq!((deleted.status, deleted.text.as_str(), deleted.header("content-type")), (202, "", None));
    assert!(deleted.header("retry-after").is_some() && deleted.header("location").is_some());
    assert_eq!(world.get(&url("aks1")).await.at("/properties/provisioningState"), "Deleting");
    world.advance(60);
    assert_eq!(world.get(&url("aks1")).await.status, 404);
    let asked = world.backend.asked.lock().expect("unpoisoned").clone();
    assert_eq!(asked, ["create aks1", "stop aks1", "start aks1", "delete aks1"]);
}

#[tokio::test]
async fn certificates_rotate() {
    let world = World::new();
    world.cloud.create_cluster(GROUP, NewCluster::new("aks1", "westeurope")).await.expect("a cluster");
    let own = path("aks1");
    let before = world.get(&url("aks1")).await;
    let authority = async || {
        let text =
            kubeconfig(&world.admin("POST", &format!("{ARM}{own}/listClusterUserCredential{V}"), NONE).await);
        let line = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("certificate-authority-data: ").map(str::to_owned));
        String::from_utf8(BASE64.decode(line.expect("an authority")).expect("base64")).expect("UTF-8")
    };
    assert!(authority().await.contains("first"));
    check(&world, ARM, &[("POST", &format!("{own}/rotateClusterCertificates{V}"), NONE, 202, "")]).await;
    assert!(authority().await.contains("second"));
    check(&world, ARM, &[("POST", &format!("{own}/rotateServiceAccountSigningKeys{V}"), NONE, 202, "")])
        .await;
    assert_eq!(world.get(&url("aks1")).await.body, before.body, "names and issuer stay");
    let asked = world.backend.asked.lock().expect("unpoisoned").clone();
    assert_eq!(asked, ["create aks1", "rotate certificates aks1", "rotate keys aks1"]);
}

#[tokio::test]
async fn a_backend_that_fails_is_told() {
    let world = World::new();
    *world.backend.fails.lock().expect("unpoisoned") = Some("no port is free".into());
    let created = world.admin("PUT", &url("aks1"), body(&[])).await;
    assert_eq!(created.at("/properties/provisioningState"), "Failed", "{}", created.text);
    let operation = world.get(created.header("azure-asyncoperation").expect("an address")).await;
    assert_eq!(operation.body["status"], "Failed");
    assert!(operation.text.contains("no port is free"), "{}", operation.text);
    let error =
        world.cloud.create_cluster(GROUP, NewCluster::new("aks2", "westeurope")).await.expect_err("it fails");
    assert!(error.to_string().contains("no port is free"), "{error}");
    *world.backend.fails.lock().expect("unpoisoned") = None;
    let again = world.admin("PUT", &url("aks1"), body(&[])).await;
    assert_eq!(again.at("/properties/provisioningState"), "Succeeded");
}
