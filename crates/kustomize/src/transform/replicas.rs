//! Replica counts.

use super::fieldspec::{Create, ScalarTag, applies, apply};
use crate::config::FieldSpec;
use crate::problem::Problem;
use crate::resource::Resources;
use crate::tree::{self, Mark, Tag};

/// Sets the replicas of everything that has or had a name.
pub(crate) fn set_replicas(
    resources: &mut Resources,
    name: &str,
    count: i64,
    specs: &[FieldSpec],
    mark: Mark,
) -> Result<(), Problem> {
    let mut found = false;
    for spec in specs {
        let places = resources.find_any(|id| id.name == name && id.gvk.is_selected_by(&spec.gvk.borrow()));
        found |= !places.is_empty();
        for place in places {
            let resource = &mut resources.contents_mut()[place];
            if !applies(spec, &resource.gvk()) {
                continue;
            }
            let Some(node) = &mut resource.node else { continue };
            apply(node, spec, Create::Scalar(ScalarTag::Int), mark, &mut |place| {
                Ok(tree::set_scalar(place, tree::typed(count.to_string(), Tag::Int, mark))?)
            })?;
        }
    }
    if found {
        return Ok(());
    }
    let kinds: Vec<&str> = specs.iter().map(|spec| spec.gvk.kind.as_str()).collect();
    Err(Problem::new(format!("no {} is called {name:?}", kinds.join(", ")), mark))
}
