//! Trees of kustomizations: bases, overlays, components, generators, patches of every kind.

use std::fs;
use std::path::{Path, PathBuf};

use super::random::Random;
use super::scalars::{double_quoted, scalar, value};

pub(super) const NAMES: &[&str] = &["web", "api", "db", "cfg", "sec"];
const WORKLOADS: &[(&str, &str)] =
    &[("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("apps/v1", "DaemonSet"), ("batch/v1", "Job")];

pub(super) struct Tree<'r> {
    pub(super) random: &'r mut Random,
    /// Kind and name of everything that was made.
    /// The base generates a ConfigMap.
    pub(super) generates: bool,
    pub(super) made: Vec<(&'static str, &'static str, &'static str)>,
}

pub(super) fn put(directory: &Path, name: &str, text: &str) {
    fs::create_dir_all(directory).expect("a folder can be made");
    fs::write(directory.join(name), text).expect("a file can be written");
}

/// Writes a tree, and returns the folder to build.
pub(super) fn write(random: &mut Random, root: &Path) -> PathBuf {
    let mut tree = Tree { random, generates: false, made: Vec::new() };
    let base = root.join("base");
    tree.base(&base);
    if tree.random.chance(20) {
        tree.component(&root.join("component"));
    }
    let component = root.join("component").is_dir();
    let middle = root.join("middle");
    let names_base = if tree.random.chance(40) {
        tree.overlay(&middle, &["../base"], false);
        "../middle"
    } else {
        "../base"
    };
    let top = root.join("top");
    tree.overlay(&top, &[names_base], component);
    top
}

impl Tree<'_> {
    fn base(&mut self, directory: &Path) {
        let mut files = Vec::new();
        for at in 0..1 + self.random.below(3) {
            let mut documents = Vec::new();
            for _ in 0..1 + self.random.below(2) {
                let document = self.resource();
                documents.extend(document);
            }
            let name = format!("r{at}.yaml");
            put(directory, &name, &documents.join(self.random.one(&["---\n", "---\n# c\n", "--- # c\n"])));
            files.push(name);
        }
        let mut text = format!("resources:\n{}", list(&files));
        text.push_str(&self.generators(directory));
        text.push_str(&self.features(directory));
        self.some(&mut text, 20, |tree| format!("namePrefix: {}\n", tree.random.one(&["p-", "x.", "1-"])));
        self.some(&mut text, 15, |tree| {
            format!("namespace: {}\n", tree.random.one(&["ns", "default", "prod"]))
        });
        self.some(&mut text, 15, |_| "commonLabels:\n  app: base\n".to_owned());
        put(directory, "kustomization.yaml", &text);
    }

    pub(super) fn some(&mut self, text: &mut String, percent: usize, make: impl FnOnce(&mut Self) -> String) {
        if self.random.chance(percent) {
            text.push_str(&make(self));
        }
    }

    pub(super) fn metadata(&mut self, name: &str) -> String {
        let mut text = format!("metadata:\n  name: {name}\n");
        if self.random.chance(20) {
            text.push_str(&format!("  namespace: {}\n", self.random.one(&["ns", "default", "other"])));
        }
        for field in ["labels", "annotations"] {
            if self.random.chance(35) {
                let value = scalar(self.random, 4);
                let fixed = if value.contains('\n') || field == "labels" && self.random.chance(70) {
                    "x".to_owned()
                } else {
                    value
                };
                text.push_str(&format!("  {field}:\n    app: {fixed}\n    t: one\n"));
            }
        }
        text
    }

    /// A resource that is not there yet.
    fn resource(&mut self) -> Option<String> {
        let name = self.random.one(NAMES);
        if self.random.chance(35) {
            return Some(self.object());
        }
        let choice = self.random.below(12);
        let (version, kind, body) = match choice {
            0..=2 => {
                let (version, kind) = *self.random.pick(WORKLOADS);
                (version, kind, self.workload())
            }
            3 => ("v1", "Service", "spec:\n  selector:\n    app: web\n  ports:\n  - port: 80\n    name: http\n  - port: 443\n    protocol: TCP\n".to_owned()),
            4 => ("v1", "ConfigMap", self.data()),
            5 => ("v1", "Secret", "type: Opaque\nstringData:\n  a: b\n".to_owned()),
            6 | 7 => ("external-secrets.io/v1", "ExternalSecret", format!("spec:{}\n", value(self.random, 2, 4))),
            8 => ("rbac.authorization.k8s.io/v1", "RoleBinding", self.binding()),
            9 => ("v1", "ServiceAccount", String::new()),
            10 => ("autoscaling/v2", "HorizontalPodAutoscaler", "spec:\n  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: web\n  maxReplicas: 3\n".to_owned()),
            _ => (self.random.one(&["v1", "example.com/v1"]), self.random.one(&["Namespace", "Widget", "Role"]), format!("spec:{}\n", value(self.random, 0, 3))),
        };
        if self.made.iter().any(|(_, k, n)| *k == kind && *n == name) {
            return None;
        }
        self.made.push((version, kind, name));
        let mut text = format!("apiVersion: {version}\nkind: {kind}\n{}{body}", self.metadata(name));
        if self.random.chance(5) {
            text = text.replace('\n', "\r\n");
        }
        Some(text)
    }

    fn data(&mut self) -> String {
        let mut text = String::from("data:\n");
        for key in ["a", "b.txt", "c"] {
            if self.random.chance(70) {
                text.push_str(&format!("  {key}: {}\n", scalar(self.random, 2)));
            }
        }
        if text.ends_with("data:\n") {
            text.push_str("  k: v\n");
        }
        text
    }

    fn workload(&mut self) -> String {
        let mut text = String::from("spec:\n");
        if self.random.chance(50) {
            text.push_str("  replicas: 1\n");
        }
        if self.random.chance(50) {
            text.push_str("  selector:\n    matchLabels:\n      app: web\n");
        }
        text.push_str("  template:\n    spec:\n      containers:\n");
        for name in ["main", "side"].iter().take(1 + self.random.below(2)) {
            let image =
                self.random.one(&["nginx", "nginx:1.2", "host:5000/a/b:1", "nginx@sha256:abc", "redis"]);
            text.push_str(&format!("      - name: {name}\n        image: {image}\n"));
            if self.random.chance(40) {
                let env = scalar(self.random, 10);
                text.push_str(&format!("        env:\n        - name: A\n          value: {env}\n"));
                text.push_str("        - name: B\n          valueFrom:\n            configMapKeyRef:\n              name: cfg\n              key: a\n");
            }
            if self.random.chance(30) {
                text.push_str("        ports:\n        - containerPort: 80\n        - containerPort: 80\n          protocol: UDP\n");
            }
            if self.random.chance(20) {
                text.push_str("        args: [\"--x\", \"$(V)\"]\n");
            }
        }
        if self.random.chance(40) {
            text.push_str("      volumes:\n      - name: v\n        configMap:\n          name: gen\n      - name: s\n        secret:\n          secretName: gens\n");
        }
        text
    }

    fn binding(&mut self) -> String {
        let name = self.random.one(NAMES);
        let subject = self.random.one(&["default", "web", "db"]);
        format!(
            "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: Role\n  name: {name}\nsubjects:\n- kind: ServiceAccount\n  name: {subject}\n  namespace: ns\n"
        )
    }

    fn generators(&mut self, directory: &Path) -> String {
        let mut text = String::new();
        if self.random.chance(35) {
            put(
                directory,
                "f.txt",
                self.random.one(&["text\n", "a\nb", "", "x: y\n  z\n", "tab\there\n", "trail \n", "é😀\n"]),
            );
            put(directory, "e.env", "A=1\n# c\n  B = x y \nC\nD=\"q\"\n\nE=a=b\r\n");
            text.push_str("configMapGenerator:\n- name: gen\n");
            self.generates = true;
            let literal = self.random.one(&["k=v", "k='q'", "k=\"a b\"", "k=", "k=yes", "k=a=b", "k=1"]);
            text.push_str(&format!("  literals:\n  - {}\n", double_quoted(literal)));
            self.some(&mut text, 60, |_| "  files:\n  - f.txt\n  - n=f.txt\n".to_owned());
            self.some(&mut text, 40, |_| "  envs:\n  - e.env\n".to_owned());
            self.some(&mut text, 30, |_| {
                "  options:\n    labels:\n      l: \"1\"\n    annotations:\n      z: q\n    immutable: true\n"
                    .to_owned()
            });
        }
        if self.random.chance(25) {
            text.push_str("secretGenerator:\n- name: gens\n  literals:\n  - u=admin\n  - p=a-rather-long-password-that-will-be-broken-into-lines-of-base64-because-it-is-long\n");
            self.some(&mut text, 30, |_| "  type: kubernetes.io/tls\n".to_owned());
        }
        if !text.is_empty() {
            self.some(&mut text, 20, |_| {
                "generatorOptions:\n  disableNameSuffixHash: true\n  labels:\n    g: all\n".to_owned()
            });
        }
        text
    }

    fn component(&mut self, directory: &Path) {
        let mut text = String::from("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n");
        text.push_str(self.random.one(&[
            "namePrefix: c-\n",
            "commonAnnotations:\n  from: component\n",
            "labels:\n- pairs:\n    c: d\n  includeSelectors: true\n",
        ]));
        put(directory, "kustomization.yaml", &text);
    }

    fn overlay(&mut self, directory: &Path, bases: &[&str], component: bool) {
        let mut text = format!("resources:\n{}", list(bases));
        if self.random.chance(30)
            && let Some(extra) = self.resource()
        {
            put(directory, "extra.yaml", &extra);
            text.push_str("- extra.yaml\n");
        }
        if component {
            text.push_str("components:\n- ../component\n");
        }
        self.some(&mut text, 25, |tree| {
            format!("namePrefix: {}\n", tree.random.one(&["o-", "prd-", "\"9\""]))
        });
        self.some(&mut text, 15, |tree| format!("nameSuffix: {}\n", tree.random.one(&["-s", "\"-1\""])));
        self.some(&mut text, 25, |tree| {
            format!("namespace: {}\n", tree.random.one(&["argocd", "default", "\"123\""]))
        });
        self.some(&mut text, 20, |tree| {
            let extra = tree.random.one(&[
                "",
                "  includeSelectors: true\n",
                "  includeTemplates: true\n",
                "  fields:\n  - path: spec/x/labels\n    create: true\n    kind: Widget\n",
            ]);
            format!(
                "labels:\n- pairs:\n    team: \"{}\"\n    o: p\n{extra}",
                tree.random.one(&["blue", "yes", "1"])
            )
        });
        self.some(&mut text, 10, |_| "commonLabels:\n  tier: back\n".to_owned());
        self.some(&mut text, 15, |_| "commonAnnotations:\n  note: \"yes\"\n  n: \"1\"\n".to_owned());
        self.some(&mut text, 20, |tree| {
            let what = tree.random.one(&[
                "newTag: \"2.0\"",
                "newName: mirror/nginx",
                "digest: sha256:def",
                "tagSuffix: -alpine",
                "newTag: v1\n  digest: sha256:def\n  newName: x",
            ]);
            format!("images:\n- name: nginx\n  {what}\n")
        });
        if self
            .made
            .iter()
            .any(|(_, kind, name)| matches!(*kind, "Deployment" | "StatefulSet") && *name == "web")
        {
            self.some(&mut text, 20, |_| "replicas:\n- name: web\n  count: 5\n".to_owned());
        }
        let patches = self.patches(directory);
        if !patches.is_empty() {
            text.push_str(&format!("patches:\n{patches}"));
        }
        self.some(&mut text, 20, |tree| tree.replacements(directory));
        text.push_str(&self.merged_generators());
        text.push_str(&self.features(directory));
        self.some(&mut text, 8, |tree| {
            format!(
                "buildMetadata: [{}]\n",
                tree.random.one(&[
                    "originAnnotations",
                    "transformerAnnotations",
                    "managedByLabel",
                    "originAnnotations, transformerAnnotations"
                ])
            )
        });
        self.some(&mut text, 15, |tree| {
            tree.random
                .one(&[
                    "sortOptions:\n  order: fifo\n",
                    "sortOptions:\n  order: legacy\n",
                    "sortOptions:\n  order: legacy\n  legacySortOptions:\n    orderFirst: [Widget, Secret]\n    orderLast: [ConfigMap]\n",
                ])
                .to_owned()
        });
        put(directory, "kustomization.yaml", &text);
    }

    fn patches(&mut self, directory: &Path) -> String {
        let mut text = String::new();
        for at in 0..self.random.below(3) {
            let Some((version, kind, name)) = (!self.made.is_empty()).then(|| *self.random.pick(&self.made))
            else {
                break;
            };
            let target = match self.random.below(5) {
                0 => format!("    kind: {kind}\n"),
                1 => format!("    name: {name}\n    kind: {kind}\n"),
                2 => format!("    name: {}.*\n", &name[..1]),
                3 => "    labelSelector: t=one\n".to_owned(),
                _ => format!("    kind: {kind}\n    version: v1\n"),
            };
            let json = self.random.chance(45);
            let patch = if json { self.operations(kind) } else { self.merge(version, kind, name) };
            let by_file = self.random.chance(30);
            if by_file {
                let file = format!("patch{at}.yaml");
                put(directory, &file, &patch);
                text.push_str(&format!("- path: {file}\n"));
            } else {
                let indented: String = patch.lines().map(|line| format!("    {line}\n")).collect();
                text.push_str(&format!("- patch: {}\n{indented}", self.random.one(&["|-", "|"])));
            }
            if json || self.random.chance(50) {
                text.push_str(&format!("  target:\n{target}"));
            }
            if !json && self.random.chance(15) {
                text.push_str("  options:\n    allowNameChange: true\n");
            }
        }
        text
    }

    fn operations(&mut self, kind: &str) -> String {
        let mut text = String::new();
        for _ in 0..1 + self.random.below(3) {
            let anywhere = [
                "/metadata/annotations",
                "/metadata/labels",
                "/metadata/name",
                "/metadata/annotations",
                "/metadata/namespace",
                "/spec",
                "/x",
            ];
            let path = match kind {
                _ if self.random.chance(70) => self.random.one(&anywhere),
                "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => self.random.one(&[
                    "/spec/replicas",
                    "/spec/template/spec/containers/0/image",
                    "/spec/template/spec/containers/-",
                    "/spec/template/spec/containers/-1",
                    "/spec/template/metadata",
                ]),
                "ConfigMap" => self.random.one(&["/data/a", "/data"]),
                _ => self.random.one(&[
                    "/metadata/labels/app",
                    "/metadata/annotations/x",
                    "/spec/x~1y",
                    "/",
                    "/kind",
                ]),
            };
            let op = self.random.one(&["add", "replace", "replace", "add", "add", "copy", "move"]);
            let op = if self.random.chance(6) { self.random.one(&["remove", "test"]) } else { op };
            if matches!(op, "copy" | "move") {
                let from =
                    self.random.one(&["/metadata/labels", "/metadata", "/spec", "/metadata/annotations"]);
                let op = if from == "/metadata" { "copy" } else { op };
                text.push_str(&format!(
                    "- op: {op}\n  from: {from}\n  path: {}\n",
                    self.random.one(&["/x", "/spec", "/y~1z"])
                ));
                continue;
            }
            let value = self.random.one(&[
                "x",
                "1",
                "yes",
                "\"1\"",
                "1.5",
                "[a, 1]",
                "{a: b}",
                "null",
                "\"a\\nb\"",
                "010",
                "12345678901234567",
                "o-web",
            ]);
            text.push_str(&format!("- op: {op}\n  path: {path}\n"));
            if op != "remove" {
                text.push_str(&format!("  value: {value}\n"));
            }
        }
        text
    }

    fn merge(&mut self, version: &str, kind: &str, name: &str) -> String {
        let mut text = format!("apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\n");
        if self.random.chance(25) {
            text.push_str(self.random.one(&[
                "  labels:\n    app: null\n    n: \"1\"\n",
                "  annotations:\n    app: patched\n",
                "  annotations: null\n",
                "  labels:\n    t: ~\n    u:\n",
            ]));
        }
        if self.random.chance(8) {
            text.push_str("$patch: delete\n");
        } else if kind == "ConfigMap" {
            text.push_str("data:\n  a: patched\n  c: null\n");
        } else if matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "Job") {
            text.push_str("spec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n");
            text.push_str(self.random.one(&[
                "      - name: side\n        image: busybox\n      - name: new\n        image: x\n",
                "      - name: main\n        $patch: delete\n",
                "      - name: main\n        env:\n        - name: A\n          value: patched\n        - name: Z\n          value: \"1\"\n",
                "      - name: main\n        ports:\n        - containerPort: 80\n          protocol: TCP\n        - containerPort: 90\n",
                "      - $patch: replace\n      - name: only\n        image: y\n",
                "      - name: main\n        args: [a]\n        image: null\n",
                "      - name: main\n        $patch: replace\n        image: replaced\n",
            ]));
        } else if self.random.chance(50) {
            text.push_str(&format!("spec:{}\n", value(self.random, 2, 3)));
        } else {
            text.push_str("added:\n  - name: a\n  - {b: c}\n");
        }
        text
    }
}

fn list(items: &[impl AsRef<str>]) -> String {
    items.iter().map(|item| format!("- {}\n", item.as_ref())).collect()
}
