//! A directory that is rendered again and again: only what a changed file touches is done again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::build::{self, Build, Leaf, Sources};
use crate::error::Error;
use crate::loader::Loader;
use crate::render::{Options, Order, Rendered, RenderedResource, Renderer};
use crate::resource::ResId;
use crate::sort::Legacy;

/// What an update did.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// The resources that are new or were rendered anew.
    pub written: Vec<RenderedResource>,
    /// The resources that are gone: as they were.
    pub removed: Vec<RenderedResource>,
    /// Everything was rendered, because the change touches everything, or the directory can't be rendered in pieces.
    pub whole: bool,
}

/// Renders one directory, and keeps what is needed to do it again.
///
/// ```text
///  changed file ─► leaves that read it ─► those leaves, built again ─► put into the sorted output
///        └── a kustomization above all leaves, or names between leaves ─► the whole
/// ```
///
/// The output is always that of [`Renderer::render`]. A whole render is needed where kustomizations do more than work on
/// each resource by itself (generators, components, vars, replacements …), and where resources may refer to each other.
pub struct Incremental {
    options: Options,
    sources: Arc<Sources>,
    directory: String,
    state: State,
    resources: Vec<Arc<Entry>>,
    warnings: Vec<String>,
}

struct Entry {
    resource: RenderedResource,
    /// Its leaf.
    leaf: u32,
}

/// A state, its output, and the warnings.
type Output<S> = (S, Vec<Arc<Entry>>, Vec<String>);

#[derive(Default)]
enum State {
    /// Nothing was rendered yet, or the last attempt failed.
    #[default]
    Nothing,
    /// In one piece.
    Whole,
    Pieces(Pieces),
}

struct Pieces {
    leaves: Vec<Leaf>,
    /// The leaves that read a file, or looked for one that was not there.
    readers: HashMap<Arc<str>, Vec<u32>>,
    /// Files that concern everything.
    above: HashSet<String>,
    /// The output is in the order of loading.
    fifo: bool,
    legacy: Option<crate::sort::LegacyOptions>,
}

impl Incremental {
    /// A directory of a tree. Nothing is rendered yet.
    pub fn new(options: Options, directory: &str) -> Self {
        Self {
            options,
            sources: Arc::default(),
            directory: directory.to_owned(),
            state: State::Nothing,
            resources: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The present output.
    pub fn rendered(&self) -> Rendered {
        let resources = self.resources.iter().map(|entry| entry.resource.clone()).collect();
        Rendered::new(resources, self.warnings.clone(), Arc::clone(&self.sources))
    }

    /// The resources of the present output, in its order.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = &RenderedResource> {
        self.resources.iter().map(|entry| &entry.resource)
    }

    /// Renders everything.
    ///
    /// # Errors
    /// As [`Renderer::render`]. The former output stays.
    pub fn render(&mut self) -> Result<Update, Error> {
        let before = std::mem::take(&mut self.resources);
        match self.render_all() {
            Ok((state, resources, warnings)) => {
                (self.state, self.resources, self.warnings) = (state, resources, warnings);
                let present: HashSet<[&str; 4]> =
                    self.resources.iter().map(|entry| entry.resource.identity()).collect();
                let removed = before
                    .iter()
                    .filter(|entry| !present.contains(&entry.resource.identity()))
                    .map(|entry| entry.resource.clone())
                    .collect();
                let written = self.resources.iter().map(|entry| entry.resource.clone()).collect();
                Ok(Update { written, removed, whole: true })
            }
            Err(error) => {
                self.resources = before;
                self.state = State::Nothing;
                Err(error)
            }
        }
    }

    fn render_all(&self) -> Result<Output<State>, Error> {
        if let Some((pieces, resources, warnings)) = self.render_pieces()? {
            return Ok((State::Pieces(pieces), resources, warnings));
        }
        let rendered = Renderer::with_sources(self.options.clone(), Arc::clone(&self.sources))
            .render(&self.directory)?;
        let entry = |resource| Arc::new(Entry { resource, leaf: 0 });
        Ok((State::Whole, rendered.resources.into_iter().map(entry).collect(), rendered.warnings))
    }

    fn build(&self) -> Build<'_> {
        Build::new(&self.options, &self.sources, false)
    }

    fn render_pieces(&self) -> Result<Option<Output<Pieces>>, Error> {
        let build = self.build();
        let loader = Loader::new(
            Arc::clone(&self.options.files),
            Arc::clone(&self.options.remote),
            &self.directory,
            self.options.restriction,
            self.options.largest_file,
        )?;
        let root = build::root(&build, loader)?;
        let Some(leaves) = root.leaves(&build)? else { return Ok(None) };
        let mut pieces = Pieces {
            above: HashSet::new(),
            leaves: Vec::new(),
            readers: HashMap::new(),
            fifo: false,
            legacy: None,
        };
        match &root.kustomization.sort_options {
            Some(options) if options.problem.is_some() => return Ok(None),
            Some(options) => {
                pieces.fifo = options.order == "fifo";
                pieces.legacy.clone_from(&options.legacy);
            }
            None => pieces.fifo = self.options.order == Order::None,
        }
        let mut entries = Vec::new();
        let mut identities = HashSet::new();
        for (number, leaf) in leaves.iter().enumerate() {
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            for file in leaf.files_above() {
                if !pieces.above.contains(file) {
                    pieces.above.insert(file.to_owned());
                }
            }
            let Some(piece) = leaf.build(&build)? else { return Ok(None) };
            for file in piece.files {
                let readers = pieces.readers.entry(file).or_default();
                if readers.last() != Some(&number) {
                    readers.push(number);
                }
            }
            for resource in piece.resources {
                // Two of one identity are an error, which the whole render tells best.
                if !identities.insert(identity_key(&resource)) {
                    return Ok(None);
                }
                entries.push(Arc::new(Entry { resource: RenderedResource::new(resource), leaf: number }));
            }
        }
        if build.wants_serial.load(std::sync::atomic::Ordering::Relaxed) {
            return Ok(None);
        }
        if !pieces.fifo {
            let order = Legacy::new(pieces.legacy.as_ref());
            entries.sort_by(|a, b| order.compare(&a.resource.id(), &b.resource.id()));
        }
        pieces.leaves = leaves;
        Ok(Some((pieces, entries, build.take_warnings())))
    }

    /// Renders again after files have changed, come or gone. The paths are absolute, as [`Files`](crate::Files) has them.
    ///
    /// # Errors
    /// As [`Renderer::render`]. The former output stays, and the next update renders everything.
    pub fn update(&mut self, changed: &[&str]) -> Result<Update, Error> {
        let State::Pieces(pieces) = &self.state else { return self.render() };
        let mut touched: Vec<u32> = Vec::new();
        for path in changed {
            if pieces.above.contains(*path) {
                return self.render();
            }
            if let Some(readers) = pieces.readers.get(*path) {
                touched.extend(readers);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        // So many are done faster together.
        if touched.len() > 64.max(pieces.leaves.len() / 4) {
            return self.render();
        }
        match self.update_leaves(&touched) {
            Ok(Some(update)) => Ok(update),
            Ok(None) => self.render(),
            Err(error) => {
                self.state = State::Nothing;
                Err(error)
            }
        }
    }

    fn update_leaves(&mut self, touched: &[u32]) -> Result<Option<Update>, Error> {
        let mut state = std::mem::take(&mut self.state);
        let State::Pieces(pieces) = &mut state else { return Ok(None) };
        let mut built = Vec::with_capacity(touched.len());
        {
            let build = self.build();
            for number in touched {
                let Some(leaf) = pieces.leaves.get(*number as usize) else { return Ok(None) };
                let Some(piece) = leaf.build(&build)? else { return Ok(None) };
                built.push((*number, piece));
            }
        }
        let mut update = Update::default();
        let touched_set: HashSet<u32> = touched.iter().copied().collect();
        self.resources.retain(|entry| {
            let stays = !touched_set.contains(&entry.leaf);
            if !stays {
                update.removed.push(entry.resource.clone());
            }
            stays
        });
        for (number, piece) in built {
            for file in piece.files {
                let readers = pieces.readers.entry(file).or_default();
                if let Err(at) = readers.binary_search(&number) {
                    readers.insert(at, number);
                }
            }
            let order = Legacy::new(pieces.legacy.as_ref());
            let new: Vec<RenderedResource> = piece.resources.into_iter().map(RenderedResource::new).collect();
            let mut at = self.resources.partition_point(|entry| entry.leaf < number);
            for resource in new {
                if !pieces.fifo {
                    let find = |id: &ResId<'_>| {
                        self.resources.binary_search_by(|entry| order.compare(&entry.resource.id(), id))
                    };
                    // No namespace and the default one are the same.
                    let twin = match resource.namespace() {
                        "" => Some("default"),
                        "default" => Some(""),
                        _ => None,
                    };
                    let twin = twin.map(|namespace| ResId { namespace, ..resource.id() });
                    match find(&resource.id()) {
                        // Another leaf has this identity, which is an error that the whole render tells.
                        Ok(_) => return Ok(None),
                        Err(_) if twin.is_some_and(|twin| find(&twin).is_ok()) => return Ok(None),
                        Err(place) => at = place,
                    }
                } else if self.resources.iter().any(|entry| entry.resource.identity() == resource.identity())
                {
                    return Ok(None);
                }
                update.removed.retain(|old| old.identity() != resource.identity());
                update.written.push(resource.clone());
                self.resources.insert(at, Arc::new(Entry { resource, leaf: number }));
                at += 1;
            }
        }
        self.state = state;
        Ok(Some(update))
    }
}

/// The identity of a resource with the default namespace written out.
fn identity_key(resource: &crate::resource::Resource) -> String {
    let scope = crate::resource::Scope::default();
    let id = resource.id();
    [id.gvk.group, id.gvk.version, id.gvk.kind, id.name, scope.effective_namespace(&id)].join("\0")
}
