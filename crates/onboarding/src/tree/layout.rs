//! The whole tree, as `gangplank init` writes it: the seed's own files with their placeholders filled in.
//!
//! The templates stand under `templates/` as they come out, so that a reader sees the tree there. `<TO_OVERLAY>` stays: it is for
//! the overlays.

use std::collections::BTreeMap;

use crate::fleet::Fleet;

/// The component of the overlays of clusters that are leaving.
pub(super) const LEAVING: &str =
    include_str!("../../templates/manifests/argocd/base/leaving/kustomization.yaml");

/// The files, by path.
const TEMPLATES: &[(&str, &str)] = &[
    ("gangplank.yaml", include_str!("../../templates/gangplank.yaml")),
    (
        "manifests/argocd/base/kustomization.yaml",
        include_str!("../../templates/manifests/argocd/base/kustomization.yaml"),
    ),
    (
        "manifests/argocd/base/argocd-app.yaml",
        include_str!("../../templates/manifests/argocd/base/argocd-app.yaml"),
    ),
    (
        "manifests/argocd/base/install/kustomization.yaml",
        include_str!("../../templates/manifests/argocd/base/install/kustomization.yaml"),
    ),
    (
        "manifests/argocd/base/install/service-accounts.yaml",
        include_str!("../../templates/manifests/argocd/base/install/service-accounts.yaml"),
    ),
    (
        "manifests/argocd/base/install/workloads.yaml",
        include_str!("../../templates/manifests/argocd/base/install/workloads.yaml"),
    ),
    (
        "manifests/argocd/base/install/config.yaml",
        include_str!("../../templates/manifests/argocd/base/install/config.yaml"),
    ),
    (
        "manifests/argocd/base/aks-clusters/kustomization.yaml",
        include_str!("../../templates/manifests/argocd/base/aks-clusters/kustomization.yaml"),
    ),
    (
        "manifests/argocd/base/aks-clusters/external-secret.yaml",
        include_str!("../../templates/manifests/argocd/base/aks-clusters/external-secret.yaml"),
    ),
    ("manifests/argocd/base/leaving/kustomization.yaml", LEAVING),
    (
        "manifests/argocd/base/repos/kustomization.yaml",
        include_str!("../../templates/manifests/argocd/base/repos/kustomization.yaml"),
    ),
    (
        "manifests/argocd/base/repos/external-secret.yaml",
        include_str!("../../templates/manifests/argocd/base/repos/external-secret.yaml"),
    ),
    (
        "manifests/argocd/overlays/prd/kustomization.yaml",
        include_str!("../../templates/manifests/argocd/overlays/prd/kustomization.yaml"),
    ),
    (
        "manifests/argocd/overlays/prd/workload-identity.yaml",
        include_str!("../../templates/manifests/argocd/overlays/prd/workload-identity.yaml"),
    ),
    (
        "manifests/argocd/overlays/prd/secret-store.yaml",
        include_str!("../../templates/manifests/argocd/overlays/prd/secret-store.yaml"),
    ),
    (
        "manifests/argocd/overlays/prd/cluster-bootstrap.yaml",
        include_str!("../../templates/manifests/argocd/overlays/prd/cluster-bootstrap.yaml"),
    ),
    (
        "manifests/argocd/overlays/prd/clusters/kustomization.yaml",
        include_str!("../../templates/manifests/argocd/overlays/prd/clusters/kustomization.yaml"),
    ),
    (
        "manifests/argocd/overlays/prd/repos/kustomization.yaml",
        include_str!("../../templates/manifests/argocd/overlays/prd/repos/kustomization.yaml"),
    ),
    (
        "manifests/cluster-bootstrap/base/kustomization.yaml",
        include_str!("../../templates/manifests/cluster-bootstrap/base/kustomization.yaml"),
    ),
    (
        "manifests/cluster-bootstrap/base/external-secrets.yaml",
        include_str!("../../templates/manifests/cluster-bootstrap/base/external-secrets.yaml"),
    ),
    (
        "manifests/cluster-bootstrap/overlays/prd/kustomization.yaml",
        include_str!("../../templates/manifests/cluster-bootstrap/overlays/prd/kustomization.yaml"),
    ),
    ("terraform/cluster.tf", include_str!("../../templates/terraform/cluster.tf")),
    ("terraform/identities.tf", include_str!("../../templates/terraform/identities.tf")),
];

/// The tree of a fleet, by path. The same fleet gives the same bytes.
///
/// Where an identity's client id is not known yet, its placeholder stays, and `gangplank check` names it; `gangplank apply` fills it
/// in once Azure has said it.
pub fn files(fleet: &Fleet) -> BTreeMap<String, String> {
    let known = placeholders(fleet);
    TEMPLATES.iter().map(|(path, template)| (moved(path, fleet), fill(template, &known))).collect()
}

/// Where a template's file goes: the fleet may have moved the folders of the seed's layout.
fn moved(path: &str, fleet: &Fleet) -> String {
    let paths = &fleet.paths;
    let moves = [
        ("manifests/argocd/overlays/prd", &paths.argocd),
        ("manifests/argocd/base/aks-clusters", &paths.cluster_base),
        ("manifests/argocd/base/repos", &paths.repository_base),
        ("manifests/cluster-bootstrap/overlays/prd", &paths.bootstrap),
    ];
    for (from, to) in moves {
        if let Some(rest) = path.strip_prefix(from) {
            return format!("{to}{rest}");
        }
    }
    path.to_owned()
}

fn placeholders(fleet: &Fleet) -> Vec<(&'static str, String)> {
    let Fleet { hub, vault, identities, repository, paths, versions, .. } = fleet;
    let mut known = vec![
        ("<TENANT_ID>", fleet.tenant.to_string()),
        ("<YOUR_TENANT_ID>", fleet.tenant.to_string()),
        ("<HUB_RESOURCE_ID>", hub.resource_id.to_string()),
        ("<HUB_ISSUER>", hub.issuer.clone()),
        ("<HUB_NAMESPACE>", hub.namespace.clone()),
        ("<VAULT_RESOURCE_ID>", vault.resource_id.to_string()),
        ("<VAULT_NAME>", vault.resource_id.name().to_owned()),
        ("<VAULT_GROUP>", vault.resource_id.group().to_owned()),
        ("<VAULT_URL>", vault.url()),
        ("<ARGOCD_IDENTITY>", identities.argocd.resource_id.to_string()),
        ("<ARGOCD_IDENTITY_NAME>", identities.argocd.resource_id.name().to_owned()),
        ("<ARGOCD_IDENTITY_GROUP>", identities.argocd.resource_id.group().to_owned()),
        ("<SECRETS_IDENTITY>", identities.secrets.resource_id.to_string()),
        ("<SECRETS_IDENTITY_NAME>", identities.secrets.resource_id.name().to_owned()),
        ("<SECRETS_IDENTITY_GROUP>", identities.secrets.resource_id.group().to_owned()),
        ("<STORE_SUBJECT>", fleet.store_subject()),
        ("<REPOSITORY_URL>", repository.url.clone()),
        ("<REPOSITORY_REVISION>", repository.revision.clone()),
        ("<ARGOCD_PATH>", paths.argocd.clone()),
        ("<BOOTSTRAP_PATH>", paths.bootstrap.clone()),
        ("<ARGOCD_VERSION>", versions.argocd.clone()),
        ("<ESO_VERSION>", versions.external_secrets.clone()),
    ];
    if let Some(id) = &identities.argocd.client_id {
        known.push(("<ARGOCD_UMI_CLIENT_ID>", id.to_string()));
    }
    if let Some(id) = &identities.secrets.client_id {
        known.push(("<UMI_CLIENT_ID>", id.to_string()));
    }
    known
}

fn fill(template: &str, known: &[(&str, String)]) -> String {
    known.iter().fold(template.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
}

/// A fleet with the names that the seed uses, for `gangplank init`.
pub struct Seed {
    /// The Entra tenant.
    pub tenant: crate::names::TenantId,
    /// The hub.
    pub hub: crate::names::ResourceId,
    /// The hub's issuer, with the slash at the end.
    pub issuer: String,
    /// The vault.
    pub vault: crate::names::ResourceId,
    /// The repository.
    pub repository: String,
}

impl Seed {
    /// The fleet: identities beside the vault, everything else as the seed has it.
    pub fn fleet(self) -> Fleet {
        use crate::fleet::{
            API_VERSION, Hub, Identities, Identity, Paths, Repository, Store, Vault, Versions,
        };
        use crate::names::ResourceId;
        let identity = |name: &str| {
            let text = format!(
                "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
                self.vault.subscription(),
                self.vault.group()
            );
            // The parts come from an id that was parsed; only the vault's own id could stand in if they did not fit.
            text.parse::<ResourceId>().unwrap_or_else(|_| self.vault.clone())
        };
        let identities = Identities {
            argocd: Identity { resource_id: identity("argocd-prd-umi"), client_id: None, object_id: None },
            secrets: Identity {
                resource_id: identity("argocd-prd-akv-access-umi"),
                client_id: None,
                object_id: None,
            },
        };
        Fleet {
            api_version: API_VERSION.to_owned(),
            kind: "Fleet".to_owned(),
            tenant: self.tenant,
            hub: Hub { resource_id: self.hub, issuer: self.issuer, namespace: "argocd".to_owned() },
            vault: Vault { resource_id: self.vault, url: None },
            store: Store::default(),
            identities,
            repository: Repository { url: self.repository, revision: "main".to_owned() },
            paths: Paths::default(),
            versions: Versions::default(),
        }
    }
}
