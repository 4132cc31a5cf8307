//! What the working copy changes, against the tip of the branch: both rendered, and compared.

use std::sync::Arc;

use gangplank_kustomize::{Error as RenderError, Files, Options, Renderer};
use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::tree::edit::Tree;
use gangplank_onboarding::tree::effects::{Effects, Sight, effects};
use gangplank_onboarding::tree::members::members;

use crate::observe::GitLook;

/// Why it can't be said what a change does.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Git.
    #[error("cannot read the tip of the branch")]
    Git(#[from] gangplank_git::Error),
    /// The working copy does not render.
    #[error("the working copy does not render: {}", .0.render())]
    WorkingCopy(RenderError),
    /// The tip of the branch does not render.
    #[error("the tip of the branch does not render: {}", .0.render())]
    Tip(RenderError),
}

/// Compares the working copy, whose root is at `root` among `files`, with the tip of the branch. A branch that is not there yet is empty.
pub async fn of(
    fleet: &Fleet,
    files: Arc<dyn Files>,
    root: &str,
    working: &dyn Tree,
    git: &GitLook,
) -> Result<Effects, Error> {
    let after = sight(fleet, files, root, working).map_err(Error::WorkingCopy)?;
    let kustomization = format!("{}/kustomization.yaml", fleet.paths.argocd);
    let before = match git.tree(fleet).await {
        Ok(tree) if Tree::read(&tree, &kustomization).is_none() => None,
        Ok(tree) => {
            let files: Arc<dyn Files> = Arc::new(tree.clone());
            Some(sight(fleet, files, "", &tree).map_err(Error::Tip)?)
        }
        Err(gangplank_git::Error::UnknownRevision { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(effects(before.as_ref(), &after))
}

fn sight(fleet: &Fleet, files: Arc<dyn Files>, root: &str, tree: &dyn Tree) -> Result<Sight, RenderError> {
    let mut options = Options::new(files);
    options.threads = std::thread::available_parallelism().map_or(1, usize::from);
    let renderer = Renderer::new(options);
    let render = |folder: &str| renderer.render(&format!("{root}/{folder}"));
    Ok(Sight {
        members: members(fleet, tree),
        hub: render(&fleet.paths.argocd)?,
        bootstrap: render(&fleet.paths.bootstrap)?,
    })
}
