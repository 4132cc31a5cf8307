//! A vault's address.

use http::Uri;
use http::uri::Scheme;
use std::fmt;

/// Why a text is no vault's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("vault URL {value:?} is not of the form https://<name>.vault.azure.net")]
pub struct VaultUrlError {
    /// The text given.
    pub value: String,
}

/// `https://<name>.<suffix>`, perhaps with a port; without a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VaultUrl {
    origin: String,
    host: String,
}

impl VaultUrl {
    /// Takes an address with or without a trailing slash. Only https: a token is sent there.
    pub fn parse(value: &str) -> Result<Self, VaultUrlError> {
        let error = || VaultUrlError { value: value.to_owned() };
        let uri: Uri = value.trim().parse().map_err(|_| error())?;
        let authority =
            uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(error)?;
        if uri.scheme() != Some(&Scheme::HTTPS) || authority.host().is_empty() {
            return Err(error());
        }
        let host = authority.as_str().to_ascii_lowercase();
        Ok(Self { origin: format!("https://{host}"), host })
    }

    /// A vault by name in a cloud.
    pub fn of_name(name: &str, suffix: &str) -> Result<Self, VaultUrlError> {
        let fits =
            (3..=24).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fits {
            Self::parse(&format!("https://{name}.{suffix}"))
        } else {
            Err(VaultUrlError { value: name.to_owned() })
        }
    }

    /// `https://host[:port]`, without a trailing slash.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host, with its port where one is given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The part of an absolute link behind the origin, where the link stays on this vault.
    pub(crate) fn local_part<'a>(&self, link: &'a str) -> Option<&'a str> {
        let uri: Uri = link.parse().ok()?;
        let authority = uri.authority()?.as_str();
        let bare = |host: &str| host.strip_suffix(":443").unwrap_or(host).to_ascii_lowercase();
        if uri.scheme() != Some(&Scheme::HTTPS) || bare(authority) != bare(&self.host) {
            return None;
        }
        let start = link.find("://")? + 3 + authority.len();
        link.get(start..)
    }
}

impl fmt::Display for VaultUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_without_user_is_an_address() {
        assert_eq!(
            VaultUrl::parse("https://A.vault.azure.net/").unwrap().origin(),
            "https://a.vault.azure.net"
        );
        assert_eq!(
            VaultUrl::parse("https://a.vault.azure.net:8443").unwrap().host(),
            "a.vault.azure.net:8443"
        );
        for bad in
            ["", "a.vault.azure.net", "http://a.vault.azure.net", "https://u:p@a", "https://", "no url"]
        {
            assert_eq!(VaultUrl::parse(bad), Err(VaultUrlError { value: bad.to_owned() }), "{bad}");
        }
    }

    #[test]
    fn links_are_followed_on_the_same_host_only() {
        let vault = VaultUrl::parse("https://a.vault.azure.net").unwrap();
        let check = |link, expect| assert_eq!(vault.local_part(link), expect, "{link}");
        check("https://a.vault.azure.net:443/secrets?x=1", Some("/secrets?x=1"));
        check("https://A.vault.azure.net/secrets?x=1", Some("/secrets?x=1"));
        check("https://b.vault.azure.net/secrets", None);
        check("http://a.vault.azure.net/secrets", None);
        check("https://a.vault.azure.net.evil.example/secrets", None);
        check("/secrets", None);
    }
}
