//! The names that the world answers to: the allow-list of the proxy.

/// What part of the world a host name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Realm {
    /// Entra, Resource Manager, Microsoft Graph or a vault: the Azure simulator routes by the name itself.
    Azure,
    /// The issuers of the clusters' ServiceAccount tokens.
    Issuer,
    /// A cluster's API server.
    Cluster,
}

/// Says to which realm a host name belongs; none for a name that the world must refuse.
///
/// Takes a name without a port, in lower case (see [`normalize`]).
pub(crate) fn realm(host: &str) -> Option<Realm> {
    match host {
        "login.microsoftonline.com" | "management.azure.com" | "graph.microsoft.com" => Some(Realm::Azure),
        _ if labels(host, "vault.azure.net") == Some(1) => Some(Realm::Azure),
        _ if labels(host, "oic.prod-aks.azure.com") == Some(1) => Some(Realm::Issuer),
        _ if labels(host, "azmk8s.io").is_some() => Some(Realm::Cluster),
        _ => None,
    }
}

/// Brings a host name to the form that the tables use: lower case, no final dot.
pub(crate) fn normalize(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// How many labels a name has before its zone; none where it is no name below the zone.
fn labels(host: &str, zone: &str) -> Option<usize> {
    let rest = host.strip_suffix(zone)?.strip_suffix('.')?;
    rest.split('.').all(is_label).then(|| rest.split('.').count())
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, expected: Option<Realm>) {
        assert_eq!(realm(&normalize(host)), expected, "{host}");
    }

    #[test]
    fn only_the_names_of_the_world_have_a_realm() {
        check("login.microsoftonline.com", Some(Realm::Azure));
        check("Login.MicrosoftOnline.com.", Some(Realm::Azure));
        check("argocd-prd-akv.vault.azure.net", Some(Realm::Azure));
        check("vault.azure.net", None);
        check("a.b.vault.azure.net", None);
        check(".vault.azure.net", None);
        check("evilvault.azure.net", None);
        check("argocd-prd-akv.vault.azure.net.evil.example", None);
        check("westeurope.oic.prod-aks.azure.com", Some(Realm::Issuer));
        check("aks-prd-we-001-1a2b3c4d.hcp.westeurope.azmk8s.io", Some(Realm::Cluster));
        check("a b.azmk8s.io", None);
        check("github.com", None);
        check("", None);
    }
}
