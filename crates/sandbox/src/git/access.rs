//! Who may read and who may write a repository.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};

/// Who may read a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Anybody.
    Everybody,
    /// Whoever shows the repository's credentials.
    Credentials,
}

/// A name with a password, for basic authentication.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user's name; no colon.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

impl Credentials {
    /// Whether a request shows these credentials (RFC 7617). The comparison takes the same time wherever they differ.
    pub(super) fn shown_in(&self, headers: &HeaderMap) -> bool {
        let Some(shown) = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
            .and_then(|(_, encoded)| BASE64.decode(encoded.trim()).ok())
        else {
            return false;
        };
        let expected = format!("{}:{}", self.username, self.password.expose_secret());
        let expected = expected.as_bytes();
        let same = shown.iter().zip(expected).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0;
        same && shown.len() == expected.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(authorization: Option<&str>, expected: bool) {
        let credentials =
            Credentials { username: "gangplank".to_owned(), password: SecretString::from("s3cret:x") };
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        assert_eq!(credentials.shown_in(&headers), expected, "{authorization:?}");
    }

    #[test]
    fn only_the_exact_credentials_count() {
        check(Some(&format!("Basic {}", BASE64.encode("gangplank:s3cret:x"))), true);
        check(Some(&format!("basic {}", BASE64.encode("gangplank:s3cret:x"))), true);
        check(Some(&format!("Basic {}", BASE64.encode("gangplank:s3cret:xy"))), false);
        check(Some(&format!("Basic {}", BASE64.encode("gangplank:s3cret:"))), false);
        check(Some(&format!("Basic {}", BASE64.encode("Gangplank:s3cret:x"))), false);
        check(Some("Basic ???"), false);
        check(Some("Basic "), false);
        check(Some("Bearer s3cret:x"), false);
        check(None, false);
    }

    #[test]
    fn a_password_is_not_printed() {
        let credentials = Credentials { username: "u".to_owned(), password: SecretString::from("s3cret") };
        assert!(!format!("{credentials:?}").contains("s3cret"));
    }
}
