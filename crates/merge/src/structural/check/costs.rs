//! What the rules of a schema may cost: each of them, and all together.

use super::{FieldError, Reason};
use crate::cel::{self, Extent};
use crate::structural::{Additional, Node};

/// The longest request.
const REQUEST: u64 = 3 * 1024 * 1024;
/// What a rule may cost.
const RULE: u64 = 10_000_000;
/// What all rules may cost.
const ALL: u64 = 100_000_000;

/// The costs of the rules of a schema.
#[derive(Default)]
pub(super) struct Costs {
    total: u64,
    /// The most expensive rules, the worst first.
    worst: Vec<(String, u64)>,
}

impl Costs {
    /// Counts an expression; an error where it is too expensive by itself.
    pub(super) fn count(&mut self, place: &str, what: &str, cost: u64) -> Option<FieldError> {
        self.total = self.total.saturating_add(cost);
        if cost >= ALL / 100 {
            let at = self.worst.partition_point(|(_, other)| *other >= cost);
            self.worst.insert(at, (place.to_owned(), cost));
            self.worst.truncate(4);
        }
        let name = format!("estimated {what} cost");
        (cost > RULE).then(|| FieldError::bare(Reason::Forbidden, place, exceeds(&name, cost, RULE)))
    }

    /// The errors of all together.
    pub(super) fn errors(self, path: &str) -> Vec<FieldError> {
        if self.total <= ALL {
            return Vec::new();
        }
        let contributed =
            "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
        let worst = self
            .worst
            .iter()
            .map(|(place, _)| FieldError::bare(Reason::Forbidden, place.as_str(), contributed));
        let name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        let whole = FieldError::bare(Reason::Forbidden, path, exceeds(name, self.total, ALL));
        worst.chain([whole]).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
fn exceeds(name: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = if factor > 100.0 {
        "more than 100x".to_owned()
    } else if factor < 1.5 {
        format!("{factor:.6}x")
    } else {
        format!("{factor:.1}x")
    };
    format!(
        "{name} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}

/// How often values of a schema can stand in an object: as often as those around it allow, or as a request can hold.
pub(super) fn often(known: Option<u64>, extent: &Extent) -> u64 {
    known.unwrap_or(REQUEST / (extent.written + 1))
}

/// By how much a list or map multiplies what is in it; none where it says nothing.
pub(super) fn factor(node: &Node) -> Option<u64> {
    let most = match node.types.as_slice() {
        ["object"] if node.additional.is_some() => node.limits.max_properties,
        ["array"] => node.limits.max_items,
        _ => Some(1),
    };
    most.map(size)
}

fn size(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// How big values of a schema can be; none for what rules don't see.
pub(super) fn extent(node: &Node) -> Option<Extent> {
    let plain =
        |most: u64, written: u64| Extent { most, written, fields: Vec::new(), element: None, is_map: false };
    let text = REQUEST - 2;
    let length = node.limits.max_length.map(size);
    Some(match node.types.as_slice() {
        ["integer" | "string", "integer" | "string"] => plain(length.map_or(text, |length| length * 4), 1),
        ["boolean"] => plain(0, 4),
        ["integer" | "number"] => plain(0, 1),
        ["string"] => match node.format.as_deref() {
            Some("byte") => plain(length.unwrap_or(text), 2),
            Some("duration") => plain(32, 3),
            Some("date") => plain(12, 12),
            Some("date-time") => plain(32, 21),
            _ => {
                let allowed = node.limits.allowed.iter().filter_map(|one| one.as_str()).map(str::len).max();
                let allowed = allowed.map(|longest| u64::try_from(longest).unwrap_or(u64::MAX));
                plain(length.map(|length| length * 4).or(allowed).unwrap_or(text), 2)
            }
        },
        ["array"] => {
            let element = extent(node.items.as_deref()?)?;
            let most = node.limits.max_items.map_or((REQUEST - 2) / (element.written + 1), size);
            Extent { element: Some(Box::new(element)), ..plain(most, 2) }
        }
        ["object"] => match &node.additional {
            Some(Additional::Schema(inner)) => {
                let element = extent(inner)?;
                let most = node.limits.max_properties.map_or((REQUEST - 2) / (element.written + 6), size);
                Extent { element: Some(Box::new(element)), is_map: true, ..plain(most, 2) }
            }
            _ => object(node),
        },
        _ => return None,
    })
}

fn object(node: &Node) -> Extent {
    let mut written = 2;
    let mut fields = Vec::with_capacity(node.properties.len());
    let mut add = |name: &str, node: &Node, required: bool| {
        let Some(inner) = extent(node) else { return };
        if required && node.default.is_none() {
            written += u64::try_from(name.len()).unwrap_or(0) + inner.written + 4;
        }
        fields.extend(cel::escaped_field(name).map(|name| (name, inner)));
    };
    let required = |name: &str| node.limits.required.iter().any(|one| **one == *name);
    for (name, property) in &node.properties {
        if !node.resource || Node::of_resource(name).is_none() {
            add(name, property, required(name));
        }
    }
    if node.resource {
        for name in ["apiVersion", "kind", "metadata"] {
            if let Some(property) = Node::of_resource(name) {
                add(name, property, required(name));
            }
        }
    }
    Extent { most: 0, written, fields, element: None, is_map: false }
}
