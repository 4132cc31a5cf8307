//! Providers: one trait, one module each. A next one needs its file and a line in [`open`].

pub(crate) mod azurekv;
mod fake;
mod json;
mod kubernetes;
mod property;

use crate::api::external_secret::{Find, RemoteRef};
use crate::api::store::{StoreKind, StoreSpec};
use crate::controller::Context;
use crate::value::{SecretData, SecretValue};
use futures::future::BoxFuture;
use gangplank_template::{Environment, pipeline};
use regex::Regex;
use std::sync::Arc;
use std::time::Duration;

/// Reads secrets of one store.
pub(crate) trait Provider: Send + Sync {
    /// One value.
    fn get<'a>(&'a self, reference: &'a RemoteRef) -> BoxFuture<'a, Result<SecretValue, ProviderError>>;
    /// All members of one object.
    fn get_map<'a>(&'a self, reference: &'a RemoteRef) -> BoxFuture<'a, Result<SecretData, ProviderError>>;
    /// All objects that fit.
    fn find<'a>(&'a self, find: &'a Find) -> BoxFuture<'a, Result<SecretData, ProviderError>>;
    /// Whether the store can work, as far as that can be said.
    fn validate(&self) -> BoxFuture<'_, Result<Validation, ProviderError>>;
}

/// What a store's validation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Validation {
    /// It works.
    Ready,
    /// Nobody can say, for this reason.
    Unknown(String),
}

/// Why there is no value. The text goes into an event, and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProviderError {
    /// The object is not there. Deletion policies hang on this.
    Missing,
    /// Anything else.
    Failed {
        /// What an event says.
        text: String,
        /// How long the provider wants to be left alone.
        retry_after: Option<Duration>,
    },
}

impl ProviderError {
    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::Failed { text: text.into(), retry_after: None }
    }

    /// What an event says.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Missing => "Secret does not exist",
            Self::Failed { text, .. } => text,
        }
    }
}

/// A store as a provider is opened with: its spec, and where its references resolve.
pub(crate) struct Opening<'a> {
    pub(crate) kind: StoreKind,
    pub(crate) spec: &'a StoreSpec,
    /// The namespace of the store, or of the ExternalSecret that uses a ClusterSecretStore. `None` while a
    /// ClusterSecretStore is validated on its own.
    pub(crate) namespace: Option<&'a str>,
    /// Whether a login must be of this moment: somebody changed the object, and wants to see whether it works.
    pub(crate) proven: bool,
}

/// What opening a store gave.
pub(crate) enum Opened {
    Provider(Arc<dyn Provider>),
    /// A ClusterSecretStore whose login depends on the namespace that uses it: it can't be checked on its own.
    Referent,
}

/// A regular expression of a manifest. What is none is told in Go's words, which events carry.
pub(crate) fn pattern(source: &str) -> Result<Regex, ProviderError> {
    Regex::new(source).map_err(|error| {
        let rewrite = pipeline::Rewrite::Regexp { source: source.to_owned(), target: String::new() };
        let in_go = pipeline::rewrite(&[rewrite], pipeline::Data::new(), &mut Environment::none()).err();
        let in_go = in_go.map(|error| error.reason.to_string());
        let in_go =
            in_go.as_deref().and_then(|text| text.strip_prefix("regexp failed with failed to compile: "));
        let why = in_go.map_or_else(|| error.to_string(), str::to_owned);
        ProviderError::failed(format!("failed to compile regex {source}: {why}"))
    })
}

/// Opens a store's provider.
pub(crate) async fn open(context: &Context, opening: &Opening<'_>) -> Result<Opened, ProviderError> {
    let mut members = opening.spec.provider.iter();
    let (Some((name, config)), None) = (members.next(), members.next()) else {
        return Err(ProviderError::failed("the store must have exactly one provider"));
    };
    match name.as_str() {
        "azurekv" => azurekv::open(context, opening, config).await,
        "fake" => fake::open(config),
        "kubernetes" => kubernetes::open(context, opening, config).await,
        other => Err(ProviderError::failed(format!(
            "provider {other} is not supported by gangplank: use azurekv, kubernetes or fake"
        ))),
    }
}
