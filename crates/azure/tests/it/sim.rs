//! The clients against an honest Azure in this process: Entra, Resource Manager and Key Vault with their own rules.

use bytes::Bytes;
use gangplank_azure::{
    Arm, ArmError, ClientCertificate, ClientId, Clock, Cloud, Credential, Disposition, FederatedCredential,
    NewSecret, Principal, PrincipalType, ResourceId, RetryPolicy, Scope, SecretUpdate, SubscriptionId,
    TenantId, Tokens, Transport, Vault, VaultError, VaultLimits, VaultUrl, Vaults, role,
};
use gangplank_azuresim::rbac::role_id;
use gangplank_azuresim::{
    ApplicationIds, BoxFuture, Cloud as Azure, ClusterBackend, ClusterFacts, ClusterSpec, Environment,
    FaultRule, Faults, IssuerFetch, NewVault, Options, Plane, Subscription,
};
use http::{Request, Response};
use http_body_util::BodyExt;
use jiff::Timestamp;
use rand::SeedableRng;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use uuid::Uuid;

const SUBSCRIPTION: Uuid = Uuid::from_u128(0x3333_3333_3333_3333_3333_3333_3333_3333);
const TENANT: Uuid = Uuid::from_u128(0x2222_2222_2222_2222_2222_2222_2222_2222);

/// Nobody publishes keys, and nobody runs clusters.
struct Nobody;

impl IssuerFetch for Nobody {
    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Bytes, String>> {
        Box::pin(async { Err("404 Not Found".to_owned()) })
    }
}

impl ClusterBackend for Nobody {
    fn create(&self, _: ClusterSpec) -> BoxFuture<'_, Result<ClusterFacts, String>> {
        Box::pin(async { Err("no clusters".to_owned()) })
    }
    fn delete<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn rotate_certificates<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<ClusterFacts, String>> {
        Box::pin(async { Err("no clusters".to_owned()) })
    }
    fn rotate_service_account_keys<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn start<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
    fn stop<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

struct World {
    azure: Azure,
    admin: ApplicationIds,
    transport: Transport,
    tokens: Tokens,
}

const SECRET: &str = "planted-client-secret";

impl World {
    fn new() -> Self {
        let azure = Azure::new(Options {
            environment: Environment::public(),
            tenant_id: TENANT,
            tenant_domain: "contoso.onmicrosoft.com".to_owned(),
            subscriptions: vec![Subscription { id: SUBSCRIPTION, display_name: "sandbox".to_owned() }],
            seed: 1,
            clock: Arc::new(Timestamp::now),
            issuers: Arc::new(Nobody),
            clusters: Arc::new(Nobody),
        })
        .unwrap();
        let admin = azure.create_application("admin");
        azure.add_client_secret(admin, SecretString::from(SECRET), Timestamp::MAX);
        for role in ["Owner", "Key Vault Administrator"] {
            azure.assign_role("/", admin.object_id, role_id(role).unwrap()).unwrap();
        }
        let transport = {
            let azure = azure.clone();
            Transport::new(tower::service_fn(move |request: Request<Bytes>| {
                let azure = azure.clone();
                async move {
                    let (parts, body) = azure.handle(request).await.into_parts();
                    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                    Ok::<_, Infallible>(Response::from_parts(parts, body))
                }
            }))
        };
        let tokens = Tokens::new(transport.clone(), Clock::system(), RetryPolicy::brief());
        Self { azure, admin, transport, tokens }
    }

    fn login(&self, application: ApplicationIds, secret: &str) -> Credential {
        Credential::ClientSecret {
            tenant: TenantId::parse(&TENANT.to_string()).unwrap(),
            client_id: ClientId::parse(&application.app_id.to_string()).unwrap(),
            secret: SecretString::from(secret),
        }
    }

    fn arm(&self) -> Arm {
        let (transport, tokens) = (self.transport.clone(), self.tokens.clone());
        Arm::new(transport, tokens, Cloud::public(), self.login(self.admin, SECRET), RetryPolicy::brief())
    }

    fn vault(&self, name: &str, credential: Credential) -> Vault {
        let limits = VaultLimits { concurrent: 4, retry: RetryPolicy::brief() };
        let vaults = Vaults::new(self.transport.clone(), self.tokens.clone(), limits);
        vaults.open(&Cloud::public(), VaultUrl::of_name(name, "vault.azure.net").unwrap(), credential)
    }
}

fn subscription() -> SubscriptionId {
    SubscriptionId::parse(&SUBSCRIPTION.to_string()).unwrap()
}

fn secret(value: &str) -> NewSecret {
    NewSecret { value: SecretString::from(value), content_type: None, tags: BTreeMap::new() }
}

#[tokio::test]
async fn the_identity_of_a_hub_is_made_trusted_and_given_its_role_once_and_again() {
    let world = World::new();
    let arm = world.arm();
    let group = ResourceId::group(&subscription(), "hub");
    assert!(arm.resource_group(&group).await.unwrap_err().is_not_found());
    arm.put_resource_group(&group, "westeurope").await.unwrap();
    world.azure.create_vault(group.as_str(), NewVault::new("hub-vault", "westeurope")).unwrap();
    let identity = ResourceId::identity(&subscription(), "hub", "argocd");
    let made = arm.put_identity(&identity, "westeurope").await.unwrap();
    assert_eq!(arm.put_identity(&identity, "westeurope").await.unwrap(), made);
    assert_eq!(arm.identity(&identity).await.unwrap(), made);

    let trust = |name: &str| FederatedCredential {
        name: name.to_owned(),
        issuer: "https://oidc.example/hub/".to_owned(),
        subject: format!("system:serviceaccount:argocd:{name}"),
        audience: "api://AzureADTokenExchange".to_owned(),
    };
    let (server, controller) = (trust("argocd-server"), trust("argocd-application-controller"));
    let (one, two) = tokio::join!(
        arm.put_federated_credential(&identity, &server),
        arm.put_federated_credential(&identity, &controller)
    );
    one.unwrap();
    two.unwrap();
    let mut found = arm.federated_credentials(&identity).await.unwrap();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(found, [controller, server]);
    arm.delete_federated_credential(&identity, "argocd-server").await.unwrap();
    arm.delete_federated_credential(&identity, "argocd-server").await.unwrap();
    assert_eq!(arm.federated_credentials(&identity).await.unwrap().len(), 1);

    let vault = arm.key_vault(&ResourceId::vault(&subscription(), "hub", "hub-vault")).await.unwrap();
    assert!(vault.rbac);
    assert_eq!(vault.url.origin(), "https://hub-vault.vault.azure.net");
    let principal = Principal { id: made.principal_id.clone(), kind: PrincipalType::ServicePrincipal };
    let role = role::KEY_VAULT_SECRETS_USER;
    let assigned = arm.assign_role(&vault.id, &principal, role, "reads").await.unwrap();
    assert_eq!(arm.assign_role(&vault.id, &principal, role, "reads").await.unwrap(), assigned);
    assert_eq!(arm.role_definition(&subscription(), role).await.unwrap().name, "Key Vault Secrets User");
    arm.delete_role_assignment(&assigned.id).await.unwrap();
    arm.delete_role_assignment(&assigned.id).await.unwrap();
    assert_eq!(arm.role_assignments(&vault.id, Some(&principal.id)).await.unwrap(), []);
    assert_eq!(arm.managed_clusters(&subscription()).await.unwrap(), []);
    arm.delete_identity(&identity).await.unwrap();
    assert!(matches!(arm.identity(&identity).await, Err(ArmError::NotFound { .. })));
}

#[tokio::test]
async fn a_secret_lives_and_dies_and_is_recovered() {
    let world = World::new();
    let group = ResourceId::group(&subscription(), "hub");
    world.arm().put_resource_group(&group, "westeurope").await.unwrap();
    world.azure.create_vault(group.as_str(), NewVault::new("hub-vault", "westeurope")).unwrap();
    let vault = world.vault("hub-vault", world.login(world.admin, SECRET));
    let name = "aks1-server-url";
    assert!(matches!(vault.secret(name, None).await, Err(VaultError::NotFound { .. })));
    let first = vault.set_secret(name, &secret("one")).await.unwrap();
    let second = vault.set_secret(name, &secret("two")).await.unwrap();
    assert_eq!(vault.secret(name, None).await.unwrap().value.expose_secret(), "two");
    assert_eq!(vault.secret(name, Some(&first.version)).await.unwrap().value.expose_secret(), "one");
    assert_eq!(vault.versions(name).await.unwrap().len(), 2);
    let off = SecretUpdate { enabled: Some(false), ..SecretUpdate::default() };
    vault.update_secret(name, &second.version, &off).await.unwrap();
    assert!(matches!(vault.secret(name, None).await, Err(VaultError::Disabled { .. })));
    vault.delete_secret(name).await.unwrap();
    assert!(matches!(vault.set_secret(name, &secret("three")).await, Err(VaultError::SoftDeleted { .. })));
    assert_eq!(vault.deleted_secret(name).await.unwrap().name, name);
    vault.recover_secret(name).await.unwrap();
    assert_eq!(vault.secrets().await.unwrap().len(), 1);
    vault.delete_secret(name).await.unwrap();
    vault.purge_secret(name).await.unwrap();
    assert_eq!(vault.deleted_secrets().await.unwrap(), []);
    vault.set_secret(name, &secret("three")).await.unwrap();
    for number in 0..60 {
        vault.set_secret(&format!("s{number}"), &secret("x")).await.unwrap();
    }
    assert_eq!(vault.secrets().await.unwrap().len(), 61, "pages are followed");
}

#[tokio::test]
async fn who_may_not_is_named_and_who_is_not_known_is_told_why() {
    let world = World::new();
    let group = ResourceId::group(&subscription(), "hub");
    world.arm().put_resource_group(&group, "westeurope").await.unwrap();
    world.azure.create_vault(group.as_str(), NewVault::new("hub-vault", "westeurope")).unwrap();
    let stranger = world.azure.create_application("stranger");
    world.azure.add_client_secret(stranger, SecretString::from("s"), Timestamp::MAX);
    let denied = world.vault("hub-vault", world.login(stranger, "s")).secret("a", None).await.unwrap_err();
    match &denied {
        VaultError::ForbiddenByRbac { caller: Some(caller), .. } => {
            assert_eq!(caller.as_str(), stranger.object_id.to_string());
        }
        other => panic!("{other:?}"),
    }
    assert!(!denied.is_passing());
    let scope = Cloud::public().vault_scope();
    let wrong =
        world.tokens.get("https://login.microsoftonline.com", &world.login(stranger, "wrong"), &scope).await;
    let wrong = wrong.unwrap_err();
    assert_eq!((wrong.code(), wrong.disposition()), (Some(7_000_215), Disposition::Fatal));
    assert!(!wrong.to_string().contains("wrong") && !format!("{wrong:?}").contains(SECRET));

    let mut faults = Faults::default();
    faults.rules.push(FaultRule { times: Some(1), ..FaultRule::new(Plane::Entra, 503, "") });
    world.azure.set_faults(faults);
    let token = world
        .tokens
        .get("https://login.microsoftonline.com", &world.login(stranger, "s"), &Scope::aks())
        .await;
    assert!(token.is_ok(), "a hiccup is waited out: {token:?}");
}

#[tokio::test]
async fn a_certificate_logs_in_with_an_assertion_of_its_own() {
    let world = World::new();
    let key = gangplank_pki::SigningKey::generate(&mut rand::rngs::StdRng::seed_from_u64(1)).unwrap();
    let pair = rcgen::KeyPair::from_pem(key.pem()).unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&pair).unwrap();
    let application = world.azure.create_application("with certificate");
    world.azure.add_client_certificate(application, key.jwk().clone());
    let pem = format!("{}\n{}", certificate.pem(), key.pem());
    let credential = |pem: &str| Credential::ClientCertificate {
        tenant: TenantId::parse(&TENANT.to_string()).unwrap(),
        client_id: ClientId::parse(&application.app_id.to_string()).unwrap(),
        certificate: Arc::new(ClientCertificate::from_pem(pem.as_bytes()).unwrap()),
    };
    let authority = "https://login.microsoftonline.com";
    let token = world.tokens.get(authority, &credential(&pem), &Scope::aks()).await;
    assert!(token.is_ok(), "{token:?}");
    let other = gangplank_pki::SigningKey::generate(&mut rand::rngs::StdRng::seed_from_u64(2)).unwrap();
    let foreign = credential(&format!("{}\n{}", certificate.pem(), other.pem()));
    let scope = Cloud::public().vault_scope();
    assert_eq!(world.tokens.get(authority, &foreign, &scope).await.unwrap_err().code(), Some(700_027));
    assert!(ClientCertificate::from_pem(b"nothing").is_err());
    assert!(
        ClientCertificate::from_pem(certificate.pem().as_bytes()).is_err(),
        "a certificate without its key"
    );
}
