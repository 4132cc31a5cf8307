//! The kubeconfigs that AKS hands out.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use secrecy::ExposeSecret as _;

use super::path::{group_of, name_of};
use crate::{
    environment::Environment,
    ports::{ClusterFacts, LocalAccount},
};

/// Ids of the AKS server and client applications, the same in every cloud.
const SERVER_APP: &str = "6dae42f8-4368-4678-94ff-3960e28e3630";
const CLIENT_APP: &str = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

/// How the user of the kubeconfig logs in.
pub(super) enum User<'a> {
    /// By kubelogin; `legacy` is the plugin that kubectl had built in before 1.26.
    Entra { tenant: &'a str, legacy: bool },
    /// By the cluster-admin's certificate.
    Certificate(&'a LocalAccount),
}

/// A kubeconfig as text. All names in it were checked when the cluster was made, so none needs quoting.
pub(super) fn write(
    environment: &Environment,
    id: &str,
    credential: &str,
    server: &str,
    facts: &ClusterFacts,
    user: User<'_>,
) -> String {
    let cluster = name_of(id);
    let user_name = format!("{credential}_{}_{cluster}", group_of(id).unwrap_or_default());
    let context = if credential == "clusterAdmin" { format!("{cluster}-admin") } else { cluster.to_owned() };
    let authority = BASE64.encode(&facts.ca_certificate_pem);
    let port = environment.port;
    let user = match user {
        User::Certificate(account) => format!(
            "    client-certificate-data: {}\n    client-key-data: {}\n",
            BASE64.encode(&account.certificate_pem),
            BASE64.encode(account.key_pem.expose_secret()),
        ),
        User::Entra { tenant, legacy: false } => format!(
            "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      args:\n      - get-token\n      \
             - --environment\n      - {}\n      - --server-id\n      - {SERVER_APP}\n      - --client-id\n      - \
             {CLIENT_APP}\n      - --tenant-id\n      - {tenant}\n      - --login\n      - devicecode\n      command: \
             kubelogin\n      env: null\n      provideClusterInfo: false\n",
            kubelogin_name(environment),
        ),
        User::Entra { tenant, legacy: true } => format!(
            "    auth-provider:\n      name: azure\n      config:\n        apiserver-id: {SERVER_APP}\n        \
             client-id: {CLIENT_APP}\n        config-mode: \"1\"\n        environment: {}\n        tenant-id: {tenant}\n",
            kubelogin_name(environment),
        ),
    };
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {authority}\n    server: \
         https://{server}:{port}\n  name: {cluster}\ncontexts:\n- context:\n    cluster: {cluster}\n    user: \
         {user_name}\n  name: {context}\ncurrent-context: {context}\nkind: Config\npreferences: {{}}\nusers:\n- name: \
         {user_name}\n  user:\n{user}"
    )
}

/// The cloud's name in kubelogin's vocabulary.
fn kubelogin_name(environment: &Environment) -> &str {
    match environment.name.as_str() {
        "AzureCloud" => "AzurePublicCloud",
        "AzureUSGovernment" => "AzureUSGovernmentCloud",
        name => name,
    }
}
