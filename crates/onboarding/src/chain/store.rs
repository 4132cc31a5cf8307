//! Link 4: the secrets identity can read the vault, and the store is ready.

use super::Verdict;
use super::facts::{HubFacts, known};
use crate::fleet::{Fleet, StoreKind};

pub(super) fn judge(fleet: &Fleet, hub: &HubFacts) -> Verdict {
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
        return waiting_on_argocd(hub, &format!("the {} `{name}`", kind.as_str()));
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

/// What is not on the hub yet comes with the self-managing application: it is waiting while that works, broken by what breaks that.
pub(super) fn waiting_on_argocd(hub: &HubFacts, what: &str) -> Verdict {
    let Some(application) = known!(&hub.self_application, format!("{what} on the hub")) else {
        return Verdict::waiting(format!("the self-managing application, which brings {what}"));
    };
    let name = &application.name;
    if let Some(problem) = application.problems.first() {
        return Verdict::broken(
            format!("{what} is not on the hub, because the application `{name}` fails: {problem}"),
            format!("mend the application `{name}`; it tries again by itself"),
        );
    }
    if application.sync == "Synced" && application.phase == "Succeeded" {
        return Verdict::broken(
            format!(
                "{what} is not on the hub, although the application `{name}` is synced: the tree does not render it"
            ),
            "add it to the overlay that the application renders; `gangplank build` shows what that is",
        );
    }
    Verdict::waiting(format!("the application `{name}`, which brings {what}"))
}
