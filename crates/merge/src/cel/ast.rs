//! Expressions.

/// An expression and its place in the text, in characters: that of its operator or of its first character.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(super) at: usize,
    pub(super) kind: Kind,
    /// How many expressions stand in each other at most.
    pub(super) depth: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Name(String),
    /// `operand.field`; with `test` it is `has(operand.field)`, with `optional` it is `operand.?field`.
    Select {
        operand: Box<Expr>,
        field: String,
        test: bool,
        optional: bool,
    },
    /// A function, or an operator by the name of its function (`_+_`).
    Call {
        target: Option<Box<Expr>>,
        name: String,
        arguments: Vec<Expr>,
    },
    List(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
    /// A loop over a list or the keys of a map.
    Loop(Box<Loop>),
}

/// `range.all(variable, body)` and its like.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loop {
    pub(super) kind: LoopKind,
    pub(super) range: Expr,
    pub(super) variable: String,
    /// Where there are two variables, the first is the place or the key, and the second the value.
    pub(super) second: Option<String>,
    /// Of a `map` with three arguments: which elements are taken.
    pub(super) filter: Option<Expr>,
    pub(super) body: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopKind {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    TransformList,
    TransformMap,
    TransformMapEntry,
    SortBy,
    /// `optional.optMap(variable, body)`
    OptionalMap,
    /// `optional.optFlatMap(variable, body)`
    OptionalFlatMap,
}

impl Expr {
    pub(super) fn new(at: usize, kind: Kind) -> Self {
        let deepest = match &kind {
            Kind::Select { operand, .. } => operand.depth,
            Kind::Call { target, arguments, .. } => {
                target.as_deref().into_iter().chain(arguments).map(|one| one.depth).max().unwrap_or(0)
            }
            Kind::List(elements) => elements.iter().map(|one| one.depth).max().unwrap_or(0),
            Kind::Map(entries) => {
                entries.iter().map(|(key, value)| key.depth.max(value.depth)).max().unwrap_or(0)
            }
            Kind::Loop(inner) => {
                let filter = inner.filter.as_ref().map_or(0, |filter| filter.depth);
                inner.range.depth.max(inner.body.depth).max(filter)
            }
            _ => 0,
        };
        Self { at, kind, depth: deepest + 1 }
    }

    /// Whether a name is used anywhere in the expression.
    pub(crate) fn uses(&self, name: &str) -> bool {
        match &self.kind {
            Kind::Name(used) => used == name,
            Kind::Select { operand, .. } => operand.uses(name),
            Kind::Call { target, arguments, .. } => {
                target.as_deref().is_some_and(|target| target.uses(name))
                    || arguments.iter().any(|one| one.uses(name))
            }
            Kind::List(elements) => elements.iter().any(|one| one.uses(name)),
            Kind::Map(entries) => entries.iter().any(|(key, value)| key.uses(name) || value.uses(name)),
            Kind::Loop(inner) => {
                inner.range.uses(name)
                    || (inner.variable != name
                        && inner.second.as_deref() != Some(name)
                        && (inner.body.uses(name)
                            || inner.filter.as_ref().is_some_and(|filter| filter.uses(name))))
            }
            _ => false,
        }
    }
}
