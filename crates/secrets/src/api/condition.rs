//! The condition that both stores and ExternalSecrets carry.

use serde::{Deserialize, Serialize};

/// A condition of an object's status. Only `Ready` is ever stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// `Ready`.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True` or `False`.
    pub status: String,
    /// One word for machines.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// When `status` last changed; not when the others did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<String>,
}

impl Condition {
    /// The `Ready` condition that follows `previous` at `now` (RFC 3339, seconds).
    pub fn ready(previous: &[Condition], now: &str, ready: bool, reason: &str, message: &str) -> Self {
        let status = if ready { "True" } else { "False" };
        let since = previous
            .iter()
            .find(|condition| condition.type_ == "Ready" && condition.status == status)
            .and_then(|condition| condition.last_transition_time.clone());
        Self {
            type_: "Ready".to_owned(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: message.to_owned(),
            last_transition_time: Some(since.unwrap_or_else(|| now.to_owned())),
        }
    }

    /// Whether these conditions say Ready.
    pub fn is_ready(conditions: &[Condition]) -> bool {
        conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
    }
}
