//! What is said when a build fails: the place, the text around, what led there, the mend.

use crate::trees::check;

const MAP: &str = "@ /top/map.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\n";

#[test]
fn errors_tell_the_place() {
    check(
        "@ /top/kustomization.yaml\nresources:\n- map.yaml\n- nothing.yaml\n@ /top/map.yaml\nkind: A\nmetadata: {name: a}",
        Err("/top/nothing.yaml can't be read: no such file or directory\n  --> /top/kustomization.yaml:3:3"),
    );
    check(
        "@ /top/kustomization.yaml\nresource:\n- a",
        Err("has no field \"resource\"\n  --> /top/kustomization.yaml:1:1"),
    );
    check(
        "@ /top/kustomization.yaml\nlabels:\n- pairs: {a: yes}",
        Err("a text, and yes is read as a boolean: quote it\n  --> /top/kustomization.yaml:2:14"),
    );
    check(
        "@ /top/kustomization.yaml\nresources: [map.yaml]\n@ /top/map.yaml\nkind: A\nmetadata:\n  name: a\n b: c",
        Err("--> /top/map.yaml:4:"),
    );
    check(
        &format!("@ /top/kustomization.yaml\nresources: [map.yaml, map.yaml]\n{MAP}"),
        Err("is there twice (the first is in /top/map.yaml:1)"),
    );
    check(
        &format!(
            "@ /top/kustomization.yaml\nresources: [map.yaml]\npatches:\n- target: {{kind: ConfigMap}}\n  patch: |-\n    - op: remove\n      path: /data/x\n{MAP}"
        ),
        Err("nothing is at \"data\" on the way there\n  --> /top/kustomization.yaml:5:"),
    );
    check(
        &format!(
            "@ /top/kustomization.yaml\nresources: [map.yaml]\npatches:\n- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {{name: other}}\n{MAP}"
        ),
        Err(
            "no resource is ConfigMap.v1.[noGrp]/other.[noNs], which this patch is for; there is ConfigMap.v1.[noGrp]/map.[noNs]",
        ),
    );
    check("@ /top/a/x", Err("has no kustomization.yaml"));
    check(
        "@ /top/kustomization.yaml\nresources: [a]\n@ /top/kustomization.yml\nresources: [a]",
        Err("has both kustomization.yaml and kustomization.yml"),
    );
    check(
        "@ /top/kustomization.yaml\ngenerators:\n- |-\n  apiVersion: example.com/v1\n  kind: Mine\n  metadata: {name: m}",
        Err("is an external plugin"),
    );
    check("@ /top/kustomization.yaml\nhelmCharts:\n- name: argo-cd", Err("must specify --enable-helm"));
    check(
        "@ /top/kustomization.yaml\nresources: [https://example.com/install.yaml]",
        Err("remote resources are refused here"),
    );
    check(
        "@ /top/kustomization.yaml\nresources: [../base]\n@ /base/kustomization.yaml\nresources: [gone.yaml]",
        Err("= named by /top/kustomization.yaml"),
    );
}

#[test]
fn what_leads_astray_ends_in_bounded_time() {
    // Cycles, of one and of two, and through a directory that another has loaded already.
    check("@ /top/kustomization.yaml\nresources: [.]", Err("this would never end"));
    check(
        "@ /top/kustomization.yaml\nresources: [../a]\n@ /a/kustomization.yaml\nresources: [../top]",
        Err("this would never end"),
    );
    check(
        "@ /top/kustomization.yaml\nresources: [../a, ../b]\n@ /a/kustomization.yaml\nresources: [../b]\n@ /b/kustomization.yaml\nresources: [../a]",
        Err("this would never end"),
    );
    // Files outside of the root, by name and by link.
    check(
        "@ /top/kustomization.yaml\nresources: [../map.yaml]\n@ /map.yaml\nkind: A\nmetadata: {name: a}",
        Err("is outside of /top"),
    );
    let mut files = crate::trees::tree(
        "@ /top/kustomization.yaml\nresources: [link.yaml]\n@ /map.yaml\nkind: A\nmetadata: {name: a}",
    );
    files.link("/top/link.yaml", "/map.yaml");
    let error = crate::trees::render(files, "/top").err().expect("a link that leads out is refused");
    assert!(error.render().contains("is outside of /top"), "{}", error.render());
}

#[test]
fn hostile_texts_are_refused() {
    let resource =
        |text: &str| format!("@ /top/kustomization.yaml\nresources: [r.yaml]\n@ /top/r.yaml\n{text}");
    check(&resource(&"[".repeat(100_000)), Err("levels deep"));
    check(&resource(&"- ".repeat(100_000)), Err("levels deep"));
    check(&resource(&format!("a: {}", "{b: ".repeat(100_000))), Err("levels deep"));
    let deep: String = (0..100_000).map(|depth| format!("{}a:\n", " ".repeat(depth.min(1500)))).collect();
    check(&resource(&deep[..2_000_000]), Err("levels deep"));
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    check(&resource(&laughs), Err("swell this document"));
    check(&resource("a: \u{1}"), Err("U+0001 can't stand in YAML"));
    check(&resource("a: !!float .inf\nkind: A\nmetadata: {name: a}"), Err("no number .inf"));
}

#[test]
fn large_files_are_refused() {
    let mut files = crate::trees::tree("@ /top/kustomization.yaml\nresources: [big.yaml]");
    files.insert("/top/big.yaml", vec![b' '; 1000]);
    let mut options = gangplank_kustomize::Options::new(std::sync::Arc::new(files));
    options.largest_file = 999;
    let error = gangplank_kustomize::Renderer::new(options).render("/top").err().expect("it is too large");
    assert!(error.render().contains("it has 1000 bytes, and 999 are allowed"), "{}", error.render());
}

#[test]
fn utf_16_is_read_where_it_is_marked() {
    let text = "kind: A\nmetadata: {name: a}\nspec: é☃\n";
    for (mark, bytes) in
        [([0xFF, 0xFE], u16::to_le_bytes as fn(u16) -> [u8; 2]), ([0xFE, 0xFF], u16::to_be_bytes)]
    {
        let mut files = crate::trees::tree("@ /top/kustomization.yaml\nresources: [a.yaml]");
        let content: Vec<u8> = mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect();
        files.insert("/top/a.yaml", &content);
        let rendered = crate::trees::render(files, "/top").map_err(|error| error.render());
        assert_eq!(
            rendered.map(|rendered| rendered.to_yaml()).as_deref(),
            Ok("kind: A\nmetadata:\n  name: a\nspec: é☃\n")
        );
    }
    let mut files = crate::trees::tree("@ /top/kustomization.yaml\nresources: [a.yaml]");
    files.insert("/top/a.yaml", [0xFF, 0xFE, 0x41]);
    assert!(crate::trees::render(files, "/top").is_err());
}
