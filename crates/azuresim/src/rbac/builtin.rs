//! The built-in roles that bringing a cluster aboard meets.
//!
//! Ids and permissions: Microsoft Learn, "Azure built-in roles". Those that need no more than a wildcard are whole; the
//! two narrow AKS roles list the resource types that the documentation lists.

use uuid::{Uuid, uuid};

use super::{Permission, RoleDefinition};

struct Row {
    id: Uuid,
    name: &'static str,
    description: &'static str,
    actions: &'static [&'static str],
    not_actions: &'static [&'static str],
    data_actions: &'static [&'static str],
    not_data_actions: &'static [&'static str],
}

/// The id of the built-in role with this display name, letter case aside.
pub fn role_id(name: &str) -> Option<Uuid> {
    ROWS.iter().find(|row| row.name.eq_ignore_ascii_case(name)).map(|row| row.id)
}

pub(super) fn definitions() -> impl Iterator<Item = RoleDefinition> {
    ROWS.iter().map(|row| {
        let own = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let mut data_actions = own(row.data_actions);
        data_actions.extend(kubernetes_data_actions(row.name));
        RoleDefinition {
            id: row.id,
            name: row.name.to_owned(),
            description: row.description.to_owned(),
            built_in: true,
            permissions: vec![Permission {
                actions: own(row.actions),
                not_actions: own(row.not_actions),
                data_actions,
                not_data_actions: own(row.not_data_actions),
            }],
            assignable_scopes: vec!["/".to_owned()],
        }
    })
}

const CLUSTERS: &str = "Microsoft.ContainerService/managedClusters";

/// The data actions of the two AKS roles that name resource types one by one.
fn kubernetes_data_actions(role: &str) -> Vec<String> {
    let action = |resource: &str, verb: &str| format!("{CLUSTERS}/{resource}/{verb}");
    match role {
        "Azure Kubernetes Service RBAC Reader" => {
            let readable = SHARED.iter().chain(READ_ONLY).chain(["serviceaccounts"].iter());
            readable.map(|resource| action(resource, "read")).collect()
        }
        "Azure Kubernetes Service RBAC Writer" => {
            let written = SHARED.iter().chain(["secrets", "serviceaccounts"].iter());
            let leases = ["read", "write", "delete"].map(|verb| action("coordination.k8s.io/leases", verb));
            written
                .map(|resource| action(resource, "*"))
                .chain(READ_ONLY.iter().map(|resource| action(resource, "read")))
                .chain(leases)
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Types that the Reader reads and the Writer writes.
const SHARED: &[&str] = &[
    "apps/daemonsets",
    "apps/deployments",
    "apps/replicasets",
    "apps/statefulsets",
    "autoscaling/horizontalpodautoscalers",
    "batch/cronjobs",
    "batch/jobs",
    "configmaps",
    "endpoints",
    "extensions/daemonsets",
    "extensions/deployments",
    "extensions/ingresses",
    "extensions/networkpolicies",
    "extensions/replicasets",
    "networking.k8s.io/ingresses",
    "networking.k8s.io/networkpolicies",
    "persistentvolumeclaims",
    "pods",
    "policy/poddisruptionbudgets",
    "replicationcontrollers",
    "services",
];

/// Types that both only read.
const READ_ONLY: &[&str] = &[
    "apps/controllerrevisions",
    "discovery.k8s.io/endpointslices",
    "events",
    "events.k8s.io/events",
    "limitranges",
    "metrics.k8s.io/nodes",
    "metrics.k8s.io/pods",
    "namespaces",
    "resourcequotas",
];

/// What nearly every role of AKS may do beside its own.
const AKS_ACTIONS: &[&str] = &[
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/write",
    "Microsoft.Resources/subscriptions/operationresults/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
];

const AKS_ACTIONS_AND_LOGIN: &[&str] = &[
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/write",
    "Microsoft.Resources/subscriptions/operationresults/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
    "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
];

const VAULT_ACTIONS: &[&str] = &[
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
    "Microsoft.KeyVault/checkNameAvailability/read",
    "Microsoft.KeyVault/deletedVaults/read",
    "Microsoft.KeyVault/locations/*/read",
    "Microsoft.KeyVault/vaults/*/read",
    "Microsoft.KeyVault/operations/read",
];

const ROWS: &[Row] = &[
    Row {
        id: uuid!("8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
        name: "Owner",
        description: "Manages everything, access included.",
        actions: &["*"],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("b24988ac-6180-42a0-ab88-20f7382dd24c"),
        name: "Contributor",
        description: "Manages everything, access excluded.",
        actions: &["*"],
        not_actions: &[
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
        ],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("acdd72a7-3385-48ef-bd42-f606fba81ae7"),
        name: "Reader",
        description: "Sees everything of the control plane, changes nothing.",
        actions: &["*/read"],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
        name: "User Access Administrator",
        description: "Manages access.",
        actions: &["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("f58310d9-a9f6-439a-9e8d-f62e7b41a168"),
        name: "Role Based Access Control Administrator",
        description: "Assigns and unassigns roles.",
        actions: &[
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b"),
        name: "Azure Kubernetes Service RBAC Cluster Admin",
        description: "Does everything inside of a cluster.",
        actions: AKS_ACTIONS_AND_LOGIN,
        not_actions: &[],
        data_actions: &["Microsoft.ContainerService/managedClusters/*"],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("3498e952-d568-435e-9b2c-8d77e338d7f7"),
        name: "Azure Kubernetes Service RBAC Admin",
        description: "Does everything inside of a cluster but for namespaces and their quotas.",
        actions: AKS_ACTIONS_AND_LOGIN,
        not_actions: &[],
        data_actions: &["Microsoft.ContainerService/managedClusters/*"],
        not_data_actions: &[
            "Microsoft.ContainerService/managedClusters/resourcequotas/write",
            "Microsoft.ContainerService/managedClusters/resourcequotas/delete",
            "Microsoft.ContainerService/managedClusters/namespaces/write",
            "Microsoft.ContainerService/managedClusters/namespaces/delete",
        ],
    },
    Row {
        id: uuid!("a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb"),
        name: "Azure Kubernetes Service RBAC Writer",
        description: "Reads and writes most objects of a namespace, neither roles nor bindings.",
        actions: AKS_ACTIONS,
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("7f6c6a51-bcf8-42ba-9220-52d62157d7db"),
        name: "Azure Kubernetes Service RBAC Reader",
        description: "Reads most objects of a namespace, neither Secrets nor roles.",
        actions: AKS_ACTIONS,
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("4abbcc35-e782-43d8-92c5-2d3f1bd2253f"),
        name: "Azure Kubernetes Service Cluster User Role",
        description: "Lists the user credential of a cluster.",
        actions: &[
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            "Microsoft.ContainerService/managedClusters/read",
        ],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8"),
        name: "Azure Kubernetes Service Cluster Admin Role",
        description: "Lists the admin credential of a cluster.",
        actions: &[
            "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action",
            "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
            "Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action",
            "Microsoft.ContainerService/managedClusters/read",
            "Microsoft.ContainerService/managedClusters/runcommand/action",
        ],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("1afdec4b-e479-420e-99e7-f82237c7c5e6"),
        name: "Azure Kubernetes Service Cluster Monitoring User",
        description: "Lists the monitoring credential of a cluster.",
        actions: &[
            "Microsoft.ContainerService/managedClusters/listClusterMonitoringUserCredential/action",
            "Microsoft.ContainerService/managedClusters/read",
        ],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8"),
        name: "Azure Kubernetes Service Contributor Role",
        description: "Manages clusters, access excluded.",
        actions: &[
            "Microsoft.ContainerService/locations/*",
            "Microsoft.ContainerService/managedClusters/*",
            "Microsoft.ContainerService/managedclustersnapshots/*",
            "Microsoft.ContainerService/snapshots/*",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Authorization/*/read",
        ],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("4633458b-17de-408a-b874-0445c86b69e6"),
        name: "Key Vault Secrets User",
        description: "Reads the values of secrets.",
        actions: &[],
        not_actions: &[],
        data_actions: &[
            "Microsoft.KeyVault/vaults/secrets/getSecret/action",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("b86a8fe4-44ce-4948-aee5-eccb2c155cd7"),
        name: "Key Vault Secrets Officer",
        description: "Does everything with secrets.",
        actions: VAULT_ACTIONS,
        not_actions: &[],
        data_actions: &["Microsoft.KeyVault/vaults/secrets/*"],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("00482a5a-887f-4fb3-b363-3b7fe8e74483"),
        name: "Key Vault Administrator",
        description: "Does everything in the data plane of a vault.",
        actions: VAULT_ACTIONS,
        not_actions: &[],
        data_actions: &["Microsoft.KeyVault/vaults/*"],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("21090545-7ca7-4776-b22c-e363652d74d2"),
        name: "Key Vault Reader",
        description: "Reads metadata of a vault's objects, no values.",
        actions: VAULT_ACTIONS,
        not_actions: &[],
        data_actions: &[
            "Microsoft.KeyVault/vaults/*/read",
            "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
        ],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("f25e0fa2-a7c8-4377-a976-54943a77a395"),
        name: "Key Vault Contributor",
        description: "Manages vaults, not what they hold.",
        actions: &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.KeyVault/*",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
        ],
        not_actions: &[
            "Microsoft.KeyVault/locations/deletedVaults/purge/action",
            "Microsoft.KeyVault/hsmPools/*",
            "Microsoft.KeyVault/managedHsms/*",
        ],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("e40ec5ca-96e0-45a2-b4ff-59039f2c2b59"),
        name: "Managed Identity Contributor",
        description: "Manages user-assigned identities and their federated credentials.",
        actions: &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/write",
            "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
            "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Support/*",
        ],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
    Row {
        id: uuid!("f1a07417-d97a-45cb-824c-7a7467783830"),
        name: "Managed Identity Operator",
        description: "Reads and assigns user-assigned identities.",
        actions: &[
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Support/*",
        ],
        not_actions: &[],
        data_actions: &[],
        not_data_actions: &[],
    },
];
