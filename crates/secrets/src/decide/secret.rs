//! The Secret that an ExternalSecret asks for, and what has to be done to have it.
//!
//! ```text
//!   existing Secret ─┐
//!   spec.target ─────┼─► plan ─► nothing · create · update (· the target is immutable)
//!   content ─────────┘
//! ```
//!
//! Keys, labels and annotations that this ExternalSecret wrote before, and does not ask for any more, go: managedFields
//! say which. Everything else on the Secret stays, but for its data under `Owner` and `Orphan`, which is ours whole.

use super::manager;
use crate::api::external_secret::{CreationPolicy, Target};
use crate::api::{API_VERSION, EXTERNAL_SECRET};
use crate::value::{SecretData, SecretValue};
use gangplank_template::pipeline::{hash_of_data, hash_of_text};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use std::collections::BTreeMap;

/// Says that a Secret is made by this operator.
pub(crate) const MANAGED: &str = "reconcile.external-secrets.io/managed";

/// Says which ExternalSecret owns a Secret, by hash.
pub(crate) const CREATED_BY: &str = "reconcile.external-secrets.io/created-by";

/// The hash of the data as it was last written.
pub(crate) const DATA_HASH: &str = "reconcile.external-secrets.io/data-hash";

/// The object that asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) uid: &'a str,
}

/// What goes into the Secret: rendered, or as fetched.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) data: SecretData,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) finalizers: Vec<String>,
    pub(crate) type_: String,
}

/// What has to be done.
#[derive(Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) write: Write,
    /// The Secret was made immutable by hand, and its data is not what is asked for.
    pub(crate) is_immutable: bool,
}

/// How the Secret is written.
#[derive(Debug, PartialEq)]
pub(crate) enum Write {
    Nothing,
    Create(Box<Secret>),
    Update(Box<Secret>),
}

/// Why there is no plan. The texts are ESO's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("secret is owned by another ExternalSecret: {0}")]
    OwnedByAnother(String),
    #[error("could not set controller reference on secret: {0}")]
    ForeignController(String),
    #[error("{0}")]
    Content(String),
}

/// The hash of a Secret's data, as it stands in its annotation.
pub(crate) fn data_hash(secret: &Secret) -> String {
    let data = secret.data.iter().flatten();
    hash_of_data(&data.map(|(key, value)| (key.clone(), value.0.clone())).collect())
}

/// The label that says who owns a Secret.
pub(crate) fn created_by(asking: &Asking<'_>) -> String {
    hash_of_text(&format!("{}/{}", asking.namespace, asking.name))
}

/// Decides what to write. `content` is asked for only once ownership is settled, so that its error comes second.
pub(crate) fn plan(
    asking: &Asking<'_>,
    target: &Target,
    target_name: &str,
    existing: Option<&Secret>,
    content: impl FnOnce() -> Result<Content, String>,
) -> Result<Plan, PlanError> {
    let is_there = existing.is_some();
    if is_there && target.immutable {
        return Ok(Plan { write: Write::Nothing, is_immutable: false });
    }
    let controller = existing.and_then(controller_of);
    if let Some(other) = controller.filter(|owner| is_external_secret(owner) && owner.name != asking.name) {
        return Err(PlanError::OwnedByAnother(other.name.clone()));
    }
    let mut secret = existing.cloned().unwrap_or_default();
    secret.metadata.name = Some(target_name.to_owned());
    secret.metadata.namespace = Some(asking.namespace.to_owned());
    forget_former(asking, &mut secret);

    let keeps_data = matches!(target.creation_policy, CreationPolicy::Merge | CreationPolicy::CreateOrMerge);
    if !keeps_data {
        secret.data = None;
    }
    let content = content().map_err(PlanError::Content)?;
    fill(&mut secret, content);
    own(asking, target.creation_policy, controller, &mut secret)?;

    let labels = secret.metadata.labels.get_or_insert_default();
    labels.insert(MANAGED.to_owned(), "true".to_owned());
    match target.creation_policy {
        CreationPolicy::Owner => labels.insert(CREATED_BY.to_owned(), created_by(asking)),
        _ => labels.remove(CREATED_BY),
    };
    let hash = data_hash(&secret);
    secret.metadata.annotations.get_or_insert_default().insert(DATA_HASH.to_owned(), hash);
    if target.immutable {
        secret.immutable = Some(true);
    }

    let Some(existing) = existing else {
        return Ok(Plan { write: Write::Create(Box::new(secret)), is_immutable: false });
    };
    let mut is_immutable = false;
    if existing.immutable == Some(true) && !same_data(existing, &secret) {
        is_immutable = true;
        secret.data.clone_from(&existing.data);
    }
    let write = if same(existing, &secret) { Write::Nothing } else { Write::Update(Box::new(secret)) };
    Ok(Plan { write, is_immutable })
}

/// Takes away what this ExternalSecret wrote before.
fn forget_former(asking: &Asking<'_>, secret: &mut Secret) {
    let fields = secret.metadata.managed_fields.take().unwrap_or_default();
    let owned = manager::owned_by(&manager::field_manager(asking.name), &fields);
    let described = manager::owned_by(&manager::metadata_manager(asking.name), &fields);
    if let Some(data) = &mut secret.data {
        data.retain(|key, _| !owned.data.contains(key));
    }
    if let Some(labels) = &mut secret.metadata.labels {
        labels.retain(|key, _| !described.labels.contains(key));
    }
    if let Some(annotations) = &mut secret.metadata.annotations {
        annotations.retain(|key, _| !described.annotations.contains(key));
    }
}

fn fill(secret: &mut Secret, content: Content) {
    let data = secret.data.get_or_insert_default();
    data.extend(content.data.iter().map(|(key, value)| (key.clone(), ByteString(value.expose().to_vec()))));
    secret.metadata.labels.get_or_insert_default().extend(content.labels);
    secret.metadata.annotations.get_or_insert_default().extend(content.annotations);
    if !content.finalizers.is_empty() {
        let finalizers = secret.metadata.finalizers.get_or_insert_default();
        for finalizer in content.finalizers {
            if !finalizers.contains(&finalizer) {
                finalizers.push(finalizer);
            }
        }
    }
    if !content.type_.is_empty() {
        secret.type_ = Some(content.type_);
    }
}

fn controller_of(secret: &Secret) -> Option<&OwnerReference> {
    secret.metadata.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))
}

fn is_external_secret(owner: &OwnerReference) -> bool {
    owner.kind == EXTERNAL_SECRET && owner.api_version.starts_with("external-secrets.io/")
}

/// Sets or takes away the controller reference.
fn own(
    asking: &Asking<'_>,
    policy: CreationPolicy,
    controller: Option<&OwnerReference>,
    secret: &mut Secret,
) -> Result<(), PlanError> {
    let ours = controller.is_some_and(is_external_secret);
    let references = secret.metadata.owner_references.get_or_insert_default();
    if policy == CreationPolicy::Owner {
        if let Some(foreign) = controller.filter(|_| !ours) {
            return Err(PlanError::ForeignController(format!(
                "Object {}/{} is already owned by another {} controller {}",
                asking.namespace,
                secret.metadata.name.as_deref().unwrap_or_default(),
                foreign.kind,
                foreign.name
            )));
        }
        let reference = OwnerReference {
            api_version: API_VERSION.to_owned(),
            kind: EXTERNAL_SECRET.to_owned(),
            name: asking.name.to_owned(),
            uid: asking.uid.to_owned(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        };
        let is_same = |owner: &&mut OwnerReference| is_external_secret(owner) && owner.name == asking.name;
        match references.iter_mut().find(is_same) {
            Some(present) => *present = reference,
            None => references.push(reference),
        }
    } else if ours {
        references.retain(|owner| !(owner.controller == Some(true) && is_external_secret(owner)));
    }
    Ok(())
}

fn same_data(one: &Secret, other: &Secret) -> bool {
    let of = |secret: &Secret| secret.data.clone().unwrap_or_default();
    of(one) == of(other)
}

/// Whether two Secrets mean the same: absent and empty are alike, managedFields and times do not count.
fn same(existing: &Secret, wanted: &Secret) -> bool {
    let meta = |secret: &Secret| {
        let meta = &secret.metadata;
        (
            meta.labels.clone().unwrap_or_default(),
            meta.annotations.clone().unwrap_or_default(),
            meta.owner_references.clone().unwrap_or_default(),
            meta.finalizers.clone().unwrap_or_default(),
        )
    };
    same_data(existing, wanted)
        && meta(existing) == meta(wanted)
        && existing.type_ == wanted.type_
        && existing.immutable.unwrap_or_default() == wanted.immutable.unwrap_or_default()
}

/// The data of a Secret, as values.
pub(crate) fn values(secret: &Secret) -> SecretData {
    let data = secret.data.iter().flatten();
    data.map(|(key, value)| (key.clone(), SecretValue::from(value.0.as_slice()))).collect()
}

#[cfg(test)]
mod tests;
