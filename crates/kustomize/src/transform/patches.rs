//! Patches: what one is, which resources it is for, and what it may not change.

use std::collections::HashSet;
use std::sync::Arc;

use super::json_patch::{self, Operation};
use super::{Context, strategic_merge};
use crate::problem::Problem;
use crate::reader::{self, ReadError};
use crate::resource::{ResId, Resource, Resources};
use crate::selector::{Matcher, Selector};
use crate::tree::{self, Mark, Node};

/// The text of a patch and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PatchText<'t> {
    pub(crate) text: &'t str,
    pub(crate) source: u32,
    pub(crate) first_line: u32,
}

impl PatchText<'_> {
    fn mark(&self) -> Mark {
        Mark { source: self.source, line: self.first_line }
    }
}

/// `options` of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PatchOptions {
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
}

/// A patch that has been read.
#[derive(Debug, Clone)]
pub(crate) enum LoadedPatch {
    Strategic(Vec<Resource>),
    Json(Vec<Operation>),
}

fn read_problem(error: ReadError, source: u32) -> Problem {
    match error {
        ReadError::Yaml(error) => Problem::new(error.message, Mark { source, line: error.at.line }),
        ReadError::Object(problem) => problem,
    }
}

/// Reads a patch of `patches`, which may be of either kind: what it can be read as decides.
pub(crate) fn load_patch(patch: PatchText<'_>, options: PatchOptions) -> Result<LoadedPatch, Problem> {
    // A list is no resource, so that a text which begins as one need not be tried as one.
    let first = patch.text.trim_start();
    if first.starts_with("- ")
        && let Ok(Some(operations)) = json_patch::parse(patch.text, patch.source, patch.first_line)
        && !operations.is_empty()
    {
        return Ok(LoadedPatch::Json(operations));
    }
    // An operation has no kind, and an object is no list: at most one reading gives anything.
    let strategic = reader::resources(patch.text, patch.source, patch.first_line);
    let operations = match &strategic {
        Ok(found) if !found.is_empty() => Ok(None),
        _ => json_patch::parse(patch.text, patch.source, patch.first_line),
    };
    match (strategic, operations) {
        (Ok(mut patches), _) => {
            for patch in &mut patches {
                // The leave is an annotation to Kustomize: with it a null is no null any more.
                if options.allow_name_change || options.allow_kind_change {
                    stringify(patch, &["annotations"]);
                }
                if options.allow_name_change {
                    patch.history_mut().allow_name_change = true;
                }
                if options.allow_kind_change {
                    patch.history_mut().allow_kind_change = true;
                }
            }
            Ok(LoadedPatch::Strategic(patches))
        }
        (Err(_), Ok(operations)) => Ok(LoadedPatch::Json(operations.unwrap_or_default())),
        (Err(strategic), Err(json)) => {
            // The reading that came further tells more.
            let looks_like_operations = patch.text.trim_start().starts_with(['-', '[']);
            let mut problem =
                if looks_like_operations { json } else { read_problem(strategic, patch.source) };
            problem.message = format!("this is no patch: {}", problem.message);
            if problem.mark.line == 0 {
                problem.mark = patch.mark();
            }
            Err(problem)
        }
    }
}

/// Reads a patch of `patchesJson6902`.
pub(crate) fn load_json6902(patch: PatchText<'_>) -> Result<Vec<Operation>, Problem> {
    match json_patch::parse(patch.text, patch.source, patch.first_line)? {
        Some(operations) if !operations.is_empty() => Ok(operations),
        _ => Err(Problem::new("this patch has no operations", patch.mark())),
    }
}

/// Applies a patch of `patches`.
pub(crate) fn apply_patch(
    resources: &mut Resources,
    patch: &LoadedPatch,
    target: Option<&Selector>,
    mark: Mark,
    context: Context<'_>,
) -> Result<(), Problem> {
    match (patch, target) {
        (LoadedPatch::Json(_), None) => {
            Err(Problem::new("a JSON patch needs a target: say which resources it is for", mark))
        }
        (LoadedPatch::Json(operations), Some(target)) => {
            apply_operations(resources, operations, target, true, mark, context)
        }
        (LoadedPatch::Strategic(patches), Some(target)) => {
            let [patch] = &patches[..] else {
                if patches.is_empty() {
                    return Ok(());
                }
                return Err(Problem::new(
                    "a patch with a target holds one document, and this one holds several",
                    mark,
                ));
            };
            let selected = select(resources, target, mark, context)?;
            apply_to_selected(resources, &selected, patch, context)
        }
        (LoadedPatch::Strategic(patches), None) => {
            for patch in patches {
                let at = find_target(resources, patch, mark, context)?;
                let target = &mut resources.list_mut()[at];
                apply_to_resource(target, patch, mark, context)?;
            }
            Ok(())
        }
    }
}

/// Applies the patches of `patchesStrategicMerge`, each to the resource whose identity it has.
pub(crate) fn apply_strategic(
    resources: &mut Resources,
    patches: &[Resource],
    mark: Mark,
    context: Context<'_>,
) -> Result<(), Problem> {
    for patch in patches {
        let at = find_target(resources, patch, mark, context)?;
        apply_to_selected(resources, &[at], patch, context)?;
    }
    Ok(())
}

/// Applies a patch of `patchesJson6902`.
pub(crate) fn apply_json6902(
    resources: &mut Resources,
    operations: &[Operation],
    target: &Selector,
    mark: Mark,
    context: Context<'_>,
) -> Result<(), Problem> {
    apply_operations(resources, operations, target, false, mark, context)
}

fn select(
    resources: &Resources,
    target: &Selector,
    mark: Mark,
    context: Context<'_>,
) -> Result<Vec<usize>, Problem> {
    let matcher = Matcher::new(target).map_err(|error| Problem::new(error.message, mark))?;
    let places = resources.list().iter().enumerate();
    Ok(places.filter(|(_, one)| matcher.selects(one, context.scope)).map(|(at, _)| at).collect())
}

fn apply_operations(
    resources: &mut Resources,
    operations: &[Operation],
    target: &Selector,
    stores_id: bool,
    mark: Mark,
    context: Context<'_>,
) -> Result<(), Problem> {
    for at in select(resources, target, mark, context)? {
        let resource = &mut resources.list_mut()[at];
        if stores_id {
            resource.store_previous_id(context.scope);
        }
        let Some(node) = &resource.node else { continue };
        tree::check(node)?;
        let mut document = tree::canonical(node)?;
        // Kustomize's own annotations are there for the patch to find, though it is never told so.
        let lineage = resource.lineage.is_some();
        // Their texts matter only to operations that look.
        let traces = if json_patch::looks(operations) { resource.traces() } else { Vec::new() };
        if resource.has_traces() {
            let annotations = tree::lookup_create(&mut document, &["metadata", "annotations"], mark)?;
            if lineage {
                let value = Node::string("", mark);
                tree::set_field(annotations, LINEAGE, Some(value), false);
            }
            for (name, text) in &traces {
                tree::set_field(annotations, name, Some(Node::string(text.as_str(), mark)), false);
            }
        }
        json_patch::apply(&mut document, operations)?;
        if let Some(Node::Mapping(annotations)) =
            document.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"))
        {
            for (name, _) in traces.iter().filter(|(name, _)| *name != LINEAGE) {
                tree::clear(Arc::make_mut(annotations), name);
            }
        }
        if !matches!(document, Node::Mapping(_)) {
            return Err(Problem::new("the patch leaves no mapping of the resource", mark));
        }
        if lineage && !take_lineage(&mut document) {
            resource.lineage = None;
        }
        resource.node = Some(document);
        resource.normalize_annotations();
    }
    Ok(())
}

/// Stands for the annotations that tell where a resource came from, which a patch may replace with all the others.
const LINEAGE: &str = "config.kubernetes.io/origin";

/// Removes what stood for the lineage; whether it was still there.
fn take_lineage(document: &mut Node) -> bool {
    match document.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations")) {
        Some(Node::Mapping(annotations)) => tree::clear(Arc::make_mut(annotations), LINEAGE).is_some(),
        _ => false,
    }
}

/// The one resource that has, or had, the identity of a patch.
fn find_target(
    resources: &Resources,
    patch: &Resource,
    mark: Mark,
    context: Context<'_>,
) -> Result<usize, Problem> {
    let wanted = patch.original_id();
    let found = resources.find_any(|id| context.scope.same(id, &wanted));
    let at = patch.node.as_ref().map_or(mark, Node::mark);
    match found[..] {
        [place] => Ok(place),
        [] => Err(Problem::new(
            format!("no resource is {wanted}, which this patch is for{}", similar(resources, &wanted)),
            at,
        )),
        _ => {
            Err(Problem::new(format!("{} resources are {wanted}, which this patch is for", found.len()), at))
        }
    }
}

/// Names a resource that may have been meant.
fn similar(resources: &Resources, wanted: &ResId<'_>) -> String {
    let by_name = resources.list().iter().find(|one| one.all_ids().any(|id| id.name == wanted.name));
    let by_kind = || resources.list().iter().find(|one| one.kind() == wanted.gvk.kind);
    by_name.or_else(by_kind).map_or_else(String::new, |one| format!("; there is {}", one.id()))
}

fn apply_to_selected(
    resources: &mut Resources,
    selected: &[usize],
    patch: &Resource,
    context: Context<'_>,
) -> Result<(), Problem> {
    if selected.is_empty() {
        return Ok(());
    }
    let chosen: HashSet<usize> = selected.iter().copied().collect();
    let mark = patch.node.as_ref().map_or_else(Mark::default, Node::mark);
    for (at, resource) in resources.list_mut().iter_mut().enumerate() {
        if !chosen.contains(&at) {
            continue;
        }
        let mut copy = patch.clone();
        // The copy's labels and annotations become strings on the way, and it takes the target's group and version.
        stringify(&mut copy, &["labels", "annotations"]);
        let version = resource.gvk().api_version();
        copy.set_api_version(&version);
        apply_to_resource(resource, &copy, mark, context)?;
    }
    let list = std::mem::take(resources).into_list();
    let kept = list.into_iter().filter(|resource| !resource.is_empty()).collect();
    resources.append_all(kept, context.scope).map_err(|duplicate| {
        Problem::new(format!("the patch makes two resources of one identity: {}", duplicate.id), mark)
    })
}

fn stringify(patch: &mut Resource, fields: &[&str]) {
    for field in fields {
        let Some(map) = patch.node.as_ref().and_then(|node| tree::lookup(node, &["metadata", field])) else {
            continue;
        };
        let entries = map.entries().unwrap_or_default();
        let strings: Vec<(String, String, Mark)> = entries
            .iter()
            .map(|(key, value)| (key.text.to_string(), value.text_or_empty().to_owned(), value.mark()))
            .collect();
        patch.set_metadata_map(field, strings);
    }
}

fn apply_to_resource(
    resource: &mut Resource,
    patch: &Resource,
    mark: Mark,
    context: Context<'_>,
) -> Result<(), Problem> {
    let (Some(node), Some(patch_node)) = (&resource.node, &patch.node) else { return Ok(()) };
    let (name, namespace, kind) =
        (resource.name().to_owned(), resource.namespace().to_owned(), resource.kind().to_owned());
    let allowed = patch.history();
    let (name_changes, kind_changes) = (allowed.allow_name_change, allowed.allow_kind_change);
    let mut merged = strategic_merge::merge(node, patch_node, context.schema)?;
    if directive(patch_node) == Some("replace") {
        // Kustomize loses what such a patch puts in the resource's place, and keeps the resource.
        merged = Some(node.clone());
    }
    if name_changes || kind_changes {
        resource.store_previous_id(context.scope);
    }
    if drops_annotations(patch_node) {
        resource.forget_history();
    }
    if name_changes || kind_changes {
        // The leave is an annotation of the patch, and is merged with the others.
        let history = resource.history_mut();
        history.allow_name_change |= name_changes;
        history.allow_kind_change |= kind_changes;
    }
    resource.node = merged;
    if resource.is_empty() {
        return Ok(());
    }
    if !kind_changes {
        resource.set_kind(&kind);
    }
    if !name_changes {
        resource.set_name(&name, mark);
    }
    resource.set_namespace(&namespace, mark);
    Ok(())
}

/// Whether a patch removes all annotations, and with them what Kustomize had noted there.
fn drops_annotations(patch: &Node) -> bool {
    let replaces = |node: &Node| matches!(directive(node), Some("replace" | "delete"));
    patch.get("metadata").is_some_and(|metadata| {
        replaces(metadata)
            || metadata
                .get("annotations")
                .is_some_and(|annotations| annotations.is_null() || replaces(annotations))
    })
}

fn directive(node: &Node) -> Option<&str> {
    node.get("$patch").and_then(Node::text)
}
