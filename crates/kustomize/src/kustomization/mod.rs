//! What a `kustomization.yaml` says.

mod args;
mod decode;
pub(crate) mod fields;

pub(crate) use args::{
    FieldOptions, GeneratorArgs, GeneratorOptions, Image, Label, Patch, Replacement, ReplacementField,
    Replica, Source, Target, Var,
};
pub use args::{HelmChart, HelmGlobals};
pub(crate) use decode::{
    decode, field_spec, generator, helm_plugin, read_image, read_replica, replacement_field,
    replacements_of_file, selector,
};
pub(crate) use fields::{At, DecodeError, Decoded, Fields, Mode};

use crate::sort::LegacyOptions;

/// The names of a kustomization file; a directory has exactly one.
pub(crate) const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    #[default]
    Kustomization,
    /// Works on the resources of the one that names it.
    Component,
}

/// `sortOptions`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortOptions {
    pub(crate) order: String,
    pub(crate) legacy: Option<LegacyOptions>,
    /// What is wrong with it and in which line: it matters only where the options are used, at the root.
    pub(crate) problem: Option<(String, u32)>,
}

/// `openapi`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OpenApi {
    pub(crate) path: Option<At>,
    pub(crate) version: Option<At>,
}

/// A kustomization file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Kustomization {
    pub(crate) kind: Kind,
    pub(crate) openapi: OpenApi,
    pub(crate) name_prefix: Option<At>,
    pub(crate) name_suffix: Option<At>,
    pub(crate) namespace: Option<At>,
    pub(crate) common_labels: Vec<(String, At)>,
    pub(crate) labels: Vec<Label>,
    pub(crate) common_annotations: Vec<(String, At)>,
    pub(crate) patches_strategic_merge: Vec<At>,
    pub(crate) patches_json6902: Vec<Patch>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) images: Vec<Image>,
    pub(crate) replacements: Vec<ReplacementField>,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) vars: Vec<Var>,
    pub(crate) sort_options: Option<SortOptions>,
    /// `resources`, and `bases` behind them.
    pub(crate) resources: Vec<At>,
    pub(crate) components: Vec<At>,
    pub(crate) crds: Vec<At>,
    pub(crate) config_maps: Vec<GeneratorArgs>,
    pub(crate) secrets: Vec<GeneratorArgs>,
    pub(crate) helm_globals: HelmGlobals,
    pub(crate) helm_charts: Vec<HelmChart>,
    pub(crate) generator_options: Option<GeneratorOptions>,
    pub(crate) configurations: Vec<At>,
    pub(crate) generators: Vec<At>,
    pub(crate) transformers: Vec<At>,
    pub(crate) validators: Vec<At>,
    pub(crate) build_metadata: Vec<String>,
    /// Deprecated fields that are used, in Kustomize's order.
    pub(crate) deprecated: Vec<&'static str>,
}
