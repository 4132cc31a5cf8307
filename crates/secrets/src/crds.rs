//! The definitions of the kinds, as files that a person can apply.

/// One definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// Its name, as `externalsecrets.external-secrets.io`.
    pub name: &'static str,
    /// Its manifest.
    pub yaml: &'static str,
}

/// The definitions that the operator needs. A cluster that has External Secrets' own is served with those.
pub fn crds() -> Vec<Definition> {
    vec![
        Definition {
            name: "clusterexternalsecrets.external-secrets.io",
            yaml: include_str!("../crds/clusterexternalsecrets.yaml"),
        },
        Definition {
            name: "clustersecretstores.external-secrets.io",
            yaml: include_str!("../crds/clustersecretstores.yaml"),
        },
        Definition {
            name: "externalsecrets.external-secrets.io",
            yaml: include_str!("../crds/externalsecrets.yaml"),
        },
        Definition {
            name: "fakes.generators.external-secrets.io",
            yaml: include_str!("../crds/fakes.generators.yaml"),
        },
        Definition {
            name: "secretstores.external-secrets.io",
            yaml: include_str!("../crds/secretstores.yaml"),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::crds;

    #[test]
    fn every_definition_is_the_one_that_it_is_called() {
        for definition in crds() {
            let value = gangplank_yaml::to_json(definition.yaml, gangplank_yaml::Dialect::SigsV2).unwrap();
            assert_eq!(value["metadata"]["name"], definition.name);
            assert_eq!(value["kind"], "CustomResourceDefinition");
        }
    }
}
