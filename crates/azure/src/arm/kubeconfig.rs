//! What a cluster's kubeconfig says of its API server.

/// The URL and CA (base64 of PEM, verbatim) of a kubeconfig's first cluster.
pub(super) fn server_and_ca(text: &str) -> Option<(String, String)> {
    let document = gangplank_yaml::parse_first(text).ok()?;
    let value = |pointer: &str| document.pointer(pointer)?.as_text().map(str::to_owned);
    let server = value("/clusters/0/cluster/server")?;
    let ca = value("/clusters/0/cluster/certificate-authority-data")?;
    (!server.is_empty() && !ca.is_empty()).then_some((server, ca))
}

#[cfg(test)]
mod tests {
    use super::server_and_ca;

    #[test]
    fn the_first_clusters_server_and_ca_are_taken_as_they_stand() {
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let expect = expect.map(|(server, ca)| (server.to_owned(), ca.to_owned()));
            assert_eq!(server_and_ca(text), expect, "{text}");
        };
        check(
            "kind: Config\nclusters:\n- name: a\n  cluster:\n    certificate-authority-data: TFMw\n    server: https://a:443\n",
            Some(("https://a:443", "TFMw")),
        );
        check("clusters:\n- cluster:\n    server: https://a:443\n", None);
        check("clusters: []\n", None);
        check("{", None);
    }
}
