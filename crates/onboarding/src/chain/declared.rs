//! Link 5: the overlay stands in Git, is listed by its parent, and renders without a leftover.

use super::Verdict;
use super::facts::{HubFacts, OverlayFacts, Seen, known};
use crate::fleet::Fleet;
use crate::names::ClusterName;

pub(super) fn judge(name: &ClusterName, fleet: &Fleet, git: &Seen<OverlayFacts>, hub: &HubFacts) -> Verdict {
    let overlay = known!(git, "a look into Git");
    let clusters = fleet.paths.clusters();
    if !overlay.folder {
        return Verdict::broken(
            format!("Git has no overlay `{clusters}/{}`", name.slug()),
            format!("write it: `gangplank cluster add {name}`, then commit and push"),
        );
    }
    if !overlay.listed {
        return Verdict::broken(
            format!(
                "`{clusters}/kustomization.yaml` does not list `{}`, so nothing renders the overlay",
                name.slug()
            ),
            format!("add `- {}` to its resources, then commit and push", name.slug()),
        );
    }
    if let Some(finding) = overlay.findings.first() {
        return Verdict::broken(format!("{}: {}", finding.place, finding.cause), finding.mend.clone());
    }
    // The tree is fine; whether the hub follows it is known from the application alone.
    match known!(&hub.self_application, "the self-managing application on the hub") {
        Some(application) => match application.problems.first() {
            Some(problem) => Verdict::broken(
                format!(
                    "the hub does not follow Git: the application `{}` fails: {problem}",
                    application.name
                ),
                "mend the application; it tries again by itself".to_owned(),
            ),
            None => Verdict::Holds,
        },
        None => Verdict::waiting("the self-managing application on the hub"),
    }
}
