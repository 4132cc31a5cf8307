//! Kubeconfig files: how kubectl and gangplank reach a cluster of the world as its administrator.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// One cluster with its administrator, as a kubeconfig names them.
pub(crate) struct Entry {
    /// The name of the context, of the cluster, and a part of the user's.
    pub(crate) name: String,
    /// The API server's address.
    pub(crate) server: String,
    /// The cluster's authority, PEM.
    pub(crate) authority_pem: String,
    /// The administrator's certificate, PEM.
    pub(crate) certificate_pem: String,
    /// Its key, PEM.
    pub(crate) key_pem: String,
}

/// Writes a kubeconfig of these clusters; the first one's context is the current one.
///
/// The clusters' names resolve nowhere but in the sandbox, so each names the proxy (`proxy-url`): it works without any
/// variable set.
pub(crate) fn kubeconfig(entries: &[Entry], proxy: &str) -> String {
    let mut text = String::from("apiVersion: v1\nkind: Config\npreferences: {}\n");
    let current = entries.first().map_or("\"\"", |entry| &entry.name);
    // Nothing fails in writing to a String.
    let _ = writeln!(text, "current-context: {current}\nclusters:");
    for Entry { name, server, authority_pem, .. } in entries {
        let authority = BASE64.encode(authority_pem);
        let _ = writeln!(
            text,
            "- name: {name}\n  cluster:\n    server: {server}\n    proxy-url: {proxy}\n    certificate-authority-data: {authority}"
        );
    }
    text.push_str("contexts:\n");
    for Entry { name, .. } in entries {
        let _ =
            writeln!(text, "- name: {name}\n  context:\n    cluster: {name}\n    user: clusterAdmin_{name}");
    }
    text.push_str("users:\n");
    for Entry { name, certificate_pem, key_pem, .. } in entries {
        let (certificate, key) = (BASE64.encode(certificate_pem), BASE64.encode(key_pem));
        let _ = writeln!(
            text,
            "- name: clusterAdmin_{name}\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}"
        );
    }
    text
}
