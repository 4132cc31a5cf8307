//! The names one cloud answers on, and the audiences its services accept.

/// The service that a host name belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plane {
    /// The token service.
    Entra,
    /// Azure Resource Manager.
    ResourceManager,
    /// Microsoft Graph.
    Graph,
    /// The data plane of the vault of this name (lower case).
    Vault(String),
    /// The instance metadata service, at its link-local address in every cloud.
    Metadata,
}

/// Names and audiences of one Azure cloud (public, China, US Government, or one of your own).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The cloud's name as `az cloud list` prints it.
    pub name: String,
    /// Host of the authority.
    pub login: String,
    /// Other hosts that mean the same authority.
    pub login_aliases: Vec<String>,
    /// Host of Azure Resource Manager.
    pub management: String,
    /// Resource Manager's older audience, `https://` and host.
    pub management_core: String,
    /// Host of Microsoft Graph.
    pub graph: String,
    /// What follows a vault's name and a dot.
    pub vault_suffix: String,
    /// What follows `<cluster>.hcp.<region>.`.
    pub cluster_suffix: String,
    /// What follows `<region>.` in the issuer of a cluster's ServiceAccount tokens.
    pub issuer_suffix: String,
    /// Issuer of version 1 access tokens is this, the tenant and a slash.
    pub token_issuer: String,
    /// Port of every advertised URL; 443 is left out of them.
    pub port: u16,
    /// The most role assignments of a subscription: 4,000, half of it in the clouds of governments.
    pub role_assignments: usize,
}

impl Environment {
    /// The public cloud, with its real names.
    pub fn public() -> Self {
        Environment {
            name: "AzureCloud".into(),
            login: "login.microsoftonline.com".into(),
            login_aliases: vec![
                "login.windows.net".into(),
                "login.microsoft.com".into(),
                "sts.windows.net".into(),
            ],
            management: "management.azure.com".into(),
            management_core: "https://management.core.windows.net".into(),
            graph: "graph.microsoft.com".into(),
            vault_suffix: "vault.azure.net".into(),
            cluster_suffix: "azmk8s.io".into(),
            issuer_suffix: "oic.prod-aks.azure.com".into(),
            token_issuer: "https://sts.windows.net/".into(),
            port: 443,
            role_assignments: 4_000,
        }
    }

    /// The cloud operated by 21Vianet in China.
    pub fn china() -> Self {
        Environment {
            name: "AzureChinaCloud".into(),
            login: "login.chinacloudapi.cn".into(),
            login_aliases: vec!["login.partner.microsoftonline.cn".into()],
            management: "management.chinacloudapi.cn".into(),
            management_core: "https://management.core.chinacloudapi.cn".into(),
            graph: "microsoftgraph.chinacloudapi.cn".into(),
            vault_suffix: "vault.azure.cn".into(),
            cluster_suffix: "cx.prod.service.azk8s.cn".into(),
            issuer_suffix: "oic.prod-aks.azure.cn".into(),
            token_issuer: "https://sts.chinacloudapi.cn/".into(),
            port: 443,
            role_assignments: 2_000,
        }
    }

    /// The cloud for the government of the United States.
    pub fn us_government() -> Self {
        Environment {
            name: "AzureUSGovernment".into(),
            login: "login.microsoftonline.us".into(),
            login_aliases: Vec::new(),
            management: "management.usgovcloudapi.net".into(),
            management_core: "https://management.core.usgovcloudapi.net".into(),
            graph: "graph.microsoft.us".into(),
            vault_suffix: "vault.usgovcloudapi.net".into(),
            cluster_suffix: "cx.aks.containerservice.azure.us".into(),
            issuer_suffix: "oic.prod-aks.azure.us".into(),
            token_issuer: "https://sts.windows.net/".into(),
            port: 443,
            role_assignments: 2_000,
        }
    }

    /// A cloud of one's own under `domain`: `login.<domain>`, `management.<domain>`, `<vault>.vault.<domain>`.
    pub fn custom(name: &str, domain: &str, port: u16) -> Self {
        Environment {
            name: name.into(),
            login: format!("login.{domain}"),
            login_aliases: Vec::new(),
            management: format!("management.{domain}"),
            management_core: format!("https://management.{domain}"),
            graph: format!("graph.{domain}"),
            vault_suffix: format!("vault.{domain}"),
            cluster_suffix: format!("azmk8s.{domain}"),
            issuer_suffix: format!("oic.{domain}"),
            token_issuer: format!("https://login.{domain}/"),
            port,
            role_assignments: 4_000,
        }
    }

    /// The plane that answers for `host` (a port and letter case don't matter), or none where the name is not this
    /// cloud's. A vault's name need not exist.
    pub fn plane_of(&self, host: &str) -> Option<Plane> {
        let host = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
        if host == self.login || self.login_aliases.contains(&host) {
            Some(Plane::Entra)
        } else if host == self.management {
            Some(Plane::ResourceManager)
        } else if host == self.graph {
            Some(Plane::Graph)
        } else if host == crate::imds::HOST {
            Some(Plane::Metadata)
        } else {
            let vault = host.strip_suffix(&self.vault_suffix)?.strip_suffix('.')?;
            (!vault.is_empty() && !vault.contains('.')).then(|| Plane::Vault(vault.to_owned()))
        }
    }

    /// `https://host`, with the port where it is not the scheme's own.
    pub fn url(&self, host: &str) -> String {
        match self.port {
            443 => format!("https://{host}"),
            port => format!("https://{host}:{port}"),
        }
    }

    /// The audience of Key Vault, as its challenge names it.
    pub fn vault_audience(&self) -> String {
        self.url(&self.vault_suffix)
    }

    /// Whether Resource Manager takes a token with this audience.
    pub fn is_management_audience(&self, audience: &str) -> bool {
        let audience = audience.trim_end_matches('/');
        audience == self.url(&self.management) || audience == self.management_core
    }

    /// Whether Key Vault takes a token with this audience.
    pub fn is_vault_audience(&self, audience: &str) -> bool {
        audience.trim_end_matches('/') == self.vault_audience()
    }

    /// Whether Microsoft Graph takes a token with this audience.
    pub fn is_graph_audience(&self, audience: &str) -> bool {
        audience.trim_end_matches('/') == self.url(&self.graph)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_lead_to_their_plane() {
        let public = Environment::public();
        let custom = Environment::custom("Own", "cloud.test", 8443);
        let cases = [
            (&public, "login.microsoftonline.com", Some(Plane::Entra)),
            (&public, "Login.MicrosoftOnline.com:443", Some(Plane::Entra)),
            (&public, "management.azure.com", Some(Plane::ResourceManager)),
            (&public, "graph.microsoft.com", Some(Plane::Graph)),
            (&public, "Argocd-prd-akv.vault.azure.net", Some(Plane::Vault("argocd-prd-akv".into()))),
            (&public, "vault.azure.net", None),
            (&public, ".vault.azure.net", None),
            (&public, "a.b.vault.azure.net", None),
            (&public, "evilvault.azure.net", None),
            (&public, "169.254.169.254", Some(Plane::Metadata)),
            (&public, "example.com", None),
            (&custom, "akv.vault.cloud.test:8443", Some(Plane::Vault("akv".into()))),
            (&custom, "login.microsoftonline.com", None),
        ];
        for (environment, host, plane) in cases {
            assert_eq!(environment.plane_of(host), plane, "{host}");
        }
    }
}
