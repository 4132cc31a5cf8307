//! YAML to a [`Kustomization`].

use gangplank_yaml::{Dialect, Node, node_to_json};

use super::args::{
    FieldOptions, GeneratorArgs, GeneratorOptions, HelmChart, HelmGlobals, Image, Label, Patch, Replacement,
    ReplacementField, Replica, Source, Target, Var,
};
use super::fields::{At, DecodeError, Decoded, Fields, Mode, fail};
use super::{Kind, Kustomization, OpenApi, SortOptions};
use crate::config::{FieldSpec, OwnedGvk};
use crate::selector::Selector;
use crate::sort::LegacyOptions;

const VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

/// Fields whose being there makes a kustomization, even when they are empty.
const LISTS: [&str; 27] = [
    "metadata",
    "openapi",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
    "helmChartInflationGenerator",
];

/// Reads a kustomization.
pub(crate) fn decode(root: &Node) -> Decoded<Kustomization> {
    let mut fields = Fields::of(root, Mode::Strict, "a kustomization")?;
    let deprecated =
        ["bases", "commonLabels", "imageTags", "patchesJson6902", "patchesStrategicMerge", "vars"]
            .into_iter()
            .filter(|name| fields.take(name).is_some())
            .collect();
    let says_something = LISTS.iter().any(|name| fields.take(name).is_some());

    let kind = type_meta(&mut fields)?;
    metadata(&mut fields)?;
    let mut resources = fields.texts("resources")?;
    resources.extend(fields.texts("bases")?);
    let mut images = fields.list("images", image)?;
    images.extend(fields.list("imageTags", image)?);
    let mut helm_charts = fields.list("helmCharts", helm_chart)?;
    let (mut helm_globals, has_globals) = match fields.take("helmGlobals") {
        Some(node) => (helm_globals(node)?, true),
        None => (HelmGlobals::default(), false),
    };
    for (chart, globals) in fields.list("helmChartInflationGenerator", helm_chart_args)? {
        if !has_globals && helm_globals == HelmGlobals::default() {
            helm_globals = globals;
        }
        helm_charts.push(chart);
    }
    let text = |fields: &mut Fields<'_>, name: &str| -> Decoded<Option<At>> {
        Ok(fields.text(name)?.filter(|at| !at.text.is_empty()))
    };
    let kustomization = Kustomization {
        kind,
        openapi: openapi(&mut fields)?,
        name_prefix: text(&mut fields, "namePrefix")?,
        name_suffix: text(&mut fields, "nameSuffix")?,
        namespace: text(&mut fields, "namespace")?,
        common_labels: fields.map("commonLabels")?,
        labels: fields.list("labels", label)?,
        common_annotations: fields.map("commonAnnotations")?,
        patches_strategic_merge: fields.texts("patchesStrategicMerge")?,
        patches_json6902: fields.list("patchesJson6902", patch)?,
        patches: fields.list("patches", patch)?,
        images,
        replacements: fields.list("replacements", |node| replacement_field(node, Mode::Strict))?,
        replicas: fields.list("replicas", replica)?,
        vars: fields.list("vars", var)?,
        sort_options: fields.take("sortOptions").map(sort_options).transpose()?,
        resources,
        components: fields.texts("components")?,
        crds: fields.texts("crds")?,
        config_maps: fields.list("configMapGenerator", |node| generator(node, Mode::Strict, false))?,
        secrets: fields.list("secretGenerator", |node| generator(node, Mode::Strict, true))?,
        helm_globals,
        helm_charts,
        generator_options: fields
            .take("generatorOptions")
            .map(|node| generator_options(node, Mode::Strict))
            .transpose()?,
        configurations: fields.texts("configurations")?,
        generators: fields.texts("generators")?,
        transformers: fields.texts("transformers")?,
        validators: fields.texts("validators")?,
        build_metadata: fields.strings("buildMetadata")?,
        deprecated,
    };
    fields.finish()?;
    let named = kustomization.name_prefix.is_some()
        || kustomization.name_suffix.is_some()
        || kustomization.namespace.is_some();
    let moved = !kustomization.resources.is_empty() || !kustomization.images.is_empty();
    if says_something || named || moved {
        Ok(kustomization)
    } else {
        fail("the kustomization is empty: name at least one of its resources", root)
    }
}

fn type_meta(fields: &mut Fields<'_>) -> Decoded<Kind> {
    let kind_at = fields.text("kind")?.unwrap_or_default();
    let version = fields.text("apiVersion")?.unwrap_or_default();
    let (kind, wanted) = match kind_at.text.as_str() {
        "" | "Kustomization" => (Kind::Kustomization, VERSION),
        "Component" => (Kind::Component, COMPONENT_VERSION),
        other => {
            let message = format!("kind is Kustomization or Component, not {other:?}");
            return Err(DecodeError { message, at: kind_at.at });
        }
    };
    if !version.text.is_empty() && version.text != wanted {
        let message = format!("apiVersion of a {kind:?} is {wanted}, not {:?}", version.text);
        return Err(DecodeError { message, at: version.at });
    }
    Ok(kind)
}

fn metadata(fields: &mut Fields<'_>) -> Decoded<()> {
    let Some(node) = fields.take("metadata") else { return Ok(()) };
    let mut fields = Fields::of(node, Mode::Strict, "metadata")?;
    fields.string("name")?;
    fields.string("namespace")?;
    fields.map("labels")?;
    fields.map("annotations")?;
    fields.finish()
}

fn openapi(fields: &mut Fields<'_>) -> Decoded<OpenApi> {
    let mut openapi = OpenApi::default();
    for (name, value) in fields.map("openapi")? {
        match name.as_str() {
            "path" => openapi.path = Some(value),
            "version" => openapi.version = Some(value),
            _ => {}
        }
    }
    Ok(openapi)
}

fn label(node: &Node) -> Decoded<Label> {
    let mut fields = Fields::of(node, Mode::Strict, "an entry of labels")?;
    let label = Label {
        pairs: fields.map("pairs")?,
        include_selectors: fields.bool("includeSelectors")?,
        include_templates: fields.bool("includeTemplates")?,
        fields: fields.list("fields", |node| field_spec(node, Mode::Strict))?,
    };
    fields.finish()?;
    Ok(label)
}

fn gvk(fields: &mut Fields<'_>) -> Decoded<OwnedGvk> {
    Ok(OwnedGvk {
        group: fields.exact("group")?,
        version: fields.exact("version")?,
        kind: fields.exact("kind")?,
    })
}

/// A field spec: group, version, kind, path, create.
pub(crate) fn field_spec(node: &Node, mode: Mode) -> Decoded<FieldSpec> {
    let mut fields = Fields::of(node, mode, "a field spec")?;
    let spec = FieldSpec::new(gvk(&mut fields)?, fields.string("path")?, fields.bool("create")?);
    fields.finish()?;
    Ok(spec)
}

/// A selector: parts of an identity, labels, annotations.
pub(crate) fn selector(node: &Node, mode: Mode) -> Decoded<Selector> {
    let mut fields = Fields::of(node, mode, "a selector")?;
    let selector = Selector {
        group: fields.exact("group")?,
        version: fields.exact("version")?,
        kind: fields.exact("kind")?,
        name: fields.exact("name")?,
        namespace: fields.exact("namespace")?,
        labels: fields.string("labelSelector")?,
        annotations: fields.string("annotationSelector")?,
    };
    fields.finish()?;
    Ok(selector)
}

fn patch(node: &Node) -> Decoded<Patch> {
    let mut fields = Fields::of(node, Mode::Strict, "a patch")?;
    let mut patch = Patch {
        path: fields.text("path")?,
        patch: fields.text("patch")?,
        target: fields.take("target").map(|node| selector(node, Mode::Strict)).transpose()?,
        line: node.span.start.line,
        ..Patch::default()
    };
    if let Some(node) = fields.take("options") {
        let mut options = Fields::of(node, Mode::Strict, "options")?;
        patch.allow_name_change = options.bool("allowNameChange")?;
        patch.allow_kind_change = options.bool("allowKindChange")?;
        options.finish()?;
    }
    fields.finish()?;
    Ok(patch)
}

/// An image: strict in a kustomization.
fn image(node: &Node) -> Decoded<Image> {
    read_image(node, Mode::Strict)
}

pub(crate) fn read_image(node: &Node, mode: Mode) -> Decoded<Image> {
    let mut fields = Fields::of(node, mode, "an image")?;
    let image = Image {
        name: fields.string("name")?,
        new_name: fields.string("newName")?,
        tag_suffix: fields.string("tagSuffix")?,
        new_tag: fields.string("newTag")?,
        digest: fields.string("digest")?,
        line: node.span.start.line,
    };
    fields.finish()?;
    Ok(image)
}

fn field_options(node: &Node, mode: Mode) -> Decoded<FieldOptions> {
    let mut fields = Fields::of(node, mode, "options")?;
    fields.string("encoding")?;
    let options = FieldOptions {
        delimiter: fields.string("delimiter")?,
        index: fields.int("index")?,
        create: fields.bool("create")?,
    };
    fields.finish()?;
    Ok(options)
}

fn options_of(fields: &mut Fields<'_>) -> Decoded<FieldOptions> {
    let mode = fields.mode();
    fields.take("options").map_or_else(|| Ok(FieldOptions::default()), |node| field_options(node, mode))
}

fn source(node: &Node, mode: Mode) -> Decoded<Source> {
    let mut fields = Fields::of(node, mode, "a replacement's source")?;
    let source = Source {
        gvk: gvk(&mut fields)?,
        name: fields.exact("name")?,
        namespace: fields.exact("namespace")?,
        field_path: fields.string("fieldPath")?,
        options: options_of(&mut fields)?,
    };
    fields.finish()?;
    Ok(source)
}

fn target(node: &Node, mode: Mode) -> Decoded<Target> {
    let mut fields = Fields::of(node, mode, "a replacement's target")?;
    let target = Target {
        select: fields.take("select").map(|node| selector(node, mode)).transpose()?,
        reject: fields.list("reject", |node| selector(node, mode))?,
        field_paths: fields.strings("fieldPaths")?,
        options: options_of(&mut fields)?,
    };
    fields.finish()?;
    Ok(target)
}

fn replacement(fields: &mut Fields<'_>, line: u32) -> Decoded<Replacement> {
    let mode = fields.mode();
    let has_targets = fields.take("targets").is_some();
    let targets = fields.list("targets", |node| target(node, mode))?;
    Ok(Replacement {
        source: fields.take("source").map(|node| source(node, mode)).transpose()?,
        source_value: fields.text("sourceValue")?.map(|at| at.text),
        targets: has_targets.then_some(targets),
        line,
    })
}

/// An entry of `replacements`.
pub(crate) fn replacement_field(node: &Node, mode: Mode) -> Decoded<ReplacementField> {
    let mut fields = Fields::of(node, mode, "a replacement")?;
    let path = fields.text("path")?.filter(|path| !path.text.is_empty());
    let inline = replacement(&mut fields, node.span.start.line)?;
    fields.finish()?;
    match path {
        Some(_)
            if inline.source.is_some()
                || inline.targets.as_ref().is_some_and(|targets| !targets.is_empty()) =>
        {
            fail("a replacement is either a path or stands here, not both", node)
        }
        Some(path) => Ok(ReplacementField::Path(path)),
        None => Ok(ReplacementField::Inline(inline)),
    }
}

/// A replacement of a file that has one, or a list.
pub(crate) fn replacements_of_file(node: &Node) -> Decoded<Vec<Replacement>> {
    let read = |node: &Node| {
        let mut fields = Fields::of(node, Mode::Lenient, "a replacement")?;
        replacement(&mut fields, node.span.start.line)
    };
    match (node.items(), node.entries()) {
        (Some(items), _) => items.iter().map(read).collect(),
        (_, Some(_)) => Ok(vec![read(node)?]),
        _ => fail("a file of replacements holds a mapping or a list", node),
    }
}

fn replica(node: &Node) -> Decoded<Replica> {
    read_replica(node, Mode::Strict)
}

pub(crate) fn read_replica(node: &Node, mode: Mode) -> Decoded<Replica> {
    let mut fields = Fields::of(node, mode, "an entry of replicas")?;
    let replica =
        Replica { name: fields.string("name")?, count: fields.int("count")?, line: node.span.start.line };
    fields.finish()?;
    Ok(replica)
}

fn var(node: &Node) -> Decoded<Var> {
    let mut fields = Fields::of(node, Mode::Strict, "a var")?;
    let mut var = Var { name: fields.string("name")?, line: node.span.start.line, ..Var::default() };
    if let Some(node) = fields.take("objref") {
        let mut reference = Fields::of(node, Mode::Strict, "objref")?;
        let version = reference.string("apiVersion")?;
        var.gvk = gvk(&mut reference)?;
        match version.split('/').collect::<Vec<_>>()[..] {
            [group, version] => (var.gvk.group, var.gvk.version) = (group.to_owned(), version.to_owned()),
            [version] if !version.is_empty() => var.gvk.version = version.to_owned(),
            _ => {}
        }
        var.object_name = reference.string("name")?;
        var.namespace = reference.string("namespace")?;
        reference.finish()?;
    }
    if let Some(node) = fields.take("fieldref") {
        let mut reference = Fields::of(node, Mode::Strict, "fieldref")?;
        var.field_path = reference.string("fieldPath")?;
        reference.finish()?;
    }
    if var.field_path.is_empty() {
        var.field_path = "metadata.name".to_owned();
    }
    fields.finish()?;
    Ok(var)
}

fn sort_options(node: &Node) -> Decoded<SortOptions> {
    let mut fields = Fields::of(node, Mode::Strict, "sortOptions")?;
    let order = fields.text("order")?;
    let legacy = fields
        .take("legacySortOptions")
        .map(|node| {
            let mut fields = Fields::of(node, Mode::Strict, "legacySortOptions")?;
            let options =
                LegacyOptions { first: fields.strings("orderFirst")?, last: fields.strings("orderLast")? };
            fields.finish()?;
            Ok(options)
        })
        .transpose()?;
    fields.finish()?;
    let at = order.as_ref().map_or(node.span.start, |order| order.at);
    let order = order.map(|order| order.text).unwrap_or_default();
    let problem = match order.as_str() {
        "legacy" => None,
        "fifo" if legacy.is_none() => None,
        "fifo" => Some("legacySortOptions go with the order legacy, not with fifo".to_owned()),
        other => Some(format!("sortOptions.order is fifo or legacy, not {other:?}")),
    };
    let problem = problem.map(|message| (message, at.line));
    Ok(SortOptions { order, legacy, problem })
}

fn generator_options(node: &Node, mode: Mode) -> Decoded<GeneratorOptions> {
    let mut fields = Fields::of(node, mode, "generator options")?;
    let options = GeneratorOptions {
        labels: fields.map("labels")?,
        annotations: fields.map("annotations")?,
        disable_name_suffix_hash: fields.bool("disableNameSuffixHash")?,
        immutable: fields.bool("immutable")?,
    };
    fields.finish()?;
    Ok(options)
}

pub(crate) fn generator(node: &Node, mode: Mode, secret: bool) -> Decoded<GeneratorArgs> {
    let mut fields = Fields::of(node, mode, "a generator")?;
    let mut args = GeneratorArgs {
        name: fields.string("name")?,
        namespace: fields.string("namespace")?,
        behavior: fields.string("behavior")?,
        literals: fields.texts("literals")?,
        files: fields.texts("files")?,
        envs: fields.texts("envs")?,
        options: fields.take("options").map(|node| generator_options(node, mode)).transpose()?,
        line: node.span.start.line,
        ..GeneratorArgs::default()
    };
    args.envs.extend(fields.text("env")?.filter(|env| !env.text.is_empty()));
    if secret {
        args.type_ = fields.string("type")?;
    }
    fields.finish()?;
    Ok(args)
}

fn helm_globals(node: &Node) -> Decoded<HelmGlobals> {
    read_helm_globals(node, Mode::Strict)
}

/// A chart and its globals in one mapping, as the plugin's configuration has them.
pub(crate) fn helm_plugin(node: &Node) -> Decoded<(HelmChart, HelmGlobals)> {
    Ok((read_helm_chart(node, Mode::Lenient)?, read_helm_globals(node, Mode::Lenient)?))
}

fn read_helm_globals(node: &Node, mode: Mode) -> Decoded<HelmGlobals> {
    let mut fields = Fields::of(node, mode, "helmGlobals")?;
    let globals =
        HelmGlobals { chart_home: fields.string("chartHome")?, config_home: fields.string("configHome")? };
    fields.finish()?;
    Ok(globals)
}

fn json_field(fields: &mut Fields<'_>, name: &str) -> Decoded<Option<serde_json::Value>> {
    fields
        .take(name)
        .map(|node| {
            node_to_json(node, Dialect::SigsV2)
                .map_err(|error| DecodeError { message: error.message, at: error.at })
        })
        .transpose()
}

fn helm_chart(node: &Node) -> Decoded<HelmChart> {
    read_helm_chart(node, Mode::Strict)
}

fn read_helm_chart(node: &Node, mode: Mode) -> Decoded<HelmChart> {
    let mut fields = Fields::of(node, mode, "a Helm chart")?;
    let chart = HelmChart {
        name: fields.string("name")?,
        version: fields.string("version")?,
        repo: fields.string("repo")?,
        release_name: fields.string("releaseName")?,
        namespace: fields.string("namespace")?,
        values_file: fields.string("valuesFile")?,
        values_inline: json_field(&mut fields, "valuesInline")?,
        values_merge: fields.string("valuesMerge")?,
        additional_values_files: fields.strings("additionalValuesFiles")?,
        include_crds: fields.bool("includeCRDs")?,
        skip_hooks: fields.bool("skipHooks")?,
        skip_tests: fields.bool("skipTests")?,
        api_versions: fields.strings("apiVersions")?,
        kube_version: fields.string("kubeVersion")?,
        name_template: fields.string("nameTemplate")?,
        debug: fields.bool("debug")?,
        devel: fields.bool("devel")?,
    };
    fields.finish()?;
    Ok(chart)
}

/// The older form, in which each chart carries the globals.
fn helm_chart_args(node: &Node) -> Decoded<(HelmChart, HelmGlobals)> {
    let mut fields = Fields::of(node, Mode::Strict, "a Helm chart")?;
    let home = fields.string("chartHome")?;
    fields.string("helmBin")?;
    let config_home = fields.string("helmHome")?;
    fields.strings("extraArgs")?;
    let chart = HelmChart {
        name: fields.string("chartName")?,
        version: fields.string("chartVersion")?,
        repo: fields.string("chartRepoUrl")?,
        release_name: fields.string("releaseName")?,
        namespace: fields.string("releaseNamespace")?,
        values_file: fields.string("values")?,
        values_inline: json_field(&mut fields, "valuesLocal")?,
        values_merge: fields.string("valuesMerge")?,
        ..HelmChart::default()
    };
    fields.string("chartRepoName")?;
    fields.finish()?;
    Ok((chart, HelmGlobals { chart_home: home, config_home }))
}
