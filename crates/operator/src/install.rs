//! What has to be on a hub before the first controller can work: CRDs, the namespace, the self-managing application.

use gangplank_runtime::{FieldManager, apply_dynamic};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::Api;
use kube::core::{ApiResource, GroupVersionKind};
use kube::runtime::conditions::is_crd_established;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a CRD may take until it is served.
const PATIENCE: Duration = Duration::from_secs(30);

/// The field manager of what is installed once.
const INSTALLER: FieldManager = FieldManager("gangplank-install");

/// Why an object was not installed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text is no YAML.
    #[error("the manifest is no YAML: {0}")]
    Yaml(String),
    /// The API server refused.
    #[error("cannot install {kind} `{name}`")]
    Apply {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
        /// Why.
        source: Box<gangplank_runtime::EnactError>,
    },
    /// A CRD was taken, but is not served.
    #[error("the CRD `{0}` is not served: see its conditions with `kubectl describe crd {0}`")]
    NotServed(String),
    /// The API server could not be asked.
    #[error("cannot ask the API server for {0}")]
    Discovery(String, #[source] Box<kube::Error>),
}

/// The CRDs that the controllers work with.
pub fn definitions() -> Result<Vec<Value>, Error> {
    let mut definitions = gangplank_applications::definitions();
    for definition in gangplank_secrets::crds() {
        definitions.push(read(definition.yaml)?);
    }
    Ok(definitions)
}

/// Installs the CRDs of External Secrets and of Argo CD that are not there yet, and waits until all are served.
///
/// One that is there stays as it is: with the real operators' CRDs, the controllers use those.
pub async fn crds(client: &Client) -> Result<(), Error> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let asked = |error| Error::Discovery("the CRDs".to_owned(), Box::new(error));
    let definitions = definitions()?;
    let mut names = Vec::new();
    for value in definitions {
        let name = value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if api.get_opt(&name).await.map_err(asked)?.is_none() {
            object(client, &value).await?;
        }
        names.push(name);
    }
    for name in names {
        let established = kube::runtime::wait::await_condition(api.clone(), &name, is_crd_established());
        match tokio::time::timeout(PATIENCE, established).await {
            Ok(Ok(_)) => {}
            _ => return Err(Error::NotServed(name)),
        }
    }
    Ok(())
}

fn read(text: &str) -> Result<Value, Error> {
    gangplank_yaml::to_json(text, gangplank_yaml::Dialect::GoV3)
        .map_err(|error| Error::Yaml(error.to_string()))
}

/// Makes a namespace, where it is not there.
pub async fn namespace(client: &Client, name: &str) -> Result<(), Error> {
    object(client, &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).await
}

/// Applies a manifest of one object.
pub async fn manifest(client: &Client, text: &str) -> Result<(), Error> {
    object(client, &read(text)?).await
}

async fn object(client: &Client, value: &Value) -> Result<(), Error> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (kind, name, namespace) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
    let version = text("/apiVersion");
    let (group, version) = version.split_once('/').unwrap_or(("", &version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &kind));
    let namespace = (!namespace.is_empty()).then_some(namespace.as_str());
    let failed = |source| Error::Apply { kind: kind.clone(), name: name.clone(), source: Box::new(source) };
    apply_dynamic(client, INSTALLER, &resource, namespace, &name, value).await.map_err(failed)?;
    Ok(())
}
