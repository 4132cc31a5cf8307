//! The transformers of one kustomization, in Kustomize's fixed order, and those of `transformers` and `validators`.

use std::collections::HashSet;
use std::sync::Arc;

use gangplank_yaml as yaml;

use super::accumulate::Accumulator;
use super::generators::Reader;
use super::plugins::{Plugin, Transformer};
use super::target::Target;
use super::{Build, Frame};
use crate::config::{FieldSpec, NameReference, OwnedGvk, TransformerConfig, merge_all, merge_one};
use crate::error::{Cause, Error, Location};
use crate::generate::ReadFile;
use crate::kustomization::{
    At, DecodeError, Decoded, Fields, Label, Mode, Patch, Replacement, ReplacementField, field_spec,
};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::reader;
use crate::resource::Resources;
use crate::transform::{self, LoadedPatch, NamespaceOptions, PatchOptions, PatchText};
use crate::tree::Mark;

/// Labels or annotations with their places.
pub(super) fn entries(map: &[(String, At)], source: u32) -> Vec<(String, String, Mark)> {
    map.iter()
        .map(|(name, value)| (name.clone(), value.text.clone(), Mark { source, line: value.at.line }))
        .collect()
}

impl Target {
    fn mark(&self, at: &At) -> Mark {
        Mark { source: self.source, line: at.at.line }
    }

    pub(super) fn run_transformers(&self, build: &Build<'_>, ra: &mut Accumulator) -> Result<(), Error> {
        let config = ra.config.clone().unwrap_or_else(TransformerConfig::defaults);
        let loaded = self.load_patches(build)?;
        let kustomization = &self.kustomization;
        let resources = &mut ra.resources;
        let failed = |problem: Problem| build.locate(problem, Cause::Transformer);
        let done = |resources: &mut Resources, kind: &str| self.after(resources, self.built_in_origin(kind));
        let frame = Frame::of(build);
        let context = frame.context();

        if !kustomization.patches_strategic_merge.is_empty() {
            let mark = self.mark(&kustomization.patches_strategic_merge[0]);
            transform::apply_strategic(resources, &loaded.strategic, mark, context).map_err(failed)?;
            done(resources, "PatchStrategicMergeTransformer");
        }
        for (patch, text) in kustomization.patches.iter().zip(&loaded.patches) {
            let mark = Mark { source: self.source, line: patch.line };
            transform::apply_patch(resources, text, patch.target.as_ref(), mark, context).map_err(failed)?;
            done(resources, "PatchTransformer");
        }
        if let Some(namespace) = &kustomization.namespace {
            let options = NamespaceOptions {
                namespace: namespace.text.clone(),
                mark: self.mark(namespace),
                ..NamespaceOptions::default()
            };
            transform::set_namespace(resources, &options, &config.namespace, context).map_err(failed)?;
            done(resources, "NamespaceTransformer");
        }
        if let Some(prefix) = &kustomization.name_prefix {
            let mark = self.mark(prefix);
            transform::add_prefix(resources.list_mut(), &prefix.text, &config.name_prefix, mark, context)
                .map_err(failed)?;
            done(resources, "PrefixTransformer");
        }
        if let Some(suffix) = &kustomization.name_suffix {
            let mark = self.mark(suffix);
            transform::add_suffix(resources.list_mut(), &suffix.text, &config.name_suffix, mark, context)
                .map_err(failed)?;
            done(resources, "SuffixTransformer");
        }
        self.set_labels(resources, &config, &failed)?;
        if !kustomization.common_annotations.is_empty() {
            let annotations = entries(&kustomization.common_annotations, self.source);
            transform::set_entries(resources.list_mut(), &annotations, &config.common_annotations)
                .map_err(failed)?;
            done(resources, "AnnotationsTransformer");
        }
        for (patch, operations) in kustomization.patches_json6902.iter().zip(&loaded.json6902) {
            let mark = Mark { source: self.source, line: patch.line };
            if let (LoadedPatch::Json(operations), Some(target)) = (operations, &patch.target) {
                transform::apply_json6902(resources, operations, target, mark, context).map_err(failed)?;
            }
            done(resources, "PatchJson6902Transformer");
        }
        for replica in &kustomization.replicas {
            let mark = Mark { source: self.source, line: replica.line };
            transform::set_replicas(resources, &replica.name, replica.count, &config.replicas, mark)
                .map_err(failed)?;
            done(resources, "ReplicaCountTransformer");
        }
        for image in &kustomization.images {
            let mark = Mark { source: self.source, line: image.line };
            transform::set_images(resources.contents_mut(), image, &config.images, mark).map_err(failed)?;
            done(resources, "ImageTagTransformer");
        }
        if !kustomization.replacements.is_empty() {
            for (replacements, source) in &loaded.replacements {
                transform::replace(resources, replacements, *source, context).map_err(failed)?;
            }
            done(resources, "ReplacementTransformer");
        }
        for (plugin, origin) in self.plugins(build, &kustomization.transformers)? {
            self.run_plugin(build, &mut ra.resources, plugin)?;
            self.after(&mut ra.resources, origin);
        }
        Ok(())
    }

    /// Empty resources go, and what changed the others is noted.
    fn after(&self, resources: &mut Resources, origin: Option<Origin>) {
        if resources.list().iter().any(crate::resource::Resource::is_empty) {
            resources.list_mut().retain(|resource| !resource.is_empty());
        }
        for resource in resources.contents_mut().iter_mut().filter(|resource| resource.linked) {
            if let Some(node) = &mut resource.node {
                crate::tree::sync(node);
            }
        }
        if let Some(origin) = origin {
            let origin = Arc::new(origin);
            for resource in resources.contents_mut() {
                let lineage = resource.lineage.get_or_insert_default();
                if lineage.origin.is_none() {
                    lineage.origin = Some(Arc::clone(&origin));
                } else {
                    lineage.transformations.push(Arc::clone(&origin));
                }
            }
        }
    }

    fn set_labels(
        &self,
        resources: &mut Resources,
        config: &TransformerConfig,
        failed: &dyn Fn(Problem) -> Error,
    ) -> Result<(), Error> {
        let kustomization = &self.kustomization;
        for label in &kustomization.labels {
            let specs = label_specs(label, config).map_err(|problem| {
                let line = label.pairs.first().map_or(0, |(_, at)| at.at.line);
                failed(Problem { mark: Mark { source: self.source, line }, ..problem })
            })?;
            let pairs = entries(&label.pairs, self.source);
            transform::set_entries(resources.list_mut(), &pairs, &specs).map_err(failed)?;
            self.after(resources, self.built_in_origin("LabelTransformer"));
        }
        if !kustomization.labels.is_empty() || !kustomization.common_labels.is_empty() {
            let pairs = entries(&kustomization.common_labels, self.source);
            if !pairs.is_empty() {
                transform::set_entries(resources.list_mut(), &pairs, &config.common_labels)
                    .map_err(failed)?;
            }
            self.after(resources, self.built_in_origin("LabelTransformer"));
        }
        Ok(())
    }

    /// The merged field specs of the kustomization itself: the defaults, and its `configurations`.
    pub(super) fn transformer_config(&self, build: &Build<'_>) -> Result<Arc<TransformerConfig>, Error> {
        let mut config = TransformerConfig::defaults();
        for path in &self.kustomization.configurations {
            let loaded = self.read(build, path)?;
            let location = |position| Location {
                file: loaded.path.clone(),
                position,
                text: Some(Arc::clone(&loaded.content)),
            };
            let root = yaml::parse_first(&loaded.text()?)
                .map_err(|error| Error::new(Cause::Yaml(error.message)).at(location(error.at)))?;
            let more = decode_config(&root).map_err(|DecodeError { message, at }| {
                Error::new(Cause::Kustomization(message)).at(location(at))
            })?;
            Arc::make_mut(&mut config).merge(&more).map_err(|conflict| {
                let message =
                    format!("the field spec {} disagrees with one that is there on create", conflict.path);
                Error::new(Cause::Kustomization(message)).at(location(Default::default()))
            })?;
        }
        Ok(config)
    }

    fn load_patches(&self, build: &Build<'_>) -> Result<LoadedPatches, Error> {
        let mut loaded = LoadedPatches::default();
        for path in &self.kustomization.patches_strategic_merge {
            loaded.strategic.extend(self.strategic_patch(build, path)?);
        }
        for patch in &self.kustomization.patches {
            loaded.patches.push(self.patch(build, patch)?);
        }
        for patch in &self.kustomization.patches_json6902 {
            loaded.json6902.push(self.json6902(build, patch)?);
        }
        for replacement in &self.kustomization.replacements {
            loaded.replacements.push(self.replacements(build, replacement)?);
        }
        Ok(loaded)
    }

    /// An entry of `patchesStrategicMerge`: the patch itself, or its file.
    pub(super) fn strategic_patch(
        &self,
        build: &Build<'_>,
        path: &At,
    ) -> Result<Vec<crate::resource::Resource>, Error> {
        if let Ok(patches) = reader::resources(&path.text, self.source, path.first_line) {
            return Ok(patches);
        }
        // What has several lines was meant as a patch.
        if path.text.contains('\n') {
            return reader::resources(&path.text, self.source, path.first_line)
                .map_err(|error| build.read_error(error, self.source, path.first_line));
        }
        let loaded = self.read(build, path)?;
        let source = build.sources.number(&loaded.path);
        reader::resources(&loaded.text()?, source, 1).map_err(|error| build.read_error(error, source, 1))
    }

    /// The text of a patch, given to `then`.
    pub(super) fn with_patch_text<T>(
        &self,
        build: &Build<'_>,
        patch: &Patch,
        then: impl FnOnce(PatchText<'_>) -> Result<T, Problem>,
    ) -> Result<T, Error> {
        let fail = |message: &str| {
            build.locate(
                Problem::new(message, Mark { source: self.source, line: patch.line }),
                Cause::Transformer,
            )
        };
        let inline = patch.patch.as_ref().filter(|text| !text.text.trim().is_empty());
        let path = patch.path.as_ref().filter(|path| !path.text.is_empty());
        let located = |problem| build.locate(problem, Cause::Transformer);
        match (inline, path) {
            (None, None) => Err(fail("a patch needs a path, or the patch itself")),
            (Some(_), Some(_)) => Err(fail("a patch has a path or stands here, not both")),
            (Some(inline), None) => {
                let skipped = inline.text.len() - inline.text.trim_start().len();
                let lines = inline.text[..skipped].bytes().filter(|b| *b == b'\n').count();
                let first_line = inline.first_line + u32::try_from(lines).unwrap_or(0);
                then(PatchText { text: inline.text.trim(), source: self.source, first_line }).map_err(located)
            }
            (None, Some(path)) => {
                let loaded = self.read(build, path)?;
                let source = build.sources.number(&loaded.path);
                then(PatchText { text: &loaded.text()?, source, first_line: 1 }).map_err(located)
            }
        }
    }

    pub(super) fn patch(&self, build: &Build<'_>, patch: &Patch) -> Result<LoadedPatch, Error> {
        let options = PatchOptions {
            allow_name_change: patch.allow_name_change,
            allow_kind_change: patch.allow_kind_change,
        };
        self.with_patch_text(build, patch, |text| transform::load_patch(text, options))
    }

    pub(super) fn json6902(&self, build: &Build<'_>, patch: &Patch) -> Result<LoadedPatch, Error> {
        if patch.target.as_ref().is_none_or(|target| target.name.is_empty()) {
            let mark = Mark { source: self.source, line: patch.line };
            let problem = Problem::new("a patch of patchesJson6902 needs a target with a name", mark);
            return Err(build.locate(problem, Cause::Transformer));
        }
        self.with_patch_text(build, patch, |text| transform::load_json6902(text).map(LoadedPatch::Json))
    }

    pub(super) fn replacements(
        &self,
        build: &Build<'_>,
        field: &ReplacementField,
    ) -> Result<(Vec<Replacement>, u32), Error> {
        let path = match field {
            ReplacementField::Inline(replacement) => return Ok((vec![replacement.clone()], self.source)),
            ReplacementField::Path(path) => path,
        };
        let loaded = self.read(build, path)?;
        let source = build.sources.number(&loaded.path);
        let location = |position| Location {
            file: loaded.path.clone(),
            position,
            text: Some(Arc::clone(&loaded.content)),
        };
        let root = yaml::parse_first(&loaded.text()?)
            .map_err(|error| Error::new(Cause::Yaml(error.message)).at(location(error.at)))?;
        let replacements =
            crate::kustomization::replacements_of_file(&root).map_err(|DecodeError { message, at }| {
                Error::new(Cause::Kustomization(message)).at(location(at))
            })?;
        Ok((replacements, source))
    }

    /// Reads a file for a plugin.
    pub(super) fn read_for_plugin(&self, build: &Build<'_>, path: &At) -> Result<(Arc<[u8]>, u32), Error> {
        let reader = Reader { target: self, build };
        reader.read(path).map_err(|problem| build.locate(problem, Cause::Plugin))
    }

    pub(super) fn run_validators(&self, build: &Build<'_>, ra: &mut Accumulator) -> Result<(), Error> {
        for (plugin, _) in self.plugins(build, &self.kustomization.validators)? {
            let before = ra.resources.clone();
            self.run_plugin(build, &mut ra.resources, plugin)?;
            let texts = |resources: &Resources| {
                resources.list().iter().map(|one| one.node.as_ref().map(yaml::emit)).collect::<Vec<_>>()
            };
            if texts(&before) != texts(&ra.resources) {
                let message = "a validator must not change resources, and one of validators does".to_owned();
                return Err(Error::new(Cause::Plugin(message)).at(self.location(build, Default::default())));
            }
        }
        Ok(())
    }

    fn run_plugin(&self, build: &Build<'_>, resources: &mut Resources, plugin: Plugin) -> Result<(), Error> {
        match plugin {
            Plugin::Transformer(transformer) => {
                let frame = Frame::of(build);
                Transformer::run(*transformer, resources, frame.context())
                    .map_err(|problem| build.locate(problem, Cause::Transformer))
            }
            _ => {
                let message = "a generator is named under transformers: name it under generators".to_owned();
                Err(Error::new(Cause::Plugin(message)).at(self.location(build, Default::default())))
            }
        }
    }
}

#[derive(Default)]
struct LoadedPatches {
    strategic: Vec<crate::resource::Resource>,
    patches: Vec<LoadedPatch>,
    json6902: Vec<LoadedPatch>,
    replacements: Vec<(Vec<Replacement>, u32)>,
}

/// The fields of an entry of `labels`.
fn label_specs(label: &Label, config: &TransformerConfig) -> Result<Vec<FieldSpec>, Problem> {
    let mut specs = label.fields.clone();
    let mut merge = || {
        merge_all(&mut specs, &config.labels)?;
        if label.include_selectors {
            return merge_all(&mut specs, &config.common_labels);
        }
        if label.include_templates {
            merge_all(&mut specs, &config.template_labels)?;
        }
        merge_one(&mut specs, &FieldSpec::anywhere("metadata/labels", true))
    };
    merge().map_err(|conflict| {
        let message = format!("the field {} disagrees with a built-in one on create", conflict.path);
        Problem::new(message, Mark::default())
    })?;
    Ok(specs)
}

/// Such a file is read more strictly than a kustomization.
fn no_key_twice(node: &yaml::Node) -> Decoded<()> {
    let mut seen = HashSet::new();
    for (key, value) in node.entries().into_iter().flatten() {
        if key.as_text().is_some_and(|name| !seen.insert(name)) {
            let message = format!("the key {:?} stands there twice", key.as_text().unwrap_or_default());
            return Err(DecodeError { message, at: key.span.start });
        }
        no_key_twice(value)?;
    }
    node.items().into_iter().flatten().try_for_each(no_key_twice)
}

/// A file of `configurations`.
fn decode_config(root: &yaml::Node) -> Decoded<TransformerConfig> {
    no_key_twice(root)?;
    let mut fields = Fields::of(root, Mode::Strict, "a transformer configuration")?;
    let mut config = TransformerConfig::default();
    for name in [
        "namePrefix",
        "nameSuffix",
        "namespace",
        "commonLabels",
        "labels",
        "templateLabels",
        "commonAnnotations",
        "varReference",
        "images",
        "replicas",
    ] {
        let specs = fields.list(name, |node| field_spec(node, Mode::Strict))?;
        if let Some(section) = config.section(name) {
            *section = specs;
        }
    }
    config.name_reference = fields.list("nameReference", |node| {
        let mut fields = Fields::of(node, Mode::Strict, "a name reference")?;
        let target = OwnedGvk {
            group: fields.string("group")?,
            version: fields.string("version")?,
            kind: fields.string("kind")?,
        };
        let referrers = fields.list("fieldSpecs", |node| field_spec(node, Mode::Strict))?;
        fields.finish()?;
        Ok(NameReference { target, referrers })
    })?;
    fields.finish()?;
    Ok(config)
}
