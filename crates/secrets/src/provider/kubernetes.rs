//! `kubernetes`: Secrets of another (or this) cluster's namespace.
//!
//! A reference's key is the Secret's name, its property one of the keys (or a path into that key's JSON). Without a
//! property the value is the whole data as JSON.

use super::{Opened, Opening, Provider, ProviderError, Validation, json, property};
use crate::api::external_secret::{Find, MetadataPolicy, RemoteRef};
use crate::api::or_default;
use crate::api::store::{SecretKeyRef, ServiceAccountRef, StoreKind};
use crate::controller::{Context, api_text};
use crate::decide::secret::values;
use crate::value::{self, SecretData, SecretValue};
use futures::FutureExt;
use futures::future::BoxFuture;
use gangplank_template::pipeline;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::{ConfigMap, Secret, ServiceAccount};
use kube::api::{Api, ListParams, PostParams};
use kube::config::AuthInfo;
use kube::{Client, Config as ClientConfig};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    #[serde(deserialize_with = "or_default")]
    remote_namespace: String,
    #[serde(deserialize_with = "or_default")]
    server: Server,
    auth: Option<Auth>,
    auth_ref: Option<SecretKeyRef>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Server {
    #[serde(deserialize_with = "or_default")]
    url: String,
    #[serde(deserialize_with = "or_default")]
    ca_bundle: String,
    ca_provider: Option<CaProvider>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CaProvider {
    #[serde(rename = "type")]
    type_: String,
    name: String,
    #[serde(deserialize_with = "or_default")]
    namespace: String,
    #[serde(deserialize_with = "or_default")]
    key: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Auth {
    service_account: Option<ServiceAccountRef>,
    token: Option<Token>,
    cert: Option<Certificate>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    bearer_token: SecretKeyRef,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    client_cert: SecretKeyRef,
    client_key: SecretKeyRef,
}

pub(super) async fn open(
    context: &Context,
    opening: &Opening<'_>,
    config: &Value,
) -> Result<Opened, ProviderError> {
    let config: Config = serde_json::from_value(config.clone())
        .map_err(|error| ProviderError::failed(format!("invalid kubernetes provider: {error}")))?;
    if opening.namespace.is_none() && config.auth.as_ref().is_some_and(is_referent) {
        return Ok(Opened::Referent);
    }
    let namespace = match config.remote_namespace.as_str() {
        "" => "default".to_owned(),
        namespace => namespace.to_owned(),
    };
    let client = Connecting { context, opening, config: &config }.client().await?;
    Ok(Opened::Provider(Arc::new(Kubernetes { client, namespace })))
}

fn is_referent(auth: &Auth) -> bool {
    let loose = |reference: &SecretKeyRef| reference.namespace.is_empty();
    auth.service_account.as_ref().is_some_and(|account| account.namespace.is_empty())
        || auth.token.as_ref().is_some_and(|token| loose(&token.bearer_token))
        || auth.cert.as_ref().is_some_and(|cert| loose(&cert.client_cert) || loose(&cert.client_key))
}

struct Connecting<'a> {
    context: &'a Context,
    opening: &'a Opening<'a>,
    config: &'a Config,
}

impl Connecting<'_> {
    fn namespace<'b>(&'b self, named: &'b str) -> &'b str {
        match self.opening.kind {
            StoreKind::ClusterSecretStore if !named.is_empty() => named,
            _ => self.opening.namespace.unwrap_or_default(),
        }
    }

    async fn key(&self, reference: &SecretKeyRef) -> Result<SecretValue, ProviderError> {
        let namespace = self.namespace(&reference.namespace);
        let api: Api<Secret> = Api::namespaced(self.context.client().clone(), namespace);
        let secret = api.get(&reference.name).await.map_err(|error| {
            ProviderError::failed(format!(
                "cannot get Kubernetes secret \"{}\" from namespace \"{namespace}\": {}",
                reference.name,
                api_text(&error)
            ))
        })?;
        values(&secret).remove(&reference.key).ok_or_else(|| {
            ProviderError::failed(format!("cannot find secret data for key: \"{}\"", reference.key))
        })
    }

    async fn token(&self, reference: &ServiceAccountRef) -> Result<SecretString, ProviderError> {
        let namespace = self.namespace(&reference.namespace);
        let api: Api<ServiceAccount> = Api::namespaced(self.context.client().clone(), namespace);
        let request = TokenRequest {
            spec: TokenRequestSpec { audiences: reference.audiences.clone(), ..TokenRequestSpec::default() },
            ..TokenRequest::default()
        };
        let answer = api.create_token_request(&reference.name, &PostParams::default(), &request).await;
        let answer = answer.map_err(|error| ProviderError::failed(api_text(&error)))?;
        let status = answer.status.ok_or_else(|| ProviderError::failed("the TokenRequest gave no token"))?;
        Ok(SecretString::from(status.token))
    }

    async fn ca(&self) -> Result<Vec<u8>, ProviderError> {
        let server = &self.config.server;
        if !server.ca_bundle.is_empty() {
            return gangplank_yaml::decode_base64(&server.ca_bundle)
                .ok_or_else(|| ProviderError::failed("server.caBundle is no base64"));
        }
        let Some(provider) = &server.ca_provider else {
            return Err(ProviderError::failed("no Certificate Authority provided"));
        };
        let namespace = self.namespace(&provider.namespace);
        if provider.type_ == "ConfigMap" {
            let api: Api<ConfigMap> = Api::namespaced(self.context.client().clone(), namespace);
            let map =
                api.get(&provider.name).await.map_err(|error| ProviderError::failed(api_text(&error)))?;
            let value = map.data.unwrap_or_default().remove(&provider.key);
            return value.map(String::into_bytes).ok_or_else(|| {
                ProviderError::failed(format!("ConfigMap {} has no key {}", provider.name, provider.key))
            });
        }
        let reference = SecretKeyRef {
            name: provider.name.clone(),
            namespace: provider.namespace.clone(),
            key: provider.key.clone(),
        };
        Ok(self.key(&reference).await?.expose().to_vec())
    }

    async fn client(&self) -> Result<Client, ProviderError> {
        if let Some(reference) = &self.config.auth_ref {
            return self.client_of_kubeconfig(reference).await;
        }
        let Some(auth) = &self.config.auth else {
            return Err(ProviderError::failed("no credentials provided"));
        };
        let mut info = AuthInfo::default();
        if let Some(account) = &auth.service_account {
            info.token = Some(self.token(account).await?);
        } else if let Some(token) = &auth.token {
            let token = self.key(&token.bearer_token).await?;
            info.token = token.text().map(|token| SecretString::from(token.trim()));
        } else if let Some(cert) = &auth.cert {
            let encoded = |value: &SecretValue| {
                base64::Engine::encode(&base64::prelude::BASE64_STANDARD, value.expose())
            };
            info.client_certificate_data = Some(encoded(&self.key(&cert.client_cert).await?));
            info.client_key_data = Some(SecretString::from(encoded(&self.key(&cert.client_key).await?)));
        }
        let url = match self.config.server.url.as_str() {
            "" => "https://kubernetes.default",
            url => url,
        };
        let url = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
        let url = url.parse().map_err(|_| ProviderError::failed(format!("server.url {url:?} is no URL")))?;
        let mut config = ClientConfig::new(url);
        config.root_cert = Some(certificates(&self.ca().await?)?);
        config.auth_info = info;
        Client::try_from(config)
            .map_err(|error| ProviderError::failed(format!("unable to create client: {error}")))
    }

    async fn client_of_kubeconfig(&self, reference: &SecretKeyRef) -> Result<Client, ProviderError> {
        let failed = |error: String| ProviderError::failed(format!("authRef: {error}"));
        let text = self.key(reference).await?;
        let text = text.text().ok_or_else(|| failed("the kubeconfig is no text".to_owned()))?;
        // A kubeconfig may name programs and files; from a Secret that anyone may write, only what stands in it counts.
        if text.contains("exec:") || text.contains("auth-provider:") {
            return Err(failed("a kubeconfig that runs a program is refused".to_owned()));
        }
        let kubeconfig =
            kube::config::Kubeconfig::from_yaml(text).map_err(|error| failed(error.to_string()))?;
        let config = ClientConfig::from_custom_kubeconfig(kubeconfig, &Default::default()).await;
        let config = config.map_err(|error| failed(error.to_string()))?;
        Client::try_from(config).map_err(|error| failed(error.to_string()))
    }
}

/// The certificates of a PEM text, in DER.
fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, ProviderError> {
    let text = std::str::from_utf8(pem).map_err(|_| ProviderError::failed("the CA is no PEM text"))?;
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
    let blocks = text.split(begin).skip(1).filter_map(|block| block.split_once(end));
    let der = blocks.map(|(body, _)| gangplank_yaml::decode_base64(body));
    let der: Option<Vec<Vec<u8>>> = der.collect();
    der.filter(|der| !der.is_empty()).ok_or_else(|| ProviderError::failed("the CA holds no PEM certificate"))
}

struct Kubernetes {
    client: Client,
    namespace: String,
}

/// The whole data as JSON of texts.
fn as_json(data: &SecretData) -> SecretValue {
    let texts: BTreeMap<String, String> = data
        .iter()
        .map(|(key, value)| (key.clone(), String::from_utf8_lossy(value.expose()).into_owned()))
        .collect();
    json::of_strings(&texts).into()
}

impl Kubernetes {
    fn api(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn secret(&self, reference: &RemoteRef) -> Result<Secret, ProviderError> {
        let secret = self.api().get_opt(&reference.key).await;
        secret.map_err(|error| ProviderError::failed(api_text(&error)))?.ok_or(ProviderError::Missing)
    }

    async fn value(&self, reference: &RemoteRef) -> Result<SecretValue, ProviderError> {
        let secret = self.secret(reference).await?;
        if reference.metadata_policy == MetadataPolicy::Fetch {
            let metadata = serde_json::json!({
                "annotations": secret.metadata.annotations.unwrap_or_default(),
                "labels": secret.metadata.labels.unwrap_or_default(),
            });
            return property::of_value(&metadata.to_string().into(), &reference.property, &reference.key);
        }
        let data = values(&secret);
        if reference.property.is_empty() {
            return Ok(as_json(&data));
        }
        if let Some(value) = data.get(&reference.property) {
            return Ok(value.clone());
        }
        let nested = reference.property.split_once('.').and_then(|(key, path)| Some((data.get(key)?, path)));
        let found = nested.and_then(|(value, path)| pipeline::property(value.expose(), path));
        found.map(|found| SecretValue::from(found.text)).ok_or_else(|| {
            ProviderError::failed(format!("property {} does not exist in data of secret", reference.property))
        })
    }
}

impl Provider for Kubernetes {
    fn get<'a>(&'a self, reference: &'a RemoteRef) -> BoxFuture<'a, Result<SecretValue, ProviderError>> {
        self.value(reference).boxed()
    }

    fn get_map<'a>(&'a self, reference: &'a RemoteRef) -> BoxFuture<'a, Result<SecretData, ProviderError>> {
        async move {
            if reference.property.is_empty() && reference.metadata_policy == MetadataPolicy::None {
                return Ok(values(&self.secret(reference).await?));
            }
            let value = self.value(reference).await?;
            let members = pipeline::json_object(value.expose())
                .map_err(|error| ProviderError::failed(error.to_string()))?;
            Ok(value::secret(members))
        }
        .boxed()
    }

    fn find<'a>(&'a self, find: &'a Find) -> BoxFuture<'a, Result<SecretData, ProviderError>> {
        async move {
            let pattern = match &find.name {
                Some(name) => Some(super::pattern(&name.regexp)?),
                None => None,
            };
            let labels: Vec<String> = find.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let parameters = ListParams::default().labels(&labels.join(","));
            let list = self.api().list(&parameters).await;
            let list = list.map_err(|error| ProviderError::failed(api_text(&error)))?;
            let named = list.items.iter().filter_map(|secret| Some((secret.metadata.name.clone()?, secret)));
            let fitting =
                named.filter(|(name, _)| pattern.as_ref().is_none_or(|pattern| pattern.is_match(name)));
            Ok(fitting.map(|(name, secret)| (name, as_json(&values(secret)))).collect())
        }
        .boxed()
    }

    fn validate(&self) -> BoxFuture<'_, Result<Validation, ProviderError>> {
        async {
            let review = SelfSubjectAccessReview {
                spec: SelfSubjectAccessReviewSpec {
                    resource_attributes: Some(ResourceAttributes {
                        namespace: Some(self.namespace.clone()),
                        resource: Some("secrets".to_owned()),
                        verb: Some("get".to_owned()),
                        ..ResourceAttributes::default()
                    }),
                    ..SelfSubjectAccessReviewSpec::default()
                },
                ..SelfSubjectAccessReview::default()
            };
            let api: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
            let answer = api.create(&PostParams::default(), &review).await;
            let answer = answer.map_err(|error| {
                ProviderError::failed(format!("could not verify if client is valid: {}", api_text(&error)))
            })?;
            if answer.status.is_some_and(|status| status.allowed) {
                Ok(Validation::Ready)
            } else {
                Err(ProviderError::failed("client is not allowed to get secrets"))
            }
        }
        .boxed()
    }
}
