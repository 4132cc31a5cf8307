//! Expressions are evaluated.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use regex::Regex;
use serde_json::Value;

use super::ast::{Expr, Kind, Loop, LoopKind};
use super::functions;
use super::lists;
use super::value::Val;

/// How many steps an evaluation may still take. A step is a node of the expression or a part of a long text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) left: u64,
}

impl Budget {
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), String> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(steps).ok_or("operation cancelled: actual cost limit exceeded")?;
        Ok(())
    }
}

/// Patterns that were compiled for an expression: nearly always the same few.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    compiled: Mutex<HashMap<String, Arc<Regex>>>,
}

impl Patterns {
    const MOST: usize = 32;

    pub(super) fn get(&self, pattern: &str) -> Result<Arc<Regex>, String> {
        let mut compiled = self.compiled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = compiled.get(pattern) {
            return Ok(Arc::clone(known));
        }
        let new =
            crate::pattern::compile(pattern).map_err(|error| crate::pattern::go_error(pattern, &error))?;
        let new = Arc::new(new);
        if compiled.len() < Self::MOST {
            compiled.insert(pattern.to_owned(), Arc::clone(&new));
        }
        Ok(new)
    }
}

/// The variables of an expression, and what its evaluation may use.
pub(crate) struct Variables<'v> {
    names: Vec<(String, Val<'v>)>,
    pub(super) budget: Budget,
    pub(super) patterns: &'v Patterns,
}

impl<'v> Variables<'v> {
    /// Some variables.
    pub(crate) fn new(variables: &[(&str, Val<'v>)], budget: Budget, patterns: &'v Patterns) -> Self {
        let names = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self { names, budget, patterns }
    }

    /// What is left of the budget.
    pub(crate) fn left(&self) -> Budget {
        self.budget
    }
}

type Evaluated<'v> = Result<Val<'v>, String>;

/// The value of an expression, or why it has none.
pub(crate) fn eval<'v>(expr: &Expr, variables: &mut Variables<'v>) -> Evaluated<'v> {
    variables.budget.spend(1)?;
    match &expr.kind {
        Kind::Null => Ok(Val::Null),
        Kind::Bool(value) => Ok(Val::Bool(*value)),
        Kind::Int(value) => Ok(Val::Int(*value)),
        Kind::Uint(value) => Ok(Val::Uint(*value)),
        Kind::Double(value) => Ok(Val::Double(*value)),
        Kind::Text(text) => Ok(Val::text(text.as_str())),
        Kind::Bytes(bytes) => Ok(Val::Bytes(bytes.as_slice().into())),
        Kind::Name(name) => name_of(name, variables),
        Kind::Select { operand, field, test, optional } => {
            select(operand, field, *test, *optional, variables)
        }
        Kind::Call { target, name, arguments } => call(target.as_deref(), name, arguments, variables),
        Kind::List(elements) => {
            let values: Result<Vec<_>, _> = elements.iter().map(|element| eval(element, variables)).collect();
            Ok(Val::list(values?))
        }
        Kind::Map(entries) => {
            let mut out = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                out.push((eval(key, variables)?, eval(value, variables)?));
            }
            Ok(Val::Map(out.into()))
        }
        Kind::Loop(inner) => repeat(inner, variables),
    }
}

fn name_of<'v>(name: &str, variables: &Variables<'v>) -> Evaluated<'v> {
    if let Some((_, value)) = variables.names.iter().rev().find(|(known, _)| known == name) {
        return Ok(value.clone());
    }
    let types =
        ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "dyn"];
    match types.into_iter().find(|known| *known == name) {
        Some(known) => Ok(Val::Type(known)),
        None => Err(format!("no such attribute(s): {name}")),
    }
}

fn select<'v>(
    operand: &Expr,
    field: &str,
    test: bool,
    optional: bool,
    variables: &mut Variables<'v>,
) -> Evaluated<'v> {
    let owner = eval(operand, variables)?;
    let (owner, optional) = match owner {
        Val::Optional(None) => return Ok(if test { Val::Bool(false) } else { Val::Optional(None) }),
        Val::Optional(Some(inner)) => ((*inner).clone(), true),
        owner => (owner, optional),
    };
    if !matches!(owner, Val::Map(_) | Val::Json(Value::Object(_), _)) {
        return match test || optional {
            true if matches!(owner, Val::Null) => {
                Ok(if test { Val::Bool(false) } else { Val::Optional(None) })
            }
            _ => Err("no such overload".to_owned()),
        };
    }
    let found = owner.field(field);
    match (test, optional, found) {
        (true, _, found) => Ok(Val::Bool(found.is_some())),
        (false, true, found) => Ok(Val::Optional(found.map(Into::into))),
        (false, false, Some(found)) => Ok(found),
        (false, false, None) => Err(format!("no such key: {field}")),
    }
}

fn call<'v>(
    target: Option<&Expr>,
    name: &str,
    arguments: &[Expr],
    variables: &mut Variables<'v>,
) -> Evaluated<'v> {
    match (name, arguments) {
        ("_&&_", [left, right]) => return logic(left, right, false, variables),
        ("_||_", [left, right]) => return logic(left, right, true, variables),
        ("_?_:_", [condition, one, other]) => {
            return match eval(condition, variables)? {
                Val::Bool(true) => eval(one, variables),
                Val::Bool(false) => eval(other, variables),
                _ => Err("no such overload".to_owned()),
            };
        }
        _ => {}
    }
    let mut values = Vec::with_capacity(arguments.len() + 1);
    let mut function = name.to_owned();
    if let Some(target) = target {
        match &target.kind {
            Kind::Name(space)
                if functions::is_space(space) && variables.names.iter().all(|(known, _)| known != space) =>
            {
                function = format!("{space}.{name}");
            }
            _ => values.push(eval(target, variables)?),
        }
    }
    for argument in arguments {
        values.push(eval(argument, variables)?);
    }
    functions::call(&function, &values, variables)
}

/// And, or: what decides alone decides, whatever is wrong with the other side.
fn logic<'v>(left: &Expr, right: &Expr, decisive: bool, variables: &mut Variables<'v>) -> Evaluated<'v> {
    let as_bool = |value: Val<'v>| match value {
        Val::Bool(value) => Ok(value),
        _ => Err("no such overload".to_owned()),
    };
    let first = eval(left, variables).and_then(as_bool);
    if first == Ok(decisive) {
        return Ok(Val::Bool(decisive));
    }
    let second = eval(right, variables).and_then(as_bool);
    if second == Ok(decisive) {
        return Ok(Val::Bool(decisive));
    }
    first?;
    second?;
    Ok(Val::Bool(!decisive))
}

fn repeat<'v>(inner: &Loop, variables: &mut Variables<'v>) -> Evaluated<'v> {
    let range = eval(&inner.range, variables)?;
    if let LoopKind::OptionalMap | LoopKind::OptionalFlatMap = inner.kind {
        let Val::Optional(content) = range else { return Err("no such overload".to_owned()) };
        let Some(content) = content else { return Ok(Val::Optional(None)) };
        let result =
            with(inner, (*content).clone(), None, variables, |variables| eval(&inner.body, variables))?;
        return Ok(if inner.kind == LoopKind::OptionalMap {
            Val::Optional(Some(result.into()))
        } else {
            result
        });
    }
    let mut out = Vec::new();
    let mut entries = Vec::new();
    let mut found = 0_usize;
    let mut failed = None;
    for (element, second) in steps(&range, inner.second.is_some()).ok_or("no such overload")? {
        let body = with(inner, element.clone(), second, variables, |variables| {
            if let Some(filter) = &inner.filter
                && !matches!(eval(filter, variables)?, Val::Bool(true))
            {
                return Ok(None);
            }
            eval(&inner.body, variables).map(Some)
        });
        // A quantifier that is decided by another element does not fail.
        let body = match (body, inner.kind) {
            (Err(error), LoopKind::All | LoopKind::Exists) => {
                variables.budget.spend(0)?;
                failed = failed.or(Some(error));
                continue;
            }
            (body, _) => body?,
        };
        match (inner.kind, body) {
            (LoopKind::Map | LoopKind::TransformList, Some(value)) => out.push(value),
            (LoopKind::TransformMap, Some(value)) => entries.push((element, value)),
            (LoopKind::TransformMapEntry, Some(value)) => {
                for key in value.keys().ok_or("no such overload")? {
                    if entries.iter().any(|(known, _): &(Val<'v>, Val<'v>)| known.equals(&key)) {
                        return Err("insert failed: key already exists".to_owned());
                    }
                    let value = value.at_key(&key).unwrap_or(Val::Null);
                    entries.push((key, value));
                }
            }
            (LoopKind::SortBy, Some(key)) => entries.push((key, element)),
            (_, None) => {}
            (LoopKind::All, Some(Val::Bool(false))) => return Ok(Val::Bool(false)),
            (LoopKind::Exists, Some(Val::Bool(true))) => return Ok(Val::Bool(true)),
            (LoopKind::ExistsOne, Some(Val::Bool(true))) => found += 1,
            (LoopKind::Filter, Some(Val::Bool(true))) => out.push(element),
            (_, Some(Val::Bool(_))) => {}
            _ => return Err("no such overload".to_owned()),
        }
    }
    match (inner.kind, failed) {
        (_, Some(error)) => Err(error),
        (LoopKind::All, None) => Ok(Val::Bool(true)),
        (LoopKind::Exists, None) => Ok(Val::Bool(false)),
        (LoopKind::ExistsOne, None) => Ok(Val::Bool(found == 1)),
        (LoopKind::TransformMap | LoopKind::TransformMapEntry, None) => Ok(Val::Map(entries.into())),
        (LoopKind::SortBy, None) => {
            variables.budget.spend(entries.len().saturating_mul(entries.len()))?;
            let (keys, elements): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
            lists::sorted(&elements, &keys)
        }
        _ => Ok(Val::list(out)),
    }
}

/// What the variables of a loop stand for, one step after the other.
fn steps<'v>(range: &Val<'v>, two: bool) -> Option<Vec<(Val<'v>, Option<Val<'v>>)>> {
    if let Some(elements) = range.elements() {
        let places = (0..).map(Val::Int);
        return Some(match two {
            true => places.zip(elements.into_iter().map(Some)).collect(),
            false => elements.into_iter().map(|element| (element, None)).collect(),
        });
    }
    let keys = range.keys()?.into_iter();
    Some(match two {
        true => keys.map(|key| (key.clone(), range.at_key(&key))).collect(),
        false => keys.map(|key| (key, None)).collect(),
    })
}

/// Evaluates with the variables of a loop.
fn with<'v, T>(
    inner: &Loop,
    first: Val<'v>,
    second: Option<Val<'v>>,
    variables: &mut Variables<'v>,
    act: impl FnOnce(&mut Variables<'v>) -> Result<T, String>,
) -> Result<T, String> {
    let outer = variables.names.len();
    variables.names.push((inner.variable.clone(), first));
    if let (Some(name), Some(value)) = (&inner.second, second) {
        variables.names.push((name.clone(), value));
    }
    let result = act(variables);
    variables.names.truncate(outer);
    result
}
