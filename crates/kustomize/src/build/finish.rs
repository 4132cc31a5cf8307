//! What happens once, at the top.

use super::accumulate::Accumulator;
use super::target::Target;
use super::{Build, Frame};
use crate::config::{FieldSpec, TransformerConfig};
use crate::error::{Cause, Error};
use crate::problem::Problem;
use crate::render::Order;
use crate::resource::Resource;
use crate::tree::{Mark, Node};
use crate::{hash, references, sort, transform, vars};

/// The annotation that keeps a resource out of the output.
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";
/// The label that `managedByLabel` asks for.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// What Kustomize 5.8.1 calls itself there.
const MANAGER: &str = "kustomize-v5.8.1";

pub(super) fn finish(build: &Build<'_>, target: &Target, ra: Accumulator) -> Result<Vec<Resource>, Error> {
    let Accumulator { mut resources, config, vars, .. } = ra;
    let config = config.unwrap_or_else(TransformerConfig::defaults);
    let frame = Frame::of(build);
    let context = frame.context();

    if resources.list().iter().any(|resource| resource.history().needs_hash) {
        for resource in resources.list_mut().iter_mut().filter(|resource| resource.history().needs_hash) {
            let hash = hash::of(resource).map_err(|problem| build.locate(problem, Cause::Output))?;
            resource.store_previous_id(context.scope);
            let name = format!("{}-{hash}", resource.name());
            let mark = resource.node.as_ref().map_or_else(Mark::default, crate::tree::Node::mark);
            resource.set_name(&name, mark);
        }
    }
    references::fix(&mut resources, &config, context.scope)
        .map_err(|problem| build.locate(problem, Cause::Reference))?;
    let unused = vars::resolve(&mut resources, &vars, &config.var_reference)
        .map_err(|problem| build.locate(problem, Cause::Reference))?;
    if !unused.is_empty() {
        build.warn(format!("well-defined vars that were never replaced: {}", unused.join(",")));
    }
    resources.check_unique(context.scope).map_err(|duplicate| {
        let message = format!("after all changes {} is there twice", duplicate.id);
        build.locate(Problem::new(message, duplicate.second), Cause::Resource)
    })?;
    let mut list = Vec::with_capacity(resources.list().len());
    for resource in resources.into_list() {
        if resource.is_empty() {
            continue;
        }
        validate(&resource).map_err(|problem| build.locate(problem, Cause::Resource))?;
        let local = resource.metadata_entry("annotations", LOCAL_CONFIG);
        if local.is_none_or(|value| value == "false") {
            list.push(resource);
        }
    }
    order(build, target, &mut list)?;
    if build.metadata.managed_by {
        let label = [(MANAGED_BY.to_owned(), MANAGER.to_owned(), Mark { source: target.source, line: 0 })];
        transform::set_entries(&mut list, &label, &[FieldSpec::anywhere("metadata/labels", true)])
            .map_err(|problem| build.locate(problem, Cause::Transformer))?;
    }
    for resource in &mut list {
        annotate(build, resource);
        resource.normalize_annotations();
        if let Some(node) = &resource.node {
            crate::tree::check(node).map_err(|problem| build.locate(problem, Cause::Output))?;
        }
    }
    Ok(list)
}

/// A patch may have taken kind or name away.
fn validate(resource: &Resource) -> Result<(), Problem> {
    let mark = resource.node.as_ref().map_or_else(Mark::default, crate::tree::Node::mark);
    if resource.history().lost_identity {
        return Err(Problem::new("a patch has taken this resource's kind or name away", mark));
    }
    if let Some(Node::Sequence(annotations)) =
        resource.get("metadata").and_then(|metadata| metadata.get("annotations"))
        && annotations.items.len() % 2 == 1
    {
        return Err(Problem::new(
            "metadata.annotations is a list, and should be a mapping",
            annotations.mark,
        ));
    }
    if resource.kind().is_empty() || resource.get("kind").is_some_and(Node::is_null) {
        return Err(Problem::new("a resource has lost its kind", mark));
    }
    if resource.name().is_empty() && !resource.kind().ends_with("List") {
        return Err(Problem::new(format!("a {} has lost its metadata.name", resource.kind()), mark));
    }
    Ok(())
}

fn order(build: &Build<'_>, target: &Target, list: &mut [Resource]) -> Result<(), Error> {
    match &target.kustomization.sort_options {
        Some(options) => {
            if let Some((message, line)) = &options.problem {
                let problem = Problem::new(message.clone(), Mark { source: target.source, line: *line });
                return Err(build.locate(problem, Cause::Kustomization));
            }
            if build.options.order != Order::Unspecified {
                build.warn(
                    "Warning: Sorting order is set both in 'kustomization.yaml' ('sortOptions') and in a CLI flag \
                     ('--reorder'). Using the kustomization file over the CLI flag.",
                );
            }
            if options.order == "legacy" {
                sort::legacy(list, options.legacy.as_ref());
            }
        }
        None if build.options.order == Order::None => {}
        None => sort::legacy(list, None),
    }
    Ok(())
}

fn annotate(build: &Build<'_>, resource: &mut Resource) {
    let Some(lineage) = &resource.lineage else { return };
    let mut added = Vec::new();
    if build.metadata.origins
        && let Some(origin) = &lineage.origin
    {
        added.push(("config.kubernetes.io/origin", origin.annotation()));
    }
    if build.metadata.transformations && !lineage.transformations.is_empty() {
        added.push(("alpha.config.kubernetes.io/transformations", resource.transformations()));
    }
    if added.is_empty() {
        return;
    }
    let mark = Mark::default();
    let mut entries: Vec<(String, String, Mark)> = resource
        .metadata_map("annotations")
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned(), mark))
        .collect();
    entries.extend(added.into_iter().map(|(name, text)| (name.to_owned(), text, mark)));
    resource.set_metadata_map("annotations", entries);
}
