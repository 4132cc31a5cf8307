//! What a kustomization may say besides resources, patches, names and labels: replacements, vars, transformers of its
//! own, configurations, definitions, and the older forms of it all.

use std::path::Path;

use super::trees::{NAMES, Tree, put};

impl Tree<'_> {
    /// A few of the rarer fields.
    pub(super) fn features(&mut self, directory: &Path) -> String {
        let mut text = String::new();
        self.some(&mut text, 8, |tree| tree.vars());
        self.some(&mut text, 15, |tree| tree.transformers(directory));
        self.some(&mut text, 6, |tree| tree.configurations(directory));
        self.some(&mut text, 4, |tree| tree.definitions(directory));
        self.some(&mut text, 3, |tree| tree.schema(directory));
        self.some(&mut text, 6, |tree| tree.older(directory));
        self.some(&mut text, 3, |tree| tree.plugin_generator());
        text
    }

    fn source(&mut self) -> (String, &'static str, &'static str) {
        let (_, kind, name) = if self.made.is_empty() || self.random.chance(3) {
            ("v1", "ConfigMap", "absent")
        } else {
            *self.random.pick(&self.made)
        };
        let path = self.random.one(&[
            "metadata.name",
            "metadata.name",
            "metadata.name",
            "metadata.namespace",
            "metadata.labels.app",
            "metadata.annotations",
            "data.a",
            "spec",
            "spec.replicas",
            "spec.template.spec.containers.0.image",
            "spec.template.spec.containers.[name=main].image",
            "kind",
            "apiVersion",
        ]);
        let options = self.random.one(&[
            "",
            "",
            "",
            "    options:\n      delimiter: \"-\"\n      index: 0\n",
            "    options:\n      delimiter: \":\"\n      index: 1\n",
        ]);
        (
            format!("  source:\n    kind: {kind}\n    name: {name}\n    fieldPath: {path}\n{options}"),
            kind,
            name,
        )
    }

    pub(super) fn replacements(&mut self, directory: &Path) -> String {
        let mut list = String::new();
        for _ in 0..1 + self.random.below(2) {
            let source = if self.random.chance(10) {
                let text = self.random.one(&["fixed", "\"1\"", "\"yes\"", "a:b"]);
                format!("  sourceValue: {text}\n")
            } else {
                self.source().0
            };
            let (_, kind, name) =
                if self.made.is_empty() { ("v1", "ConfigMap", "web") } else { *self.random.pick(&self.made) };
            let select = match self.random.below(5) {
                0 => format!("      kind: {kind}\n"),
                1 => format!("      name: {name}\n"),
                2 => "      labelSelector: t=one\n".to_owned(),
                _ => format!("      kind: {kind}\n      name: {name}\n"),
            };
            let reject = match self.random.below(6) {
                0 => format!("    reject:\n    - name: {}\n", self.random.one(NAMES)),
                1 => "    reject:\n    - kind: Secret\n    - labelSelector: app=web\n".to_owned(),
                _ => String::new(),
            };
            let mut paths = String::new();
            for _ in 0..1 + self.random.below(2) {
                let path = self.random.one(&[
                    "metadata.annotations.app",
                    "metadata.annotations.note",
                    "metadata.annotations.a\\\\.b/c",
                    "metadata.annotations.[a.b/c]",
                    "metadata.labels.t",
                    "metadata.labels",
                    "metadata.name",
                    "metadata.namespace",
                    "data.a",
                    "data.new",
                    "spec.template.spec.containers.[name=main].image",
                    "spec.template.spec.containers.[name=.*].image",
                    "spec.template.spec.containers.[name=fresh].image",
                    "spec.template.spec.containers.*.name",
                    "spec.template.spec.containers.*.env.[name=A].value",
                    "spec.template.spec.containers.0.image",
                    "spec.template.spec.containers.1.image",
                    "spec.template.spec.volumes",
                    "spec.replicas",
                    "spec.x.y",
                    "spec.ports.[port=80].name",
                ]);
                paths.push_str(&format!("    - \"{path}\"\n"));
            }
            let options = self.random.one(&[
                "",
                "    options:\n      create: true\n",
                "    options:\n      create: true\n",
                "    options:\n      delimiter: \"-\"\n      index: 0\n",
                "    options:\n      delimiter: \":\"\n      index: 1\n",
                "    options:\n      delimiter: \":\"\n      index: -1\n      create: true\n",
                "    options:\n      delimiter: /\n      index: 9\n",
            ]);
            list.push_str(&format!(
                "-{}  targets:\n  - select:\n{select}{reject}    fieldPaths:\n{paths}{options}",
                &source[1..]
            ));
        }
        if self.random.chance(20) {
            put(directory, "replacements.yaml", &list);
            return "replacements:\n- path: replacements.yaml\n".to_owned();
        }
        format!("replacements:\n{list}")
    }

    fn vars(&mut self) -> String {
        let (version, kind, name) =
            if self.made.is_empty() { ("v1", "ConfigMap", "web") } else { *self.random.pick(&self.made) };
        let path = self.random.one(&[
            "",
            "",
            "  fieldref:\n    fieldpath: metadata.namespace\n",
            "  fieldref:\n    fieldpath: spec.replicas\n",
            "  fieldref:\n    fieldPath: data.a\n",
            "  fieldref:\n    fieldpath: spec.ports[0].port\n",
        ]);
        format!(
            "vars:\n- name: V\n  objref:\n    apiVersion: {version}\n    kind: {kind}\n    name: {name}\n{path}"
        )
    }

    /// Built-in transformers with configurations of their own.
    fn transformers(&mut self, directory: &Path) -> String {
        let mut documents = Vec::new();
        for at in 0..1 + self.random.below(2) {
            let (kind, body) = self.transformer();
            documents.push(format!("apiVersion: builtin\nkind: {kind}\nmetadata:\n  name: t{at}\n{body}"));
        }
        if self.random.chance(50) {
            put(directory, "transformers.yaml", &documents.join("---\n"));
            return "transformers:\n- transformers.yaml\n".to_owned();
        }
        let inline = documents.iter().map(|document| {
            let lines: String = document.lines().map(|line| format!("  {line}\n")).collect();
            format!("- |-\n{lines}")
        });
        format!("transformers:\n{}", inline.collect::<String>())
    }

    fn transformer(&mut self) -> (&'static str, String) {
        let name = self.random.one(NAMES);
        let create = self.random.one(&["", "  create: true\n"]);
        let scales = self.made.iter().find(|(_, kind, _)| *kind == "Deployment").map(|(_, _, name)| *name);
        match self.random.below(12) {
            0 => (
                "AnnotationsTransformer",
                format!(
                    "annotations:\n  x: \"1\"\n  y: yes\nfieldSpecs:\n- path: metadata/annotations\n{create}"
                ),
            ),
            1 => (
                "LabelTransformer",
                format!(
                    "labels:\n  x: on\nfieldSpecs:\n- path: metadata/labels\n{create}- path: spec/template/metadata/labels\n  create: true\n  kind: Deployment\n"
                ),
            ),
            2 => (
                "ImageTagTransformer",
                format!(
                    "imageTag:\n  name: nginx\n  {}\nfieldSpecs:\n- path: spec/image\n",
                    self.random.one(&["newTag: v9", "newName: a/b", "digest: sha256:1"])
                ),
            ),
            3 => (
                "NamespaceTransformer",
                format!(
                    "  namespace: {}\n{}{}fieldSpecs:\n- path: metadata/name\n  kind: Namespace\n{create}- path: spec/ns\n",
                    self.random.one(&["tns", "default"]),
                    self.random.one(&["", "unsetOnly: true\n"]),
                    self.random.one(&[
                        "",
                        "setRoleBindingSubjects: none\n",
                        "setRoleBindingSubjects: allServiceAccounts\n",
                        "setRoleBindingSubjects: defaultOnly\n"
                    ])
                ),
            ),
            4 => (
                "PrefixTransformer",
                format!(
                    "prefix: {}\nfieldSpecs:\n- path: metadata/name\n",
                    self.random.one(&["tp-", "\"1-\"", "\"\""])
                ),
            ),
            5 => (
                "SuffixTransformer",
                "suffix: -ts\nfieldSpecs:\n- path: metadata/name\n  kind: ConfigMap\n- path: data/a\n"
                    .to_owned(),
            ),
            6 => (
                "PatchTransformer",
                format!(
                    "patch: '[{{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {{\"q\": \"1\"}}}}]'\ntarget:\n  name: {name}\n"
                ),
            ),
            7 => (
                "PatchJson6902Transformer",
                format!(
                    "target:\n  name: {name}\njsonOp: |-\n  - op: add\n    path: /spec\n    value: {{r: 1.0}}\n"
                ),
            ),
            8 if scales.is_some() => (
                "ReplicaCountTransformer",
                format!(
                    "replica:\n  name: {}\n  count: 3\nfieldSpecs:\n- path: spec/replicas\n{create}  kind: Deployment\n",
                    scales.unwrap_or(name)
                ),
            ),
            9 => (
                "ValueAddTransformer",
                format!(
                    "value: {}\ntargets:\n- fieldPath: {}\n  filePathPosition: {}\n  selector:\n    kind: {}\n",
                    self.random.one(&["added", "\"1\"", "a/b/c"]),
                    self.random.one(&["metadata/namespace", "metadata/annotations/q", "spec/z"]),
                    self.random.below(3),
                    self.random.one(&["ConfigMap", "Deployment", "Service", ".*"])
                ),
            ),
            10 => {
                let replacement = self.replacements(Path::new("/nowhere"));
                if replacement.contains("path: replacements.yaml") {
                    return ("HashTransformer", String::new());
                }
                ("ReplacementTransformer", replacement)
            }
            _ => ("HashTransformer", String::new()),
        }
    }

    fn configurations(&mut self, directory: &Path) -> String {
        let mut text = String::new();
        self.some(&mut text, 60, |tree| {
            format!(
                "nameReference:\n- kind: {}\n  fieldSpecs:\n  - kind: {}\n    path: {}\n",
                tree.random.one(&["ConfigMap", "Widget", "Deployment", "Secret"]),
                tree.random.one(&["Widget", "ExternalSecret", "ConfigMap"]),
                tree.random.one(&[
                    "spec/ref",
                    "spec/ref/name",
                    "data/a",
                    "spec/a",
                    "metadata/annotations/app"
                ])
            )
        });
        self.some(&mut text, 30, |_| "varReference:\n- kind: ConfigMap\n  path: data\n".to_owned());
        self.some(&mut text, 30, |tree| {
            format!(
                "commonLabels:\n- path: spec/labels\n  kind: Widget\n{}",
                tree.random.one(&["", "  create: true\n"])
            )
        });
        self.some(&mut text, 20, |_| "namePrefix:\n- path: data/a\n  kind: ConfigMap\n".to_owned());
        self.some(&mut text, 20, |_| "images:\n- path: spec/image\n  kind: Widget\n".to_owned());
        self.some(&mut text, 20, |_| "commonAnnotations:\n- path: spec/notes\n  create: true\n".to_owned());
        self.some(&mut text, 15, |_| {
            "namespace:\n- path: spec/ns\n  create: true\n  kind: Widget\n".to_owned()
        });
        put(directory, "config.yaml", &text);
        "configurations:\n- config.yaml\n".to_owned()
    }

    /// Definitions of kinds in OpenAPI, for `crds`.
    fn definitions(&mut self, directory: &Path) -> String {
        let reference = self.random.one(&["ConfigMap", "Secret", "Widget"]);
        let key = self.random.one(&["", ", \"x-kubernetes-object-ref-name-key\": \"id\""]);
        put(
            directory,
            "crd.json",
            &format!(
                "{{\"example.Widget\": {{\"Schema\": {{\"properties\": {{\"apiVersion\": {{}}, \"kind\": {{}}, \"metadata\": {{}}, \"spec\": {{\"$ref\": \"example.Spec\"}}}}}}}},\n\"example.Spec\": {{\"Schema\": {{\"properties\": {{\"ref\": {{\"x-kubernetes-object-ref-api-version\": \"v1\", \"x-kubernetes-object-ref-kind\": \"{reference}\"{key}}}, \"sel\": {{\"x-kubernetes-label-selector\": \"\"}}, \"note\": {{\"x-kubernetes-annotation\": \"\"}}}}}}}}}}\n"
            ),
        );
        "crds:\n- crd.json\n".to_owned()
    }

    fn schema(&mut self, directory: &Path) -> String {
        put(
            directory,
            "schema.yaml",
            "# kinds of our own\ndefinitions:\n  v1.ExternalSecret:\n    type: object\n    properties:\n      spec:\n        properties:\n          list: # merges\n            type: array\n            items: {type: object}\n            x-kubernetes-patch-merge-key: name\n            x-kubernetes-patch-strategy: merge\n    x-kubernetes-group-version-kind:\n    - {group: external-secrets.io, kind: ExternalSecret, version: v1}\n",
        );
        self.random
            .one(&[
                "openapi:\n  path: schema.yaml\n",
                "openapi:\n  version: v1.21.2\n",
                "openapi:\n  path: schema.yaml\n",
            ])
            .to_owned()
    }

    /// Fields that are deprecated, and still read.
    fn older(&mut self, directory: &Path) -> String {
        let (_, kind, name) =
            if self.made.is_empty() { ("v1", "ConfigMap", "web") } else { *self.random.pick(&self.made) };
        match self.random.below(3) {
            0 => {
                put(
                    directory,
                    "older.json",
                    "[{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {\"older\": \"1\"}}]",
                );
                format!(
                    "patchesJson6902:\n- target:\n    kind: {kind}\n    name: {name}\n    version: v1\n  path: older.json\n"
                )
            }
            1 => format!(
                "patchesStrategicMerge:\n- |-\n  apiVersion: {}\n  kind: {kind}\n  metadata:\n    name: {name}\n    annotations: {{older: \"yes\"}}\n",
                self.random.one(&["v1", "apps/v1", "batch/v1"])
            ),
            _ => "imageTags:\n- name: nginx\n  newTag: older\n".to_owned(),
        }
    }

    fn plugin_generator(&mut self) -> String {
        let kind = self.random.one(&["ConfigMapGenerator", "SecretGenerator"]);
        format!(
            "generators:\n- |-\n  apiVersion: builtin\n  kind: {kind}\n  metadata:\n    name: plugged\n  literals:\n  - a=b\n  - n=1\n"
        )
    }

    /// Generators of an overlay that work on those of the base.
    pub(super) fn merged_generators(&mut self) -> String {
        let mut text = String::new();
        if !self.generates {
            return text;
        }
        self.some(&mut text, 30, |tree| {
            let behavior = tree.random.one(&["merge", "merge", "merge", "replace", "replace", "create"]);
            let extra = tree.random.one(&[
                "",
                "  options:\n    labels:\n      m: o\n    disableNameSuffixHash: true\n",
                "  namespace: ns\n",
            ]);
            format!(
                "configMapGenerator:\n- name: gen\n  behavior: {behavior}\n  literals:\n  - k=changed\n  - z=new\n{extra}"
            )
        });
        text
    }
}
