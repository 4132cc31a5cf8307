use gangplank_onboarding::names::*;

#[test]
fn cluster_names() {
    let check = |text: &str, expect: Option<&str>| {
        let name = text.parse::<ClusterName>().ok();
        assert_eq!(name.map(|name| name.ca_secret().to_string()).as_deref(), expect, "{text:?}");
    };
    check("aks-prd-we", Some("aks-prd-we-ca-cert"));
    check("My_Aks", Some("my-aks-ca-cert"));
    check("", None);
    check("-a", None);
    check("a_", None);
    check("a.b", None);
    check(&"a".repeat(64), None);
}

#[test]
fn server_urls_have_one_form() {
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(text.parse::<ServerUrl>().ok().as_ref().map(ServerUrl::as_str), expect, "{text:?}");
    };
    check("https://A.hcp.westeurope.azmk8s.io:443", Some("https://a.hcp.westeurope.azmk8s.io"));
    check("https://a/", Some("https://a"));
    check("https://a:6443", Some("https://a:6443"));
    check("http://a", None);
    check("https://a\n", None);
    check("https://a/path", None);
    check("https://", None);
    assert_eq!("https://[::1]:6443".parse::<ServerUrl>().unwrap().host(), "[::1]");
}

#[test]
fn resource_ids_know_no_case() {
    let a: ResourceId =
        "/subscriptions/s/resourceGroups/G/providers/Microsoft.KeyVault/vaults/V".parse().unwrap();
    let b: ResourceId =
        "/subscriptions/S/resourcegroups/g/providers/microsoft.keyvault/vaults/v".parse().unwrap();
    assert_eq!(a, b);
    assert_eq!((a.group(), a.kind().as_str(), a.name()), ("G", "Microsoft.KeyVault/vaults", "V"));
    for wrong in [
        "",
        "/subscriptions/s",
        "/subscriptions//resourceGroups/g/providers/a/b/c",
        "x/subscriptions/s/resourceGroups/g/providers/a/b",
    ] {
        assert!(wrong.parse::<ResourceId>().is_err(), "{wrong}");
    }
}

#[test]
fn encodings_of_a_ca_are_told_apart() {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let right = crate::world::ca();
    let pem = String::from_utf8(base64.decode(&right).unwrap()).unwrap();
    let check = |value: &str, expect: CaError| assert_eq!(CaCertificate::parse(value), Err(expect));
    assert_eq!(CaCertificate::parse(&right).unwrap().encoded(), right);
    check("", CaError::Empty);
    check(&pem, CaError::RawPem);
    check(&base64.encode(&right), CaError::EncodedTwice);
    check(&format!("{right}\n"), CaError::WhiteSpace);
    check("no base64!", CaError::WhiteSpace);
    check("nobase64!", CaError::NotBase64);
    check(&base64.encode("hello"), CaError::NotPem);
    let hollow = base64.encode("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n");
    assert!(matches!(CaCertificate::parse(&hollow), Err(CaError::NotCertificate(_))));
}
