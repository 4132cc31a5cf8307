//! SecretStore and ClusterSecretStore: where secrets are, and how to log in there.

use super::condition::Condition;
use super::duration::{GoDuration, GoDurationError};
use super::or_default;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Which of the two kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum StoreKind {
    /// In one namespace.
    #[default]
    #[serde(alias = "")]
    SecretStore,
    /// For all namespaces.
    ClusterSecretStore,
}

impl StoreKind {
    /// The kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecretStore => super::SECRET_STORE,
            Self::ClusterSecretStore => super::CLUSTER_SECRET_STORE,
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `spec` of a store.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct StoreSpec {
    /// Class of the controller that serves it; empty is any.
    #[serde(deserialize_with = "or_default")]
    pub controller: String,
    /// The provider: a map with one member.
    #[serde(deserialize_with = "or_default")]
    pub provider: BTreeMap<String, Value>,
    /// How often it is checked: seconds, or a Go duration.
    pub refresh_interval: Option<Interval>,
    /// Which namespaces may use a ClusterSecretStore.
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<StoreCondition>,
}

/// Seconds, or a Go duration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Interval {
    /// Seconds.
    Seconds(i64),
    /// A Go duration.
    Text(String),
}

impl Interval {
    /// The interval; `None` where the controller's own holds.
    pub fn read(&self) -> Result<Option<Duration>, GoDurationError> {
        let interval = match self {
            Self::Seconds(seconds) => Duration::from_secs(
                u64::try_from(*seconds).map_err(|_| GoDurationError { text: seconds.to_string() })?,
            ),
            Self::Text(text) => text.parse::<GoDuration>()?.0,
        };
        Ok(Some(interval).filter(|interval| !interval.is_zero()))
    }
}

/// Who may use a ClusterSecretStore: the members are alternatives.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct StoreCondition {
    /// By labels of the namespace.
    pub namespace_selector: Option<Selector>,
    /// By name.
    #[serde(deserialize_with = "or_default")]
    pub namespaces: Vec<String>,
    /// By regular expressions, unanchored.
    #[serde(deserialize_with = "or_default")]
    pub namespace_regexes: Vec<String>,
}

/// A label selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Selector {
    /// Labels that must be equal.
    #[serde(deserialize_with = "or_default")]
    pub match_labels: BTreeMap<String, String>,
    /// Further requirements.
    #[serde(deserialize_with = "or_default")]
    pub match_expressions: Vec<Requirement>,
}

/// One requirement of a label selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// The values of the first two.
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<String>,
}

impl Selector {
    /// Whether labels fit; an empty selector fits all. An unknown operator fits nothing.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let equal = self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value));
        equal
            && self.match_expressions.iter().all(|requirement| {
                let label = labels.get(&requirement.key);
                match requirement.operator.as_str() {
                    "In" => label.is_some_and(|label| requirement.values.contains(label)),
                    "NotIn" => label.is_none_or(|label| !requirement.values.contains(label)),
                    "Exists" => label.is_some(),
                    "DoesNotExist" => label.is_none(),
                    _ => false,
                }
            })
    }
}

/// A key of a Secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SecretKeyRef {
    /// The Secret's name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its namespace; counts for a ClusterSecretStore only.
    #[serde(deserialize_with = "or_default")]
    pub namespace: String,
    /// The key.
    #[serde(deserialize_with = "or_default")]
    pub key: String,
}

/// A ServiceAccount whose token is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ServiceAccountRef {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its namespace; counts for a ClusterSecretStore only.
    #[serde(deserialize_with = "or_default")]
    pub namespace: String,
    /// Audiences beside the provider's own.
    #[serde(deserialize_with = "or_default")]
    pub audiences: Vec<String>,
}

/// `status` of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreStatus {
    /// Ready or not.
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
    /// What the provider can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_match_as_kubernetes_does() {
        let labels = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        let check = |selector: Value, expect: bool| {
            let selector: Selector = serde_json::from_value(selector).unwrap();
            assert_eq!(selector.matches(&labels), expect, "{selector:?}");
        };
        let expression = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        check(json!({}), true);
        check(json!({"matchLabels": {"a": "1"}}), true);
        check(json!({"matchLabels": {"a": "2"}}), false);
        check(expression("a", "In", &["1", "2"]), true);
        check(expression("b", "In", &["1"]), false);
        check(expression("b", "NotIn", &["1"]), true);
        check(expression("a", "NotIn", &["1"]), false);
        check(expression("a", "Exists", &[]), true);
        check(expression("a", "DoesNotExist", &[]), false);
        check(expression("a", "Gt", &["0"]), false);
    }

    #[test]
    fn intervals_are_seconds_or_durations() {
        let check = |value: Value, expect: Result<Option<u64>, &str>| {
            let interval: Interval = serde_json::from_value(value).unwrap();
            let read = interval.read().map(|interval| interval.map(|interval| interval.as_secs()));
            assert_eq!(read.map_err(|error| error.text), expect.map_err(str::to_owned));
        };
        check(json!(30), Ok(Some(30)));
        check(json!(0), Ok(None));
        check(json!("1m"), Ok(Some(60)));
        check(json!(-1), Err("-1"));
        check(json!("soon"), Err("soon"));
    }
}
