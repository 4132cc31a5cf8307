//! Who may do what in Azure: the two identities, what they trust, and the roles they hold. [`decide`] compares what the fleet wants
//! with what was observed and says what to do; doing it twice does nothing the second time.

use crate::chain::facts::{FederatedCredential, IdentityFacts, RoleGrant};
use crate::fleet::{ARGOCD_SERVICE_ACCOUNTS, EXCHANGE_AUDIENCE, Fleet};
use crate::names::{ClusterName, ObjectId, ResourceId};

/// A built-in role. Roles are referred to by GUID, which never changes; the name is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: &'static str,
    /// The GUID of its definition.
    pub guid: &'static str,
}

/// What Argo CD's identity needs on every cluster.
pub const CLUSTER_ADMIN: Role = Role {
    name: "Azure Kubernetes Service RBAC Cluster Admin",
    guid: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
};
/// What the secrets identity needs on the vault.
pub const SECRETS_USER: Role =
    Role { name: "Key Vault Secrets User", guid: "4633458b-17de-408a-b874-0445c86b69e6" };

/// The most federated credentials that one identity takes.
const CREDENTIAL_LIMIT: usize = 20;

/// Which of the two identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Which {
    /// Argo CD's.
    Argocd,
    /// The secrets operator's.
    Secrets,
}

impl Which {
    /// Both.
    pub const ALL: [Which; 2] = [Which::Argocd, Which::Secrets];

    /// The identity's resource.
    pub fn resource(self, fleet: &Fleet) -> &ResourceId {
        match self {
            Which::Argocd => &fleet.identities.argocd.resource_id,
            Which::Secrets => &fleet.identities.secrets.resource_id,
        }
    }

    /// The subjects of the hub's tokens that it has to trust.
    pub fn subjects(self, fleet: &Fleet) -> Vec<String> {
        match self {
            Which::Argocd => ARGOCD_SERVICE_ACCOUNTS.iter().map(|name| fleet.argocd_subject(name)).collect(),
            Which::Secrets => vec![fleet.store_subject()],
        }
    }
}

/// What was observed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// Argo CD's identity, where it exists.
    pub argocd: Option<IdentityFacts>,
    /// The secrets operator's identity, where it exists.
    pub secrets: Option<IdentityFacts>,
    /// The role assignments on the vault.
    pub vault: Vec<RoleGrant>,
    /// The clusters of the fleet with the role assignments on each.
    pub clusters: Vec<(ClusterName, ResourceId, Vec<RoleGrant>)>,
}

/// One thing to do in Azure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Make the identity.
    CreateIdentity(Which),
    /// Make or correct a federated credential.
    PutCredential {
        /// On which identity.
        identity: Which,
        /// The credential.
        credential: FederatedCredential,
        /// What is wrong without it.
        reason: String,
    },
    /// Assign a role.
    AssignRole {
        /// What to.
        scope: ResourceId,
        /// Which role.
        role: Role,
        /// To whom.
        principal: ObjectId,
    },
}

impl Action {
    /// One line for a plan or a log.
    pub fn describe(&self, fleet: &Fleet) -> String {
        match self {
            Action::CreateIdentity(which) => format!("create the identity {}", which.resource(fleet).name()),
            Action::PutCredential { identity, credential, reason } => {
                format!("let {} trust {} ({reason})", identity.resource(fleet).name(), credential.subject)
            }
            Action::AssignRole { scope, role, principal } => {
                format!("give the role `{}` on {} to {principal}", role.name, scope.name())
            }
        }
    }
}

/// The name of the credential for a subject, as the seed's Terraform module forms it. Azure takes 120 characters.
pub fn credential_name(subject: &str) -> String {
    subject.replace(':', "_").chars().take(120).collect()
}

/// What to do so that the fleet's access is as it wants. Actions that need an id which is not known yet come in a later round:
/// enact, observe again, decide again, until nothing is left.
pub fn decide(fleet: &Fleet, observed: &Observed) -> Vec<Action> {
    let mut actions = Vec::new();
    for which in Which::ALL {
        let identity = match which {
            Which::Argocd => &observed.argocd,
            Which::Secrets => &observed.secrets,
        };
        let Some(identity) = identity else {
            actions.push(Action::CreateIdentity(which));
            continue;
        };
        for subject in which.subjects(fleet) {
            let Some(reason) = federated_near_miss(&identity.credentials, &fleet.hub.issuer, &subject) else {
                continue;
            };
            let credential = FederatedCredential {
                name: credential_name(&subject),
                issuer: fleet.hub.issuer.clone(),
                subject,
                audiences: vec![EXCHANGE_AUDIENCE.to_owned()],
            };
            actions.push(Action::PutCredential { identity: which, credential, reason });
        }
        let holds = |grants: &[RoleGrant], role: Role| {
            grants
                .iter()
                .any(|grant| grant.role == role.guid && grant.principal == identity.object_id.as_str())
        };
        let mut assign = |scope: &ResourceId, role| {
            let principal = identity.object_id.clone();
            actions.push(Action::AssignRole { scope: scope.clone(), role, principal });
        };
        match which {
            Which::Secrets if !holds(&observed.vault, SECRETS_USER) => {
                assign(&fleet.vault.resource_id, SECRETS_USER)
            }
            Which::Secrets => {}
            Which::Argocd => {
                for (_, id, _) in
                    observed.clusters.iter().filter(|(_, _, grants)| !holds(grants, CLUSTER_ADMIN))
                {
                    assign(id, CLUSTER_ADMIN);
                }
            }
        }
    }
    actions
}

/// Why none of `credentials` lets a token of `issuer` and `subject` in; `None` where one does.
///
/// Entra compares to the letter, so what is nearly right is named: the letter case of a subject, the slash of an issuer.
pub fn federated_near_miss(
    credentials: &[FederatedCredential],
    issuer: &str,
    subject: &str,
) -> Option<String> {
    let audience =
        |credential: &FederatedCredential| credential.audiences.iter().any(|one| one == EXCHANGE_AUDIENCE);
    if credentials.iter().any(|one| one.issuer == issuer && one.subject == subject && audience(one)) {
        return None;
    }
    let describe = |credential: &FederatedCredential| {
        let name = &credential.name;
        if credential.subject == subject && credential.issuer == issuer {
            Some(format!(
                "its federated credential `{name}` has the audience `{}` instead of `{EXCHANGE_AUDIENCE}`",
                credential.audiences.join("`, `")
            ))
        } else if credential.subject == subject
            && credential.issuer.trim_end_matches('/') == issuer.trim_end_matches('/')
        {
            Some(format!(
                "its federated credential `{name}` has the issuer `{}`, without the slash at the end",
                credential.issuer
            ))
        } else if credential.subject == subject {
            Some(format!("its federated credential `{name}` trusts another issuer, `{}`", credential.issuer))
        } else if credential.subject.eq_ignore_ascii_case(subject) {
            Some(format!(
                "its federated credential `{name}` has the subject `{}`, in another letter case",
                credential.subject
            ))
        } else {
            None
        }
    };
    let near = credentials.iter().find_map(describe);
    Some(near.unwrap_or_else(|| {
        if credentials.len() >= CREDENTIAL_LIMIT {
            format!("it has no federated credential for this subject, and already the {CREDENTIAL_LIMIT} that Azure allows")
        } else {
            "it has no federated credential for this subject".to_owned()
        }
    }))
}
