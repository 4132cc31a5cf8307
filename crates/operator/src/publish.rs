//! `gangplank publish`: CA and URL of clusters into the vault, only where they differ.

use std::collections::BTreeMap;

use gangplank_azure::{NewSecret, Vault, VaultError};
use gangplank_onboarding::chain::facts::{Credential, PublishedFacts};
use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::publish::{PublishError, Reason, Write, decide};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use secrecy::SecretString;

use crate::azure::vault_secret;
use crate::bounded;
use crate::observe::kind;

/// The annotation that External Secrets' documentation uses to ask for a refresh.
const FORCE_SYNC: &str = "force-sync";

/// Why a cluster was not published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its own values are of no use.
    #[error(transparent)]
    Values(#[from] PublishError),
    /// The vault.
    #[error("cannot publish `{cluster}`")]
    Vault {
        /// Which cluster.
        cluster: ClusterName,
        /// Why.
        source: VaultError,
    },
}

/// What would be written for each cluster, or why it can't be.
pub async fn plan(
    vault: &Vault,
    clusters: &[(ClusterName, Credential)],
) -> Vec<(ClusterName, Result<Vec<Write>, Error>)> {
    bounded::each(clusters, |(cluster, today)| async move {
        (cluster.clone(), plan_one(vault, cluster, today).await)
    })
    .await
}

/// Publishes clusters; says for each what was written, or why not. One that fails holds up no other.
pub async fn publish(
    vault: &Vault,
    clusters: &[(ClusterName, Credential)],
) -> Vec<(ClusterName, Result<Vec<Write>, Error>)> {
    bounded::each(clusters, |(cluster, today)| async move {
        let result = match plan_one(vault, cluster, today).await {
            Ok(writes) => enact(vault, cluster, &writes).await.map(|()| writes),
            Err(error) => Err(error),
        };
        (cluster.clone(), result)
    })
    .await
}

/// Lets the hub take a cluster's values at once instead of at the next refresh, by the annotation whose change External Secrets takes for
/// one. A cluster whose ExternalSecret is not on the hub yet takes them anyway: `false`.
pub async fn refresh(
    hub: &kube::Client,
    namespace: &str,
    cluster: &ClusterName,
    now: jiff::Timestamp,
) -> Result<bool, kube::Error> {
    let api: Api<DynamicObject> =
        Api::namespaced_with(hub.clone(), namespace, &kind("external-secrets.io", "v1", "ExternalSecret"));
    let patch = serde_json::json!({"metadata": {"annotations": {FORCE_SYNC: now.to_string()}}});
    match api.patch(&cluster.external_secret(), &PatchParams::default(), &Patch::Merge(patch)).await {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
        Err(error) => Err(error),
    }
}

async fn plan_one(vault: &Vault, cluster: &ClusterName, today: &Credential) -> Result<Vec<Write>, Error> {
    let failed = |source| Error::Vault { cluster: cluster.clone(), source };
    let (ca_name, url_name) = (cluster.ca_secret(), cluster.url_secret());
    let (ca, url) = tokio::join!(vault_secret(vault, &ca_name), vault_secret(vault, &url_name));
    let stored = PublishedFacts { ca: ca.map_err(failed)?, url: url.map_err(failed)? };
    Ok(decide(cluster, today, &stored)?)
}

async fn enact(vault: &Vault, cluster: &ClusterName, writes: &[Write]) -> Result<(), Error> {
    for write in writes {
        let act = async {
            if write.reason == Reason::SoftDeleted {
                vault.recover_secret(write.secret.as_str()).await?;
            }
            let tags = BTreeMap::from([("managed-by".to_owned(), "gangplank".to_owned())]);
            let new = NewSecret { value: SecretString::from(write.value.clone()), content_type: None, tags };
            vault.set_secret(write.secret.as_str(), &new).await
        };
        act.await.map_err(|source| Error::Vault { cluster: cluster.clone(), source })?;
    }
    Ok(())
}
