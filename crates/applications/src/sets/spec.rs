//! `spec` of an ApplicationSet, as far as it is read; the rest is kept, so that it can be refused by name.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SetSpec {
    pub(crate) go_template: bool,
    pub(crate) go_template_options: Vec<String>,
    pub(crate) generators: Vec<Generator>,
    pub(crate) template: Value,
    pub(crate) sync_policy: SetSyncPolicy,
    pub(crate) strategy: Option<Value>,
    pub(crate) template_patch: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SetSyncPolicy {
    pub(crate) preserve_resources_on_deletion: bool,
    pub(crate) applications_sync: String,
}

impl SetSyncPolicy {
    pub(crate) fn may_update(&self) -> bool {
        !matches!(self.applications_sync.as_str(), "create-only" | "create-delete")
    }

    pub(crate) fn may_delete(&self) -> bool {
        !matches!(self.applications_sync.as_str(), "create-only" | "create-update")
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Generator {
    pub(crate) clusters: Option<ClustersGenerator>,
    pub(crate) list: Option<ListGenerator>,
    pub(crate) git: Option<GitGenerator>,
    #[serde(flatten)]
    pub(crate) others: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct ClustersGenerator {
    pub(crate) selector: Selector,
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) template: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct ListGenerator {
    pub(crate) elements: Vec<Value>,
    pub(crate) template: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct GitGenerator {
    #[serde(rename = "repoURL")]
    pub(crate) repo_url: String,
    pub(crate) revision: String,
    pub(crate) directories: Vec<GitDirectory>,
    pub(crate) files: Vec<Value>,
    pub(crate) values: BTreeMap<String, String>,
    pub(crate) template: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct GitDirectory {
    pub(crate) path: String,
    pub(crate) exclude: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Selector {
    pub(crate) match_labels: BTreeMap<String, String>,
    pub(crate) match_expressions: Vec<Requirement>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Requirement {
    pub(crate) key: String,
    pub(crate) operator: String,
    pub(crate) values: Vec<String>,
}

impl Selector {
    pub(crate) fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    pub(crate) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let expression = |requirement: &Requirement| {
            let value = labels.get(&requirement.key);
            match requirement.operator.as_str() {
                "In" => value.is_some_and(|value| requirement.values.contains(value)),
                "NotIn" => value.is_none_or(|value| !requirement.values.contains(value)),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        };
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(expression)
    }
}

impl SetSpec {
    /// Says what is not done with this ApplicationSet; the text names the field.
    pub(crate) fn unsupported(&self) -> Option<String> {
        let other = self.generators.iter().flat_map(|generator| generator.others.keys()).next();
        if let Some(other) = other {
            return Some(format!(
                "spec.generators: {other} is not supported by gangplank; use clusters, list, or git directories"
            ));
        }
        if self
            .generators
            .iter()
            .any(|generator| generator.git.as_ref().is_some_and(|git| !git.files.is_empty()))
        {
            return Some(
                "spec.generators: git files are not supported by gangplank; use git directories".to_owned(),
            );
        }
        if self.template_patch.is_some() {
            return Some("spec.templatePatch is not supported by gangplank".to_owned());
        }
        let progressive =
            self.strategy.as_ref().and_then(|strategy| strategy.get("type")).and_then(Value::as_str);
        (progressive == Some("RollingSync"))
            .then(|| "spec.strategy RollingSync is not supported by gangplank".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_match_as_kubernetes_does() {
        let labels = BTreeMap::from([("env".to_owned(), "prd".to_owned())]);
        for (selector, expect) in [
            (json!({}), true),
            (json!({"matchLabels": {"env": "prd"}}), true),
            (json!({"matchLabels": {"env": "dev"}}), false),
            (json!({"matchExpressions": [{"key": "env", "operator": "In", "values": ["dev", "prd"]}]}), true),
            (json!({"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prd"]}]}), false),
            (json!({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}), true),
            (json!({"matchExpressions": [{"key": "zone", "operator": "Exists"}]}), false),
            (json!({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}), true),
            (json!({"matchExpressions": [{"key": "env", "operator": "Rubbish"}]}), false),
        ] {
            let parsed: Selector = serde_json::from_value(selector.clone()).unwrap();
            assert_eq!(parsed.matches(&labels), expect, "{selector}");
        }
    }

    #[test]
    fn what_is_not_done_is_named() {
        for (spec, expect) in [
            (json!({"generators": [{"matrix": {}}]}), Some("matrix")),
            (json!({"generators": [{"git": {"files": [{}]}}]}), Some("git files")),
            (json!({"generators": [{"clusters": {}}, {"list": {"elements": []}}]}), None),
            (json!({"strategy": {"type": "RollingSync"}}), Some("RollingSync")),
        ] {
            let spec: SetSpec = serde_json::from_value(spec).unwrap();
            match (spec.unsupported(), expect) {
                (None, None) => {}
                (Some(text), Some(expect)) => assert!(text.contains(expect), "{text}"),
                (got, expect) => panic!("{got:?}, not {expect:?}"),
            }
        }
    }
}
