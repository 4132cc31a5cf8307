//! Who asks, and whether they may.
//!
//! ```text
//!   certificate, token file, ServiceAccount token, others ──▶ User ──▶ impersonation ──▶ User
//!   system:masters, RBAC, others ──▶ Decision      (the first that allows wins; nobody's word is a refusal)
//! ```

mod authenticate;
mod authorize;
mod escalation;
mod impersonate;
mod rbac;
mod reviews;
mod rules;
mod token_file;
mod token_request;
mod tokens;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;

pub(crate) use authenticate::{authenticate, check_token};
pub(crate) use authorize::{authorize, forbidden};
pub(crate) use escalation::check_escalation;
pub(crate) use impersonate::impersonate;
pub(crate) use reviews::review;
pub use token_file::{TokenFile, TokenFileError};
pub(crate) use token_request::request_token;
pub(crate) use tokens::Tokens;

use crate::server::Server;

/// Everybody whose request was believed is in this group.
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
/// Members may do everything.
pub(crate) const MASTERS: &str = "system:masters";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// The user name.
    pub name: String,
    /// A lasting id, or empty.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// What else is known of the user.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// A user with a name and groups.
    pub fn new(name: impl Into<String>, groups: impl IntoIterator<Item = impl Into<String>>) -> User {
        User { name: name.into(), groups: groups.into_iter().map(Into::into).collect(), ..User::default() }
    }
}

/// The user that a client certificate names. Whoever ends TLS has verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateUser {
    /// The subject's common name: the user name.
    pub common_name: String,
    /// The subject's organizations: the groups.
    pub organizations: Vec<String>,
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// The remote address.
    pub address: Option<SocketAddr>,
    /// The verified client certificate.
    pub certificate: Option<CertificateUser>,
}

/// What an [`Authenticator`] says of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is not one of this authenticator's.
    Unknown,
    /// It is this user's.
    User(User),
    /// It would be one of this authenticator's, but is not good; the reason, which TokenReviews show.
    Refused(String),
}

/// Knows bearer tokens.
pub trait Authenticator: Send + Sync {
    /// Judges a token at a time.
    fn authenticate(&self, token: &str, now: Timestamp) -> Verdict;
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// `get`, `list`, `create`, … or a lower-case method.
    pub verb: &'a str,
    /// Whether it is about a resource; else `path` says what.
    pub resource_request: bool,
    /// API group, empty for the core group.
    pub group: &'a str,
    /// API version.
    pub version: &'a str,
    /// Plural name of the resource.
    pub resource: &'a str,
    /// Subresource, or empty.
    pub subresource: &'a str,
    /// Namespace, empty for cluster scope.
    pub namespace: &'a str,
    /// Object name, or empty.
    pub name: &'a str,
    /// The path of the request.
    pub path: &'a str,
}

/// What an [`Authorizer`] thinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes; why.
    Allow(String),
    /// No, whatever others say; why.
    Deny(String),
    /// It has nothing to say; why not, or empty.
    NoOpinion(String),
}

impl Decision {
    /// Whether it is a yes.
    pub fn allowed(&self) -> bool {
        matches!(self, Decision::Allow(_))
    }

    /// The reason given.
    pub fn reason(&self) -> &str {
        match self {
            Decision::Allow(reason) | Decision::Deny(reason) | Decision::NoOpinion(reason) => reason,
        }
    }
}

/// Judges what users may do.
pub trait Authorizer: Send + Sync {
    /// Decides on one act.
    fn authorize(&self, user: &User, attributes: &Attributes<'_>) -> Decision;
}

/// The parts that authentication and authorization are made of.
pub(crate) struct Access {
    pub(crate) tokens: Tokens,
    token_file: TokenFile,
    authenticators: Vec<Arc<dyn Authenticator>>,
    authorizers: Vec<Arc<dyn Authorizer>>,
}

impl Access {
    pub(crate) fn new(
        tokens: Tokens,
        token_file: TokenFile,
        authenticators: Vec<Arc<dyn Authenticator>>,
        authorizers: Vec<Arc<dyn Authorizer>>,
    ) -> Access {
        Access { tokens, token_file, authenticators, authorizers }
    }

    /// Asks everybody who judges.
    pub(crate) fn decide(&self, server: &Server, user: &User, attributes: &Attributes<'_>) -> Decision {
        if user.groups.iter().any(|group| group == MASTERS) {
            return Decision::Allow(String::new());
        }
        let mut reasons = Vec::new();
        let own = rbac::authorize(server, user, attributes);
        let others = self.authorizers.iter().map(|authorizer| authorizer.authorize(user, attributes));
        for decision in std::iter::once(own).chain(others) {
            match decision {
                Decision::NoOpinion(reason) if reason.is_empty() => {}
                Decision::NoOpinion(reason) => reasons.push(reason),
                decided => return decided,
            }
        }
        Decision::NoOpinion(reasons.join("\n"))
    }
}
