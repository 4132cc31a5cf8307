//! Connections, made from the environment: Azure, the hub.

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use gangplank_azure as sdk;
use gangplank_operator::azure::Azure;
use secrecy::SecretString;

use crate::args::fleet::Hub;
use crate::environment::Environment;
use crate::error::{CliError, Context as _};

/// How to reach the network, as the environment says it.
pub(crate) fn network(environment: &Environment) -> Result<sdk::Network, CliError> {
    Ok(sdk::Network {
        proxy: environment.https_proxy().map(str::to_owned),
        no_proxy: Some(no_proxy(environment).to_owned()).filter(|hosts| !hosts.is_empty()),
        extra_roots: environment.extra_roots()?.into_iter().collect(),
        ..sdk::Network::default()
    })
}

/// Azure, as whoever the environment says we are.
pub(crate) fn azure(environment: &Environment) -> Result<Azure, CliError> {
    let cloud = match environment.get("AZURE_AUTHORITY_HOST") {
        Some(authority) => sdk::Cloud::public().with_authority(authority),
        None => sdk::Cloud::public(),
    };
    Ok(Azure::new(network(environment)?.transport()?, cloud, credential(environment)?))
}

/// Who we are: workload identity, a client secret, or whoever is logged in with az, in this order.
fn credential(environment: &Environment) -> Result<sdk::Credential, CliError> {
    let tenant = environment
        .get("AZURE_TENANT_ID")
        .map(sdk::TenantId::parse)
        .transpose()
        .context(|| "AZURE_TENANT_ID".to_owned())?;
    let client_id = environment
        .get("AZURE_CLIENT_ID")
        .map(sdk::ClientId::parse)
        .transpose()
        .context(|| "AZURE_CLIENT_ID".to_owned())?;
    let token_file = environment.get("AZURE_FEDERATED_TOKEN_FILE");
    let secret = environment.get("AZURE_CLIENT_SECRET");
    Ok(match (tenant, client_id, token_file, secret) {
        (Some(tenant), Some(client_id), Some(path), _) => sdk::Credential::Federated {
            tenant,
            client_id,
            subject: path.to_owned(),
            source: Arc::new(sdk::TokenFile(path.into())),
        },
        (Some(tenant), Some(client_id), None, Some(secret)) => {
            sdk::Credential::ClientSecret { tenant, client_id, secret: SecretString::from(secret) }
        }
        (tenant, ..) => sdk::Credential::AzureCli { tenant, process: Arc::new(AzProcess) },
    })
}

/// The `az` on the path.
#[derive(Debug)]
struct AzProcess;

impl sdk::AzureCli for AzProcess {
    fn run<'a>(&'a self, arguments: &'a [String]) -> BoxFuture<'a, Result<SecretString, sdk::ProcessError>> {
        async move {
            let failed = |what: String| sdk::ProcessError(what);
            let output = tokio::process::Command::new("az")
                .args(arguments)
                .output()
                .await
                .map_err(|error| failed(format!("cannot start az: {error}")))?;
            if output.status.success() {
                Ok(SecretString::from(String::from_utf8_lossy(&output.stdout).into_owned()))
            } else {
                Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
            }
        }
        .boxed()
    }
}

/// A client of the hub.
pub(crate) async fn hub(hub: &Hub, environment: &Environment) -> Result<kube::Client, CliError> {
    let path = hub.kubeconfig.clone().or_else(|| environment.kubeconfig());
    client(path.as_deref(), hub.context.as_deref(), environment).await
}

/// A client from a kubeconfig, or from the pod's own account where there is none.
pub(crate) async fn client(
    path: Option<&Path>,
    context: Option<&str>,
    environment: &Environment,
) -> Result<kube::Client, CliError> {
    let (mut config, own_proxy) = match path {
        Some(path) => {
            let what = || format!("cannot use the kubeconfig `{}`", path.display());
            let kubeconfig = kube::config::Kubeconfig::read_from(path).context(what)?;
            let own_proxy = proxy_of(&kubeconfig, context);
            let options =
                kube::config::KubeConfigOptions { context: context.map(str::to_owned), ..Default::default() };
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.context(what)?;
            (config, own_proxy)
        }
        None => {
            let config = kube::Config::incluster().map_err(|error| {
                CliError::from(error).hint("name a kubeconfig with --kubeconfig, or set KUBECONFIG")
            })?;
            (config, None)
        }
    };
    // kubectl takes the proxy of the environment where the kubeconfig names none, but never to loopback and not to where
    // NO_PROXY points. So do we; kube alone would send everything through it.
    let host = config.cluster_url.host().unwrap_or_default();
    let proxy = match own_proxy {
        Some(own) => Some(own),
        None if is_direct(host, environment) => None,
        None => environment.https_proxy().map(str::to_owned),
    };
    config.proxy_url = proxy
        .map(|proxy| proxy.parse())
        .transpose()
        .context(|| "cannot use the proxy of the hub".to_owned())?;
    Ok(kube::Client::try_from(config)?)
}

/// The proxy that a kubeconfig names for the cluster of its current context, or of `context`.
fn proxy_of(kubeconfig: &kube::config::Kubeconfig, context: Option<&str>) -> Option<String> {
    let current = context.or(kubeconfig.current_context.as_deref())?;
    let context = kubeconfig.contexts.iter().find(|context| context.name == current)?.context.as_ref()?;
    let cluster = kubeconfig.clusters.iter().find(|cluster| cluster.name == context.cluster)?;
    cluster.cluster.as_ref()?.proxy_url.clone().filter(|proxy| !proxy.is_empty())
}

/// Whether a host is reached without the proxy: loopback, as Go has it, and whatever NO_PROXY names.
fn is_direct(host: &str, environment: &Environment) -> bool {
    let named = |entry: &str| {
        let entry = entry.trim().trim_start_matches('.');
        !entry.is_empty() && (entry == "*" || host == entry || host.ends_with(&format!(".{entry}")))
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]") || no_proxy(environment).split(',').any(named)
}

fn no_proxy(environment: &Environment) -> &str {
    environment.get("NO_PROXY").or_else(|| environment.get("no_proxy")).unwrap_or_default()
}

/// How clusters are reached and logged in to.
pub(crate) fn cluster_options(
    namespace: &str,
    environment: &Environment,
) -> Result<gangplank_clusters::Options, CliError> {
    let proxy = environment.https_proxy();
    let proxy =
        proxy.map(str::parse).transpose().context(|| "cannot use the proxy of HTTPS_PROXY".to_owned())?;
    let network = gangplank_clusters::Network {
        proxy,
        no_proxy: no_proxy(environment)
            .split(',')
            .map(str::trim)
            .filter(|host| !host.is_empty())
            .map(str::to_owned)
            .collect(),
        ..gangplank_clusters::Network::default()
    };
    Ok(gangplank_clusters::Options {
        namespace: namespace.to_owned(),
        network,
        ..gangplank_clusters::Options::default()
    })
}

/// What this process itself logs in with, where stores name no ServiceAccount.
pub(crate) fn workload_identity(environment: &Environment) -> gangplank_secrets::WorkloadIdentity {
    let variable = |name| environment.get(name).map(str::to_owned);
    gangplank_secrets::WorkloadIdentity {
        client_id: variable("AZURE_CLIENT_ID"),
        tenant_id: variable("AZURE_TENANT_ID"),
        token_file: variable("AZURE_FEDERATED_TOKEN_FILE"),
    }
}

/// Mirrors of Git repositories, in the folder for temporary files. git sees of the environment what finds programs, proxies and the
/// helpers that it was told of.
pub(crate) async fn mirrors(environment: &Environment) -> Result<gangplank_git::Mirrors, CliError> {
    let git = git(environment);
    Ok(gangplank_git::Mirrors::open(git, &std::env::temp_dir(), gangplank_git::Limits::default()).await?)
}

/// The git command.
pub(crate) fn git(environment: &Environment) -> gangplank_git::Git {
    let passed = |name: &str| {
        matches!(name, "PATH" | "HOME" | "TMPDIR" | "SSH_AUTH_SOCK")
            || name.to_ascii_uppercase().ends_with("_PROXY")
    };
    let seen = environment.all().iter().filter(|(name, _)| passed(name));
    gangplank_git::Git::new(gangplank_git::Options {
        environment: seen.map(|(name, value)| (name.into(), value.into())).collect(),
        certificate_authorities: environment.get("SSL_CERT_FILE").map(Into::into),
        ..gangplank_git::Options::default()
    })
}
