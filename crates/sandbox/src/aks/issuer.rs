//! The issuers of the clusters' ServiceAccount tokens: the two documents that others check such tokens by.

use serde_json::{Value, json};

/// What is asked of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Document {
    /// `/.well-known/openid-configuration`.
    Discovery,
    /// `/openid/v1/jwks`.
    Keys,
}

/// Takes an address apart into the issuer (with its final slash) and what is asked of it.
pub(crate) fn parse(url: &str) -> Option<(&str, Document)> {
    let tail =
        [(".well-known/openid-configuration", Document::Discovery), ("openid/v1/jwks", Document::Keys)];
    tail.into_iter().find_map(|(tail, document)| {
        let issuer = url.strip_suffix(tail)?;
        issuer.ends_with('/').then_some((issuer, document))
    })
}

/// The discovery document of an issuer, as a Kubernetes API server writes it.
pub(crate) fn discovery(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}openid/v1/jwks"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<(&str, Document)>) {
        assert_eq!(parse(url), expected, "{url}");
    }

    #[test]
    fn only_the_two_documents_are_an_issuers() {
        let issuer = "https://westeurope.oic.prod-aks.azure.com/t/u/";
        check(&format!("{issuer}.well-known/openid-configuration"), Some((issuer, Document::Discovery)));
        check(&format!("{issuer}openid/v1/jwks"), Some((issuer, Document::Keys)));
        check(issuer, None);
        check(&format!("{issuer}/openid/v1/jwks"), Some((&format!("{issuer}/"), Document::Keys)));
        check("https://x/uopenid/v1/jwks", None);
    }
}
