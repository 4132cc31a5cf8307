//! Trees as they stand in real repositories: every feature at once, and very many definitions.
//!
//! Compared with kubectl where there is one; without it they must at least render, and in bounded time.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::differential::{kubectl, ours, theirs};

/// Writes a tree: each file begins with a line `@ PATH`.
fn write(root: &Path, text: &str) {
    for part in text.split("\n@ ").map(|part| part.trim_start_matches("@ ")) {
        let (path, content) = part.split_once('\n').unwrap_or((part, ""));
        let path = root.join(path.trim());
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, format!("{content}\n")).expect("a file can be written");
    }
}

/// Renders here and, where it can be had, by kubectl. The output.
fn same(directory: &Path) -> String {
    let directory = fs::canonicalize(directory).expect("it is there");
    let found = ours(&directory).unwrap_or_else(|error| panic!("{error}"));
    if let Some(kubectl) = kubectl() {
        let expected = theirs(&kubectl, &directory).unwrap_or_else(|error| panic!("{error}"));
        if let Some(at) = expected.lines().zip(found.lines()).position(|(a, b)| a != b) {
            let around =
                |text: &str| text.lines().skip(at.saturating_sub(3)).take(6).collect::<Vec<_>>().join("\n");
            panic!("kubectl prints\n{}\nand we print\n{}", around(&expected), around(&found));
        }
        assert_eq!(expected.len(), found.len());
    }
    found
}

#[test]
fn every_feature_at_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    write(folder.path(), EVERYTHING);
    let output = same(&folder.path().join("overlay"));
    for expected in [
        "name: prd-web-v2",
        "image: registry.example:5000/web@sha256:0123",
        "replicas: 5",
        "app.kubernetes.io/managed-by: kustomize-",
        "config.kubernetes.io/origin: |",
        "immutable: true",
        "host: prd-web-v2.shop.svc",
        "serviceAccountName: prd-web-v2",
        "- --target=prd-web-v2",
    ] {
        assert!(output.contains(expected), "{expected} is missing in\n{output}");
    }
}

#[test]
fn a_thousand_definitions() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut list =
        String::from("@ kustomization.yaml\nnamePrefix: p-\nlabels:\n- pairs: {team: a}\nresources:\n");
    let mut files = String::new();
    for number in 0..1000 {
        writeln!(list, "- crd{number}.yaml").expect("a string takes it");
        let mut fields = String::new();
        for field in 0..40 {
            write!(
                fields,
                "              field{field}:\n                description: What the field {field} of the kind \
                 {number} is good for, in more words than fit in a line of eighty columns.\n                type: \
                 string\n"
            )
            .expect("a string takes it");
        }
        write!(
            files,
            "\n@ crd{number}.yaml\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  \
             name: kinds{number}.example.com\nspec:\n  group: example.com\n  names: {{kind: Kind{number}, plural: \
             kinds{number}}}\n  scope: Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    \
             schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n          spec:\n            \
             type: object\n            properties:\n{fields}"
        )
        .expect("a string takes it");
    }
    write(folder.path(), &format!("{list}{files}"));
    let begin = Instant::now();
    let rendered = ours(&fs::canonicalize(folder.path()).expect("it is there")).expect("it renders");
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
    assert_eq!(rendered.matches("\n---\n").count(), 999);
    same(folder.path());
}

const EVERYTHING: &str = r##"@ base/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- all.yaml
- hpa.yaml
configMapGenerator:
- name: settings
  literals: [a=1, "b=two words"]
  files: [motd.txt, other=motd.txt]
  envs: [settings.env]
secretGenerator:
- name: token
  literals: [token=s3cr3t]
  type: Opaque
generatorOptions:
  labels: {generated: "yes"}
@ base/motd.txt
Hello,
  world: "x"
@ base/settings.env
# comment
MODE=fast
EMPTY=
@ base/all.yaml
# The web server.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: &labels {app: web}
spec:
  replicas: 1
  selector:
    matchLabels: *labels
  template:
    metadata:
      labels: *labels
    spec:
      serviceAccountName: web
      initContainers:
      - {name: wait, image: "busybox:1.36", args: ["--target=$(SERVICE)"]}
      containers:
      - name: web
        image: web:1.0
        ports:
        - containerPort: 8080
          name: http
        - {containerPort: 8080, protocol: UDP}
        envFrom:
        - configMapRef: {name: settings}
        - secretRef: {name: token}
        env:
        - name: HOST
          value: http
      volumes:
      - name: settings
        configMap: {name: settings}
      - name: data
        persistentVolumeClaim: {claimName: data}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ServiceAccount
  metadata: {name: web}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: data}
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
subjects:
- {kind: ServiceAccount, name: web, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, annotations: {nginx.ingress.kubernetes.io/rewrite-target: "/$1"}}
spec:
  rules:
  - host: HOST.NAMESPACE.svc
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: web, port: {number: 80}}}
@ base/hpa.yaml
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 10
@ component/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [extra.yaml]
patches:
- target: {kind: Deployment, labelSelector: app=web}
  patch: |
    - {op: add, path: /spec/template/spec/containers/0/args, value: ["--verbose", "08"]}
    - {op: test, path: /spec/replicas, value: 1}
replicas:
- {name: web, count: 5}
@ component/extra.yaml
apiVersion: example.com/v1
kind: Widget
metadata: {name: widget}
spec: {size: 1.50, ref: {name: web}, date: 2024-01-01, text: "yes"}
@ overlay/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
namePrefix: prd-
nameSuffix: -v2
resources: [../base]
components: [../component]
commonAnnotations: {note: "true"}
labels:
- pairs: {team: shop}
  includeSelectors: true
- pairs: {tier: front}
  includeTemplates: true
  fields: [{path: spec/labels, create: true, kind: Widget}]
images:
- {name: web, newName: "registry.example:5000/web", digest: "sha256:0123"}
- {name: busybox, newTag: "1.37"}
configurations: [config.yaml]
configMapGenerator:
- name: settings
  behavior: merge
  literals: [a=3]
  options: {immutable: true, annotations: {why: "#1"}}
vars:
- name: SERVICE
  objref: {apiVersion: v1, kind: Service, name: web}
patches:
- path: patch.yaml
- target: {kind: Ingress|Service, name: we.}
  patch: '[{"op": "add", "path": "/metadata/annotations", "value": {"from": "json"}}]'
replacements:
- source: {kind: Service, name: web, fieldPath: metadata.name}
  targets:
  - select: {kind: Ingress}
    fieldPaths: [spec.rules.0.host]
    options: {delimiter: ".", index: 0}
- source: {kind: Service, name: web, fieldPath: metadata.namespace}
  targets:
  - select: {kind: Ingress}
    fieldPaths: [spec.rules.0.host]
    options: {delimiter: ".", index: 1}
transformers:
- |-
  apiVersion: builtin
  kind: AnnotationsTransformer
  metadata: {name: notes}
  annotations: {transformed: "1"}
  fieldSpecs: [{path: metadata/annotations, create: true}]
buildMetadata: [originAnnotations, transformerAnnotations, managedByLabel]
sortOptions:
  order: legacy
  legacySortOptions: {orderFirst: [ServiceAccount, Service], orderLast: [Ingress]}
@ overlay/config.yaml
nameReference:
- kind: Service
  fieldSpecs: [{kind: Widget, path: spec/ref/name}]
varReference:
- {kind: Deployment, path: spec/template/spec/initContainers/args}
@ overlay/patch.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  strategy: {$patch: replace, type: Recreate}
  template:
    spec:
      $setElementOrder/containers: [{name: proxy}, {name: web}]
      containers:
      - name: web
        ports:
        - {containerPort: 8080, protocol: UDP, $patch: delete}
        env:
        - {name: EXTRA, value: "1e3"}
      - {name: proxy, image: "proxy:2"}
      volumes:
      - {name: data, $patch: delete}
"##;
