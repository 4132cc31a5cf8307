//! `ValueAddTransformer`: puts one value into many fields, or into a part of a path that a field holds.

use std::sync::Arc;

use super::namespace::transform;
use super::{Context, NamespaceOptions};
use crate::problem::Problem;
use crate::resource::Resources;
use crate::selector::{Matcher, Selector};
use crate::tree::{self, Mark, Node, Tag};

/// Where the value goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ValueTarget {
    /// All resources where it is missing.
    pub(crate) selector: Option<Selector>,
    pub(crate) field_path: String,
    /// The value's place in the path that the field holds, from 1; zero replaces the field.
    pub(crate) position: usize,
}

pub(crate) fn add_value(
    resources: &mut Resources,
    value: &str,
    targets: &[ValueTarget],
    mark: Mark,
    context: Context<'_>,
) -> Result<(), Problem> {
    for target in targets {
        let matcher = target
            .selector
            .as_ref()
            .map(Matcher::new)
            .transpose()
            .map_err(|error| Problem::new(error.message, mark))?;
        let parts = tree::split(&target.field_path, '/');
        for resource in resources.list_mut() {
            if matcher.as_ref().is_some_and(|matcher| !matcher.selects(resource, context.scope)) {
                continue;
            }
            if target.field_path == "metadata/namespace" {
                let options =
                    NamespaceOptions { namespace: value.to_owned(), mark, ..NamespaceOptions::default() };
                transform(resource, &options, &[], context)?;
                continue;
            }
            let Some((last, parents)) = parts.split_last() else { continue };
            let parents: Vec<&str> =
                parents.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            let Some(node) = &mut resource.node else { continue };
            let mapping = tree::lookup_create(node, &parents, mark)?;
            let old = mapping.get(last).map_or("", Node::text_or_empty);
            if let Some(other) = mapping.get(last).filter(|old| !matches!(old, Node::Scalar(_))) {
                let message = format!("{} is a {}, and no scalar", target.field_path, other.kind_name());
                return Err(Problem::new(message, other.mark()));
            }
            let text = if target.position > 0 {
                inserted(old, target.position - 1, value)
            } else {
                value.to_owned()
            };
            // Set in place, which adds no quotes that were not there.
            // Set in place, which adds no quotes that were not there.
            let mut new = tree::typed(text, Tag::None, mark);
            if mapping.index(last).is_none() {
                let empty = Node::Scalar(Arc::new(tree::typed("", Tag::None, mark)));
                tree::set_field(mapping, last, Some(empty), true);
            }
            if let Some(at) = mapping.index(last) {
                if let Node::Scalar(old) = &mapping.entries[at].1 {
                    new.style = old.style;
                }
                mapping.entries[at].1 = Node::Scalar(Arc::new(new));
            }
        }
    }
    Ok(())
}

/// Puts a part into a path; a position behind the end appends. A leading slash stays.
fn inserted(path: &str, position: usize, part: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::inserted;

    #[test]
    fn parts_go_where_they_belong() {
        for (path, position, expect) in [
            ("", 0, "P"),
            ("/", 3, "/P"),
            ("pie", 0, "P/pie"),
            ("/raw", 9, "/raw/P"),
            ("a/b/c", 2, "a/b/P/c"),
        ] {
            assert_eq!(inserted(path, position, "P"), expect);
        }
    }
}
