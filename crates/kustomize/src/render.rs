//! The renderer, its options and its result.

use std::sync::Arc;

use crate::build::{self, Build, Sources};
use crate::error::Error;
use crate::files::Files;
use crate::kustomization::{HelmChart, HelmGlobals};
use crate::loader::{LoadRestriction, Loader};
use crate::provenance::Provenance;
use crate::remote::{NoRemote, Remote};
use crate::resource::{Gvk, ResId, Resource};
use crate::tree::Node;

/// The order of the output, for kustomizations that don't say themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By kind, and no more said.
    #[default]
    Unspecified,
    /// By kind (`--reorder legacy`).
    Legacy,
    /// As loaded (`--reorder none`).
    None,
}

/// A chart to be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelmRequest {
    /// The directory of the kustomization that names it.
    pub directory: String,
    /// The chart.
    pub chart: HelmChart,
    /// What the kustomization says of all its charts.
    pub globals: HelmGlobals,
}

/// Runs Helm. Without one, charts are refused.
pub trait Helm: Send + Sync {
    /// What `helm template` prints for a chart.
    ///
    /// # Errors
    /// A message that says what failed.
    fn template(&self, request: &HelmRequest) -> Result<String, String>;
}

/// What a renderer works with.
#[derive(Clone)]
pub struct Options {
    /// The tree.
    pub files: Arc<dyn Files>,
    /// Fetches what is elsewhere.
    pub remote: Arc<dyn Remote>,
    /// Renders charts; none refuses them.
    pub helm: Option<Arc<dyn Helm>>,
    /// Which files may be loaded.
    pub restriction: LoadRestriction,
    /// The order of the output.
    pub order: Order,
    /// How many threads may load directories.
    pub threads: usize,
    /// The largest file that is read, in bytes.
    pub largest_file: u64,
}

impl Options {
    /// A tree, and nothing else: no network, no charts, one thread, files up to 64 MiB.
    pub fn new(files: Arc<dyn Files>) -> Self {
        Self {
            files,
            remote: Arc::new(NoRemote("no network is allowed".to_owned())),
            helm: None,
            restriction: LoadRestriction::default(),
            order: Order::default(),
            threads: 1,
            largest_file: 64 << 20,
        }
    }
}

/// Renders kustomizations.
///
/// One renderer serves any number of renders; the numbers of its sources stay the same.
pub struct Renderer {
    options: Options,
    sources: Arc<Sources>,
}

impl Renderer {
    /// A renderer.
    pub fn new(options: Options) -> Self {
        Self { options, sources: Arc::new(Sources::default()) }
    }

    pub(crate) fn with_sources(options: Options, sources: Arc<Sources>) -> Self {
        Self { options, sources }
    }

    /// Renders the kustomization of a directory: an absolute path, or a reference to a repository.
    ///
    /// # Errors
    /// Whatever Kustomize would fail at, with the place, what led there, and where possible the mend.
    pub fn render(&self, directory: &str) -> Result<Rendered, Error> {
        let mut build = Build::new(&self.options, &self.sources, false);
        let mut result = self.run(&mut build, directory);
        if build.wants_serial.load(std::sync::atomic::Ordering::Relaxed) {
            build = Build::new(&self.options, &self.sources, true);
            result = self.run(&mut build, directory);
        }
        let resources = result?.into_iter().map(RenderedResource::new).collect();
        let warnings = build.take_warnings();
        Ok(Rendered { resources, warnings, sources: Arc::clone(&self.sources) })
    }

    fn run(&self, build: &mut Build<'_>, directory: &str) -> Result<Vec<Resource>, Error> {
        let loader = Loader::new(
            Arc::clone(&self.options.files),
            Arc::clone(&self.options.remote),
            directory,
            self.options.restriction,
            self.options.largest_file,
        )?;
        build::build(build, loader)
    }
}

/// The result of a render.
#[derive(Clone)]
pub struct Rendered {
    /// The resources, in the order of the output.
    pub resources: Vec<RenderedResource>,
    /// What Kustomize would say on standard error.
    pub warnings: Vec<String>,
    sources: Arc<Sources>,
}

impl Rendered {
    pub(crate) fn new(
        resources: Vec<RenderedResource>,
        warnings: Vec<String>,
        sources: Arc<Sources>,
    ) -> Self {
        Self { resources, warnings, sources }
    }

    /// The bytes that `kustomize build` prints.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.write_yaml(|text| out.push_str(text));
        out
    }

    /// Hands the bytes that `kustomize build` prints to a writer, piece by piece: never all of them are in memory.
    pub fn write_yaml(&self, mut write: impl FnMut(&str)) {
        let mut buffer = String::new();
        for (at, resource) in self.resources.iter().enumerate() {
            if at > 0 {
                buffer.push_str("---\n");
            }
            resource.append_yaml(&mut buffer);
            if buffer.len() > PIECE {
                write(&buffer);
                buffer.clear();
            }
        }
        if !buffer.is_empty() {
            write(&buffer);
        }
    }

    /// Where a value of a resource came from. The pointer is a JSON pointer (`/spec/data/0`).
    pub fn provenance(&self, resource: &RenderedResource, pointer: &str) -> Option<Provenance> {
        Provenance::of(&resource.node, pointer, &self.sources)
    }

    /// Every scalar of a resource with its pointer and where it came from.
    pub fn provenances(&self, resource: &RenderedResource) -> Vec<(String, Provenance)> {
        Provenance::all(&resource.node, &self.sources)
    }
}

/// How much is written at once.
const PIECE: usize = 64 << 10;

/// A resource of the output.
#[derive(Debug, Clone)]
pub struct RenderedResource {
    node: Node,
}

impl RenderedResource {
    pub(crate) fn new(resource: Resource) -> Self {
        let node = resource.node.unwrap_or_else(|| Node::mapping(Vec::new(), crate::tree::Mark::default()));
        Self { node }
    }

    fn text(&self, path: &[&str]) -> &str {
        crate::tree::lookup(&self.node, path).map_or("", Node::text_or_empty)
    }

    /// `apiVersion`
    pub fn api_version(&self) -> &str {
        self.text(&["apiVersion"])
    }

    /// `kind`
    pub fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    /// `metadata.name`
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// `metadata.namespace`, empty where there is none.
    pub fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    pub(crate) fn id(&self) -> ResId<'_> {
        let gvk = Gvk::of(self.api_version(), self.kind());
        ResId { gvk, name: self.name(), namespace: self.namespace() }
    }

    /// `apiVersion`, `kind`, namespace and name.
    pub fn identity(&self) -> [&str; 4] {
        [self.api_version(), self.kind(), self.namespace(), self.name()]
    }

    /// The resource as JSON, numbers exact.
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = String::new();
        crate::tree::exact_json(&self.node, &mut json);
        serde_json::from_str(&json).unwrap_or_default()
    }

    /// The resource as YAML, as it stands in the output.
    pub fn to_yaml(&self) -> String {
        gangplank_yaml::emit(&self.node)
    }

    fn append_yaml(&self, out: &mut String) {
        gangplank_yaml::emit_into(&self.node, out);
    }
}
