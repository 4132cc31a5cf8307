//! Key Vault: the challenge, throttling, pages.

use crate::fake::{self, Hands, TOKEN, federated, granted, is_login, json, transport, with_header};
use bytes::Bytes;
use gangplank_azure::{Cloud, RetryPolicy, Vault, VaultError, VaultLimits, VaultUrl, Vaults};
use http::{Request, Response};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const BUNDLE: &str = r#"{"value":"alpha","id":"https://v.vault.azure.net/secrets/a/0123","tags":{"t":"u"},
    "contentType":"text","attributes":{"enabled":true,"created":1,"exp":2}}"#;

fn open<F>(answer: F) -> (Vault, fake::Asked)
where
    F: Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
{
    let (transport, asked) =
        transport(move |request| if is_login(request) { granted(TOKEN) } else { answer(request) });
    let tokens = fake::tokens(&transport, &Hands::new());
    let limits = VaultLimits { concurrent: 2, retry: RetryPolicy::brief() };
    let vaults = Vaults::new(transport, tokens, limits);
    let url = VaultUrl::parse("https://v.vault.azure.net/").unwrap();
    (vaults.open(&Cloud::public(), url, federated("a/b")), asked)
}

#[tokio::test]
async fn a_secret_is_read_with_its_properties() {
    let (vault, asked) = open(|request| {
        assert_eq!(request.headers()["authorization"], format!("Bearer {TOKEN}"));
        assert!(request.headers()["authorization"].is_sensitive());
        json(200, BUNDLE)
    });
    let secret = vault.secret("a", None).await.unwrap();
    assert_eq!((secret.name.as_str(), secret.version.as_str()), ("a", "0123"));
    assert_eq!(secret.value.expose_secret(), "alpha");
    assert_eq!(secret.attributes.expires.map(|at| at.as_second()), Some(2));
    assert!(!format!("{secret:?}").contains("alpha"));
    vault.secret("a/b?", Some("0123")).await.unwrap();
    assert_eq!(
        asked.all()[1..],
        [
            "GET https://v.vault.azure.net/secrets/a/?api-version=7.4",
            "GET https://v.vault.azure.net/secrets/a%2Fb%3F/0123?api-version=7.4"
        ]
    );
}

#[tokio::test]
async fn a_challenge_is_learnt_once_and_a_refused_token_is_renewed_once() {
    let count = Arc::new(AtomicU32::new(0));
    let (vault, asked) = open(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => with_header(
            json(401, "{}"),
            "www-authenticate",
            r#"Bearer authorization="https://login.example/t", resource="https://v.vault.azure.net""#,
        ),
        1..=2 => json(200, BUNDLE),
        _ => json(401, r#"{"error":{"code":"Unauthorized","message":"AKV10032: Invalid issuer."}}"#),
    });
    // That audience is the vault's whole host, not a parent of it: it is not believed, the token is renewed.
    vault.secret("a", None).await.unwrap();
    vault.secret("a", None).await.unwrap();
    assert_eq!(asked.count("oauth2"), 2);
    let refused = vault.secret("a", None).await;
    assert!(
        matches!(&refused, Err(VaultError::Unauthorized { message, .. }) if message.contains("AKV10032"))
    );
    assert_eq!(asked.count("oauth2"), 3);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_waited_out_when_short_and_reported_to_all_when_long() {
    let count = Arc::new(AtomicU32::new(0));
    let (vault, asked) = open(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => with_header(json(429, "{}"), "retry-after", "2"),
        1 => json(200, BUNDLE),
        2 => with_header(json(503, "{}"), "retry-after", "60"),
        _ => json(200, BUNDLE),
    });
    vault.secret("a", None).await.unwrap();
    assert!(matches!(vault.secret("a", None).await, Err(VaultError::Unavailable { status: 503, .. })));
    assert_eq!(asked.count("/secrets/"), 3);
    let throttled = vault.secret("b", None).await;
    assert!(matches!(throttled, Err(VaultError::Throttled { retry_after: Some(_), .. })), "{throttled:?}");
    assert_eq!(asked.count("/secrets/"), 3, "a vault that asked for a minute is left alone for a minute");
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    vault.secret("b", None).await.unwrap();
}

#[tokio::test]
async fn lists_are_followed_to_their_end_on_their_own_host_only() {
    let page = |next: &str| {
        json(
            200,
            &format!(
                r#"{{"value":[{{"id":"https://v.vault.azure.net/secrets/a","attributes":{{"enabled":false}}}}],"nextLink":{next}}}"#
            ),
        )
    };
    let (vault, _) = open(move |request| match request.uri().query() {
        Some(query) if query.contains("skip=1") => page("null"),
        _ => page(r#""https://v.vault.azure.net:443/secrets?api-version=7.4&skip=1""#),
    });
    let items = vault.secrets().await.unwrap();
    assert_eq!(
        items.iter().map(|item| (item.name.as_str(), item.attributes.enabled)).collect::<Vec<_>>(),
        [("a", false), ("a", false)]
    );
    let (vault, asked) = open(move |_| page(r#""https://evil.example/secrets""#));
    assert!(matches!(vault.secrets().await, Err(VaultError::Malformed { .. })));
    assert_eq!(asked.count("evil"), 0);
}
