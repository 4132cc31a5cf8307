//! Generators, transformers and validators that a kustomization names as resources: `apiVersion: builtin`, or plugins,
//! which are refused.

use std::sync::Arc;

use gangplank_yaml as yaml;

use super::Build;
use super::accumulate::Accumulator;
use super::target::Target;
use crate::config::FieldSpec;
use crate::error::{Cause, Error};
use crate::generate::Generated;
use crate::kustomization::{
    At, DecodeError, Decoded, Fields, GeneratorArgs, HelmChart, HelmGlobals, Image, Mode, Patch, Replacement,
    ReplacementField, Replica, field_spec, selector,
};
use crate::kustomization::{generator, read_image, read_replica, replacement_field};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::reader;
use crate::resource::{Lineage, Resource, Resources};
use crate::selector::Selector;
use crate::transform::{
    self, Context, LoadedPatch, NamespaceOptions, PatchOptions, PatchText, SubjectMode, ValueTarget,
};
use crate::tree::{Mark, Node};

/// A plugin, ready to run.
pub(super) enum Plugin {
    Generator(Generated, Box<GeneratorArgs>),
    IamPolicy(Box<Resource>),
    Helm(Box<HelmChart>, HelmGlobals),
    Transformer(Box<Transformer>),
}

/// A built-in transformer with its configuration.
pub(super) enum Transformer {
    Annotations(Vec<(String, String, Mark)>, Vec<FieldSpec>),
    Labels(Vec<(String, String, Mark)>, Vec<FieldSpec>),
    Hash,
    Images(Image, Vec<FieldSpec>, Mark),
    Namespace(NamespaceOptions, Vec<FieldSpec>),
    Affixes { prefix: Option<String>, suffix: Option<String>, specs: Vec<FieldSpec>, mark: Mark },
    Patch(LoadedPatch, Option<Selector>, Mark),
    Json6902(LoadedPatch, Selector, Mark),
    StrategicMerge(Vec<Resource>, Mark),
    Replacements(Vec<(Vec<Replacement>, u32)>),
    Replicas(Replica, Vec<FieldSpec>, Mark),
    ValueAdd(String, Vec<ValueTarget>, Mark),
}

impl Transformer {
    pub(super) fn run(self, resources: &mut Resources, context: Context<'_>) -> Result<(), Problem> {
        match self {
            Self::Annotations(entries, specs) | Self::Labels(entries, specs) => {
                transform::set_entries(resources.list_mut(), &entries, &specs)
            }
            Self::Hash => {
                resources.list_mut().iter_mut().filter(|one| one.history().needs_hash).try_for_each(|one| {
                    let hash = crate::hash::of(one)?;
                    one.store_previous_id(context.scope);
                    let name = format!("{}-{hash}", one.name());
                    one.set_name(&name, Mark::default());
                    Ok(())
                })
            }
            Self::Images(image, specs, mark) => {
                transform::set_images(resources.contents_mut(), &image, &specs, mark)
            }
            Self::Namespace(options, specs) => transform::set_namespace(resources, &options, &specs, context),
            Self::Affixes { prefix, suffix, specs, mark } => {
                if let Some(prefix) = prefix {
                    transform::add_prefix(resources.list_mut(), &prefix, &specs, mark, context)?;
                }
                match suffix {
                    Some(suffix) => {
                        transform::add_suffix(resources.list_mut(), &suffix, &specs, mark, context)
                    }
                    None => Ok(()),
                }
            }
            Self::Patch(patch, target, mark) => {
                transform::apply_patch(resources, &patch, target.as_ref(), mark, context)
            }
            Self::Json6902(LoadedPatch::Json(operations), target, mark) => {
                transform::apply_json6902(resources, &operations, &target, mark, context)
            }
            Self::Json6902(LoadedPatch::Strategic(_), _, _) => Ok(()),
            Self::StrategicMerge(patches, mark) => {
                transform::apply_strategic(resources, &patches, mark, context)
            }
            Self::Replacements(all) => all.iter().try_for_each(|(replacements, source)| {
                transform::replace(resources, replacements, *source, context)
            }),
            Self::Replicas(replica, specs, mark) => {
                transform::set_replicas(resources, &replica.name, replica.count, &specs, mark)
            }
            Self::ValueAdd(value, targets, mark) => {
                transform::add_value(resources, &value, &targets, mark, context)
            }
        }
    }
}

impl Target {
    /// Loads the plugins of a list: written in place, in files, or in directories.
    pub(super) fn plugins(
        &self,
        build: &Build<'_>,
        list: &[At],
    ) -> Result<Vec<(Plugin, Option<Origin>)>, Error> {
        if list.is_empty() {
            return Ok(Vec::new());
        }
        let mut configs: Vec<Resource> = Vec::new();
        let mut paths = Vec::new();
        for entry in list {
            match reader::resources(&entry.text, self.source, entry.first_line) {
                Ok(mut resources) => {
                    if let Some(origin) = &self.inherited.origin {
                        let origin = Arc::new(origin.append(self.file_name));
                        for resource in &mut resources {
                            let lineage =
                                Lineage { origin: Some(Arc::clone(&origin)), transformations: Vec::new() };
                            resource.lineage = Some(Box::new(lineage));
                        }
                    }
                    configs.extend(resources);
                }
                Err(error) if entry.text.contains('\n') => {
                    return Err(build.read_error(error, self.source, entry.first_line));
                }
                Err(_) => paths.push(entry.clone()),
            }
        }
        let mut ra = Accumulator::default();
        self.accumulate_resources(build, &mut ra, &paths)?;
        configs.extend(ra.resources.into_list());
        configs
            .iter()
            .map(|config| {
                let origin =
                    config.lineage.as_ref().and_then(|lineage| lineage.origin.as_deref()).map(|origin| {
                        let by = [config.api_version(), config.kind(), config.name(), config.namespace()];
                        Origin {
                            path: String::new(),
                            configured_in: origin.path.clone(),
                            configured_by: by.map(str::to_owned),
                            ..origin.clone()
                        }
                    });
                Ok((self.plugin(build, config)?, origin))
            })
            .collect()
    }

    fn plugin(&self, build: &Build<'_>, config: &Resource) -> Result<Plugin, Error> {
        let mark = config.node.as_ref().map_or_else(Mark::default, Node::mark);
        let refuse = |message: String| build.locate(Problem::new(message, mark), Cause::Plugin);
        let gvk = config.gvk();
        if !gvk.group.is_empty() || gvk.version != "builtin" {
            let message = format!(
                "{} {} is an external plugin, and only those with apiVersion builtin are run here",
                config.api_version(),
                config.kind()
            );
            return Err(
                refuse(message).mend("render the plugin's output into the tree, and name it under resources")
            );
        }
        let Some(node) = &config.node else {
            return Err(refuse("the plugin's configuration is empty".to_owned()));
        };
        crate::tree::check(node).map_err(|problem| build.locate(problem, Cause::Plugin))?;
        // Read again as YAML 1.1, as Kustomize gives it to its plugins.
        let text = yaml::emit(node);
        let root = yaml::parse_first(&text).map_err(|error| refuse(error.message))?;
        self.decode_plugin(build, config.kind(), &root, mark).map_err(|error| match error {
            PluginError::Decode(DecodeError { message, .. }) => {
                build.locate(Problem::new(message, mark), Cause::Plugin)
            }
            PluginError::Build(error) => error,
        })
    }

    fn decode_plugin(
        &self,
        build: &Build<'_>,
        kind: &str,
        root: &yaml::Node,
        mark: Mark,
    ) -> Result<Plugin, PluginError> {
        let mut fields = Fields::of(root, Mode::Lenient, kind)?;
        let metadata = root.get("metadata");
        let of_metadata = |name: &str| metadata.and_then(|node| node.get(name)).and_then(yaml::Node::as_text);
        let specs =
            |fields: &mut Fields<'_>| fields.list("fieldSpecs", |node| field_spec(node, Mode::Lenient));
        let entries = |map: Vec<(String, At)>| -> Vec<(String, String, Mark)> {
            map.into_iter().map(|(name, value)| (name, value.text, mark)).collect()
        };
        let transformer = match kind {
            "ConfigMapGenerator" | "SecretGenerator" => {
                let secret = kind == "SecretGenerator";
                let mut args = generator(root, Mode::Typed, secret)?;
                args.line = mark.line;
                if args.name.is_empty() {
                    args.name = of_metadata("name").unwrap_or_default().to_owned();
                }
                if args.namespace.is_empty() {
                    args.namespace = of_metadata("namespace").unwrap_or_default().to_owned();
                }
                let what = if secret { Generated::Secret } else { Generated::ConfigMap };
                return Ok(Plugin::Generator(what, Box::new(args)));
            }
            "IAMPolicyGenerator" => {
                return iam_policy(&mut fields, mark).map(|r| Plugin::IamPolicy(Box::new(r)));
            }
            "HelmChartInflationGenerator" => {
                let (chart, globals) = crate::kustomization::helm_plugin(root)?;
                return Ok(Plugin::Helm(Box::new(chart), globals));
            }
            "AnnotationsTransformer" => {
                Transformer::Annotations(entries(fields.map("annotations")?), specs(&mut fields)?)
            }
            "LabelTransformer" => Transformer::Labels(entries(fields.map("labels")?), specs(&mut fields)?),
            "HashTransformer" => Transformer::Hash,
            "ImageTagTransformer" => {
                let image =
                    fields.take("imageTag").map(|node| read_image(node, Mode::Lenient)).transpose()?;
                Transformer::Images(image.unwrap_or_default(), specs(&mut fields)?, mark)
            }
            "NamespaceTransformer" => {
                let subjects = fields.text("setRoleBindingSubjects")?.unwrap_or_default();
                let mode = SubjectMode::from_name(&subjects.text).ok_or_else(|| DecodeError {
                    message: format!(
                        "setRoleBindingSubjects is defaultOnly, allServiceAccounts or none, not {:?}",
                        subjects.text
                    ),
                    at: subjects.at,
                })?;
                let options = NamespaceOptions {
                    namespace: of_metadata("namespace").unwrap_or_default().to_owned(),
                    unset_only: fields.bool("unsetOnly")?,
                    subjects: mode,
                    mark,
                };
                Transformer::Namespace(options, specs(&mut fields)?)
            }
            "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => {
                let has_specs = fields.take("fieldSpecs").is_some();
                if !has_specs {
                    return Err(decode_error("fieldSpecs are missing", root));
                }
                let (prefix, suffix) = (fields.string("prefix")?, fields.string("suffix")?);
                Transformer::Affixes {
                    prefix: (kind != "SuffixTransformer").then_some(prefix),
                    suffix: (kind != "PrefixTransformer").then_some(suffix),
                    specs: specs(&mut fields)?,
                    mark,
                }
            }
            "PatchTransformer" => self.patch_plugin(build, &mut fields, mark)?,
            "PatchJson6902Transformer" => self.json6902_plugin(build, &mut fields, mark)?,
            "PatchStrategicMergeTransformer" => self.strategic_plugin(build, &mut fields, root, mark)?,
            "ReplacementTransformer" => {
                let list = fields.list("replacements", |node| replacement_field(node, Mode::Typed))?;
                let loaded: Result<Vec<_>, Error> =
                    list.iter().map(|field: &ReplacementField| self.replacements(build, field)).collect();
                Transformer::Replacements(loaded?)
            }
            "ReplicaCountTransformer" => {
                let replica =
                    fields.take("replica").map(|node| read_replica(node, Mode::Lenient)).transpose()?;
                Transformer::Replicas(replica.unwrap_or_default(), specs(&mut fields)?, mark)
            }
            "ValueAddTransformer" => self.value_add_plugin(build, &mut fields, root, mark)?,
            other => {
                let message = format!("there is no built-in plugin {other}");
                return Err(PluginError::Build(build.locate(Problem::new(message, mark), Cause::Plugin)));
            }
        };
        Ok(Plugin::Transformer(Box::new(transformer)))
    }

    fn patch_plugin(
        &self,
        build: &Build<'_>,
        fields: &mut Fields<'_>,
        mark: Mark,
    ) -> Result<Transformer, PluginError> {
        let target = fields.take("target").map(|node| selector(node, Mode::Lenient)).transpose()?;
        let mut options = PatchOptions::default();
        if let Some(node) = fields.take("options") {
            let mut fields = Fields::of(node, Mode::Lenient, "options")?;
            options.allow_name_change = fields.bool("allowNameChange")?;
            options.allow_kind_change = fields.bool("allowKindChange")?;
        }
        let patch = Patch {
            path: fields.text("path")?,
            patch: fields.text("patch")?,
            line: mark.line,
            ..Patch::default()
        };
        let loaded = self.with_patch_text(build, &patch, |text| {
            // The text's own lines are those of a copy; the configuration's place is the best that is known.
            let text = if patch.path.is_some() {
                text
            } else {
                PatchText { source: mark.source, first_line: mark.line, ..text }
            };
            transform::load_patch(text, options)
        })?;
        Ok(Transformer::Patch(loaded, target, mark))
    }

    fn json6902_plugin(
        &self,
        build: &Build<'_>,
        fields: &mut Fields<'_>,
        mark: Mark,
    ) -> Result<Transformer, PluginError> {
        let target = fields.take("target").map(|node| selector(node, Mode::Lenient)).transpose()?;
        let patch = Patch {
            path: fields.text("path")?,
            patch: fields.text("jsonOp")?,
            target: target.clone(),
            line: mark.line,
            ..Patch::default()
        };
        let loaded = self.json6902(build, &patch)?;
        Ok(Transformer::Json6902(loaded, target.unwrap_or_default(), mark))
    }

    fn strategic_plugin(
        &self,
        build: &Build<'_>,
        fields: &mut Fields<'_>,
        root: &yaml::Node,
        mark: Mark,
    ) -> Result<Transformer, PluginError> {
        let mut patches = Vec::new();
        for path in fields.texts("paths")? {
            patches.extend(self.strategic_patch(build, &path)?);
        }
        let inline = fields.string("patches")?;
        if !inline.is_empty() {
            let read = reader::resources(&inline, mark.source, mark.line);
            patches.extend(read.map_err(|error| build.read_error(error, mark.source, mark.line))?);
        }
        if patches.is_empty() {
            return Err(decode_error("paths and patches are missing, or hold no patch", root));
        }
        Ok(Transformer::StrategicMerge(patches, mark))
    }

    fn value_add_plugin(
        &self,
        build: &Build<'_>,
        fields: &mut Fields<'_>,
        root: &yaml::Node,
        mark: Mark,
    ) -> Result<Transformer, PluginError> {
        let mut value = fields.string("value")?.trim().to_owned();
        if value.is_empty() {
            value = self.loader.root().rsplit('/').next().unwrap_or_default().to_owned();
        }
        let mut targets = fields.list("targets", value_target)?;
        if let Some(path) = fields.text("targetFilePath")?.filter(|path| !path.text.is_empty()) {
            let (content, _) = self.read_for_plugin(build, &path)?;
            let text = String::from_utf8_lossy(&content);
            let file = yaml::parse_first(&text)
                .map_err(|error| decode_error(&format!("{}: {}", path.text, error.message), root))?;
            targets.extend(Fields::of(&file, Mode::Lenient, "targets")?.list("targets", value_target)?);
        }
        if targets.is_empty() {
            return Err(decode_error("targets are missing", root));
        }
        Ok(Transformer::ValueAdd(value, targets, mark))
    }
}

enum PluginError {
    Decode(DecodeError),
    Build(Error),
}

impl From<DecodeError> for PluginError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<Error> for PluginError {
    fn from(error: Error) -> Self {
        Self::Build(error)
    }
}

fn decode_error(message: &str, node: &yaml::Node) -> PluginError {
    PluginError::Decode(DecodeError { message: message.to_owned(), at: node.span.start })
}

fn value_target(node: &yaml::Node) -> Decoded<ValueTarget> {
    let mut fields = Fields::of(node, Mode::Lenient, "a target")?;
    let field_path = fields.string("fieldPath")?;
    if field_path.is_empty() {
        return Err(DecodeError { message: "a target needs a fieldPath".to_owned(), at: node.span.start });
    }
    let position = usize::try_from(fields.int("filePathPosition")?).map_err(|_| DecodeError {
        message: "filePathPosition can't be negative".to_owned(),
        at: node.span.start,
    })?;
    let selector = fields.take("selector").map(|node| selector(node, Mode::Lenient)).transpose()?;
    Ok(ValueTarget { selector, field_path, position })
}

/// A Kubernetes service account that acts as one of Google's.
fn iam_policy(fields: &mut Fields<'_>, mark: Mark) -> Result<Resource, PluginError> {
    let cloud = fields.text("cloud")?.unwrap_or_default();
    if cloud.text != "gke" {
        let message = format!("the cloud {:?} is not known: only gke is", cloud.text);
        return Err(PluginError::Decode(DecodeError { message, at: cloud.at }));
    }
    let part = |fields: &mut Fields<'_>, name: &str, field: &str| -> Decoded<String> {
        fields.take(name).map_or_else(
            || Ok(String::new()),
            |node| Fields::of(node, Mode::Typed, name).and_then(|mut fields| fields.string(field)),
        )
    };
    let account = part(fields, "serviceAccount", "name")?;
    let project = part(fields, "serviceAccount", "projectId")?;
    let name = part(fields, "kubernetesService", "name")?;
    let namespace = part(fields, "kubernetesService", "namespace")?;
    let mut text = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  annotations:\n    iam.gke.io/gcp-service-account: \
         {account}@{project}.iam.gserviceaccount.com\n  name: {name}\n"
    );
    if !namespace.is_empty() {
        text.push_str(&format!("  namespace: {namespace}\n"));
    }
    let mut resources = reader::resources(&text, mark.source, mark.line)
        .map_err(|_| DecodeError { message: "the names make no service account".to_owned(), at: cloud.at })?;
    resources.pop().ok_or_else(|| {
        PluginError::Decode(DecodeError { message: "nothing is generated".to_owned(), at: cloud.at })
    })
}
