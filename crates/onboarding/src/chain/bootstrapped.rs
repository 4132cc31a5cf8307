//! Link 8: the cluster-bootstrap application is synced and healthy.

use super::Verdict;
use super::facts::{ApplicationFacts, Seen, known};

pub(super) fn judge(bootstrap: &Seen<Option<ApplicationFacts>>) -> Verdict {
    let Some(application) = known!(bootstrap, "a look at the bootstrap application") else {
        return Verdict::waiting("the bootstrap application, which follows the cluster's Secret");
    };
    let name = &application.name;
    if let Some(problem) = application.problems.first() {
        return Verdict::broken(
            format!("the application `{name}` fails: {problem}"),
            format!("mend what it names; see `gangplank explain` or the application `{name}` on the hub"),
        );
    }
    match (application.sync.as_str(), application.health.as_str()) {
        ("Synced", "Healthy") => Verdict::Holds,
        ("Synced", "Degraded") => Verdict::broken(
            format!("the application `{name}` is synced, but degraded"),
            "look at its resources on the cluster; it recovers by itself once they do",
        ),
        (sync, health) => {
            let or = |text: &str| if text.is_empty() { "not judged".to_owned() } else { text.to_owned() };
            Verdict::waiting(format!("the application `{name}`: {}, {}", or(sync), or(health)))
        }
    }
}
