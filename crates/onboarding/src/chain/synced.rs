//! Link 6: the ExternalSecret is Ready, and the Secret carries the label and the vault's values.

use super::Verdict;
use super::facts::{PublishedFacts, SecretFacts, Seen, VaultSecret, known};
use crate::names::{ClusterName, ServerUrl};

/// The label by which Argo CD finds clusters.
const SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";

pub(super) fn judge(name: &ClusterName, secret: &Seen<SecretFacts>, vault: &Seen<PublishedFacts>) -> Verdict {
    let facts = known!(secret, "a look at the hub");
    let external = name.external_secret();
    if !facts.external_secret {
        return Verdict::waiting(format!(
            "the self-managing application, which brings the ExternalSecret `{external}`"
        ));
    }
    match &facts.ready {
        None => {
            return Verdict::waiting(format!(
                "the secrets operator, which has not looked at `{external}` yet"
            ));
        }
        Some(ready) if !ready.status => {
            return Verdict::broken(
                format!(
                    "the ExternalSecret `{external}` is not ready: {} ({})",
                    ready.event.as_deref().unwrap_or(&ready.message),
                    ready.reason
                ),
                "mend what it names; the operator tries again by itself",
            );
        }
        Some(_) => {}
    }
    let target = name.secret();
    let Some(secret) = &facts.secret else {
        return Verdict::broken(
            format!("the ExternalSecret `{external}` is ready, but there is no Secret `{target}`"),
            format!("see whether spec.target.name of the overlay is `{target}`, and who deletes it"),
        );
    };
    if secret.secret_type.as_deref() != Some("cluster") {
        return Verdict::broken(
            format!(
                "the Secret `{target}` lacks the label `{SECRET_TYPE}: cluster`, so Argo CD does not see it"
            ),
            "set it under spec.target.template.metadata.labels of the base's ExternalSecret",
        );
    }
    if let Some(finding) = secret.findings.first() {
        return Verdict::broken(format!("the Secret `{target}`: {}", finding.cause), finding.mend.clone());
    }
    let published = known!(vault, "a look into the vault");
    let stale = |what| {
        Verdict::waiting(format!("the operator's next refresh: the Secret `{target}` has an older {what}"))
    };
    if let VaultSecret::Value(url) = &published.url
        && url.parse::<ServerUrl>().ok() != secret.server.parse::<ServerUrl>().ok()
    {
        return stale("URL");
    }
    match &published.ca {
        VaultSecret::Value(ca) if secret.ca.as_deref() != Some(ca) => stale("CA"),
        _ => Verdict::Holds,
    }
}
