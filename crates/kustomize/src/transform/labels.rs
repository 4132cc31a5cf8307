//! Labels and annotations: entries of mappings that field specs lead to.

use std::sync::Arc;

use super::fieldspec::{Create, applies, apply};
use crate::config::FieldSpec;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::tree::{self, Link, Mark, Node, Tag};

/// Sets entries in all mappings of the specs. The entries are in the order of their keys.
pub(crate) fn set_entries(
    resources: &mut [Resource],
    entries: &[(String, String, Mark)],
    specs: &[FieldSpec],
) -> Result<(), Problem> {
    for resource in resources {
        if specs.iter().any(|spec| spec.path.starts_with("metadata/annotations")) {
            resource.show_annotations();
        }
        let Some(mut node) = resource.node.take() else { continue };
        let specs = resource_specs(&node, specs);
        let result = set_in(&mut node, specs, entries);
        resource.node = Some(node);
        resource.linked = true;
        result?;
    }
    Ok(())
}

fn resource_specs<'s>(node: &Node, specs: &'s [FieldSpec]) -> Vec<&'s FieldSpec> {
    let text = |field| node.get(field).map_or("", Node::text_or_empty);
    let gvk = crate::resource::Gvk::of(text("apiVersion"), text("kind"));
    specs.iter().filter(|spec| applies(spec, &gvk)).collect()
}

fn set_in(
    node: &mut Node,
    specs: Vec<&FieldSpec>,
    entries: &[(String, String, Mark)],
) -> Result<(), Problem> {
    for (name, text, mark) in entries {
        // All places that this adds are one from now on.
        let link = Link::fresh();
        for spec in &specs {
            apply(node, spec, Create::Mapping, *mark, &mut |place| {
                let Node::Mapping(mapping) = place else {
                    let message = format!(
                        "{} is a {}, and no mapping that {name:?} can be set in",
                        spec.path,
                        place.kind_name()
                    );
                    return Err(Problem::new(message, place.mark()));
                };
                let scalar = tree::Scalar { link, ..tree::typed(text.as_str(), Tag::Str, *mark) };
                let value = Node::Scalar(Arc::new(scalar));
                tree::set_field(Arc::make_mut(mapping), name, Some(value), false);
                Ok(())
            })?;
        }
    }
    Ok(())
}
