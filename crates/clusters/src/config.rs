//! The `config` of a cluster Secret: how Argo CD is to talk to the cluster.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::go_json::Json;

/// The decoded `config`. Secret parts are redacted in `Debug`.
#[derive(Clone, Debug, Default)]
pub struct ClusterConfig {
    /// User name of basic authentication; empty when absent.
    pub username: String,
    /// Password of basic authentication.
    pub password: SecretString,
    /// A bearer token that does not change.
    pub bearer_token: SecretString,
    /// TLS settings.
    pub tls: TlsConfig,
    /// Whether `awsAuthConfig` is given.
    pub aws: bool,
    /// The exec login.
    pub exec: Option<ExecConfig>,
    /// Whether responses are asked for uncompressed.
    pub disable_compression: bool,
    /// A proxy for this cluster: http, https or socks5; empty when absent.
    pub proxy_url: String,
}

/// `tlsClientConfig`.
#[derive(Clone, Default)]
pub struct TlsConfig {
    /// Whether the server's certificate goes unchecked.
    pub insecure: bool,
    /// The name to check the certificate against, in place of the URL's host; empty when absent.
    pub server_name: String,
    /// The authority's certificates as decoded from base64, which should be PEM; empty when absent.
    pub ca: Vec<u8>,
    /// The client certificate, PEM; empty when absent.
    pub certificate: Vec<u8>,
    /// The client certificate's key, PEM; empty when absent.
    pub key: SecretSlice<u8>,
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TlsConfig")
            .field("insecure", &self.insecure)
            .field("server_name", &self.server_name)
            .field("ca", &format_args!("{} bytes", self.ca.len()))
            .field("certificate", &format_args!("{} bytes", self.certificate.len()))
            .finish_non_exhaustive()
    }
}

/// `execProviderConfig`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ExecConfig {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment, over that of Argo CD's pod.
    pub env: BTreeMap<String, String>,
    /// The version of `client.authentication.k8s.io` that its answer must have.
    pub api_version: String,
}

impl fmt::Debug for ExecConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ExecConfig")
            .field("command", &self.command)
            .field("args", &self.args)
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .field("api_version", &self.api_version)
            .finish()
    }
}

/// How the cluster is logged in to, in the order in which Argo CD's client builder looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginKind {
    /// `awsAuthConfig`.
    Aws,
    /// `execProviderConfig`.
    Exec,
    /// A fixed bearer token.
    BearerToken,
    /// A user name and a password.
    Basic,
    /// A client certificate.
    ClientCertificate,
    /// None of these.
    Anonymous,
}

impl ClusterConfig {
    /// Decodes `config` as Argo CD does; empty text is an empty config. The error never holds a value.
    pub fn decode(text: &[u8]) -> Result<ClusterConfig, String> {
        if text.is_empty() {
            return Ok(ClusterConfig::default());
        }
        let text = String::from_utf8_lossy(text);
        let json: Json = serde_json::from_str(&text)
            .map_err(|error| format!("line {}, column {} is not JSON", error.line(), error.column()))?;
        let mut config = ClusterConfig::default();
        let (mut password, mut token) = (String::new(), String::new());
        json.members("", |key, path, value| match key {
            "username" => value.string(path, &mut config.username),
            "password" => value.string(path, &mut password),
            "bearertoken" => value.string(path, &mut token),
            "tlsclientconfig" => config.tls.decode(path, value),
            "awsauthconfig" => {
                config.aws = !matches!(value, Json::Null);
                value.members(path, |_, path, value| value.string(path, &mut String::new()))
            }
            "execproviderconfig" => match value {
                Json::Null => {
                    config.exec = None;
                    Ok(())
                }
                value => config.exec.get_or_insert_default().decode(path, value),
            },
            "disablecompression" => value.boolean(path, &mut config.disable_compression),
            "proxyurl" => value.string(path, &mut config.proxy_url),
            _ => Ok(()),
        })?;
        config.password = password.into();
        config.bearer_token = token.into();
        Ok(config)
    }

    /// Returns the login that Argo CD would use.
    pub fn login(&self) -> LoginKind {
        if self.aws {
            LoginKind::Aws
        } else if self.exec.is_some() {
            LoginKind::Exec
        } else if !self.bearer_token.expose_secret().is_empty() {
            LoginKind::BearerToken
        } else if !self.username.is_empty() {
            LoginKind::Basic
        } else if !self.tls.certificate.is_empty() {
            LoginKind::ClientCertificate
        } else {
            LoginKind::Anonymous
        }
    }
}

impl TlsConfig {
    fn decode(&mut self, path: &str, json: &Json) -> Result<(), String> {
        let mut key_bytes = None;
        json.members(path, |key, path, value| match key {
            "insecure" => value.boolean(path, &mut self.insecure),
            "servername" => value.string(path, &mut self.server_name),
            "cadata" => value.bytes(path, &mut self.ca),
            "certdata" => value.bytes(path, &mut self.certificate),
            "keydata" => value.bytes(path, key_bytes.get_or_insert_default()),
            _ => Ok(()),
        })?;
        if let Some(bytes) = key_bytes {
            self.key = bytes.into();
        }
        Ok(())
    }
}

impl ExecConfig {
    fn decode(&mut self, path: &str, json: &Json) -> Result<(), String> {
        json.members(path, |key, path, value| match key {
            "command" => value.string(path, &mut self.command),
            "args" => value.strings(path, &mut self.args),
            "env" => value.string_map(path, &mut self.env),
            "apiversion" => value.string(path, &mut self.api_version),
            "installhint" => value.string(path, &mut String::new()),
            "provideclusterinfo" => value.boolean(path, &mut false),
            _ => Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<LoginKind, &str>) {
        let got = ClusterConfig::decode(text.as_bytes()).map(|config| config.login());
        assert_eq!(got, expect.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn decodes_as_go_does() {
        check("", Ok(LoginKind::Anonymous));
        check("null", Ok(LoginKind::Anonymous));
        check(r#"{"BEARERTOKEN": "x"}"#, Ok(LoginKind::BearerToken));
        check(r#"{"execProvider": {"command": "x"}}"#, Ok(LoginKind::Anonymous));
        check(r#"{"execProviderConfig": {"command": "x"}, "bearerToken": "y"}"#, Ok(LoginKind::Exec));
        check(r#"{"execProviderConfig": {}, "awsAuthConfig": {"clusterName": "c"}}"#, Ok(LoginKind::Aws));
        check(r#"{"username": "u", "password": "p"}"#, Ok(LoginKind::Basic));
        check(r#"{"tlsClientConfig": {"certData": "Zm9v"}}"#, Ok(LoginKind::ClientCertificate));
        check("[]", Err("config is an array, not an object"));
        check(
            r#"{"tlsClientConfig": {"insecure": "false"}}"#,
            Err("tlsClientConfig.insecure is a string, not a boolean"),
        );
        check(
            r#"{"tlsClientConfig": {"caData": "-----BEGIN"}}"#,
            Err("tlsClientConfig.caData is not base64"),
        );
        check(
            r#"{"execProviderConfig": {"env": [{"name": "A", "value": "B"}]}}"#,
            Err("execProviderConfig.env is an array, not an object of strings"),
        );
        check("{\n  \"a\": 1, # optional\n}", Err("line 2, column 11 is not JSON"));
    }

    #[test]
    fn what_is_given_twice_merges() {
        let text = r#"{"execProviderConfig": {"command": "a", "env": {"X": "1"}},
                       "execproviderconfig": {"command": "b", "env": {"Y": "2"}}}"#;
        let exec = ClusterConfig::decode(text.as_bytes()).unwrap().exec.unwrap();
        assert_eq!(exec.command, "b");
        assert_eq!(exec.env.keys().collect::<Vec<_>>(), ["X", "Y"]);
    }

    #[test]
    fn debug_prints_no_secret() {
        let text = r#"{"password": "hunter2", "bearerToken": "hunter2", "tlsClientConfig": {"keyData": "aHVudGVyMg=="},
                       "execProviderConfig": {"env": {"AZURE_CLIENT_SECRET": "hunter2"}}}"#;
        let debug = format!("{:?}", ClusterConfig::decode(text.as_bytes()).unwrap());
        assert!(!debug.contains("hunter2") && !debug.contains("104, 117"), "{debug}");
    }
}
