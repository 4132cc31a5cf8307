//! `--output`: a file with everything, or a folder with a file for each object, as Kustomize names them.

use std::fs;
use std::path::Path;

use gangplank_kustomize::{Rendered, RenderedResource};
use gangplank_onboarding::tree::Change;

use crate::error::{CliError, Context as _};
use crate::files;

pub(super) fn to(path: &Path, rendered: &Rendered) -> Result<(), CliError> {
    if path.is_dir() {
        let change = |resource: &RenderedResource| Change {
            path: file_name(resource),
            text: Some(resource.to_yaml()),
        };
        return files::enact(path, &rendered.resources.iter().map(change).collect::<Vec<_>>());
    }
    let failed = || format!("cannot write `{}`", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| CliError::new(failed()))?;
    fs::metadata(folder).context(failed)?;
    files::enact(folder, &[Change { path: name.to_owned(), text: Some(rendered.to_yaml()) }])
}

/// `[namespace_]group_version_kind_name.yaml`, in lower case: the name that Kustomize gives.
fn file_name(resource: &RenderedResource) -> String {
    let version = resource.api_version().replace('/', "_");
    let name = format!("{version}_{}_{}.yaml", resource.kind(), resource.name()).to_lowercase();
    match resource.namespace() {
        "" => name,
        namespace => format!("{namespace}_{name}"),
    }
}
