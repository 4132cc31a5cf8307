//! Managed clusters: what stands behind Resource Manager's `managedClusters`.

mod certificates;
mod kubeconfig;
mod webhook;

pub use webhook::WebhookVersion;
