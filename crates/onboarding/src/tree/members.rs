//! The clusters that a tree has overlays for, and which AKS resource each overlay is for.
//!
//! Both are read from the overlay's text, so that a thousand overlays cost no rendering. People may write the annotation as a patch, under
//! `commonAnnotations` or in a strategic merge: in all of these it stands on a line of its own.

use super::edit::{Tree, overlays};
use super::overlay::RESOURCE_ID;
use crate::fleet::Fleet;
use crate::names::{ClusterName, ResourceId, ResourceIdError};

/// Where the component stands that marks a cluster as leaving.
pub const LEAVING_FOLDER: &str = "manifests/argocd/base/leaving";

/// A cluster of the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: ClusterName,
    /// What the overlay's annotation `gangplank.dev/resource-id` says, as it is written there.
    pub resource_id: Option<String>,
    /// Whether the overlay marks it as on its way off board.
    pub leaving: bool,
}

impl Member {
    /// A cluster that is found by its name, in the hub's subscription.
    pub fn by_name(name: ClusterName) -> Self {
        Member { name, resource_id: None, leaving: false }
    }

    /// The AKS resource that the overlay names, if it names one.
    ///
    /// # Errors
    /// What it names is no resource id.
    pub fn named_resource(&self) -> Result<Option<ResourceId>, ResourceIdError> {
        self.resource_id.as_deref().map(str::parse).transpose()
    }

    /// The subscription in which its cluster is looked for: the one of its resource id, else the hub's.
    pub fn subscription(&self, fleet: &Fleet) -> String {
        match self.named_resource() {
            Ok(Some(id)) => id.subscription().to_ascii_lowercase(),
            _ => fleet.hub.resource_id.subscription().to_ascii_lowercase(),
        }
    }
}

/// The clusters that the tree has overlays for, listed or not, by their own names: a folder's name has lost the letter case, so it
/// is what the overlay patches into `data.name` that counts. Folders that no cluster could be named after are passed over.
pub fn members(fleet: &Fleet, tree: &dyn Tree) -> Vec<Member> {
    let parent = fleet.paths.clusters();
    let member = |folder: String| {
        let text = tree.read(&format!("{parent}/{folder}/kustomization.yaml")).unwrap_or_default();
        let fits = |name: &ClusterName| name.slug() == folder;
        let patched = text.lines().filter_map(patched_value).filter_map(|it| it.parse().ok()).find(fits);
        let name = patched.or_else(|| folder.parse().ok())?;
        Some(read(name, &text))
    };
    overlays(&parent, tree).into_iter().filter_map(member).collect()
}

/// The cluster of this name as the tree has it, or by its name alone where the tree has no overlay of it.
pub fn member(fleet: &Fleet, tree: &dyn Tree, name: ClusterName) -> Member {
    let path = format!("{}/{}/kustomization.yaml", fleet.paths.clusters(), name.slug());
    read(name, &tree.read(&path).unwrap_or_default())
}

fn read(name: ClusterName, text: &str) -> Member {
    // The path to it begins with as many `..` as the overlay is deep; its last two folders are enough to know it by.
    let component = LEAVING_FOLDER.trim_start_matches("manifests/argocd/");
    let is_component = |line: &str| {
        let entry = line.trim().strip_prefix("- ").map(unquoted);
        entry.is_some_and(|entry| entry.trim_end_matches('/').ends_with(component))
    };
    Member { resource_id: annotated(text), leaving: text.lines().any(is_component), name }
}

/// The value of an operation of a JSON patch.
fn patched_value(line: &str) -> Option<String> {
    line.trim().strip_prefix("value: ").map(unquoted)
}

/// The annotation's value, as a member of a map or as the operation that adds it.
fn annotated(text: &str) -> Option<String> {
    let lines = || text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let member = |line: &str| {
        let value = line.trim_start_matches(['"', '\'']).strip_prefix(RESOURCE_ID)?;
        let value = value.trim_start_matches(['"', '\'']).strip_prefix(':')?;
        Some(unquoted(value))
    };
    let pointer = format!("/{}", RESOURCE_ID.replace('/', "~1"));
    let operation = || {
        let mut after =
            lines().skip_while(|line| !line.starts_with("path:") || !unquoted(line).ends_with(&pointer));
        after.nth(1).and_then(patched_value)
    };
    lines().find_map(member).or_else(operation).filter(|value| !value.is_empty())
}

/// A scalar without its quotes and without a comment behind it. Neither names nor resource ids have any of these in them.
fn unquoted(value: &str) -> String {
    let value = value.split(" #").next().unwrap_or_default().trim();
    value.trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::annotated;

    const ID: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-1";

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(annotated(text).as_deref(), expect, "{text}");
    }

    #[test]
    fn the_annotation_is_found_however_it_was_written() {
        check(
            &format!(
                "      path: /metadata/annotations\n      value:\n        gangplank.dev/resource-id: {ID}\n"
            ),
            Some(ID),
        );
        check(&format!("commonAnnotations:\n  \"gangplank.dev/resource-id\": '{ID}' # by hand\n"), Some(ID));
        check(
            &format!(
                "    - op: add\n      path: /metadata/annotations/gangplank.dev~1resource-id\n      value: {ID}\n"
            ),
            Some(ID),
        );
        check(&format!("# gangplank.dev/resource-id: {ID}\nresources: []\n"), None);
        check("commonAnnotations:\n  gangplank.dev/resource-id: \"\"\n", None);
        check("commonAnnotations:\n  gangplank.dev/resource-id: aks-1\n", Some("aks-1"));
    }
}
