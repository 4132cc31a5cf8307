//! A call to Resource Manager whose caller is known.

use std::sync::Arc;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ArmError, locks};
use crate::{
    cloud::Azure,
    entra::{Caller, CallerError},
    rbac::{Attributes, Operation},
    wire::{Call, Reply, encode},
};

/// How many elements a page of a list holds, unless the request or the faults say otherwise.
const PAGE: usize = 1_000;

pub(super) struct Request<'a> {
    pub(super) azure: &'a Arc<Azure>,
    pub(super) call: &'a Call,
    pub(super) caller: Arc<Caller>,
    pub(super) api_version: &'a str,
    pub(super) now: Timestamp,
}

impl<'a> Request<'a> {
    /// Checks the token and the api-version.
    pub(super) fn authenticate(azure: &'a Arc<Azure>, call: &'a Call) -> Result<Self, ArmError> {
        let token = call.bearer().ok_or(ArmError::AuthenticationFailed)?;
        let now = azure.now();
        let accepts = |audience: &str| azure.environment.is_management_audience(audience);
        let caller = azure.entra.verifier().verify(token, accepts, now).map_err(|error| match error {
            CallerError::Expired => ArmError::ExpiredAuthenticationToken,
            CallerError::Challenged { since } => ArmError::ClaimsChallenge { since },
            CallerError::Issuer => ArmError::InvalidAuthenticationTokenTenant,
            error => ArmError::InvalidAuthenticationToken(error.to_string()),
        })?;
        let api_version = call.parameter("api-version").ok_or(ArmError::MissingApiVersionParameter)?;
        if !is_api_version(api_version) {
            return Err(ArmError::InvalidApiVersionParameter(api_version.to_owned()));
        }
        Ok(Request { azure, call, caller, api_version, now })
    }

    pub(super) fn is(&self, method: &Method) -> bool {
        self.call.method == *method
    }

    /// The first `count` segments of the path as an id.
    pub(super) fn prefix(&self, count: usize) -> String {
        let segments = self.call.segments.get(..count).unwrap_or_default();
        if segments.is_empty() { "/".to_owned() } else { format!("/{}", segments.join("/")) }
    }

    /// The last segment of the path, in the letter case of the request.
    pub(super) fn last(&self) -> &str {
        self.call.segments.last().map(String::as_str).unwrap_or_default()
    }

    /// The subscription's id as its tenant writes it.
    pub(super) fn subscription(&self, id: &str) -> Result<String, ArmError> {
        let known =
            Uuid::try_parse(id).ok().filter(|id| self.azure.subscriptions.iter().any(|it| it.id == *id));
        known.map(|id| id.to_string()).ok_or_else(|| ArmError::SubscriptionNotFound(id.to_owned()))
    }

    /// Fails unless the caller may do `action` at `scope` and no lock stops it.
    pub(super) fn authorize(&self, action: &str, scope: &str) -> Result<(), ArmError> {
        self.authorize_with(action, &Attributes::default(), scope)
    }

    /// The same where a condition of the caller's role may ask for attributes of the request.
    pub(super) fn authorize_with(
        &self,
        action: &str,
        attributes: &Attributes,
        scope: &str,
    ) -> Result<(), ArmError> {
        if self.azure.allows_with(self.caller.object_id, Operation::Action(action), attributes, scope) {
            return locks::check(self, action, scope);
        }
        Err(ArmError::AuthorizationFailed {
            app_id: self.caller.app_id.clone(),
            object_id: self.caller.object_id.to_string(),
            action: action.to_owned(),
            scope: scope.to_owned(),
        })
    }

    /// Fails unless the caller may also do `action` at `scope`, another resource that the request names.
    pub(super) fn authorize_linked(&self, action: &str, scope: &str) -> Result<(), ArmError> {
        self.authorize(action, scope).map_err(|error| match error {
            ArmError::AuthorizationFailed { app_id, object_id, action, scope } => {
                ArmError::LinkedAuthorizationFailed { app_id, object_id, action, scope }
            }
            error => error,
        })
    }

    /// The body in the shape that the type asks for.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, ArmError> {
        self.call.json().map_err(|error| ArmError::InvalidRequestContent(error.to_string()))
    }

    /// A list, cut into pages; the next one is asked for by `$skiptoken`.
    pub(super) fn page(&self, elements: Vec<Value>) -> Reply {
        let number = |name| self.call.parameter(name).and_then(|text| text.parse::<usize>().ok());
        let configured = self.azure.faults.read(|faults| faults.page_size);
        let size = number("$top").or(configured).unwrap_or(PAGE).max(1);
        let start = number("$skiptoken").unwrap_or(0);
        let total = elements.len();
        let page: Vec<Value> = elements.into_iter().skip(start).take(size).collect();
        let next = start.saturating_add(page.len());
        let mut body = json!({ "value": page });
        // With `$top` a client asks for so many and no more; it is not led on.
        if next < total && number("$top").is_none() {
            body["nextLink"] = json!(self.next_link(next));
        }
        Reply::json(StatusCode::OK, &body)
    }

    fn next_link(&self, start: usize) -> String {
        let kept = self.call.query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("$skiptoken"));
        let query: Vec<String> =
            kept.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let environment = &self.azure.environment;
        let base = environment.url(&environment.management);
        format!("{base}{}?{}&%24skiptoken={start}", self.call.path, query.join("&"))
    }
}

/// A date, perhaps followed by a word: `2024-11-30`, `2025-01-31-preview`.
fn is_api_version(text: &str) -> bool {
    let (date, rest) = (text.get(..10).unwrap_or_default(), text.get(10..).unwrap_or("."));
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric());
    date.parse::<jiff::civil::Date>().is_ok()
        && (rest.is_empty() || rest.strip_prefix('-').is_some_and(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_dates() {
        for (text, expect) in [
            ("2024-11-30", true),
            ("2025-01-31-preview", true),
            ("2024-13-01", false),
            ("2024-11-30preview", false),
            ("2024-11-30-", false),
            ("7.4", false),
            ("", false),
        ] {
            assert_eq!(is_api_version(text), expect, "{text}");
        }
    }
}
