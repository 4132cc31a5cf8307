//! The hop at which reaching a cluster failed, with its cause and its mend.

use std::fmt;

/// The hops between Argo CD and a cluster, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hop {
    /// The Secret says what is needed.
    Secret,
    /// The API server's name resolves.
    Dns,
    /// Its port answers.
    Tcp,
    /// Its certificate is signed by the stored CA and bears the name.
    Tls,
    /// The login gives a token.
    Login,
    /// `/version` answers to the token.
    Version,
    /// The access review allows everything.
    Access,
}

impl Hop {
    /// All hops in order.
    pub const ALL: [Hop; 7] =
        [Hop::Secret, Hop::Dns, Hop::Tcp, Hop::Tls, Hop::Login, Hop::Version, Hop::Access];

    /// One lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Hop::Secret => "secret",
            Hop::Dns => "dns",
            Hop::Tcp => "tcp",
            Hop::Tls => "tls",
            Hop::Login => "login",
            Hop::Version => "version",
            Hop::Access => "access",
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why a cluster can't be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The first hop that failed; those after it were not tried.
    pub hop: Hop,
    /// A stable name of the cause, `kebab-case`.
    pub code: &'static str,
    /// The service account whose login it was; none where it makes no difference.
    pub service_account: Option<String>,
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub mend: String,
}

impl Failure {
    /// Creates one that is not about a certain service account.
    pub fn new(hop: Hop, code: &'static str, cause: impl Into<String>, mend: impl Into<String>) -> Failure {
        Failure { hop, code, service_account: None, cause: cause.into(), mend: mend.into() }
    }

    /// Says whose login it was.
    pub fn of(self, service_account: &str) -> Failure {
        Failure { service_account: Some(service_account.to_owned()), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.hop, self.cause)?;
        if let Some(service_account) = &self.service_account {
            write!(formatter, " (as {service_account})")?;
        }
        write!(formatter, "; {}", self.mend)
    }
}
