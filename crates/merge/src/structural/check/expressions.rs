//! The expressions of rules: they must parse, have the right types, and be about what there is.

use serde_json::Value;

use super::costs::{self, Costs};
use super::{FieldError, Reason, flag, inner, list, properties, text};
use crate::cel::{self, Extent, Scope, Ty};
use crate::go_text;
use crate::structural::{Node, read};

/// The errors of all rules of a schema.
pub(super) fn check(schema: &Value, path: &str) -> Vec<FieldError> {
    let mut root = read::node(schema, 0);
    root.resource = true;
    let mut checker = Checker::default();
    checker.visit(schema, &root, path, Around { uncorrelated: None, often: Some(1) });
    checker.errors.extend(checker.costs.errors(path));
    checker.errors
}

/// What stands around a schema.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// The place above which values can't be told to be those of before.
    uncorrelated: Option<&'a str>,
    /// How often values of the schema can stand in an object, where it is said.
    often: Option<u64>,
}

#[derive(Default)]
struct Checker {
    errors: Vec<FieldError>,
    costs: Costs,
}

impl Checker {
    fn visit(&mut self, schema: &Value, node: &Node, path: &str, around: Around<'_>) {
        let rules = list(schema, "x-kubernetes-validations");
        if !rules.is_empty()
            && let Some(extent) = costs::extent(node)
        {
            for (index, rule) in rules.iter().enumerate() {
                let place = format!("{path}.x-kubernetes-validations[{index}]");
                self.of_rule(rule, node, &place, around, &extent);
            }
        }
        let often = around.often.zip(costs::factor(node)).map(|(often, factor)| often.saturating_mul(factor));
        let around = Around { often, ..around };
        if let (Some(additional), Some(super::super::Additional::Schema(inner))) =
            (inner(schema, "additionalProperties"), &node.additional)
        {
            self.visit(additional, inner, &format!("{path}.additionalProperties"), around);
        }
        for (name, property) in properties(schema) {
            if let Some(inner) = node.properties.get(name.as_str()) {
                self.visit(property, inner, &format!("{path}.properties[{name}]"), around);
            }
        }
        if let (Some(items), Some(inner)) = (inner(schema, "items"), &node.items) {
            let map = text(schema, "x-kubernetes-list-type") == "map";
            let uncorrelated = if map { around.uncorrelated } else { around.uncorrelated.or(Some(path)) };
            self.visit(items, inner, &format!("{path}.items"), Around { uncorrelated, ..around });
        }
    }

    fn of_rule(&mut self, rule: &Value, node: &Node, place: &str, around: Around<'_>, extent: &Extent) {
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
        let rule_place = format!("{place}.rule");
        match compiled(text(rule, "rule")) {
            Err(message) => self.refuse(rule, &rule_place, format!("compilation failed: {message}")),
            Ok((_, ty)) if !matches!(ty, Ty::Bool) => {
                self.refuse(rule, &rule_place, "cel expression must evaluate to a bool".to_owned());
            }
            Ok((expr, _)) => {
                uses_old = expr.uses("oldSelf");
                let cost = cel::estimate(&expr, scope(), extent).max;
                let cost = cost.saturating_mul(costs::often(around.often, extent));
                self.errors.extend(self.costs.count(&rule_place, "rule", cost));
            }
        }
        let message = text(rule, "messageExpression");
        if !message.trim().is_empty() {
            let message_place = format!("{place}.messageExpression");
            match compiled(message) {
                Err(error) => {
                    let detail = format!("messageExpression compilation failed: {error}");
                    self.refuse(rule, &message_place, detail);
                }
                Ok((_, ty)) if !matches!(ty, Ty::Text) => {
                    let detail = "messageExpression must evaluate to a string".to_owned();
                    self.refuse(rule, &message_place, detail);
                }
                Ok((expr, _)) => {
                    let cost = cel::estimate(&expr, scope(), extent).max;
                    self.errors.extend(self.costs.count(&message_place, "messageExpression", cost));
                }
            }
        }
        if let (true, Some(above)) = (uses_old, around.uncorrelated) {
            let detail =
                format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {above}");
            let given = Value::from(text(rule, "rule"));
            self.errors.push(FieldError::new(Reason::Invalid, rule_place, &given, detail));
        }
        if !uses_old && let Some(set) = rule.get("optionalOldSelf").filter(|set| set.is_boolean()) {
            let detail = "may not be set if oldSelf is not used in rule";
            let place = format!("{place}.optionalOldSelf");
            self.errors.push(FieldError::new(Reason::Invalid, place, set, detail));
        }
    }

    fn refuse(&mut self, rule: &Value, place: &str, detail: String) {
        let error = FieldError::bare(Reason::Invalid, place, detail);
        self.errors.push(FieldError { shown: Some(dump(rule)), ..error });
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
