//! The namespace of everything that may have one.

use std::sync::Arc;

use super::Context;
use super::fieldspec::{Create, ScalarTag, applies, apply};
use crate::config::FieldSpec;
use crate::problem::Problem;
use crate::resource::{Resource, Resources};
use crate::tree::{self, Mark, Node, Tag, key};

/// Which subjects of role bindings get the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SubjectMode {
    /// Those named `default`.
    #[default]
    DefaultOnly,
    AllServiceAccounts,
    None,
}

impl SubjectMode {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "" | "defaultOnly" => Some(Self::DefaultOnly),
            "allServiceAccounts" => Some(Self::AllServiceAccounts),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

/// How a namespace is set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NamespaceOptions {
    pub(crate) namespace: String,
    /// Only where there is none.
    pub(crate) unset_only: bool,
    pub(crate) subjects: SubjectMode,
    pub(crate) mark: Mark,
}

/// Sets the namespace of all resources but Helm's. Afterwards every identity must still stand once.
pub(crate) fn set_namespace(
    resources: &mut Resources,
    options: &NamespaceOptions,
    specs: &[FieldSpec],
    context: Context<'_>,
) -> Result<(), Problem> {
    if options.namespace.is_empty() {
        return Ok(());
    }
    for resource in resources.list_mut() {
        if resource.is_empty() || resource.history().from_helm {
            continue;
        }
        resource.store_previous_id(context.scope);
        transform(resource, options, specs, context)?;
    }
    resources.check_unique(context.scope).map_err(|duplicate| {
        let message = format!(
            "the namespace {:?} makes two resources of one identity: {}",
            options.namespace, duplicate.id
        );
        Problem::new(message, duplicate.second)
    })
}

/// Sets the namespace of one resource, without any bookkeeping.
pub(crate) fn transform(
    resource: &mut Resource,
    options: &NamespaceOptions,
    specs: &[FieldSpec],
    context: Context<'_>,
) -> Result<(), Problem> {
    let is_core = resource.api_version() == "v1";
    let cluster_scoped = context.scope.is_cluster_scoped(&resource.gvk());
    let binding = matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding");
    let specs: Vec<&FieldSpec> = specs
        .iter()
        .filter(|spec| applies(spec, &resource.gvk()))
        .filter(|spec| spec.path != "metadata/namespace" && (is_core || spec.path != "metadata/name"))
        .filter(|spec| {
            let of_binding = matches!(spec.gvk.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
            !(binding && of_binding && spec.path == "subjects/namespace")
        })
        .collect();
    let Some(node) = &mut resource.node else { return Ok(()) };
    if !cluster_scoped {
        let spec = FieldSpec::anywhere("metadata/namespace", true);
        apply(node, &spec, Create::Scalar(ScalarTag::Untyped), options.mark, &mut |place| {
            set(place, options)
        })?;
    }
    if binding && options.subjects != SubjectMode::None {
        subjects(node, options)?;
    }
    for spec in specs {
        apply(node, spec, Create::Scalar(ScalarTag::Str), options.mark, &mut |place| {
            if matches!(place, Node::Scalar(_)) {
                return set(place, options);
            }
            let message = format!("{} is a {}, and a namespace is a scalar", spec.path, place.kind_name());
            Err(Problem::new(message, place.mark()))
        })?;
    }
    Ok(())
}

fn set(place: &mut Node, options: &NamespaceOptions) -> Result<(), Problem> {
    if options.unset_only && !place.is_null_or_empty() && !place.text_or_empty().is_empty() {
        return Ok(());
    }
    let value = tree::typed(options.namespace.as_str(), Tag::Str, options.mark);
    Ok(tree::set_scalar(place, value)?)
}

fn subjects(node: &mut Node, options: &NamespaceOptions) -> Result<(), Problem> {
    let wanted = |subject: &Node| match options.subjects {
        SubjectMode::AllServiceAccounts => subject.get("kind").and_then(Node::text) == Some("ServiceAccount"),
        SubjectMode::DefaultOnly => subject.get("name").and_then(Node::text) == Some("default"),
        SubjectMode::None => false,
    };
    match node.get("subjects") {
        None => return Ok(()),
        Some(subjects) if subjects.is_null() => return Ok(()),
        Some(Node::Sequence(subjects)) if !subjects.items.iter().any(wanted) => return Ok(()),
        Some(Node::Sequence(_)) => {}
        Some(other) => {
            let message = format!("subjects is a {}, not a list", other.kind_name());
            return Err(Problem::new(message, other.mark()));
        }
    }
    let Some(Node::Sequence(subjects)) = node.get_mut("subjects") else { return Ok(()) };
    for subject in Arc::make_mut(subjects).items.iter_mut().filter(|subject| wanted(subject)) {
        let Node::Mapping(mapping) = subject else { continue };
        let mapping = Arc::make_mut(mapping);
        let at = mapping.index("namespace").unwrap_or_else(|| {
            let empty = Node::Scalar(Arc::new(tree::Scalar::untyped("", options.mark)));
            mapping.entries.push((key("namespace", options.mark), empty));
            mapping.entries.len() - 1
        });
        set(&mut mapping.entries[at].1, options)?;
    }
    Ok(())
}
