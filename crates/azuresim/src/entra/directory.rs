//! The directory: principals, and the credentials with which applications and identities log in.

use std::collections::{BTreeSet, HashMap};

use gangplank_pki::Jwk;
use jiff::Timestamp;
use secrecy::SecretString;
use uuid::Uuid;

/// What kind of directory object a principal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The service principal of a user-assigned or system-assigned identity.
    ManagedIdentity {
        /// The identity's resource id, or that of the resource it belongs to.
        resource_id: String,
    },
    /// The service principal of an application.
    Application,
    /// A person.
    User,
    /// A group.
    Group,
}

/// Somebody a role can be assigned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Object id: what role assignments and tokens' `oid` name.
    pub object_id: Uuid,
    /// Application (client) id; none for users and groups.
    pub app_id: Option<Uuid>,
    /// Name for people.
    pub display_name: String,
    /// What it is.
    pub kind: PrincipalKind,
    /// When it was made.
    pub created_on: Timestamp,
}

impl Principal {
    /// The `principalType` of a role assignment to it.
    pub fn principal_type(&self) -> &'static str {
        match self.kind {
            PrincipalKind::ManagedIdentity { .. } | PrincipalKind::Application => "ServicePrincipal",
            PrincipalKind::User => "User",
            PrincipalKind::Group => "Group",
        }
    }
}

/// A federated credential as Entra holds it. The three values are compared exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Federated {
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
    pub(crate) effective_from: Timestamp,
    pub(crate) effective_until: Option<Timestamp>,
}

impl Federated {
    pub(super) fn is_effective(&self, now: Timestamp) -> bool {
        self.effective_from <= now && self.effective_until.is_none_or(|end| now < end)
    }
}

/// A client secret of an application.
#[derive(Clone, Debug)]
pub(crate) struct ClientSecret {
    pub(crate) value: SecretString,
    pub(crate) expires: Timestamp,
}

/// What an application or identity can log in with.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials {
    pub(super) federated: Vec<Federated>,
    pub(super) secrets: Vec<ClientSecret>,
    pub(super) certificates: Vec<Jwk>,
}

/// All directory objects of the tenant.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    principals: HashMap<Uuid, Principal>,
    by_app: HashMap<Uuid, Uuid>,
    credentials: HashMap<Uuid, Credentials>,
    /// Members by group.
    members: HashMap<Uuid, BTreeSet<Uuid>>,
}

impl Directory {
    pub(crate) fn add(&mut self, principal: Principal) {
        if let Some(app) = principal.app_id {
            self.by_app.insert(app, principal.object_id);
        }
        self.principals.insert(principal.object_id, principal);
    }

    /// Takes a principal away with its credentials and memberships. Assignments to its object id stay and grant nothing
    /// to anyone else, as on Azure.
    pub(crate) fn remove(&mut self, object_id: Uuid) {
        if let Some(app) = self.principals.remove(&object_id).and_then(|principal| principal.app_id) {
            self.by_app.remove(&app);
        }
        self.credentials.remove(&object_id);
        self.members.remove(&object_id);
        for members in self.members.values_mut() {
            members.remove(&object_id);
        }
    }

    pub(crate) fn principal(&self, object_id: Uuid) -> Option<&Principal> {
        self.principals.get(&object_id)
    }

    pub(crate) fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.principals.values()
    }

    pub(crate) fn by_app_id(&self, app_id: Uuid) -> Option<&Principal> {
        self.principals.get(self.by_app.get(&app_id)?)
    }

    pub(super) fn credentials(&self, object_id: Uuid) -> Option<&Credentials> {
        self.credentials.get(&object_id)
    }

    /// Adds a federated credential, or replaces the one of its name from `effective_from` on.
    pub(crate) fn put_federated(&mut self, object_id: Uuid, credential: Federated, now: Timestamp) {
        self.remove_federated(object_id, &credential.name, now, credential.effective_from);
        self.credentials.entry(object_id).or_default().federated.push(credential);
    }

    /// Deletes a federated credential; it is honoured until `effective_until`.
    pub(crate) fn remove_federated(
        &mut self,
        object_id: Uuid,
        name: &str,
        now: Timestamp,
        effective_until: Timestamp,
    ) {
        let Some(credentials) = self.credentials.get_mut(&object_id) else { return };
        for credential in &mut credentials.federated {
            if credential.name.eq_ignore_ascii_case(name) && credential.effective_until.is_none() {
                credential.effective_until = Some(effective_until);
            }
        }
        credentials.federated.retain(|it| it.effective_until.is_none_or(|end| now < end));
    }

    pub(crate) fn add_secret(&mut self, object_id: Uuid, secret: ClientSecret) {
        self.credentials.entry(object_id).or_default().secrets.push(secret);
    }

    pub(crate) fn add_certificate(&mut self, object_id: Uuid, key: Jwk) {
        self.credentials.entry(object_id).or_default().certificates.push(key);
    }

    pub(crate) fn add_member(&mut self, group: Uuid, member: Uuid) {
        self.members.entry(group).or_default().insert(member);
    }

    /// `object_id` and the groups it is in, those of groups included.
    pub(crate) fn with_groups(&self, object_id: Uuid) -> Vec<Uuid> {
        let mut known = vec![object_id];
        let mut next = 0;
        while let Some(member) = known.get(next).copied() {
            let more =
                self.members.iter().filter(|(_, members)| members.contains(&member)).map(|(group, _)| *group);
            for group in more {
                if !known.contains(&group) {
                    known.push(group);
                }
            }
            next += 1;
        }
        known
    }
}
