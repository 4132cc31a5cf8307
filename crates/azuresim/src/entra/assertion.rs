//! Which federated credential an assertion matches, as a pure function.

use gangplank_pki::Token;
use jiff::Timestamp;
use serde_json::Value;

use super::{directory::Federated, error::EntraError};

/// How far the clocks of an issuer and of Entra may be apart.
const TOLERANCE_SECONDS: i64 = 300;

/// The credential that has the assertion's issuer, subject and audience, all three exactly.
///
/// The order of the checks decides which code is answered: issuer, then subject, then audience.
pub(super) fn matching<'a>(
    credentials: &'a [Federated],
    assertion: &Token,
    now: Timestamp,
) -> Result<&'a Federated, EntraError> {
    let (issuer, subject) = (assertion.text("iss"), assertion.text("sub"));
    let effective: Vec<&Federated> = credentials.iter().filter(|it| it.is_effective(now)).collect();
    let is_match = |it: &&Federated| {
        it.issuer == issuer && it.subject == subject && assertion.has_audience(&it.audience)
    };
    if let Some(found) = effective.iter().copied().find(|it| is_match(it)) {
        return Ok(found);
    }
    // One that exists and has not propagated, or none at all: the answer names no single value.
    let pending = credentials.iter().filter(|it| it.effective_from > now).any(|it| is_match(&it));
    if pending || effective.is_empty() {
        return Err(EntraError::NoCredential {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            audience: audience_text(assertion),
        });
    }
    let of_issuer: Vec<&Federated> = effective.iter().copied().filter(|it| it.issuer == issuer).collect();
    if of_issuer.is_empty() {
        let issuer = issuer.to_owned();
        return Err(match effective.iter().any(|it| it.issuer.eq_ignore_ascii_case(&issuer)) {
            true => EntraError::IssuerCase(issuer),
            false => EntraError::Issuer(issuer),
        });
    }
    if !of_issuer.iter().any(|it| it.subject == subject) {
        let subject = subject.to_owned();
        return Err(match of_issuer.iter().any(|it| it.subject.eq_ignore_ascii_case(&subject)) {
            true => EntraError::SubjectCase(subject),
            false => EntraError::Subject(subject),
        });
    }
    Err(EntraError::Audience(audience_text(assertion)))
}

/// Whether the assertion is valid at `now`, a small difference of clocks allowed.
pub(super) fn check_times(assertion: &Token, now: Timestamp) -> Result<(), EntraError> {
    let seconds = now.as_second();
    let expires = assertion.seconds("exp");
    let not_before = assertion.seconds("nbf").or_else(|| assertion.seconds("iat"));
    let begun = not_before.is_none_or(|time| time <= seconds.saturating_add(TOLERANCE_SECONDS));
    // An assertion without an end is never valid.
    let ended = expires.is_none_or(|time| time.saturating_add(TOLERANCE_SECONDS) <= seconds);
    if begun && !ended {
        return Ok(());
    }
    let show = |time: Option<i64>| {
        time.and_then(|time| Timestamp::from_second(time).ok())
            .map_or("never".to_owned(), |time| time.to_string())
    };
    Err(EntraError::AssertionTime { now, not_before: show(not_before), expires: show(expires) })
}

fn audience_text(assertion: &Token) -> String {
    match assertion.claims.get("aud") {
        Some(Value::String(audience)) => audience.clone(),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}
