//! The hash that generated names end with.

use sha2::{Digest, Sha256};

use crate::problem::Problem;
use crate::resource::Resource;
use crate::tree::{self, Node};

/// The first ten hexadecimal digits of a SHA-256, with those replaced that could spell something.
fn encoded(data: &str) -> String {
    let digest = hex::encode(Sha256::digest(data.as_bytes()));
    digest
        .chars()
        .take(10)
        .map(|digit| match digit {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect()
}

/// The hash of a ConfigMap's or a Secret's data. Labels, annotations and the name do not count.
pub(crate) fn of(resource: &Resource) -> Result<String, Problem> {
    let Some(node) = &resource.node else { return Ok(encoded("")) };
    let member = |field: &str, missing_counts: bool| -> Result<Option<String>, Problem> {
        let mut json = format!("\"{field}\":");
        match node.get(field) {
            Some(Node::Scalar(scalar)) if !node.get(field).is_some_and(Node::is_null) => {
                tree::go_json_string(&scalar.text, &mut json);
                Ok(missing_counts.then_some(json))
            }
            Some(value) if value.is_null() => {
                tree::go_json_string(value.text_or_empty(), &mut json);
                Ok(missing_counts.then_some(json))
            }
            Some(value) => {
                tree::check(value)?;
                tree::go_json(value, &mut json);
                Ok(Some(json))
            }
            None => {
                json.push_str("\"\"");
                Ok(missing_counts.then_some(json))
            }
        }
    };
    // Members in the order of their names. The name is always empty: Kustomize looks for it in a field called
    // "metadata/name".
    let members = match resource.kind() {
        "ConfigMap" => vec![
            member("binaryData", false)?,
            member("data", true)?,
            Some("\"kind\":\"ConfigMap\",\"name\":\"\"".to_owned()),
        ],
        "Secret" => vec![
            member("data", true)?,
            Some("\"kind\":\"Secret\",\"name\":\"\"".to_owned()),
            member("stringData", false)?,
            member("type", true)?,
        ],
        _ => {
            tree::check(node)?;
            let mut json = String::new();
            tree::go_json(node, &mut json);
            return Ok(encoded(&json));
        }
    };
    let members: Vec<String> = members.into_iter().flatten().collect();
    Ok(encoded(&format!("{{{}}}", members.join(","))))
}
