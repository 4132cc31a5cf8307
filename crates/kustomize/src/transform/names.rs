//! Prefixes and suffixes of names.

use super::Context;
use super::fieldspec::{Create, ScalarTag, applies, apply};
use crate::config::FieldSpec;
use crate::problem::Problem;
use crate::resource::{Gvk, Resource};
use crate::tree::{self, Mark, Node, Tag};

/// Kinds whose names other things are built on.
fn keeps_its_name(gvk: &Gvk<'_>) -> bool {
    matches!(gvk.kind, "CustomResourceDefinition" | "Namespace")
        || (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io")
}

pub(crate) fn add_prefix(
    resources: &mut [Resource],
    prefix: &str,
    specs: &[FieldSpec],
    mark: Mark,
    context: Context<'_>,
) -> Result<(), Problem> {
    add(resources, prefix, true, specs, mark, context)
}

pub(crate) fn add_suffix(
    resources: &mut [Resource],
    suffix: &str,
    specs: &[FieldSpec],
    mark: Mark,
    context: Context<'_>,
) -> Result<(), Problem> {
    add(resources, suffix, false, specs, mark, context)
}

fn add(
    resources: &mut [Resource],
    affix: &str,
    before: bool,
    specs: &[FieldSpec],
    mark: Mark,
    context: Context<'_>,
) -> Result<(), Problem> {
    for resource in resources {
        if resource.is_empty() || keeps_its_name(&resource.original_id().gvk) {
            continue;
        }
        for spec in specs {
            if !applies(spec, &resource.original_id().gvk) {
                continue;
            }
            if spec.path == "metadata/name" && !affix.is_empty() {
                let history = resource.history_mut();
                let chain = if before { &mut history.prefixes } else { &mut history.suffixes };
                chain.push(affix.into());
                resource.store_previous_id(context.scope);
            }
            if !applies(spec, &resource.gvk()) {
                continue;
            }
            let Some(node) = &mut resource.node else { continue };
            apply(node, spec, Create::Scalar(ScalarTag::Str), mark, &mut |place| {
                let Node::Scalar(name) = &*place else {
                    return Err(Problem::new(
                        format!("{} is a {}", spec.path, place.kind_name()),
                        place.mark(),
                    ));
                };
                let text =
                    if before { format!("{affix}{}", name.text) } else { format!("{}{affix}", name.text) };
                let mark = name.mark;
                Ok(tree::set_scalar(place, tree::typed(text, Tag::None, mark))?)
            })?;
        }
    }
    Ok(())
}
