//! Reading: one object, or a page of them in the state that was asked for.

use std::sync::Arc;
use std::time::Duration;

use ::http::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Value, json};

use super::Call;
use super::reply::{self, Page};
use crate::go;
use crate::http::body::Body;
use crate::http::query::{ListOptions, Match};
use crate::object::selector::{Fields, Labels};
use crate::registry::Resource;
use crate::status::{Answer, Status, quote};
use crate::store::{Object, Past};

/// How long a read waits for a revision that has not come.
const PATIENCE: Duration = Duration::from_secs(3);

/// Answers one object.
pub(super) async fn get(call: &Call<'_>) -> Answer<Response<Body>> {
    let version = call.query.get("resourceVersion").unwrap_or_default();
    if call.query.flag("export") {
        return Err(Status::bad_request(
            "the export parameter, deprecated since v1.14, is no longer supported",
        ));
    }
    if !version.is_empty() {
        let revision = go::parse_uint(version).map_err(|why| {
            Status::unforeseen(format!("resourceVersion: Invalid value: {}: {why}", quote(version)))
        })?;
        wait_for(call, revision).await?;
    }
    call.form(crate::http::negotiate::Offer::Object)?;
    let object = call.server.store.get(&call.resource.collection, call.key().text());
    reply::object(call, 200, &object.ok_or_else(|| call.not_found())?)
}

/// Waits until the store has reached a revision.
async fn wait_for(call: &Call<'_>, revision: u64) -> Answer<()> {
    if call.server.store.revision() >= revision {
        return Ok(());
    }
    let mut progress = call.server.store.progress();
    let reached = tokio::time::timeout(PATIENCE, progress.wait_for(|now| *now >= revision)).await;
    match reached {
        Ok(Ok(_)) => Ok(()),
        _ => Err(Status::version_too_large(revision, call.server.store.revision())),
    }
}

/// What a list or watch is restricted to.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) labels: Labels,
    pub(super) fields: Fields,
}

impl Filter {
    /// Parses the selectors; fields must be ones that the kind knows.
    pub(super) fn read(resource: &Resource, options: &ListOptions) -> Answer<Filter> {
        let labels = Labels::parse(&options.label_selector)?;
        let fields = Fields::parse(&options.field_selector)?;
        let known = |field: &str| {
            matches!(field, "metadata.name" | "metadata.namespace")
                || resource.strategy.fields.iter().any(|(name, _)| *name == field)
                || resource.custom.as_ref().is_some_and(|custom| custom.selects(field))
        };
        if let Some(field) = fields.unknown(known) {
            let message = match &resource.custom {
                Some(_) => format!("field label not supported: {field}"),
                None => unsupported_field(resource, field),
            };
            return Err(Status::bad_request(message));
        }
        Ok(Filter { labels, fields })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether an object passes.
    pub(super) fn passes(&self, resource: &Resource, object: &Object) -> bool {
        if !self.labels.is_empty() && !self.labels.matches(&object.labels) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let body = if self.fields.needs_body() { resource.value(object) } else { Value::Null };
        self.fields.matches(object, |field| {
            let known = resource.strategy.fields.iter().find(|(name, _)| *name == field);
            match (known, &resource.custom) {
                (Some((_, look)), _) => look(&body),
                (None, Some(custom)) => custom.field(&body, field),
                (None, None) => String::new(),
            }
        })
    }
}

/// Kinds with fields of their own tell an unknown one otherwise than those without.
fn unsupported_field(resource: &Resource, field: &str) -> String {
    if resource.strategy.fields.is_empty() {
        format!(
            "{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
            quote(field)
        )
    } else {
        format!("field label not supported: {field}")
    }
}

/// Where a page begins, and in which state of the world.
struct Start {
    revision: u64,
    after: String,
}

/// Base 64 as Go reads it: bits left over at the end are nobody's.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

fn token_of(revision: u64, key: &str) -> String {
    BASE64.encode(json!({"v": "meta.k8s.io/v1", "rv": revision, "start": format!("{key}\u{0}")}).to_string())
}

fn read_token(token: &str) -> Answer<Start> {
    let invalid = |why: String| {
        Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
    };
    let bytes = BASE64.decode(token.trim_end_matches('=')).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            _ => token.len(),
        };
        invalid(format!("illegal base64 data at input byte {at}"))
    })?;
    if let Some(why) = go::json_syntax_error(&bytes) {
        return Err(invalid(why));
    }
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
    if value["v"] != "meta.k8s.io/v1" {
        let version = value["v"].as_str().unwrap_or_default();
        return Err(invalid(format!("server does not recognize this encoded version {version}")));
    }
    let start = value["start"].as_str().unwrap_or_default();
    if start.is_empty() {
        return Err(invalid(
            "continue key is not valid: encoded start key empty (version meta.k8s.io/v1)".to_owned(),
        ));
    }
    let revision = value["rv"].as_u64().unwrap_or(0);
    if revision == 0 {
        return Err(invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)".to_owned()));
    }
    Ok(Start { revision, after: start.trim_end_matches('\u{0}').to_owned() })
}

/// Answers a page of a list.
pub(super) async fn list(call: &Call<'_>, options: &ListOptions) -> Answer<Response<Body>> {
    let filter = Filter::read(&call.resource, options)?;
    call.form(crate::http::negotiate::Offer::List)?;
    let page = page(call, options, &filter).await?;
    reply::list(call, &page)
}

pub(super) async fn page(call: &Call<'_>, options: &ListOptions, filter: &Filter) -> Answer<Page> {
    let wanted = match options.resource_version.as_str() {
        "" => None,
        text => Some(go::parse_uint(text).map_err(|why| {
            Status::bad_request(format!(
                "invalid resource version: resourceVersion: Invalid value: {}: {why}",
                quote(text)
            ))
        })?),
    };
    let start = if options.continue_token.is_empty() {
        None
    } else {
        if wanted.is_some_and(|version| version != 0) {
            return Err(Status::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        Some(read_token(&options.continue_token)?)
    };
    // Without a rule a version with a limit is meant exactly; "any version" has no pages.
    let paged = options.limit > 0 && filter.fields.name().is_none();
    let exact = match (wanted, options.version_match) {
        (Some(0) | None, _) => None,
        (Some(revision), Some(Match::Exact)) => Some(revision),
        (Some(revision), None) if paged => Some(revision),
        _ => None,
    };
    if let Some(revision) = wanted {
        wait_for(call, revision).await?;
    }
    // One object that is named is no list to page through.
    let limit = if wanted == Some(0) || filter.fields.name().is_some() { 0 } else { options.limit };
    let prefix = match call.namespace() {
        "" => String::new(),
        namespace => format!("{namespace}/"),
    };
    let (objects, revision) = {
        let inner = call.server.store.lock();
        let now = inner.revision();
        let revision = start.as_ref().map(|start| start.revision).or(exact).unwrap_or(now);
        let after = start.as_ref().map_or("", |start| start.after.as_str());
        let at = if revision >= now { now } else { revision };
        // The usual page needs no copy of what is not on it.
        if at == now
            && limit > 0
            && filter.is_empty()
            && let Some(collection) = inner.collection(&call.resource.collection)
        {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let (objects, rest) = collection.first(&prefix, after, limit);
            let next = objects.last().filter(|_| rest > 0).map(|last| token_of(revision, last.key.text()));
            let remaining = next.is_some().then_some(rest as u64);
            return Ok(Page { objects, revision, next: next.unwrap_or_default(), remaining });
        }
        let found = match inner.collection(&call.resource.collection) {
            Some(collection) => collection.at(at, &prefix, after),
            None if at < inner.compacted() => Err(Past::TooOld(inner.compacted())),
            None => Ok(Vec::new()),
        };
        (found, revision)
    };
    let objects = objects.map_err(|Past::TooOld(_)| {
        if start.is_some() {
            let message = "The provided continue parameter is too old to display a consistent list result. You can start \
                           a new list without the continue parameter, or use the continue token in this response to \
                           retrieve the remainder of the results. Continuing with the provided token results in an \
                           inconsistent list - objects that were created, modified, or deleted between the time the \
                           first chunk was returned and now may show up in the list.";
            Status::expired(message)
        } else {
            Status::expired("The resourceVersion for the provided list is too old.")
        }
    })?;
    Ok(cut(call, objects, revision, usize::try_from(limit).unwrap_or(usize::MAX), filter))
}

fn cut(call: &Call<'_>, objects: Vec<Arc<Object>>, revision: u64, limit: usize, filter: &Filter) -> Page {
    let passes = |object: &Arc<Object>| filter.passes(&call.resource, object);
    if limit == 0 {
        let objects = if filter.is_empty() { objects } else { objects.into_iter().filter(passes).collect() };
        return Page { objects, revision, next: String::new(), remaining: None };
    }
    let total = objects.len();
    let mut taken = Vec::with_capacity(limit.min(total));
    let mut seen = 0;
    for object in objects {
        if taken.len() == limit {
            break;
        }
        seen += 1;
        if passes(&object) {
            taken.push(object);
        }
    }
    let last = taken.last().map(|object| object.key.text().to_owned());
    let next = match last {
        Some(key) if seen < total => token_of(revision, &key),
        _ => String::new(),
    };
    let remaining = (!next.is_empty() && filter.is_empty()).then(|| (total - seen) as u64);
    Page { objects: taken, revision, next, remaining }
}
