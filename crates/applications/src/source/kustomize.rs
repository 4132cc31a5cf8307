//! A kustomization, through gangplank's own renderer.

use std::sync::Arc;

use gangplank_kustomize::{File, FileError, Files, Options, Renderer};
use serde_json::{Map, Value, json};

use super::directory::add;
use super::reads::Recorder;

/// Where the overlay with an Application's own settings stands in the renderer's tree.
const OVERLAY: &str = "/.application";

/// Renders the kustomization in a directory, below the settings of `spec.source.kustomize`. The error names file and place.
pub(super) fn render(
    files: &Arc<Recorder>,
    path: &str,
    settings: Option<&Value>,
) -> Result<Vec<Value>, String> {
    let overlay = settings.map(|settings| overlay(path, settings)).transpose()?.flatten();
    let directory = if overlay.is_some() { OVERLAY.to_owned() } else { format!("/{path}") };
    let overlay = overlay.map(|overlay| overlay.to_string().into_bytes().into());
    let tree = Arc::new(Tree { files: files.clone(), overlay });
    let rendered = Renderer::new(Options::new(tree)).render(&directory).map_err(|error| error.render())?;
    let mut objects = Vec::with_capacity(rendered.resources.len());
    for resource in &rendered.resources {
        add(path, resource.to_json(), &mut objects)?;
    }
    Ok(objects)
}

/// Returns the kustomization that lays an Application's settings over the one in `path`; none where there are none.
fn overlay(path: &str, settings: &Value) -> Result<Option<Value>, String> {
    let Some(settings) = settings.as_object() else { return Ok(None) };
    let mut overlay = Map::new();
    let mut labels = Map::new();
    for (key, value) in settings {
        match key.as_str() {
            "namePrefix" | "nameSuffix" | "namespace" | "commonAnnotations" | "replicas" | "patches" => {
                overlay.insert(key.clone(), value.clone());
            }
            "commonLabels" => {
                labels.insert("pairs".to_owned(), value.clone());
            }
            "labelWithoutSelector" => {
                labels.insert("includeSelectors".to_owned(), (value != &Value::Bool(true)).into());
            }
            "labelIncludeTemplates" => {
                labels.insert("includeTemplates".to_owned(), value.clone());
            }
            "images" => {
                let images = value.as_array().into_iter().flatten().filter_map(Value::as_str).map(image);
                overlay.insert(key.clone(), images.collect());
            }
            "components" => {
                let components = value.as_array().into_iter().flatten().filter_map(Value::as_str);
                let from_here = components.map(|component| Value::from(format!("../{path}/{component}")));
                overlay.insert(key.clone(), from_here.collect());
            }
            "forceCommonLabels" | "forceCommonAnnotations" | "version" => {}
            other => {
                return Err(format!(
                    "spec.source.kustomize.{other} is not supported by gangplank; write it into the kustomization"
                ));
            }
        }
    }
    if labels.contains_key("pairs") {
        labels.entry("includeSelectors").or_insert(Value::Bool(true));
        overlay.insert("labels".to_owned(), Value::Array(vec![Value::Object(labels)]));
    }
    if overlay.is_empty() {
        return Ok(None);
    }
    overlay.insert("resources".to_owned(), json!([format!("../{path}")]));
    Ok(Some(Value::Object(overlay)))
}

/// Reads `[name=]newName[:tag|@digest]`.
fn image(text: &str) -> Value {
    let (name, new) = match text.split_once('=') {
        Some((name, new)) => (Some(name), new),
        None => (None, text),
    };
    let (new_name, key, value) = match (new.split_once('@'), new.rsplit_once(':')) {
        (Some((new_name, digest)), _) => (new_name, "digest", digest),
        (None, Some((new_name, tag))) if !tag.contains('/') => (new_name, "newTag", tag),
        _ => (new, "", ""),
    };
    let mut image = json!({"name": name.unwrap_or(new_name)});
    if name.is_some() {
        image["newName"] = new_name.into();
    }
    if !key.is_empty() {
        image[key] = value.into();
    }
    image
}

/// The tree as the renderer sees it: with absolute paths.
struct Tree {
    files: Arc<Recorder>,
    overlay: Option<Arc<[u8]>>,
}

impl Files for Tree {
    fn directory(&self, path: &str) -> Result<String, FileError> {
        if self.overlay.is_some() && path == OVERLAY {
            return Ok(path.to_owned());
        }
        match self.files.directory(relative(path)) {
            Some(real) => Ok(format!("/{real}")),
            None if self.files.read(relative(path)).is_some() => Err(FileError::NotDirectory),
            None => Err(FileError::Missing),
        }
    }

    fn read(&self, path: &str, limit: u64) -> Result<File, FileError> {
        if let (Some(overlay), Some(name)) = (&self.overlay, path.strip_prefix(OVERLAY)) {
            return match name {
                "/kustomization.yaml" => Ok(File { content: overlay.clone(), real_path: None }),
                _ => Err(FileError::Missing),
            };
        }
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
        let objects = render(&recorder, "prd", None).unwrap();
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
        let error = render(&Arc::new(Recorder::new(Arc::new(tree))), "prd", None).unwrap_err();
        assert!(error.contains("prd/kustomization.yaml") && error.contains("absent.yaml"), "{error}");
    }

    #[test]
    fn an_applications_own_settings_lie_above() {
        let mut tree = FileTree::new();
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: nginx:1}]}\n";
        tree.insert("app/kustomization.yaml", "resources: [pod.yaml]".as_bytes().into());
        tree.insert("app/pod.yaml", pod.as_bytes().into());
        let recorder = Arc::new(Recorder::new(Arc::new(tree)));
        let settings =
            json!({"namePrefix": "x-", "images": ["nginx=mirror:5000/nginx:2"], "commonLabels": {"a": "b"}});
        let objects = render(&recorder, "app", Some(&settings)).unwrap();
        assert_eq!(objects[0]["metadata"]["name"], "x-p");
        assert_eq!(objects[0]["metadata"]["labels"]["a"], "b");
        assert_eq!(objects[0]["spec"]["containers"][0]["image"], "mirror:5000/nginx:2");
        assert!(
            render(&recorder, "app", Some(&json!({"apiVersions": []})))
                .is_err_and(|e| e.contains("apiVersions"))
        );
        assert_eq!(image("nginx@sha256:1"), json!({"name": "nginx", "digest": "sha256:1"}));
    }
}
