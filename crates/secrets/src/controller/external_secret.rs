//! One ExternalSecret: is it due, what has the provider, what shall the Secret be, how did it end.

use super::fetch::{self, Fetched};
use super::index::{ExternalSecret, Text};
use super::meters::Metered;
use super::queue::Name;
use super::worker::Next;
use super::write::{Secrets, is_conflict};
use super::{Context, api_text, stamp, template};
use crate::api;
use crate::api::condition::Condition;
use crate::api::external_secret::{
    CreationPolicy, DeletionPolicy, ExternalSecretSpec, ExternalSecretStatus, StoreRef,
};
use crate::decide::content::{Own, Sources, as_fetched, rendered};
use crate::decide::outcome::{Failure, SYNC_ERROR, Success};
use crate::decide::refresh::{self, Last, TargetState};
use crate::decide::secret::{Asking, PlanError, Write, created_by, plan};
use gangplank_runtime::EventType;
use gangplank_template::pipeline::hash_of_metadata;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ObjectReference, Secret};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use serde_json::json;
use std::time::Duration;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::Instant;

/// Kept on the object until its Secret has been seen to.
pub(crate) const FINALIZER: &str = "externalsecrets.external-secrets.io/externalsecret-cleanup";

/// The stores that an object refers to, in order.
pub(crate) fn stores_of(spec: &ExternalSecretSpec) -> impl Iterator<Item = &StoreRef> {
    let of_data = spec.data.iter().filter_map(|entry| entry.source_ref.as_ref());
    let of_data_from = spec.data_from.iter().filter_map(|entry| entry.source_ref.as_ref());
    let named = of_data.chain(of_data_from).filter_map(|source| source.store_ref.as_ref());
    std::iter::once(&spec.secret_store_ref).chain(named)
}

/// Reconciles one ExternalSecret.
pub(crate) async fn reconcile(context: &Context, name: &Name) -> Next {
    let Some(text) = context.index().external_secret(name) else { return Next::After(None) };
    let started = Instant::now();
    let (next, failed) = match text.read::<ExternalSecret>() {
        Ok(object) => Reconciliation::new(context, name, object).run().await,
        Err(error) => (unreadable(context, name, &text, &error.to_string()).await, true),
    };
    context.meters().synced(&name.namespace, &name.name, failed, started.elapsed());
    next
}

/// An object that the API server took but that can't be read, such as an interval that is none: refused by itself,
/// so that all others go on.
async fn unreadable(context: &Context, name: &Name, text: &Text, error: &str) -> Next {
    #[derive(serde::Deserialize)]
    struct Bare {
        metadata: kube::core::ObjectMeta,
    }
    let Ok(Bare { metadata }) = text.read::<Bare>() else { return Next::After(None) };
    let object = ExternalSecret { metadata, spec: ExternalSecretSpec::default(), status: None };
    let mut reconciliation = Reconciliation::new(context, name, object);
    let failure = Failure::Spec(format!("the spec can't be read: {error}"));
    reconciliation.failed(failure, None).await
}

struct Reconciliation<'a> {
    context: &'a Context,
    name: &'a Name,
    object: ExternalSecret,
    now: Timestamp,
}

impl<'a> Reconciliation<'a> {
    fn new(context: &'a Context, name: &'a Name, object: ExternalSecret) -> Self {
        Self { context, name, object, now: Timestamp::now() }
    }

    fn api(&self) -> Api<DynamicObject> {
        let resource = api::resource(api::EXTERNAL_SECRET);
        Api::namespaced_with(self.context.client().clone(), &self.name.namespace, &resource)
    }

    fn asking(&self) -> Asking<'_> {
        let uid = self.object.metadata.uid.as_deref().unwrap_or_default();
        Asking { name: &self.name.name, namespace: &self.name.namespace, uid }
    }

    fn target_name(&self) -> &str {
        match self.object.spec.target.name.as_str() {
            "" => &self.name.name,
            name => name,
        }
    }

    fn event(&self, kind: EventType, reason: &'static str, note: impl Into<String>) {
        let about = ObjectReference {
            api_version: Some(api::API_VERSION.to_owned()),
            kind: Some(api::EXTERNAL_SECRET.to_owned()),
            namespace: Some(self.name.namespace.clone()),
            name: Some(self.name.name.clone()),
            uid: self.object.metadata.uid.clone(),
            resource_version: self.object.metadata.resource_version.clone(),
            ..ObjectReference::default()
        };
        self.context.event(about, kind, reason, note.into());
    }

    /// The version that `status.syncedResourceVersion` records.
    fn version(&self) -> String {
        let metadata = &self.object.metadata;
        let annotations = metadata.annotations.clone().unwrap_or_default();
        let labels = metadata.labels.clone().unwrap_or_default();
        format!("{}-{}", metadata.generation.unwrap_or_default(), hash_of_metadata(&annotations, &labels))
    }

    async fn run(&mut self) -> (Next, bool) {
        if self.object.metadata.deletion_timestamp.is_some() {
            return self.finalize().await;
        }
        if let Err(next) = self.hold().await {
            return (next, true);
        }
        let foreign = stores_of(&self.object.spec).any(|reference| {
            let store = self.context.index().store_of(reference, &self.name.namespace);
            let store = store.and_then(|text| text.read::<super::index::Store>().ok());
            store.is_some_and(|store| !self.context.serves(&store))
        });
        if foreign {
            return (Next::After(None), false);
        }
        if self.object.spec.target.manifest.is_some() {
            let text = "spec.target.manifest is not supported by gangplank: make a Secret".to_owned();
            return (self.failed(Failure::Spec(text), None).await, true);
        }
        let status = self.object.status.clone().unwrap_or_default();
        let version = self.version();
        let refreshed = status.refresh_time.as_deref().and_then(|time| time.parse::<Timestamp>().ok());
        let last = Last { synced_version: &status.synced_resource_version, version: &version, refreshed };
        let due = refresh::is_due(&self.object.spec, &last, self.now);
        let (target, existing) = match self.observe_target(due).await {
            Ok(Observed::Target(state, secret)) => (state, secret),
            Ok(Observed::Stripped) => return (Next::After(self.look_again(refreshed)), false),
            Err(failure) => return (self.failed(failure, None).await, true),
        };
        if !due && refresh::is_target_valid(self.object.spec.target.creation_policy, target) {
            return (Next::After(self.look_again(refreshed)), false);
        }
        // A change that somebody made after a success shows at once whether the login still works; a refresh need not.
        let proven = !status.synced_resource_version.is_empty() && status.synced_resource_version != version;
        match self.sync(existing, target.is_some(), proven).await {
            Ok((success, exists)) => (self.succeeded(success, exists, version).await, false),
            Err(Stopped::Failed(failure, wished)) => (self.failed(failure, wished).await, true),
            Err(Stopped::Outdated) => (Next::Again, true),
        }
    }

    fn look_again(&self, refreshed: Option<Timestamp>) -> Option<Duration> {
        // The uid is random: its first digits are the object's own place in the spread.
        let uid = self.object.metadata.uid.as_deref().unwrap_or_default();
        let digits = uid.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or_default();
        refresh::look_again(&self.object.spec, refreshed, self.now, f64::from(digits) / f64::from(u32::MAX))
    }

    /// The object is to go: what it owns goes with it where its policy says so.
    async fn finalize(&self) -> (Next, bool) {
        let held = self.object.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER);
        if !held {
            return (Next::After(None), false);
        }
        if self.object.spec.target.deletion_policy == DeletionPolicy::Delete {
            let secrets = Secrets::new(self.context, self.name);
            let uid = self.object.metadata.uid.as_deref();
            let ours = |secret: &Secret| {
                let mut owners = secret.metadata.owner_references.iter().flatten();
                owners.any(|owner| owner.controller == Some(true) && Some(owner.uid.as_str()) == uid)
            };
            match secrets.get(self.target_name()).await {
                Ok(Some(secret)) if ours(&secret) => {
                    if let Err(error) = secrets.delete(&secret).await {
                        self.event(EventType::Warning, "UpdateFailed", error);
                        return (Next::Retry(None), true);
                    }
                }
                Ok(_) => {}
                Err(_) => return (Next::Retry(None), true),
            }
        }
        let left: Vec<&String> = self
            .object
            .metadata
            .finalizers
            .iter()
            .flatten()
            .filter(|finalizer| *finalizer != FINALIZER)
            .collect();
        let patch = json!({ "metadata": {
            "finalizers": left, "resourceVersion": self.object.metadata.resource_version } });
        match self.api().patch(&self.name.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(_) => (Next::After(None), false),
            Err(error) if super::write::is_not_found(&error) => (Next::After(None), false),
            Err(error) if is_conflict(&error) => (Next::Again, false),
            Err(_) => (Next::Retry(None), true),
        }
    }

    /// Puts the finalizer on the object, by a patch that owns no field of the spec.
    async fn hold(&mut self) -> Result<(), Next> {
        let finalizers = self.object.metadata.finalizers.get_or_insert_default();
        if finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
            return Ok(());
        }
        finalizers.push(FINALIZER.to_owned());
        let patch = json!({ "metadata": {
            "finalizers": finalizers, "resourceVersion": self.object.metadata.resource_version } });
        match self.api().patch(&self.name.name, &PatchParams::default(), &Patch::Merge(&patch)).await {
            Ok(object) => {
                self.object.metadata.resource_version.clone_from(&object.metadata.resource_version);
                self.context.index().enter_external_secret(&object);
                Ok(())
            }
            Err(error) if super::write::is_not_found(&error) => Err(Next::After(None)),
            Err(error) if is_conflict(&error) => Err(Next::Again),
            Err(_) => Err(Next::Retry(None)),
        }
    }

    /// The Secret as it is known; one that is not known is looked up, and labelled where it is there. A label that
    /// somebody took away comes back when data is due, not before.
    async fn observe_target(&self, due: bool) -> Result<Observed, Failure> {
        let name = Name::new(&self.name.namespace, self.target_name());
        if let Some(known) = self.context.index().secret(&name) {
            return Ok(Observed::Target(Some(known.target), None));
        }
        let secrets = Secrets::new(self.context, self.name);
        let update = |error: kube::Error| Failure::Update(api_text(&error));
        let Some(secret) = secrets.get(&name.name).await.map_err(update)? else {
            return Ok(Observed::Target(None, None));
        };
        let state = super::watch::secret_state(&secret).target;
        match (state.managed, due) {
            (true, _) => Ok(Observed::Target(Some(state), Some(Box::new(secret)))),
            (false, false) => Ok(Observed::Stripped),
            (false, true) => {
                let labelled = secrets.label(&name.name).await.map_err(update)?;
                Ok(Observed::Target(
                    Some(super::watch::secret_state(&labelled).target),
                    Some(Box::new(labelled)),
                ))
            }
        }
    }

    /// Fetches, decides and writes. Says how it succeeded, and whether the Secret is there now.
    async fn sync(
        &self,
        existing: Option<Box<Secret>>,
        is_there: bool,
        proven: bool,
    ) -> Result<(Success, bool), Stopped> {
        let Fetched { data, missing } = fetch::fetch(self.context, &self.object, self.name, proven)
            .await
            .map_err(|error| Stopped::Failed(Failure::Fetch(error.text), error.retry_after))?;
        for note in missing {
            self.event(EventType::Normal, "MissingProviderSecret", note);
        }
        let target = &self.object.spec.target;
        let secrets = Secrets::new(self.context, self.name);
        if data.is_empty() {
            match target.deletion_policy {
                DeletionPolicy::Retain => return Ok((Success::Retained, is_there)),
                DeletionPolicy::Delete => return self.delete(&secrets).await,
                DeletionPolicy::Merge => {}
            }
        }
        match target.creation_policy {
            CreationPolicy::None => return Ok((Success::Synced, is_there)),
            CreationPolicy::Merge if !is_there => return Ok((Success::Missing, false)),
            CreationPolicy::Owner => self.delete_orphans(&secrets).await?,
            _ => {}
        }
        let existing = match existing {
            Some(secret) => Some(*secret),
            None if is_there => {
                let read = secrets.get(self.target_name()).await;
                read.map_err(|error| Stopped::update(api_text(&error)))?
            }
            None => None,
        };
        let sources = match &target.template {
            Some(template) => template::sources(self.context, &self.name.namespace, template).await,
            None => Sources::default(),
        };
        self.write(&secrets, existing.as_ref(), &data, &sources).await?;
        Ok((Success::Synced, true))
    }

    async fn write(
        &self,
        secrets: &Secrets<'_>,
        existing: Option<&Secret>,
        data: &crate::value::SecretData,
        sources: &Sources,
    ) -> Result<(), Stopped> {
        let (target, name) = (&self.object.spec.target, self.target_name());
        let (none_labels, none_annotations) = Default::default();
        let own = Own {
            labels: self.object.metadata.labels.as_ref().unwrap_or(&none_labels),
            annotations: self.object.metadata.annotations.as_ref().unwrap_or(&none_annotations),
        };
        let content = || match &target.template {
            None => Ok(as_fetched(data, own)),
            Some(template) => {
                let delimiters = &self.context.options().template_delimiters;
                rendered(template, data, sources, delimiters, &mut fetch::environment())
            }
        };
        let decide = || plan(&self.asking(), target, name, existing, content);
        let plan = if target.template.is_some() { beside(decide) } else { decide() };
        let plan = plan.map_err(|error| {
            let text = match existing {
                Some(_) => format!("unable to mutate secret {name}: {error}"),
                None => error.to_string(),
            };
            Stopped::Failed(
                match error {
                    PlanError::OwnedByAnother(_) => Failure::OwnedByAnother(text),
                    PlanError::ForeignController(_) => Failure::ForeignController(text),
                    PlanError::Content(_) => Failure::Update(text),
                },
                None,
            )
        })?;
        match &plan.write {
            Write::Nothing => {}
            Write::Create(secret) => match secrets.create(secret).await {
                Ok(_) => self.event(EventType::Normal, "Created", "secret created"),
                Err(error) if is_conflict(&error) => return Err(Stopped::Outdated),
                Err(error) => return Err(Stopped::update(api_text(&error))),
            },
            Write::Update(secret) => match secrets.update(secret).await {
                Ok(_) if plan.is_immutable => {}
                Ok(_) => self.event(EventType::Normal, "Updated", "secret updated"),
                Err(error) if is_conflict(&error) => return Err(Stopped::Outdated),
                Err(error) => {
                    return Err(Stopped::update(format!(
                        "unable to update secret {name}: {}",
                        api_text(&error)
                    )));
                }
            },
        }
        if plan.is_immutable {
            let text = format!("unable to update secret {name}: secret is immutable");
            return Err(Stopped::Failed(Failure::Immutable(text), None));
        }
        Ok(())
    }

    /// The provider has nothing any more, and the policy says Delete.
    async fn delete(&self, secrets: &Secrets<'_>) -> Result<(Success, bool), Stopped> {
        let policy = self.object.spec.target.creation_policy;
        if policy != CreationPolicy::Owner {
            let text = format!(
                "unable to delete secret {}: creationPolicy={policy:?} is not Owner",
                self.target_name()
            );
            return Err(Stopped::Failed(Failure::MayNotDelete(text), None));
        }
        let read = secrets.get(self.target_name()).await;
        let secret = read.map_err(|error| Stopped::Failed(Failure::Delete(api_text(&error)), None))?;
        if let Some(secret) = secret {
            secrets.delete(&secret).await.map_err(|error| Stopped::Failed(Failure::Delete(error), None))?;
            self.event(EventType::Normal, "Deleted", "secret deleted due to DeletionPolicy=Delete");
        }
        Ok((Success::Deleted, false))
    }

    /// Deletes Secrets that this object made under a former target name. The one it has is known from `binding`.
    async fn delete_orphans(&self, secrets: &Secrets<'_>) -> Result<(), Stopped> {
        let bound =
            self.object.status.as_ref().map(|status| status.binding.name.as_str()).unwrap_or_default();
        if bound.is_empty() || bound == self.target_name() {
            return Ok(());
        }
        let orphans = |error: String| Stopped::Failed(Failure::Orphans(error), None);
        for secret in secrets.owned(&created_by(&self.asking())).await.map_err(orphans)? {
            if secret.metadata.name.as_deref() != Some(self.target_name()) {
                secrets.delete(&secret).await.map_err(orphans)?;
                self.event(EventType::Normal, "Deleted", "secret deleted because it was orphaned");
            }
        }
        Ok(())
    }

    async fn succeeded(&mut self, success: Success, exists: bool, version: String) -> Next {
        let mut status = self.object.status.clone().unwrap_or_default();
        status.refresh_time = Some(stamp(self.now));
        status.synced_resource_version = version;
        if exists {
            status.binding.name = self.target_name().to_owned();
        }
        let (reason, message) = success.condition();
        match self.write_status(status, true, reason, message).await {
            Ok(()) => Next::After(self.look_again(Some(self.now))),
            Err(next) => next,
        }
    }

    async fn failed(&mut self, failure: Failure, wished: Option<Duration>) -> Next {
        self.event(EventType::Warning, "UpdateFailed", failure.cause());
        let mut status = self.object.status.clone().unwrap_or_default();
        let target = Name::new(&self.name.namespace, self.target_name());
        if self.context.index().secret(&target).is_some() {
            status.binding.name = self.target_name().to_owned();
        }
        match self.write_status(status, false, SYNC_ERROR, failure.message()).await {
            Ok(()) if failure.is_retried() => Next::Retry(wished),
            Ok(()) => Next::After(None),
            Err(next) => next,
        }
    }

    /// Writes the status where it changed.
    async fn write_status(
        &mut self,
        mut status: ExternalSecretStatus,
        ready: bool,
        reason: &str,
        message: &str,
    ) -> Result<(), Next> {
        let condition = Condition::ready(&status.conditions, &stamp(self.now), ready, reason, message);
        self.context.meters().condition(
            Metered::ExternalSecret,
            &self.name.namespace,
            &self.name.name,
            &condition,
        );
        status.conditions.retain(|former| former.type_ != condition.type_);
        status.conditions.push(condition);
        if self.object.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let object = json!({
            "apiVersion": api::API_VERSION,
            "kind": api::EXTERNAL_SECRET,
            "metadata": {
                "name": self.name.name,
                "namespace": self.name.namespace,
                "resourceVersion": self.object.metadata.resource_version,
                "uid": self.object.metadata.uid,
            },
            "status": status,
        });
        let object: DynamicObject = serde_json::from_value(object).map_err(|_| Next::Retry(None))?;
        match self.api().replace_status(&self.name.name, &PostParams::default(), &object).await {
            Ok(written) => {
                self.context.index().enter_external_secret(&written);
                Ok(())
            }
            Err(error) if super::write::is_not_found(&error) => Err(Next::After(None)),
            Err(error) if is_conflict(&error) => Err(Next::Again),
            Err(error) => {
                tracing::warn!(namespace = %self.name.namespace, name = %self.name.name,
                    error = %api_text(&error), "status not written");
                Err(Next::Retry(None))
            }
        }
    }
}

/// Computes what may take long (templates make keys and hash passwords) without holding up what else this thread has to
/// do, where the runtime has more than one.
fn beside<T>(compute: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(compute),
        _ => compute(),
    }
}

/// The Secret that an ExternalSecret makes, as it was found.
enum Observed {
    /// Its state, and itself where it had to be read for that; none is there.
    Target(Option<TargetState>, Option<Box<Secret>>),
    /// It is there without the managed label, and nothing is due.
    Stripped,
}

/// Why a synchronisation stopped.
enum Stopped {
    Failed(Failure, Option<Duration>),
    /// Somebody wrote the Secret meanwhile.
    Outdated,
}

impl Stopped {
    fn update(text: String) -> Self {
        Self::Failed(Failure::Update(text), None)
    }
}
