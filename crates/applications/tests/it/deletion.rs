use serde_json::json;

use crate::world::{World, config_map};

async fn deployed() -> World {
    let world = World::new().await;
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    let policy = json!({"automated": {}, "syncOptions": ["CreateNamespace=true"]});
    world.application("one", "app", "aks-a", policy).await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    world
}

#[tokio::test]
async fn objects_go_before_their_application() {
    let world = deployed().await;
    world.delete_application("one").await;
    world.until_state("one", "absent").await;
    assert_eq!(world.data(&world.spoke, "a").await, None);
}

#[tokio::test]
async fn an_application_of_a_lost_cluster_goes_and_leaves_its_objects() {
    let world = deployed().await;
    world.spoke_known(false);
    world.delete_application("one").await;
    world.until_state("one", "absent").await;
    assert!(world.data(&world.spoke, "a").await.is_some());
}

#[tokio::test]
async fn without_the_finalizer_objects_stay() {
    let world = deployed().await;
    world.patch_application("one", json!({"metadata": {"finalizers": []}})).await;
    world.delete_application("one").await;
    world.until_state("one", "absent").await;
    assert!(world.data(&world.spoke, "a").await.is_some());
}
