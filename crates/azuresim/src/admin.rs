//! The world laid down from inside, without a token: what a sandbox or a test starts from.

use jiff::Timestamp;
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    cloud::Cloud,
    entra::{ClientSecret, Federated, Principal, PrincipalKind},
    faults::later,
};

/// An application of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplicationIds {
    /// Application (client) id: what logs in.
    pub app_id: Uuid,
    /// Object id of its service principal: what roles are assigned to.
    pub object_id: Uuid,
}

/// A federated credential to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// Its name under the identity.
    pub name: String,
    /// Issuer of the assertions, exactly as their `iss`.
    pub issuer: String,
    /// Subject of the assertions, exactly as their `sub`.
    pub subject: String,
    /// Audience of the assertions, `api://AzureADTokenExchange` as a rule.
    pub audience: String,
}

impl Cloud {
    fn add_principal(&self, name: &str, app_id: Option<Uuid>, kind: PrincipalKind) -> Uuid {
        let object_id = self.azure.ids.next("object", name);
        self.azure.entra.directory_mut().add(Principal {
            object_id,
            app_id,
            display_name: name.to_owned(),
            kind,
            created_on: self.azure.now(),
        });
        object_id
    }

    /// Registers an application with its service principal.
    pub fn create_application(&self, name: &str) -> ApplicationIds {
        let app_id = self.azure.ids.next("application", name);
        let object_id = self.add_principal(name, Some(app_id), PrincipalKind::Application);
        ApplicationIds { app_id, object_id }
    }

    /// Lets an application log in with a secret until `expires`.
    pub fn add_client_secret(&self, application: ApplicationIds, secret: SecretString, expires: Timestamp) {
        let secret = ClientSecret { value: secret, expires };
        self.azure.entra.directory_mut().add_secret(application.object_id, secret);
    }

    /// Lets an application log in with assertions that it signs with the private half of `key`.
    pub fn add_client_certificate(&self, application: ApplicationIds, key: gangplank_pki::Jwk) {
        self.azure.entra.directory_mut().add_certificate(application.object_id, key);
    }

    /// Lets an application log in with assertions of another issuer.
    pub fn add_application_credential(&self, application: ApplicationIds, credential: NewCredential) {
        let now = self.azure.now();
        let credential = Federated {
            name: credential.name,
            issuer: credential.issuer,
            subject: credential.subject,
            audience: credential.audience,
            effective_from: later(now, self.azure.faults.read(|faults| faults.credential_propagation)),
            effective_until: None,
        };
        self.azure.entra.directory_mut().put_federated(application.object_id, credential, now);
    }

    /// Adds a person to the directory; the name is the user principal name.
    pub fn create_user(&self, name: &str) -> Uuid {
        self.add_principal(name, None, PrincipalKind::User)
    }

    /// Adds a group with these members.
    pub fn create_directory_group(&self, name: &str, members: &[Uuid]) -> Uuid {
        let group = self.add_principal(name, None, PrincipalKind::Group);
        let mut directory = self.azure.entra.directory_mut();
        for member in members {
            directory.add_member(group, *member);
        }
        group
    }

    /// What the directory says of an object id.
    pub fn principal(&self, object_id: Uuid) -> Option<Principal> {
        self.azure.entra.directory().principal(object_id).cloned()
    }
}
