//! The 401 challenge: where to log in, and for which audience.

use super::url::VaultUrl;
use crate::cloud::Cloud;
use crate::entra::Scope;

/// What a vault asks for in `WWW-Authenticate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) scope: Scope,
}

impl Challenge {
    /// Reads `Bearer authorization="…", resource="…"` (or `scope`). `None` where it is no such challenge, or where
    /// its audience is not a parent domain of the vault's host: a token must not go to whom it is not meant for.
    pub(crate) fn read(header: &str, vault: &VaultUrl, cloud: &Cloud) -> Option<Self> {
        let parameters =
            header.trim().strip_prefix("Bearer ").or_else(|| header.trim().strip_prefix("bearer "))?;
        let mut resource = None;
        for parameter in parameters.split(',') {
            let (name, value) = parameter.trim().split_once('=')?;
            let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
            match name.trim() {
                "resource" => resource = Some(value),
                "scope" => resource = Some(value.strip_suffix("/.default").unwrap_or(value)),
                _ => {}
            }
        }
        let resource = resource?.trim_end_matches('/');
        let domain = resource.strip_prefix("https://")?;
        let covers = |host: &str| host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        let host = vault.host();
        let trusted = resource == cloud.vault_audience
            || covers(host)
            || host.rsplit_once(':').is_some_and(|(bare, _)| covers(bare));
        trusted.then(|| Self { scope: Scope::of_audience(resource) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_believed_only_for_the_vaults_own_domain() {
        let check = |header: &str, expect: Option<&str>| {
            let vault = VaultUrl::parse("https://a.vault.example:8443").unwrap();
            let read = Challenge::read(header, &vault, &Cloud::public());
            assert_eq!(
                read,
                expect.map(|audience| Challenge { scope: Scope::of_audience(audience) }),
                "{header}"
            );
        };
        let login = "authorization=\"https://login.example/t\"";
        check(&format!("Bearer {login}, resource=\"https://vault.example\""), Some("https://vault.example"));
        check(
            &format!("Bearer {login}, scope=\"https://vault.example/.default\""),
            Some("https://vault.example"),
        );
        check(
            &format!("Bearer {login}, resource=\"https://vault.example:8443\""),
            Some("https://vault.example:8443"),
        );
        check(
            &format!("Bearer {login}, resource=\"https://vault.azure.net\""),
            Some("https://vault.azure.net"),
        );
        check(&format!("Bearer {login}, resource=\"https://management.azure.com\""), None);
        check(&format!("Bearer {login}, resource=\"https://ault.example\""), None);
        check("Bearer realm=x", None);
        check("Basic realm=\"x\"", None);
    }
}
