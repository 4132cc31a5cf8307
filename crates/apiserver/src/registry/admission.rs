//! Extensions of the API itself: definitions, webhooks and policies (stored, never called), aggregated services.

use super::row::{Row, STATUS};
use crate::kinds::simple;
use crate::table::rare_columns;

const ADMISSION: &str = "admissionregistration.k8s.io";
const API: &[&str] = &["api-extensions"];

const fn admission(kind: &'static str, plural: &'static str) -> Row {
    Row::new(ADMISSION, "v1", kind, plural).cluster().categories(API).strategy(&simple::ADMISSION_POLICY)
}

pub(super) const ROWS: &[Row] = &[
    Row::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions")
        .cluster()
        .short(&["crd", "crds"])
        .categories(API)
        .subresources(&[STATUS])
        .strategy(&crate::custom::DEFINITION),
    admission("MutatingWebhookConfiguration", "mutatingwebhookconfigurations")
        .strategy(&simple::WEBHOOKS)
        .columns(rare_columns::WEBHOOKS),
    admission("ValidatingAdmissionPolicy", "validatingadmissionpolicies").subresources(&[STATUS]),
    admission("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
    admission("ValidatingWebhookConfiguration", "validatingwebhookconfigurations")
        .strategy(&simple::WEBHOOKS)
        .columns(rare_columns::WEBHOOKS),
    Row::new("apiregistration.k8s.io", "v1", "APIService", "apiservices")
        .cluster()
        .categories(API)
        .subresources(&[STATUS])
        .strategy(&simple::API_SERVICE),
];
