//! One build: from a directory to resources.
//!
//! ```text
//!  target ── resources ─► config ─► generators ─► components ─► transformers ─► validators ─► vars     (each directory)
//!                │                                    │
//!                └── target …                         └── target, on the same resources
//!  finish ── hashes ─► name references ─► vars ─► local configuration out ─► order ─► annotations      (once, at the top)
//! ```

mod accumulate;
mod finish;
mod generators;
mod leaves;
mod plugins;
mod sources;
mod target;
mod transformers;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use gangplank_yaml::Position;

pub(crate) use accumulate::Accumulator;
pub(crate) use leaves::Leaf;
pub(crate) use sources::Sources;
pub(crate) use target::Target;

use crate::error::{Cause, Error, Location};
use crate::loader::{LoadError, Loader};
use crate::origin::{BuildMetadata, Origin};
use crate::problem::Problem;
use crate::reader::ReadError;
use crate::render::Options;
use crate::schema::Schema;
use crate::transform::Context;

/// What a kustomization hands down to those that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Inherited {
    pub(crate) origin: Option<Origin>,
    pub(crate) helm_namespace: Option<String>,
}

/// A directory's accumulation, kept for the next one that names it.
pub(crate) struct Kept {
    pub(crate) accumulator: Accumulator,
    /// The directories below it, which no cycle may lead through.
    pub(crate) roots: Vec<String>,
    /// The files that went in, where that is recorded.
    pub(crate) files: Vec<Arc<str>>,
}

type Cache = HashMap<(String, Inherited), Arc<Kept>>;

/// The state of one build.
pub(crate) struct Build<'r> {
    pub(crate) options: &'r Options,
    pub(crate) sources: &'r Sources,
    pub(crate) metadata: BuildMetadata,
    cache: Mutex<Cache>,
    warnings: Mutex<Vec<String>>,
    schema: RwLock<Arc<Schema>>,
    schema_is_set: AtomicBool,
    /// A kind was met that the built-in tables do not know.
    unknown_kind: AtomicBool,
    /// Everything in the order of the text, and nothing kept: a custom schema takes effect from where it stands.
    serial: bool,
    /// A custom schema was met where the order was not certain.
    pub(crate) wants_serial: AtomicBool,
    parallel: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A thread that panicked while holding the lock has failed the build already.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'r> Build<'r> {
    pub(crate) fn new(options: &'r Options, sources: &'r Sources, serial: bool) -> Self {
        Self {
            options,
            sources,
            metadata: BuildMetadata::default(),
            cache: Mutex::default(),
            warnings: Mutex::default(),
            schema: RwLock::new(Schema::built_in()),
            schema_is_set: AtomicBool::new(false),
            unknown_kind: AtomicBool::new(false),
            serial,
            wants_serial: AtomicBool::new(false),
            parallel: AtomicBool::new(false),
        }
    }

    pub(crate) fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.schema.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_schema(&self, schema: Arc<Schema>) {
        *self.schema.write().unwrap_or_else(PoisonError::into_inner) = schema;
        self.schema_is_set.store(true, Ordering::Relaxed);
    }

    pub(crate) fn warn(&self, warning: impl Into<String>) {
        lock(&self.warnings).push(warning.into());
    }

    fn warnings_so_far(&self) -> usize {
        lock(&self.warnings).len()
    }

    /// What threads have warned of comes in the same order every time.
    fn sort_warnings_from(&self, from: usize) {
        if let Some(late) = lock(&self.warnings).get_mut(from..) {
            late.sort_unstable();
        }
    }

    pub(crate) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.warnings))
    }

    fn kept(&self, key: &(String, Inherited)) -> Option<Arc<Kept>> {
        if self.serial { None } else { lock(&self.cache).get(key).cloned() }
    }

    fn keep(&self, key: (String, Inherited), kept: Arc<Kept>) {
        if !self.serial {
            lock(&self.cache).insert(key, kept);
        }
    }

    /// A problem with the file that its mark stands for.
    pub(crate) fn locate(&self, problem: Problem, cause: fn(String) -> Cause) -> Error {
        let error = Error::new(cause(problem.message));
        match self.sources.path(problem.mark.source) {
            Some(file) => {
                let position = Position { offset: 0, line: problem.mark.line, column: 0 };
                let text = self.sources.text(problem.mark.source, self.options);
                error.at(Location { file, position, text })
            }
            None => error,
        }
    }

    /// An error of the reader, for a text of `source` that begins at `first_line`.
    pub(crate) fn read_error(&self, error: ReadError, source: u32, first_line: u32) -> Error {
        match error {
            ReadError::Object(problem) => self.locate(problem, Cause::Resource),
            ReadError::Yaml(error) => {
                let mut position = error.at;
                position.line += first_line.saturating_sub(1);
                let file = self.sources.path(source).unwrap_or_default();
                let text = self.sources.text(source, self.options);
                Error::new(Cause::Yaml(error.message)).at(Location { file, position, text })
            }
        }
    }
}

/// What transformers may look at, held for as long as they run.
pub(crate) struct Frame {
    schema: Arc<Schema>,
}

impl Frame {
    pub(crate) fn of(build: &Build<'_>) -> Self {
        Self { schema: build.schema() }
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context { scope: &self.schema.scope, schema: &self.schema }
    }
}

/// The kustomization at the top.
pub(crate) fn root(build: &Build<'_>, loader: Loader) -> Result<Target, Error> {
    Target::load(build, Arc::new(loader), Inherited::default())
}

/// Builds the directory at `loader`.
pub(crate) fn build(build: &mut Build<'_>, loader: Loader) -> Result<Vec<crate::resource::Resource>, Error> {
    let mut target = root(build, loader)?;
    let metadata = BuildMetadata::of(&target.kustomization.build_metadata);
    build.metadata = metadata;
    if metadata.tracks {
        target.inherited.origin = Some(Origin::default());
    }
    target.set_schema(build, true)?;
    let accumulator = target.accumulate(build, Accumulator::default())?;
    finish::finish(build, &target, accumulator)
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        Self::new(Cause::Load(error))
    }
}
