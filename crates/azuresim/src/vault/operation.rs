//! What a request to a vault asks for, and which permission that needs.

use http::Method;

use super::error::VaultError;
use crate::wire::Call;

/// One operation of the data plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation<'a> {
    SetSecret(&'a str),
    GetSecret(&'a str, Option<&'a str>),
    ListSecrets,
    ListVersions(&'a str),
    UpdateSecret(&'a str, Option<&'a str>),
    DeleteSecret(&'a str),
    ListDeleted,
    GetDeleted(&'a str),
    Recover(&'a str),
    Purge(&'a str),
    Backup(&'a str),
    Restore,
    GetCertificate(&'a str, Option<&'a str>),
    ListCertificates,
    GetKey(&'a str, Option<&'a str>),
    ListKeys,
}

/// A permission in both vocabularies: role-based access control, and access policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) data_action: &'static str,
    pub(super) area: &'static str,
    pub(super) policy: &'static str,
}

const fn permission(data_action: &'static str, area: &'static str, policy: &'static str) -> Permission {
    Permission { data_action, area, policy }
}

impl<'a> Operation<'a> {
    pub(super) fn parse(call: &'a Call) -> Result<Self, VaultError> {
        use Operation::*;
        let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
        let first = segments.first().map(|first| first.to_ascii_lowercase());
        let rest = segments.get(1..).unwrap_or_default();
        let refused =
            || VaultError::MethodNotAllowed { method: call.method.to_string(), path: call.path.clone() };
        let operation = match (&call.method, first.as_deref().unwrap_or_default(), rest) {
            (&Method::GET, "secrets", []) => ListSecrets,
            (&Method::POST, "secrets", ["restore"]) => Restore,
            (&Method::PUT, "secrets", [name]) => SetSecret(name),
            (&Method::GET, "secrets", [name]) => GetSecret(name, None),
            (&Method::DELETE, "secrets", [name]) => DeleteSecret(name),
            (&Method::PATCH, "secrets", [name]) => UpdateSecret(name, None),
            (&Method::GET, "secrets", [name, "versions"]) => ListVersions(name),
            (&Method::POST, "secrets", [name, "backup"]) => Backup(name),
            (&Method::GET, "secrets", [name, version]) => GetSecret(name, Some(version)),
            (&Method::PATCH, "secrets", [name, version]) => UpdateSecret(name, Some(version)),
            (&Method::GET, "deletedsecrets", []) => ListDeleted,
            (&Method::GET, "deletedsecrets", [name]) => GetDeleted(name),
            (&Method::DELETE, "deletedsecrets", [name]) => Purge(name),
            (&Method::POST, "deletedsecrets", [name, "recover"]) => Recover(name),
            (&Method::GET, "certificates", []) => ListCertificates,
            (&Method::GET, "certificates", [name]) => GetCertificate(name, None),
            (&Method::GET, "certificates", [name, version]) => GetCertificate(name, Some(version)),
            (&Method::GET, "keys", []) => ListKeys,
            (&Method::GET, "keys", [name]) => GetKey(name, None),
            (&Method::GET, "keys", [name, version]) => GetKey(name, Some(version)),
            _ => return Err(refused()),
        };
        Ok(operation)
    }

    pub(super) fn permission(&self) -> Permission {
        use Operation::*;
        match self {
            SetSecret(_) => {
                permission("Microsoft.KeyVault/vaults/secrets/setSecret/action", "secrets", "set")
            }
            GetSecret(..) => {
                permission("Microsoft.KeyVault/vaults/secrets/getSecret/action", "secrets", "get")
            }
            ListSecrets | ListVersions(_) | ListDeleted => {
                permission("Microsoft.KeyVault/vaults/secrets/readMetadata/action", "secrets", "list")
            }
            GetDeleted(_) => {
                permission("Microsoft.KeyVault/vaults/secrets/readMetadata/action", "secrets", "get")
            }
            UpdateSecret(..) => {
                permission("Microsoft.KeyVault/vaults/secrets/update/action", "secrets", "set")
            }
            DeleteSecret(_) => permission("Microsoft.KeyVault/vaults/secrets/delete", "secrets", "delete"),
            Recover(_) => {
                permission("Microsoft.KeyVault/vaults/secrets/recover/action", "secrets", "recover")
            }
            Purge(_) => permission("Microsoft.KeyVault/vaults/secrets/purge/action", "secrets", "purge"),
            Backup(_) => permission("Microsoft.KeyVault/vaults/secrets/backup/action", "secrets", "backup"),
            Restore => permission("Microsoft.KeyVault/vaults/secrets/restore/action", "secrets", "restore"),
            GetCertificate(..) => {
                permission("Microsoft.KeyVault/vaults/certificates/read", "certificates", "get")
            }
            ListCertificates => {
                permission("Microsoft.KeyVault/vaults/certificates/read", "certificates", "list")
            }
            GetKey(..) => permission("Microsoft.KeyVault/vaults/keys/read", "keys", "get"),
            ListKeys => permission("Microsoft.KeyVault/vaults/keys/read", "keys", "list"),
        }
    }

    /// The named object below the vault, as part of a scope: `secrets/name`.
    pub(super) fn object(&self) -> Option<(&'static str, &'a str)> {
        use Operation::*;
        match self {
            SetSecret(name)
            | GetSecret(name, _)
            | ListVersions(name)
            | UpdateSecret(name, _)
            | DeleteSecret(name)
            | GetDeleted(name)
            | Recover(name)
            | Purge(name)
            | Backup(name) => Some(("secrets", name)),
            GetCertificate(name, _) => Some(("certificates", name)),
            GetKey(name, _) => Some(("keys", name)),
            ListSecrets | ListDeleted | Restore | ListCertificates | ListKeys => None,
        }
    }
}
