//! Where values came from.

use crate::trees::{render, tree};

#[test]
fn every_value_knows_its_file_and_line() {
    let files = tree(
        "@ /base/kustomization.yaml
resources: [r.yaml]
commonAnnotations:
  owner: base
@ /base/r.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: map
data:
  a: base
  b: base
  c: base
@ /top/kustomization.yaml
namespace: argocd
resources: [../base]
patches:
- path: patch.yaml
- target: {kind: ConfigMap}
  patch: |-
    - op: replace
      path: /data/c
      value: inline
@ /top/patch.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: map
data:
  b: patched",
    );
    let rendered = render(files, "/top").expect("it renders");
    let map = &rendered.resources[0];
    for (pointer, file, line) in [
        ("/kind", "/base/r.yaml", 2),
        ("/data/a", "/base/r.yaml", 6),
        ("/data/b", "/top/patch.yaml", 6),
        ("/data/c", "/top/kustomization.yaml", 9),
        ("/metadata/namespace", "/top/kustomization.yaml", 1),
        ("/metadata/annotations/owner", "/base/kustomization.yaml", 3),
    ] {
        let from = rendered.provenance(map, pointer).expect("it is known");
        assert_eq!((from.file.as_str(), from.line), (file, line), "{pointer}");
    }
    assert_eq!(rendered.provenance(map, "/nothing"), None);
    assert_eq!(rendered.provenances(map).len(), 8);
}
