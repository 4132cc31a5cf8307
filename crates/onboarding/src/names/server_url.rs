//! The URL of an API server. Argo CD keys clusters by this text, byte for byte, so it is written in one form only.

use std::fmt;
use std::str::FromStr;

/// A text is no URL of an API server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no URL of an API server: {reason}")]
pub struct ServerUrlError {
    text: String,
    reason: &'static str,
}

/// `https://host` or `https://host:port`: lower case, without the default port and without a slash at the end.
///
/// AKS writes `https://name:443` into its kubeconfigs. Both forms reach the same server, but Argo CD takes them for two
/// clusters; and a slash at the end keeps it from noticing that a Secret was deleted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, without the port.
    pub fn host(&self) -> &str {
        let authority = &self.0["https://".len()..];
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        }
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlError;

    fn from_str(text: &str) -> Result<Self, ServerUrlError> {
        let fail = |reason| Err(ServerUrlError { text: text.escape_debug().to_string(), reason });
        if text.trim() != text {
            return fail("it has white space at an end, which Argo CD would keep");
        }
        let lower = text.to_ascii_lowercase();
        let Some(authority) = lower.strip_prefix("https://") else {
            return fail("it must begin with https://");
        };
        let authority = authority.trim_end_matches('/');
        let authority = authority.strip_suffix(":443").unwrap_or(authority);
        if authority.is_empty() {
            return fail("it names no host");
        }
        let allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'[' | b']');
        if !authority.bytes().all(allowed) {
            return fail("after https:// only a host and a port may stand");
        }
        Ok(ServerUrl(format!("https://{authority}")))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
