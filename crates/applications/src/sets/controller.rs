//! Watches ApplicationSets, and makes, changes and deletes their Applications.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{FutureExt, Stream, StreamExt, TryFutureExt, TryStreamExt};
use jiff::Timestamp;
use kube::api::{Api, DynamicObject, PropagationPolicy};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{PredicateConfig, WatchStreamExt, predicates, watcher};
use kube::{Client, Resource, ResourceExt};
use serde_json::{Value, json};

use gangplank_runtime::{
    Attempts, Backoff, EnactError, EventType, FieldManager, Recorder, Shutdown, apply, delete, jittered,
    random_fraction, update_status,
};

use super::parameters::{Parameters, of_clusters, of_directories, of_list};
use super::spec::{Generator, GitGenerator, SetSpec};
use super::template::{overlay, render};
use crate::compare::is_applied;
use crate::object::{object_at, text};
use crate::ports::{ClusterFacts, Destinations, Repository};
use crate::resources::{application_resource, application_set_resource};
use crate::source::{Renders, RevisionKey, Revisions};

/// The field manager of the Applications that are made.
const MANAGER: FieldManager = FieldManager("argocd-applicationset-controller");
/// How an ApplicationSet that failed is tried again.
const RETRY: Backoff =
    Backoff { base: Duration::from_secs(2), factor: 2.0, cap: Duration::from_secs(120), jitter: 0.2 };
/// How often one is looked at anyway.
const AGAIN: Duration = Duration::from_secs(180);
/// How many Applications are written at once.
const AT_ONCE: usize = 16;
/// How long changes of clusters are gathered.
const GATHER: Duration = Duration::from_millis(200);
const FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// What the controller works with, shared with the engine.
pub(crate) struct Sets {
    pub(crate) hub: Client,
    pub(crate) namespace: String,
    pub(crate) destinations: Arc<dyn Destinations>,
    pub(crate) revisions: Arc<Revisions>,
    pub(crate) renders: Arc<Renders>,
    pub(crate) applications: Store<DynamicObject>,
    pub(crate) recorder: Recorder,
    pub(crate) attempts: Mutex<Attempts<String>>,
}

impl Sets {
    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts<String>> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes one of many that come close together: a fleet that comes aboard is generated a few times, not a thousand.
fn gathered(changes: impl Stream<Item = ()> + Send + 'static) -> impl Stream<Item = ()> + Send + 'static {
    futures::stream::unfold(changes.boxed(), |mut changes| async move {
        changes.next().await?;
        tokio::time::sleep(GATHER).await;
        while let Some(Some(())) = changes.next().now_or_never() {}
        Some(((), changes))
    })
}

/// Runs until the shutdown begins; `orphans` names the ApplicationSets that lost an Application.
pub(crate) async fn run(
    sets: Sets,
    orphans: impl Stream<Item = String> + Send + 'static,
    shutdown: Shutdown,
) {
    let api: Api<DynamicObject> =
        Api::namespaced_with(sets.hub.clone(), &sets.namespace, &application_set_resource());
    let writer = reflector::store::Writer::new(application_set_resource());
    let store = writer.as_reader();
    let watched = watcher::watcher(api, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .applied_objects()
        .predicate_filter(predicates::generation, PredicateConfig::default());
    let clusters = gathered(sets.destinations.changes().map(|_| ()));
    let namespace = sets.namespace.clone();
    let orphans =
        orphans.map(move |name| ObjectRef::new_with(&name, application_set_resource()).within(&namespace));
    Controller::for_stream_with(watched, store, application_set_resource())
        .reconcile_all_on(clusters)
        .reconcile_on(orphans)
        .graceful_shutdown_on(shutdown.token().cancelled_owned())
        .run(reconcile, |_, _, _| Action::requeue(Duration::from_secs(5)), Arc::new(sets))
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn reconcile(object: Arc<DynamicObject>, sets: Arc<Sets>) -> Result<Action, EnactError> {
    if object.metadata.deletion_timestamp.is_some() {
        // Its Applications go with it, by their owner reference.
        return Ok(Action::await_change());
    }
    let name = object.name_any();
    let outcome = match observe(&sets, &object).await.and_then(|(spec, inputs)| {
        let applications = generate(&spec, &inputs, &object)?;
        Ok((spec, applications))
    }) {
        Ok((spec, applications)) => enact(&sets, &object, &spec, applications).await?,
        Err(message) => Err(message),
    };
    write_status(&sets, &object, &outcome).await?;
    let again = match &outcome {
        Ok(_) => {
            sets.attempts().forget(&name);
            jittered(AGAIN, 0.2, random_fraction())
        }
        Err(_) => RETRY.delay(sets.attempts().failed(name), random_fraction()),
    };
    if let Err(message) = outcome {
        let regarding = object.object_ref(&application_set_resource());
        sets.recorder.publish(&regarding, EventType::Warning, "ApplicationSetError", &message).await;
    }
    Ok(Action::requeue(again))
}

/// What generators are fed with.
struct Inputs {
    clusters: Vec<ClusterFacts>,
    /// The directories of each git generator, by its place.
    directories: BTreeMap<usize, Vec<String>>,
}

async fn observe(sets: &Sets, object: &DynamicObject) -> Result<(SetSpec, Inputs), String> {
    let spec = object.data.get("spec").cloned().unwrap_or_else(|| json!({}));
    let spec: SetSpec =
        serde_json::from_value(spec).map_err(|error| format!("spec can't be read: {error}"))?;
    if let Some(message) = spec.unsupported() {
        return Err(message);
    }
    let mut directories = BTreeMap::new();
    for (place, generator) in spec.generators.iter().enumerate() {
        if let Some(git) = &generator.git {
            directories.insert(place, directories_of(sets, &spec, git).await?);
        }
    }
    Ok((spec, Inputs { clusters: sets.destinations.clusters(), directories }))
}

async fn directories_of(sets: &Sets, spec: &SetSpec, git: &GitGenerator) -> Result<Vec<String>, String> {
    let project = text(&spec.template, &["spec", "project"]).to_owned();
    let repository = Repository { url: git.repo_url.clone(), project };
    let key = RevisionKey { repository: repository.clone(), revision: git.revision.clone() };
    let commit = sets.revisions.get(&key, None).await.map_err(|error| error.message)?;
    let tree = sets.renders.tree(&repository, &commit).await.map_err(|error| error.message)?;
    Ok(tree.directories())
}

/// Generates the Applications, by their names. Pure.
fn generate(
    spec: &SetSpec,
    inputs: &Inputs,
    owner: &DynamicObject,
) -> Result<BTreeMap<String, Value>, String> {
    let mut applications = BTreeMap::new();
    for (place, generator) in spec.generators.iter().enumerate() {
        let (sets, template) = parameters_of(generator, place, inputs, spec.go_template)?;
        let template = overlay(&spec.template, template);
        for parameters in sets {
            let filled = render(&template, &parameters, spec.go_template, &spec.go_template_options)?;
            let application = application_of(filled, spec, owner)?;
            let name = text(&application, &["metadata", "name"]).to_owned();
            if applications.insert(name.clone(), application).is_some() {
                return Err(format!(
                    "ApplicationSet {} contains applications with duplicate name: {name}",
                    owner.name_any()
                ));
            }
        }
    }
    Ok(applications)
}

fn parameters_of<'a>(
    generator: &'a Generator,
    place: usize,
    inputs: &Inputs,
    go: bool,
) -> Result<(Vec<Parameters>, &'a Value), String> {
    if let Some(clusters) = &generator.clusters {
        Ok((of_clusters(clusters, &inputs.clusters, go)?, &clusters.template))
    } else if let Some(list) = &generator.list {
        Ok((of_list(list)?, &list.template))
    } else if let Some(git) = &generator.git {
        let directories = inputs.directories.get(&place).map(Vec::as_slice).unwrap_or_default();
        Ok((of_directories(git, directories, go)?, &git.template))
    } else {
        Ok((Vec::new(), &Value::Null))
    }
}

fn application_of(filled: Value, spec: &SetSpec, owner: &DynamicObject) -> Result<Value, String> {
    let mut application = filled;
    let name = text(&application, &["metadata", "name"]).to_owned();
    if name.is_empty() {
        return Err("spec.template.metadata.name is empty".to_owned());
    }
    let Some(map) = application.as_object_mut() else { return Err("spec.template is no object".to_owned()) };
    map.insert("apiVersion".to_owned(), application_resource().api_version.into());
    map.insert("kind".to_owned(), "Application".into());
    let reference = owner.controller_owner_ref(&application_set_resource());
    if let Some(metadata) = object_at(&mut application, &["metadata"]) {
        metadata.insert("namespace".to_owned(), owner.namespace().unwrap_or_default().into());
        metadata.insert("ownerReferences".to_owned(), json!([reference]));
        let given = metadata.get("finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if !given && !spec.sync_policy.preserve_resources_on_deletion {
            metadata.insert("finalizers".to_owned(), json!([FINALIZER]));
        }
    }
    Ok(application)
}

/// Makes the Applications what they should be. The inner error is one for the status.
async fn enact(
    sets: &Sets,
    owner: &DynamicObject,
    spec: &SetSpec,
    wanted: BTreeMap<String, Value>,
) -> Result<Result<Vec<String>, String>, EnactError> {
    let uid = owner.uid().unwrap_or_default();
    let api: Api<DynamicObject> =
        Api::namespaced_with(sets.hub.clone(), &sets.namespace, &application_resource());
    let live: BTreeMap<String, Arc<DynamicObject>> =
        sets.applications.state().into_iter().map(|object| (object.name_any(), object)).collect();
    let is_owned = |object: &DynamicObject| object.owner_references().iter().any(|owner| owner.uid == uid);
    let mut writes = Vec::new();
    for (name, application) in &wanted {
        if let Some(live) = live.get(name) {
            if !is_owned(live) && !live.owner_references().is_empty() {
                return Ok(Err(format!("application {name} belongs to another ApplicationSet")));
            }
            let present = serde_json::to_value(live.as_ref()).unwrap_or(Value::Null);
            if is_applied(application, &present, MANAGER.0) || !spec.sync_policy.may_update() {
                continue;
            }
        }
        // Boxed: the closure's borrowed argument would otherwise have to hold for every lifetime.
        writes.push(apply(&api, MANAGER, name, application).map_ok(|_| ()).boxed());
    }
    futures::stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    if spec.sync_policy.may_delete() {
        for (name, object) in
            live.iter().filter(|(name, object)| is_owned(object) && !wanted.contains_key(*name))
        {
            delete(&api, name, object.uid().as_deref(), PropagationPolicy::Background).await?;
        }
    }
    Ok(Ok(wanted.into_keys().collect()))
}

async fn write_status(
    sets: &Sets,
    object: &DynamicObject,
    outcome: &Result<Vec<String>, String>,
) -> Result<(), EnactError> {
    let current = object.data.get("status");
    let (failed, message) = match outcome {
        Ok(names) => (false, format!("{} applications are as generated", names.len())),
        Err(message) => (true, message.clone()),
    };
    let known = current.and_then(|status| status["conditions"].as_array()).cloned().unwrap_or_default();
    let condition = |kind: &str, holds: bool, reason: &str| {
        let status = if holds { "True" } else { "False" };
        let same = known.iter().find(|known| {
            text(known, &["type"]) == kind
                && text(known, &["status"]) == status
                && text(known, &["message"]) == message
        });
        same.cloned().unwrap_or_else(|| {
            let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now})
        })
    };
    let reason = if failed { "ApplicationGenerationFromParamsError" } else { "ApplicationSetUpToDate" };
    let names: BTreeSet<&String> = outcome.iter().flatten().collect();
    let mut wanted = current.cloned().unwrap_or_else(|| json!({}));
    wanted["conditions"] = json!([
        condition("ErrorOccurred", failed, reason),
        condition("ParametersGenerated", !failed, if failed { reason } else { "ParametersGenerated" }),
        condition("ResourcesUpToDate", !failed, reason),
    ]);
    if !failed {
        let resource = |name: &&String| json!({"group": "argoproj.io", "kind": "Application", "name": name, "namespace": sets.namespace, "version": "v1alpha1"});
        wanted["resources"] = names.iter().map(resource).collect();
    }
    let api: Api<DynamicObject> =
        Api::namespaced_with(sets.hub.clone(), &sets.namespace, &application_set_resource());
    update_status(&api, &object.name_any(), current, &wanted).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> DynamicObject {
        let mut owner: DynamicObject = serde_json::from_value(json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
            "metadata": {"name": "set", "namespace": "argocd", "uid": "u"},
        }))
        .unwrap();
        owner.metadata.name = Some("set".into());
        owner
    }

    fn spec(value: Value) -> SetSpec {
        serde_json::from_value(value).unwrap()
    }

    fn inputs() -> Inputs {
        let cluster = |name: &str| ClusterFacts { name: name.into(), ..ClusterFacts::default() };
        Inputs { clusters: vec![cluster("a"), cluster("b")], directories: BTreeMap::new() }
    }

    #[test]
    fn one_application_a_cluster_owned_and_finalized() {
        let spec = spec(json!({
            "generators": [{"clusters": {}}],
            "template": {"metadata": {"name": "boot-{{name}}"}, "spec": {"destination": {"name": "{{name}}"}}},
        }));
        let applications = generate(&spec, &inputs(), &owner()).unwrap();
        assert_eq!(applications.keys().collect::<Vec<_>>(), ["boot-a", "boot-b"]);
        let metadata = &applications["boot-a"]["metadata"];
        assert_eq!(metadata["finalizers"], json!([FINALIZER]));
        assert_eq!(metadata["ownerReferences"][0]["uid"], "u");
        assert_eq!(applications["boot-b"]["spec"]["destination"]["name"], "b");
    }

    #[test]
    fn a_generators_template_lies_over_the_sets_and_names_are_unique() {
        let elements = |names: &[&str]| names.iter().map(|name| json!({"n": name})).collect::<Vec<_>>();
        let of = |names: &[&str]| {
            spec(json!({
                "goTemplate": true,
                "generators": [{"list": {"elements": elements(names), "template": {"spec": {"project": "p"}}}}],
                "template": {"metadata": {"name": "x-{{.n}}"}, "spec": {"project": "q"}},
            }))
        };
        let applications = generate(&of(&["1", "2"]), &inputs(), &owner()).unwrap();
        assert_eq!(applications["x-1"]["spec"]["project"], "p");
        assert!(
            generate(&of(&["1", "1"]), &inputs(), &owner())
                .is_err_and(|error| error.contains("duplicate name: x-1"))
        );
    }
}
