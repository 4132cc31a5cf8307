use gangplank_applications::application_set_resource;
use kube::api::{Api, DynamicObject, PostParams};
use serde_json::json;

use crate::world::{URL, World, config_map};

async fn bootstrap(world: &World) {
    let set: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
        "metadata": {"name": "cluster-bootstrap", "namespace": "argocd"},
        "spec": {
            "generators": [{"clusters": {"selector": {"matchLabels": {"environment": "prd"}}}}],
            "template": {
                "metadata": {"name": "bootstrap-{{name}}"},
                "spec": {
                    "project": "default",
                    "source": {"repoURL": URL, "path": "app", "targetRevision": "main"},
                    "destination": {"server": "{{server}}", "namespace": "app"},
                    "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]},
                },
            },
        },
    }))
    .unwrap();
    let sets: Api<DynamicObject> =
        Api::namespaced_with(world.hub.clone(), "argocd", &application_set_resource());
    sets.create(&PostParams::default(), &set).await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_comes_is_bootstrapped_and_one_that_goes_loses_its_application() {
    let world = World::new().await;
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    world.spoke_known(false);
    bootstrap(&world).await;
    world.spoke_known(true);
    world.until_state("bootstrap-aks-a", "Synced/Healthy Succeeded").await;
    assert!(world.data(&world.spoke, "a").await.is_some());
    world.delete_application("bootstrap-aks-a").await;
    world
        .until("it was made again", || async {
            let object = world.applications().get_opt("bootstrap-aks-a").await.unwrap();
            object.is_some_and(|object| object.metadata.deletion_timestamp.is_none())
        })
        .await;
    world.until_state("bootstrap-aks-a", "Synced/Healthy Succeeded").await;
    world.spoke_known(false);
    world.until_state("bootstrap-aks-a", "absent").await;
}
