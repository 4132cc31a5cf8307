//! The resources of this crate, and their definitions.

use gangplank_yaml::{Dialect, to_json};
use kube::discovery::ApiResource;
use serde_json::Value;

/// The group of all of them.
pub const GROUP: &str = "argoproj.io";

fn resource(kind: &str, plural: &str) -> ApiResource {
    ApiResource {
        group: GROUP.to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: format!("{GROUP}/v1alpha1"),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    }
}

/// `applications.argoproj.io/v1alpha1`.
pub fn application_resource() -> ApiResource {
    resource("Application", "applications")
}

/// `appprojects.argoproj.io/v1alpha1`.
pub fn project_resource() -> ApiResource {
    resource("AppProject", "appprojects")
}

/// `applicationsets.argoproj.io/v1alpha1`.
pub fn application_set_resource() -> ApiResource {
    resource("ApplicationSet", "applicationsets")
}

/// Returns the CustomResourceDefinitions of Application, AppProject and ApplicationSet, for a hub without Argo CD's.
///
/// They accept what Argo CD's accept: the schema is open where gangplank reads less than Argo CD does.
pub fn definitions() -> Vec<Value> {
    let texts = [
        include_str!("../crds/applications.yaml"),
        include_str!("../crds/appprojects.yaml"),
        include_str!("../crds/applicationsets.yaml"),
    ];
    texts.iter().filter_map(|text| to_json(text, Dialect::SigsV2).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_name_their_resources() {
        let definitions = definitions();
        let names: Vec<_> =
            definitions.iter().filter_map(|definition| definition["metadata"]["name"].as_str()).collect();
        assert_eq!(
            names,
            ["applications.argoproj.io", "appprojects.argoproj.io", "applicationsets.argoproj.io"]
        );
        for (definition, resource) in
            definitions.iter().zip([application_resource(), project_resource(), application_set_resource()])
        {
            assert_eq!(definition["spec"]["names"]["plural"], resource.plural.as_str());
            assert_eq!(definition["spec"]["names"]["kind"], resource.kind.as_str());
        }
    }
}
