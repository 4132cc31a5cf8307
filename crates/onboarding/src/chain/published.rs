//! Link 2: the vault holds the cluster's CA and URL, and they equal what the cluster says today.

use super::Verdict;
use super::facts::{ManagedCluster, PublishedFacts, Seen, VaultSecret, known};
use crate::fleet::Fleet;
use crate::names::{CaCertificate, ClusterName, ServerUrl, VaultSecretName};

pub(super) fn judge(
    name: &ClusterName,
    fleet: &Fleet,
    azure: &Seen<ManagedCluster>,
    vault: &Seen<PublishedFacts>,
) -> Verdict {
    let cluster = known!(azure, "a look at Azure");
    let today = known!(&cluster.credential, "the cluster's kubeconfig from Azure");
    let published = known!(vault, "a look into the vault");
    let vault = fleet.vault.resource_id.name();
    let ca = match value(&name.ca_secret(), vault, name, &published.ca) {
        Ok(value) => value,
        Err(verdict) => return verdict,
    };
    let url = match value(&name.url_secret(), vault, name, &published.url) {
        Ok(value) => value,
        Err(verdict) => return verdict,
    };
    let republish = format!("publish it anew: `gangplank publish {name}`");
    if let Err(error) = CaCertificate::parse(ca) {
        return Verdict::broken(
            format!(
                "the value of `{}` in the vault `{vault}` is no CA certificate: {error}",
                name.ca_secret()
            ),
            republish,
        );
    }
    if ca != today.ca {
        return Verdict::broken(
            format!(
                "`{}` in the vault `{vault}` is not the CA that `{name}` has today: the cluster's certificates were rotated, or \
                 the value is of an older cluster of this name",
                name.ca_secret()
            ),
            republish,
        );
    }
    let stored: ServerUrl = match url.parse() {
        Ok(url) => url,
        Err(error) => {
            return Verdict::broken(
                format!("the value of `{}` in the vault `{vault}` is of no use: {error}", name.url_secret()),
                republish,
            );
        }
    };
    match today.server.parse::<ServerUrl>() {
        Ok(server) if server == stored => Verdict::Holds,
        Ok(server) => Verdict::broken(
            format!(
                "`{}` in the vault `{vault}` is `{stored}`, but `{name}` answers at `{server}`",
                name.url_secret()
            ),
            republish,
        ),
        Err(error) => Verdict::broken(
            format!("Azure's kubeconfig of `{name}` can't be used: {error}"),
            "look at it with `az aks get-credentials --file -`",
        ),
    }
}

fn value<'a>(
    secret: &VaultSecretName,
    vault: &str,
    cluster: &ClusterName,
    fact: &'a VaultSecret,
) -> Result<&'a str, Verdict> {
    match fact {
        VaultSecret::Value(value) => Ok(value),
        VaultSecret::Missing => Err(Verdict::broken(
            format!("the vault `{vault}` has no secret `{secret}`"),
            format!("publish it: `gangplank publish {cluster}` (or apply the Terraform that writes it)"),
        )),
        VaultSecret::SoftDeleted => Err(Verdict::broken(
            format!(
                "the secret `{secret}` in the vault `{vault}` is deleted, and its name is blocked until it is recovered or purged"
            ),
            format!("`gangplank publish {cluster}` recovers it and writes today's value"),
        )),
        VaultSecret::Disabled => Err(Verdict::broken(
            format!("the secret `{secret}` in the vault `{vault}` is disabled: every read answers 403"),
            format!(
                "enable it: `az keyvault secret set-attributes --vault-name {vault} --name {secret} --enabled true`, or \
                 `gangplank publish {cluster}`, which writes a new version"
            ),
        )),
    }
}
