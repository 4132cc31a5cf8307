//! Who logs in to the vault. The order of the checks and their texts are ESO's.

use super::{AuthSecretRef, AuthType, Config};
use crate::api::store::{SecretKeyRef, ServiceAccountRef, StoreKind};
use crate::controller::Context;
use crate::ports::{Identity, ServiceAccountTokens, VaultAccess};
use crate::provider::{Opening, ProviderError};
use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::api::{Api, PostParams};
use secrecy::SecretString;
use sha3::{Digest, Sha3_224};
use std::collections::BTreeMap;
use std::sync::Arc;

const CLIENT_ID: &str = "azure.workload.identity/client-id";
const TENANT_ID: &str = "azure.workload.identity/tenant-id";

/// What Entra wants in the token that is exchanged.
const AUDIENCE: &str = "api://AzureADTokenExchange";

const NO_CREDENTIALS: &str = "missing accessKeyID/secretAccessKey in store config";
const NO_TENANT: &str = "missing tenantID in store config";

/// Whether the login depends on the namespace that uses the store.
pub(super) fn is_referent(config: &Config) -> bool {
    let loose =
        |reference: &Option<SecretKeyRef>| reference.as_ref().is_some_and(|key| key.namespace.is_empty());
    let secrets = config.auth_secret_ref.as_ref();
    secrets.is_some_and(|secrets| loose(&secrets.client_id) || loose(&secrets.client_secret))
        || config.service_account_ref.as_ref().is_some_and(|account| account.namespace.is_empty())
}

/// Resolves references to an identity. Makes no request to Azure.
pub(super) async fn resolve(
    context: &Context,
    opening: &Opening<'_>,
    config: &Config,
) -> Result<VaultAccess, ProviderError> {
    let (authority, audience) = config.environment_type.endpoints();
    let authority = match &config.custom_cloud_config {
        // The older path takes the authority of an environment that it does not know from nowhere.
        Some(_) if !config.use_azure_sdk => {
            return Err(ProviderError::failed("authority url scheme must be https"));
        }
        Some(cloud) if !cloud.active_directory_endpoint.is_empty() => {
            cloud.active_directory_endpoint.trim_end_matches('/')
        }
        _ => authority,
    };
    let resolver = Resolver { context, opening };
    let identity = match config.auth_type {
        AuthType::ManagedIdentity => {
            Identity::Managed { client_id: Some(config.identity_id.clone()).filter(|id| !id.is_empty()) }
        }
        AuthType::ServicePrincipal => resolver.service_principal(config).await?,
        AuthType::WorkloadIdentity => match &config.service_account_ref {
            Some(account) => resolver.service_account(config, account).await?,
            None => resolver.own_identity()?,
        },
    };
    Ok(VaultAccess {
        url: config.vault_url.clone(),
        authority: authority.to_owned(),
        audience: audience.to_owned(),
        identity,
    })
}

/// What tells two identities apart whose reads must not be shared. Secrets appear as hashes.
pub(super) fn reader_key(access: &VaultAccess) -> String {
    let digest = |secret: &SecretString| {
        hex::encode(Sha3_224::digest(secrecy::ExposeSecret::expose_secret(secret).as_bytes()))
    };
    let identity = match &access.identity {
        Identity::ServiceAccount { tenant, client_id, subject, .. } => {
            format!("{tenant} {client_id} {subject}")
        }
        Identity::TokenFile { tenant, client_id, path } => format!("{tenant} {client_id} {path}"),
        Identity::ClientSecret { tenant, client_id, secret } => {
            format!("{tenant} {client_id} {}", digest(secret))
        }
        Identity::ClientCertificate { tenant, client_id, pem } => {
            format!("{tenant} {client_id} {}", digest(pem))
        }
        Identity::Managed { client_id } => client_id.clone().unwrap_or_default(),
    };
    format!("{} {identity}", access.authority)
}

struct Resolver<'a> {
    context: &'a Context,
    opening: &'a Opening<'a>,
}

impl Resolver<'_> {
    /// Where a reference resolves: a namespaced store ignores the namespace that it names.
    fn namespace<'b>(&'b self, named: &'b str) -> &'b str {
        match self.opening.kind {
            StoreKind::ClusterSecretStore if !named.is_empty() => named,
            _ => self.opening.namespace.unwrap_or_default(),
        }
    }

    async fn secret_key(&self, reference: &SecretKeyRef) -> Result<SecretString, ProviderError> {
        let namespace = self.namespace(&reference.namespace);
        let api: Api<Secret> = Api::namespaced(self.context.client().clone(), namespace);
        let secret = api.get(&reference.name).await.map_err(|error| {
            let why = crate::controller::api_text(&error);
            ProviderError::failed(format!(
                "cannot get Kubernetes secret \"{}\" from namespace \"{namespace}\": {why}",
                reference.name
            ))
        })?;
        let value = secret.data.as_ref().and_then(|data| data.get(&reference.key));
        let value = value.ok_or_else(|| {
            ProviderError::failed(format!("cannot find secret data for key: \"{}\"", reference.key))
        })?;
        let text = String::from_utf8(value.0.clone()).map_err(|_| {
            ProviderError::failed(format!("the secret data for key \"{}\" is no text", reference.key))
        })?;
        Ok(SecretString::from(text))
    }

    /// As `secret_key`, for what is no secret.
    async fn plain_key(&self, reference: &SecretKeyRef) -> Result<String, ProviderError> {
        let value = self.secret_key(reference).await?;
        Ok(secrecy::ExposeSecret::expose_secret(&value).trim().to_owned())
    }

    async fn service_principal(&self, config: &Config) -> Result<Identity, ProviderError> {
        if config.tenant_id.is_empty() {
            return Err(ProviderError::failed(NO_TENANT));
        }
        let secrets = config
            .auth_secret_ref
            .as_ref()
            .ok_or_else(|| ProviderError::failed("missing secretRef in provider config"))?;
        let AuthSecretRef { client_id: Some(client_id), client_secret, client_certificate, .. } = secrets
        else {
            return Err(ProviderError::failed(NO_CREDENTIALS));
        };
        let tenant = config.tenant_id.clone();
        match (client_secret, client_certificate) {
            (None, None) => Err(ProviderError::failed(NO_CREDENTIALS)),
            (Some(_), Some(_)) => Err(ProviderError::failed("both clientSecret and clientCredentials set")),
            (Some(secret), None) => Ok(Identity::ClientSecret {
                tenant,
                client_id: self.plain_key(client_id).await?,
                secret: self.secret_key(secret).await?,
            }),
            (None, Some(certificate)) => {
                let client_id = self.plain_key(client_id).await?;
                let pem = self.secret_key(certificate).await?;
                if !secrecy::ExposeSecret::expose_secret(&pem).contains("-----BEGIN CERTIFICATE-----") {
                    return Err(ProviderError::failed(
                        "failed to get oauth token from certificate auth: failed to decode certificate: no \
                         certificate found in PEM file",
                    ));
                }
                Ok(Identity::ClientCertificate { tenant, client_id, pem })
            }
        }
    }

    /// The controller's own identity: the three values that the webhook puts into its environment.
    fn own_identity(&self) -> Result<Identity, ProviderError> {
        let own = &self.context.options().workload_identity;
        match (&own.client_id, &own.tenant_id, &own.token_file) {
            (Some(client_id), Some(tenant), Some(path)) => Ok(Identity::TokenFile {
                tenant: tenant.clone(),
                client_id: client_id.clone(),
                path: path.clone(),
            }),
            _ => Err(ProviderError::failed(
                "missing environment variables. AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE \
                 must be set",
            )),
        }
    }

    async fn service_account(
        &self,
        config: &Config,
        reference: &ServiceAccountRef,
    ) -> Result<Identity, ProviderError> {
        let namespace = self.namespace(&reference.namespace);
        let api: Api<ServiceAccount> = Api::namespaced(self.context.client().clone(), namespace);
        let account = api.get(&reference.name).await.map_err(|error| match &error {
            kube::Error::Api(status) if status.is_not_found() => {
                ProviderError::failed(format!("ServiceAccount \"{}\" not found", reference.name))
            }
            _ => ProviderError::failed(crate::controller::api_text(&error)),
        })?;
        let annotations = account.metadata.annotations.unwrap_or_default();
        let (client_id, tenant) = if config.use_azure_sdk {
            new_path(config, &annotations)?
        } else {
            self.old_path(config, &annotations).await?
        };
        let mut audiences = vec![AUDIENCE.to_owned()];
        audiences.extend(reference.audiences.iter().cloned());
        let subject = format!("{namespace}/{} {}", reference.name, audiences.join(","));
        let tokens = Arc::new(ByTokenRequest { api, name: reference.name.clone(), audiences });
        Ok(Identity::ServiceAccount { tenant, client_id, subject, tokens })
    }

    /// Client and tenant id as the older path finds them.
    async fn old_path(
        &self,
        config: &Config,
        annotations: &BTreeMap<String, String>,
    ) -> Result<(String, String), ProviderError> {
        let secrets = config.auth_secret_ref.as_ref();
        let client_id = match secrets {
            Some(AuthSecretRef { client_id: Some(reference), .. }) => Some(self.plain_key(reference).await?),
            Some(_) => return Err(ProviderError::failed(NO_CREDENTIALS)),
            None => None,
        };
        let client_id = match (client_id, annotations.get(CLIENT_ID)) {
            (Some(_), Some(_)) => {
                return Err(ProviderError::failed(
                    "multiple clientID found. Check secretRef and serviceAccountRef",
                ));
            }
            (Some(client_id), None) => client_id,
            (None, Some(client_id)) => client_id.clone(),
            (None, None) => return Err(no_client_id()),
        };
        let tenant = match secrets.and_then(|secrets| secrets.tenant_id.as_ref()) {
            Some(reference) => Some(self.plain_key(reference).await?),
            None => Some(config.tenant_id.clone()).filter(|tenant| !tenant.is_empty()),
        };
        let tenant = match (tenant, annotations.get(TENANT_ID)) {
            (Some(_), Some(_)) => {
                return Err(ProviderError::failed(
                    "multiple tenantID found. Check secretRef, 'spec.provider.azurekv.tenantId', and \
                     serviceAccountRef",
                ));
            }
            (Some(tenant), None) => tenant,
            (None, Some(tenant)) => tenant.clone(),
            (None, None) => {
                let own = self.context.options().workload_identity.tenant_id.clone();
                own.ok_or_else(|| ProviderError::failed(NO_TENANT))?
            }
        };
        Ok((client_id, tenant))
    }
}

/// Client and tenant id as the newer path finds them: the spec's tenant wins over the annotation.
fn new_path(
    config: &Config,
    annotations: &BTreeMap<String, String>,
) -> Result<(String, String), ProviderError> {
    let client_id = annotations.get(CLIENT_ID).cloned().ok_or_else(no_client_id)?;
    let tenant = Some(config.tenant_id.clone()).filter(|tenant| !tenant.is_empty());
    let tenant = tenant.or_else(|| annotations.get(TENANT_ID).cloned());
    Ok((client_id, tenant.ok_or_else(|| ProviderError::failed(NO_TENANT))?))
}

fn no_client_id() -> ProviderError {
    ProviderError::failed(
        "missing clientID: either serviceAccountRef or service account annotation \
         'azure.workload.identity/client-id' is missing",
    )
}

/// TokenRequests for one ServiceAccount.
struct ByTokenRequest {
    api: Api<ServiceAccount>,
    name: String,
    audiences: Vec<String>,
}

impl std::fmt::Debug for ByTokenRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByTokenRequest").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ServiceAccountTokens for ByTokenRequest {
    fn token(&self) -> BoxFuture<'_, Result<SecretString, String>> {
        async {
            let request = TokenRequest {
                spec: TokenRequestSpec { audiences: self.audiences.clone(), ..TokenRequestSpec::default() },
                ..TokenRequest::default()
            };
            let answer = self.api.create_token_request(&self.name, &PostParams::default(), &request).await;
            let answer = answer.map_err(|error| crate::controller::api_text(&error))?;
            let status = answer.status.ok_or("the API server's answer to the TokenRequest holds no token")?;
            Ok(SecretString::from(status.token))
        }
        .boxed()
    }
}
