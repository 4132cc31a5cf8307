//! What the operator can be told.

use gangplank_runtime::{Component, Leadership, Metrics};
use std::time::Duration;

/// Options of [`crate::run`]. The defaults are ESO's where it has the same.
#[derive(Clone)]
pub struct Options {
    /// Class of the stores that are served.
    pub controller_class: String,
    /// Only this namespace; `None` is all.
    pub namespace: Option<String>,
    /// Objects worked on at once. They are tasks, not threads: what a vault sees is bounded by the vaults' port.
    pub concurrency: usize,
    /// How often a store is checked that does not say. A check asks the API server alone while the login lasts; where there are many
    /// stores, they are checked less often, five a second in all.
    pub store_interval: Duration,
    /// Whether an ExternalSecret waits until its store is Ready.
    pub flood_gate: bool,
    /// Delimiters of templates.
    pub template_delimiters: (String, String),
    /// The controller's own workload identity.
    pub workload_identity: WorkloadIdentity,
    /// The Lease to hold; `None` works without.
    pub leadership: Option<Leadership>,
    /// Who we are in events: the pod's name.
    pub instance: String,
    /// Where metrics are registered.
    pub metrics: Metrics,
    /// Our voice in readiness: ready once all watches have shown what there is.
    pub health: Option<Component>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            controller_class: "default".to_owned(),
            namespace: None,
            concurrency: 64,
            store_interval: Duration::from_secs(10),
            flood_gate: true,
            template_delimiters: ("{{".to_owned(), "}}".to_owned()),
            workload_identity: WorkloadIdentity::default(),
            leadership: None,
            instance: "gangplank".to_owned(),
            metrics: Metrics::new(),
            health: None,
        }
    }
}

/// What the workload identity webhook puts into the controller's environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkloadIdentity {
    /// `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    pub token_file: Option<String>,
}
