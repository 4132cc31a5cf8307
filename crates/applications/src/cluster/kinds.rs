//! Which kinds a cluster serves: asked a group and version at a time, only for those in use, and kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::discovery::ApiResource;
use tokio::time::Instant;

/// How long a group's list is believed. A kind that is missing is asked for again at once.
const BELIEVED: Duration = Duration::from_secs(600);

/// A kind that a cluster serves.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kind {
    pub(crate) resource: ApiResource,
    pub(crate) namespaced: bool,
}

impl Kind {
    /// Returns the API of the kind, in `namespace` where it has namespaces.
    pub(crate) fn api(&self, client: &Client, namespace: &str) -> Api<DynamicObject> {
        if self.namespaced {
            Api::namespaced_with(client.clone(), namespace, &self.resource)
        } else {
            Api::all_with(client.clone(), &self.resource)
        }
    }
}

/// Why a kind is not known.
#[derive(Clone, Debug)]
pub(crate) enum KindError {
    /// The cluster answered, and does not serve it.
    NotServed,
    /// The cluster could not be asked.
    Failed(String),
}

type List = Arc<Vec<(String, Kind)>>;

/// The kinds of one cluster.
#[derive(Default)]
pub(crate) struct Kinds {
    lists: Mutex<HashMap<String, (Instant, List)>>,
}

impl Kinds {
    /// Returns a kind, by what is known or by asking; a kind that is not in a kept list is asked for again.
    pub(crate) async fn get(
        &self,
        client: &Client,
        api_version: &str,
        kind: &str,
    ) -> Result<Kind, KindError> {
        let find = |list: &List| list.iter().find(|(name, _)| name == kind).map(|(_, kind)| kind.clone());
        if let Some(kind) = self.kept(api_version).as_ref().and_then(find) {
            return Ok(kind);
        }
        let list = self.ask(client, api_version).await?;
        find(&list).ok_or(KindError::NotServed)
    }

    /// Forgets everything: definitions changed, or the cluster is another.
    pub(crate) fn forget(&self) {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn kept(&self, api_version: &str) -> Option<List> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.get(api_version).filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, list)| list.clone())
    }

    async fn ask(&self, client: &Client, api_version: &str) -> Result<List, KindError> {
        let answer = if api_version.contains('/') {
            client.list_api_group_resources(api_version).await
        } else {
            client.list_core_api_resources(api_version).await
        };
        let list = match answer {
            Ok(list) => Arc::new(kinds_of(api_version, list)),
            Err(kube::Error::Api(status)) if status.code == 404 => return Err(KindError::NotServed),
            Err(error) => return Err(KindError::Failed(super::explain(&error))),
        };
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        lists.insert(api_version.to_owned(), (Instant::now(), list.clone()));
        Ok(list)
    }
}

fn kinds_of(api_version: &str, list: APIResourceList) -> Vec<(String, Kind)> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    list.resources
        .into_iter()
        .filter(|resource| !resource.name.contains('/'))
        .map(|resource| {
            let kind = Kind {
                namespaced: resource.namespaced,
                resource: ApiResource {
                    group: group.to_owned(),
                    version: version.to_owned(),
                    api_version: api_version.to_owned(),
                    kind: resource.kind.clone(),
                    plural: resource.name,
                },
            };
            (resource.kind, kind)
        })
        .collect()
}
