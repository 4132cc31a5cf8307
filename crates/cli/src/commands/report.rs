//! What plan, apply and publish say they do, or would do.

use gangplank_onboarding::tree::effects::{ApplicationChange, Effects, Fate, ObjectChange};
use serde::Serialize;

/// How many fields of an object are named to a person.
const FIELDS: usize = 3;

/// By plane.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    /// In Entra and Resource Manager.
    access: Vec<String>,
    /// In the vault.
    vault: Vec<SecretReport>,
    /// On the hub, once the working copy is pushed.
    hub: Vec<ObjectReport>,
    /// To Argo CD's applications.
    applications: Vec<String>,
    /// On every cluster that is aboard.
    clusters: Vec<ObjectReport>,
}

/// A secret that is or would be written. Its value is not shown.
#[derive(Debug, Serialize)]
pub(super) struct SecretReport {
    pub(super) cluster: String,
    pub(super) secret: String,
    pub(super) reason: &'static str,
}

/// An object that Argo CD would create, change or delete.
#[derive(Debug, Serialize)]
struct ObjectReport {
    fate: &'static str,
    object: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<String>,
}

impl Report {
    /// What was done to identities and roles.
    pub(super) fn of_access(access: Vec<String>) -> Self {
        Report { access, ..Report::default() }
    }

    /// What was written into the vault.
    pub(super) fn of_vault(vault: Vec<SecretReport>) -> Self {
        Report { vault, ..Report::default() }
    }

    /// What would be done, and what a change of the tree does then.
    pub(super) fn of_plan(access: Vec<String>, vault: Vec<SecretReport>, effects: &Effects) -> Self {
        Report {
            access,
            vault,
            hub: effects.hub.iter().map(ObjectReport::of).collect(),
            applications: effects.applications.iter().map(application).collect(),
            clusters: effects.clusters.iter().map(ObjectReport::of).collect(),
        }
    }

    /// For people; `verb` stands before what is done by us.
    pub(super) fn text(&self, verb: &str) -> String {
        let mut text = String::new();
        let mut section = |title: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
                text.push_str(&format!("{title}\n{lines}"));
            }
        };
        let secret =
            |it: &SecretReport| format!("{verb}write {} for {} ({})", it.secret, it.cluster, it.reason);
        section("Entra and Azure", self.access.iter().map(|line| format!("{verb}{line}")).collect());
        section("vault", self.vault.iter().map(secret).collect());
        section("hub, once pushed", self.hub.iter().map(ObjectReport::text).collect());
        section("Argo CD's applications", self.applications.clone());
        section("clusters", self.clusters.iter().map(ObjectReport::text).collect());
        if text.is_empty() { "nothing to do: all is as the fleet wants it\n".to_owned() } else { text }
    }
}

impl ObjectReport {
    fn of(change: &ObjectChange) -> Self {
        let ObjectChange { fate, object, fields } = change;
        ObjectReport { fate: fate.as_str(), object: object.clone(), fields: fields.clone() }
    }

    fn text(&self) -> String {
        let Self { fate, object, fields } = self;
        if *fate != Fate::Change.as_str() {
            return format!("{fate} {object}");
        }
        let more = match fields.len().saturating_sub(FIELDS) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named: Vec<&str> = fields.iter().take(FIELDS).map(String::as_str).collect();
        format!("{fate} {object}: {}{more}", named.join(", "))
    }
}

fn application(change: &ApplicationChange) -> String {
    let objects = |count: usize| if count == 1 { "1 object".to_owned() } else { format!("{count} objects") };
    match change {
        ApplicationChange::SyncSelf(count) => {
            format!("the self-managing application syncs {}", objects(*count))
        }
        ApplicationChange::Bootstrap(name, count) => {
            format!("{name} gets its bootstrap application, with {}", objects(*count))
        }
        ApplicationChange::Clear(name) => {
            format!("the bootstrap application of {name} ends, and its objects with it")
        }
        ApplicationChange::Orphan(name) => format!(
            "the bootstrap application of {name} is dropped, and its objects stay on the cluster: `gangplank offboard {name}` \
             clears it first"
        ),
        ApplicationChange::SyncBootstraps(applications, count) => {
            format!("{applications} bootstrap applications sync {} each", objects(*count))
        }
    }
}
