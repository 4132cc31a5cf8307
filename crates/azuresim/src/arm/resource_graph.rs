//! Azure Resource Graph: one query over all subscriptions, in the part of Kusto that inventories use.
//!
//! `Resources | where type =~ '…' and location in~ ('…') | project id, name, v = properties.x | order by id asc | limit n`

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Answer, ArmError, not_allowed, ok,
    path::{group_of, subscription_of},
    request::Request,
    resources,
};
use crate::rbac::Operation;

#[derive(Deserialize)]
struct Query {
    subscriptions: Option<Vec<String>>,
    query: String,
    #[serde(default)]
    options: Options,
}

#[derive(Default, Deserialize)]
struct Options {
    #[serde(rename = "$top")]
    top: Option<usize>,
    #[serde(rename = "$skip")]
    skip: Option<usize>,
    #[serde(rename = "$skipToken")]
    skip_token: Option<String>,
}

/// `POST /providers/Microsoft.ResourceGraph/resources`.
pub(super) fn query(request: &Request<'_>) -> Answer {
    if !request.is(&Method::POST) {
        return not_allowed(request, "Microsoft.ResourceGraph/resources");
    }
    let body: Query = request.body()?;
    let mut rows = visible(request, body.subscriptions.as_deref());
    for (index, stage) in split(&body.query, '|').into_iter().enumerate() {
        let (word, rest) = stage.split_once(char::is_whitespace).unwrap_or((stage, ""));
        match (index, word.to_ascii_lowercase().as_str()) {
            (0, "resources") if rest.trim().is_empty() => {}
            (0, table) => return Err(ArmError::InvalidQuery(format!("the table '{table}' is not served"))),
            (_, "where") => {
                let conditions = conditions(rest)?;
                rows.retain(|row| conditions.iter().all(|condition| condition.holds(row)));
            }
            (_, "project") => rows = rows.iter().map(|row| project(row, rest)).collect(),
            (_, "extend") => {
                for row in &mut rows {
                    let more = project(row, rest);
                    if let (Some(row), Value::Object(more)) = (row.as_object_mut(), more) {
                        row.extend(more);
                    }
                }
            }
            (_, "order" | "sort") => sort(&mut rows, rest)?,
            (_, "limit" | "take") => {
                let most = rest
                    .trim()
                    .parse()
                    .map_err(|_| ArmError::InvalidQuery(format!("'{stage}' has no number")))?;
                rows.truncate(most);
            }
            (_, "count") => rows = vec![json!({"Count": rows.len()})],
            (_, word) => return Err(ArmError::InvalidQuery(format!("the operator '{word}' is not served"))),
        }
    }
    answer(rows, &body.options)
}

fn answer(rows: Vec<Value>, options: &Options) -> Answer {
    let invalid = || ArmError::InvalidQuery("the $skipToken is not one of ours".into());
    let start = match &options.skip_token {
        Some(token) => token.parse().map_err(|_| invalid())?,
        None => options.skip.unwrap_or(0),
    };
    let total = rows.len();
    let size = options.top.unwrap_or(100).clamp(1, 1_000);
    let pageable = rows.iter().all(|row| row.get("id").is_some());
    let page: Vec<Value> = rows.into_iter().skip(start).take(size).collect();
    let next = start + page.len();
    let mut body = json!({
        "totalRecords": total, "count": page.len(), "data": page, "facets": [], "resultTruncated": "false",
    });
    if next < total {
        body["resultTruncated"] = json!(if pageable { "false" } else { "true" });
        // Pages can be followed only while every row has its id.
        if pageable {
            body["$skipToken"] = json!(next.to_string());
        }
    }
    ok(&body)
}

/// The resources that the caller may read, as rows.
fn visible(request: &Request<'_>, subscriptions: Option<&[String]>) -> Vec<Value> {
    let azure = request.azure;
    let wanted = |id: &str| {
        let own = subscription_of(id).and_then(|id| Uuid::try_parse(id).ok());
        subscriptions.is_none_or(|list| list.iter().any(|it| Uuid::try_parse(it).ok() == own))
    };
    let principals = azure.entra.directory().with_groups(request.caller.object_id);
    let documents: Vec<Value> = {
        let store = azure.arm.store(azure);
        store
            .all()
            .filter(|it| it.kind().is_some() && wanted(&it.id))
            .map(|it| resources::document(azure, it))
            .collect()
    };
    let rbac = azure.rbac();
    let may_read = |row: &Value| {
        let action = format!("{}/read", row["type"].as_str().unwrap_or_default());
        rbac.allows(
            &principals,
            Operation::Action(&action),
            row["id"].as_str().unwrap_or_default(),
            request.now,
        )
    };
    let mut rows: Vec<Value> = documents.into_iter().filter(may_read).collect();
    for row in &mut rows {
        let id = row["id"].as_str().unwrap_or_default().to_owned();
        // Resource Graph writes types in lower case.
        row["type"] = json!(row["type"].as_str().unwrap_or_default().to_ascii_lowercase());
        row["resourceGroup"] = json!(group_of(&id).unwrap_or_default().to_ascii_lowercase());
        row["subscriptionId"] = json!(subscription_of(&id).unwrap_or_default());
        row["tenantId"] = json!(azure.tenant_id.to_string());
    }
    rows
}

/// Parts between `separator`s that stand outside of quotes and brackets.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, letter) if letter == separator && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// One comparison of a column with texts.
struct Condition {
    path: String,
    operator: String,
    values: Vec<String>,
}

fn conditions(text: &str) -> Result<Vec<Condition>, ArmError> {
    let mut parts = vec![text];
    // `and` in any letter case joins; inside of quotes it is text, which is why words are looked at and not letters.
    while let Some(at) = parts.last().and_then(|last| position_of_and(last)) {
        let last = parts.pop().unwrap_or_default();
        parts.extend([&last[..at], &last[at + 3..]]);
    }
    parts.into_iter().map(condition).collect()
}

fn position_of_and(text: &str) -> Option<usize> {
    let mut quote = None;
    text.char_indices().find_map(|(at, letter)| {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            _ => {}
        }
        let word = text.get(at..at + 3).is_some_and(|word| word.eq_ignore_ascii_case("and"));
        let alone = text[..at].ends_with(char::is_whitespace)
            && text.get(at + 3..).is_some_and(|rest| rest.starts_with(char::is_whitespace));
        (quote.is_none() && word && alone).then_some(at)
    })
}

fn condition(text: &str) -> Result<Condition, ArmError> {
    const OPERATORS: [&str; 8] = ["=~", "==", "!~", "!=", "in~", "in", "contains", "startswith"];
    let invalid = || ArmError::InvalidQuery(format!("the condition '{}' is not understood", text.trim()));
    let text = text.trim();
    let end =
        text.find(|letter: char| letter.is_whitespace() || "=!".contains(letter)).ok_or_else(invalid)?;
    let rest = text[end..].trim_start();
    let operator = OPERATORS
        .into_iter()
        .find(|it| rest.get(..it.len()).is_some_and(|head| head.eq_ignore_ascii_case(it)));
    let operator = operator.ok_or_else(invalid)?;
    let operand = rest[operator.len()..].trim();
    let list = operand.strip_prefix('(').and_then(|list| list.strip_suffix(')'));
    let values: Vec<String> = split(list.unwrap_or(operand), ',')
        .into_iter()
        .map(|it| it.trim_matches(['\'', '"']).to_owned())
        .collect();
    if list.is_some() != operator.starts_with("in") || values.iter().any(String::is_empty) {
        return Err(invalid());
    }
    Ok(Condition { path: text[..end].to_owned(), operator: operator.to_owned(), values })
}

impl Condition {
    fn holds(&self, row: &Value) -> bool {
        let actual = match lookup(row, &self.path) {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let same = |value: &String| actual.eq_ignore_ascii_case(value);
        match self.operator.as_str() {
            "=~" | "in~" => self.values.iter().any(same),
            "==" | "in" => self.values.contains(&actual),
            "!~" => !self.values.iter().any(same),
            "!=" => !self.values.contains(&actual),
            "contains" => {
                self.values.iter().any(|it| actual.to_ascii_lowercase().contains(&it.to_ascii_lowercase()))
            }
            _ => {
                self.values.iter().any(|it| actual.to_ascii_lowercase().starts_with(&it.to_ascii_lowercase()))
            }
        }
    }
}

/// `properties.aadProfile.enableAzureRBAC`; conversions around a path are seen through, as values are compared as text.
fn lookup(row: &Value, path: &str) -> Value {
    let path = path.trim();
    let inner = path.split_once('(').filter(|(name, _)| ["tostring", "tolower", "tobool"].contains(name));
    let path = inner.map_or(path, |(_, rest)| rest.trim_end_matches(')'));
    let mut value = row;
    for key in path.split('.') {
        value = &value[key];
    }
    value.clone()
}

fn project(row: &Value, columns: &str) -> Value {
    let mut projected = Map::new();
    for column in split(columns, ',') {
        let (name, path) = match column.split_once('=') {
            Some((name, path)) => (name.trim().to_owned(), path.trim()),
            // A column made of a path is called by its parts joined with `_`.
            None => (column.replace('.', "_"), column),
        };
        projected.insert(name, lookup(row, path));
    }
    Value::Object(projected)
}

fn sort(rows: &mut [Value], text: &str) -> Result<(), ArmError> {
    let invalid = || ArmError::InvalidQuery(format!("the order '{text}' is not understood"));
    let columns = text.trim().strip_prefix("by").ok_or_else(invalid)?;
    // The last column is sorted by first: the sort is stable.
    for column in split(columns, ',').into_iter().rev() {
        let (path, direction) = column.split_once(char::is_whitespace).unwrap_or((column, "desc"));
        let key = |row: &Value| match lookup(row, path) {
            Value::String(text) => text.to_ascii_lowercase(),
            other => other.to_string(),
        };
        match direction.trim() {
            "asc" => rows.sort_by_cached_key(key),
            "desc" => rows.sort_by_cached_key(|row| std::cmp::Reverse(key(row))),
            _ => return Err(invalid()),
        }
    }
    Ok(())
}
