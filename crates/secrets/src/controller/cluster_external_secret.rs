//! One ClusterExternalSecret: the same ExternalSecret in every namespace that it names or selects.

use super::index::ExternalSecret as Made;
use super::queue::Name;
use super::worker::Next;
use super::write::{is_conflict, is_not_found};
use super::{Context, api_text};
use crate::api::cluster_external_secret::{
    ClusterExternalSecretSpec, ClusterExternalSecretStatus, FailedNamespace,
};
use crate::api::condition::Condition;
use crate::api::duration::GoDuration;
use crate::api::{self, CLUSTER_EXTERNAL_SECRET, EXTERNAL_SECRET};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::core::{DynamicObject, ObjectMeta};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const FINALIZER: &str = "externalsecrets.external-secrets.io/clusterexternalsecret-cleanup";

/// The one annotation that is passed on from the object itself.
const FORCE_SYNC: &str = "external-secrets.io/force-sync";

/// Where `spec.refreshTime` does not say it.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone, Deserialize)]
struct ClusterExternalSecret {
    metadata: ObjectMeta,
    #[serde(default)]
    spec: ClusterExternalSecretSpec,
    #[serde(default)]
    status: Option<ClusterExternalSecretStatus>,
}

/// Reconciles one ClusterExternalSecret.
pub(crate) async fn reconcile(context: &Context, name: &Name) -> Next {
    let Some(text) = context.index().cluster_external_secret(name) else { return Next::After(None) };
    match text.read::<ClusterExternalSecret>() {
        Ok(object) => match (Reconciliation { context, name: &name.name, object }).run().await {
            Ok(after) => Next::After(after),
            Err(next) => next,
        },
        Err(error) => {
            tracing::warn!(name = %name.name, %error, "a ClusterExternalSecret can't be read");
            Next::After(None)
        }
    }
}

struct Reconciliation<'a> {
    context: &'a Context,
    name: &'a str,
    object: ClusterExternalSecret,
}

impl Reconciliation<'_> {
    fn api(&self) -> Api<DynamicObject> {
        Api::all_with(self.context.client().clone(), &api::resource(CLUSTER_EXTERNAL_SECRET))
    }

    fn external_secrets(&self, namespace: &str) -> Api<DynamicObject> {
        Api::namespaced_with(self.context.client().clone(), namespace, &api::resource(EXTERNAL_SECRET))
    }

    fn made_name(&self) -> &str {
        match self.object.spec.external_secret_name.as_str() {
            "" => self.name,
            name => name,
        }
    }

    async fn run(mut self) -> Result<Option<Duration>, Next> {
        let status = self.object.status.clone().unwrap_or_default();
        if self.object.metadata.deletion_timestamp.is_some() {
            for namespace in &status.provisioned_namespaces {
                self.remove(namespace, &status.external_secret_name).await?;
            }
            self.hold(false).await?;
            return Ok(None);
        }
        self.hold(true).await?;
        let wanted = self.wanted();
        let made = self.made_name().to_owned();
        let renamed = !status.external_secret_name.is_empty() && status.external_secret_name != made;
        for namespace in &status.provisioned_namespaces {
            if renamed || !wanted.contains(namespace) {
                self.remove(namespace, &status.external_secret_name).await?;
            }
        }
        let mut next = ClusterExternalSecretStatus { external_secret_name: made, ..Default::default() };
        for namespace in wanted {
            match self.provide(&namespace).await {
                Ok(()) => next.provisioned_namespaces.push(namespace),
                Err(reason) => next.failed_namespaces.push(FailedNamespace { namespace, reason }),
            }
        }
        let failed = !next.failed_namespaces.is_empty();
        next.conditions = vec![Condition {
            type_: "Ready".to_owned(),
            status: if failed { "False" } else { "True" }.to_owned(),
            reason: String::new(),
            message: if failed { "one or more namespaces failed".to_owned() } else { String::new() },
            last_transition_time: None,
        }];
        self.write_status(&status, next).await?;
        let interval = self.object.spec.refresh_time.map_or(DEFAULT_INTERVAL, |interval| interval.0);
        Ok(Some(interval).filter(|interval| !interval.is_zero()))
    }

    /// The namespaces that are there and named or selected, sorted.
    fn wanted(&self) -> Vec<String> {
        let spec = &self.object.spec;
        let selectors: Vec<_> = spec.namespace_selector.iter().chain(&spec.namespace_selectors).collect();
        let mut wanted: Vec<String> = self
            .context
            .index()
            .namespaces()
            .into_iter()
            .filter(|(name, labels)| {
                spec.namespaces.contains(name) || selectors.iter().any(|selector| selector.matches(labels))
            })
            .map(|(name, _)| name)
            .collect();
        wanted.sort_unstable();
        wanted
    }

    fn is_ours(&self, made: &ObjectMeta) -> bool {
        let mut owners = made.owner_references.iter().flatten();
        owners.any(|owner| {
            owner.controller == Some(true) && owner.kind == CLUSTER_EXTERNAL_SECRET && owner.name == self.name
        })
    }

    /// What an ExternalSecret of ours looks like in a namespace.
    fn desired(&self, namespace: &str) -> Value {
        let metadata = &self.object.spec.external_secret_metadata;
        let mut annotations = metadata.annotations.clone();
        let own = self.object.metadata.annotations.as_ref();
        if let Some(force) = own.and_then(|annotations| annotations.get(FORCE_SYNC)) {
            annotations.insert(FORCE_SYNC.to_owned(), force.clone());
        }
        let mut spec = self.object.spec.external_secret_spec.clone();
        // Durations pass through Go on their way, which writes them in its own form.
        let interval = spec
            .get("refreshInterval")
            .and_then(Value::as_str)
            .and_then(|text| text.parse::<GoDuration>().ok());
        if let (Some(interval), Some(spec)) = (interval, spec.as_object_mut()) {
            spec.insert("refreshInterval".to_owned(), json!(interval));
        }
        json!({
            "apiVersion": api::API_VERSION,
            "kind": EXTERNAL_SECRET,
            "metadata": {
                "name": self.made_name(),
                "namespace": namespace,
                "labels": metadata.labels,
                "annotations": annotations,
                "ownerReferences": [{
                    "apiVersion": api::API_VERSION, "kind": CLUSTER_EXTERNAL_SECRET, "name": self.name,
                    "uid": self.object.metadata.uid, "controller": true, "blockOwnerDeletion": true,
                }],
            },
            "spec": spec,
        })
    }

    /// Has the ExternalSecret in a namespace; the error is the reason in the status.
    async fn provide(&self, namespace: &str) -> Result<(), String> {
        let desired = self.desired(namespace);
        let (api, name) = (self.external_secrets(namespace), self.made_name());
        let text = |error: kube::Error| api_text(&error);
        let existing = api.get_opt(name).await.map_err(text)?;
        let parsed =
            |value: Value| serde_json::from_value::<DynamicObject>(value).map_err(|error| error.to_string());
        let Some(existing) = existing else {
            return match api.create(&PostParams::default(), &parsed(desired)?).await {
                Ok(_) => Ok(()),
                Err(error) => Err(text(error)),
            };
        };
        if !self.is_ours(&existing.metadata) {
            return Err("external secret already exists in namespace".to_owned());
        }
        let mut wanted = parsed(desired)?;
        let map = |map: &Option<BTreeMap<String, String>>| map.clone().unwrap_or_default();
        let same = map(&existing.metadata.labels) == map(&wanted.metadata.labels)
            && map(&existing.metadata.annotations) == map(&wanted.metadata.annotations)
            && existing.data.get("spec") == wanted.data.get("spec");
        if same {
            return Ok(());
        }
        wanted.metadata.resource_version.clone_from(&existing.metadata.resource_version);
        wanted.metadata.finalizers.clone_from(&existing.metadata.finalizers);
        api.replace(name, &PostParams::default(), &wanted).await.map(|_| ()).map_err(text)
    }

    /// Takes an ExternalSecret of ours away.
    async fn remove(&self, namespace: &str, name: &str) -> Result<(), Next> {
        let known = self
            .context
            .index()
            .external_secret(&Name { namespace: namespace.to_owned(), name: name.to_owned() });
        let ours =
            known.and_then(|text| text.read::<Made>().ok()).is_none_or(|made| self.is_ours(&made.metadata));
        if !ours {
            return Ok(());
        }
        match self.external_secrets(namespace).delete(name, &DeleteParams::default()).await {
            Ok(_) => Ok(()),
            Err(error) if is_not_found(&error) => Ok(()),
            Err(_) => Err(Next::Retry(None)),
        }
    }

    /// Puts the finalizer on, or takes it off.
    async fn hold(&mut self, wanted: bool) -> Result<(), Next> {
        let mut finalizers = self.object.metadata.finalizers.clone().unwrap_or_default();
        if finalizers.iter().any(|finalizer| finalizer == FINALIZER) == wanted {
            return Ok(());
        }
        finalizers.retain(|finalizer| finalizer != FINALIZER);
        if wanted {
            finalizers.push(FINALIZER.to_owned());
        }
        let patch = json!({ "metadata": {
            "finalizers": finalizers, "resourceVersion": self.object.metadata.resource_version } });
        match self.api().patch(self.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(object) => {
                self.object.metadata.resource_version.clone_from(&object.metadata.resource_version);
                self.context.index().enter_cluster_external_secret(&object);
                Ok(())
            }
            Err(error) if is_not_found(&error) => Err(Next::After(None)),
            Err(error) if is_conflict(&error) => Err(Next::Again),
            Err(_) => Err(Next::Retry(None)),
        }
    }

    async fn write_status(
        &self,
        former: &ClusterExternalSecretStatus,
        status: ClusterExternalSecretStatus,
    ) -> Result<(), Next> {
        if *former == status {
            return Ok(());
        }
        let object = json!({
            "apiVersion": api::API_VERSION,
            "kind": CLUSTER_EXTERNAL_SECRET,
            "metadata": { "name": self.name, "resourceVersion": self.object.metadata.resource_version },
            "status": status,
        });
        let object: DynamicObject = serde_json::from_value(object).map_err(|_| Next::Retry(None))?;
        match self.api().replace_status(self.name, &PostParams::default(), &object).await {
            Ok(written) => {
                self.context.index().enter_cluster_external_secret(&written);
                Ok(())
            }
            Err(error) if is_not_found(&error) => Err(Next::After(None)),
            Err(error) if is_conflict(&error) => Err(Next::Again),
            Err(_) => Err(Next::Retry(None)),
        }
    }
}
