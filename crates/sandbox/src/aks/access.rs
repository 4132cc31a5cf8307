//! Who may do what in a managed cluster, beyond what every Kubernetes knows: Entra's tokens, Azure's roles, and the
//! client certificates of the cluster's own authority.

use std::collections::BTreeMap;
use std::sync::Arc;

use gangplank_apiserver::{Attributes, Authenticator, Authorizer, CertificateUser, Decision, User, Verdict};
use gangplank_azuresim::CallerError;
use gangplank_pki::Authority;
use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use uuid::Uuid;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::azure_rbac::Asked;
use super::cluster::Specification;
use super::surroundings::Shared;
use crate::wire::serve::ClientChain;
use crate::wire::tls;

/// The Entra application that every AKS cluster is, as tokens name it.
const SERVER_APPLICATION: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";

/// Where the authenticator tells the authorizer the caller's object id.
const OBJECT_ID: &str = "oid";

/// Entra and Azure RBAC, as one cluster has them on or off.
pub(crate) struct EntraAccess {
    pub(crate) surroundings: Shared,
    pub(crate) specification: Arc<Specification>,
}

impl Authenticator for EntraAccess {
    fn authenticate(&self, token: &str, now: Timestamp) -> Verdict {
        let specification = self.specification.get();
        // Without Entra integration nobody here knows such tokens.
        let (Some(aad), Some(cloud)) = (&specification.aad, self.surroundings.cloud.get()) else {
            return Verdict::Unknown;
        };
        let accepts = |audience: &str| audience.trim_start_matches("spn:") == SERVER_APPLICATION;
        let caller = match cloud.entra_verifier().verify(token, accepts, now) {
            Ok(caller) => caller,
            Err(CallerError::Invalid | CallerError::Issuer) => return Verdict::Unknown,
            Err(error) => return Verdict::Refused(error.to_string()),
        };
        let tenant = cloud.tenant_id().to_string();
        if !aad.tenant_id.is_empty() && !aad.tenant_id.eq_ignore_ascii_case(&tenant) {
            return Verdict::Refused(format!("the cluster takes tokens of tenant {} only", aad.tenant_id));
        }
        let object_id = caller.object_id.to_string();
        let groups = caller.groups.iter().copied().chain(cloud.with_groups(caller.object_id));
        let mut groups: Vec<String> =
            groups.filter(|id| *id != caller.object_id).map(|id| id.to_string()).collect();
        groups.sort();
        groups.dedup();
        Verdict::User(User {
            name: object_id.clone(),
            uid: String::new(),
            groups,
            extra: BTreeMap::from([(OBJECT_ID.to_owned(), vec![object_id])]),
        })
    }
}

impl Authorizer for EntraAccess {
    fn authorize(&self, user: &User, attributes: &Attributes<'_>) -> Decision {
        let specification = self.specification.get();
        let object_id =
            user.extra.get(OBJECT_ID).and_then(|ids| ids.first()).and_then(|id| Uuid::try_parse(id).ok());
        let (Some(aad), Some(cloud), Some(object_id)) =
            (&specification.aad, self.surroundings.cloud.get(), object_id)
        else {
            return Decision::NoOpinion(String::new());
        };
        let admits =
            |group: &String| aad.admin_group_object_ids.iter().any(|id| id.eq_ignore_ascii_case(group));
        if user.groups.iter().any(admits) {
            return Decision::Allow("a group of the caller's administers the cluster".to_owned());
        }
        if !aad.azure_rbac {
            return Decision::NoOpinion(String::new());
        }
        let Attributes { verb, group, resource, subresource, namespace, path, .. } = *attributes;
        let asked = if attributes.resource_request {
            Asked::Resource { verb, group, resource, subresource, namespace }
        } else {
            Asked::Path { verb, path }
        };
        if cloud.has_data_action(object_id, &asked.scope(&specification.id), &asked.data_action()) {
            return Decision::Allow("an Azure role assignment of the caller's grants it".to_owned());
        }
        Decision::NoOpinion(
            "User does not have access to the resource in Azure. Update role assignment to allow access."
                .to_owned(),
        )
    }
}

/// The user that a client certificate names, if the cluster's authority issued it for clients and it is valid `now`
/// (seconds since the epoch).
pub(crate) fn certificate_user(
    authority: &Authority,
    chain: &ClientChain,
    now: i64,
) -> Option<CertificateUser> {
    let (leaf, intermediates) = chain.split_first()?;
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate_der().clone()).ok()?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), tls::provider()).build().ok()?;
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(now).ok()?));
    verifier.verify_client_cert(leaf, intermediates, now).ok()?;
    let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
    let texts = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let subject = certificate.subject();
    let names = texts(subject.iter_common_name().filter_map(|value| value.as_str().ok()).collect());
    let organizations = texts(subject.iter_organization().filter_map(|value| value.as_str().ok()).collect());
    Some(CertificateUser { common_name: names.into_iter().next()?, organizations })
}
