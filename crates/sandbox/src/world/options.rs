//! What a world is to be like.

use std::path::PathBuf;

use gangplank_azuresim::Faults;
use uuid::Uuid;

use crate::aks::WebhookVersion;
use crate::breaks::Break;
use crate::seed::Seed;

/// What a world is to be like. The default is three clusters, ports of the system's choice, and a folder of its own
/// in the folder for temporary files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The names of the clusters; the hub is not among them. See [`cluster_names`].
    pub clusters: Vec<String>,
    /// All randomness of the world follows from it: ids, keys, passwords.
    pub seed: u64,
    /// The Entra tenant; none for one that follows from the seed.
    pub tenant_id: Option<Uuid>,
    /// The subscription that holds everything; none for one that follows from the seed.
    pub subscription_id: Option<Uuid>,
    /// Where the world's folder is made; none for the folder for temporary files.
    pub root: Option<PathBuf>,
    /// The world's folder itself, which must not exist; none for a new one below `root`.
    pub directory: Option<PathBuf>,
    /// The proxy's port; 0 lets the system choose.
    pub proxy_port: u16,
    /// The Git server's port; 0 lets the system choose.
    pub git_port: u16,
    /// The git command that serves the repositories.
    pub git: PathBuf,
    /// What is wrong with the world from the start; those of another [`crate::Place`] are passed over.
    pub breaks: Vec<Break>,
    /// Delays, limits and errors of Azure, in force once the world stands.
    pub faults: Faults,
    /// The workload identity webhook that the hub runs.
    pub webhook: WebhookVersion,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            clusters: cluster_names(3),
            seed: 1,
            tenant_id: None,
            subscription_id: None,
            root: None,
            directory: None,
            proxy_port: 0,
            git_port: 0,
            git: PathBuf::from("git"),
            breaks: Vec::new(),
            faults: Faults::default(),
            webhook: WebhookVersion::default(),
        }
    }
}

impl Options {
    /// The tenant that the world gets.
    pub(crate) fn tenant(&self) -> Uuid {
        self.tenant_id.unwrap_or_else(|| Seed(self.seed).uuid("tenant"))
    }

    /// The subscription that the world gets.
    pub(crate) fn subscription(&self) -> Uuid {
        self.subscription_id.unwrap_or_else(|| Seed(self.seed).uuid("subscription"))
    }
}

/// Names for so many clusters: `aks-prd-we-001` and on.
pub fn cluster_names(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("aks-prd-we-{number:03}")).collect()
}
