//! The hub as its builder hands it over: the CRDs, the namespace, and the one application that brings everything else.

use gangplank_onboarding::tree::edit::Tree as _;
use gangplank_operator::install;

use crate::error::{CliError, Context as _};
use crate::files::DiskTree;

/// Prepares the hub: what a person does once with `kubectl apply`.
pub(super) async fn prepare(hub: &kube::Client, tree: &DiskTree) -> Result<(), CliError> {
    install::crds(hub).await?;
    install::namespace(hub, &tree.fleet.hub.namespace).await?;
    // Where External Secrets Operator usually stands, and where the seed puts its store.
    install::namespace(hub, "external-secrets").await?;
    let path = "manifests/argocd/base/argocd-app.yaml";
    let text = tree.read(path).unwrap_or_default();
    install::manifest(hub, &text).await.context(|| format!("cannot apply `{path}` to the hub"))
}
