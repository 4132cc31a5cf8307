//! The login of a cluster Secret, resolved to something that gives an `Authorization` header.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};

use crate::config::LoginKind;
use crate::exchange::Tokens;
use crate::failure::{Failure, Hop};
use crate::identity::{AzureLogin, PodIdentity, azure_login};
use crate::secret::{ClusterSecret, is_azure_login};

/// Gives the header for requests to one cluster.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// A token of Entra, renewed when it runs out.
    Azure { login: AzureLogin, service_account: String },
    /// The same header always.
    Fixed(SecretString),
    /// No header: a client certificate, or anonymous.
    None,
}

impl Login {
    /// Resolves the login that the pod `identity` would make.
    pub(crate) fn resolve(cluster: &ClusterSecret, identity: &PodIdentity) -> Result<Login, Failure> {
        let not_understood = |what: String| {
            Failure::new(
                Hop::Login,
                "login-not-understood",
                format!(
                    "{what} is a login that gangplank does not make, so it can't prove reach; Argo CD may well"
                ),
                "use argocd-k8s-auth azure, a bearer token, or a client certificate",
            )
        };
        let config = &cluster.config;
        match config.login() {
            LoginKind::Aws => Err(not_understood("awsAuthConfig".to_owned())),
            LoginKind::Exec => {
                let exec = config.exec.clone().unwrap_or_default();
                if !is_azure_login(&exec.command, &exec.args) {
                    let argument = exec.args.first().map(String::as_str).unwrap_or_default();
                    return Err(not_understood(format!("{:?}", format!("{} {argument}", exec.command))));
                }
                if exec.api_version != "client.authentication.k8s.io/v1beta1" {
                    return Err(Failure::new(
                        Hop::Login,
                        "exec-api-version",
                        format!(
                            "execProviderConfig.apiVersion is {:?}, and argocd-k8s-auth answers in v1beta1",
                            exec.api_version
                        ),
                        "set it to client.authentication.k8s.io/v1beta1",
                    ));
                }
                let login = azure_login(&exec.env, identity)?;
                Ok(Login::Azure { login, service_account: identity.service_account.clone() })
            }
            LoginKind::BearerToken => {
                Ok(Login::Fixed(format!("Bearer {}", config.bearer_token.expose_secret()).into()))
            }
            LoginKind::Basic => {
                let pair = format!("{}:{}", config.username, config.password.expose_secret());
                Ok(Login::Fixed(format!("Basic {}", STANDARD.encode(pair)).into()))
            }
            LoginKind::ClientCertificate | LoginKind::Anonymous => Ok(Login::None),
        }
    }

    /// Returns the header's value now.
    pub(crate) async fn header(&self, tokens: &Tokens) -> Result<Option<SecretString>, Failure> {
        match self {
            Login::Azure { login, service_account } => {
                let token = tokens.get(login, service_account).await?;
                Ok(Some(format!("Bearer {}", token.token.expose_secret()).into()))
            }
            Login::Fixed(header) => Ok(Some(header.clone())),
            Login::None => Ok(None),
        }
    }

    /// Says that the cluster refused the header.
    pub(crate) async fn refused(&self, tokens: &Tokens) {
        if let Login::Azure { login, service_account } = self {
            tokens.forget(login, service_account).await;
        }
    }
}
