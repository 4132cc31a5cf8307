//! Who asks a repository, and how the connection is made.

use std::ffi::OsString;
use std::hash::BuildHasher;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

/// A login at a repository's server.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// None: a public repository, or one on this machine.
    #[default]
    Anonymous,
    /// HTTP basic authentication: a password, or a token in its place.
    Basic {
        /// The user's name; many servers take any when the password is a token.
        username: String,
        /// The password or token.
        password: SecretString,
    },
    /// An HTTP bearer token, as Azure Repos takes an Entra token.
    Bearer(SecretString),
}

/// How a repository is reached: login, TLS and proxy.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The login.
    pub credentials: Credentials,
    /// Whether the server's certificate goes unchecked (Argo CD's `insecure`).
    pub insecure: bool,
    /// The HTTP proxy for this repository; none leaves it to the environment.
    pub proxy: Option<String>,
}

impl Access {
    /// Access with a user name and a password or token.
    pub fn basic(username: &str, password: SecretString) -> Access {
        Access {
            credentials: Credentials::Basic { username: username.to_owned(), password },
            ..Access::default()
        }
    }

    /// Returns the settings as pairs of Git configuration, the login bound to the scheme and host of `url`.
    pub(crate) fn configuration(&self, url: &str) -> Vec<(String, OsString)> {
        let mut pairs = Vec::new();
        if let Some(header) = self.authorization() {
            // Bound to the server, so that a redirection elsewhere is not answered with our login.
            pairs.push((format!("http.{}.extraHeader", server_of(url)), header.into()));
        }
        if self.insecure {
            pairs.push(("http.sslVerify".to_owned(), "false".into()));
        }
        if let Some(proxy) = &self.proxy {
            pairs.push(("http.proxy".to_owned(), proxy.into()));
        }
        pairs
    }

    fn authorization(&self) -> Option<String> {
        match &self.credentials {
            Credentials::Anonymous => None,
            Credentials::Basic { username, password } => {
                let pair = format!("{username}:{}", password.expose_secret());
                Some(format!("Authorization: Basic {}", STANDARD.encode(pair)))
            }
            Credentials::Bearer(token) => Some(format!("Authorization: Bearer {}", token.expose_secret())),
        }
    }

    /// Returns a number that differs, for one `hasher`, where the access differs.
    pub(crate) fn fingerprint(&self, hasher: &impl BuildHasher) -> u64 {
        hasher.hash_one((self.authorization(), self.insecure, &self.proxy))
    }
}

/// Returns scheme and authority of an HTTP URL with a slash; other URLs as they are (they carry no header).
fn server_of(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split('/').next().unwrap_or(rest);
            format!("{scheme}://{authority}/")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(access: &Access, url: &str, expect: &[(&str, &str)]) {
        let pairs = access.configuration(url);
        let pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(key, value)| (key.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(pairs, expect);
    }

    #[test]
    fn logins_are_bound_to_their_server() {
        let url = "https://github.com/org/repo.git";
        check(&Access::default(), url, &[]);
        let access = Access::basic("git", SecretString::from("pat"));
        check(&access, url, &[("http.https://github.com/.extraHeader", "Authorization: Basic Z2l0OnBhdA==")]);
        assert!(!format!("{access:?}").contains("pat\""), "{access:?}");
        let access = Access {
            credentials: Credentials::Bearer(SecretString::from("token")),
            insecure: true,
            proxy: Some("http://proxy:3128".to_owned()),
        };
        check(
            &access,
            "https://dev.azure.com:443/o/p/_git/r",
            &[
                ("http.https://dev.azure.com:443/.extraHeader", "Authorization: Bearer token"),
                ("http.sslVerify", "false"),
                ("http.proxy", "http://proxy:3128"),
            ],
        );
    }
}
