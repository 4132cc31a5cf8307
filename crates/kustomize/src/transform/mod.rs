//! The transformers: each changes resources in place, by the rules of Kustomize's built-in of the same name.

mod fieldspec;
mod images;
mod json_patch;
mod keyed_list;
mod labels;
mod names;
mod namespace;
mod patches;
mod replacements;
mod replicas;
mod strategic_merge;
mod value_add;

pub(crate) use fieldspec::{Create, applies, apply};
pub(crate) use images::set_images;
pub(crate) use labels::set_entries;
pub(crate) use names::{add_prefix, add_suffix};
pub(crate) use namespace::{NamespaceOptions, SubjectMode, set_namespace};
pub(crate) use patches::{
    LoadedPatch, PatchOptions, PatchText, apply_json6902, apply_patch, apply_strategic, load_json6902,
    load_patch,
};
pub(crate) use replacements::replace;
pub(crate) use replicas::set_replicas;
pub(crate) use value_add::{ValueTarget, add_value};

use crate::resource::Scope;
use crate::schema::Schema;

/// What every transformer may look at.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) scope: &'c Scope,
    pub(crate) schema: &'c Schema,
}
