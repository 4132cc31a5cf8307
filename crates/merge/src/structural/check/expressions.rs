//! The expressions of rules: they must parse, have the right types, and be about what there is.

use serde_json::Value;

use super::{FieldError, Reason, flag, inner, list, properties, text};
use crate::cel::{self, Scope, Ty};
use crate::go_text;
use crate::structural::{Node, read};

/// The errors of all rules of a schema.
pub(super) fn check(schema: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut root = read::node(schema, 0);
    root.resource = true;
    visit(schema, &root, path, None, &mut errors);
    errors
}

/// `uncorrelated` is the place above which values can't be told to be those of before.
fn visit(schema: &Value, node: &Node, path: &str, uncorrelated: Option<&str>, errors: &mut Vec<FieldError>) {
    for (index, rule) in list(schema, "x-kubernetes-validations").iter().enumerate() {
        let place = format!("{path}.x-kubernetes-validations[{index}]");
        of_rule(rule, node, &place, uncorrelated, errors);
    }
    if let (Some(additional), Some(super::super::Additional::Schema(inner))) =
        (inner(schema, "additionalProperties"), &node.additional)
    {
        visit(additional, inner, &format!("{path}.additionalProperties"), uncorrelated, errors);
    }
    for (name, property) in properties(schema) {
        if let Some(inner) = node.properties.get(name.as_str()) {
            visit(property, inner, &format!("{path}.properties[{name}]"), uncorrelated, errors);
        }
    }
    if let (Some(items), Some(inner)) = (inner(schema, "items"), &node.items) {
        let map = text(schema, "x-kubernetes-list-type") == "map";
        let uncorrelated = if map { uncorrelated } else { uncorrelated.or(Some(path)) };
        visit(items, inner, &format!("{path}.items"), uncorrelated, errors);
    }
}

fn of_rule(rule: &Value, node: &Node, place: &str, uncorrelated: Option<&str>, errors: &mut Vec<FieldError>) {
    let dumped = dump(rule);
    let mut refuse = |name: &str, detail: String| {
        let error = FieldError::bare(Reason::Invalid, format!("{place}.{name}"), detail);
        errors.push(FieldError { shown: Some(dumped.clone()), ..error });
    };
    let optional_old = flag(rule, "optionalOldSelf");
    let scope = || {
        let old = if optional_old { Ty::Optional(Box::new(node.ty())) } else { node.ty() };
        Scope::new(&[("self", node.ty()), ("oldSelf", old)])
    };
    let compiled = |text: &str| {
        let expr = cel::parse(text).map_err(|issues| cel::shown(&issues, text))?;
        let ty = cel::check(&expr, scope()).map_err(|issues| cel::shown(&issues, text))?;
        Ok::<_, String>((expr, ty))
    };
    let mut uses_old = false;
    match compiled(text(rule, "rule")) {
        Err(message) => refuse("rule", format!("compilation failed: {message}")),
        Ok((_, ty)) if !matches!(ty, Ty::Bool) => {
            refuse("rule", "cel expression must evaluate to a bool".to_owned());
        }
        Ok((expr, _)) => uses_old = expr.uses("oldSelf"),
    }
    let message = text(rule, "messageExpression");
    if !message.trim().is_empty() {
        match compiled(message) {
            Err(message) => {
                refuse("messageExpression", format!("messageExpression compilation failed: {message}"))
            }
            Ok((_, ty)) if !matches!(ty, Ty::Text) => {
                refuse("messageExpression", "messageExpression must evaluate to a string".to_owned());
            }
            Ok(_) => {}
        }
    }
    if let (true, Some(above)) = (uses_old, uncorrelated) {
        let detail =
            format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {above}");
        let given = Value::from(text(rule, "rule"));
        errors.push(FieldError::new(Reason::Invalid, format!("{place}.rule"), &given, detail));
    }
    if !uses_old && let Some(set) = rule.get("optionalOldSelf").filter(|set| set.is_boolean()) {
        let detail = "may not be set if oldSelf is not used in rule";
        errors.push(FieldError::new(Reason::Invalid, format!("{place}.optionalOldSelf"), set, detail));
    }
}

/// A rule as the real server shows it: the members of its struct in their order.
fn dump(rule: &Value) -> String {
    let json = |value: Value| go_text::json(&value);
    let text = |name: &str| json(Value::from(text(rule, name)));
    let optional = |name: &str| json(rule.get(name).cloned().unwrap_or(Value::Null));
    format!(
        "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\"OptionalOldSelf\":{}}}",
        text("rule"),
        text("message"),
        text("messageExpression"),
        optional("reason"),
        text("fieldPath"),
        optional("optionalOldSelf")
    )
}
