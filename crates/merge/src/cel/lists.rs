//! Functions that make lists of lists.

use super::value::Val;

type Called<'v> = Result<Val<'v>, String>;

/// Calls a function of a list; none where it is not one.
pub(super) fn call<'v>(name: &str, elements: &[Val<'v>], rest: &[Val<'v>]) -> Option<Called<'v>> {
    Some(match (name, rest) {
        ("reverse", []) => Ok(Val::list(elements.iter().rev().cloned().collect())),
        ("distinct", []) => {
            let mut out: Vec<Val<'v>> = Vec::new();
            for element in elements {
                if !out.iter().any(|known| known.equals(element)) {
                    out.push(element.clone());
                }
            }
            Ok(Val::list(out))
        }
        ("slice", [Val::Int(start), Val::Int(end)]) => slice(elements, *start, *end),
        ("flatten", []) => Ok(Val::list(flatten(elements, 1))),
        ("flatten", [Val::Int(depth)]) => match usize::try_from(*depth) {
            Ok(depth) => Ok(Val::list(flatten(elements, depth))),
            Err(_) => Err("level must be non-negative".to_owned()),
        },
        ("sort", []) => sorted(elements, elements),
        _ => return None,
    })
}

/// The elements in the order of their keys.
pub(super) fn sorted<'v>(elements: &[Val<'v>], keys: &[Val<'v>]) -> Called<'v> {
    if let Some(first) = keys.first() {
        if first.order(first).is_none() {
            return Err("list elements must be comparable".to_owned());
        }
        if keys.iter().any(|key| key.type_name() != first.type_name()) {
            return Err("list elements must have the same type".to_owned());
        }
    }
    let mut places: Vec<usize> = (0..elements.len()).collect();
    places.sort_by(|a, b| keys[*a].order(&keys[*b]).unwrap_or(std::cmp::Ordering::Equal));
    Ok(Val::list(places.into_iter().map(|place| elements[place].clone()).collect()))
}

fn slice<'v>(elements: &[Val<'v>], start: i64, end: i64) -> Called<'v> {
    let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
        return Err(format!("cannot slice({start}, {end}), negative indexes not supported"));
    };
    if from > to {
        return Err(format!(
            "cannot slice({start}, {end}), start index must be less than or equal to end index"
        ));
    }
    match elements.get(from..to) {
        Some(part) => Ok(Val::list(part.to_vec())),
        None => Err(format!("cannot slice({start}, {end}), list is length {}", elements.len())),
    }
}

fn flatten<'v>(elements: &[Val<'v>], depth: usize) -> Vec<Val<'v>> {
    let mut out = Vec::with_capacity(elements.len());
    for element in elements {
        match element.elements().filter(|_| depth > 0) {
            Some(inner) => out.extend(flatten(&inner, depth - 1)),
            None => out.push(element.clone()),
        }
    }
    out
}
