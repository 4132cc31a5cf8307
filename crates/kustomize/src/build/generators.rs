//! Generators: ConfigMaps, Secrets, Helm charts, and those of `generators`.

use std::sync::Arc;

use super::accumulate::Accumulator;
use super::plugins::Plugin;
use super::target::Target;
use super::{Build, Frame};
use crate::error::{Cause, Error};
use crate::generate::{Generated, ReadFile, generate, merged_options};
use crate::kustomization::{At, GeneratorArgs, GeneratorOptions, HelmChart, HelmGlobals};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::reader;
use crate::render::HelmRequest;
use crate::resource::{Behavior, Lineage, Resource, Resources};
use crate::tree::{Mark, Node, set_field};

/// Reads the files of one kustomization's generators.
pub(super) struct Reader<'t, 'b> {
    pub(super) target: &'t Target,
    pub(super) build: &'t Build<'b>,
}

impl ReadFile for Reader<'_, '_> {
    fn read(&self, path: &At) -> Result<(Arc<[u8]>, u32), Problem> {
        let loaded = self.target.loader.read(&path.text).map_err(|error| {
            Problem::new(error.to_string(), Mark { source: self.target.source, line: path.at.line })
        })?;
        Ok((loaded.content, self.build.sources.number(&loaded.path)))
    }
}

impl Target {
    pub(super) fn run_generators(&self, build: &Build<'_>, ra: &mut Accumulator) -> Result<(), Error> {
        let kustomization = &self.kustomization;
        let lists =
            [(Generated::ConfigMap, &kustomization.config_maps), (Generated::Secret, &kustomization.secrets)];
        for (what, list) in lists {
            let kind = if what == Generated::ConfigMap { "ConfigMapGenerator" } else { "SecretGenerator" };
            for args in list {
                let global = self.kustomization.generator_options.as_ref();
                let options = merged_options(args.options.as_ref(), global);
                let resource = self.generated(build, what, args, options.as_ref())?;
                self.absorb(build, ra, vec![resource], self.built_in_origin(kind))?;
            }
        }
        for chart in &kustomization.helm_charts {
            let resources = self.inflate(build, chart, &kustomization.helm_globals)?;
            self.absorb(build, ra, resources, self.built_in_origin("HelmChartInflationGenerator"))?;
        }
        for (plugin, origin) in self.plugins(build, &kustomization.generators)? {
            let resources = match plugin {
                // The options of the kustomization are for its own fields only.
                Plugin::Generator(what, args) => {
                    vec![self.generated(build, what, &args, args.options.as_ref())?]
                }
                Plugin::IamPolicy(resource) => vec![*resource],
                Plugin::Helm(chart, globals) => self.inflate(build, &chart, &globals)?,
                Plugin::Transformer(_) => {
                    let message =
                        "a transformer is named under generators: name it under transformers".to_owned();
                    return Err(
                        Error::new(Cause::Plugin(message)).at(self.location(build, Default::default()))
                    );
                }
            };
            self.absorb(build, ra, resources, origin)?;
        }
        Ok(())
    }

    fn generated(
        &self,
        build: &Build<'_>,
        what: Generated,
        args: &GeneratorArgs,
        options: Option<&GeneratorOptions>,
    ) -> Result<Resource, Error> {
        let reader = Reader { target: self, build };
        generate(what, args, options, self.source, &reader)
            .map_err(|problem| build.locate(problem, Cause::Generator))
    }

    pub(super) fn built_in_origin(&self, kind: &str) -> Option<Origin> {
        let by = ["builtin".to_owned(), kind.to_owned(), String::new(), String::new()];
        self.inherited.origin.as_ref().map(|origin| origin.configured(self.file_name, by))
    }

    /// Adds generated resources: new ones, or into those that they merge with or replace.
    fn absorb(
        &self,
        build: &Build<'_>,
        ra: &mut Accumulator,
        resources: Vec<Resource>,
        origin: Option<Origin>,
    ) -> Result<(), Error> {
        let origin = origin.map(Arc::new);
        let frame = Frame::of(build);
        for mut resource in resources {
            if let Some(origin) = &origin
                && resource.lineage.is_none()
            {
                let lineage = Lineage { origin: Some(Arc::clone(origin)), transformations: Vec::new() };
                resource.lineage = Some(Box::new(lineage));
            }
            absorb_one(&mut ra.resources, resource, &frame)
                .map_err(|problem| build.locate(problem, Cause::Generator))?;
        }
        Ok(())
    }

    fn inflate(
        &self,
        build: &Build<'_>,
        chart: &HelmChart,
        globals: &HelmGlobals,
    ) -> Result<Vec<Resource>, Error> {
        let fail = |cause: Cause| Error::new(cause).at(self.location(build, Default::default()));
        let Some(helm) = &build.options.helm else {
            let message =
                format!("the Helm chart {} is not rendered: must specify --enable-helm", chart.name);
            return Err(fail(Cause::Plugin(message)).mend("build with --enable-helm"));
        };
        if chart.name.is_empty() {
            return Err(fail(Cause::Kustomization("a Helm chart needs a name".to_owned())));
        }
        let mut chart = chart.clone();
        if chart.namespace.is_empty() {
            let own = self.kustomization.namespace.as_ref().map(|namespace| namespace.text.clone());
            chart.namespace = own.or_else(|| self.inherited.helm_namespace.clone()).unwrap_or_default();
        }
        let request =
            HelmRequest { directory: self.loader.root().to_owned(), chart, globals: globals.clone() };
        let text = helm.template(&request).map_err(|message| fail(Cause::Plugin(message)))?;
        let source = build.sources.number(&format!("{}#{}", self.file, request.chart.name));
        let mut resources =
            reader::resources(&text, source, 1).map_err(|error| build.read_error(error, source, 1))?;
        for resource in &mut resources {
            resource.history_mut().from_helm = true;
        }
        Ok(resources)
    }
}

fn absorb_one(resources: &mut Resources, mut new: Resource, frame: &Frame) -> Result<(), Problem> {
    let scope = frame.context().scope;
    let id = new.id();
    let mark = new.node.as_ref().map_or_else(Mark::default, Node::mark);
    let behavior = new.history().behavior;
    let found = resources.find_any(|other| scope.same(other, &id));
    match found[..] {
        [] if matches!(behavior, Behavior::Merge | Behavior::Replace) => {
            let message = format!("{id} is not there: behavior {} needs one to work on", behavior.name());
            Err(Problem::new(message, mark))
        }
        [] => resources
            .append(new, scope)
            .map_err(|duplicate| Problem::new(format!("{} is there twice", duplicate.id), mark)),
        [at] => {
            let old = &resources.list()[at];
            match behavior {
                Behavior::Replace => take_metadata(&mut new, old),
                Behavior::Merge => {
                    take_metadata(&mut new, old);
                    merge_data(&mut new, old, "data");
                    merge_data(&mut new, old, "binaryData");
                    if let Some(origin) = old.lineage.as_ref().and_then(|lineage| lineage.origin.clone()) {
                        new.lineage.get_or_insert_default().origin = Some(origin);
                    }
                }
                _ => {
                    let message =
                        format!("{id} is there already: behavior must be merge or replace to work on it");
                    return Err(Problem::new(message, mark));
                }
            }
            // The resource takes the place of the one that has its identity now.
            let place = resources.list().iter().position(|other| scope.same(&other.id(), &new.id()));
            match place {
                Some(place) if place == at => {
                    resources.list_mut()[at] = new;
                    Ok(())
                }
                _ => Err(Problem::new(format!("another resource is {} by now", new.id()), mark)),
            }
        }
        _ => Err(Problem::new(
            format!("{} resources are or were {id}: this can't work on all", found.len()),
            mark,
        )),
    }
}

/// Labels and annotations of both, the new ones winning; name, namespace and history of the old one.
fn take_metadata(new: &mut Resource, old: &Resource) {
    for field in ["labels", "annotations"] {
        let mut entries: Vec<(String, String, Mark)> = Vec::new();
        for resource in [old, &*new] {
            let marks = resource.get("metadata").and_then(|metadata| metadata.get(field)).map(Node::mark);
            for (name, value) in resource.metadata_map(field) {
                entries.retain(|(other, _, _)| other != name);
                entries.push((name.to_owned(), value.to_owned(), marks.unwrap_or_default()));
            }
        }
        new.set_metadata_map(field, entries);
    }
    let mark = new.node.as_ref().map_or_else(Mark::default, Node::mark);
    let needs_hash = new.history().needs_hash;
    let mut history = old.history().clone();
    history.generated = true;
    history.needs_hash &= needs_hash;
    new.set_history(Some(history));
    let (name, namespace) = (old.name().to_owned(), old.namespace().to_owned());
    new.set_name(&name, mark);
    new.set_namespace(&namespace, mark);
    if let Some(lineage) = &old.lineage {
        new.lineage.get_or_insert_default().transformations.clone_from(&lineage.transformations);
    }
    new.vars.clone_from(&old.vars);
}

/// The old entries with the new ones on top, all as strings.
fn merge_data(new: &mut Resource, old: &Resource, field: &str) {
    let mut entries: Vec<(Arc<crate::tree::Scalar>, Node)> = Vec::new();
    for resource in [old, &*new] {
        for (name, value) in resource.get(field).and_then(Node::entries).unwrap_or_default() {
            let text = value.text_or_empty();
            let style =
                if text.contains('\n') { crate::tree::Style::Literal } else { crate::tree::Style::Plain };
            let string = crate::tree::Scalar { style, ..crate::tree::Scalar::string(text, value.mark()) };
            entries.retain(|(other, _)| other.text != name.text);
            entries.push((Arc::clone(name), Node::Scalar(Arc::new(string))));
        }
    }
    let Some(Node::Mapping(mapping)) = &mut new.node else { return };
    let mapping = Arc::make_mut(mapping);
    let mark = mapping.mark;
    crate::tree::clear(mapping, field);
    if !entries.is_empty() {
        entries.sort_by(|a, b| a.0.text.cmp(&b.0.text));
        set_field(mapping, field, Some(Node::mapping(entries, mark)), false);
    }
}
