//! How a reconciliation ended: the condition's fixed texts, the event's real cause, and whether to try again.

/// Why a Secret is not as it should be. The text is the event's; the condition says only which kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The store, or what it should give.
    Fetch(String),
    /// The template, or the API server refused the Secret.
    Update(String),
    /// The Secret could not be deleted.
    Delete(String),
    /// It can't be deleted under this policy, now or later.
    MayNotDelete(String),
    /// The Secrets of a former name could not be deleted.
    Orphans(String),
    /// Its data can't be changed.
    Immutable(String),
    /// Something else controls it.
    ForeignController(String),
    /// Another ExternalSecret owns it.
    OwnedByAnother(String),
    /// The object itself can't be read.
    Spec(String),
}

impl Failure {
    /// The condition's message. These are ESO's, since alerts match on them.
    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::Fetch(_) => "could not get secret data from provider",
            Self::Update(_) => "could not update secret",
            Self::Delete(_) | Self::MayNotDelete(_) => "could not delete secret",
            Self::Orphans(_) => "could not delete orphaned secrets",
            Self::Immutable(_) => "could not update secret, target is immutable",
            Self::ForeignController(_) => "failed to take ownership of target secret",
            Self::OwnedByAnother(_) => "target is owned by another ExternalSecret",
            Self::Spec(_) => "the spec can't be read; see the event",
        }
    }

    /// The cause, for the event.
    pub(crate) fn cause(&self) -> &str {
        match self {
            Self::Fetch(cause)
            | Self::Update(cause)
            | Self::Delete(cause)
            | Self::MayNotDelete(cause)
            | Self::Orphans(cause)
            | Self::Immutable(cause)
            | Self::ForeignController(cause)
            | Self::OwnedByAnother(cause)
            | Self::Spec(cause) => cause,
        }
    }

    /// Whether trying again by itself can help. Of the others only a change can; their watches wake us.
    pub(crate) fn is_retried(&self) -> bool {
        matches!(self, Self::Fetch(_) | Self::Update(_) | Self::Delete(_) | Self::Orphans(_))
    }
}

/// How a reconciliation succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Success {
    /// The Secret is as it should be.
    Synced,
    /// Nothing at the provider; the Secret stays.
    Retained,
    /// Nothing at the provider; the Secret is gone.
    Deleted,
    /// There is no Secret to merge into.
    Missing,
}

impl Success {
    /// Reason and message of the condition.
    pub(crate) fn condition(self) -> (&'static str, &'static str) {
        match self {
            Self::Synced => ("SecretSynced", "secret synced"),
            Self::Retained => ("SecretSynced", "secret retained due to DeletionPolicy=Retain"),
            Self::Deleted => ("SecretDeleted", "secret deleted due to DeletionPolicy=Delete"),
            Self::Missing => ("SecretMissing", "secret will not be created due to CreationPolicy=Merge"),
        }
    }
}

/// The condition's reason when something failed.
pub(crate) const SYNC_ERROR: &str = "SecretSyncedError";
