use gangplank_applications::application_set_resource;
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use serde_json::{Value, json};

use crate::world::{URL, World, config_map, resource};

/// One Application of many objects: each commit changes one, and only what changed is written.
#[tokio::test]
async fn a_commit_writes_only_what_it_changes() {
    let world = World::new().await;
    let map =
        |index: usize, value: &str| (format!("app/{index}.yaml"), config_map(&format!("m{index}"), value));
    let commit = |changed: usize| {
        let files: Vec<(String, String)> =
            (0..300).map(|index| map(index, if index == changed { "2" } else { "1" })).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        world.commit(&files);
    };
    commit(usize::MAX);
    let policy = json!({"automated": {"prune": true}, "syncOptions": ["CreateNamespace=true"]});
    world.application("one", "app", "aks-a", policy).await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    let maps: Api<DynamicObject> =
        Api::namespaced_with(world.spoke.clone(), "app", &resource("v1", "ConfigMap"));
    let versions = || async {
        let list = maps.list(&ListParams::default()).await.unwrap();
        list.items
            .into_iter()
            .map(|item| {
                (item.metadata.name.unwrap_or_default(), item.metadata.resource_version.unwrap_or_default())
            })
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let before = versions().await;
    commit(7);
    world
        .until("m7 is 2", || async { world.data(&world.spoke, "m7").await == Some(json!({"key": "2"})) })
        .await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    let after = versions().await;
    let changed: Vec<&String> = after
        .iter()
        .filter(|(name, version)| before.get(*name) != Some(version))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(changed, ["m7"]);
}

/// Many Applications of one source: it is rendered once, and all are deployed.
#[tokio::test]
async fn a_hundred_applications_share_a_source() {
    let world = World::new().await;
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    let elements: Vec<Value> = (0..100).map(|index| json!({"n": format!("app-{index}")})).collect();
    let set: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
        "metadata": {"name": "many", "namespace": "argocd"},
        "spec": {
            "goTemplate": true,
            "generators": [{"list": {"elements": elements}}],
            "template": {
                "metadata": {"name": "{{.n}}"},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": URL, "path": "app"},
                    "destination": {"name": "aks-a", "namespace": "{{.n}}"},
                    "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]},
                },
            },
        },
    }))
    .unwrap();
    let sets: Api<DynamicObject> =
        Api::namespaced_with(world.hub.clone(), "argocd", &application_set_resource());
    sets.create(&PostParams::default(), &set).await.unwrap();
    for index in [0, 50, 99] {
        world.until_state(&format!("app-{index}"), "Synced/Healthy Succeeded").await;
    }
}
