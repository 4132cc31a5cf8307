//! Is an expression right before it is ever evaluated?

use super::Issue;
use super::ast::{Expr, Kind, Loop, LoopKind};
use super::overloads;
use super::text_format;
use super::types::Ty;

/// The names an expression may use, with their types.
pub(crate) struct Scope<'s> {
    names: Vec<(String, Ty<'s>)>,
    issues: Vec<Issue>,
    /// Whether lists and maps may hold values of different types.
    mixed: bool,
}

/// The names of types, which are values as well.
const TYPES: [&str; 11] =
    ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "dyn"];

impl<'s> Scope<'s> {
    /// A scope of some variables.
    pub(crate) fn new(variables: &[(&str, Ty<'s>)]) -> Self {
        let names = variables.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect();
        Self { names, issues: Vec::new(), mixed: false }
    }
}

/// The type of an expression, or what is wrong with it.
pub(crate) fn check<'s>(expr: &Expr, mut scope: Scope<'s>) -> Result<Ty<'s>, Vec<Issue>> {
    let ty = scope.visit(expr);
    if scope.issues.is_empty() {
        Ok(ty)
    } else {
        scope.issues.sort_by_key(|issue| issue.at);
        Err(scope.issues)
    }
}

impl<'s> Scope<'s> {
    /// The type of a part of an expression that is known to be right.
    pub(super) fn type_of(&mut self, expr: &Expr) -> Ty<'s> {
        let mixed = std::mem::replace(&mut self.mixed, true);
        let ty = self.visit(expr);
        self.mixed = mixed;
        ty
    }

    /// The type of a variable.
    pub(super) fn type_of_name(&self, name: &str) -> Ty<'s> {
        self.names.iter().rev().find(|(known, _)| known == name).map_or(Ty::Type, |(_, ty)| ty.clone())
    }

    /// Whether a name in front of a dot is not a variable but the first part of a function's name.
    pub(super) fn is_space(&self, space: &str, name: &str) -> bool {
        overloads::is_known(&format!("{space}.{name}")) && !self.names.iter().any(|(known, _)| known == space)
    }

    /// Makes the variables of a loop known; their types. None where nothing can be looped over.
    pub(super) fn enter(&mut self, inner: &Loop, range: &Ty<'s>) -> Vec<Ty<'s>> {
        let Some((key, element)) = variables(inner, range) else { return Vec::new() };
        let types = match &inner.second {
            Some(_) => vec![key, element],
            None => vec![element],
        };
        let names = std::iter::once(&inner.variable).chain(&inner.second);
        self.names.extend(names.cloned().zip(types.iter().cloned()));
        types
    }

    /// Forgets the variables of a loop.
    pub(super) fn leave(&mut self, inner: &Loop) {
        let count = 1 + usize::from(inner.second.is_some());
        self.names.truncate(self.names.len().saturating_sub(count));
    }

    fn refuse(&mut self, at: usize, message: String) -> Ty<'s> {
        self.issues.push(Issue::new(at, message));
        // What is wrong once is not told again further out.
        Ty::Dyn
    }

    fn visit(&mut self, expr: &Expr) -> Ty<'s> {
        match &expr.kind {
            Kind::Null => Ty::Null,
            Kind::Bool(_) => Ty::Bool,
            Kind::Int(_) => Ty::Int,
            Kind::Uint(_) => Ty::Uint,
            Kind::Double(_) => Ty::Double,
            Kind::Text(_) => Ty::Text,
            Kind::Bytes(_) => Ty::Bytes,
            Kind::Name(name) => match self.names.iter().rev().find(|(known, _)| known == name) {
                Some((_, ty)) => ty.clone(),
                None if TYPES.contains(&name.as_str()) => Ty::Type,
                None => self.refuse(expr.at, format!("undeclared reference to '{name}' (in container '')")),
            },
            Kind::Select { operand, field, test, optional } => {
                self.select(expr.at, operand, field, *test, *optional)
            }
            Kind::Call { target, name, arguments } => self.call(expr.at, target.as_deref(), name, arguments),
            Kind::List(elements) => Ty::List(Box::new(self.common(elements.iter()))),
            Kind::Map(entries) => {
                let key = self.common(entries.iter().map(|(key, _)| key));
                let value = self.common(entries.iter().map(|(_, value)| value));
                Ty::Map(Box::new(key), Box::new(value))
            }
            Kind::Loop(inner) => self.repeat(inner),
        }
    }

    /// The one type of all: the first one's, unless one may be anything.
    fn common<'e>(&mut self, elements: impl Iterator<Item = &'e Expr>) -> Ty<'s> {
        let mut common: Option<Ty<'s>> = None;
        for element in elements {
            let ty = self.visit(element);
            common = match common {
                None => Some(ty),
                Some(known) if !known.fits(&ty) && self.mixed => Some(Ty::Dyn),
                Some(known) if !known.fits(&ty) => {
                    self.refuse(element.at, format!("expected type '{known}' but found '{ty}'"));
                    Some(known)
                }
                Some(known) if known.is_dyn() || ty.is_dyn() => Some(Ty::Dyn),
                Some(known) => Some(known),
            };
        }
        common.unwrap_or(Ty::Dyn)
    }

    fn select(&mut self, at: usize, operand: &Expr, field: &str, test: bool, optional: bool) -> Ty<'s> {
        let (owner, wrapped) = match self.visit(operand) {
            Ty::Optional(inner) => (*inner, true),
            other => (other, optional),
        };
        let found = match &owner {
            Ty::Dyn => Ty::Dyn,
            Ty::Map(_, value) => value.as_ref().clone(),
            Ty::Object(declared) => match declared.field(field) {
                Some(ty) => ty,
                None => return self.refuse(at, format!("undefined field '{field}'")),
            },
            other => return self.refuse(at, format!("type '{other}' does not support field selection")),
        };
        match (test, wrapped) {
            (true, _) => Ty::Bool,
            (false, true) => Ty::Optional(Box::new(found)),
            (false, false) => found,
        }
    }

    fn call(&mut self, at: usize, target: Option<&Expr>, name: &str, arguments: &[Expr]) -> Ty<'s> {
        // A name with dots in it may be that of a function.
        if let Some(Expr { kind: Kind::Name(space), .. }) = target {
            let qualified = format!("{space}.{name}");
            if overloads::is_known(&qualified) && !self.names.iter().any(|(known, _)| known == space) {
                return self.call(at, None, &qualified, arguments);
            }
        }
        let filled = match (name, target.map(|target| &target.kind), arguments) {
            ("format", Some(Kind::Text(text)), [Expr { kind: Kind::List(values), .. }]) => {
                Some((text, values))
            }
            _ => None,
        };
        let target = target.map(|target| self.visit(target));
        // What is put into a text may be of different types.
        let mixed = self.mixed;
        self.mixed |= name == "format";
        let types: Vec<Ty<'s>> = match filled {
            Some((text, values)) => {
                let types: Vec<Ty<'s>> = values.iter().map(|value| self.visit(value)).collect();
                if let Err((value, message)) = text_format::check(text, &types) {
                    let place = value.and_then(|index| values.get(index)).map_or(at, |value| value.at);
                    self.refuse(place, message);
                }
                vec![Ty::List(Box::new(Ty::Dyn))]
            }
            None => arguments.iter().map(|argument| self.visit(argument)).collect(),
        };
        self.mixed = mixed;
        if !overloads::is_known(name) {
            return self.refuse(at, format!("undeclared reference to '{name}' (in container '')"));
        }
        // Through an optional value one reaches what is in it, and gets an optional value again.
        if let ("_[_]" | "_[?_]", [Ty::Optional(inner), index]) = (name, types.as_slice()) {
            let inner = overloads::result("_[_]", None, &[inner.as_ref().clone(), index.clone()]);
            return Ty::Optional(Box::new(inner.unwrap_or(Ty::Dyn)));
        }
        if let ("_[?_]", [owner, index]) = (name, types.as_slice()) {
            let inner = overloads::result("_[_]", None, &[owner.clone(), index.clone()]);
            return Ty::Optional(Box::new(inner.unwrap_or(Ty::Dyn)));
        }
        match overloads::result(name, target.as_ref(), &types) {
            Some(ty) => {
                if let ("matches", Some(Expr { at, kind: Kind::Text(pattern), .. })) =
                    (name, arguments.last())
                    && crate::pattern::compile(pattern).is_err()
                {
                    self.refuse(*at, "invalid matches argument".to_owned());
                }
                ty
            }
            None => {
                let shown = types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let target = target.map(|target| format!("{target}.")).unwrap_or_default();
                let message =
                    format!("found no matching overload for '{name}' applied to '{target}({shown})'");
                self.refuse(at, message)
            }
        }
    }

    fn repeat(&mut self, inner: &Loop) -> Ty<'s> {
        let range = self.visit(&inner.range);
        let Some((key, element)) = variables(inner, &range) else {
            let message = format!(
                "expression of type '{range}' cannot be range of a comprehension (must be list, map, or dynamic)"
            );
            return self.refuse(inner.range.at, message);
        };
        self.enter(inner, &range);
        if let Some(filter) = &inner.filter {
            self.condition(filter);
        }
        let result = match inner.kind {
            LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne => {
                self.condition(&inner.body);
                Ty::Bool
            }
            LoopKind::Filter => {
                self.condition(&inner.body);
                Ty::List(Box::new(element))
            }
            LoopKind::Map | LoopKind::TransformList => Ty::List(Box::new(self.visit(&inner.body))),
            LoopKind::TransformMap => Ty::Map(Box::new(key), Box::new(self.visit(&inner.body))),
            LoopKind::TransformMapEntry => self.visit(&inner.body),
            LoopKind::SortBy => {
                self.visit(&inner.body);
                Ty::List(Box::new(element))
            }
            LoopKind::OptionalMap => Ty::Optional(Box::new(self.visit(&inner.body))),
            LoopKind::OptionalFlatMap => self.visit(&inner.body),
        };
        self.leave(inner);
        result
    }

    fn condition(&mut self, expr: &Expr) {
        let ty = self.visit(expr);
        if !ty.fits(&Ty::Bool) {
            self.refuse(expr.at, format!("expected type 'bool' but found '{ty}'"));
        }
    }
}

/// The types of what a loop goes through: places or keys, and values. Where there is one variable, the second is its type.
fn variables<'s>(inner: &Loop, range: &Ty<'s>) -> Option<(Ty<'s>, Ty<'s>)> {
    Some(match range {
        Ty::List(element) | Ty::Optional(element) => (Ty::Int, element.as_ref().clone()),
        Ty::Map(key, value) if inner.second.is_some() => (key.as_ref().clone(), value.as_ref().clone()),
        Ty::Map(key, _) => (Ty::Dyn, key.as_ref().clone()),
        Ty::Dyn => (Ty::Dyn, Ty::Dyn),
        _ => return None,
    })
}
