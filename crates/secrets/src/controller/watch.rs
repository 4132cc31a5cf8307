//! The watches: what each event means for the index and the queue.

use super::Context;
use super::index::{SecretState, Seen, Store, Watched};
use super::queue::{Class, Name, Work};
use crate::api;
use crate::api::condition::Condition;
use crate::api::store::StoreKind;
use crate::controller::meters::Metered;
use crate::decide::refresh::TargetState;
use crate::decide::secret::{DATA_HASH, MANAGED, data_hash};
use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Resource;
use kube::api::Api;
use kube::core::{DynamicObject, ObjectMeta, PartialObjectMeta};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Objects a page: large enough to be quick, small enough that a page of large Secrets is no burden.
const PAGE: u32 = 200;

fn config() -> watcher::Config {
    watcher::Config::default().page_size(PAGE)
}

impl Context {
    fn dynamic(&self, kind: &str, namespaced: bool) -> Api<DynamicObject> {
        let resource = api::resource(kind);
        match &self.options().namespace {
            Some(namespace) if namespaced => {
                Api::namespaced_with(self.client().clone(), namespace, &resource)
            }
            _ => Api::all_with(self.client().clone(), &resource),
        }
    }

    fn secrets(&self) -> Api<Secret> {
        match &self.options().namespace {
            Some(namespace) => Api::namespaced(self.client().clone(), namespace),
            None => Api::all(self.client().clone()),
        }
    }
}

/// Starts all watches; each ends with the token. `listed` counts those that have shown all there is.
pub(crate) fn start(
    context: &Context,
    tasks: &mut JoinSet<()>,
    listed: &watch::Sender<usize>,
    stop: &CancellationToken,
) {
    let mut watches = Watches { context, tasks, listed, stop };
    for (kind, namespaced) in [(StoreKind::SecretStore, true), (StoreKind::ClusterSecretStore, false)] {
        let api = context.dynamic(kind.as_str(), namespaced);
        watches.follow(Watched::Stores(kind), api, config(), on_store, off_store);
    }
    let api = context.dynamic(api::EXTERNAL_SECRET, true);
    watches.follow(Watched::ExternalSecrets, api, config(), on_external_secret, off_external_secret);
    let api = context.dynamic(api::CLUSTER_EXTERNAL_SECRET, false);
    let (on, off) = (on_cluster_external_secret, off_cluster_external_secret);
    watches.follow(Watched::ClusterExternalSecrets, api, config(), on, off);
    let managed = config().labels(&format!("{MANAGED}=true"));
    watches.follow(Watched::Secrets, context.secrets(), managed, on_secret, off_secret);
    let api = Api::<PartialObjectMeta<Namespace>>::all(context.client().clone());
    watches.follow(Watched::Namespaces, api, config(), on_namespace, off_namespace);
}

/// How many watches there are.
pub(crate) const WATCHES: usize = 6;

struct Watches<'a> {
    context: &'a Context,
    tasks: &'a mut JoinSet<()>,
    listed: &'a watch::Sender<usize>,
    stop: &'a CancellationToken,
}

type On<K> = fn(&Context, &K) -> Arc<Name>;
type Off = fn(&Context, &Arc<Name>);

impl Watches<'_> {
    fn follow<K>(&mut self, kind: Watched, api: Api<K>, config: watcher::Config, on: On<K>, off: Off)
    where
        K: HasMeta + Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let (context, listed, stop) = (self.context.clone(), self.listed.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            follow(&context, kind, watcher(api, config), &listed, &stop, on, off).await
        });
    }
}

/// Follows one watch. A list that began anew tells what went while nobody looked.
async fn follow<K, S>(
    context: &Context,
    kind: Watched,
    stream: S,
    listed: &watch::Sender<usize>,
    stop: &CancellationToken,
    on: On<K>,
    off: Off,
) where
    K: HasMeta + Clone + Send + 'static,
    S: Stream<Item = watcher::Result<Event<K>>> + Send,
{
    let mut stream = std::pin::pin!(stream.default_backoff());
    let mut shown = HashSet::new();
    let mut first = true;
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = stream.next() => event,
        };
        match event {
            None => return,
            Some(Err(error)) => tracing::warn!(?kind, %error, "watch interrupted"),
            Some(Ok(Event::Init)) => shown.clear(),
            Some(Ok(Event::InitApply(object))) => {
                shown.insert(on(context, &object));
            }
            Some(Ok(Event::InitDone)) => {
                let gone = context.index().keep_only(kind, &shown);
                for name in &gone {
                    off(context, name);
                }
                shown = HashSet::new();
                if std::mem::take(&mut first) {
                    listed.send_modify(|count| *count += 1);
                }
            }
            Some(Ok(Event::Apply(object))) => {
                on(context, &object);
            }
            Some(Ok(Event::Delete(object))) => off(context, &name_of(object.meta())),
        }
    }
}

trait HasMeta {
    fn meta(&self) -> &ObjectMeta;
}

impl HasMeta for DynamicObject {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl HasMeta for Secret {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl HasMeta for PartialObjectMeta<Namespace> {
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
}

fn name_of(metadata: &ObjectMeta) -> Arc<Name> {
    Name::new(metadata.namespace.as_deref().unwrap_or_default(), metadata.name.as_deref().unwrap_or_default())
}

fn on_external_secret(context: &Context, object: &DynamicObject) -> Arc<Name> {
    let (name, seen) = context.index().enter_external_secret(object);
    if let Seen::Changed { new } = seen {
        // What a restart finds synced is looked at after what nobody has made yet.
        let synced = object.data.pointer("/status/refreshTime").is_some_and(|time| !time.is_null());
        let class = if new && synced {
            Class::Refresh
        } else if new {
            Class::First
        } else {
            Class::Changed
        };
        context.queue().add(Work::ExternalSecret(Arc::clone(&name)), class);
        // What a ClusterExternalSecret made is put right by it when somebody edits it.
        let owners = object.metadata.owner_references.iter().flatten();
        for owner in owners.filter(|owner| owner.kind == api::CLUSTER_EXTERNAL_SECRET) {
            context.queue().add(Work::ClusterExternalSecret(Name::new("", &owner.name)), Class::Changed);
        }
    }
    name
}

fn off_external_secret(context: &Context, name: &Arc<Name>) {
    let metadata = metadata_of(name);
    context.index().leave_external_secret(&metadata);
    context.meters().forget(Metered::ExternalSecret, &name.namespace, &name.name);
    wake_cluster_external_secrets(context);
}

fn metadata_of(name: &Name) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.name.clone()),
        namespace: Some(name.namespace.clone()).filter(|namespace| !namespace.is_empty()),
        ..ObjectMeta::default()
    }
}

fn on_store(context: &Context, object: &DynamicObject) -> Arc<Name> {
    let is_ready = |text: Option<super::index::Text>| {
        let store = text.and_then(|text| text.read::<Store>().ok());
        store.and_then(|store| store.status).is_some_and(|status| Condition::is_ready(&status.conditions))
    };
    let former = context.index().store(&name_of(&object.metadata));
    let was_ready = is_ready(former);
    let (name, seen) = context.index().enter_store(object);
    if let Seen::Changed { .. } = seen {
        context.queue().add(Work::Store(Arc::clone(&name)), Class::First);
    }
    let now_ready = is_ready(context.index().store(&name));
    if now_ready && !was_ready {
        wake_users(context, &name);
    }
    name
}

/// Enters a store's status that was just written.
pub(crate) fn store_written(context: &Context, object: &DynamicObject) {
    on_store(context, object);
}

/// A store that became ready wakes the ExternalSecrets that wait for it.
fn wake_users(context: &Context, store: &Name) {
    let users = context.index().users_of(store);
    for name in users {
        let Some(text) = context.index().external_secret(&name) else { continue };
        let Ok(object) = text.read::<super::index::ExternalSecret>() else { continue };
        if object.status.is_none_or(|status| !Condition::is_ready(&status.conditions)) {
            context.queue().add(Work::ExternalSecret(name), Class::First);
        }
    }
}

fn off_store(context: &Context, name: &Arc<Name>) {
    context.index().leave_store(&metadata_of(name));
    let of = if name.namespace.is_empty() { Metered::ClusterSecretStore } else { Metered::SecretStore };
    context.meters().forget(of, &name.namespace, &name.name);
}

fn on_cluster_external_secret(context: &Context, object: &DynamicObject) -> Arc<Name> {
    let (name, seen) = context.index().enter_cluster_external_secret(object);
    if let Seen::Changed { .. } = seen {
        context.queue().add(Work::ClusterExternalSecret(Arc::clone(&name)), Class::Changed);
    }
    name
}

fn off_cluster_external_secret(context: &Context, name: &Arc<Name>) {
    context.index().leave_cluster_external_secret(&metadata_of(name));
}

fn wake_cluster_external_secrets(context: &Context) {
    let names = context.index().cluster_external_secret_names();
    for name in names {
        context.queue().add(Work::ClusterExternalSecret(name), Class::Changed);
    }
}

/// The state of a Secret; its data is read here once and kept nowhere.
pub(crate) fn secret_state(secret: &Secret) -> SecretState {
    let metadata = &secret.metadata;
    let managed = metadata.labels.as_ref().and_then(|labels| labels.get(MANAGED));
    let hash = metadata.annotations.as_ref().and_then(|annotations| annotations.get(DATA_HASH));
    SecretState {
        uid: metadata.uid.clone().unwrap_or_default(),
        version: metadata.resource_version.clone().unwrap_or_default(),
        target: TargetState {
            managed: managed.is_some_and(|managed| managed == "true"),
            intact: hash.is_some_and(|hash| *hash == data_hash(secret)),
        },
    }
}

fn on_secret(context: &Context, secret: &Secret) -> Arc<Name> {
    let (name, state) = (name_of(&secret.metadata), secret_state(secret));
    let valid = state.target.managed && state.target.intact;
    if context.index().enter_secret(&name, state) {
        let makers = context.index().makers_of(&name);
        for maker in makers {
            let class = if valid { Class::Refresh } else { Class::Changed };
            context.queue().add(Work::ExternalSecret(maker), class);
        }
    }
    name
}

fn off_secret(context: &Context, name: &Arc<Name>) {
    context.index().leave_secret(name);
    let makers = context.index().makers_of(name);
    for maker in makers {
        context.queue().add(Work::ExternalSecret(maker), Class::Changed);
    }
}

fn on_namespace(context: &Context, namespace: &PartialObjectMeta<Namespace>) -> Arc<Name> {
    let name = name_of(&namespace.metadata);
    let labels = namespace.metadata.labels.clone().unwrap_or_default();
    if context.index().enter_namespace(&name.name, labels) {
        wake_cluster_external_secrets(context);
    }
    name
}

fn off_namespace(context: &Context, name: &Arc<Name>) {
    context.index().leave_namespace(&name.name);
    wake_cluster_external_secrets(context);
}
