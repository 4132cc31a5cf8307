//! What a directory and all below it come to.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::target::Target;
use super::{Build, Frame, Inherited, Kept};
use crate::config::TransformerConfig;
use crate::error::{Cause, Error};
use crate::files::FileError;
use crate::kustomization::{At, Kind};
use crate::loader::{LoadError, Loader};
use crate::problem::Problem;
use crate::reader;
use crate::resource::{Duplicate, Lineage, Resource, Resources};
use crate::vars::{self, Vars};

/// Resources, and what is needed to finish them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accumulator {
    pub(crate) resources: Resources,
    /// The merged field specs; none yet is no specs at all.
    pub(crate) config: Option<Arc<TransformerConfig>>,
    pub(crate) vars: Vars,
    /// The directories that went in, for the search for cycles.
    pub(crate) roots: Vec<String>,
}

/// What one entry of `resources` gives.
pub(super) enum Part {
    File(Vec<Resource>),
    /// A directory that others may name too.
    Shared(Arc<Kept>),
    /// A directory below the one that names it: nobody else does.
    Own(Accumulator),
}

/// From so many entries on, they are shared among threads.
const WORTH_SHARING: usize = 16;

impl Accumulator {
    fn merge_config(&mut self, other: &Arc<TransformerConfig>) -> Result<(), Error> {
        match &mut self.config {
            None => self.config = Some(Arc::clone(other)),
            // Almost all directories have the defaults.
            Some(mine) if Arc::ptr_eq(mine, other) || **mine == **other => {}
            Some(mine) => Arc::make_mut(mine).merge(other).map_err(|conflict| {
                let message = format!("two configurations disagree on whether {} is created", conflict.path);
                Error::new(Cause::Kustomization(message))
            })?,
        }
        Ok(())
    }

    fn merge(&mut self, other: Accumulator, build: &Build<'_>, frame: &Frame) -> Result<(), Error> {
        self.append(other.resources.into_list(), build, frame)?;
        if let Some(config) = &other.config {
            self.merge_config(config)?;
        }
        vars::merge_all(&mut self.vars, &other.vars)
            .map_err(|problem| build.locate(problem, Cause::Reference))?;
        self.roots.extend(other.roots);
        Ok(())
    }

    fn append(&mut self, resources: Vec<Resource>, build: &Build<'_>, frame: &Frame) -> Result<(), Error> {
        self.resources
            .append_all(resources, frame.context().scope)
            .map_err(|duplicate| twice(build, &duplicate))
    }
}

fn twice(build: &Build<'_>, duplicate: &Duplicate) -> Error {
    let first = build
        .sources
        .path(duplicate.first.source)
        .map_or_else(String::new, |path| format!(" (the first is in {path}:{})", duplicate.first.line));
    let message = format!("{} is there twice{first}", duplicate.id);
    build
        .locate(Problem::new(message, duplicate.second), Cause::Resource)
        .mend("give one of them another name or namespace, or name its file or directory only once")
}

impl Target {
    /// Accumulates the directory. A component is given the accumulation of the one that names it.
    pub(crate) fn accumulate(&self, build: &Build<'_>, mut ra: Accumulator) -> Result<Accumulator, Error> {
        let kustomization = &self.kustomization;
        ra.roots.push(self.loader.root().to_owned());
        self.accumulate_resources(build, &mut ra, &kustomization.resources)?;
        let config = self.transformer_config(build)?;
        ra.merge_config(&config)?;
        if !kustomization.crds.is_empty() {
            let crds = self.config_of_crds(build)?;
            ra.merge_config(&Arc::new(crds))?;
        }
        self.run_generators(build, &mut ra)?;
        for component in &kustomization.components {
            ra = self.accumulate_component(build, ra, component)?;
        }
        self.run_transformers(build, &mut ra)?;
        self.run_validators(build, &mut ra)?;
        if !kustomization.vars.is_empty() {
            let frame = Frame::of(build);
            vars::merge(
                &mut ra.vars,
                &kustomization.vars,
                self.source,
                &mut ra.resources,
                frame.context().scope,
            )
            .map_err(|problem| build.locate(problem, Cause::Reference))?;
        }
        Ok(ra)
    }

    /// Adds the files and directories of a list.
    pub(super) fn accumulate_resources(
        &self,
        build: &Build<'_>,
        ra: &mut Accumulator,
        paths: &[At],
    ) -> Result<(), Error> {
        let threads = build.options.threads;
        let shared = paths.len() >= WORTH_SHARING
            && threads > 1
            && !build.serial
            && !build.parallel.swap(true, Ordering::Relaxed);
        if !shared {
            for path in paths {
                let part = self.part(build, path)?;
                self.add_part(build, ra, part, path)?;
            }
            return Ok(());
        }
        let warned = build.warnings_so_far();
        let parts = self.parts_in_parallel(build, paths, threads);
        build.sort_warnings_from(warned);
        build.parallel.store(false, Ordering::Relaxed);
        for (part, path) in parts.into_iter().zip(paths) {
            self.add_part(build, ra, part?, path)?;
        }
        Ok(())
    }

    fn parts_in_parallel(&self, build: &Build<'_>, paths: &[At], threads: usize) -> Vec<Result<Part, Error>> {
        // What many share is best loaded before they ask for it at once.
        let (head, tail) = paths.split_at(1.min(paths.len()));
        let mut parts: Vec<Result<Part, Error>> = head.iter().map(|path| self.part(build, path)).collect();
        let chunk = tail.len().div_ceil(threads).max(1);
        let rest = std::thread::scope(|scope| {
            let workers: Vec<_> = tail
                .chunks(chunk)
                .map(|paths| {
                    scope.spawn(move || paths.iter().map(|path| self.part(build, path)).collect::<Vec<_>>())
                })
                .collect();
            workers
                .into_iter()
                .zip(tail.chunks(chunk))
                .flat_map(|(worker, paths)| {
                    worker.join().unwrap_or_else(|_| {
                        let broken =
                            || Error::new(Cause::Limit("a thread of this build has failed".to_owned()));
                        paths.iter().map(|_| Err(broken())).collect()
                    })
                })
                .collect::<Vec<_>>()
        });
        parts.extend(rest);
        parts
    }

    pub(super) fn add_part(
        &self,
        build: &Build<'_>,
        ra: &mut Accumulator,
        part: Part,
        path: &At,
    ) -> Result<(), Error> {
        let frame = Frame::of(build);
        let added = match part {
            Part::File(resources) => {
                self.note_kinds(build, &resources);
                ra.append(resources, build, &frame)
            }
            Part::Shared(kept) => ra.merge(kept.accumulator.clone(), build, &frame),
            Part::Own(accumulator) => ra.merge(accumulator, build, &frame),
        };
        added.map_err(|error| error.at(self.location(build, path.at)).through(self.file.clone()))
    }

    /// Kustomize reads its own schema lazily, when it meets a kind that no table knows.
    fn note_kinds(&self, build: &Build<'_>, resources: &[Resource]) {
        if self.kustomization.openapi.path.is_none() && !build.unknown_kind.load(Ordering::Relaxed) {
            let unknown = resources.iter().any(|one| !crate::resource::is_built_in(&one.gvk()));
            if unknown {
                build.unknown_kind.store(true, Ordering::Relaxed);
            }
        }
    }

    /// One entry: a file where it is one, else a directory or a repository.
    pub(super) fn part(&self, build: &Build<'_>, path: &At) -> Result<Part, Error> {
        // A name without a dot is most likely a directory; both are tried in any case.
        let last = path.text.rsplit('/').next().unwrap_or_default();
        let likely_directory = !last.contains('.') || last == "." || last == "..";
        if likely_directory && let Ok(loader) = self.loader.open(&path.text) {
            return self.directory(build, loader, path);
        }
        let file_error = match self.file_part(build, path) {
            Ok(resources) => return Ok(Part::File(resources)),
            Err(error) => error,
        };
        // An answer that is no file may be a repository, everything else is final.
        if let Cause::Load(LoadError::Remote { error: crate::remote::RemoteError::Status(_), .. }) =
            &file_error.cause
            && crate::remote::GitReference::parse(&path.text).is_none()
        {
            return Err(file_error);
        }
        match self.loader.open(&path.text) {
            Ok(loader) => self.directory(build, loader, path),
            Err(error) => Err(self.neither(build, path, file_error, error)),
        }
    }

    /// The error that tells more, of a name that is neither a file nor a directory.
    fn neither(&self, build: &Build<'_>, path: &At, file: Error, directory: LoadError) -> Error {
        // Not there at all, or there as a file: then the first error is the one that counts.
        let is_missing = |error: &LoadError| {
            matches!(error, LoadError::File { error: FileError::Missing | FileError::NotDirectory, .. })
        };
        match &file.cause {
            // It is a file, and something is wrong in it.
            Cause::Yaml(_) | Cause::Resource(_) => file,
            Cause::Load(LoadError::File { .. }) if !is_missing(&directory) => {
                Error::from(directory).at(self.location(build, path.at)).through(self.file.clone())
            }
            _ => file.mend(format!("{} names what is not there: correct the path, or remove it", self.file)),
        }
    }

    fn file_part(&self, build: &Build<'_>, path: &At) -> Result<Vec<Resource>, Error> {
        let loaded = self.read(build, path)?;
        let source = build.sources.number(&loaded.path);
        let text = &*loaded.text().map_err(Error::from)?;
        let mut resources =
            reader::resources(text, source, 1).map_err(|error| build.read_error(error, source, 1))?;
        let mut check = Resources::default();
        let frame = Frame::of(build);
        if let Some(origin) = &self.inherited.origin {
            let origin = Arc::new(origin.append(&path.text));
            for resource in &mut resources {
                let lineage = Lineage { origin: Some(Arc::clone(&origin)), transformations: Vec::new() };
                resource.lineage = Some(Box::new(lineage));
                // It is noted among the annotations, all of which are strings from then on.
                resource.normalize_annotations();
            }
        }
        if resources.len() > 1 {
            check
                .append_all(resources.clone(), frame.context().scope)
                .map_err(|duplicate| twice(build, &duplicate))?;
        }
        Ok(resources)
    }

    /// The accumulation of a directory: a kept one, or a new one.
    fn directory(&self, build: &Build<'_>, mut loader: Loader, path: &At) -> Result<Part, Error> {
        let inherited = self.inheritance(build, path);
        let own = crate::files::is_below(loader.root(), self.loader.root());
        let key = (loader.key(), inherited.clone());
        if !own && let Some(kept) = build.kept(&key) {
            // Kept by one that came another way, it may lead back to where this one came from.
            for root in &kept.roots {
                self.loader
                    .check_cycle(root)
                    .map_err(|error| Error::from(error).at(self.location(build, path.at)))?;
            }
            if let Some(recorder) = self.loader.recorder() {
                recorder.note_all(&kept.files);
            }
            return Ok(Part::Shared(kept));
        }
        // What goes into a shared directory counts for everyone who names it.
        let recorder = (!own && self.loader.recorder().is_some()).then(|| loader.record());
        let target = self.sub_target(build, loader, inherited, path, Kind::Kustomization)?;
        let accumulator = target
            .accumulate(build, Accumulator::default())
            .map_err(|error| error.through(self.file.clone()))?;
        if own {
            return Ok(Part::Own(accumulator));
        }
        let roots = accumulator.roots.clone();
        let files = recorder.map(|recorder| recorder.take()).unwrap_or_default();
        if let Some(recorder) = self.loader.recorder() {
            recorder.note_all(&files);
        }
        let kept = Arc::new(Kept { accumulator, roots, files });
        build.keep(key, Arc::clone(&kept));
        Ok(Part::Shared(kept))
    }

    pub(super) fn sub_target(
        &self,
        build: &Build<'_>,
        loader: Loader,
        inherited: Inherited,
        path: &At,
        kind: Kind,
    ) -> Result<Self, Error> {
        let target = Self::load(build, Arc::new(loader), inherited)
            .map_err(|error| error.through(self.file.clone()))?;
        target.set_schema(build, false)?;
        if target.kustomization.kind == kind {
            return Ok(target);
        }
        let message = match kind {
            Kind::Kustomization => format!("{} is a Component: name it under components", path.text),
            Kind::Component => format!("{} is no Component: name it under resources", path.text),
        };
        Err(Error::new(Cause::Kustomization(message)).at(self.location(build, path.at)))
    }

    pub(super) fn inheritance(&self, build: &Build<'_>, path: &At) -> Inherited {
        // Only charts look at it, and what does not depend on it can be shared.
        let with_helm = build.options.helm.is_some();
        let own = self.kustomization.namespace.as_ref().map(|namespace| namespace.text.clone());
        Inherited {
            origin: self.inherited.origin.as_ref().map(|origin| origin.append(&path.text)),
            helm_namespace: own.or_else(|| self.inherited.helm_namespace.clone()).filter(|_| with_helm),
        }
    }

    fn accumulate_component(
        &self,
        build: &Build<'_>,
        ra: Accumulator,
        path: &At,
    ) -> Result<Accumulator, Error> {
        let loader = self
            .loader
            .open(&path.text)
            .map_err(|error| Error::from(error).at(self.location(build, path.at)))?;
        let target = self.sub_target(build, loader, self.inheritance(build, path), path, Kind::Component)?;
        let mut changed = target.accumulate(build, ra).map_err(|error| error.through(self.file.clone()))?;
        // What comes back is checked as if it were added anew.
        let frame = Frame::of(build);
        changed
            .resources
            .check_unique(frame.context().scope)
            .map_err(|duplicate| twice(build, &duplicate))?;
        Ok(changed)
    }
}
