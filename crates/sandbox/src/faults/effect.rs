//! What a fault does, in types: its settings read once.

use std::time::Duration;

use http::{Method, StatusCode};

use super::{Fault, FaultError, FaultKind};

/// What a fault does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Something happens to requests.
    Wire(WireRule),
    /// The cloud behaves in another way.
    Azure(Knob),
    /// Something is done.
    Act(Act),
}

/// What happens to which requests.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WireRule {
    host: Option<String>,
    path: Option<String>,
    method: Option<Method>,
    /// How many of those requests it hits, from 0 to 1.
    pub(crate) rate: f64,
    /// How many requests it hits at most.
    pub(crate) times: Option<u64>,
    pub(crate) what: What,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Delay(Duration),
    Answer { status: StatusCode, body: Option<String>, retry_after: Option<String> },
    Throttle { retry_after: Option<String> },
    Cut,
    Slow { bytes_per_second: u32 },
}

/// A knob of the cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Knob {
    Limits,
    TokenLifetime(Duration),
    ClockSkew(i64),
    IssuerUnreachable(String),
    CredentialPropagation(Duration),
    RolePropagation(Duration),
    OperationDuration(Duration),
    VaultSettling(Duration),
}

/// Something that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    ExpireTokens,
    CloseVault { vault: Option<String> },
    StopCluster(String),
    RestartApiServer(String),
    RotateAuthority(String),
    RotateSigningKey { cluster: Option<String> },
}

impl Act {
    /// Whether it lasts until it is undone.
    pub(crate) fn lasts(&self) -> bool {
        matches!(self, Act::CloseVault { .. } | Act::StopCluster(_))
    }
}

impl WireRule {
    /// Whether a request is one of those that the rule is about.
    pub(crate) fn is_about(&self, host: &str, path: &str, method: &Method) -> bool {
        self.host.as_ref().is_none_or(|pattern| matches(pattern, host))
            && self.path.as_ref().is_none_or(|pattern| matches(&format!("{pattern}*"), path))
            && self.method.as_ref().is_none_or(|it| it == method)
    }
}

/// Whether `pattern`, in which `*` stands for any text, is the whole of `text`, letter case aside.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    gangplank_azuresim::rbac::wildcard_matches(pattern, text)
}

pub(super) fn of(fault: &Fault) -> Result<Effect, FaultError> {
    let text = |name: &str| fault.setting(name).map(str::to_owned);
    let delay = || span(fault, "delay");
    let cluster = || text("cluster").unwrap_or_default();
    let knob = |knob| Ok(Effect::Azure(knob));
    let act = |act| Ok(Effect::Act(act));
    let wire = |what| {
        Ok(Effect::Wire(WireRule {
            host: text("host").map(|host| host.to_ascii_lowercase()),
            path: text("path"),
            method: method(fault)?,
            rate: rate(fault)?,
            times: number(fault, "times")?,
            what,
        }))
    };
    match fault.kind() {
        FaultKind::Latency => wire(What::Delay(delay()?)),
        FaultKind::Error => wire(What::Answer {
            status: status(fault)?,
            body: text("body"),
            retry_after: retry_after(fault)?,
        }),
        FaultKind::Throttle => wire(What::Throttle { retry_after: retry_after(fault)? }),
        FaultKind::Cut => wire(What::Cut),
        FaultKind::SlowBody => {
            let bytes = number(fault, "bytes-per-second")?.and_then(|it| u32::try_from(it).ok());
            let bytes = bytes.filter(|bytes| *bytes > 0);
            let bytes = bytes.ok_or_else(|| wrong(fault, "bytes-per-second", "a number from 1 on"))?;
            wire(What::Slow { bytes_per_second: bytes })
        }
        FaultKind::Limits => knob(Knob::Limits),
        FaultKind::TokenLifetime => knob(Knob::TokenLifetime(delay()?)),
        FaultKind::ClockSkew => knob(Knob::ClockSkew(skew(fault)?)),
        FaultKind::IssuerUnreachable => {
            let reason = text("reason").unwrap_or_else(|| "connection timed out".to_owned());
            knob(Knob::IssuerUnreachable(reason))
        }
        FaultKind::CredentialPropagation => knob(Knob::CredentialPropagation(delay()?)),
        FaultKind::RolePropagation => knob(Knob::RolePropagation(delay()?)),
        FaultKind::OperationDuration => knob(Knob::OperationDuration(delay()?)),
        FaultKind::VaultSettling => knob(Knob::VaultSettling(delay()?)),
        FaultKind::ExpiredTokens => act(Act::ExpireTokens),
        FaultKind::VaultFirewall => act(Act::CloseVault { vault: text("vault") }),
        FaultKind::ClusterStopped => act(Act::StopCluster(cluster())),
        FaultKind::ApiServerRestart => act(Act::RestartApiServer(cluster())),
        FaultKind::CaRotation => act(Act::RotateAuthority(cluster())),
        FaultKind::SigningKeyRotation => act(Act::RotateSigningKey { cluster: text("cluster") }),
    }
}

fn wrong(fault: &Fault, setting: &str, expected: &'static str) -> FaultError {
    let value = fault.setting(setting).unwrap_or_default().to_owned();
    FaultError::Value { setting: setting.to_owned(), value, expected }
}

/// `500ms`, `2s`, `10m`, `1h`.
fn span(fault: &Fault, name: &str) -> Result<Duration, FaultError> {
    let text = fault.setting(name).unwrap_or_default();
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let number: Option<u64> = text[..end].parse().ok();
    let milliseconds = match &text[end..] {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let whole = number.zip(milliseconds).and_then(|(number, unit)| number.checked_mul(unit));
    // A year is more than anybody waits, and keeps every sum of times within bounds.
    let whole = whole.filter(|it| *it <= 365 * 24 * 3_600_000);
    whole.map(Duration::from_millis).ok_or_else(|| wrong(fault, name, "a time, as 500ms, 2s, 10m or 1h"))
}

fn number(fault: &Fault, name: &str) -> Result<Option<u64>, FaultError> {
    let read = |text: &str| text.parse().map_err(|_| wrong(fault, name, "a whole number"));
    fault.setting(name).map(read).transpose()
}

fn rate(fault: &Fault) -> Result<f64, FaultError> {
    let Some(text) = fault.setting("rate") else { return Ok(1.0) };
    let rate = text.parse::<f64>().ok().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| wrong(fault, "rate", "a number from 0 to 1"))
}

fn method(fault: &Fault) -> Result<Option<Method>, FaultError> {
    let read = |text: &str| {
        Method::from_bytes(text.to_ascii_uppercase().as_bytes())
            .map_err(|_| wrong(fault, "method", "a method of HTTP, as GET"))
    };
    fault.setting("method").map(read).transpose()
}

fn status(fault: &Fault) -> Result<StatusCode, FaultError> {
    let code = number(fault, "status")?.and_then(|it| u16::try_from(it).ok());
    let status = code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.filter(|status| status.is_client_error() || status.is_server_error());
    status.ok_or_else(|| wrong(fault, "status", "a status from 400 to 599"))
}

fn retry_after(fault: &Fault) -> Result<Option<String>, FaultError> {
    Ok(number(fault, "retry-after")?.map(|seconds| seconds.to_string()))
}

fn skew(fault: &Fault) -> Result<i64, FaultError> {
    let seconds = fault.setting("seconds").and_then(|text| text.parse::<i64>().ok());
    // Ten years either way.
    let seconds = seconds.filter(|seconds| seconds.unsigned_abs() <= 315_360_000);
    seconds.ok_or_else(|| wrong(fault, "seconds", "a whole number of seconds"))
}
