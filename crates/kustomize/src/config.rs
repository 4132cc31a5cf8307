//! Which fields a transformer touches: Kustomize's defaults, and what `configurations` and `crds` add.
//!
//! The defaults are facts of Kustomize 5.8.1, kept in `facts/field_specs.txt`: one line a field, `group|version|kind|path`,
//! with a `+` before a path that is made where it is missing.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::resource::Gvk;

/// A group, version and kind of one's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub(crate) struct OwnedGvk {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl OwnedGvk {
    pub(crate) fn borrow(&self) -> Gvk<'_> {
        Gvk { group: &self.group, version: &self.version, kind: &self.kind }
    }
}

/// A field of some kinds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FieldSpec {
    pub(crate) gvk: OwnedGvk,
    pub(crate) path: String,
    /// Make the field where it is missing.
    pub(crate) create: bool,
    /// The path in its parts.
    pub(crate) parts: Vec<String>,
}

impl FieldSpec {
    pub(crate) fn new(gvk: OwnedGvk, path: String, create: bool) -> Self {
        let parts = crate::tree::split(&path, '/');
        Self { gvk, path, create, parts }
    }

    /// `metadata/labels` and the like, of any kind.
    pub(crate) fn anywhere(path: &str, create: bool) -> Self {
        Self::new(OwnedGvk::default(), path.to_owned(), create)
    }
}

/// A kind, and the fields that hold names of resources of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameReference {
    pub(crate) target: OwnedGvk,
    pub(crate) referrers: Vec<FieldSpec>,
}

/// All of a build's field specs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TransformerConfig {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<NameReference>,
    pub(crate) var_reference: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
}

/// Two specs of one field disagree on whether it is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) path: String,
}

/// Adds a spec unless one is there that stands for it.
pub(crate) fn merge_one(specs: &mut Vec<FieldSpec>, spec: &FieldSpec) -> Result<(), Conflict> {
    let selected = specs
        .iter()
        .find(|have| have.path == spec.path && have.gvk.borrow().is_selected_by(&spec.gvk.borrow()));
    match selected {
        Some(have) if have.create != spec.create => Err(Conflict { path: spec.path.clone() }),
        Some(_) => Ok(()),
        None => {
            specs.push(spec.clone());
            Ok(())
        }
    }
}

/// Adds all specs of another list.
pub(crate) fn merge_all(specs: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Result<(), Conflict> {
    more.iter().try_for_each(|spec| merge_one(specs, spec))
}

/// The order in which Kustomize keeps specs: some kinds first, then by text.
fn sort_key(gvk: &OwnedGvk) -> (i32, String) {
    let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { text.to_owned() };
    let text = format!("{}_{}_{}", or(&gvk.group, "~G"), or(&gvk.version, "~V"), or(&gvk.kind, "~K"));
    (crate::sort::default_rank(&gvk.kind), text)
}

impl TransformerConfig {
    /// Kustomize's defaults.
    pub(crate) fn defaults() -> Arc<Self> {
        static DEFAULTS: LazyLock<Arc<TransformerConfig>> =
            LazyLock::new(|| Arc::new(parse(include_str!("../facts/field_specs.txt"))));
        Arc::clone(&DEFAULTS)
    }

    fn lists(&mut self) -> [&mut Vec<FieldSpec>; 10] {
        [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ]
    }

    /// The list of a section, by its name in a configuration file.
    pub(crate) fn section(&mut self, name: &str) -> Option<&mut Vec<FieldSpec>> {
        Some(match name {
            "namePrefix" => &mut self.name_prefix,
            "nameSuffix" => &mut self.name_suffix,
            "namespace" => &mut self.namespace,
            "commonLabels" => &mut self.common_labels,
            "labels" => &mut self.labels,
            "templateLabels" => &mut self.template_labels,
            "commonAnnotations" => &mut self.common_annotations,
            "varReference" => &mut self.var_reference,
            "images" => &mut self.images,
            "replicas" => &mut self.replicas,
            _ => return None,
        })
    }

    /// Adds another configuration.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), Conflict> {
        let mut other = other.clone();
        for (mine, theirs) in self.lists().into_iter().zip(other.lists()) {
            merge_all(mine, theirs)?;
            mine.sort_by_cached_key(|spec| sort_key(&spec.gvk));
        }
        for reference in &other.name_reference {
            self.merge_reference(reference)?;
        }
        self.name_reference.sort_by_cached_key(|reference| sort_key(&reference.target));
        Ok(())
    }

    pub(crate) fn merge_reference(&mut self, reference: &NameReference) -> Result<(), Conflict> {
        let mut found = false;
        for mine in self.name_reference.iter_mut().filter(|mine| mine.target == reference.target) {
            merge_all(&mut mine.referrers, &reference.referrers)?;
            found = true;
        }
        if !found {
            self.name_reference.push(reference.clone());
        }
        Ok(())
    }

    /// The name references by the kind that may hold them; the empty kind for specs of any kind.
    pub(crate) fn references_by_kind(&self) -> HashMap<&str, Vec<(&OwnedGvk, &FieldSpec)>> {
        let mut by_kind: HashMap<&str, Vec<_>> = HashMap::new();
        for reference in &self.name_reference {
            for referrer in &reference.referrers {
                by_kind.entry(&referrer.gvk.kind).or_default().push((&reference.target, referrer));
            }
        }
        by_kind
    }
}

/// Reads the facts file. A malformed line would be a fault of the build, which a test notices.
fn parse(text: &str) -> TransformerConfig {
    let mut config = TransformerConfig::default();
    let mut section = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
            if let Some(target) = name.strip_prefix("nameReference ") {
                let target = parse_gvk(&mut target.split('|'));
                config.name_reference.push(NameReference { target, referrers: Vec::new() });
            }
            continue;
        }
        let mut parts = line.split('|');
        let gvk = parse_gvk(&mut parts);
        let path = parts.next().unwrap_or_default();
        let (path, create) = path.strip_prefix('+').map_or((path, false), |path| (path, true));
        let spec = FieldSpec::new(gvk, path.to_owned(), create);
        if section.starts_with("nameReference") {
            if let Some(last) = config.name_reference.last_mut() {
                last.referrers.push(spec);
            }
        } else if let Some(list) = config.section(section) {
            list.push(spec);
        }
    }
    config
}

fn parse_gvk<'a>(parts: &mut impl Iterator<Item = &'a str>) -> OwnedGvk {
    let mut next = || parts.next().unwrap_or_default().to_owned();
    OwnedGvk { group: next(), version: next(), kind: next() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_are_whole() {
        let config = TransformerConfig::defaults();
        assert_eq!(config.name_prefix.len(), 1);
        assert_eq!(config.namespace.len(), 3);
        assert_eq!(config.replicas.len(), 4);
        assert_eq!(config.images.len(), 6);
        assert!(config.name_reference.iter().all(|reference| !reference.referrers.is_empty()));
        let lines =
            include_str!("../facts/field_specs.txt").lines().filter(|line| !line.starts_with('[')).count();
        let mut copy = (*config).clone();
        let held: usize = copy.lists().iter().map(|list| list.len()).sum();
        let references: usize = config.name_reference.iter().map(|reference| reference.referrers.len()).sum();
        assert_eq!(held + references, lines);
    }
}
