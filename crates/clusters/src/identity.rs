//! How Argo CD's pods log in: the environment and the token file that the workload identity webhook gave them, and
//! what `argocd-k8s-auth azure` makes of it together with a cluster Secret.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, PodSpec, ServiceAccount};

use crate::failure::{Failure, Hop};

/// The audience of the tokens that Entra takes as federated assertions.
pub const ASSERTION_AUDIENCE: &str = "api://AzureADTokenExchange";
/// Entra's application for AKS API servers, the same in every cloud.
pub const AKS_SERVER_APPLICATION: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

const USE_LABEL: &str = "azure.workload.identity/use";
const CLIENT_ID_ANNOTATION: &str = "azure.workload.identity/client-id";
const TENANT_ID_ANNOTATION: &str = "azure.workload.identity/tenant-id";

/// What a pod of Argo CD can log in with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodIdentity {
    /// The service account.
    pub service_account: String,
    /// The pod; none where no pod runs and the webhook's work is assumed.
    pub pod: Option<String>,
    /// Its environment, as far as it stands in the pod as plain values.
    pub env: BTreeMap<String, String>,
    /// The path at which a token with the right audience is mounted.
    pub token_file: Option<String>,
    /// Whether the pod carries the label that makes the webhook act.
    pub labelled: bool,
}

impl PodIdentity {
    /// Reads a pod as the webhook left it.
    pub fn observe(pod: &Pod) -> PodIdentity {
        let spec = pod.spec.clone().unwrap_or_default();
        let service_account = spec.service_account_name.clone().unwrap_or_else(|| "default".to_owned());
        let env = spec
            .containers
            .first()
            .and_then(|container| container.env.as_ref())
            .map(|env| env.iter().filter_map(|var| Some((var.name.clone(), var.value.clone()?))).collect())
            .unwrap_or_default();
        let labels = pod.metadata.labels.as_ref();
        PodIdentity {
            service_account,
            pod: pod.metadata.name.clone(),
            env,
            token_file: mounted_token(&spec),
            labelled: labels.and_then(|labels| labels.get(USE_LABEL)).is_some_and(|value| value == "true"),
        }
    }

    /// Returns what the webhook would give a pod of `account`, for a hub on which none runs.
    pub fn assume(account: &ServiceAccount, authority_host: &str) -> PodIdentity {
        const TOKEN_FILE: &str = "/var/run/secrets/azure/wi/token/azure-identity-token";
        let annotations = account.metadata.annotations.clone().unwrap_or_default();
        let mut env = BTreeMap::new();
        for (annotation, variable) in
            [(CLIENT_ID_ANNOTATION, "AZURE_CLIENT_ID"), (TENANT_ID_ANNOTATION, "AZURE_TENANT_ID")]
        {
            if let Some(value) = annotations.get(annotation) {
                env.insert(variable.to_owned(), value.clone());
            }
        }
        env.insert("AZURE_FEDERATED_TOKEN_FILE".to_owned(), TOKEN_FILE.to_owned());
        env.insert("AZURE_AUTHORITY_HOST".to_owned(), authority_host.to_owned());
        PodIdentity {
            service_account: account.metadata.name.clone().unwrap_or_default(),
            pod: None,
            env,
            token_file: Some(TOKEN_FILE.to_owned()),
            labelled: true,
        }
    }
}

fn mounted_token(spec: &PodSpec) -> Option<String> {
    let mounts = spec.containers.first()?.volume_mounts.as_ref()?;
    spec.volumes.iter().flatten().find_map(|volume| {
        let projection = volume.projected.as_ref()?.sources.iter().flatten().find_map(|source| {
            source
                .service_account_token
                .as_ref()
                .filter(|token| token.audience.as_deref() == Some(ASSERTION_AUDIENCE))
        })?;
        let mount = mounts.iter().find(|mount| mount.name == volume.name)?;
        Some(format!("{}/{}", mount.mount_path.trim_end_matches('/'), projection.path))
    })
}

/// A login by workload identity, complete.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AzureLogin {
    /// Entra's address, with a trailing slash.
    pub authority_host: String,
    /// The tenant.
    pub tenant_id: String,
    /// The identity's client id.
    pub client_id: String,
    /// The scope: the AKS server application.
    pub scope: String,
}

/// Resolves what `argocd-k8s-auth azure` would do in the pod `identity`, with the Secret's `env` over the pod's.
pub fn azure_login(env: &BTreeMap<String, String>, identity: &PodIdentity) -> Result<AzureLogin, Failure> {
    let value = |name: &str| {
        let found = env.get(name).or_else(|| identity.env.get(name));
        found.map(String::as_str).filter(|value| !value.is_empty())
    };
    let fail = |code, cause: String, mend: String| {
        Err(Failure::new(Hop::Login, code, format!("{cause} (argocd-k8s-auth ends with exit code 20)"), mend)
            .of(&identity.service_account))
    };
    let account = &identity.service_account;
    let label = if identity.labelled {
        format!("annotate the service account {account} with {CLIENT_ID_ANNOTATION}, and restart its pods")
    } else {
        format!("put the label {USE_LABEL}: \"true\" on the pod template of {account}")
    };
    match value("AAD_LOGIN_METHOD").unwrap_or("workloadidentity") {
        method if method.eq_ignore_ascii_case("workloadidentity") => {}
        method => {
            return fail(
                "login-method",
                format!("AAD_LOGIN_METHOD is {method:?}, which gangplank does not make"),
                "use workloadidentity".to_owned(),
            );
        }
    }
    let Some(client_id) = value("AZURE_CLIENT_ID").or_else(|| value("AAD_SERVICE_PRINCIPAL_CLIENT_ID"))
    else {
        return fail("client-id-missing", "no AZURE_CLIENT_ID in the Secret or in the pod".to_owned(), label);
    };
    let Some(tenant_id) = value("AZURE_TENANT_ID") else {
        return fail("tenant-id-missing", "no AZURE_TENANT_ID in the Secret or in the pod".to_owned(), label);
    };
    let Some(token_file) = value("AZURE_FEDERATED_TOKEN_FILE") else {
        return fail(
            "token-file-missing",
            "no AZURE_FEDERATED_TOKEN_FILE in the Secret or in the pod".to_owned(),
            label,
        );
    };
    match &identity.token_file {
        None => {
            return fail(
                "token-not-mounted",
                format!("the pod of {account} mounts no token for Entra, so {token_file} does not exist"),
                label,
            );
        }
        Some(mounted) if mounted != token_file => {
            let mend = if env.contains_key("AZURE_FEDERATED_TOKEN_FILE") {
                "drop AZURE_FEDERATED_TOKEN_FILE from the Secret's execProviderConfig.env: the webhook gives the right one"
            } else {
                "drop AZURE_FEDERATED_TOKEN_FILE from the pod: the webhook gives the right one"
            };
            return fail(
                "token-file-elsewhere",
                format!("{token_file} does not exist: the pod of {account} has its token at {mounted}"),
                mend.to_owned(),
            );
        }
        Some(_) => {}
    }
    let authority_host = value("AZURE_AUTHORITY_HOST").unwrap_or_else(|| {
        match value("AAD_ENVIRONMENT_NAME").unwrap_or_default().to_ascii_lowercase().as_str() {
            "azureusgovernment" | "azureusgovernmentcloud" => "https://login.microsoftonline.us/",
            "azurechinacloud" => "https://login.chinacloudapi.cn/",
            _ => "https://login.microsoftonline.com/",
        }
    });
    let server = value("AAD_SERVER_APPLICATION_ID").unwrap_or(AKS_SERVER_APPLICATION);
    Ok(AzureLogin {
        authority_host: format!("{}/", authority_host.trim_end_matches('/')),
        tenant_id: tenant_id.to_owned(),
        client_id: client_id.to_owned(),
        scope: format!("{server}/.default"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NEW_PATH: &str = "/var/run/secrets/azure/wi/token/azure-identity-token";
    const OLD_PATH: &str = "/var/run/secrets/azure/tokens/azure-identity-token";

    fn injected() -> PodIdentity {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "argocd-server-0", "labels": {USE_LABEL: "true"}},
            "spec": {
                "serviceAccountName": "argocd-server",
                "containers": [{
                    "name": "server",
                    "env": [
                        {"name": "AZURE_CLIENT_ID", "value": "client"},
                        {"name": "AZURE_TENANT_ID", "value": "tenant"},
                        {"name": "AZURE_FEDERATED_TOKEN_FILE", "value": NEW_PATH},
                        {"name": "AZURE_AUTHORITY_HOST", "value": "https://login.microsoftonline.com/"},
                        {"name": "REDIS", "valueFrom": {"secretKeyRef": {"name": "r", "key": "k"}}},
                    ],
                    "volumeMounts": [{"name": "wi", "mountPath": "/var/run/secrets/azure/wi"}],
                }],
                "volumes": [{"name": "wi", "projected": {"sources": [
                    {"serviceAccountToken": {"audience": ASSERTION_AUDIENCE, "path": "token/azure-identity-token"}},
                ]}}],
            },
        }))
        .unwrap();
        PodIdentity::observe(&pod)
    }

    fn bare() -> PodIdentity {
        PodIdentity {
            service_account: "argocd-server".into(),
            pod: Some("p".into()),
            ..PodIdentity::default()
        }
    }

    #[track_caller]
    fn check(env: &[(&str, &str)], identity: &PodIdentity, expect: Result<&str, &str>) {
        let env = env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let got = azure_login(&env, identity);
        let got = got.as_ref().map(|login| login.client_id.as_str()).map_err(|failure| failure.code);
        assert_eq!(got, expect, "{env:?}");
    }

    #[test]
    fn the_secret_wins_over_the_pod() {
        check(&[], &injected(), Ok("client"));
        check(&[("AZURE_CLIENT_ID", "other")], &injected(), Ok("other"));
        check(&[("AZURE_FEDERATED_TOKEN_FILE", NEW_PATH)], &injected(), Ok("client"));
    }

    #[test]
    fn each_way_to_exit_code_20_is_told() {
        check(&[("AZURE_FEDERATED_TOKEN_FILE", OLD_PATH)], &injected(), Err("token-file-elsewhere"));
        check(&[("AAD_LOGIN_METHOD", "spn")], &injected(), Err("login-method"));
        check(&[], &bare(), Err("client-id-missing"));
        check(&[("AZURE_CLIENT_ID", "c")], &bare(), Err("tenant-id-missing"));
        check(&[("AZURE_CLIENT_ID", "c"), ("AZURE_TENANT_ID", "t")], &bare(), Err("token-file-missing"));
        let full =
            [("AZURE_CLIENT_ID", "c"), ("AZURE_TENANT_ID", "t"), ("AZURE_FEDERATED_TOKEN_FILE", OLD_PATH)];
        check(&full, &bare(), Err("token-not-mounted"));
    }

    #[test]
    fn the_cloud_chooses_the_authority() {
        let login = |env: &[(&str, &str)], identity: &PodIdentity| {
            let env = env.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            azure_login(&env, identity).unwrap()
        };
        let mut identity = injected();
        assert_eq!(login(&[], &identity).scope, format!("{AKS_SERVER_APPLICATION}/.default"));
        identity.env.remove("AZURE_AUTHORITY_HOST");
        let authority = |env: &[(&str, &str)]| login(env, &identity).authority_host;
        assert_eq!(
            authority(&[("AAD_ENVIRONMENT_NAME", "azureusgovernment")]),
            "https://login.microsoftonline.us/"
        );
        assert_eq!(authority(&[]), "https://login.microsoftonline.com/");
        assert_eq!(authority(&[("AZURE_AUTHORITY_HOST", "https://x")]), "https://x/");
    }
}
