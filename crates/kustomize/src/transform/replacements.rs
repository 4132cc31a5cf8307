//! Replacements: a value of one resource, or a constant, put into fields of others.

use std::sync::Arc;

use gangplank_yaml as yaml;

use super::Context;
use crate::kustomization::{FieldOptions, Replacement, Source, Target};
use crate::problem::Problem;
use crate::resource::{Resource, Resources};
use crate::selector::Matcher;
use crate::tree::{
    self, Create, Mark, Node, PathError, Scalar, is_index, is_selector, matching, selector, smart_split,
};

/// Carries out replacements one after the other.
pub(crate) fn replace(
    resources: &mut Resources,
    replacements: &[Replacement],
    source: u32,
    context: Context<'_>,
) -> Result<(), Problem> {
    for replacement in replacements {
        let mark = Mark { source, line: replacement.line };
        let fail = |message: &str| Err(Problem::new(message, mark));
        let targets = match (&replacement.targets, &replacement.source, &replacement.source_value) {
            (None, _, _) | (_, None, None) => {
                return fail("a replacement needs a source and at least one target");
            }
            (_, Some(_), Some(_)) => return fail("a replacement has a source or a sourceValue, not both"),
            (Some(targets), _, _) => targets,
        };
        let mut value = match (&replacement.source, &replacement.source_value) {
            (Some(source), _) => source_value(resources, source, mark, context)?,
            (None, Some(text)) => Value::constant(text, mark),
            (None, None) => continue,
        };
        for target in targets {
            apply_target(resources, target, &mut value, mark)?;
        }
    }
    Ok(())
}

/// What is put into targets.
struct Value {
    node: Node,
    /// The resource that it stands in: Kustomize's value is that very field, and changes with it.
    lives_in: Option<usize>,
}

impl Value {
    fn constant(text: &str, mark: Mark) -> Self {
        Self { node: Node::Scalar(Arc::new(Scalar::untyped(text, mark))), lives_in: None }
    }

    /// Sets a place of the resource `at`, and follows where the place is the value itself.
    fn set(&mut self, place: &mut Node, options: &FieldOptions, at: usize) -> Result<(), PathError> {
        let is_source = self.lives_in == Some(at)
            && matches!((&*place, &self.node), (Node::Scalar(place), Node::Scalar(value)) if Arc::ptr_eq(place, value));
        set_value(place, &self.node, options)?;
        if is_source {
            self.node = place.clone();
        }
        Ok(())
    }
}

fn source_value(
    resources: &Resources,
    source: &Source,
    mark: Mark,
    context: Context<'_>,
) -> Result<Value, Problem> {
    let selected: Vec<(usize, &Resource)> = resources
        .list()
        .iter()
        .enumerate()
        .filter(|(_, resource)| {
            std::iter::once(resource.id()).chain(resource.previous_ids()).any(|id| {
                (source.name.is_empty() || source.name == id.name)
                    && (source.namespace.is_empty()
                        || same_namespace(&source.namespace, &id, source, context))
                    && id.gvk.is_selected_by(&source.gvk.borrow())
            })
        })
        .collect();
    let [(at, resource)] = selected[..] else {
        let message = match selected.len() {
            0 => format!("no resource is the source of this replacement ({})", describe(source)),
            count => format!(
                "{count} resources are the source of this replacement ({}): say which",
                describe(source)
            ),
        };
        return Err(Problem::new(message, mark));
    };
    let path = if source.field_path.is_empty() { "metadata.name" } else { &source.field_path };
    let parts = smart_split(path, '.');
    let traced = with_traces(resource, &parts);
    let found = traced.as_ref().or(resource.node.as_ref()).and_then(|node| follow(node, &parts));
    let value = found.filter(|value| !value.is_null_or_empty()).ok_or_else(|| {
        Problem::new(
            format!("the source of this replacement ({}) has no field {path}", describe(source)),
            mark,
        )
    })?;
    if source.options.delimiter.is_empty() {
        return Ok(Value { node: value.clone(), lives_in: Some(at) });
    }
    let Node::Scalar(scalar) = value else {
        return Err(Problem::new(
            format!("{path} is a {}, which no delimiter can part", value.kind_name()),
            mark,
        ));
    };
    let parts: Vec<&str> = scalar.text.split(source.options.delimiter.as_str()).collect();
    let part =
        usize::try_from(source.options.index).ok().and_then(|index| parts.get(index)).ok_or_else(|| {
            Problem::new(
                format!(
                    "{path} has {} parts, and no part {}: {:?}",
                    parts.len(),
                    source.options.index,
                    scalar.text
                ),
                mark,
            )
        })?;
    let mut copy = (**scalar).clone();
    copy.text = (*part).into();
    Ok(Value { node: Node::Scalar(Arc::new(copy)), lives_in: None })
}

/// The resource with Kustomize's own annotations, for a path to all annotations.
fn with_traces(resource: &Resource, path: &[String]) -> Option<Node> {
    let all = matches!(path, [metadata] if metadata == "metadata")
        || matches!(path, [metadata, annotations] if metadata == "metadata" && annotations == "annotations");
    if !all || !resource.has_traces() {
        return None;
    }
    let mut node = resource.node.clone()?;
    let mark = node.mark();
    let annotations = tree::lookup_create(&mut node, &["metadata", "annotations"], mark).ok()?;
    for (name, text) in resource.traces() {
        tree::set_field(annotations, name, Some(Node::string(text, mark)), false);
    }
    Some(node)
}

fn same_namespace(
    wanted: &str,
    id: &crate::resource::ResId<'_>,
    source: &Source,
    context: Context<'_>,
) -> bool {
    let selector = crate::resource::ResId { gvk: source.gvk.borrow(), name: "", namespace: wanted };
    context.scope.effective_namespace(&selector) == context.scope.effective_namespace(id)
}

fn describe(source: &Source) -> String {
    let gvk = &source.gvk;
    [&gvk.kind, &gvk.version, &gvk.group, &source.namespace, &source.name]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Follows a path to one value, as kyaml's lookup does: names, indexes, `-` for the last item, `[name=value]`.
fn follow<'n>(node: &'n Node, path: &[String]) -> Option<&'n Node> {
    let mut node = node;
    for part in path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        if node.is_null() {
            return None;
        }
        node = match node {
            Node::Sequence(sequence) if is_index(part) => sequence.items.get(part.parse::<usize>().ok()?)?,
            Node::Sequence(sequence) if part == "-" => sequence.items.last()?,
            Node::Sequence(sequence) if is_selector(part) => {
                let (field, wanted) = selector(part).ok()?;
                sequence.items.iter().find(|item| {
                    let value = if field.is_empty() { Some(*item) } else { item.get(field) };
                    value.is_some_and(|value| value.text_or_empty() == wanted)
                })?
            }
            Node::Mapping(mapping) if !is_index(part) && !is_selector(part) => mapping.get(part)?,
            _ => return None,
        };
    }
    Some(node)
}

fn apply_target(
    resources: &mut Resources,
    target: &Target,
    value: &mut Value,
    mark: Mark,
) -> Result<(), Problem> {
    let Some(select) = &target.select else {
        return Err(Problem::new("a target of a replacement needs a select", mark));
    };
    let matcher = |selector| Matcher::new(selector).map_err(|error| Problem::new(error.message, mark));
    let wanted = matcher(select)?;
    let rejected = target.reject.iter().map(matcher).collect::<Result<Vec<_>, _>>()?;
    let default_path = ["metadata.name".to_owned()];
    let paths = if target.field_paths.is_empty() { &default_path[..] } else { &target.field_paths };
    for (at, resource) in resources.list_mut().iter_mut().enumerate() {
        let ids: Vec<_> = std::iter::once(resource.id()).chain(resource.previous_ids()).collect();
        let by_metadata = wanted.matches_metadata(resource)
            && !target.reject.iter().zip(&rejected).any(|(selector, matcher)| {
                !(selector.labels.is_empty() && selector.annotations.is_empty())
                    && matcher.matches_metadata(resource)
            });
        let by_id =
            target.reject.iter().zip(&rejected).any(|(selector, matcher)| {
                !selector.has_no_id() && ids.iter().any(|id| matcher.matches_id(id))
            });
        if !by_metadata || by_id || !ids.iter().any(|id| wanted.matches_id(id)) {
            continue;
        }
        let Some(node) = &mut resource.node else { continue };
        for path in paths {
            set_path(node, at, path, value, &target.options, mark)?;
        }
    }
    Ok(())
}

fn set_path(
    node: &mut Node,
    at: usize,
    path: &str,
    value: &mut Value,
    options: &FieldOptions,
    mark: Mark,
) -> Result<(), Problem> {
    let create = match (options.create, &value.node) {
        (false, _) => Create::Nothing,
        (true, Node::Scalar(_)) => Create::Scalar,
        (true, Node::Sequence(_)) => Create::Sequence,
        (true, Node::Mapping(_)) => Create::Mapping,
    };
    let parts = smart_split(path, '.');
    if set_inside_text(node, &parts, &value.node, create, mark).is_some() {
        return Ok(());
    }
    let found = matching(node, &parts, create, mark, &mut |place| value.set(place, options, at));
    match found {
        Ok(0) => Err(Problem::new(format!("a target of this replacement has no field {path}"), mark)),
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Problem::new(format!("the field {path} of a target can't be replaced: {error}"), mark))
        }
    }
}

/// Only the text of a scalar is replaced; its type and quotes stay.
fn set_value(place: &mut Node, value: &Node, options: &FieldOptions) -> Result<(), PathError> {
    let text = value.text_or_empty();
    let joined;
    let text = if options.delimiter.is_empty() {
        text
    } else {
        let Node::Scalar(old) = &*place else {
            return Err(PathError::Selector(format!(
                "a delimiter parts scalars, and this is a {}",
                place.kind_name()
            )));
        };
        let mut parts: Vec<&str> = old.text.split(options.delimiter.as_str()).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, text),
            Ok(index) => match parts.get_mut(index) {
                Some(part) => *part = text,
                None => parts.push(text),
            },
        }
        joined = parts.join(&options.delimiter);
        &joined
    };
    match place {
        Node::Scalar(scalar) => {
            let scalar = Arc::make_mut(scalar);
            scalar.text = text.into();
            scalar.mark = value.mark();
            scalar.link = scalar.link.rewritten();
        }
        other => *other = value.clone(),
    }
    Ok(())
}

/// A path that goes on inside of a text which holds YAML or JSON. `None` when there is no such text, or nothing is found
/// in it.
fn set_inside_text(
    node: &mut Node,
    parts: &[String],
    value: &Node,
    create: Create,
    mark: Mark,
) -> Option<()> {
    let at = (1..parts.len()).find(|at| {
        let field = follow(node, &parts[..*at]);
        field.and_then(Node::text).is_some_and(|text| yaml::parse_first(text).is_ok())
    })?;
    let old = follow(node, &parts[..at])?.text()?.to_owned();
    let mut data =
        yaml::parse_first(&old).and_then(|parsed| tree::from_yaml(&parsed, mark.source, mark.line)).ok()?;
    let plain = FieldOptions::default();
    let count =
        matching(&mut data, &parts[at..], create, mark, &mut |place| set_value(place, value, &plain)).ok()?;
    if count == 0 {
        return None;
    }
    let new = written(&data, &old)?;
    matching(node, &parts[..at], Create::Nothing, mark, &mut |place| {
        if let Node::Scalar(scalar) = place {
            Arc::make_mut(scalar).text = new.as_str().into();
        }
        Ok(())
    })
    .ok()?;
    Some(())
}

/// Data as it was written before: JSON on one line or on several, or YAML.
fn written(data: &Node, old: &str) -> Option<String> {
    tree::check(data).ok()?;
    if !old.trim_start().starts_with(['{', '[']) {
        return Some(tree::kyaml_text(data).trim().to_owned());
    }
    let mut json = String::new();
    tree::exact_json(data, &mut json);
    if old.contains('\n') && old.contains("  ") { Some(indented(&json)) } else { Some(json) }
}

/// JSON as Go's `MarshalIndent` writes it.
fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut chars = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        if in_text {
            out.push(c);
            if c == '\\' {
                out.extend(chars.next());
            }
            in_text = c != '"';
            continue;
        }
        match c {
            '"' => {
                in_text = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                match chars.peek() {
                    Some('}' | ']') => out.extend(chars.next()),
                    _ => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push(c),
        }
    }
    out
}
