//! Builds that can be done piece by piece.
//!
//! A kustomization is *local* when what it does to a resource depends on that resource alone: it lists, prefixes, labels,
//! sets namespaces and images, patches by target. Below local kustomizations every entry of `resources` is a leaf, and the
//! build is the sum of its leaves, each taken through the transformers of those above it. One changed file then costs one
//! leaf. Names are the one thing that crosses leaves, so resources of kinds that refer or are referred to are not local.

use std::collections::HashSet;
use std::sync::Arc;

use super::accumulate::{Accumulator, Part};
use super::target::Target;
use super::{Build, Inherited, finish};
use crate::config::TransformerConfig;
use crate::error::Error;
use crate::kustomization::{At, Kind, Kustomization};
use crate::loader::Recorder;
use crate::resource::Resource;

/// One entry of `resources` below local kustomizations.
pub(crate) struct Leaf {
    /// The kustomization that names it, and those above, innermost first.
    chain: Arc<Vec<Target>>,
    path: At,
}

fn is_local(kustomization: &Kustomization) -> bool {
    let nothing_else = kustomization.components.is_empty()
        && kustomization.config_maps.is_empty()
        && kustomization.secrets.is_empty()
        && kustomization.helm_charts.is_empty()
        && kustomization.generators.is_empty()
        && kustomization.transformers.is_empty()
        && kustomization.validators.is_empty()
        && kustomization.vars.is_empty()
        && kustomization.replacements.is_empty()
        && kustomization.replicas.is_empty()
        && kustomization.patches_strategic_merge.is_empty()
        && kustomization.configurations.is_empty()
        && kustomization.crds.is_empty()
        && kustomization.openapi.path.is_none()
        && kustomization.openapi.version.is_none()
        && kustomization.build_metadata.is_empty();
    nothing_else && kustomization.patches.iter().all(|patch| patch.target.is_some())
}

impl Target {
    /// The leaves of a local kustomization, in order; `None` when it is not local.
    pub(crate) fn leaves(&self, build: &Build<'_>) -> Result<Option<Vec<Leaf>>, Error> {
        if !is_local(&self.kustomization) {
            return Ok(None);
        }
        let mut leaves = Vec::new();
        self.collect_leaves(build, &[], &mut leaves)?;
        Ok(Some(leaves))
    }

    fn collect_leaves(
        &self,
        build: &Build<'_>,
        above: &[Target],
        leaves: &mut Vec<Leaf>,
    ) -> Result<(), Error> {
        let mut chain = vec![self.clone()];
        chain.extend_from_slice(above);
        let chain = Arc::new(chain);
        for path in &self.kustomization.resources {
            // Lists of directories are looked into; a directory that does more than list is a leaf.
            let below = self.loader.open(&path.text).ok();
            let below = below.filter(|loader| crate::files::is_below(loader.root(), self.loader.root()));
            let target = match below {
                Some(loader) => {
                    let inherited: Inherited = self.inheritance(build, path);
                    Some(self.sub_target(build, loader, inherited, path, Kind::Kustomization)?)
                }
                None => None,
            };
            match target {
                Some(target)
                    if is_local(&target.kustomization) && target.kustomization.resources.len() > 1 =>
                {
                    target.collect_leaves(build, &chain, leaves)?;
                }
                _ => leaves.push(Leaf { chain: Arc::clone(&chain), path: path.clone() }),
            }
        }
        Ok(())
    }
}

/// What a leaf gives.
pub(crate) struct Piece {
    pub(crate) resources: Vec<Resource>,
    /// The files that it depends on.
    pub(crate) files: Vec<Arc<str>>,
}

impl Leaf {
    /// The files of the kustomizations above it.
    pub(crate) fn files_above(&self) -> impl Iterator<Item = &str> {
        self.chain.iter().map(|target| target.file.as_str())
    }

    /// Builds the leaf; `None` when its resources have to do with others.
    pub(crate) fn build(&self, build: &Build<'_>) -> Result<Option<Piece>, Error> {
        let Some(namer) = self.chain.first() else { return Ok(None) };
        let mut namer = namer.clone();
        let mut loader = (*namer.loader).clone();
        let recorder: Arc<Recorder> = loader.record();
        namer.loader = Arc::new(loader);
        let part: Part = namer.part(build, &self.path)?;
        let mut ra = Accumulator { config: Some(TransformerConfig::defaults()), ..Accumulator::default() };
        namer.add_part(build, &mut ra, part, &self.path)?;
        let defaults = TransformerConfig::defaults();
        if !ra.vars.is_empty() || ra.config.as_ref().is_some_and(|config| !Arc::ptr_eq(config, &defaults)) {
            return Ok(None);
        }
        namer.run_transformers(build, &mut ra)?;
        for target in self.chain.iter().skip(1) {
            target.run_transformers(build, &mut ra)?;
        }
        if crosses(&ra, &defaults) {
            return Ok(None);
        }
        let Some(root) = self.chain.last() else { return Ok(None) };
        let resources = finish::finish(build, root, ra)?;
        Ok(Some(Piece { resources, files: recorder.take() }))
    }
}

/// Whether a name reference may lead out of these resources, or into them.
fn crosses(ra: &Accumulator, config: &TransformerConfig) -> bool {
    let targets: HashSet<&str> =
        config.name_reference.iter().map(|reference| reference.target.kind.as_str()).collect();
    let referrers = config.references_by_kind();
    ra.resources.list().iter().any(|resource| {
        let kinds = resource.all_ids().map(|id| id.gvk.kind);
        kinds.into_iter().any(|kind| targets.contains(kind) || referrers.contains_key(kind))
    })
}
