//! A kustomization, through gangplank's own renderer.

use std::sync::Arc;

use gangplank_kustomize::{File, FileError, Files, Options, Renderer};
use serde_json::Value;

use super::directory::add;
use super::reads::Recorder;

/// Renders the kustomization in a directory. The error names file and place.
pub(super) fn render(files: &Arc<Recorder>, path: &str) -> Result<Vec<Value>, String> {
    let tree = Arc::new(Tree { files: files.clone() });
    let rendered =
        Renderer::new(Options::new(tree)).render(&format!("/{path}")).map_err(|error| error.render())?;
    let mut objects = Vec::with_capacity(rendered.resources.len());
    for resource in &rendered.resources {
        add(path, resource.to_json(), &mut objects)?;
    }
    Ok(objects)
}

/// The tree as the renderer sees it: with absolute paths.
struct Tree {
    files: Arc<Recorder>,
}

impl Files for Tree {
    fn directory(&self, path: &str) -> Result<String, FileError> {
        match self.files.directory(relative(path)) {
            Some(real) => Ok(format!("/{real}")),
            None if self.files.read(relative(path)).is_some() => Err(FileError::NotDirectory),
            None => Err(FileError::Missing),
        }
    }

    fn read(&self, path: &str, limit: u64) -> Result<File, FileError> {
        let Some(content) = self.files.read(relative(path)) else {
            let is_directory = self.files.directory(relative(path)).is_some();
            return Err(if is_directory { FileError::IsDirectory } else { FileError::Missing });
        };
        let size = content.len() as u64;
        if size > limit {
            return Err(FileError::TooLarge { size, limit });
        }
        let real = self.files.resolve(relative(path)).filter(|real| *real != relative(path));
        Ok(File { content, real_path: real.map(|real| format!("/{real}")) })
    }
}

fn relative(path: &str) -> &str {
    path.trim_start_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FileTree;

    #[test]
    fn overlays_render_and_note_what_they_read() {
        let mut tree = FileTree::new();
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\n";
        tree.insert("base/kustomization.yaml", "resources: [map.yaml]".as_bytes().into());
        tree.insert("base/map.yaml", map.as_bytes().into());
        tree.insert("prd/kustomization.yaml", "namePrefix: prd-\nresources: [../base]".as_bytes().into());
        tree.insert("other/x.yaml", "x".as_bytes().into());
        let recorder = Arc::new(Recorder::new(Arc::new(tree.clone())));
        let objects = render(&recorder, "prd").unwrap();
        assert_eq!(objects[0]["metadata"]["name"], "prd-map");
        let reads = recorder.reads();
        tree.insert("other/x.yaml", "y".as_bytes().into());
        assert!(reads.hold_in(&tree));
        tree.insert("base/map.yaml", map.replace("map", "pam").as_bytes().into());
        assert!(!reads.hold_in(&tree));
    }

    #[test]
    fn defects_are_named_with_their_file() {
        let mut tree = FileTree::new();
        tree.insert("prd/kustomization.yaml", "resources: [absent.yaml]".as_bytes().into());
        let error = render(&Arc::new(Recorder::new(Arc::new(tree))), "prd").unwrap_err();
        assert!(error.contains("prd/kustomization.yaml") && error.contains("absent.yaml"), "{error}");
    }
}
