//! The proof of reach: every hop to a cluster, in order, as Argo CD would take it.
//!
//! ```text
//!   secret ▶ dns ▶ tcp ▶ tls ▶ for each service account: login ▶ /version ▶ access review
//! ```
//!
//! One connection serves the whole proof. Nothing is written anywhere: an access review leaves no trace.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::exchange::Tokens;
use crate::failure::{Failure, Hop};
use crate::identity::PodIdentity;
use crate::login::Login;
use crate::secret::{ClusterSecret, IN_CLUSTER_SERVER};
use crate::transport::{Network, Transport};

/// The longest answer that is read.
const ANSWER: usize = 1 << 20;
/// How many of a Secret's `namespaces` are reviewed.
const NAMESPACES: usize = 20;

/// A cluster that can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What `/version` says, as `v1.35.1`.
    pub version: String,
}

/// Takes every hop to `cluster`, logging in as each of `identities`.
pub async fn prove(
    cluster: &ClusterSecret,
    identities: &[Result<PodIdentity, Failure>],
    tokens: &Tokens,
    network: &Network,
) -> Result<Proof, Failure> {
    let transport = Transport::new(cluster, network)?;
    let stream = transport.connect().await?;
    let (sender, connection) =
        handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error.to_string()))?;
    let connection = tokio::spawn(connection);
    let mut conversation = Conversation { cluster, sender, network };
    let result = conversation.hold(identities, tokens).await;
    // Kept open, a thousand of these would cost more than they save until the next proof.
    connection.abort();
    result
}

struct Conversation<'a> {
    cluster: &'a ClusterSecret,
    sender: SendRequest<Full<Bytes>>,
    network: &'a Network,
}

impl Conversation<'_> {
    async fn hold(
        &mut self,
        identities: &[Result<PodIdentity, Failure>],
        tokens: &Tokens,
    ) -> Result<Proof, Failure> {
        let mut logins = Vec::new();
        for identity in identities {
            let identity = identity.as_ref().map_err(Clone::clone)?;
            let login = Login::resolve(self.cluster, identity)?;
            let header = login.header(tokens).await?;
            let by_account = matches!(login, Login::Azure { .. });
            logins.push((by_account.then(|| identity.service_account.clone()), header));
            if !by_account {
                // The same for whoever asks.
                break;
            }
        }
        let mut version = String::new();
        for (account, header) in &logins {
            let of = |failure: Failure| match account {
                Some(account) => failure.of(account),
                None => failure,
            };
            version = self.version(header.as_ref()).await.map_err(of)?;
            self.review(header.as_ref()).await.map_err(of)?;
        }
        Ok(Proof { version })
    }

    async fn version(&mut self, authorization: Option<&SecretString>) -> Result<String, Failure> {
        let (status, body) = self.ask(Method::GET, "/version", authorization, Bytes::new()).await?;
        match status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => return Err(token_refused()),
            StatusCode::FORBIDDEN => return Err(not_allowed("/version", &message(&body))),
            status => {
                return Err(Failure::new(
                    Hop::Version,
                    "version-refused",
                    format!("/version answered {status}: {}", message(&body)),
                    "check that the URL is a Kubernetes API server's, and that it is healthy",
                ));
            }
        }
        body["gitVersion"].as_str().map(str::to_owned).ok_or_else(|| {
            Failure::new(
                Hop::Version,
                "not-kubernetes",
                "/version did not answer as a Kubernetes API server does",
                "check the URL",
            )
        })
    }

    async fn review(&mut self, authorization: Option<&SecretString>) -> Result<(), Failure> {
        let namespaces: Vec<Option<&String>> = if self.cluster.namespaces.is_empty() {
            vec![None]
        } else {
            self.cluster.namespaces.iter().take(NAMESPACES).map(Some).collect()
        };
        for namespace in namespaces {
            let review = SelfSubjectAccessReview {
                spec: SelfSubjectAccessReviewSpec {
                    resource_attributes: Some(ResourceAttributes {
                        group: Some("*".to_owned()),
                        resource: Some("*".to_owned()),
                        verb: Some("*".to_owned()),
                        namespace: namespace.cloned(),
                        ..ResourceAttributes::default()
                    }),
                    ..SelfSubjectAccessReviewSpec::default()
                },
                ..SelfSubjectAccessReview::default()
            };
            let body = serde_json::to_vec(&review).unwrap_or_default();
            let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
            let (status, body) = self.ask(Method::POST, path, authorization, body.into()).await?;
            match status {
                StatusCode::OK | StatusCode::CREATED => {}
                StatusCode::UNAUTHORIZED => return Err(token_refused()),
                StatusCode::FORBIDDEN => return Err(not_allowed("an access review", &message(&body))),
                status => {
                    return Err(Failure::new(
                        Hop::Access,
                        "review-refused",
                        format!("the access review answered {status}: {}", message(&body)),
                        "check that the API server is healthy",
                    ));
                }
            }
            if body["status"]["allowed"] != Value::Bool(true) {
                let what = match namespace {
                    Some(namespace) => format!("everything in namespace {namespace}"),
                    None => "everything".to_owned(),
                };
                return Err(not_allowed(&what, body["status"]["reason"].as_str().unwrap_or_default()));
            }
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        authorization: Option<&SecretString>,
        body: Bytes,
    ) -> Result<(StatusCode, Value), Failure> {
        let uri: http::Uri = self.cluster.server.parse().unwrap_or_default();
        let prefix = uri.path().trim_end_matches('/');
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{prefix}{path}"))
            .header(header::HOST, uri.authority().map(http::uri::Authority::as_str).unwrap_or_default())
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "gangplank");
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization.expose_secret());
        }
        let request = request.body(Full::new(body)).map_err(|error| broken(&error.to_string()))?;
        let exchange = async {
            self.sender.ready().await.map_err(|error| broken(&error.to_string()))?;
            let response =
                self.sender.send_request(request).await.map_err(|error| broken(&error.to_string()))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER).collect().await;
            let body = body.map_err(|error| broken(&error.to_string()))?.to_bytes();
            Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
        };
        let limit = self.network.answer_timeout;
        tokio::time::timeout(limit, exchange).await.unwrap_or_else(|_| {
            Err(Failure::new(
                Hop::Version,
                "answer-timeout",
                format!("the API server did not answer {path} within {} s", limit.as_secs()),
                "check that the API server is healthy",
            ))
        })
    }
}

/// Proves the hub itself through the client that gangplank already has.
pub(crate) async fn prove_hub(hub: &kube::Client) -> Result<Proof, Failure> {
    match hub.apiserver_version().await {
        Ok(info) => Ok(Proof { version: info.git_version }),
        Err(error) => Err(Failure::new(
            Hop::Version,
            "hub-unreachable",
            format!("the hub's own API server ({IN_CLUSTER_SERVER}) did not answer: {error}"),
            "check the hub",
        )),
    }
}

fn message(body: &Value) -> String {
    body["message"].as_str().unwrap_or("no message").chars().take(300).collect()
}

fn broken(reason: &str) -> Failure {
    Failure::new(
        Hop::Version,
        "connection-broken",
        format!("the connection broke: {reason}"),
        "check the route to the API server; it is tried again",
    )
}

fn token_refused() -> Failure {
    Failure::new(
        Hop::Version,
        "token-refused",
        "the cluster does not take the token (401)",
        "turn on Entra integration for the cluster, in the tenant of the identity",
    )
}

fn not_allowed(what: &str, reason: &str) -> Failure {
    let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Failure::new(
        Hop::Access,
        "not-allowed",
        format!("the cluster does not allow {what}{reason}"),
        "assign the role Azure Kubernetes Service RBAC Cluster Admin on the cluster to the identity's object id \
         (not its client id), and turn on Azure RBAC; a new assignment takes minutes to work",
    )
}
