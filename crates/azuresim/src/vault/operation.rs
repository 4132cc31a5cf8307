//! What a request to a vault asks for, and which permission that needs.

use http::Method;

use super::error::VaultError;
use crate::wire::Call;

/// One operation of the data plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation<'a> {
    Query(Query<'a>),
    Change(Change<'a>),
}

/// What changes nothing. A name may be followed by a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Query<'a> {
    Secret(&'a str, Option<&'a str>),
    Secrets,
    Versions(&'a str),
    DeletedSecret(&'a str),
    DeletedSecrets,
    Certificate(&'a str, Option<&'a str>),
    Certificates,
    Key(&'a str, Option<&'a str>),
    Keys,
    /// Certificates that were deleted: none is here, since none can be deleted.
    DeletedCertificates,
    DeletedKeys,
}

/// What changes secrets, or keeps a copy of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change<'a> {
    Set(&'a str),
    Update(&'a str, Option<&'a str>),
    Delete(&'a str),
    Recover(&'a str),
    Purge(&'a str),
    Backup(&'a str),
    Restore,
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
        let segments: Vec<&str> = call.segments.iter().map(String::as_str).collect();
        let first = segments.first().map(|first| first.to_ascii_lowercase()).unwrap_or_default();
        let rest = segments.get(1..).unwrap_or_default();
        let query = match (first.as_str(), rest) {
            _ if call.method != Method::GET => None,
            ("secrets", []) => Some(Query::Secrets),
            ("secrets", [name]) => Some(Query::Secret(name, None)),
            ("secrets", [name, "versions"]) => Some(Query::Versions(name)),
            ("secrets", [name, version]) => Some(Query::Secret(name, Some(version))),
            ("deletedsecrets", []) => Some(Query::DeletedSecrets),
            ("deletedsecrets", [name]) => Some(Query::DeletedSecret(name)),
            ("certificates", []) => Some(Query::Certificates),
            ("certificates", [name]) => Some(Query::Certificate(name, None)),
            ("certificates", [name, version]) => Some(Query::Certificate(name, Some(version))),
            ("deletedcertificates", []) => Some(Query::DeletedCertificates),
            ("deletedkeys", []) => Some(Query::DeletedKeys),
            ("keys", []) => Some(Query::Keys),
            ("keys", [name]) => Some(Query::Key(name, None)),
            ("keys", [name, version]) => Some(Query::Key(name, Some(version))),
            _ => None,
        };
        let change = match (&call.method, first.as_str(), rest) {
            (&Method::PUT, "secrets", [name]) => Some(Change::Set(name)),
            (&Method::PATCH, "secrets", [name]) => Some(Change::Update(name, None)),
            (&Method::PATCH, "secrets", [name, version]) => Some(Change::Update(name, Some(version))),
            (&Method::DELETE, "secrets", [name]) => Some(Change::Delete(name)),
            (&Method::POST, "deletedsecrets", [name, "recover"]) => Some(Change::Recover(name)),
            (&Method::DELETE, "deletedsecrets", [name]) => Some(Change::Purge(name)),
            (&Method::POST, "secrets", [name, "backup"]) => Some(Change::Backup(name)),
            (&Method::POST, "secrets", ["restore"]) => Some(Change::Restore),
            _ => None,
        };
        let refused =
            || VaultError::MethodNotAllowed { method: call.method.to_string(), path: call.path.clone() };
        query.map(Operation::Query).or(change.map(Operation::Change)).ok_or_else(refused)
    }

    pub(super) fn permission(&self) -> Permission {
        match self {
            Operation::Query(query) => query.permission(),
            Operation::Change(change) => change.permission(),
        }
    }

    /// The named object below the vault, as part of a scope: `secrets/name`.
    pub(super) fn object(&self) -> Option<(&'static str, &'a str)> {
        match self {
            Operation::Query(query) => match query {
                Query::Secret(name, _) | Query::Versions(name) | Query::DeletedSecret(name) => {
                    Some(("secrets", name))
                }
                Query::Certificate(name, _) => Some(("certificates", name)),
                Query::Key(name, _) => Some(("keys", name)),
                Query::Secrets
                | Query::DeletedSecrets
                | Query::Certificates
                | Query::DeletedCertificates
                | Query::Keys
                | Query::DeletedKeys => None,
            },
            Operation::Change(change) => match change {
                Change::Set(name)
                | Change::Update(name, _)
                | Change::Delete(name)
                | Change::Recover(name)
                | Change::Purge(name)
                | Change::Backup(name) => Some(("secrets", name)),
                Change::Restore => None,
            },
        }
    }
}

impl Query<'_> {
    fn permission(&self) -> Permission {
        const METADATA: &str = "Microsoft.KeyVault/vaults/secrets/readMetadata/action";
        match self {
            Query::Secret(..) => {
                permission("Microsoft.KeyVault/vaults/secrets/getSecret/action", "secrets", "get")
            }
            Query::Secrets | Query::Versions(_) | Query::DeletedSecrets => {
                permission(METADATA, "secrets", "list")
            }
            Query::DeletedSecret(_) => permission(METADATA, "secrets", "get"),
            Query::Certificate(..) => {
                permission("Microsoft.KeyVault/vaults/certificates/read", "certificates", "get")
            }
            Query::Certificates | Query::DeletedCertificates => {
                permission("Microsoft.KeyVault/vaults/certificates/read", "certificates", "list")
            }
            Query::Key(..) => permission("Microsoft.KeyVault/vaults/keys/read", "keys", "get"),
            Query::Keys | Query::DeletedKeys => {
                permission("Microsoft.KeyVault/vaults/keys/read", "keys", "list")
            }
        }
    }
}

impl Change<'_> {
    fn permission(&self) -> Permission {
        match self {
            Change::Set(_) => {
                permission("Microsoft.KeyVault/vaults/secrets/setSecret/action", "secrets", "set")
            }
            Change::Update(..) => {
                permission("Microsoft.KeyVault/vaults/secrets/update/action", "secrets", "set")
            }
            Change::Delete(_) => permission("Microsoft.KeyVault/vaults/secrets/delete", "secrets", "delete"),
            Change::Recover(_) => {
                permission("Microsoft.KeyVault/vaults/secrets/recover/action", "secrets", "recover")
            }
            Change::Purge(_) => {
                permission("Microsoft.KeyVault/vaults/secrets/purge/action", "secrets", "purge")
            }
            Change::Backup(_) => {
                permission("Microsoft.KeyVault/vaults/secrets/backup/action", "secrets", "backup")
            }
            Change::Restore => {
                permission("Microsoft.KeyVault/vaults/secrets/restore/action", "secrets", "restore")
            }
        }
    }
}
