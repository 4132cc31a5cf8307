//! Repository Secrets: one repository (`repository`) or a credential for a URL prefix (`repo-creds`), and which applies.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret, SecretString};

use crate::finding::Finding;
use crate::secret::SECRET_TYPE_LABEL;

/// What a repository Secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepositoryKind {
    /// `secret-type: repository`: one repository.
    Repository,
    /// `secret-type: repo-creds`: all repositories below a URL.
    Credentials,
}

/// A repository Secret, as far as fetching needs it.
#[derive(Clone, Debug)]
pub struct RepositorySecret {
    /// What it is for.
    pub kind: RepositoryKind,
    /// The Secret's name.
    pub secret: String,
    /// The URL, verbatim.
    pub url: String,
    /// `git`, `helm` or `oci`.
    pub repository_type: String,
    /// The project that it is scoped to; empty when absent.
    pub project: String,
    /// How to fetch.
    pub access: RepositoryAccess,
}

/// How a repository is fetched.
#[derive(Clone, Debug, Default)]
pub struct RepositoryAccess {
    /// The login.
    pub login: RepositoryLogin,
    /// Whether the server's certificate goes unchecked.
    pub insecure: bool,
    /// A proxy for this repository; empty when absent.
    pub proxy: String,
}

/// The login at a repository, in the order in which Argo CD looks.
#[derive(Clone, Debug, Default)]
pub enum RepositoryLogin {
    /// None given.
    #[default]
    Anonymous,
    /// User name and password or token.
    Basic {
        /// The user name, which may be empty.
        username: String,
        /// The password or token.
        password: SecretString,
    },
    /// A bearer token.
    Bearer(SecretString),
    /// A login that gangplank does not make; its name in the Secret.
    NotUnderstood(&'static str),
}

/// Reads a Secret that carries one of the two labels; findings are about what Argo CD would stumble over or ignore.
pub fn read_repository(secret: &Secret) -> (Option<RepositorySecret>, Vec<Finding>) {
    let label = secret.metadata.labels.as_ref().and_then(|labels| labels.get(SECRET_TYPE_LABEL));
    let kind = match label.map(String::as_str) {
        Some("repository") => RepositoryKind::Repository,
        Some("repo-creds") => RepositoryKind::Credentials,
        _ => return (None, Vec::new()),
    };
    let text = |key: &str| {
        let bytes = secret.data.as_ref().and_then(|data| data.get(key));
        bytes.map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned()).unwrap_or_default()
    };
    let mut findings = Vec::new();
    for key in [
        "enableOCI",
        "insecureOCIForceHttp",
        "forceHttpBasicAuth",
        "useAzureWorkloadIdentity",
        "insecure",
        "enableLfs",
    ] {
        if !text(key).is_empty() && go_bool(&text(key)).is_none() {
            findings.push(unparsable(key, "boolean (true or false)"));
        }
    }
    for key in ["githubAppID", "githubAppInstallationID", "depth"] {
        if !text(key).is_empty() && text(key).parse::<i64>().is_err() {
            findings.push(unparsable(key, "decimal number"));
        }
    }
    for key in ["username", "password"] {
        if text(key).ends_with(['\n', '\r']) {
            findings.push(Finding::warning(
                "trailing-line-break",
                key,
                "it ends in a line break, which is sent as a part of it",
                "trim the value in the template",
            ));
        }
    }
    let url = text("url");
    if url.is_empty() {
        findings.push(Finding::error(
            "url-missing",
            "url",
            "it is empty, so the Secret applies to nothing",
            "give the URL",
        ));
    }
    let is_repository = kind == RepositoryKind::Repository;
    let login = if !text("password").is_empty()
        || (!text("username").is_empty()
            && text("bearerToken").is_empty()
            && text("sshPrivateKey").is_empty()
            && text("githubAppPrivateKey").is_empty())
    {
        RepositoryLogin::Basic { username: text("username"), password: text("password").into() }
    } else if !text("bearerToken").is_empty() {
        RepositoryLogin::Bearer(text("bearerToken").into())
    } else if !text("sshPrivateKey").is_empty() {
        RepositoryLogin::NotUnderstood("sshPrivateKey")
    } else if !text("githubAppPrivateKey").is_empty() {
        RepositoryLogin::NotUnderstood("githubAppPrivateKey")
    } else if !text("gcpServiceAccountKey").is_empty() {
        RepositoryLogin::NotUnderstood("gcpServiceAccountKey")
    } else if go_bool(&text("useAzureWorkloadIdentity")) == Some(true) {
        RepositoryLogin::NotUnderstood("useAzureWorkloadIdentity")
    } else if !text("azureServicePrincipalClientSecret").is_empty() {
        RepositoryLogin::NotUnderstood("azureServicePrincipalClientSecret")
    } else if !text("tlsClientCertData").is_empty() {
        RepositoryLogin::NotUnderstood("tlsClientCertData")
    } else {
        RepositoryLogin::Anonymous
    };
    let repository_type = match text("type") {
        empty if empty.is_empty() => "git".to_owned(),
        other => other,
    };
    let repository = RepositorySecret {
        kind,
        secret: secret.metadata.name.clone().unwrap_or_default(),
        url,
        repository_type,
        project: text("project"),
        access: RepositoryAccess {
            login,
            insecure: is_repository && go_bool(&text("insecure")) == Some(true),
            proxy: text("proxy"),
        },
    };
    (Some(repository), findings)
}

fn unparsable(key: &str, wanted: &str) -> Finding {
    Finding::error(
        "value-unparsable",
        key,
        format!("it is no {wanted}, which makes Argo CD fail each lookup that meets this Secret"),
        "give a plain value without white space",
    )
}

/// Go's `strconv.ParseBool`.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Returns the form in which Argo CD compares Git URLs.
pub fn normalize_url(url: &str) -> String {
    let url = url.trim().to_lowercase();
    let ssh = !url.contains("://") && url.split_once(':').is_some_and(|(host, _)| host.contains('@'));
    let url = if ssh { url.replacen(':', "/", 1) } else { url };
    let url = url.strip_suffix(".git").unwrap_or(&url);
    url.strip_prefix("ssh://").unwrap_or(url).to_owned()
}

/// Returns how `url` is fetched for `project`: by its own Secret, else by the longest matching credential.
pub fn access_for(secrets: &[RepositorySecret], url: &str, project: &str) -> RepositoryAccess {
    let wanted = normalize_url(url);
    let own = |scope: &str| {
        secrets.iter().find(|secret| {
            secret.kind == RepositoryKind::Repository
                && normalize_url(&secret.url) == wanted
                && secret.project == scope
        })
    };
    let own = (!project.is_empty()).then(|| own(project)).flatten().or_else(|| own(""));
    let template = || {
        let mut matching: BTreeMap<usize, &RepositorySecret> = BTreeMap::new();
        for secret in secrets.iter().filter(|secret| secret.kind == RepositoryKind::Credentials) {
            let prefix = normalize_url(&secret.url);
            if !prefix.is_empty() && wanted.starts_with(&prefix) {
                matching.entry(prefix.len()).or_insert(secret);
            }
        }
        matching.into_values().next_back().map(|secret| secret.access.clone()).unwrap_or_default()
    };
    match own {
        Some(own) if !matches!(own.access.login, RepositoryLogin::Anonymous) => own.access.clone(),
        Some(own) => {
            let template = template();
            RepositoryAccess {
                login: template.login,
                insecure: own.access.insecure,
                proxy: if own.access.proxy.is_empty() { template.proxy } else { own.access.proxy.clone() },
            }
        }
        None => template(),
    }
}

impl RepositoryLogin {
    /// Whether two logins are the same.
    pub fn same_as(&self, other: &RepositoryLogin) -> bool {
        match (self, other) {
            (RepositoryLogin::Anonymous, RepositoryLogin::Anonymous) => true,
            (
                RepositoryLogin::Basic { username, password },
                RepositoryLogin::Basic { username: other_name, password: other_password },
            ) => username == other_name && password.expose_secret() == other_password.expose_secret(),
            (RepositoryLogin::Bearer(token), RepositoryLogin::Bearer(other)) => {
                token.expose_secret() == other.expose_secret()
            }
            (RepositoryLogin::NotUnderstood(name), RepositoryLogin::NotUnderstood(other)) => name == other,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::ByteString;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    fn secret(kind: &str, data: &[(&str, &str)]) -> Secret {
        Secret {
            metadata: ObjectMeta {
                labels: Some([(SECRET_TYPE_LABEL.to_owned(), kind.to_owned())].into()),
                ..ObjectMeta::default()
            },
            data: Some(
                data.iter().map(|(k, v)| ((*k).to_owned(), ByteString(v.as_bytes().to_vec()))).collect(),
            ),
            ..Secret::default()
        }
    }

    fn read(kind: &str, data: &[(&str, &str)]) -> RepositorySecret {
        read_repository(&secret(kind, data)).0.unwrap()
    }

    #[test]
    fn urls_compare_as_argo_cd_compares_them() {
        for (url, expect) in [
            (" https://GitHub.com/Org/Repo.git ", "https://github.com/org/repo"),
            ("git@github.com:org/repo.git", "git@github.com/org/repo"),
            ("ssh://git@github.com/org/repo", "git@github.com/org/repo"),
            ("https://h/r/", "https://h/r/"),
        ] {
            assert_eq!(normalize_url(url), expect);
        }
    }

    #[test]
    fn the_own_secret_wins_then_the_longest_prefix() {
        let secrets = [
            read("repo-creds", &[("url", "https://h"), ("password", "host")]),
            read("repo-creds", &[("url", "https://h/org"), ("password", "org"), ("username", "u")]),
            read("repository", &[("url", "https://h/org/own"), ("password", "own")]),
            read("repository", &[("url", "https://h/org/own"), ("password", "scoped"), ("project", "p")]),
            read("repository", &[("url", "https://h/org/bare"), ("insecure", "true")]),
        ];
        for (url, project, expect, insecure) in [
            ("https://h/other", "", Some("host"), false),
            ("https://h/org/x", "", Some("org"), false),
            // No boundary of path segments: upstream's rule.
            ("https://h/organisation/x", "", Some("org"), false),
            ("https://H/org/own.git", "", Some("own"), false),
            ("https://h/org/own", "p", Some("scoped"), false),
            ("https://h/org/own", "q", Some("own"), false),
            ("https://h/org/bare", "", Some("org"), true),
            ("https://elsewhere/x", "", None, false),
        ] {
            let access = access_for(&secrets, url, project);
            let password = match &access.login {
                RepositoryLogin::Basic { password, .. } => Some(password.expose_secret()),
                _ => None,
            };
            assert_eq!((password, access.insecure), (expect, insecure), "{url} {project}");
        }
    }

    #[test]
    fn values_that_break_lookups_are_told() {
        let codes = |data: &[(&str, &str)]| -> Vec<&str> {
            read_repository(&secret("repo-creds", data)).1.iter().map(|finding| finding.code).collect()
        };
        assert_eq!(codes(&[("url", "u"), ("enableOCI", "yes")]), ["value-unparsable"]);
        assert_eq!(codes(&[("url", "u"), ("githubAppID", "1\n")]), ["value-unparsable"]);
        assert_eq!(codes(&[("password", "p\n")]), ["trailing-line-break", "url-missing"]);
        assert!(read_repository(&secret("cluster", &[])).0.is_none());
    }

    #[test]
    fn a_left_over_password_beats_the_app() {
        let login =
            read("repository", &[("url", "u"), ("password", "p"), ("githubAppPrivateKey", "k")]).access.login;
        assert!(matches!(login, RepositoryLogin::Basic { .. }));
        let login =
            read("repository", &[("url", "u"), ("username", ""), ("githubAppPrivateKey", "k")]).access.login;
        assert!(matches!(login, RepositoryLogin::NotUnderstood("githubAppPrivateKey")));
    }
}
