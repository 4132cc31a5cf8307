//! Keys, tokens and certificates from the outside.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use gangplank_pki::{Authority, KeySet, Lifetime, Purpose, SigningKey, Token, TokenError};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;

fn key(seed: u64) -> SigningKey {
    SigningKey::generate(&mut StdRng::seed_from_u64(seed)).unwrap()
}

#[test]
fn a_seed_makes_the_same_key_again() {
    assert_eq!(key(1).pem(), key(1).pem());
    assert_ne!(key(1).key_id(), key(2).key_id());
    assert_eq!(SigningKey::from_pkcs8_pem(key(1).pem()).unwrap().jwk(), key(1).jwk());
}

#[test]
fn tokens_are_believed_by_their_own_key_only() {
    let (ours, theirs) = (key(1), key(2));
    let claims =
        json!({"sub": "system:serviceaccount:argocd:argocd-server", "aud": ["a", "b"], "exp": 1_700_000_000});
    let text = ours.sign(&claims).unwrap();

    let token = Token::verify(&text, &KeySet::of([&theirs, &ours])).unwrap();
    assert_eq!(token.claims, *claims.as_object().unwrap());
    assert_eq!(token.seconds("exp"), Some(1_700_000_000));
    assert!(token.has_audience("b") && !token.has_audience("c"));

    let check =
        |text: &str, keys: &KeySet, expect: TokenError| assert_eq!(Token::verify(text, keys), Err(expect));
    check(&text, &KeySet::of([&theirs]), TokenError::UnknownKey(ours.key_id().to_owned()));
    let mut forged = KeySet::of([&theirs]);
    forged.keys[0].key_id = ours.key_id().to_owned();
    check(&text, &forged, TokenError::Signature(ours.key_id().to_owned()));
    let unsigned = ours.sign_with_header(&json!({"alg": "none"}), &claims).unwrap();
    check(&unsigned, &KeySet::of([&ours]), TokenError::Algorithm("none".to_owned()));
    check("a.b", &KeySet::of([&ours]), TokenError::Malformed("it has no three parts"));
    check("", &KeySet::of([&ours]), TokenError::Malformed("it has no three parts"));
    check(
        "ew.ew.ew",
        &KeySet::of([&ours]),
        TokenError::Malformed("its header is not base64url of a JSON object"),
    );
}

#[test]
fn certificates_say_what_they_are_for() {
    let rng = &mut StdRng::seed_from_u64(1);
    let lifetime = Lifetime::days(1_790_000_000, 30);
    let authority = Authority::generate("sandbox", lifetime, rng).unwrap();
    let names = vec!["*.vault.azure.net".to_owned(), "127.0.0.1".to_owned()];
    let server = authority.issue("vault", Purpose::Server { names }, lifetime, rng).unwrap();
    let organizations = vec!["system:masters".to_owned()];
    let client = authority.issue("admin", Purpose::Client { organizations }, lifetime, rng).unwrap();

    let (_, issuer) = x509_parser::parse_x509_certificate(authority.certificate_der()).unwrap();
    assert!(issuer.is_ca());
    for (identity, common_name) in [(&server, "vault"), (&client, "admin")] {
        let der = identity.certificate_der();
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).unwrap();
        certificate.verify_signature(Some(issuer.public_key())).unwrap();
        assert_eq!(certificate.subject().iter_common_name().next().unwrap().as_str().unwrap(), common_name);
        assert_eq!(certificate.validity().not_after.timestamp(), lifetime.until);
    }
    assert!(!format!("{server:?}{authority:?}").contains("PRIVATE"));
}

#[test]
fn a_seed_makes_the_same_certificates_again() {
    let make = || {
        let rng = &mut StdRng::seed_from_u64(1);
        let lifetime = Lifetime::days(1_790_000_000, 30);
        let authority = Authority::generate("sandbox", lifetime, rng).unwrap();
        let names = vec!["hub.hcp.westeurope.azmk8s.io".to_owned()];
        authority.issue("hub", Purpose::Server { names }, lifetime, rng).unwrap().certificate_pem().to_owned()
    };
    assert_eq!(make(), make());
}
