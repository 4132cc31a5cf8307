//! `x-kubernetes-validations`: rules in the expression language, at any place of a schema.
//!
//! A rule is about the value at its place (`self`) and, on an update, what was there before (`oldSelf`). Where a value has
//! not changed, a rule that fails is let through with a warning, so that tightened definitions don't lock up objects.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde_json::Value;

use super::{Additional, FieldError, ListKind, Node, Reason};
use crate::cel::{self, Budget, Declared, Expr, Patterns, Shape, Ty, Val, Variables};

/// Steps that all rules of an object may take together.
const OBJECT_BUDGET: u64 = 10_000_000;
/// Steps that one rule may take.
const RULE_BUDGET: u64 = 1_000_000;

/// A rule. What can't be parsed is never stored, so it is passed over.
#[derive(Debug)]
pub(super) struct Rule {
    expr: Option<Expr>,
    uses_old: bool,
    old_is_optional: bool,
    message: Option<Expr>,
    /// What to say where the message expression says nothing.
    words: String,
    /// How the rule itself is named where it fails to be evaluated.
    named: String,
    reason: Reason,
    field: String,
    patterns: Patterns,
}

impl Rule {
    pub(super) fn read(rule: &Value) -> Self {
        let text = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or("").trim();
        let expr = cel::parse(text("rule")).ok();
        let words = match text("message") {
            "" => format!("failed rule: {}", text("rule")),
            message => message.to_owned(),
        };
        let named = if text("message").is_empty() { text("rule") } else { text("message") };
        Self {
            uses_old: expr.as_ref().is_some_and(|expr| expr.uses("oldSelf")),
            expr,
            old_is_optional: rule.get("optionalOldSelf") == Some(&Value::Bool(true)),
            message: Some(text("messageExpression"))
                .filter(|text| !text.is_empty())
                .and_then(|text| cel::parse(text).ok()),
            words,
            named: named.to_owned(),
            reason: match text("reason") {
                "FieldValueRequired" => Reason::Required,
                "FieldValueForbidden" => Reason::Forbidden,
                "FieldValueDuplicate" => Reason::Duplicate,
                _ => Reason::Invalid,
            },
            field: text("fieldPath").to_owned(),
            patterns: Patterns::default(),
        }
    }
}

/// Whether there is any rule in a schema.
pub(super) fn has_rules(node: &Node) -> bool {
    !node.rules.is_empty()
        || node.properties.values().any(has_rules)
        || node.items.as_deref().is_some_and(has_rules)
        || matches!(&node.additional, Some(Additional::Schema(inner)) if has_rules(inner))
}

/// What rules have to say of an object: errors, and what was let through because nothing has changed.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) errors: Vec<FieldError>,
    pub(super) warnings: Vec<String>,
}

/// Applies all rules of a schema.
pub(super) fn validate(root: &Node, object: &Value, old: Option<&Value>) -> Findings {
    let mut findings = Findings::default();
    let mut budget = Budget { left: OBJECT_BUDGET };
    let unchanged = old == Some(object);
    visit(root, object, old, unchanged, "", &mut budget, &mut findings);
    findings
}

/// Whether errors found before make rules pointless: they rely on types and on what is required.
pub(super) fn blocked(errors: &[FieldError]) -> Option<FieldError> {
    let blocking = |error: &FieldError| {
        matches!(
            error.reason,
            Reason::NotSupported | Reason::Required | Reason::TooLong | Reason::TooMany | Reason::TypeInvalid
        )
    };
    let detail = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
    errors.iter().any(blocking).then(|| FieldError::new(Reason::Invalid, "", &Value::Null, detail))
}

fn visit(
    node: &Node,
    value: &Value,
    old: Option<&Value>,
    unchanged: bool,
    path: &str,
    budget: &mut Budget,
    findings: &mut Findings,
) {
    if value.is_null() {
        return;
    }
    let old = old.filter(|old| !old.is_null());
    for rule in &node.rules {
        apply(node, rule, value, old, unchanged, path, budget, findings);
    }
    match value {
        Value::Array(elements) => {
            let Some(items) = &node.items else { return };
            let before = old.and_then(Value::as_array);
            for (index, element) in elements.iter().enumerate() {
                let old = before.and_then(|before| correlated(node, before, element));
                let unchanged = old.map_or(unchanged, |old| old == element);
                visit(items, element, old, unchanged, &format!("{path}[{index}]"), budget, findings);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let inner = match (node.properties.get(key.as_str()), &node.additional) {
                    (Some(property), _) => {
                        Some((property, if path.is_empty() { key.clone() } else { format!("{path}.{key}") }))
                    }
                    (None, Some(Additional::Schema(inner))) => {
                        Some((inner.as_ref(), format!("{path}[{key}]")))
                    }
                    (None, _) => None,
                };
                if let Some((inner, path)) = inner {
                    let old = old.and_then(|old| old.get(key));
                    let unchanged = old.map_or(unchanged, |old| old == member);
                    visit(inner, member, old, unchanged, &path, budget, findings);
                }
            }
        }
        _ => {}
    }
}

/// The element of the old list that an element takes the place of: only maps by key tell.
fn correlated<'v>(node: &Node, before: &'v [Value], element: &Value) -> Option<&'v Value> {
    let ListKind::Map(keys) = &node.list else { return None };
    before.iter().find(|old| keys.iter().all(|key| old.get(key.as_ref()) == element.get(key.as_ref())))
}

#[expect(clippy::too_many_arguments, reason = "the place, the values and the accounts of one rule")]
fn apply(
    node: &Node,
    rule: &Rule,
    value: &Value,
    old: Option<&Value>,
    unchanged: bool,
    path: &str,
    budget: &mut Budget,
    findings: &mut Findings,
) {
    let Some(expr) = &rule.expr else { return };
    // What was is only to be asked where there was something.
    if rule.uses_old && old.is_none() && !rule.old_is_optional {
        return;
    }
    let mut fail = |detail: String| {
        let shown = Value::from(node.type_name());
        findings.errors.push(FieldError::new(Reason::Invalid, path, &shown, detail));
    };
    if budget.left == 0 {
        return fail(
            "validation failed due to running out of cost budget, no further validation rules will be run"
                .to_owned(),
        );
    }
    let old_value = old.map(|old| Val::of_json(old, Some(node as &dyn Shape)));
    let mut variables = vec![("self", Val::of_json(value, Some(node as &dyn Shape)))];
    if rule.old_is_optional {
        variables.push(("oldSelf", Val::Optional(old_value.map(Into::into))));
    } else if let Some(old) = old_value {
        variables.push(("oldSelf", old));
    }
    let mut evaluate = |expr: &Expr| {
        let own = Budget { left: budget.left.min(RULE_BUDGET) };
        let mut variables = Variables::new(&variables, own, &rule.patterns);
        let result = cel::eval(expr, &mut variables).map(|result| match result {
            Val::Bool(good) => (good, None),
            Val::Text(text) => (false, Some(text.into_owned())),
            _ => (false, None),
        });
        budget.left -= own.left - variables.left().left;
        result
    };
    match evaluate(expr) {
        Ok((true, _)) => {}
        Ok((false, _)) => {
            let message = rule.message.as_ref().and_then(|message| evaluate(message).ok()?.1);
            // A message must be a line with something on it.
            let message = message.map(|text| text.trim().to_owned());
            let message = message.filter(|text| !text.is_empty() && !text.contains('\n'));
            let error = failed(node, rule, value, path, message.unwrap_or_else(|| rule.words.clone()));
            if unchanged && !rule.uses_old {
                findings.warnings.push(error.to_string());
            } else {
                findings.errors.push(error);
            }
        }
        Err(error) => fail(match error.as_str() {
            overload if overload.starts_with("no such overload") => format!(
                "'{overload}': call arguments did not match a supported operator, function or macro signature for rule: {}",
                rule.named
            ),
            limit if limit.starts_with("operation cancelled") => {
                format!(
                    "'{limit}': no further validation rules will be run due to call cost exceeds limit for rule: {}",
                    rule.named
                )
            }
            error => format!("{error} evaluating rule: {}", rule.named),
        }),
    }
}

fn failed(node: &Node, rule: &Rule, value: &Value, path: &str, detail: String) -> FieldError {
    let field = match rule.field.as_str() {
        "" => path.to_owned(),
        // `['a']` and `.a` are one; keys of maps stay in brackets.
        relative => join(node, path, relative),
    };
    let whole = matches!(node.types.as_slice(), ["object" | "array"]);
    match rule.reason {
        Reason::Required | Reason::Forbidden => FieldError::bare(rule.reason, field, detail),
        Reason::Duplicate if whole => FieldError::bare(rule.reason, field, ""),
        Reason::Duplicate => FieldError::new(rule.reason, field, value, ""),
        _ if whole => FieldError::bare(rule.reason, field, detail),
        _ => FieldError::new(rule.reason, field, value, detail),
    }
}

fn join(node: &Node, path: &str, relative: &str) -> String {
    let mut out = path.to_owned();
    let mut at = Some(node);
    let mut rest = relative;
    while !rest.is_empty() {
        let (name, after) = if let Some(quoted) = rest.strip_prefix("['") {
            quoted.split_once("']").unwrap_or((quoted, ""))
        } else {
            let plain = rest.trim_start_matches('.');
            plain.split_at(plain.find(['.', '[']).unwrap_or(plain.len()))
        };
        let declared = at.is_none_or(|at| !at.properties.is_empty());
        match (declared, out.is_empty()) {
            (true, true) => out.push_str(name),
            (true, false) => out.push_str(&format!(".{name}")),
            (false, _) => out.push_str(&format!("[{name}]")),
        }
        at = at.and_then(|at| at.under(name));
        if after.len() >= rest.len() {
            break;
        }
        rest = after;
    }
    out
}

/// What rules see of a resource besides its declared fields.
fn of_resources() -> &'static [(&'static str, Node); 3] {
    static NODES: OnceLock<[(&str, Node); 3]> = OnceLock::new();
    NODES.get_or_init(|| {
        let text = || Node { types: vec!["string"], ..Node::default() };
        let names = ["name", "generateName"].map(|name| (Box::from(name), text()));
        let metadata = Node { types: vec!["object"], properties: names.into(), ..Node::default() };
        [("apiVersion", text()), ("kind", text()), ("metadata", metadata)]
    })
}

impl Node {
    fn type_name(&self) -> &'static str {
        match self.types.as_slice() {
            [one] => one,
            _ => "",
        }
    }

    /// What rules see of a field that every resource has, whatever its schema says of it.
    pub(super) fn of_resource(name: &str) -> Option<&'static Node> {
        of_resources().iter().find(|(own, _)| *own == name).map(|(_, node)| node)
    }

    /// The declared field that an expression calls by a name, and its own name.
    fn declared(&self, name: &str) -> Option<(String, &Node)> {
        if let Some(node) = Self::of_resource(name).filter(|_| self.resource) {
            return Some((name.to_owned(), node));
        }
        let plain = self.properties.get(name).filter(|_| cel::escaped_field(name).as_deref() == Some(name));
        if let Some(node) = plain {
            return Some((name.to_owned(), node));
        }
        let escaped = |own: &str| cel::escaped_field(own).as_deref() == Some(name);
        self.properties.iter().find(|(own, _)| escaped(own)).map(|(own, node)| (own.to_string(), node))
    }

    /// The type of values of this schema.
    pub(super) fn ty(&self) -> Ty<'_> {
        match (self.types.as_slice(), &self.additional) {
            (["object"], Some(Additional::Schema(inner))) => {
                Ty::Map(Box::new(Ty::Text), Box::new(inner.ty()))
            }
            (["object"], _) => Ty::Object(self),
            (["array"], _) => Ty::List(Box::new(self.items.as_deref().map_or(Ty::Dyn, Node::ty))),
            (["integer"], _) => Ty::Int,
            (["number"], _) => Ty::Double,
            (["boolean"], _) => Ty::Bool,
            (["string"], _) => match self.format.as_deref() {
                Some("byte") => Ty::Bytes,
                Some("duration") => Ty::Duration,
                Some("date" | "date-time") => Ty::Timestamp,
                _ => Ty::Text,
            },
            _ => Ty::Dyn,
        }
    }
}

impl Declared for Node {
    fn field(&self, name: &str) -> Option<Ty<'_>> {
        self.declared(name).map(|(_, node)| node.ty())
    }
}

impl Shape for Node {
    fn scalar<'v>(&'v self, value: &'v Value) -> Val<'v> {
        match (self.types.as_slice(), self.format.as_deref(), value) {
            (["number"], _, Value::Number(number)) => Val::Double(number.as_f64().unwrap_or(f64::NAN)),
            (["string"], Some("byte"), Value::String(text)) => {
                cel::decoded_base64(text).map_or_else(|| Val::plain(value), |bytes| Val::Bytes(bytes.into()))
            }
            (["string"], Some("duration"), Value::String(text)) => {
                cel::duration(text).unwrap_or(Val::Text(Cow::Borrowed(text)))
            }
            (["string"], Some("date" | "date-time"), Value::String(text)) => {
                cel::timestamp(text).unwrap_or(Val::Text(Cow::Borrowed(text)))
            }
            _ => Val::plain(value),
        }
    }

    fn items(&self) -> Option<&dyn Shape> {
        self.items.as_deref().map(|items| items as &dyn Shape)
    }

    fn member(&self, object: &Value, name: &str) -> Option<(String, &dyn Shape)> {
        if let Some(Additional::Schema(inner)) = &self.additional {
            return object.get(name).map(|_| (name.to_owned(), inner.as_ref() as &dyn Shape));
        }
        self.declared(name).map(|(own, node)| (own, node as &dyn Shape))
    }

    fn is_map(&self) -> bool {
        matches!(self.additional, Some(Additional::Schema(_)))
    }

    fn is_set(&self) -> bool {
        self.list == ListKind::Set
    }
}
