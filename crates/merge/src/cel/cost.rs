//! What an expression may cost at most, before there is anything to evaluate it with.
//!
//! The real server refuses definitions whose rules could take too long, by an estimate: every step costs something, what
//! reads texts and lists costs by their size, and sizes are bounded by the schema. The numbers are part of what users
//! see, so that this follows the real estimate step by step, its oddities included.

use super::ast::{Expr, Kind, Loop, LoopKind};
use super::check::Scope;
use super::types::Ty;

/// Text is read ten times as fast as steps are taken.
const READ: f64 = 0.1;
/// What a character of a pattern costs.
const PATTERN: f64 = 0.25;
/// What making a list or a map costs.
const LIST: Range = Range::exact(10);
const MAP: Range = Range::exact(30);
const STEP: Range = Range::exact(1);

/// How big the values of a schema can be.
#[derive(Debug)]
pub(crate) struct Extent {
    /// How many characters, elements or entries there can be.
    pub(crate) most: u64,
    /// How many characters a value has at least when it is written out.
    pub(crate) written: u64,
    /// The fields of an object, by the names that expressions use.
    pub(crate) fields: Vec<(String, Extent)>,
    /// The elements of a list or the values of a map.
    pub(crate) element: Option<Box<Extent>>,
    pub(crate) is_map: bool,
}

/// The smallest and the biggest a size or a cost can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    min: u64,
    pub(crate) max: u64,
}

impl Range {
    const UNKNOWN: Self = Self { min: 0, max: u64::MAX };
    const NOTHING: Self = Self::exact(0);

    const fn exact(value: u64) -> Self {
        Self { min: value, max: value }
    }

    fn add(self, other: Self) -> Self {
        Self { min: self.min.saturating_add(other.min), max: self.max.saturating_add(other.max) }
    }

    fn times(self, other: Self) -> Self {
        Self { min: self.min.saturating_mul(other.min), max: self.max.saturating_mul(other.max) }
    }

    fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    fn factor(self, factor: f64) -> Self {
        // Conversions from floats saturate.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "estimates are made with floats, and are never negative"
        )]
        let scaled = |value: u64| (value as f64 * factor).ceil() as u64;
        Self { min: scaled(self.min), max: scaled(self.max) }
    }
}

/// Where in the schema a value comes from.
#[derive(Clone, Copy)]
enum Place<'d> {
    /// From nowhere: what is made of such a value counts as if it were the root.
    Empty,
    At(&'d Extent),
    /// From a place the schema does not know.
    Lost,
}

/// What lists and maps hold.
#[derive(Clone, Copy)]
struct Entries {
    is_map: bool,
    key: Range,
    value: Range,
}

impl Entries {
    fn union(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (one, other) = (one?, other?);
        Some(Self { key: one.key.union(other.key), value: one.value.union(other.value), ..one })
    }
}

/// What is known of a part of an expression.
#[derive(Clone)]
struct Known<'s, 'd> {
    cost: Range,
    ty: Ty<'s>,
    place: Place<'d>,
    /// The size where it is known.
    size: Option<Range>,
    entries: Option<Entries>,
    /// The value of an integer that is written out.
    literal: Option<u64>,
}

impl Known<'_, '_> {
    fn size(&self) -> Range {
        self.size.unwrap_or(Range::UNKNOWN)
    }
}

struct Local<'s, 'd> {
    name: String,
    ty: Ty<'s>,
    place: Place<'d>,
    size: Option<Range>,
}

/// Estimates an expression that was checked in a scope: its variables are all of one schema.
pub(crate) fn estimate<'s>(expr: &Expr, scope: Scope<'s>, root: &Extent) -> Range {
    let mut estimate = Estimate { scope, root, locals: Vec::new() };
    estimate.visit(expr).cost
}

struct Estimate<'s, 'd> {
    scope: Scope<'s>,
    root: &'d Extent,
    locals: Vec<Local<'s, 'd>>,
}

impl<'s, 'd> Estimate<'s, 'd> {
    fn element(&self, of: Place<'d>) -> Place<'d> {
        self.inner(of, |extent| extent.element.as_deref())
    }

    fn inner(&self, of: Place<'d>, find: impl Fn(&'d Extent) -> Option<&'d Extent>) -> Place<'d> {
        match of {
            Place::Empty => Place::At(self.root),
            Place::At(extent) => find(extent).map_or(Place::Lost, Place::At),
            Place::Lost => Place::Lost,
        }
    }

    fn known(cost: Range, ty: Ty<'s>, place: Place<'d>) -> Known<'s, 'd> {
        let size = match place {
            Place::At(extent) => Some(Range { min: 0, max: extent.most }),
            _ => is_scalar(&ty).then_some(Range::exact(1)),
        };
        Known { cost, ty, place, size, entries: None, literal: None }
    }

    fn visit(&mut self, expr: &Expr) -> Known<'s, 'd> {
        let literal = |ty: Ty<'s>, size: usize| Known {
            size: Some(Range::exact(as_size(size))),
            ..Self::known(Range::NOTHING, ty, Place::Empty)
        };
        match &expr.kind {
            Kind::Null => literal(Ty::Null, 1),
            Kind::Bool(_) => literal(Ty::Bool, 1),
            Kind::Int(value) => {
                Known { literal: Some(u64::try_from(*value).unwrap_or(0)), ..literal(Ty::Int, 1) }
            }
            Kind::Uint(_) => literal(Ty::Uint, 1),
            Kind::Double(_) => literal(Ty::Double, 1),
            Kind::Text(text) => literal(Ty::Text, text.chars().count()),
            Kind::Bytes(bytes) => literal(Ty::Bytes, bytes.len()),
            Kind::Name(name) => self.name(name),
            Kind::Select { operand, field, test, optional } => {
                self.select(expr, operand, field, *test, *optional)
            }
            Kind::Call { target, name, arguments } => self.call(expr, target.as_deref(), name, arguments),
            Kind::List(elements) => {
                let (cost, value) = self.all(elements.iter());
                let entries = Some(Entries { is_map: false, key: Range::exact(1), value });
                let size = Some(Range::exact(as_size(elements.len())));
                let ty = self.scope.type_of(expr);
                Known { entries, size, ..Self::known(cost.add(LIST), ty, Place::Empty) }
            }
            Kind::Map(pairs) => {
                let (keys, key) = self.all(pairs.iter().map(|(key, _)| key));
                let (values, value) = self.all(pairs.iter().map(|(_, value)| value));
                let entries = Some(Entries { is_map: true, key, value });
                let size = Some(Range::exact(as_size(pairs.len())));
                let ty = self.scope.type_of(expr);
                Known { entries, size, ..Self::known(keys.add(values).add(MAP), ty, Place::Empty) }
            }
            Kind::Loop(inner) => self.repeat(expr, inner),
        }
    }

    /// The cost of all and the size of any of several expressions.
    fn all<'e>(&mut self, expressions: impl Iterator<Item = &'e Expr>) -> (Range, Range) {
        let mut cost = Range::NOTHING;
        let mut size: Option<Range> = None;
        for one in expressions {
            let known = self.visit(one);
            cost = cost.add(known.cost);
            size = Some(size.map_or(known.size(), |size| size.union(known.size())));
        }
        (cost, size.unwrap_or(Range::NOTHING))
    }

    fn name(&mut self, name: &str) -> Known<'s, 'd> {
        match self.locals.iter().rev().find(|local| local.name == name) {
            Some(local) => {
                let known = Self::known(STEP, local.ty.clone(), local.place);
                Known { size: known.size.or(local.size), ..known }
            }
            None => {
                let ty = self.scope.type_of_name(name);
                Self::known(STEP, ty, Place::At(self.root))
            }
        }
    }

    fn select(
        &mut self,
        expr: &Expr,
        operand: &Expr,
        field: &str,
        test: bool,
        optional: bool,
    ) -> Known<'s, 'd> {
        let ty = self.scope.type_of(expr);
        let operand = self.visit(operand);
        if test {
            return Self::known(operand.cost, Ty::Bool, Place::Empty);
        }
        if optional {
            return Self::known(operand.cost.add(STEP), ty, Place::Empty);
        }
        let cost = match operand.ty {
            Ty::Map(..) | Ty::Object(_) => operand.cost.add(STEP),
            _ => operand.cost,
        };
        let place = self.inner(operand.place, |extent| {
            extent.fields.iter().find(|(name, _)| name == field).map(|(_, inner)| inner)
        });
        Self::known(cost, ty, place)
    }

    fn call(&mut self, expr: &Expr, target: Option<&Expr>, name: &str, arguments: &[Expr]) -> Known<'s, 'd> {
        let ty = self.scope.type_of(expr);
        let (target, name) = match target {
            Some(Expr { kind: Kind::Name(space), .. }) if self.scope.is_space(space, name) => {
                (None, format!("{space}.{name}"))
            }
            target => (target, name.to_owned()),
        };
        let arguments: Vec<Known<'s, 'd>> = arguments.iter().map(|one| self.visit(one)).collect();
        let target = target.map(|target| self.visit(target));
        if let ("dyn", [argument]) = (name.as_str(), arguments.as_slice()) {
            return Known { cost: argument.cost.add(STEP), ty, place: Place::Empty, ..argument.clone() };
        }
        let sum = arguments.iter().fold(Range::NOTHING, |sum, one| sum.add(one.cost));
        let before = target.as_ref().map_or(Range::NOTHING, |target| target.cost);
        let called = self.function(&name, target.as_ref(), &arguments);
        let cost = match called.whole {
            Some(whole) => whole,
            None => called.cost.add(sum),
        };
        let mut known = Self::known(cost.add(before), ty, Place::Empty);
        if let ("_[_]", [owner, _]) = (name.as_str(), arguments.as_slice()) {
            known = Self::known(known.cost, known.ty, self.element(owner.place));
            known.size = owner.entries.map(|entries| entries.value).or(known.size);
        }
        known.size = called.size.or(known.size);
        known.entries = called.entries;
        known
    }

    /// What a function costs besides its arguments, and what is known of its result.
    fn function(&self, name: &str, target: Option<&Known<'s, 'd>>, arguments: &[Known<'s, 'd>]) -> Called {
        let read = |range: Range| range.factor(READ);
        let cost = |cost: Range| Called { cost, ..Called::default() };
        let sized = |cost: Range, size: Range| Called { cost, size: Some(size), ..Called::default() };
        let text_or_bytes = |known: &Known<'s, 'd>| matches!(known.ty, Ty::Text | Ty::Bytes);
        let built = |factor: f64, size: Range| sized(size.factor(factor).add(STEP).add(LIST), size);
        let pattern = |text: &Known<'s, 'd>, pattern: &Known<'s, 'd>| {
            read(text.size().add(STEP)).times(pattern.size().factor(PATTERN))
        };
        match (name, target, arguments) {
            ("_&&_" | "_||_", None, [left, right]) => {
                let whole = Range { min: left.cost.min, max: left.cost.add(right.cost).max };
                Called { whole: Some(whole), ..Called::default() }
            }
            ("_?_:_", None, [condition, one, other]) => Called {
                whole: Some(condition.cost.add(one.cost.union(other.cost))),
                size: Some(one.size().union(other.size())),
                entries: Entries::union(one.entries, other.entries),
                ..Called::default()
            },
            ("_+_", None, [left, right]) => {
                let size = left.size().add(right.size());
                let entries = Entries::union(left.entries, right.entries);
                let text = text_or_bytes(left) || text_or_bytes(right);
                let list = matches!(left.ty, Ty::List(_)) || matches!(right.ty, Ty::List(_));
                let any = left.ty.is_dyn() && right.ty.is_dyn();
                match (text, list, any) {
                    (true, ..) => Called { entries, ..sized(read(size), size) },
                    (_, true, _) => Called { entries, ..sized(STEP, size) },
                    (_, _, true) => Called { entries, ..sized(read(size).union(STEP), size) },
                    _ => cost(STEP),
                }
            }
            ("_==_" | "_!=_", None, [left, right]) => match (&left.ty, &right.ty, name) {
                (Ty::Special(a), Ty::Special(b), "_==_") if a == b => match *a {
                    "kubernetes.NamedFormat" => cost(Range { min: 1, max: 7 }),
                    "kubernetes.URL" => cost(read(Range { min: 1, max: right.size().max })),
                    _ => cost(STEP),
                },
                (Ty::Quantity, Ty::Quantity, "_==_") => cost(STEP),
                _ => cost(compared(left, right)),
            },
            ("_<_" | "_<=_" | "_>_" | "_>=_", None, [left, right]) => {
                match (text_or_bytes(left) || text_or_bytes(right), left.ty.is_dyn() && right.ty.is_dyn()) {
                    (true, _) => cost(compared(left, right)),
                    (_, true) => cost(compared(left, right).union(STEP)),
                    _ => cost(STEP),
                }
            }
            ("@in", None, [_, range]) => match range.ty {
                Ty::List(_) => cost(range.size()),
                Ty::Map(..) => cost(STEP),
                _ => cost(range.size().union(STEP)),
            },
            ("startsWith" | "endsWith", Some(_), [part]) => cost(read(part.size())),
            ("contains", Some(text), [part]) => cost(read(text.size()).times(read(part.size()))),
            ("matches", Some(text), [expression]) => cost(pattern(text, expression)),
            ("find" | "findAll", Some(text), [expression, ..]) => {
                sized(pattern(text, expression), Range { min: 0, max: text.size().max })
            }
            ("format", Some(text), [_]) => cost(read(text.size())),
            ("string", None, [bytes]) if matches!(bytes.ty, Ty::Bytes) => {
                let size = bytes.size();
                sized(read(size), Range { min: size.min / 4, max: size.max })
            }
            ("bytes", None, [text]) if matches!(text.ty, Ty::Text) => {
                let size = text.size();
                sized(read(size), Range { min: size.min, max: size.max.wrapping_mul(4) })
            }
            ("strings.quote", None, [text]) => {
                let size = text.size();
                let escaped = size.max.wrapping_mul(2).wrapping_add(2);
                sized(read(size), Range { min: size.min.wrapping_add(2), max: escaped })
            }
            ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf", Some(list), _) => match &list.ty
            {
                Ty::List(element) => {
                    let each = match element.as_ref() {
                        Ty::Text | Ty::Bytes => STEP.add(read(self.of_element(list))),
                        _ => STEP,
                    };
                    cost(list.size().times(each))
                }
                _ => cost(read(list.size())),
            },
            ("lowerAscii" | "upperAscii" | "substring" | "trim", Some(text), _) => {
                sized(read(text.size()), text.size())
            }
            ("url", None, [text]) => sized(read(text.size()), text.size()),
            ("replace", Some(text), [from, to, ..]) => {
                sized(text.size().factor(2.0 * READ), replaced(text.size(), from.size(), to.size()))
            }
            ("split", Some(text), rest) => {
                let most = rest.get(1).and_then(|most| most.literal).unwrap_or(text.size().max);
                sized(text.size().factor(2.0 * READ), Range { min: 0, max: most })
            }
            ("join", Some(list), rest) => {
                let count = list.size();
                let mut size = match list.ty {
                    Ty::List(_) => count.times(self.of_element(list)),
                    _ => Range::NOTHING,
                };
                if let Some(between) = rest.first() {
                    let gaps = Range { min: count.min.saturating_sub(1), max: count.max.saturating_sub(1) };
                    size = size.add(between.size().times(gaps));
                }
                sized(read(size), size)
            }
            (
                "cidr" | "isIP" | "isCIDR" | "ip" | "quantity" | "isQuantity" | "semver" | "isSemver",
                None,
                [text, ..],
            ) => cost(read(text.size())),
            ("ip.isCanonical", None, [text]) => cost(text.size().factor(2.0 * READ)),
            ("containsIP" | "containsCIDR", Some(_), [other]) => {
                let bytes = Range { min: 4, max: 16 };
                let mut whole = read(bytes.add(bytes));
                if name == "containsCIDR" {
                    whole = whole.add(read(bytes)).add(STEP);
                }
                if matches!(other.ty, Ty::Text) {
                    whole = whole.add(read(other.size()));
                }
                cost(whole)
            }
            ("validate", Some(_), [text]) => cost(read(text.size()).factor(128.0 * PATTERN)),
            ("sets.contains" | "sets.intersects", None, [left, right]) => {
                cost(left.size().times(right.size()).add(STEP))
            }
            ("sets.equivalent", None, [left, right]) => {
                cost(left.size().times(right.size()).factor(2.0).add(STEP))
            }
            ("reverse" | "flatten", Some(list), []) => built(1.0, list.size()),
            ("flatten", Some(list), [depth]) => {
                #[expect(clippy::cast_precision_loss, reason = "estimates are made with floats")]
                let factor = depth.literal.unwrap_or(u64::MAX) as f64;
                built(factor, list.size())
            }
            ("slice", Some(list), [start, end]) => {
                let (start, end) = (start.literal.unwrap_or(0), end.literal.unwrap_or(list.size().max));
                built(1.0, Range::exact(end.wrapping_sub(start)))
            }
            ("lists.range", None, [count]) => built(1.0, Range::exact(count.literal.unwrap_or(u64::MAX))),
            ("distinct", Some(list), []) => built(2.0, list.size().times(list.size())),
            ("sort", Some(list), []) => sorting(list, list.size()),
            _ => cost(STEP),
        }
    }

    fn of_element(&self, list: &Known<'s, 'd>) -> Range {
        // An element of what comes from nowhere is not taken for the root.
        match list.place {
            Place::At(extent) => {
                extent.element.as_ref().map_or(Range::UNKNOWN, |element| Range { min: 0, max: element.most })
            }
            _ => Range::UNKNOWN,
        }
    }

    fn repeat(&mut self, expr: &Expr, inner: &Loop) -> Known<'s, 'd> {
        let ty = self.scope.type_of(expr);
        let range = self.visit(&inner.range);
        let is_list = match range.entries {
            Some(entries) => !entries.is_map,
            None => matches!(range.ty, Ty::List(_)),
        };
        let elements = (self.element(range.place), range.entries.map(|entries| entries.value));
        let keys = self.inner(range.place, |extent| extent.is_map.then_some(KEY));
        let keys = (keys, range.entries.map(|entries| entries.key));
        let types = self.scope.enter(inner, &range.ty);
        let outer = self.locals.len();
        // The places of a list are not in the schema.
        let places =
            (if matches!(range.place, Place::Empty) { Place::At(self.root) } else { Place::Lost }, keys.1);
        let optional = matches!(inner.kind, LoopKind::OptionalMap | LoopKind::OptionalFlatMap);
        let sources = match (&inner.second, is_list) {
            // What is in an optional value comes from nowhere.
            _ if optional => vec![(Place::Empty, None)],
            (Some(_), true) => vec![places, elements],
            (Some(_), false) => vec![keys, elements],
            (None, true) => vec![elements],
            (None, false) => vec![keys],
        };
        let names = std::iter::once(&inner.variable).chain(&inner.second);
        for ((name, ty), (place, size)) in names.zip(types).zip(sources) {
            self.locals.push(Local { name: name.clone(), ty, place, size });
        }
        let filter = inner.filter.as_ref().map(|filter| self.visit(filter).cost);
        let body = self.visit(&inner.body);
        let element = self.locals.get(outer).map(|local| {
            let known = Self::known(STEP, local.ty.clone(), local.place);
            known.size.or(local.size).unwrap_or(Range::UNKNOWN)
        });
        self.locals.truncate(outer);
        self.scope.leave(inner);
        let count = range.size();
        // Where a filter decides, a step is that of the loop or none.
        let step = |cost: Range| filter.map_or(cost, |filter| filter.add(cost.union(STEP)));
        let of_list = |cost: Range| (LIST, step(cost), Some(count));
        let holds = |value: Range| {
            let value = Range { min: 0, max: value.max };
            Some(Entries { is_map: false, key: Range::exact(1), value })
        };
        let (setup, step, size, entries) = match inner.kind {
            LoopKind::All | LoopKind::Exists => {
                let condition = if inner.kind == LoopKind::All { 2 } else { 3 };
                let step = Range { min: 1, max: STEP.add(body.cost).max };
                (STEP, step.add(Range::exact(condition)), Some(Range::exact(1)), None)
            }
            LoopKind::ExistsOne => {
                let step = body.cost.add(Range { min: 1, max: 2 });
                (STEP.add(STEP), step, Some(Range::exact(1)), None)
            }
            LoopKind::Map | LoopKind::TransformList => {
                let (setup, step, size) = of_list(Range::exact(12).add(body.cost));
                (setup.add(STEP), step, size, holds(body.size()))
            }
            LoopKind::Filter => {
                let step = body.cost.add(Range { min: 1, max: 13 });
                (LIST.add(STEP), step, Some(count), holds(element.unwrap_or(Range::UNKNOWN)))
            }
            LoopKind::TransformMap => {
                (MAP.add(STEP), step(Range::exact(3).add(body.cost)), Some(count), None)
            }
            LoopKind::TransformMapEntry => {
                (MAP.add(STEP), step(Range::exact(2).add(body.cost)), Some(count), None)
            }
            LoopKind::SortBy => {
                let (setup, step, _) = of_list(Range::exact(12).add(body.cost));
                let sorted = sorting(&body, count);
                // The list is named twice, besides what sorting by a list of keys costs.
                let setup = setup.add(STEP).add(LIST).add(STEP).add(STEP).add(sorted.cost);
                (setup, step, sorted.size, None)
            }
            LoopKind::OptionalMap | LoopKind::OptionalFlatMap => {
                let value = LIST.add(STEP).add(range.cost).add(body.cost);
                let wrapped = if inner.kind == LoopKind::OptionalMap { STEP } else { Range::NOTHING };
                let cost = STEP.add(range.cost).add(value.add(wrapped).union(STEP));
                return Self::known(cost, ty, Place::Empty);
            }
        };
        let cost = range.cost.add(setup).add(count.times(step));
        let known = Self::known(cost, ty, Place::Empty);
        Known { size: size.or(known.size), entries, ..known }
    }
}

/// What a call costs: besides its arguments, or with them.
#[derive(Default)]
struct Called {
    cost: Range,
    whole: Option<Range>,
    size: Option<Range>,
    entries: Option<Entries>,
}

impl Default for Range {
    fn default() -> Self {
        Self::NOTHING
    }
}

/// The keys of maps: texts of which nothing is known.
static KEY: &Extent = &Extent { most: 0, written: 2, fields: Vec::new(), element: None, is_map: false };

fn as_size(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn is_scalar(ty: &Ty<'_>) -> bool {
    match ty {
        Ty::Bool | Ty::Int | Ty::Uint | Ty::Double | Ty::Duration | Ty::Timestamp => true,
        Ty::Optional(inner) => is_scalar(inner),
        _ => false,
    }
}

/// Comparing reads as much as there is of the smaller one.
fn compared(left: &Known<'_, '_>, right: &Known<'_, '_>) -> Range {
    let max = left.size().max.min(right.size().max);
    Range { min: u64::from(max > 0), max }.factor(READ)
}

fn sorting(keys: &Known<'_, '_>, size: Range) -> Called {
    let text = match &keys.ty {
        Ty::List(element) => matches!(element.as_ref(), Ty::Text | Ty::Bytes),
        key => matches!(key, Ty::Text | Ty::Bytes),
    };
    let all = size.times(size);
    let cost = all.factor(if text { 2.0 + READ } else { 2.0 }).add(STEP).add(LIST);
    Called { cost, size: Some(all), ..Called::default() }
}

/// The size of a text in which parts were replaced.
fn replaced(text: Range, from: Range, to: Range) -> Range {
    // Estimates are made with floats.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "estimates are made with floats, and are never negative"
    )]
    let parts = |whole: u64, part: u64| (whole as f64 / part as f64).ceil() as u64;
    let (most, kept_most) = if from.min == 0 {
        (text.max.saturating_add(1), text.max)
    } else if to.max <= from.min {
        (0, text.max)
    } else {
        (parts(text.max, from.min), 0)
    };
    let (least, kept_least) = if from.max == 0 {
        (text.min.saturating_add(1), text.min)
    } else if from.max <= to.min {
        (0, text.min)
    } else {
        (parts(text.min, from.max), 0)
    };
    Range { min: least, max: most }.times(to).add(Range { min: kept_least, max: kept_most })
}
