//! Logins: shared, renewed, and refused with a cause.

use crate::fake::{self, ASSERTION, Hands, TOKEN, federated, granted, json, transport, with_header};
use gangplank_azure::{ClientId, Credential, Disposition, EntraError, Scope};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const AUTHORITY: &str = "https://login.microsoftonline.com";

fn vault() -> Scope {
    Scope::of_audience("https://vault.azure.net")
}

#[tokio::test]
async fn ten_thousand_callers_make_one_login_until_it_is_due() {
    let (transport, asked) = transport(|_| granted(TOKEN));
    let hands = Hands::new();
    let tokens = fake::tokens(&transport, &hands);
    let credential = federated("argocd/argocd-server");
    let scope = vault();
    let all = (0..10_000).map(|_| tokens.get(AUTHORITY, &credential, &scope));
    for token in futures::future::join_all(all).await {
        assert_eq!(token.unwrap().expose(), TOKEN);
    }
    assert_eq!(asked.all().len(), 1);

    hands.forward(3600 - 301);
    tokens.get(AUTHORITY, &credential, &scope).await.unwrap();
    assert_eq!(asked.all().len(), 1, "not yet due");
    hands.forward(1);
    tokens.get(AUTHORITY, &credential, &scope).await.unwrap();
    assert_eq!(asked.all().len(), 2, "due five minutes before its end");

    tokens.get(AUTHORITY, &federated("argocd/another"), &scope).await.unwrap();
    tokens.get(AUTHORITY, &credential, &Scope::aks()).await.unwrap();
    assert_eq!(asked.all().len(), 4, "another subject and another scope are other logins");
}

#[tokio::test]
async fn a_proof_is_a_login_of_the_moment_and_its_failure_takes_no_token_from_others() {
    let works = Arc::new(AtomicU32::new(1));
    let answer = Arc::clone(&works);
    let (transport, asked) = transport(move |_| match answer.load(Ordering::Relaxed) {
        0 => json(
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS700213: no","error_codes":[700213]}"#,
        ),
        _ => granted(TOKEN),
    });
    let hands = Hands::new();
    let tokens = fake::tokens(&transport, &hands);
    let (credential, scope) = (federated("argocd/argocd-server"), vault());
    tokens.get(AUTHORITY, &credential, &scope).await.unwrap();
    tokens.prove(AUTHORITY, &credential, &scope).await.unwrap();
    assert_eq!(asked.all().len(), 1, "a login of this moment is proof");
    hands.forward(10);
    works.store(0, Ordering::Relaxed);
    assert!(tokens.prove(AUTHORITY, &credential, &scope).await.is_err());
    assert!(tokens.prove(AUTHORITY, &credential, &scope).await.is_err());
    assert_eq!(asked.all().len(), 2, "a refusal is not asked for again at once");
    tokens.get(AUTHORITY, &credential, &scope).await.unwrap();
}

#[tokio::test]
async fn the_form_says_who_wants_what_with_which_proof() {
    let (transport, _) = transport(|request| {
        let form = String::from_utf8(request.body().to_vec()).unwrap();
        let expect = format!(
            "client_id={}&grant_type=client_credentials&scope=https%3A%2F%2Fvault.azure.net%2F.default\
             &client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion={ASSERTION}",
            fake::CLIENT
        );
        let path = format!("/{}/oauth2/v2.0/token", fake::TENANT);
        if form == expect && request.uri().path() == path { granted(TOKEN) } else { json(400, &form) }
    });
    let tokens = fake::tokens(&transport, &Hands::new());
    tokens.get("https://login.microsoftonline.com/", &federated("a/b"), &vault()).await.unwrap();
}

#[tokio::test]
async fn a_refusal_has_a_code_a_cause_and_a_mend_and_is_not_repeated_at_once() {
    let body =
        r#"{"error":"invalid_client","error_description":"AADSTS700213: no match","error_codes":[700213]}"#;
    let (transport, asked) = transport(move |_| json(401, body));
    let hands = Hands::new();
    let tokens = fake::tokens(&transport, &hands);
    for _ in 0..5 {
        let error = tokens.get(AUTHORITY, &federated("a/b"), &vault()).await.unwrap_err();
        assert_eq!(error.code(), Some(700_213));
        assert_eq!(error.disposition(), Disposition::AfterFederation);
        assert_eq!(error.cause(), Some("no federated credential of the identity names this ServiceAccount"));
        assert!(error.mend().is_some());
        assert_eq!(error.answer().map(|answer| (answer.status, answer.body.as_str())), Some((401, body)));
    }
    assert_eq!(asked.all().len(), 1);
    hands.forward(2);
    tokens.get(AUTHORITY, &federated("a/b"), &vault()).await.unwrap_err();
    assert_eq!(asked.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hiccup_is_waited_out_and_a_working_token_outlives_a_failed_renewal() {
    let count = Arc::new(AtomicU32::new(0));
    let (transport, asked) = transport(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => with_header(json(429, "{}"), "retry-after", "1"),
        1 => granted(TOKEN),
        _ => json(503, ""),
    });
    let hands = Hands::new();
    let tokens = fake::tokens(&transport, &hands);
    tokens.get(AUTHORITY, &federated("a/b"), &vault()).await.unwrap();
    assert_eq!(asked.all().len(), 2);
    hands.forward(3400);
    let kept = tokens.get(AUTHORITY, &federated("a/b"), &vault()).await.unwrap();
    assert_eq!((kept.expose(), asked.all().len()), (TOKEN, 5));
    hands.forward(200);
    let ended = tokens.get(AUTHORITY, &federated("a/b"), &vault()).await;
    assert!(matches!(ended, Err(EntraError::Status { status: 503, .. })), "{ended:?}");
}

#[tokio::test]
async fn the_metadata_service_is_asked_for_an_audience_and_writes_numbers_as_text() {
    let (transport, asked) = transport(|request| {
        assert_eq!(request.headers()["metadata"], "true");
        json(200, &format!(r#"{{"access_token":"{TOKEN}","expires_in":"86399","expires_on":"1"}}"#))
    });
    let credential = Credential::ManagedIdentity { client_id: Some(ClientId::parse(fake::CLIENT).unwrap()) };
    let hands = Hands::new();
    let token = fake::tokens(&transport, &hands).get(AUTHORITY, &credential, &vault()).await.unwrap();
    assert_eq!(token.expires_at().duration_since(hands.clock().now()).as_secs(), 86399);
    assert_eq!(
        asked.all(),
        [format!(
            "GET http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01\
             &resource=https%3A%2F%2Fvault.azure.net&client_id={}",
            fake::CLIENT
        )]
    );
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_token_or_a_proof() {
    let (transport, _) = transport(|_| granted(TOKEN));
    let tokens = fake::tokens(&transport, &Hands::new());
    let credential = federated("a/b");
    let token = tokens.get(AUTHORITY, &credential, &vault()).await.unwrap();
    let secret = Credential::ClientSecret {
        tenant: gangplank_azure::TenantId::parse(fake::TENANT).unwrap(),
        client_id: ClientId::parse(fake::CLIENT).unwrap(),
        secret: "planted-secret".to_owned().into(),
    };
    let printed = format!("{token:?} {tokens:?} {credential:?} {secret:?} {transport:?}");
    assert!(!printed.contains("planted"), "{printed}");
}
