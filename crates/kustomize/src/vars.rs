//! `vars`: values of fields that stand in for `$(NAME)` in other fields.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::FieldSpec;
use crate::kustomization::Var;
use crate::problem::Problem;
use crate::resource::{ResId, Resource, Resources, Scope};
use crate::tree::{self, Mark, Node, Scalar, Style, Tag, smart_split};

/// The vars of a build, by name. No name comes twice.
pub(crate) type Vars = BTreeMap<String, (Var, u32)>;

/// Adds the vars of one kustomization, and notes which resources they read.
pub(crate) fn merge(
    vars: &mut Vars,
    incoming: &[Var],
    source: u32,
    resources: &mut Resources,
    scope: &Scope,
) -> Result<(), Problem> {
    for var in incoming {
        let mark = Mark { source, line: var.line };
        let wanted = ResId { gvk: var.gvk.borrow(), name: &var.object_name, namespace: &var.namespace };
        // Without a namespace any will do.
        let exact = !var.namespace.is_empty() || scope.is_cluster_scoped(&wanted.gvk);
        let found = resources.find_any(|id| {
            id.name == wanted.name
                && id.gvk == wanted.gvk
                && (!exact || scope.effective_namespace(id) == scope.effective_namespace(&wanted))
        });
        match found[..] {
            [] => {}
            [at] => resources.contents_mut()[at].vars.push(var.name.as_str().into()),
            _ => {
                let message =
                    format!("{} resources are {wanted}, which the var {} reads", found.len(), var.name);
                return Err(Problem::new(message, mark));
            }
        }
    }
    for var in incoming {
        add(vars, var.clone(), source)?;
    }
    Ok(())
}

/// Adds the vars of another accumulation.
pub(crate) fn merge_all(vars: &mut Vars, other: &Vars) -> Result<(), Problem> {
    other.values().try_for_each(|(var, source)| add(vars, var.clone(), *source))
}

fn add(vars: &mut Vars, var: Var, source: u32) -> Result<(), Problem> {
    let mark = Mark { source, line: var.line };
    if vars.contains_key(&var.name) {
        return Err(Problem::new(format!("the var {} is declared twice", var.name), mark));
    }
    vars.insert(var.name.clone(), (var, source));
    Ok(())
}

/// A var's value, with its type.
#[derive(Debug, Clone)]
struct Value {
    text: String,
    tag: Tag,
    mark: Mark,
}

/// Puts the values in. Returns the names of vars that nothing used.
pub(crate) fn resolve(
    resources: &mut Resources,
    vars: &Vars,
    specs: &[FieldSpec],
) -> Result<Vec<String>, Problem> {
    if vars.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = BTreeMap::new();
    for (name, (var, source)) in vars {
        let value = value_of(resources.list(), var, Mark { source: *source, line: var.line })?;
        values.insert(name.as_str(), value);
    }
    let mut used = BTreeSet::new();
    for resource in resources.list_mut() {
        replace_in(resource, specs, &values, &mut used)?;
    }
    Ok(vars.keys().filter(|name| !used.contains(name.as_str())).cloned().collect())
}

fn value_of(resources: &[Resource], var: &Var, mark: Mark) -> Result<Option<Value>, Problem> {
    let resource =
        resources.iter().find(|one| one.vars.iter().any(|name| **name == *var.name)).ok_or_else(|| {
            Problem::new(
                format!("no resource has what the var {} reads ({})", var.name, var.object_name),
                mark,
            )
        })?;
    let found = resource.node.as_ref().and_then(|node| follow(node, &parts(&var.field_path)));
    match found {
        None => {
            let message = format!(
                "{} has no field {}, which the var {} reads",
                resource.id(),
                var.field_path,
                var.name
            );
            Err(Problem::new(message, mark))
        }
        Some(Node::Scalar(scalar)) => {
            let tag = match scalar.tag {
                Tag::Int | Tag::Float | Tag::Bool => scalar.tag.clone(),
                _ => Tag::Str,
            };
            let text = match (&tag, scalar.text.parse::<f64>()) {
                (Tag::Float, Ok(number)) => plain_float(number),
                _ => scalar.text.to_string(),
            };
            Ok(Some(Value { text, tag, mark: scalar.mark }))
        }
        // A list or a mapping can't be put into a text; the var stays as it is.
        Some(_) => Ok(None),
    }
}

fn plain_float(number: f64) -> String {
    format!("{number}")
}

/// `spec.ports[0].port` in its parts.
fn parts(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in smart_split(path, '.') {
        match part.strip_suffix(']').and_then(|head| head.rsplit_once('[')) {
            Some((name, index)) if !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()) => {
                if !name.is_empty() {
                    parts.push(name.to_owned());
                }
                parts.push(index.to_owned());
            }
            _ => parts.push(part),
        }
    }
    parts
}

fn follow<'n>(node: &'n Node, parts: &[String]) -> Option<&'n Node> {
    let mut node = node;
    for part in parts.iter().filter(|part| !part.trim().is_empty()) {
        if node.is_null() {
            return None;
        }
        node = match node {
            Node::Sequence(sequence) => match tree::selector(part) {
                Ok((field, value)) if tree::is_selector(part) => sequence
                    .items
                    .iter()
                    .find(|item| item.get(field).is_some_and(|found| found.text_or_empty() == value))?,
                _ => sequence.items.get(part.parse::<usize>().ok()?)?,
            },
            other => other.get(part.trim())?,
        };
    }
    Some(node)
}

type Values<'v> = BTreeMap<&'v str, Option<Value>>;

fn replace_in<'v>(
    resource: &mut Resource,
    specs: &[FieldSpec],
    values: &Values<'v>,
    used: &mut BTreeSet<&'v str>,
) -> Result<(), Problem> {
    let Some(mut node) = resource.node.take() else { return Ok(()) };
    let text = |field| node.get(field).map_or("", Node::text_or_empty).to_owned();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let gvk = crate::resource::Gvk::of(&version, &kind);
    let mut result = Ok(());
    for spec in specs.iter().filter(|spec| crate::transform::applies(spec, &gvk)) {
        let create = crate::transform::Create::Nothing;
        result = crate::transform::apply(&mut node, spec, create, Mark::default(), &mut |place| {
            in_place(place, values, used)
        });
        if result.is_err() {
            break;
        }
    }
    resource.node = Some(node);
    result
}

fn in_place<'v>(place: &mut Node, values: &Values<'v>, used: &mut BTreeSet<&'v str>) -> Result<(), Problem> {
    match place {
        Node::Scalar(scalar) => {
            if scalar.is_string() {
                replace_text(scalar, values, used);
            }
        }
        Node::Mapping(mapping) => {
            if let Some((key, _)) = mapping.entries.iter().find(|(key, _)| !key.is_string()) {
                return Err(Problem::new(format!("the key {:?} is no string", key.text), key.mark));
            }
            for (_, value) in &mut Arc::make_mut(mapping).entries {
                if let Node::Scalar(scalar) = value
                    && scalar.is_string()
                {
                    replace_text(scalar, values, used);
                }
            }
        }
        Node::Sequence(sequence) => {
            for item in &mut Arc::make_mut(sequence).items {
                match item {
                    Node::Scalar(scalar) if scalar.is_string() => replace_text(scalar, values, used),
                    other => return Err(Problem::new("a list with vars holds strings only", other.mark())),
                }
            }
        }
    }
    Ok(())
}

fn replace_text<'v>(scalar: &mut Arc<Scalar>, values: &Values<'v>, used: &mut BTreeSet<&'v str>) {
    let (text, tag, mark) = expand(&scalar.text, values, used);
    let changed = Arc::make_mut(scalar);
    // The result is a string whatever it looks like, unless the whole text was one var.
    changed.style = if text.contains('\n') { Style::Literal } else { Style::Plain };
    changed.tagged = false;
    changed.tag = tag;
    changed.text = text.into();
    changed.mark = mark.unwrap_or(changed.mark);
    changed.link = changed.link.rewritten();
}

fn expand<'v>(input: &str, values: &Values<'v>, used: &mut BTreeSet<&'v str>) -> (String, Tag, Option<Mark>) {
    let mut out = String::with_capacity(input.len());
    let mut rest = input;
    let mut mark = None;
    while let Some(at) = rest.find('$') {
        let Some(next) = rest[at + 1..].chars().next() else { break };
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        match next {
            '$' => {
                out.push('$');
                rest = &after[1..];
            }
            '(' => match after.find(')') {
                Some(end) => {
                    let name = &after[1..end];
                    match values.get_key_value(name) {
                        Some((name, Some(value))) => {
                            used.insert(*name);
                            if after.len() == end + 1 && at == 0 && out.is_empty() {
                                return (value.text.clone(), value.tag.clone(), Some(value.mark));
                            }
                            mark = mark.or(Some(value.mark));
                            out.push_str(&value.text);
                        }
                        _ => {
                            out.push_str("$(");
                            out.push_str(name);
                            out.push(')');
                        }
                    }
                    rest = &after[end + 1..];
                }
                None => {
                    out.push_str("$(");
                    rest = &after[1..];
                }
            },
            other => {
                out.push('$');
                out.push(other);
                rest = &after[other.len_utf8()..];
            }
        }
    }
    out.push_str(rest);
    (out, Tag::Str, mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vars_are_put_in() {
        let value = |text: &str, tag| Some(Value { text: text.to_owned(), tag, mark: Mark::default() });
        let values: Values<'_> =
            [("A", value("x", Tag::Str)), ("N", value("8", Tag::Int))].into_iter().collect();
        for (input, expect, tag) in [
            ("$(A)", "x", Tag::Str),
            ("$(N)", "8", Tag::Int),
            ("p$(N)", "p8", Tag::Str),
            ("$$(A) $(B) $(A", "$(A) $(B) $(A", Tag::Str),
            ("$A$", "$A$", Tag::Str),
        ] {
            let (text, found, _) = expand(input, &values, &mut BTreeSet::new());
            assert_eq!((text.as_str(), found), (expect, tag), "{input}");
        }
    }
}
