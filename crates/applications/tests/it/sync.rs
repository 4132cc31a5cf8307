use serde_json::{Value, json};

use crate::world::{World, config_map};

fn automated() -> Value {
    json!({"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"]})
}

#[tokio::test]
async fn a_commit_is_deployed_changed_and_pruned() {
    let world = World::new().await;
    let (a, b) = (config_map("a", "1"), config_map("b", "1"));
    world.commit(&[("app/a.yaml", &a), ("app/b.yaml", &b)]);
    world.application("one", "app", "aks-a", automated()).await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    assert_eq!(world.data(&world.spoke, "a").await, Some(json!({"key": "1"})));
    assert_eq!(world.data(&world.hub, "a").await, None);

    world.commit(&[("app/a.yaml", &config_map("a", "2"))]);
    world
        .until("a is 2 and b is gone", || async {
            world.data(&world.spoke, "a").await == Some(json!({"key": "2"}))
                && world.data(&world.spoke, "b").await.is_none()
        })
        .await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    let application = world.applications().get("one").await.unwrap();
    let history = application.data.pointer("/status/history").and_then(Value::as_array).unwrap();
    let ids: Vec<i64> = history.iter().filter_map(|entry| entry["id"].as_i64()).collect();
    assert_eq!(ids, [0, 1]);
    assert_eq!(application.data["status"]["resources"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn changes_in_the_cluster_are_reverted() {
    let world = World::new().await;
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    world.application("one", "app", "aks-a", automated()).await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    let drifted = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "app"}, "data": {"key": "mine"},
    });
    world.apply(&world.spoke, "v1", "ConfigMap", &drifted).await;
    world
        .until("the change is reverted", || async {
            world.data(&world.spoke, "a").await == Some(json!({"key": "1"}))
        })
        .await;
}

#[tokio::test]
async fn without_automation_a_person_syncs() {
    let world = World::new().await;
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    world.application("one", "app", "aks-a", json!({"syncOptions": ["CreateNamespace=true"]})).await;
    world.until_state("one", "OutOfSync/Missing -").await;
    world
        .patch_application("one", json!({"operation": {"sync": {}, "initiatedBy": {"username": "me"}}}))
        .await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    let application = world.applications().get("one").await.unwrap();
    assert_eq!(application.data.get("operation"), None);
    assert_eq!(application.data["status"]["history"][0]["initiatedBy"]["username"], "me");
}

#[tokio::test]
async fn what_is_wrong_is_said_and_mended() {
    let world = World::new().await;
    world.commit(&[("app/a.yaml", "kind: ConfigMap\n")]);
    world.spoke_known(false);
    world.application("one", "app", "aks-a", automated()).await;
    world.until_state("one", "Unknown/Unknown -").await;
    let condition = |application: &kube::api::DynamicObject| {
        let conditions = application.data.pointer("/status/conditions/0");
        conditions
            .map(|condition| format!("{} {}", condition["type"], condition["message"]))
            .unwrap_or_default()
    };
    assert!(
        condition(&world.applications().get("one").await.unwrap()).contains("no clusters with this name")
    );
    world.spoke_known(true);
    world
        .until("the file is named", || async {
            condition(&world.applications().get("one").await.unwrap())
                .contains("app/a.yaml: an object without apiVersion")
        })
        .await;
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    world.until_state("one", "Synced/Healthy Succeeded").await;
}

#[tokio::test]
async fn a_missing_namespace_fails_the_sync_and_a_new_one_lets_it_succeed() {
    let world = World::new().await;
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    let policy =
        json!({"automated": {}, "retry": {"limit": -1, "backoff": {"duration": "1s", "maxDuration": "1s"}}});
    world.application("one", "app", "aks-a", policy).await;
    world
        .until("the reason is told", || async {
            let application = world.applications().get("one").await.unwrap();
            let message = application.data.pointer("/status/operationState/message").and_then(Value::as_str);
            message.is_some_and(|message| {
                message.contains("namespaces \"app\" not found") && message.contains("Retrying")
            })
        })
        .await;
    world.namespace(&world.spoke, "app").await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
}

#[tokio::test]
async fn waves_and_hooks_keep_their_order() {
    let world = World::new().await;
    let annotated = |name: &str, annotation: &str| {
        config_map(name, "1").replace("metadata:\n", &format!("metadata:\n  annotations: {{{annotation}}}\n"))
    };
    world.commit(&[
        ("app/a.yaml", &annotated("late", "argocd.argoproj.io/sync-wave: \"2\"")),
        ("app/b.yaml", &annotated("early", "argocd.argoproj.io/sync-wave: \"-1\"")),
        ("app/c.yaml", &annotated("before", "argocd.argoproj.io/hook: PreSync")),
        ("app/d.yaml", &annotated("after", "argocd.argoproj.io/hook: PostSync")),
    ]);
    world.namespace(&world.spoke, "app").await;
    world.application("one", "app", "aks-a", json!({"automated": {}})).await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    let application = world.applications().get("one").await.unwrap();
    let results =
        application.data.pointer("/status/operationState/syncResult/resources").and_then(Value::as_array);
    let names: Vec<&str> = results.unwrap().iter().filter_map(|result| result["name"].as_str()).collect();
    assert_eq!(names, ["before", "early", "late", "after"]);
}

#[tokio::test]
async fn on_the_hub_a_change_is_seen_by_a_watch() {
    let world = World::quiet().await;
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    world.application("one", "app", "in-cluster", automated()).await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    let drifted = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "app"}, "data": {"key": "mine"},
    });
    world.apply(&world.hub, "v1", "ConfigMap", &drifted).await;
    world
        .until("the change is reverted", || async {
            world.data(&world.hub, "a").await == Some(json!({"key": "1"}))
        })
        .await;
}

#[tokio::test]
async fn what_the_server_writes_in_another_form_is_no_difference() {
    let world = World::new().await;
    let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {a: b}}\n  \
                      template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: c\n        image: i\n        \
                      ports: [{containerPort: 80}]\n        resources: {requests: {cpu: 1000m, memory: 1024Mi}}\n";
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {a: b}, ports: [{port: 80}]}\n";
    world.commit(&[("app/d.yaml", deployment), ("app/s.yaml", service)]);
    world.application("one", "app", "aks-a", automated()).await;
    // No node runs its pods, so that it stays on its way; but it is as desired.
    world.until_state("one", "Synced/Progressing Succeeded").await;
    let history = || async {
        let application = world.applications().get("one").await.unwrap();
        application.data.pointer("/status/history").and_then(Value::as_array).map(Vec::len)
    };
    assert_eq!(history().await, Some(1));
    world.commit(&[("app/d.yaml", &deployment.replace("image: i", "image: j")), ("app/s.yaml", service)]);
    world.until("the new image is synced", || async { history().await == Some(2) }).await;
}

#[tokio::test]
async fn a_project_permits_or_forbids() {
    let world = World::new().await;
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    world.application("one", "app", "aks-a", automated()).await;
    world.patch_application("one", json!({"spec": {"project": "team"}})).await;
    let says = |needle: &'static str| {
        let world = &world;
        move || async move {
            let application = world.applications().get("one").await.unwrap();
            application
                .data
                .pointer("/status/conditions")
                .is_some_and(|conditions| conditions.to_string().contains(needle))
        }
    };
    world.until("the missing project is named", says("project team which does not exist")).await;
    let project = |namespace: &str| {
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "team", "namespace": "argocd"},
            "spec": {
                "sourceRepos": ["https://git.example.com/*"],
                "destinations": [{"name": "aks-*", "namespace": namespace}],
                "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
            },
        })
    };
    world.apply(&world.hub, "argoproj.io/v1alpha1", "AppProject", &project("other")).await;
    world
        .until("the forbidden namespace is named", says("do not match any of the allowed destinations"))
        .await;
    world.apply(&world.hub, "argoproj.io/v1alpha1", "AppProject", &project("app")).await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
}

#[tokio::test]
async fn what_kubectl_applied_before_is_adopted_with_its_fields() {
    let world = World::new().await;
    world.namespace(&world.spoke, "app").await;
    let mut before = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "app"},
        "data": {"key": "0", "stale": "x"},
    });
    before["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/last-applied-configuration": before.to_string()});
    let maps: kube::api::Api<kube::api::DynamicObject> = kube::api::Api::namespaced_with(
        world.spoke.clone(),
        "app",
        &crate::world::resource("v1", "ConfigMap"),
    );
    let parameters = kube::api::PostParams {
        field_manager: Some("kubectl-client-side-apply".into()),
        ..kube::api::PostParams::default()
    };
    maps.create(&parameters, &serde_json::from_value(before).unwrap()).await.unwrap();
    world.commit(&[("app/a.yaml", &config_map("a", "1"))]);
    world.application("one", "app", "aks-a", automated()).await;
    world.until_state("one", "Synced/Healthy Succeeded").await;
    assert_eq!(world.data(&world.spoke, "a").await, Some(json!({"key": "1"})));
}
