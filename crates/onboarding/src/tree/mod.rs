//! The Git tree in the seed's layout: plain Kustomize, which Argo CD renders without us.
//!
//! ```text
//!  gangplank.yaml
//!  manifests/argocd/base/aks-clusters/external-secret.yaml        the template of every cluster's Secret
//!  manifests/argocd/overlays/prd/kustomization.yaml               what the self-managing application renders
//!  manifests/argocd/overlays/prd/clusters/kustomization.yaml      lists the overlays
//!  manifests/argocd/overlays/prd/clusters/<name>/kustomization.yaml
//!  manifests/argocd/overlays/prd/repos/…                          the same for repositories
//!  manifests/cluster-bootstrap/…                                  what every reachable cluster gets
//!  terraform/…                                                    the Azure side, for those who keep it there
//! ```
//!
//! [`layout`] writes the whole tree, [`overlay`] one overlay, [`edit`] puts overlays into a tree that people have since edited,
//! [`members`] says which clusters there are overlays of, [`inspect`] what is wrong with
//! one, and [`effects`] what becomes of hub and clusters once a changed tree is pushed.

pub mod edit;
pub mod effects;
pub mod inspect;
pub mod judge;
pub mod layout;
pub mod members;
pub mod overlay;

/// A file of the tree to write or to delete. Paths are relative to the root, with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub path: String,
    /// Its new text; `None` deletes it.
    pub text: Option<String>,
}
