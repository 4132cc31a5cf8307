//! Who somebody is and what they may do.

use super::row::Row;
use crate::kinds::rbac;
use crate::table::columns;

const CREATE: &[&str] = &["create"];
const RBAC: &str = "rbac.authorization.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";

pub(super) const ROWS: &[Row] = &[
    Row::new(AUTHENTICATION, "v1", "SelfSubjectReview", "selfsubjectreviews").cluster().verbs(CREATE),
    Row::new(AUTHENTICATION, "v1", "TokenReview", "tokenreviews").cluster().verbs(CREATE),
    Row::new(AUTHORIZATION, "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews").verbs(CREATE),
    Row::new(AUTHORIZATION, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews")
        .cluster()
        .verbs(CREATE),
    Row::new(AUTHORIZATION, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews")
        .cluster()
        .verbs(CREATE),
    Row::new(AUTHORIZATION, "v1", "SubjectAccessReview", "subjectaccessreviews").cluster().verbs(CREATE),
    Row::new(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings")
        .cluster()
        .strategy(&rbac::BINDING)
        .columns(columns::CLUSTER_ROLE_BINDING),
    Row::new(RBAC, "v1", "ClusterRole", "clusterroles").cluster().strategy(&rbac::CLUSTER_ROLE),
    Row::new(RBAC, "v1", "RoleBinding", "rolebindings")
        .strategy(&rbac::BINDING)
        .columns(columns::ROLE_BINDING),
    Row::new(RBAC, "v1", "Role", "roles").strategy(&rbac::ROLE),
];
