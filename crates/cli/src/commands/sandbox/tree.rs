//! The Git tree of the sandbox: laid down as a person would, with the same library calls as `init`, `cluster add`, `repo add`, `apply`.

use std::path::{Path, PathBuf};

use gangplank_git::{Access, Signature, WorkingCopy};
use gangplank_onboarding::access::Observed;
use gangplank_onboarding::fleet::Fleet;
use gangplank_onboarding::names::ClusterName;
use gangplank_onboarding::tree::Change;
use gangplank_onboarding::tree::edit::{self, Tree as _};
use gangplank_onboarding::tree::layout::{self, Seed};
use gangplank_onboarding::tree::overlay::{ClusterOverlay, RepositoryOverlay, RepositoryType};
use gangplank_sandbox::{Break, World};

use crate::commands::azure::fill_in;
use crate::error::{CliError, Context as _};
use crate::files::{self, DiskTree};

/// The repository that holds the tree.
const PLATFORM: &str = "platform";
/// The application that shows that the private repository is fetched with its credentials.
const TEAM_APPLICATION: &str = include_str!("team-application.yaml");

/// The fleet of a world, before its identities exist.
pub(super) fn fleet(world: &World) -> Result<Fleet, CliError> {
    let facts = world.facts();
    let seed = Seed {
        tenant: facts.tenant_id.parse()?,
        hub: facts.hub.id.parse()?,
        issuer: facts.hub.issuer_url.clone(),
        vault: facts.vault.id.parse()?,
        repository: facts.platform_repository.clone(),
    };
    Ok(seed.fleet())
}

/// Lays the tree down in `root`: layout, clusters, the private repository, the ids of the identities.
pub(super) fn lay_down(
    root: &Path,
    world: &World,
    fleet: Fleet,
    clusters: &[ClusterName],
    stands: &Observed,
) -> Result<DiskTree, CliError> {
    let written = layout::files(&fleet).into_iter().map(|(path, text)| Change { path, text: Some(text) });
    files::enact(root, &written.collect::<Vec<_>>())?;
    let tree = DiskTree { root: root.to_owned(), fleet };

    let overlays: Vec<ClusterOverlay> = clusters.iter().cloned().map(ClusterOverlay::new).collect();
    tree.enact(&edit::add_clusters(&tree.fleet, &overlays, &tree)?)?;

    let facts = world.facts();
    let mut team = RepositoryOverlay::new(&facts.team_repository, RepositoryType::Credentials)?;
    team.username = facts.team_secrets.username.parse()?;
    team.password = facts.team_secrets.password.parse()?;
    tree.enact(&edit::add_repository(&tree.fleet, &team, &tree)?)?;
    let application = TEAM_APPLICATION
        .replace("<HUB_NAMESPACE>", &tree.fleet.hub.namespace)
        .replace("<TEAM_REPOSITORY>", &facts.team_repository);
    let overlay = tree.fleet.paths.argocd.clone();
    let parent = format!("{overlay}/kustomization.yaml");
    let listed = gangplank_yaml::edit::append(
        &tree.read(&parent).unwrap_or_default(),
        &["resources"],
        "team-application.yaml",
    )
    .context(|| format!("cannot list the team's application in {parent}"))?;
    tree.enact(&[
        Change { path: format!("{overlay}/team-application.yaml"), text: Some(application) },
        Change { path: parent, text: Some(listed) },
    ])?;

    tree.enact(&fill_in(&tree, stands)?)?;
    // The file now names the ids; what is held in memory has to as well.
    let fleet = Fleet::parse(&tree.read(gangplank_onboarding::fleet::FILE_NAME).unwrap_or_default())?;
    Ok(DiskTree { fleet, ..tree })
}

/// Spoils the tree as a broken world wants it. Where one cluster is concerned it is the first.
pub(super) fn spoil(tree: &DiskTree, what: Break, first: &ClusterName) -> Result<(), CliError> {
    let paths = &tree.fleet.paths;
    let overlay = format!("{}/{}/kustomization.yaml", paths.clusters(), first.slug());
    let replace = |path: String, from: &str, to: &str| -> Result<(), CliError> {
        let before = tree.read(&path).unwrap_or_default();
        if !before.contains(from) {
            return Err(CliError::new(format!("cannot break `{path}`: it does not say `{from}`")));
        }
        tree.enact(&[Change { path, text: Some(before.replace(from, to)) }])
    };
    match what {
        Break::StoreInOtherNamespace => replace(
            format!("{}/secret-store.yaml", paths.argocd),
            &format!("namespace: {}", tree.fleet.hub.namespace),
            "namespace: external-secrets",
        ),
        Break::OldApiVersion => replace(
            format!("{}/external-secret.yaml", paths.cluster_base),
            "external-secrets.io/v1\n",
            "external-secrets.io/v1beta1\n",
        ),
        Break::LeftoverPlaceholder => {
            replace(overlay, &format!("secret/{}", first.url_secret()), "<TO_OVERLAY>")
        }
        Break::OverlayNotListed => {
            replace(format!("{}/kustomization.yaml", paths.clusters()), &format!("- {}\n", first.slug()), "")
        }
        Break::PathInRepoUrl => replace(
            "manifests/argocd/base/argocd-app.yaml".to_owned(),
            &format!("repoURL: {}", tree.fleet.repository.url),
            &format!("repoURL: {}/{}", tree.fleet.repository.url, paths.argocd),
        ),
        Break::TemplateError => replace(
            overlay,
            "    - op: replace\n      path: /spec/target/name\n",
            "    - op: replace\n      path: /spec/target/template/data/server\n      value: '{{ .serverUrl | trimm }}'\n    - op: replace\n      path: /spec/target/name\n",
        ),
        Break::PodWithoutLabel => replace(
            format!("{}/workload-identity.yaml", paths.argocd),
            "      labels:\n        azure.workload.identity/use: \"true\"\n",
            "",
        ),
        Break::OldTokenPath => replace(
            format!("{}/external-secret.yaml", paths.cluster_base),
            "                \"AAD_ENVIRONMENT_NAME\"",
            "                \"AZURE_FEDERATED_TOKEN_FILE\": \"/var/run/secrets/azure/tokens/azure-identity-token\",\n                \"AAD_ENVIRONMENT_NAME\"",
        ),
        _ => Ok(()),
    }
}

/// Clones the platform repository, still empty, to `root`: a push from there needs no more than `git push`.
pub(super) async fn clone(root: &Path, world: &World, git: &gangplank_git::Git) -> Result<(), CliError> {
    let there = root.read_dir().map(|mut entries| entries.next().is_some()).unwrap_or(false);
    if there {
        return Err(CliError::new(format!(
            "`{}` is not empty: the sandbox lays its tree into an empty folder",
            root.display()
        )));
    }
    let url = &world.facts().platform_repository;
    let failed = || format!("cannot clone {url} to `{}`", root.display());
    std::fs::create_dir_all(root).context(failed)?;
    WorkingCopy::clone_from(git, url, root, &access(world)).await.context(failed)?;
    Ok(())
}

/// Commits the tree and pushes it to the world's platform repository.
pub(super) async fn push(tree: &DiskTree, world: &World, git: &gangplank_git::Git) -> Result<(), CliError> {
    let url = &world.facts().platform_repository;
    let failed = || format!("cannot push `{}` to {url}", tree.root.display());
    let copy = WorkingCopy::open(git, &tree.root);
    let author = Signature {
        name: "gangplank sandbox".to_owned(),
        email: "sandbox@gangplank.dev".to_owned(),
        seconds: jiff::Timestamp::now().as_second(),
    };
    copy.commit_all("Bring the clusters aboard", &author).await.context(failed)?;
    copy.push(url, "main", &access(world)).await.context(failed)
}

/// The login at the platform repository.
fn access(world: &World) -> Access {
    match world.git().repository(PLATFORM).map(gangplank_sandbox::Repository::credentials) {
        Some(login) => Access::basic(&login.username, login.password.clone()),
        None => Access::default(),
    }
}

/// Moves the working copy of a sandbox that starts anew aside, since a person may have worked in it, and leaves an empty folder in its place.
/// Says where it is now.
pub(super) fn set_aside(root: &Path) -> Result<PathBuf, CliError> {
    let numbered = |number: u32| {
        let mut name = root.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    let free = (1..).map(numbered).find(|path| !path.exists()).unwrap_or_else(|| numbered(0));
    std::fs::rename(root, &free)
        .and_then(|()| std::fs::create_dir(root))
        .context(|| format!("cannot move `{}` to `{}`", root.display(), free.display()))?;
    Ok(free)
}
