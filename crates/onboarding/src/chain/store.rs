//! Link 4: the secrets identity can read the vault, and the store is ready.

use super::Verdict;
use super::absent;
use super::facts::{Facts, known};
use crate::fleet::{Fleet, StoreKind};

pub(super) fn judge(fleet: &Fleet, facts: &Facts<'_>) -> Verdict {
    let hub = facts.hub;
    let store = known!(&hub.store, "a look at the store");
    let (name, kind) = (&fleet.store.name, fleet.store.kind);
    let namespace = &fleet.hub.namespace;
    if !store.exists {
        if kind == StoreKind::SecretStore && !store.elsewhere.is_empty() {
            return Verdict::broken(
                format!(
                    "the SecretStore `{name}` stands in the namespace `{}`, but ExternalSecrets of `{namespace}` can use stores of their \
                     own namespace only",
                    store.elsewhere.join("`, `")
                ),
                format!(
                    "move it to `{namespace}`, or make it a ClusterSecretStore with serviceAccountRef.namespace"
                ),
            );
        }
        return absent::from_hub(facts, &format!("the {} `{name}`", kind.as_str()));
    }
    // The store's own check of azurekv never asks the vault, so a read that failed says more than `Valid`.
    known!(&hub.vault_read, "a read of the vault as the secrets identity");
    match &store.ready {
        None => {
            Verdict::waiting(format!("the secrets operator, which has not judged the store `{name}` yet"))
        }
        Some(ready) if ready.status => Verdict::Holds,
        Some(ready) => Verdict::broken(
            format!(
                "the store `{name}` is not ready: {} ({})",
                ready.event.as_deref().unwrap_or(&ready.message),
                ready.reason
            ),
            "mend what it names; the operator checks the store again by itself",
        ),
    }
}
