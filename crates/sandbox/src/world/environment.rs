//! What a shell must have set, so that real clients meet this world in the place of Azure.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use super::facts::Facts;

/// The files of a world that the environment points to, below its folder.
pub(super) const CA_FILE: &str = "ca.pem";
pub(super) const KUBECONFIG: &str = "kubeconfig";
pub(super) const AZURE_FOLDER: &str = "azure";
pub(super) const KUBECONFIGS: &str = "kubeconfigs";
pub(super) const ENGINEER_TOKEN: &str = "engineer-token";
/// With it a real API server can take the hub's place: its tokens are then those of the hub's issuer.
pub(super) const HUB_SIGNING_KEY: &str = "hub-signing-key.pem";
pub(super) const GIT_CREDENTIALS: &str = "git-credentials";

/// Makes the environment of a world from what it is.
pub(super) fn environment(
    directory: &Path,
    proxy: SocketAddr,
    git: SocketAddr,
    facts: &Facts,
) -> BTreeMap<String, String> {
    let below = |name: &str| directory.join(name).to_string_lossy().into_owned();
    let ca = below(CA_FILE);
    let token = facts.engineer.token_file.to_string_lossy().into_owned();
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        variables.insert(name.to_owned(), value);
    };

    set("HTTPS_PROXY", format!("http://{proxy}"));
    set("NO_PROXY", "127.0.0.1,localhost".to_owned());
    // Each runtime has its own name for the trusted roots: Go and Rust, Python twice over, curl, git, Node.
    for name in
        ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"]
    {
        set(name, ca.clone());
    }
    set("KUBECONFIG", below(KUBECONFIG));

    // The Azure SDKs, argocd-k8s-auth and gangplank: workload identity.
    set("AZURE_TENANT_ID", facts.tenant_id.clone());
    set("AZURE_CLIENT_ID", facts.engineer.client_id.clone());
    set("AZURE_FEDERATED_TOKEN_FILE", token.clone());
    set("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/".to_owned());
    // The machine's own identity: the metadata service answers on the proxy's port.
    set("AZURE_POD_IDENTITY_AUTHORITY_HOST", format!("http://{proxy}"));
    // az would otherwise log its user out of the real cloud.
    set("AZURE_CONFIG_DIR", below(AZURE_FOLDER));
    set("AZURE_CORE_COLLECT_TELEMETRY", "false".to_owned());

    set("ARM_USE_OIDC", "true".to_owned());
    set("ARM_OIDC_TOKEN_FILE_PATH", token);
    set("ARM_CLIENT_ID", facts.engineer.client_id.clone());
    set("ARM_TENANT_ID", facts.tenant_id.clone());
    set("ARM_SUBSCRIPTION_ID", facts.subscription_id.clone());
    set("ARM_RESOURCE_PROVIDER_REGISTRATIONS", "none".to_owned());
    set("CHECKPOINT_DISABLE", "1".to_owned());

    // git asks its store for the sandbox's own repositories only.
    set("GIT_CONFIG_COUNT", "1".to_owned());
    set("GIT_CONFIG_KEY_0", format!("credential.http://{git}.helper"));
    set("GIT_CONFIG_VALUE_0", format!("store --file={}", shell_quoted(&below(GIT_CREDENTIALS))));

    set("GANGPLANK_SANDBOX", directory.to_string_lossy().into_owned());
    // What `gangplank init` asks for and no other variable says.
    set("GANGPLANK_SANDBOX_HUB", facts.hub.id.clone());
    set("GANGPLANK_SANDBOX_ISSUER", facts.hub.issuer_url.clone());
    set("GANGPLANK_SANDBOX_VAULT", facts.vault.id.clone());
    set("GANGPLANK_SANDBOX_REPOSITORY", facts.platform_repository.clone());
    set("GANGPLANK_SANDBOX_TEAM_REPOSITORY", facts.team_repository.clone());
    variables
}

/// git hands a helper's line to a shell.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::super::facts::{ClusterFacts, EngineerFacts, TeamSecrets, VaultFacts};
    use super::*;

    fn facts() -> Facts {
        let text = str::to_owned;
        Facts {
            tenant_id: text("TENANT"),
            subscription_id: text("SUBSCRIPTION"),
            location: text("westeurope"),
            resource_group: text("argocd-prd-rg"),
            cluster_resource_group: text("aks-prd-rg"),
            vault: VaultFacts {
                name: text("akv"),
                id: text("/akv"),
                url: text("https://akv.vault.azure.net"),
            },
            hub: ClusterFacts {
                name: text("hub"),
                id: text("/hub"),
                server: text("https://hub:443"),
                issuer_url: text("https://issuer/"),
                kubeconfig: "/w/kubeconfigs/hub.yaml".into(),
            },
            clusters: Vec::new(),
            engineer: EngineerFacts {
                client_id: text("CLIENT"),
                object_id: text("OBJECT"),
                token_file: "/it's here/engineer-token".into(),
            },
            platform_repository: text("http://127.0.0.1:2/platform.git"),
            team_repository: text("http://127.0.0.1:2/team.git"),
            team_secrets: TeamSecrets { username: text("u"), password: text("p") },
        }
    }

    #[test]
    fn every_client_is_told_in_its_own_words() {
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let variables = environment(Path::new("/it's here"), address(1), address(2), &facts());
        let lines: Vec<String> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let expected = "\
ARM_CLIENT_ID=CLIENT
ARM_OIDC_TOKEN_FILE_PATH=/it's here/engineer-token
ARM_RESOURCE_PROVIDER_REGISTRATIONS=none
ARM_SUBSCRIPTION_ID=SUBSCRIPTION
ARM_TENANT_ID=TENANT
ARM_USE_OIDC=true
AZURE_AUTHORITY_HOST=https://login.microsoftonline.com/
AZURE_CLIENT_ID=CLIENT
AZURE_CONFIG_DIR=/it's here/azure
AZURE_CORE_COLLECT_TELEMETRY=false
AZURE_FEDERATED_TOKEN_FILE=/it's here/engineer-token
AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:1
AZURE_TENANT_ID=TENANT
CHECKPOINT_DISABLE=1
CURL_CA_BUNDLE=/it's here/ca.pem
GANGPLANK_SANDBOX=/it's here
GANGPLANK_SANDBOX_HUB=/hub
GANGPLANK_SANDBOX_ISSUER=https://issuer/
GANGPLANK_SANDBOX_REPOSITORY=http://127.0.0.1:2/platform.git
GANGPLANK_SANDBOX_TEAM_REPOSITORY=http://127.0.0.1:2/team.git
GANGPLANK_SANDBOX_VAULT=/akv
GIT_CONFIG_COUNT=1
GIT_CONFIG_KEY_0=credential.http://127.0.0.1:2.helper
GIT_CONFIG_VALUE_0=store --file='/it'\\''s here/git-credentials'
GIT_SSL_CAINFO=/it's here/ca.pem
HTTPS_PROXY=http://127.0.0.1:1
KUBECONFIG=/it's here/kubeconfig
NODE_EXTRA_CA_CERTS=/it's here/ca.pem
NO_PROXY=127.0.0.1,localhost
REQUESTS_CA_BUNDLE=/it's here/ca.pem
SSL_CERT_FILE=/it's here/ca.pem";
        assert_eq!(lines.join("\n"), expected);
    }
}
