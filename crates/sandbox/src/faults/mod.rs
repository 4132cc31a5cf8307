//! Faults on demand: what can be made to go wrong in a world that runs, and right again.
//!
//! ```text
//!  `latency host=management.azure.com delay=500ms`        a file of such faults
//!        └────────────── Fault (a kind and its settings, checked) ─────────┘
//!                                   │ effect
//!          ┌────────────────────────┼──────────────────────────┐
//!       Wire: a rule for requests   Azure: a knob of the cloud   Act: done at once, some undone by clearing
//!          └── book: which requests it hits, by the seed         └── enact: as the platform engineer would
//! ```
//!
//! One vocabulary, [`FaultKind`], for the command line, the file and the list. Invariants: a fault that was taken is in
//! force or done; equal seeds, faults and requests meet equal fates; nothing here knows what is being tested.

mod book;
mod effect;
mod enact;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use book::Book;
pub(crate) use effect::{Act, Effect, Knob, What};
pub(crate) use enact::{apply_knob, enact, undo};
pub(crate) use wire::Faulty;

/// Which requests a fault of the wire is about.
const REQUESTS: [&str; 5] = ["host", "path", "method", "rate", "times"];

macro_rules! kinds {
    ($($variant:ident $name:literal [$($required:literal),*] [$($optional:literal),*] $requests:literal $description:literal)*) => {
        /// What kind of thing goes wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind {
            $(#[doc = $description] $variant,)*
        }

        impl FaultKind {
            /// Every kind.
            pub const ALL: &[FaultKind] = &[$(FaultKind::$variant),*];

            /// The name on the command line and in files.
            pub fn name(self) -> &'static str {
                match self { $(FaultKind::$variant => $name),* }
            }

            /// What happens, in one line.
            pub fn description(self) -> &'static str {
                match self { $(FaultKind::$variant => $description),* }
            }

            /// The settings that it needs.
            pub fn required(self) -> &'static [&'static str] {
                match self { $(FaultKind::$variant => &[$($required),*]),* }
            }

            /// The settings that it may have, those that say which requests it is about aside.
            fn optional(self) -> &'static [&'static str] {
                match self { $(FaultKind::$variant => &[$($optional),*]),* }
            }

            /// Whether it is about requests, which `host`, `path`, `method`, `rate` and `times` choose.
            pub fn is_about_requests(self) -> bool {
                match self { $(FaultKind::$variant => $requests),* }
            }
        }
    };
}

kinds! {
    Latency "latency" ["delay"] [] true "requests wait so long before they are answered"
    Error "error" ["status"] ["body", "retry-after"] true "requests are answered with this status"
    Throttle "throttle" [] ["retry-after"] true "requests are answered with 429, each service in its own words"
    Cut "cut" [] [] true "connections end without an answer"
    SlowBody "slow-body" ["bytes-per-second"] [] true "bodies of answers come slowly"
    Limits "limits" [] [] false "Azure's documented request limits hold"
    ExpiredTokens "expired-tokens" [] [] false "no access token issued until now is taken any more"
    TokenLifetime "token-lifetime" ["delay"] [] false "Entra's access tokens live so long"
    ClockSkew "clock-skew" ["seconds"] [] false "Entra's clock is ahead by so many seconds; behind, where negative"
    IssuerUnreachable "issuer-unreachable" [] ["reason"] false "Entra can't fetch the keys of token issuers"
    CredentialPropagation "credential-propagation" ["delay"] [] false "new federated credentials take so long to be known"
    RolePropagation "role-propagation" ["delay"] [] false "new role assignments take so long to grant"
    OperationDuration "operation-duration" ["delay"] [] false "long-running operations of Azure take so long"
    VaultSettling "vault-settling" ["delay"] [] false "deletions and recoveries of secrets take so long to settle"
    VaultFirewall "vault-firewall" [] ["vault"] false "the vault's firewall lets nobody in"
    ClusterStopped "cluster-stopped" ["cluster"] [] false "the cluster is stopped; it starts when this is cleared"
    ApiServerRestart "api-server-restart" ["cluster"] [] false "the cluster's API server restarts: its connections are cut"
    CaRotation "ca-rotation" ["cluster"] [] false "the cluster's certificate authority is replaced"
    SigningKeyRotation "signing-key-rotation" [] ["cluster"] false "the key of the cluster's ServiceAccount tokens is replaced; Entra's own without a cluster"
}

impl FaultKind {
    /// All settings that it takes, the needed ones first.
    pub fn settings(self) -> Vec<&'static str> {
        let requests: &[&str] = if self.is_about_requests() { &REQUESTS } else { &[] };
        [self.required(), self.optional(), requests].concat()
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One thing that goes wrong: a kind and its settings, which fit each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Fault {
    kind: FaultKind,
    settings: BTreeMap<String, String>,
}

/// A fault can't be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// There is no such kind.
    #[error("there is no fault called `{name}`; the list: {}", all())]
    UnknownKind {
        /// What was asked for.
        name: String,
    },
    /// The text names no kind.
    #[error("a fault begins with its kind, as `latency host=management.azure.com delay=500ms`")]
    NoKind,
    /// A setting is not of the form `name=value`.
    #[error("`{0}` is no setting: settings have the form name=value")]
    NoSetting(String),
    /// The kind takes no such setting.
    #[error("the fault `{kind}` takes no `{setting}`; it takes {}", known(*kind))]
    UnknownSetting {
        /// The kind.
        kind: FaultKind,
        /// The setting.
        setting: String,
    },
    /// A setting is missing.
    #[error("the fault `{kind}` needs `{setting}`")]
    Missing {
        /// The kind.
        kind: FaultKind,
        /// The setting.
        setting: &'static str,
    },
    /// A value is not of its setting's form.
    #[error("`{setting}={value}` can't be: {expected}")]
    Value {
        /// The setting.
        setting: String,
        /// The value.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
}

fn all() -> String {
    let names: Vec<&str> = FaultKind::ALL.iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

fn known(kind: FaultKind) -> String {
    match kind.settings().as_slice() {
        [] => "none".to_owned(),
        settings => settings.join(", "),
    }
}

impl Fault {
    /// A fault from its kind's name and its settings.
    ///
    /// # Errors
    /// The kind is unknown, or a setting is missing, unknown, or not of its form.
    pub fn new(kind: &str, settings: BTreeMap<String, String>) -> Result<Self, FaultError> {
        let found = FaultKind::ALL.iter().find(|it| it.name() == kind);
        let kind = *found.ok_or_else(|| FaultError::UnknownKind { name: kind.to_owned() })?;
        let known = kind.settings();
        if let Some(setting) = settings.keys().find(|setting| !known.contains(&setting.as_str())) {
            return Err(FaultError::UnknownSetting { kind, setting: setting.clone() });
        }
        if let Some(setting) = kind.required().iter().find(|setting| !settings.contains_key(**setting)) {
            return Err(FaultError::Missing { kind, setting });
        }
        let fault = Fault { kind, settings };
        effect::of(&fault)?;
        Ok(fault)
    }

    /// A fault from the words of a command line: its kind, then `name=value` for each setting.
    ///
    /// # Errors
    /// As [`Fault::new`].
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, FaultError> {
        let mut words = words.into_iter();
        let kind = words.next().ok_or(FaultError::NoKind)?;
        let settings = words.map(|word| {
            let (name, value) = word.split_once('=').ok_or_else(|| FaultError::NoSetting(word.to_owned()))?;
            Ok((name.to_owned(), value.to_owned()))
        });
        Fault::new(kind, settings.collect::<Result<_, FaultError>>()?)
    }

    /// What kind of thing goes wrong.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// The value of a setting, if it has one.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// What it does. It was checked when it was made.
    pub(crate) fn effect(&self) -> Result<Effect, FaultError> {
        effect::of(self)
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    /// The words of a command line in one text; values hold no white space then.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        Fault::from_words(text.split_whitespace())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        self.settings.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

impl TryFrom<BTreeMap<String, String>> for Fault {
    type Error = FaultError;

    /// The form of files: the kind under `fault`, the settings beside it.
    fn try_from(mut settings: BTreeMap<String, String>) -> Result<Self, FaultError> {
        let kind = settings.remove("fault").ok_or(FaultError::NoKind)?;
        Fault::new(&kind, settings)
    }
}

impl From<Fault> for BTreeMap<String, String> {
    fn from(fault: Fault) -> Self {
        let mut settings = fault.settings;
        settings.insert("fault".to_owned(), fault.kind.name().to_owned());
        settings
    }
}

/// A fault of a world, as its list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultEntry {
    /// Its number in this world, by which it is cleared.
    pub id: u64,
    /// What goes wrong.
    pub fault: Fault,
    /// Whether it still does; an act that can't be undone is over once it is done.
    pub in_force: bool,
    /// How many requests it has hit; 0 for what is not about requests.
    pub hits: u64,
}

#[cfg(test)]
mod tests;
