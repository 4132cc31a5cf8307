//! The environment, read once and passed on as a value: proxies, roots, who we are in Azure, which kubeconfig.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::error::{CliError, Context as _};

/// The variables of the process.
#[derive(Debug, Clone)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process. Variables that are no text are passed over.
    pub(crate) fn of_process() -> Self {
        let text = |(key, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((key.into_string().ok()?, value.into_string().ok()?))
        };
        Environment(std::env::vars_os().filter_map(text).collect())
    }

    /// An environment made of these variables.
    pub(crate) fn of(variables: &BTreeMap<String, String>) -> Self {
        Environment(variables.clone())
    }

    /// A variable that is set to something.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// All variables.
    pub(crate) fn all(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The proxy for https, in either case of letters, as curl and Go read it.
    pub(crate) fn https_proxy(&self) -> Option<&str> {
        self.get("HTTPS_PROXY").or_else(|| self.get("https_proxy"))
    }

    /// The certificates of `SSL_CERT_FILE`, as PEM.
    pub(crate) fn extra_roots(&self) -> Result<Option<Vec<u8>>, CliError> {
        let Some(path) = self.get("SSL_CERT_FILE") else { return Ok(None) };
        let pem = std::fs::read(path)
            .context(|| format!("cannot read the certificates in `{path}` (SSL_CERT_FILE)"))?;
        Ok(Some(pem))
    }

    /// The kubeconfig that kubectl would use.
    pub(crate) fn kubeconfig(&self) -> Option<PathBuf> {
        let named = self.get("KUBECONFIG").map(|list| PathBuf::from(list.split(':').next().unwrap_or(list)));
        let usual = self.get("HOME").map(|home| PathBuf::from(home).join(".kube/config"));
        named.or(usual.filter(|path| path.is_file()))
    }
}
