//! What a kustomization may fetch: files over HTTPS, and directories of git repositories.
//!
//! The renderer does no I/O: it asks a [`Remote`], which may fetch, answer from a cache, or refuse.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::files::Files;

/// Why a remote gives nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// The remote is not to be asked at all.
    #[error("remote resources are refused here: {0}")]
    Refused(String),
    /// The server answered, and not with the file.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// Anything else: no connection, a time-out, an answer that is too large.
    #[error("{0}")]
    Failed(String),
}

/// A checked-out tree.
#[derive(Clone)]
pub struct Checkout {
    /// Its files.
    pub files: Arc<dyn Files>,
    /// The directory of the repository's root in them, symbolic links resolved.
    pub root: String,
}

/// Fetches files and repositories.
pub trait Remote: Send + Sync {
    /// The body of a GET of an `http` or `https` address.
    ///
    /// # Errors
    /// The address gives nothing.
    fn get(&self, url: &str) -> Result<Arc<[u8]>, RemoteError>;

    /// A repository at a revision.
    ///
    /// # Errors
    /// The repository can't be had.
    fn checkout(&self, reference: &GitReference) -> Result<Checkout, RemoteError>;
}

/// Refuses everything, and says why.
#[derive(Debug, Clone)]
pub struct NoRemote(pub String);

impl Remote for NoRemote {
    fn get(&self, _: &str) -> Result<Arc<[u8]>, RemoteError> {
        Err(RemoteError::Refused(self.0.clone()))
    }

    fn checkout(&self, _: &GitReference) -> Result<Checkout, RemoteError> {
        Err(RemoteError::Refused(self.0.clone()))
    }
}

/// A directory of a git repository, as a kustomization names it: `https://host/org/repo//path?ref=v1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GitReference {
    /// What `git fetch` is told: host and repository.
    pub repository: String,
    /// The directory in the repository, empty for its root.
    pub path: String,
    /// The branch, tag or commit; the repository's own where there is none.
    pub revision: Option<String>,
    /// How long the fetch may take.
    pub timeout: Duration,
    /// Whether submodules are fetched.
    pub submodules: bool,
}

impl fmt::Display for GitReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if !self.path.is_empty() {
            write!(f, "//{}", self.path)?;
        }
        self.revision.as_ref().map_or(Ok(()), |revision| write!(f, "?ref={revision}"))
    }
}

fn strip_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Whether a text is an address that is fetched with a GET.
pub(crate) fn is_url(text: &str) -> bool {
    ["https:", "http:"].iter().any(|scheme| strip_ignoring_case(text, scheme).is_some())
}

impl GitReference {
    /// Reads a reference; `None` for a text that is none, and so a local path.
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        let (location, query) = text.split_once('?').unwrap_or((text, ""));
        let location = strip_ignoring_case(location, "git::").unwrap_or(location);
        let (host, rest) = host(location)?;
        let segments = if host.starts_with("file://") { None } else { Some(2) };
        let (repository, path) = split_repository(&rest, segments)?;
        let path = path.trim_start_matches('/').to_owned();
        if repository.is_empty() || leaves_root(&path) {
            return None;
        }
        let mut reference = Self {
            repository: format!("{host}{repository}"),
            path,
            revision: None,
            timeout: Duration::from_secs(27),
            submodules: true,
        };
        reference.read_query(query);
        Some(reference)
    }

    fn read_query(&mut self, query: &str) {
        let mut version = None;
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            if value.is_empty() {
                continue;
            }
            match name {
                "ref" => self.revision = self.revision.take().or_else(|| Some(value.to_owned())),
                "version" => version = version.or(Some(value)),
                "timeout" => {
                    let seconds =
                        value.strip_suffix('s').unwrap_or(value).parse().ok().filter(|seconds| *seconds > 0);
                    self.timeout = seconds.map_or(self.timeout, Duration::from_secs);
                }
                "submodules" => {
                    self.submodules = !matches!(value, "false" | "0" | "f" | "F" | "False" | "FALSE")
                }
                _ => {}
            }
        }
        if self.revision.is_none() {
            self.revision = version.map(str::to_owned);
        }
    }
}

/// The host with scheme and user as git is told, and what follows it.
fn host(text: &str) -> Option<(String, String)> {
    let schemes = ["ssh://", "https://", "http://", "file://"];
    let (scheme, rest) = schemes
        .iter()
        .find_map(|scheme| strip_ignoring_case(text, scheme).map(|rest| (*scheme, rest)))
        .unwrap_or(("", text));
    let user_end = rest.find('@').filter(|at| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic())
            && rest[..*at].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    let (user, rest) = user_end.map_or(("", rest), |at| rest.split_at(at + 1));
    let lower = rest.to_lowercase();
    let github = lower.starts_with("github.com/") || lower.starts_with("github.com:");
    let scp_style = scheme.is_empty() && (!user.is_empty() || github);
    if scheme.is_empty() && !scp_style {
        return None;
    }
    if scheme == "file://" {
        return Some((scheme.to_owned(), format!("{user}{rest}")));
    }
    let slash = rest.find('/');
    let colon =
        rest.find(':').filter(|colon| scp_style && *colon > 0 && slash.is_none_or(|slash| *colon < slash));
    let (host, path) = match colon.or(slash) {
        Some(at) => (&rest[..=at], &rest[at + 1..]),
        None => (rest, ""),
    };
    if host.is_empty() {
        return None;
    }
    let host = match github {
        true if scheme == "ssh://" || !user.is_empty() => format!("{user}github.com:"),
        true => "https://github.com/".to_owned(),
        false => format!("{scheme}{user}{host}"),
    };
    Some((host, path.to_owned()))
}

/// Repository and directory: parted by `_git/`, `//` or `.git`, else after so many segments.
fn split_repository(text: &str, segments: Option<usize>) -> Option<(String, String)> {
    if let Some(at) = text.find("_git/") {
        let (name, path) = text[at + 5..].split_once('/').unwrap_or((&text[at + 5..], ""));
        return Some((format!("{}{name}", &text[..at + 5]), path.to_owned()));
    }
    if let Some((repository, path)) = text.split_once("//") {
        return Some((repository.to_owned(), path.to_owned()));
    }
    if let Some(at) = text.find(".git") {
        return Some((text[..at + 4].to_owned(), text[at + 4..].to_owned()));
    }
    let Some(count) = segments else { return Some((text.to_owned(), String::new())) };
    let parts: Vec<&str> = text.split('/').collect();
    (parts.len() >= count).then(|| (parts[..count].join("/"), parts[count..].join("/")))
}

fn leaves_root(path: &str) -> bool {
    let mut depth = 0_i64;
    path.split('/').any(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth < 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(&str, &str, Option<&str>)>) {
        let found = GitReference::parse(text);
        let found =
            found.as_ref().map(|git| (git.repository.as_str(), git.path.as_str(), git.revision.as_deref()));
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn references_are_read_as_kustomize_does() {
        check(
            "https://github.com/org/repo//path?ref=v1",
            Some(("https://github.com/org/repo", "path", Some("v1"))),
        );
        check("github.com/org/repo/a/b", Some(("https://github.com/org/repo", "a/b", None)));
        check("git@github.com:org/repo.git/a", Some(("git@github.com:org/repo.git", "a", None)));
        check(
            "https://dev.azure.com/o/p/_git/r/sub?version=x",
            Some(("https://dev.azure.com/o/p/_git/r", "sub", Some("x"))),
        );
        check("file:///tmp/repo//x", Some(("file:///tmp/repo", "x", None)));
        check("ssh://git@host.org/a/b", Some(("ssh://git@host.org/a/b", "", None)));
        check("../base", None);
        check("/abs", None);
        check("base/x.yaml", None);
        check("https://host/one", None);
        check("https://github.com/org/repo//../x", None);
    }
}
