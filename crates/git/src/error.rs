//! What can go wrong between us and a repository, told apart by what a person has to mend.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// A failed act on a repository.
#[derive(Debug, Error)]
pub enum Error {
    /// The `git` command could not be started.
    #[error("failed to start {program}: is Git installed and in PATH?")]
    Start {
        /// The program that was started.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The `git` command could not be talked to.
    #[error("failed to talk to git {subcommand}")]
    Talk {
        /// Its subcommand.
        subcommand: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The `git` command took too long and was ended.
    #[error("git {subcommand} on {repository} took longer than {} s: the server is slow or unreachable", after.as_secs())]
    TimedOut {
        /// Its subcommand.
        subcommand: String,
        /// The repository's URL or path, without login.
        repository: String,
        /// The time that it had.
        after: Duration,
    },
    /// The server or Git itself refused.
    #[error("{refusal}: {repository}: {message}")]
    Refused {
        /// Why, as far as we can tell it from the message.
        refusal: Refusal,
        /// The repository's URL or path, without login.
        repository: String,
        /// What Git said, one line, without login.
        message: String,
    },
    /// The revision is neither a branch nor a tag nor a commit of the repository.
    #[error(
        "revision {revision:?} is no branch, tag or commit of {repository}: push it, or correct targetRevision"
    )]
    UnknownRevision {
        /// The revision that was asked for.
        revision: String,
        /// The repository's URL or path, without login.
        repository: String,
    },
    /// The URL can't be one of a repository that we read.
    #[error("{repository:?} is no repository URL: {reason}")]
    Url {
        /// What was given, without login.
        repository: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The tree holds more than we are willing to keep in memory.
    #[error("the tree of {repository} is too large: {what} is more than the limit of {limit}")]
    TooLarge {
        /// The repository's URL or path, without login.
        repository: String,
        /// What is too large, with its size.
        what: String,
        /// The limit, in the same unit.
        limit: u64,
    },
    /// Git printed something that we don't understand.
    #[error("git {subcommand} printed something unexpected about {repository}: {what}")]
    Output {
        /// Its subcommand.
        subcommand: String,
        /// The repository's URL or path, without login.
        repository: String,
        /// What was unexpected.
        what: String,
    },
    /// A directory of ours can't be made or written.
    #[error("failed to prepare the directory {path}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The kinds of refusal, each with its own mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The login is missing or wrong, or the server hides the repository from it.
    Authentication,
    /// There is no such repository.
    NotFound,
    /// The server's name, port or route does not answer.
    Unreachable,
    /// The server's certificate is not trusted.
    Certificate,
    /// The branch moved on since it was read: fetch and try again.
    NotFastForward,
    /// Something else; the message says what.
    Other,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Refusal::Authentication => {
                "authentication failed (give the repository a credential that may read it, or correct it)"
            }
            Refusal::NotFound => {
                "repository not found (repoURL must be what git clone takes, without a path inside)"
            }
            Refusal::Unreachable => {
                "repository unreachable (check the host's name, the network, and the proxy)"
            }
            Refusal::Certificate => "the server's certificate is not trusted (add its CA)",
            Refusal::NotFastForward => "the branch has moved on (fetch, and do it again on top)",
            Refusal::Other => "git failed",
        })
    }
}

impl Refusal {
    /// Tells the kind from what Git printed, in the C locale.
    pub(crate) fn of(message: &str) -> Refusal {
        let message = message.to_lowercase();
        let any = |needles: &[&str]| needles.iter().any(|needle| message.contains(needle));
        if any(&[
            "authentication failed",
            "could not read username",
            "could not read password",
            "terminal prompts disabled",
            "permission denied",
            "returned error: 401",
            "returned error: 403",
        ]) {
            Refusal::Authentication
        } else if any(&["certificate", "ssl peer", "ssl: no alternative"]) {
            Refusal::Certificate
        } else if any(&[
            "could not resolve",
            "failed to connect",
            "couldn't connect",
            "connection refused",
            "connection timed out",
            "connection reset",
            "network is unreachable",
            "operation too slow",
            "timed out",
            "empty reply",
            "proxy connect",
            "connect tunnel failed",
            "returned error: 5",
        ]) {
            Refusal::Unreachable
        } else if any(&["non-fast-forward", "fetch first", "cannot lock ref"]) {
            Refusal::NotFastForward
        } else if any(&[
            "not found",
            "does not appear to be a git repository",
            "does not exist",
            "not a git repository",
        ]) {
            Refusal::NotFound
        } else {
            Refusal::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_from_messages() {
        for (message, expect) in [
            ("fatal: Authentication failed for 'https://h/r/'", Refusal::Authentication),
            (
                "fatal: could not read Username for 'https://h': terminal prompts disabled",
                Refusal::Authentication,
            ),
            ("fatal: repository 'https://h/r/' not found", Refusal::NotFound),
            ("fatal: '/x' does not appear to be a git repository", Refusal::NotFound),
            ("fatal: unable to access 'https://h/': Could not resolve host: h", Refusal::Unreachable),
            (
                "fatal: unable to access 'https://h/': server certificate verification failed.",
                Refusal::Certificate,
            ),
            (" ! [rejected] main -> main (fetch first)", Refusal::NotFastForward),
            ("fatal: the remote end hung up", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(message), expect, "{message}");
        }
    }
}
