//! Link 1: the AKS cluster exists, with Entra and Azure RBAC on.

use super::Verdict;
use super::facts::{ManagedCluster, Seen, known};
use crate::names::ClusterName;

pub(super) fn judge(name: &ClusterName, azure: &Seen<ManagedCluster>) -> Verdict {
    let cluster = known!(azure, "a look at Azure");
    let id = &cluster.resource_id;
    match cluster.provisioning_state.as_str() {
        "Succeeded" => {}
        "Failed" | "Canceled" => {
            return Verdict::broken(
                format!("the provisioning state of `{id}` is {}", cluster.provisioning_state),
                format!(
                    "see why with `az aks show --ids {id}`, then `az aks update --ids {id}` to reconcile it"
                ),
            );
        }
        "Deleting" => {
            return Verdict::broken(
                format!("Azure is deleting `{id}`"),
                format!("take it off board: `gangplank cluster remove {name}`"),
            );
        }
        state => return Verdict::waiting(format!("Azure, which says `{state}` of the cluster")),
    }
    if !cluster.running {
        return Verdict::broken(
            format!("the cluster `{id}` is stopped: it keeps its name, but nothing answers there"),
            format!("start it: `az aks start --ids {id}`"),
        );
    }
    if !cluster.entra {
        return Verdict::broken(
            format!(
                "Entra is off on `{id}` (it has no aadProfile), so its API server answers every Entra token with 401"
            ),
            format!(
                "turn it on: `az aks update --ids {id} --enable-aad --enable-azure-rbac` (Terraform: \
                 azure_active_directory_role_based_access_control)"
            ),
        );
    }
    if !cluster.azure_rbac {
        return Verdict::broken(
            format!(
                "Azure RBAC is off on `{id}`, so the role `Azure Kubernetes Service RBAC Cluster Admin` grants nothing there"
            ),
            format!(
                "turn it on: `az aks update --ids {id} --enable-azure-rbac` (Terraform: azure_rbac_enabled = true)"
            ),
        );
    }
    Verdict::Holds
}
