use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use gangplank_azuresim::{Environment, IdentityIds, NewCredential, Plane};
use gangplank_pki::{KeySet, Token};
use serde_json::{Value, json};

use crate::world::{AUDIENCE, GROUP, ISSUER, KEYS, LOGIN, TENANT, World};

const SUBJECT: &str = "system:serviceaccount:argocd:argocd-server";
const VAULT_SCOPE: &str = "https://vault.azure.net/.default";

fn identity(world: &World) -> IdentityIds {
    let identity = world.cloud.create_identity(GROUP, "argocd-prd", "westeurope").expect("an identity");
    let credential = NewCredential {
        name: "argocd-server".into(),
        issuer: ISSUER.into(),
        subject: SUBJECT.into(),
        audience: AUDIENCE.into(),
    };
    world.cloud.create_credential(&identity.id, credential).expect("a credential");
    identity
}

#[tokio::test]
async fn a_service_account_becomes_an_identity() {
    let world = World::new();
    let identity = identity(&world);
    let scope = format!("{VAULT_SCOPE} openid offline_access profile");
    let answer = world.login(&identity.client_id.to_string(), &world.assertion(SUBJECT), &scope).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 86_399);
    let token = answer.body["access_token"].as_str().expect("a token");
    let keys: KeySet = serde_json::from_value(
        world.raw("GET", &format!("{LOGIN}/{TENANT}/discovery/v2.0/keys"), &[], "").await.body,
    )
    .expect("a key set");
    let token = Token::verify(token, &keys).expect("signed by the published key");
    let expected = json!({
        "aud": "https://vault.azure.net",
        "iss": format!("https://sts.windows.net/{TENANT}/"),
        "appid": identity.client_id.to_string(),
        "appidacr": "2",
        "idp": format!("https://sts.windows.net/{TENANT}/"),
        "idtyp": "app",
        "oid": identity.principal_id.to_string(),
        "sub": identity.principal_id.to_string(),
        "tid": TENANT,
        "ver": "1.0",
        "xms_mirid": identity.id,
        "iat": world.now(), "nbf": world.now(), "exp": world.now() + 86_399,
    });
    let mut claims = Value::Object(token.claims);
    claims.as_object_mut().expect("an object").remove("uti");
    assert_eq!(claims, expected);
}

#[tokio::test]
async fn an_assertion_must_match_exactly() {
    let world = World::new();
    let client = identity(&world).client_id.to_string();
    let alone = world.cloud.create_identity(GROUP, "no-credentials", "westeurope").expect("an identity");
    let now = world.now();
    let unpublished = "https://elsewhere.example/";
    let good = |changes: Value| world.assertion_with(&KEYS[0], changes);
    let upper = ISSUER.replace("hub", "HUB");
    let broken = format!("{}x", good(json!({})));
    // Only RS256 is believed, whatever the signature says.
    let of_algorithm = |algorithm: &str| {
        let token = good(json!({}));
        let (_, rest) = token.split_once('.').expect("a header");
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": KEYS[0].key_id()}).to_string();
        format!("{}.{rest}", BASE64URL.encode(header))
    };
    let cases: &[(&str, String, u16, u32, &str)] = &[
        ("issuer", good(json!({"iss": unpublished})), 401, 700_211, "invalid_client"),
        (
            "issuer without slash",
            good(json!({"iss": ISSUER.trim_end_matches('/')})),
            401,
            700_211,
            "invalid_client",
        ),
        ("issuer in other case", good(json!({"iss": upper})), 401, 7_002_137, "invalid_client"),
        (
            "subject",
            good(json!({"sub": "system:serviceaccount:argocd:other"})),
            401,
            700_213,
            "invalid_client",
        ),
        (
            "subject in other case",
            good(json!({"sub": SUBJECT.to_uppercase()})),
            401,
            7_002_138,
            "invalid_client",
        ),
        ("audience", good(json!({"aud": "https://kubernetes.default.svc"})), 401, 700_212, "invalid_client"),
        (
            "audience in other case",
            good(json!({"aud": AUDIENCE.to_lowercase()})),
            401,
            700_212,
            "invalid_client",
        ),
        ("expired", good(json!({"exp": now - 301})), 401, 700_024, "invalid_client"),
        ("not yet valid", good(json!({"nbf": now + 301})), 401, 700_024, "invalid_client"),
        ("without end", good(json!({"exp": null})), 401, 700_024, "invalid_client"),
        ("signed by another key", world.assertion_with(&KEYS[1], json!({})), 400, 50013, "invalid_grant"),
        ("signature changed", broken, 400, 50013, "invalid_grant"),
        ("no token", "aaaa.bbbb.cccc".into(), 400, 50013, "invalid_grant"),
        ("signed with another algorithm", of_algorithm("ES256"), 400, 50013, "invalid_grant"),
        ("not signed at all", of_algorithm("none"), 400, 50013, "invalid_grant"),
    ];
    for (what, assertion, status, code, error) in cases {
        let answer = world.login(&client, assertion, VAULT_SCOPE).await;
        let got = (answer.status, &answer.body["error_codes"], answer.body["error"].as_str());
        assert_eq!(got, (*status, &json!([code]), Some(*error)), "{what}: {}", answer.text);
        let description = answer.body["error_description"].as_str().expect("a description");
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{what}: {description}");
    }
    let answer = world.login(&alone.client_id.to_string(), &world.assertion(SUBJECT), VAULT_SCOPE).await;
    assert_eq!((answer.status, &answer.body["error_codes"]), (400, &json!([70021])), "{}", answer.text);
    let near = world.login(&client, &good(json!({"exp": now - 299, "nbf": now - 4000})), VAULT_SCOPE).await;
    assert_eq!(near.status, 200, "five minutes between clocks are allowed: {}", near.text);
}

#[tokio::test]
async fn a_request_must_be_whole() {
    let world = World::new();
    let client = identity(&world).client_id.to_string();
    let assertion = world.assertion(SUBJECT);
    let whole = [
        ("client_id", client.as_str()),
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.as_str()),
        ("scope", VAULT_SCOPE),
    ];
    let scope = |scope: &'static str| (Some(("scope", scope)), "");
    // A field to change, or one to leave out.
    type Change<'a> = (Option<(&'a str, &'a str)>, &'a str);
    let cases: &[(Change<'_>, u16, u32)] = &[
        ((None, "client_id"), 400, 900_144),
        ((None, "grant_type"), 400, 900_144),
        ((None, "scope"), 400, 900_144),
        ((None, "client_assertion_type"), 400, 900_144),
        ((None, "client_assertion"), 401, 7_000_218),
        ((Some(("grant_type", "authorization_code")), ""), 400, 70003),
        ((Some(("client_id", "22222222-2222-2222-2222-222222222222")), ""), 400, 700_016),
        ((Some(("client_id", "no guid")), ""), 400, 700_016),
        ((Some(("client_assertion_type", "urn:other")), ""), 400, 50013),
        (scope("https://vault.azure.net"), 400, 1_002_012),
        (scope("openid profile"), 400, 1_002_012),
        (scope("https://vault.azure.net/.default https://graph.microsoft.com/.default"), 400, 70011),
        (scope("https://example.com/.default"), 400, 500_011),
        (scope("6dae42f8-4368-4678-94ff-3960e28e3630/.default"), 200, 0),
        (scope("https://management.core.windows.net//.default"), 200, 0),
        (scope("https://management.azure.com/.default"), 200, 0),
        (scope("https://graph.microsoft.com/.default"), 200, 0),
    ];
    for ((change, without), status, code) in cases {
        let fields = whole.iter().filter(|(name, _)| name != without);
        let fields: Vec<_> =
            fields.map(|it| change.filter(|change| change.0 == it.0).unwrap_or(*it)).collect();
        let answer = world.form(&fields).await;
        let expected = if *code == 0 { Value::Null } else { json!([code]) };
        assert_eq!(
            (answer.status, &answer.body["error_codes"]),
            (*status, &expected),
            "{change:?} {without}: {}",
            answer.text
        );
    }
    for (tenant, status, code) in [
        ("99999999-9999-9999-9999-999999999999", 400, 90002),
        ("fabrikam.onmicrosoft.com", 400, 90002),
        ("nonsense", 400, 900_023),
    ] {
        let answer = world.raw("POST", &format!("{LOGIN}/{tenant}/oauth2/v2.0/token"), &[], "").await;
        assert_eq!((answer.status, &answer.body["error_codes"]), (status, &json!([code])), "{tenant}");
    }
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(whole).finish();
    let answer =
        world.raw("POST", &format!("{LOGIN}/Contoso.onmicrosoft.com/oauth2/v2.0/token"), &[], body).await;
    assert_eq!(answer.status, 200, "the tenant by its domain: {}", answer.text);
}

#[tokio::test]
async fn the_audience_is_the_scope_without_its_end() {
    let world = World::new();
    let client = identity(&world).client_id.to_string();
    for (scope, audience) in [
        ("https://vault.azure.net/.default", "https://vault.azure.net"),
        ("https://management.core.windows.net//.default", "https://management.core.windows.net/"),
        ("6dae42f8-4368-4678-94ff-3960e28e3630/.default", "6dae42f8-4368-4678-94ff-3960e28e3630"),
    ] {
        let answer = world.login(&client, &world.assertion(SUBJECT), scope).await;
        let token = Token::parse(answer.body["access_token"].as_str().expect("a token")).expect("a token");
        assert_eq!(token.text("aud"), audience);
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_they_rotate() {
    let world = World::new();
    let client = identity(&world).client_id.to_string();
    let fetched = || world.issuers.fetched.load(std::sync::atomic::Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(world.login(&client, &world.assertion(SUBJECT), VAULT_SCOPE).await.status, 200);
    }
    assert_eq!(fetched(), 2, "the discovery document and the keys");
    world.issuers.publish(ISSUER, &KeySet::of([&KEYS[1], &KEYS[0]]));
    let rotated = world.assertion_with(&KEYS[1], json!({}));
    assert_eq!(world.login(&client, &rotated, VAULT_SCOPE).await.status, 200);
    assert_eq!(fetched(), 4, "an unknown key is looked for at once");
    world.issuers.withdraw();
    assert_eq!(world.login(&client, &rotated, VAULT_SCOPE).await.status, 200, "kept");
    world.advance(3601);
    let late = world.login(&client, &world.assertion(SUBJECT), VAULT_SCOPE).await;
    assert_eq!((late.status, &late.body["error_codes"]), (400, &json!([501_661])), "{}", late.text);
}

#[tokio::test]
async fn applications_log_in_with_secrets_and_certificates() {
    let world = World::new();
    let application = world.cloud.create_application("ci");
    let until = jiff::Timestamp::from_second(world.now() + 100).expect("a time");
    world.cloud.add_client_secret(application, "s3cret".to_owned().into(), until);
    world.cloud.add_client_certificate(application, KEYS[0].jwk().clone());
    let client = application.app_id.to_string();
    let secret = async |secret: &str| {
        let fields = [
            ("client_id", client.as_str()),
            ("grant_type", "client_credentials"),
            ("scope", VAULT_SCOPE),
            ("client_secret", secret),
        ];
        let answer = world.form(&fields).await;
        (answer.status, answer.body["error_codes"].clone())
    };
    assert_eq!(secret("s3cret").await, (200, Value::Null));
    assert_eq!(secret("wrong").await, (401, json!([7_000_215])));
    let own = json!({"iss": client, "sub": client, "aud": format!("{LOGIN}/{TENANT}/v2.0")});
    let signed = KEYS[0].sign_with_header(&json!({"kid": "whatever", "x5t": "thumbprint"}), &{
        let mut claims = own.clone();
        claims["exp"] = json!(world.now() + 600);
        claims
    });
    assert_eq!(world.login(&client, &signed.expect("signed"), VAULT_SCOPE).await.status, 200);
    let forged = world.login(&client, &world.assertion_with(&KEYS[1], own), VAULT_SCOPE).await;
    assert_eq!((forged.status, &forged.body["error_codes"]), (401, &json!([700_027])));
    world.advance(100);
    assert_eq!(secret("s3cret").await, (401, json!([7_000_222])));
}

#[tokio::test]
async fn the_first_version_answers_with_numbers_as_text() {
    let world = World::new();
    let client = identity(&world).client_id.to_string();
    let assertion = world.assertion(SUBJECT);
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", client.as_str()),
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.as_str()),
            ("resource", "https://vault.azure.net"),
        ])
        .finish();
    let answer =
        world.raw("POST", &format!("{LOGIN}/{TENANT}/oauth2/token?api-version=1.0"), &[], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["expires_in"], "86399");
    assert_eq!(answer.body["resource"], "https://vault.azure.net");
}

#[tokio::test]
async fn clients_find_the_endpoints() {
    let world = World::new();
    let instance = world
        .raw(
            "GET",
            &format!("{LOGIN}/common/discovery/instance?api-version=1.1&authorization_endpoint=x"),
            &[],
            "",
        )
        .await;
    assert_eq!(instance.body["metadata"][0]["preferred_network"], "login.microsoftonline.com");
    let asked = async |authority: &str| {
        let url = format!(
            "{LOGIN}/common/discovery/instance?api-version=1.0&authorization_endpoint=https%3A%2F%2F{authority}%2Fcommon"
        );
        let answer = world.raw("GET", &url, &[("client-request-id", "mine")], "").await;
        assert_eq!(answer.header("client-request-id"), Some("mine"));
        (answer.status, answer.body["api-version"].clone(), answer.body["error_codes"].clone())
    };
    assert_eq!(asked("Login.Windows.net").await, (200, json!("1.0"), Value::Null), "an alias");
    assert_eq!(asked("login.example").await, (400, Value::Null, json!([50049])), "another cloud's");
    for (tenant, version, issuer) in [
        (TENANT, "v2.0/", format!("{LOGIN}/{TENANT}/v2.0")),
        ("contoso.onmicrosoft.com", "v2.0/", format!("{LOGIN}/{TENANT}/v2.0")),
        (TENANT, "", format!("https://sts.windows.net/{TENANT}/")),
        ("organizations", "v2.0/", format!("{LOGIN}/{{tenantid}}/v2.0")),
    ] {
        let url = format!("{LOGIN}/{tenant}/{version}.well-known/openid-configuration");
        let document = world.raw("GET", &url, &[], "").await;
        assert_eq!(document.body["issuer"], issuer, "{url}");
        for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            let address = document.body[endpoint].as_str().expect(endpoint);
            assert!(address.starts_with(&format!("{LOGIN}/{tenant}/")), "{endpoint}: {address}");
        }
    }
    let url = format!("{LOGIN}/99999999-9999-9999-9999-999999999999/v2.0/.well-known/openid-configuration");
    assert_eq!(world.raw("GET", &url, &[], "").await.body["error_codes"], json!([90002]));
}

#[tokio::test]
async fn a_cloud_of_ones_own_advertises_its_port() {
    let world = World::of(Environment::custom("Own", "cloud.test", 8443));
    let environment = world.cloud.environment();
    assert_eq!(environment.plane_of("x.vault.cloud.test:8443"), Some(Plane::Vault("x".into())));
    let url = format!("https://login.cloud.test:8443/{TENANT}/v2.0/.well-known/openid-configuration");
    let document = world.raw("GET", &url, &[], "").await;
    assert_eq!(
        document.body["token_endpoint"],
        format!("https://login.cloud.test:8443/{TENANT}/oauth2/v2.0/token")
    );
    let url = "https://argocd-prd-akv.vault.cloud.test:8443/secrets/a?api-version=7.4";
    let challenge = world.raw("GET", url, &[], "").await;
    assert_eq!(
        challenge.header("www-authenticate"),
        Some(
            format!(
                "Bearer authorization=\"https://login.cloud.test:8443/{TENANT}\", \
                 resource=\"https://vault.cloud.test:8443\""
            )
            .as_str()
        )
    );
    let metadata = world
        .raw("GET", "https://management.cloud.test:8443/metadata/endpoints?api-version=2022-09-01", &[], "")
        .await;
    assert_eq!(metadata.body["suffixes"]["keyVaultDns"], "vault.cloud.test:8443");
    assert_eq!(metadata.body["resourceManager"], "https://management.cloud.test:8443");
    let elsewhere = world.raw("GET", "https://login.microsoftonline.com/x", &[], "").await;
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (421, "HostUnknown"));
}
