//! What is not on the hub yet comes with the self-managing application: it is waited for while that works, and broken by what breaks that.

use super::Verdict;
use super::facts::{Facts, Seen, known};

/// Judges that `what` is not on the hub.
pub(super) fn from_hub(facts: &Facts<'_>, what: &str) -> Verdict {
    // A defect of the tree is the cause of what the application then says, and has the better mend.
    if let Seen::Known(overlay) = facts.git
        && let Some(finding) = overlay.findings.first()
    {
        return Verdict::broken(
            format!(
                "{what} is not on the hub, because the tree can't be synced: {}: {}",
                finding.place, finding.cause
            ),
            finding.mend.clone(),
        );
    }
    let Some(application) = known!(&facts.hub.self_application, format!("{what} on the hub")) else {
        return Verdict::waiting(format!("the self-managing application, which brings {what}"));
    };
    let name = &application.name;
    if let Some(problem) = application.problems.first() {
        return Verdict::broken(
            format!("{what} is not on the hub, because the application `{name}` fails: {problem}"),
            format!("mend the application `{name}`; it tries again by itself"),
        );
    }
    if application.sync == "Synced" && application.phase == "Succeeded" {
        return Verdict::broken(
            format!(
                "{what} is not on the hub, although the application `{name}` is synced: the tree does not render it"
            ),
            "add it to the overlay that the application renders; `gangplank build` shows what that is",
        );
    }
    Verdict::waiting(format!("the application `{name}`, which brings {what}"))
}
