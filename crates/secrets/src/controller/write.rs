//! Writes of Secrets, as ESO makes them: create and update under the ExternalSecret's own field manager.

use super::queue::Name;
use super::watch::secret_state;
use super::{Context, api_text};
use crate::decide::manager::field_manager;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;

/// The Secrets of one namespace, as written for one ExternalSecret.
pub(crate) struct Secrets<'a> {
    context: &'a Context,
    api: Api<Secret>,
    parameters: PostParams,
}

impl<'a> Secrets<'a> {
    pub(crate) fn new(context: &'a Context, asking: &Name) -> Self {
        let parameters =
            PostParams { field_manager: Some(field_manager(&asking.name)), ..PostParams::default() };
        Self { context, api: Api::namespaced(context.client().clone(), &asking.namespace), parameters }
    }

    fn enter(&self, secret: &Secret) {
        let namespace = secret.metadata.namespace.as_deref().unwrap_or_default();
        let name = Name::new(namespace, secret.metadata.name.as_deref().unwrap_or_default());
        self.context.index().enter_secret(&name, secret_state(secret));
    }

    pub(crate) async fn get(&self, name: &str) -> Result<Option<Secret>, kube::Error> {
        self.api.get_opt(name).await
    }

    /// Puts the managed label on a Secret that lacks it.
    pub(crate) async fn label(&self, name: &str) -> Result<Secret, kube::Error> {
        let patch = json!({ "metadata": { "labels": { crate::decide::secret::MANAGED: "true" } } });
        let parameters =
            PatchParams { field_manager: self.parameters.field_manager.clone(), ..PatchParams::default() };
        let secret = self.api.patch(name, &parameters, &Patch::Merge(&patch)).await?;
        self.enter(&secret);
        Ok(secret)
    }

    pub(crate) async fn create(&self, secret: &Secret) -> Result<Secret, kube::Error> {
        let secret = self.api.create(&self.parameters, secret).await?;
        self.enter(&secret);
        Ok(secret)
    }

    pub(crate) async fn update(&self, secret: &Secret) -> Result<Secret, kube::Error> {
        let name = secret.metadata.name.as_deref().unwrap_or_default();
        let secret = self.api.replace(name, &self.parameters, secret).await?;
        self.enter(&secret);
        Ok(secret)
    }

    /// Deletes exactly this Secret; gone already is no error.
    pub(crate) async fn delete(&self, secret: &Secret) -> Result<(), String> {
        let preconditions = Preconditions { uid: secret.metadata.uid.clone(), resource_version: None };
        let parameters = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        let name = secret.metadata.name.as_deref().unwrap_or_default();
        match self.api.delete(name, &parameters).await {
            Ok(_) => {}
            Err(error) if is_not_found(&error) => {}
            Err(error) => return Err(api_text(&error)),
        }
        let namespace = secret.metadata.namespace.as_deref().unwrap_or_default();
        self.context.index().leave_secret(&Name::new(namespace, name));
        Ok(())
    }

    /// The Secrets that this ExternalSecret owns, by label.
    pub(crate) async fn owned(&self, created_by: &str) -> Result<Vec<Secret>, String> {
        let selector = format!("{}={created_by}", crate::decide::secret::CREATED_BY);
        let list = self.api.list(&ListParams::default().labels(&selector)).await;
        list.map(|list| list.items).map_err(|error| api_text(&error))
    }
}

pub(crate) fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

pub(crate) fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}
