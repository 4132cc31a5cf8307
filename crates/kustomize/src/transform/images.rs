//! Image names, tags and digests.

use std::sync::Arc;

use regex::Regex;

use super::fieldspec::{Create, applies, apply};
use crate::config::FieldSpec;
use crate::kustomization::Image;
use crate::problem::Problem;
use crate::resource::{Gvk, Resource};
use crate::tree::{self, Mark, Node, Tag};

/// Changes the images that an entry names: in every list `containers` and `initContainers`, wherever it is, and in the
/// fields of the specs. The schemas in CustomResourceDefinitions are left alone.
pub(crate) fn set_images(
    resources: &mut [Resource],
    image: &Image,
    specs: &[FieldSpec],
    mark: Mark,
) -> Result<(), Problem> {
    // The name is put into the expression as it is: its dots match anything.
    let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name);
    let regex = Regex::new(&pattern).map_err(|error| {
        Problem::new(format!("{:?} is no pattern of an image: {error}", image.name), mark)
    })?;
    let change = Change { image, regex, mark };
    for resource in resources {
        let Some(node) = &mut resource.node else { continue };
        let text = |field| node.get(field).map_or("", Node::text_or_empty).to_owned();
        let (version, kind) = (text("apiVersion"), text("kind"));
        if kind == "CustomResourceDefinition" {
            continue;
        }
        if mentions_containers(node) {
            change.walk(node)?;
        }
        let gvk = Gvk::of(&version, &kind);
        for spec in specs.iter().filter(|spec| applies(spec, &gvk)) {
            apply(node, spec, Create::Nothing, mark, &mut |place| change.set(place))?;
        }
    }
    Ok(())
}

fn mentions_containers(node: &Node) -> bool {
    match node {
        Node::Scalar(_) => false,
        Node::Sequence(sequence) => sequence.items.iter().any(mentions_containers),
        Node::Mapping(mapping) => mapping
            .entries
            .iter()
            .any(|(key, value)| is_container_list(&key.text) || mentions_containers(value)),
    }
}

fn is_container_list(key: &str) -> bool {
    matches!(key, "containers" | "initContainers")
}

struct Change<'i> {
    image: &'i Image,
    regex: Regex,
    mark: Mark,
}

impl Change<'_> {
    fn walk(&self, node: &mut Node) -> Result<(), Problem> {
        match node {
            Node::Scalar(_) => Ok(()),
            Node::Sequence(sequence) => {
                Arc::make_mut(sequence).items.iter_mut().try_for_each(|item| self.walk(item))
            }
            Node::Mapping(mapping) => {
                for (key, value) in &mut Arc::make_mut(mapping).entries {
                    self.walk(value)?;
                    if is_container_list(&key.text)
                        && let Node::Sequence(list) = value
                    {
                        for item in &mut Arc::make_mut(list).items {
                            if !item.is_null() && !matches!(item, Node::Mapping(_)) {
                                let message = format!("an item of {} is a {}", key.text, item.kind_name());
                                return Err(Problem::new(message, item.mark()));
                            }
                            if let Some(image) = item.get_mut("image") {
                                self.set(image)?;
                            }
                        }
                    }
                }
                Ok(())
            }
        }
    }

    fn set(&self, place: &mut Node) -> Result<(), Problem> {
        if place.is_null() {
            return Ok(());
        }
        let Node::Scalar(scalar) = &*place else {
            return Err(Problem::new(format!("an image is a {}", place.kind_name()), place.mark()));
        };
        if !self.regex.is_match(&scalar.text) {
            return Ok(());
        }
        let name = self.changed(&scalar.text);
        Ok(tree::set_scalar(place, tree::typed(name, Tag::None, self.mark))?)
    }

    fn changed(&self, old: &str) -> String {
        let (name, tag, digest) = split(old);
        let image = self.image;
        let name = if image.new_name.is_empty() { name } else { &image.new_name };
        let suffixed;
        let (tag, digest) = match (image.new_tag.is_empty(), image.digest.is_empty()) {
            (false, false) => (image.new_tag.as_str(), image.digest.as_str()),
            (false, true) => (image.new_tag.as_str(), ""),
            (true, false) => ("", image.digest.as_str()),
            (true, true) if !image.tag_suffix.is_empty() => {
                suffixed = format!("{tag}{}", image.tag_suffix);
                (suffixed.as_str(), "")
            }
            (true, true) => (tag, digest),
        };
        let mut changed = name.to_owned();
        for (mark, part) in [(':', tag), ('@', digest)] {
            if !part.is_empty() {
                changed.push(mark);
                changed.push_str(part);
            }
        }
        changed
    }
}

/// Name, tag and digest. A colon before the first slash is a port.
fn split(image: &str) -> (&str, &str, &str) {
    let start = image.find('/').filter(|at| *at > 0).unwrap_or(0);
    let find = |c: char| image[start..].find(c).map(|at| at + start);
    match (find(':'), find('@')) {
        (None, None) => (image, "", ""),
        (colon, Some(at)) if colon.is_none_or(|colon| at < colon) => (&image[..at], "", &image[at + 1..]),
        (Some(colon), Some(at)) => (&image[..colon], &image[colon + 1..at], &image[at + 1..]),
        (Some(colon), None) => (&image[..colon], &image[colon + 1..], ""),
        (None, Some(at)) => (&image[..at], "", &image[at + 1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn images_are_taken_apart() {
        for (image, expect) in [
            ("nginx", ("nginx", "", "")),
            ("nginx:1.2", ("nginx", "1.2", "")),
            ("host:5000/a/b", ("host:5000/a/b", "", "")),
            ("host:5000/a:1@sha256:x", ("host:5000/a", "1", "sha256:x")),
            ("a@sha256:x", ("a", "", "sha256:x")),
        ] {
            assert_eq!(split(image), expect, "{image}");
        }
    }
}
