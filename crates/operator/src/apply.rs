//! `gangplank apply`: the Azure side, until nothing is left to do. Killed anywhere, the next run goes on from what stands.

use std::collections::BTreeMap;

use gangplank_onboarding::access::{Action, Observed, Which, decide};
use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::names::{ClusterName, ResourceId};

use crate::azure::{Azure, AzureError};
use crate::bounded;

/// Rounds until all ids are known and all is done: identities, then what needs their ids. More means that Azure does not keep what it is told.
const ROUNDS: usize = 4;

/// Why the Azure side could not be brought to what the fleet wants.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Looking failed.
    #[error("cannot look at Azure")]
    Observe(#[source] AzureError),
    /// An action failed.
    #[error("cannot {action}")]
    Enact {
        /// What was to be done.
        action: String,
        /// Why not.
        source: AzureError,
    },
    /// Azure says yes and changes nothing.
    #[error("Azure takes the changes and does not show them: {0}; wait some minutes and run it again")]
    Unsettled(String),
}

/// Looks at what access there is for these clusters.
pub async fn observe(
    azure: &Azure,
    fleet: &Fleet,
    clusters: &[(ClusterName, ResourceId)],
) -> Result<Observed, Error> {
    let (argocd, secrets, vault) = tokio::join!(
        azure.identity(Which::Argocd.resource(fleet)),
        azure.identity(Which::Secrets.resource(fleet)),
        azure.grants(&fleet.vault.resource_id)
    );
    let mut observed = Observed {
        argocd: argocd.map_err(Error::Observe)?,
        secrets: secrets.map_err(Error::Observe)?,
        vault: vault.map_err(Error::Observe)?,
        clusters: Vec::new(),
    };
    let mut by_scope: BTreeMap<String, Vec<_>> = BTreeMap::new();
    if let Some(identity) = &observed.argocd {
        // One request a subscription: a fleet of a thousand has few of those.
        let mut subscriptions: Vec<&str> = clusters.iter().map(|(_, id)| id.subscription()).collect();
        subscriptions.sort_unstable();
        subscriptions.dedup();
        for subscription in subscriptions {
            let grants =
                azure.grants_of(identity.object_id.as_str(), subscription).await.map_err(Error::Observe)?;
            for (scope, grant) in grants {
                by_scope.entry(scope.to_ascii_lowercase()).or_default().push(grant);
            }
        }
    }
    observed.clusters = clusters
        .iter()
        .map(|(name, id)| {
            let id_text = id.as_str().to_ascii_lowercase();
            let reaches = |scope: &str| id_text == scope || id_text.starts_with(&format!("{scope}/"));
            let grants =
                by_scope.iter().filter(|(scope, _)| reaches(scope)).flat_map(|(_, grants)| grants.clone());
            (name.clone(), id.clone(), grants.collect())
        })
        .collect();
    Ok(observed)
}

/// Brings the Azure side to what the fleet wants. `told` hears of every action before it is done. Returns what stands then.
pub async fn apply(
    azure: &Azure,
    fleet: &Fleet,
    clusters: &[(ClusterName, ResourceId)],
    location: &str,
    told: &(dyn Fn(&Action) + Sync),
) -> Result<Observed, Error> {
    let mut last = String::new();
    for _ in 0..ROUNDS {
        let observed = observe(azure, fleet, clusters).await?;
        let actions = decide(fleet, &observed);
        if actions.is_empty() {
            return Ok(observed);
        }
        last = actions[0].describe(fleet);
        let results = bounded::each(&actions, |action| async move {
            told(action);
            azure
                .enact(action, fleet, location)
                .await
                .map_err(|source| Error::Enact { action: action.describe(fleet), source })
        })
        .await;
        results.into_iter().collect::<Result<Vec<()>, Error>>()?;
    }
    Err(Error::Unsettled(last))
}
