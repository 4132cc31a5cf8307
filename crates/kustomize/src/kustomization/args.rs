//! The parts of a kustomization that have parts of their own.

use super::fields::At;
use crate::config::{FieldSpec, OwnedGvk};
use crate::selector::Selector;

/// An entry of `labels`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Label {
    pub(crate) pairs: Vec<(String, At)>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) fields: Vec<FieldSpec>,
}

/// An entry of `patches` or `patchesJson6902`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Patch {
    pub(crate) path: Option<At>,
    pub(crate) patch: Option<At>,
    pub(crate) target: Option<Selector>,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
    /// The line of the entry.
    pub(crate) line: u32,
}

/// An entry of `images`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) new_name: String,
    pub(crate) tag_suffix: String,
    pub(crate) new_tag: String,
    pub(crate) digest: String,
    pub(crate) line: u32,
}

/// `options` of a replacement's source or target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) create: bool,
}

/// Where a replacement's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Source {
    pub(crate) gvk: OwnedGvk,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) field_path: String,
    pub(crate) options: FieldOptions,
}

/// Where a replacement's value goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Target {
    pub(crate) select: Option<Selector>,
    pub(crate) reject: Vec<Selector>,
    pub(crate) field_paths: Vec<String>,
    pub(crate) options: FieldOptions,
}

/// A replacement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Replacement {
    pub(crate) source: Option<Source>,
    pub(crate) source_value: Option<String>,
    /// `None` where the field is missing.
    pub(crate) targets: Option<Vec<Target>>,
    pub(crate) line: u32,
}

/// An entry of `replacements`: a replacement, or a file of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReplacementField {
    Inline(Replacement),
    Path(At),
}

/// An entry of `replicas`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) count: i64,
    pub(crate) line: u32,
}

/// An entry of `vars`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Var {
    pub(crate) name: String,
    pub(crate) gvk: OwnedGvk,
    pub(crate) object_name: String,
    pub(crate) namespace: String,
    pub(crate) field_path: String,
    pub(crate) line: u32,
}

/// `options` of a generator, and `generatorOptions`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GeneratorOptions {
    pub(crate) labels: Vec<(String, At)>,
    pub(crate) annotations: Vec<(String, At)>,
    pub(crate) disable_name_suffix_hash: bool,
    pub(crate) immutable: bool,
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct GeneratorArgs {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) behavior: String,
    pub(crate) literals: Vec<At>,
    pub(crate) files: Vec<At>,
    pub(crate) envs: Vec<At>,
    /// Of a Secret.
    pub(crate) type_: String,
    pub(crate) options: Option<GeneratorOptions>,
    pub(crate) line: u32,
}

/// `helmGlobals`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HelmGlobals {
    /// The folder of the charts, below the kustomization; `charts` where it is empty.
    pub chart_home: String,
    /// The folder of Helm's configuration.
    pub config_home: String,
}

/// An entry of `helmCharts`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HelmChart {
    /// The chart's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The repository it is pulled from.
    pub repo: String,
    /// The release.
    pub release_name: String,
    /// The namespace that `helm template` is told.
    pub namespace: String,
    /// The file of values, below the kustomization.
    pub values_file: String,
    /// Values that stand in the kustomization, as JSON.
    pub values_inline: Option<serde_json::Value>,
    /// `override`, `merge` or `replace`: how the inline values meet those of the file.
    pub values_merge: String,
    /// More files of values.
    pub additional_values_files: Vec<String>,
    /// Render the chart's CRDs too.
    pub include_crds: bool,
    /// Leave out hooks.
    pub skip_hooks: bool,
    /// Leave out tests.
    pub skip_tests: bool,
    /// API versions that the chart is told of.
    pub api_versions: Vec<String>,
    /// The Kubernetes version that the chart is told of.
    pub kube_version: String,
    /// The template of the release's name.
    pub name_template: String,
    /// Print debug output.
    pub debug: bool,
    /// Pull even from a development version.
    pub devel: bool,
}
