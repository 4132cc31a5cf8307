//! Link 3: Argo CD's identity trusts the hub's service accounts, its pods can log in, and it has its role on the cluster.

use super::Verdict;
use super::absent;
use super::facts::{AccessFacts, Facts, FederatedCredential, IdentityFacts, RoleGrant, Seen, known};
use crate::access::{CLUSTER_ADMIN, federated_near_miss};
use crate::fleet::{ARGOCD_SERVICE_ACCOUNTS, Fleet};
use crate::names::ClusterName;

pub(super) fn judge(cluster: &ClusterName, fleet: &Fleet, facts: &Facts<'_>) -> Verdict {
    let identity = match identity(fleet, facts.access) {
        Ok(identity) => identity,
        Err(verdict) => return verdict,
    };
    for account in ARGOCD_SERVICE_ACCOUNTS {
        let subject = fleet.argocd_subject(account);
        if let Some(broken) =
            untrusted(&identity.credentials, fleet, &fleet.identities.argocd.resource_id, &subject)
        {
            return broken;
        }
    }
    let pods = pods(fleet, facts, identity);
    if !pods.holds() {
        return pods;
    }
    let managed = known!(facts.azure, "a look at Azure");
    role(cluster, identity, known!(&managed.roles, "the cluster's role assignments"))
}

fn identity<'a>(fleet: &Fleet, access: &'a AccessFacts) -> Result<&'a IdentityFacts, Verdict> {
    let id = &fleet.identities.argocd.resource_id;
    let facts = match &access.argocd {
        Seen::Known(facts) => facts,
        Seen::Pending => return Err(Verdict::waiting("a look at Argo CD's identity")),
        Seen::Failed { cause, mend } => return Err(Verdict::broken(cause.clone(), mend.clone())),
    };
    let Some(facts) = facts else {
        return Err(Verdict::broken(
            format!("Argo CD's identity `{id}` does not exist"),
            "create it: `gangplank apply`",
        ));
    };
    match &fleet.identities.argocd.client_id {
        Some(written) if *written != facts.client_id => {
            let confused = written.as_str() == facts.object_id.as_str();
            let what = if confused { "its object id" } else { "another id" };
            Err(Verdict::broken(
                format!(
                    "gangplank.yaml has {what} as client id of `{id}`: `{written}` instead of `{}`",
                    facts.client_id
                ),
                "correct identities.argocd.clientId; `gangplank apply` writes the right one",
            ))
        }
        _ => Ok(facts),
    }
}

/// Why no credential lets this subject in, where none does. The store link judges its own subject with it.
pub(super) fn untrusted(
    credentials: &[FederatedCredential],
    fleet: &Fleet,
    identity: &crate::names::ResourceId,
    subject: &str,
) -> Option<Verdict> {
    let issuer = &fleet.hub.issuer;
    let near = federated_near_miss(credentials, issuer, subject)?;
    Some(Verdict::broken(
        format!("the identity `{}` does not trust `{subject}` of the hub: {near}", identity.name()),
        "write the federated credential as the hub's tokens say it: `gangplank apply`",
    ))
}

fn pods(fleet: &Fleet, facts: &Facts<'_>, identity: &IdentityFacts) -> Verdict {
    let hub = facts.hub;
    let namespace = &fleet.hub.namespace;
    let accounts = known!(&hub.service_accounts, "the hub's service accounts");
    let workloads = known!(&hub.workloads, "Argo CD's workloads on the hub");
    for name in ARGOCD_SERVICE_ACCOUNTS {
        let Some(annotation) = accounts.get(&format!("{namespace}/{name}")) else {
            return absent::from_hub(facts, &format!("the ServiceAccount `{namespace}/{name}`"));
        };
        match annotation {
            Some(client_id) if client_id == identity.client_id.as_str() => {}
            Some(client_id) if client_id == identity.object_id.as_str() => {
                return Verdict::broken(
                    format!(
                        "the ServiceAccount `{namespace}/{name}` is annotated with the object id of Argo CD's identity; only the client \
                         id `{}` logs in",
                        identity.client_id
                    ),
                    "put the client id into its annotation `azure.workload.identity/client-id`",
                );
            }
            Some(client_id) => {
                return Verdict::broken(
                    format!(
                        "the ServiceAccount `{namespace}/{name}` is annotated with the client id `{client_id}`, but Argo CD's identity is \
                         `{}`",
                        identity.client_id
                    ),
                    "correct its annotation `azure.workload.identity/client-id`, then restart its pods",
                );
            }
            None => {
                return Verdict::broken(
                    format!(
                        "the ServiceAccount `{namespace}/{name}` has no annotation `azure.workload.identity/client-id`"
                    ),
                    format!("annotate it with `{}`, then restart its pods", identity.client_id),
                );
            }
        }
        let Some(workload) = workloads.iter().find(|workload| workload.name == name) else {
            return absent::from_hub(facts, &format!("the workload `{namespace}/{name}`"));
        };
        let (kind, key) = (&workload.kind, "azure.workload.identity/use");
        if workload.identity_label.as_deref() != Some("true") {
            let found = match (&workload.identity_label, &workload.identity_annotation) {
                (Some(value), _) => format!("has the label `{key}` with the value `{value}`"),
                (None, Some(_)) => format!("has `{key}` as an annotation, where it does nothing"),
                (None, None) => format!("lacks the label `{key}`"),
            };
            return Verdict::broken(
                format!(
                    "the pod template of the {kind} `{namespace}/{name}` {found}: its pods get no token for Entra"
                ),
                format!("set the label `{key}: \"true\"` under spec.template.metadata.labels of the {kind}"),
            );
        }
    }
    Verdict::Holds
}

fn role(cluster: &ClusterName, identity: &IdentityFacts, roles: &[RoleGrant]) -> Verdict {
    let admin: Vec<&RoleGrant> = roles.iter().filter(|grant| grant.role == CLUSTER_ADMIN.guid).collect();
    if admin.iter().any(|grant| grant.principal == identity.object_id.as_str()) {
        return Verdict::Holds;
    }
    if admin.iter().any(|grant| grant.principal == identity.client_id.as_str()) {
        return Verdict::broken(
            format!(
                "the role `{}` on `{cluster}` is given to the client id `{}`: to nobody, since roles go to object ids",
                CLUSTER_ADMIN.name, identity.client_id
            ),
            format!(
                "give it to the object id `{}`: `gangplank apply` (Terraform: principal_id = …principal_id, not client_id)",
                identity.object_id
            ),
        );
    }
    Verdict::broken(
        format!(
            "Argo CD's identity `{}` has no role `{}` on `{cluster}`",
            identity.object_id, CLUSTER_ADMIN.name
        ),
        "assign it: `gangplank apply`",
    )
}
