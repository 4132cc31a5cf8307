//! Resource Manager: adoption, operations, pages.

use crate::fake::{self, Hands, TOKEN, federated, granted, is_login, json, transport, with_header};
use bytes::Bytes;
use gangplank_azure::{
    Arm, ArmError, Cloud, ObjectId, Principal, PrincipalType, ResourceId, RetryPolicy, SubscriptionId,
    assignment_name, role,
};
use http::{Method, Request, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const SUBSCRIPTION: &str = "33333333-3333-3333-3333-333333333333";

fn arm<F>(answer: F) -> (Arm, fake::Asked)
where
    F: Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
{
    let (transport, asked) =
        transport(move |request| if is_login(request) { granted(TOKEN) } else { answer(request) });
    let tokens = fake::tokens(&transport, &Hands::new());
    (Arm::new(transport, tokens, Cloud::public(), federated("a/b"), RetryPolicy::patient()), asked)
}

fn subscription() -> SubscriptionId {
    SubscriptionId::parse(SUBSCRIPTION).unwrap()
}

#[tokio::test]
async fn an_equal_assignment_under_another_name_is_adopted() {
    let scope = ResourceId::vault(&subscription(), "g", "v");
    let principal =
        Principal { id: ObjectId::parse(fake::CLIENT).unwrap(), kind: PrincipalType::ServicePrincipal };
    let wire = |name: &str| {
        format!(
            r#"{{"id":"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}","properties":{{"scope":"{}",
            "roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/{}","principalId":"{}"}}}}"#,
            scope.as_str().to_uppercase(),
            role::KEY_VAULT_SECRETS_USER,
            fake::CLIENT
        )
    };
    let other = wire("44444444-4444-4444-4444-444444444444");
    let (client, asked) = arm(move |_| json(200, &format!(r#"{{"value":[{other}]}}"#)));
    let adopted = client.assign_role(&scope, &principal, role::KEY_VAULT_SECRETS_USER, "").await.unwrap();
    assert_eq!(adopted.id.name(), "44444444-4444-4444-4444-444444444444");
    assert_eq!(asked.count("PUT"), 0);

    let name = assignment_name(&scope, &principal.id, role::KEY_VAULT_SECRETS_USER).to_string();
    let made = wire(&name);
    let (client, asked) = arm(move |request| match *request.method() {
        Method::PUT => json(201, &made),
        _ => json(200, r#"{"value":[]}"#),
    });
    let assigned = client.assign_role(&scope, &principal, role::KEY_VAULT_SECRETS_USER, "").await.unwrap();
    assert_eq!(assigned.id.name(), name);
    assert_eq!(asked.count(&format!("PUT https://management.azure.com{scope}")), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_running_operation_is_followed_and_its_failure_told() {
    let looks = Arc::new(AtomicU32::new(0));
    let (client, _) = arm(move |request| match *request.method() {
        Method::DELETE => {
            with_header(json(202, ""), "azure-asyncoperation", "https://management.azure.com/operations/1")
        }
        _ => match looks.fetch_add(1, Ordering::Relaxed) {
            0 => with_header(json(200, r#"{"status":"InProgress"}"#), "retry-after", "17"),
            _ => json(200, r#"{"status":"Failed","error":{"code":"Locked","message":"a lock"}}"#),
        },
    });
    let group = ResourceId::group(&subscription(), "g");
    let error = client.delete_resource_group(&group).await.unwrap_err();
    assert_eq!(error.to_string(), format!("the operation on {group} ended as Failed (Locked): a lock"));

    let (client, asked) =
        arm(|_| with_header(json(202, ""), "azure-asyncoperation", "https://evil.example/operations/1"));
    assert!(matches!(client.delete_resource_group(&group).await, Err(ArmError::ForeignLink { .. })));
    assert_eq!(asked.count("evil"), 0);
}

#[tokio::test(start_paused = true)]
async fn throttled_requests_are_repeated_when_azure_wishes_and_gone_is_gone() {
    let count = Arc::new(AtomicU32::new(0));
    let (client, asked) = arm(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => with_header(json(429, "{}"), "retry-after", "30"),
        1 => json(
            409,
            r#"{"error":{"code":"ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"}}"#,
        ),
        _ => json(404, r#"{"error":{"code":"ResourceNotFound"}}"#),
    });
    let identity = ResourceId::identity(&subscription(), "g", "argocd");
    let start = tokio::time::Instant::now();
    client.delete_federated_credential(&identity, "server").await.unwrap();
    assert_eq!(asked.count("DELETE"), 3);
    assert!(start.elapsed() >= std::time::Duration::from_secs(30));
}

#[tokio::test]
async fn a_cluster_says_what_decides_about_access() {
    let id = ResourceId::managed_cluster(&subscription(), "g", "aks1");
    let body = format!(
        r#"{{"id":"{id}","name":"aks1","location":"westeurope","properties":{{"provisioningState":"Succeeded",
        "powerState":{{"code":"Stopped"}},"kubernetesVersion":"1.33","currentKubernetesVersion":"1.33.1","fqdn":"a.example",
        "aadProfile":{{"managed":true,"enableAzureRBAC":true,"tenantID":"{}"}},
        "oidcIssuerProfile":{{"enabled":true,"issuerURL":"https://oidc.example/x/"}}}}}}"#,
        fake::TENANT
    );
    let (client, _) = arm(move |_| json(200, &body));
    let cluster = client.managed_cluster(&id).await.unwrap();
    assert!(!cluster.running && !cluster.private && !cluster.local_accounts_disabled);
    assert_eq!(cluster.kubernetes_version, "1.33.1");
    assert_eq!(cluster.oidc_issuer.as_deref(), Some("https://oidc.example/x/"));
    assert!(cluster.aad_profile.is_some_and(|aad| aad.azure_rbac && aad.tenant.is_some()));
}
