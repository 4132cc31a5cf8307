//! LimitRanges: what containers get that ask for nothing, and what nobody gets.

use serde_json::{Map, Value};

use super::pods::containers;
use crate::object::quantity;
use crate::server::Server;
use crate::status::{Answer, Status};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

fn ranges(server: &Server, namespace: &str) -> Vec<Value> {
    server
        .store
        .list("/limitranges", &format!("{namespace}/"))
        .iter()
        .flat_map(|object| object.value()["spec"]["limits"].as_array().cloned().unwrap_or_default())
        .collect()
}

fn amounts(value: &Value) -> impl Iterator<Item = (&String, &str)> {
    value.as_object().into_iter().flatten().filter_map(|(name, amount)| Some((name, amount.as_str()?)))
}

fn amount(text: &str) -> i128 {
    quantity::parse(text).unwrap_or_default()
}

/// Gives containers the defaults of the namespace.
pub(super) fn default(server: &Server, namespace: &str, pod: &mut Value) {
    let ranges = ranges(server, namespace);
    if ranges.is_empty() {
        return;
    }
    let (mut requests, mut limits) = (Map::new(), Map::new());
    for range in ranges.iter().filter(|range| range["type"] == "Container") {
        for (name, amount) in amounts(&range["defaultRequest"]) {
            requests.insert(name.clone(), amount.into());
        }
        for (name, amount) in amounts(&range["default"]) {
            limits.insert(name.clone(), amount.into());
        }
    }
    let mut done = Vec::new();
    for (member, word) in [("initContainers", "init container"), ("containers", "container")] {
        for container in pod["spec"][member].as_array_mut().into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default().to_owned();
            for (kind, defaults) in [("requests", &requests), ("limits", &limits)] {
                let mut set = Vec::new();
                for (resource, amount) in defaults {
                    let known = container["resources"][kind].get(resource).is_some();
                    if !known {
                        container["resources"][kind][resource.as_str()] = amount.clone();
                        set.push(resource.as_str());
                    }
                }
                if !set.is_empty() {
                    let kind = kind.trim_end_matches('s');
                    done.push(format!("{} {kind} for {word} {name}", set.join(", ")));
                }
            }
        }
    }
    if !done.is_empty() {
        pod["metadata"]["annotations"][ANNOTATION] =
            format!("LimitRanger plugin set: {}", done.join("; ")).into();
    }
}

/// What a range of type `Pod` looks at: all containers together.
fn total(pod: &Value, kind: &str, resource: &str) -> Option<String> {
    let mut given =
        containers(pod).filter_map(|container| container["resources"][kind][resource].as_str()).peekable();
    given.peek()?;
    Some(quantity::sum(given))
}

/// Judges what is asked for against the bounds of a range.
fn judge(range: &Value, of: &str, get: impl Fn(&str, &str) -> Option<String>, out: &mut Vec<String>) {
    // The bound, the amounts in the order in which they are looked at, and which side of it they may be on.
    type Fits = fn(i128, i128) -> bool;
    let sides: [(&str, &str, [&str; 2], Fits); 2] = [
        ("min", "minimum", ["request", "limit"], |found, bound| found >= bound),
        ("max", "maximum", ["limit", "request"], |found, bound| found <= bound),
    ];
    for (member, word, kinds, fits) in sides {
        for (resource, bound) in amounts(&range[member]) {
            let rule = format!("{word} {resource} usage per {of} is {bound}");
            let given = kinds.map(|kind| get(&format!("{kind}s"), resource));
            if given[0].is_none() {
                out.push(format!("{rule}.  No {} is specified", kinds[0]));
                continue;
            }
            let outside = kinds.iter().zip(given).find_map(|(kind, given)| {
                let given = given.filter(|given| !fits(amount(given), amount(bound)))?;
                Some(format!("{rule}, but {kind} is {given}"))
            });
            out.extend(outside);
        }
    }
}

/// Refuses a Pod that is out of the namespace's ranges.
pub(super) fn check(server: &Server, namespace: &str, pod: &Value) -> Answer<()> {
    let mut reasons = Vec::new();
    for range in ranges(server, namespace) {
        match range["type"].as_str() {
            Some("Container") => {
                for container in containers(pod) {
                    let get = |kind: &str, resource: &str| {
                        container["resources"][kind][resource].as_str().map(str::to_owned)
                    };
                    judge(&range, "Container", get, &mut reasons);
                }
            }
            Some("Pod") => judge(&range, "Pod", |kind, resource| total(pod, kind, resource), &mut reasons),
            _ => {}
        }
    }
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    match reasons.as_slice() {
        [] => Ok(()),
        [one] => Err(Status::forbidden("", "pods", name, one)),
        all => Err(Status::forbidden("", "pods", name, &format!("[{}]", all.join(", ")))),
    }
}
