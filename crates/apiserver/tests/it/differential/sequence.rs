//! Random sequences of requests: a few names of one kind, so that requests meet each other.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::objects::{KINDS, Kind, definition, one, rarely, spoil};

/// One request, in the form of the transcripts; the body apart, as text.
pub struct Step {
    pub request: Value,
    pub body: Option<String>,
}

const NAMES: [&str; 3] = ["a", "b", "c"];
const MANAGERS: [&str; 3] = ["x", "y", "kubectl"];
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";
const PARTIAL: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
const PARTIAL_LIST: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

/// What both servers need before the first sequence.
pub fn preparation() -> Vec<Step> {
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let request = json!({"method": "POST", "path": path, "body": ""});
    let made = Step { request, body: Some(definition().to_string()) };
    let path = "/apis/differential.example.com/v1/widgets";
    let served = Step { request: json!({"method": "GET", "path": path, "until": 200}), body: None };
    vec![made, served]
}

/// The steps of a seed.
pub fn steps(seed: u64) -> Vec<Step> {
    let mut random = StdRng::seed_from_u64(seed);
    let kind = &KINDS[random.random_range(0..KINDS.len())];
    let mut maker = Maker { random, kind };
    let mut steps = vec![maker.create(), maker.apply()];
    for _ in 0..maker.random.random_range(6..14) {
        steps.push(maker.step());
    }
    steps
}

struct Maker {
    random: StdRng,
    kind: &'static Kind,
}

impl Maker {
    fn name(&mut self) -> &'static str {
        one(&mut self.random, &NAMES)
    }

    fn path(&mut self) -> String {
        let name = self.name();
        format!("{}/{name}", self.kind.path)
    }

    fn request(method: &str, path: &str) -> Step {
        Step { request: json!({"method": method, "path": path}), body: None }
    }

    fn with(mut step: Step, part: &str, name: &str, value: &str) -> Step {
        step.request[part][name] = value.into();
        step
    }

    fn bodied(mut step: Step, body: String) -> Step {
        // The presence of a body decides about the content type.
        step.request["body"] = "".into();
        step.body = Some(body);
        step
    }

    /// What any write may ask for.
    fn options(&mut self, mut step: Step) -> Step {
        if rarely(&mut self.random, 8) {
            step = Self::with(step, "query", "dryRun", one(&mut self.random, &["All", "All", "x"]));
        }
        if rarely(&mut self.random, 4) {
            let validation = one(&mut self.random, &["Strict", "Warn", "Ignore"]);
            step = Self::with(step, "query", "fieldValidation", validation);
        }
        if rarely(&mut self.random, 3) {
            step = Self::with(step, "query", "fieldManager", one(&mut self.random, &MANAGERS));
        }
        step
    }

    fn body(&mut self, name: &str) -> Value {
        let mut object = self.kind.object(&mut self.random, name);
        if rarely(&mut self.random, 6) {
            spoil(&mut self.random, &mut object);
        }
        object
    }

    fn create(&mut self) -> Step {
        let name = self.name();
        let body = self.body(name).to_string();
        let step = Self::request("POST", self.kind.path);
        let step = self.options(step);
        Self::bodied(step, body)
    }

    fn apply(&mut self) -> Step {
        let name = self.name();
        let mut body = self.body(name);
        if rarely(&mut self.random, 3) {
            // Less than the whole: what is left out is given up.
            let part = self.kind.part(&mut self.random);
            for member in ["spec", "data", "rules"] {
                if let Some(value) = part.get(member) {
                    body[member] = value.clone();
                }
            }
        }
        let step = Self::request("PATCH", &format!("{}/{name}", self.kind.path));
        let mut step = self.options(step);
        step.request["query"]["fieldManager"] = one(&mut self.random, &MANAGERS).into();
        if rarely(&mut self.random, 3) {
            step = Self::with(step, "query", "force", "true");
        }
        let step = Self::with(step, "headers", "Content-Type", "application/apply-patch+yaml");
        Self::bodied(step, body.to_string())
    }

    fn update(&mut self) -> Step {
        let name = self.name();
        let mut body = self.body(name);
        if rarely(&mut self.random, 2) && body["metadata"].is_object() {
            body["metadata"]["resourceVersion"] = one(&mut self.random, &["${rv}", "${rv}", "1"]).into();
        }
        let step = Self::request("PUT", &format!("{}/{name}", self.kind.path));
        let step = self.options(step);
        Self::bodied(step, body.to_string())
    }

    fn merge(&mut self) -> Step {
        let path = self.path();
        let mut part = self.kind.part(&mut self.random);
        if rarely(&mut self.random, 6) {
            spoil(&mut self.random, &mut part);
        }
        let kind = one(
            &mut self.random,
            &["application/merge-patch+json", "application/strategic-merge-patch+json"],
        );
        let step = Self::request("PATCH", &path);
        let step = self.options(step);
        Self::bodied(Self::with(step, "headers", "Content-Type", kind), part.to_string())
    }

    fn json_patch(&mut self) -> Step {
        let path = self.path();
        let pointers = [
            "/metadata/labels",
            "/metadata/labels/a",
            "/data/a",
            "/spec/replicas",
            "/spec/size",
            "/spec/rules/0/weight",
            "/spec/tags/-",
            "/spec/template/spec/containers/0/image",
            "/metadata/finalizers",
            "/metadata/annotations",
        ];
        let operations: Vec<Value> = (0..self.random.random_range(1..3))
            .map(|_| {
                let value = match self.random.random_range(0..4) {
                    0 => json!("text"),
                    1 => json!(2),
                    2 => json!({"a": "b"}),
                    _ => Value::Null,
                };
                json!({
                    "op": one(&mut self.random, &["add", "replace", "remove", "test"]),
                    "path": one(&mut self.random, &pointers),
                    "value": value,
                })
            })
            .collect();
        let step = Self::request("PATCH", &path);
        let step = self.options(step);
        let step = Self::with(step, "headers", "Content-Type", "application/json-patch+json");
        Self::bodied(step, Value::from(operations).to_string())
    }

    fn get(&mut self) -> Step {
        let path = self.path();
        let mut step = Self::request("GET", &path);
        if rarely(&mut self.random, 3) {
            let accept =
                one(&mut self.random, &[TABLE, PARTIAL, PARTIAL_LIST, "application/yaml", "text/html"]);
            step = Self::with(step, "headers", "Accept", accept);
        }
        step
    }

    fn list(&mut self) -> Step {
        let mut step = Self::request("GET", self.kind.path);
        if rarely(&mut self.random, 3) {
            let accept = one(&mut self.random, &[TABLE, PARTIAL, PARTIAL_LIST, "application/yaml"]);
            step = Self::with(step, "headers", "Accept", accept);
        }
        if rarely(&mut self.random, 2) {
            let selectors = [
                "a",
                "a=1",
                "a!=1",
                "!a",
                "a in (1,2),b",
                "b notin (1)",
                "a>0",
                "a in (",
                "x.example/y=three",
            ];
            step = Self::with(step, "query", "labelSelector", one(&mut self.random, &selectors));
        }
        // Some ServiceAccounts and ConfigMaps are made by controllers, in their own time.
        let selectors =
            ["metadata.name!=default", "metadata.name=a", "metadata.name!=default,metadata.name!=b"];
        step = Self::with(step, "query", "fieldSelector", one(&mut self.random, &selectors));
        if rarely(&mut self.random, 4) && self.kind.kind != "ServiceAccount" {
            step = Self::with(step, "query", "limit", one(&mut self.random, &["1", "2", "0", "-1", "x"]));
        }
        if rarely(&mut self.random, 6) {
            step = Self::with(step, "query", "resourceVersion", one(&mut self.random, &["${rv}", "0", "x"]));
        }
        step
    }

    fn delete(&mut self) -> Step {
        let path = self.path();
        let mut step = Self::request("DELETE", &path);
        let mut options = json!({});
        if rarely(&mut self.random, 4) {
            options["preconditions"] = match self.random.random_range(0..3) {
                0 => json!({"uid": "${uid}"}),
                1 => json!({"resourceVersion": "${rv}"}),
                _ => json!({"uid": "00000000-0000-0000-0000-000000000000"}),
            };
        }
        if rarely(&mut self.random, 5) {
            options["propagationPolicy"] = one(&mut self.random, &["Background", "Nonsense"]).into();
        }
        if rarely(&mut self.random, 5) {
            step = Self::with(step, "query", "dryRun", "All");
        }
        if options.as_object().is_some_and(|options| options.is_empty()) {
            return step;
        }
        Self::bodied(step, options.to_string())
    }

    fn delete_collection(&mut self) -> Step {
        let step = Self::request("DELETE", self.kind.path);
        let step = Self::with(step, "query", "labelSelector", one(&mut self.random, &["a", "a=1", "b!=2,c"]));
        Self::with(step, "query", "fieldSelector", "metadata.name!=default")
    }

    fn status(&mut self) -> Step {
        let name = self.name();
        let path = format!("{}/{name}/status", self.kind.path);
        if rarely(&mut self.random, 4) {
            return Self::request("GET", &path);
        }
        let status = match self.random.random_range(0..4) {
            0 => json!({"replicas": self.random.random_range(-1..3)}),
            1 => json!({"conditions": [{"type": "Ready", "status": "True"}]}),
            2 => json!({"replicas": 1, "unknown": 2}),
            _ => Value::Null,
        };
        let step = Self::request("PATCH", &path);
        let step = self.options(step);
        let step = Self::with(step, "headers", "Content-Type", "application/merge-patch+json");
        let spec = if rarely(&mut self.random, 4) { json!({"replicas": 9}) } else { json!({}) };
        Self::bodied(step, json!({"status": status, "spec": spec}).to_string())
    }

    fn scale(&mut self) -> Step {
        let name = self.name();
        let path = format!("{}/{name}/scale", self.kind.path);
        let replicas = self.random.random_range(-1..4);
        match self.random.random_range(0..3) {
            0 => Self::request("GET", &path),
            1 => {
                let body = json!({
                    "apiVersion": "autoscaling/v1",
                    "kind": "Scale",
                    "metadata": {"name": name},
                    "spec": {"replicas": replicas},
                });
                let step = self.options(Self::request("PUT", &path));
                Self::bodied(step, body.to_string())
            }
            _ => {
                let step = self.options(Self::request("PATCH", &path));
                let step = Self::with(step, "headers", "Content-Type", "application/merge-patch+json");
                Self::bodied(step, json!({"spec": {"replicas": replicas}}).to_string())
            }
        }
    }

    fn watch(&mut self) -> Step {
        let step = Self::request("GET", self.kind.path);
        let step = Self::with(step, "query", "watch", "true");
        let step = Self::with(step, "query", "resourceVersion", "${rv}");
        let step = Self::with(step, "query", "fieldSelector", "metadata.name!=default");
        let mut step = Self::with(step, "query", "timeoutSeconds", "1");
        if rarely(&mut self.random, 2) {
            step = Self::with(step, "headers", "Accept", one(&mut self.random, &[TABLE, PARTIAL]));
        }
        step
    }

    fn step(&mut self) -> Step {
        match self.random.random_range(0..40) {
            0..5 => self.create(),
            5..12 => self.apply(),
            12..17 => self.update(),
            17..22 => self.merge(),
            22..25 => self.json_patch(),
            25..28 => self.get(),
            28..31 => self.list(),
            31..34 => self.delete(),
            34 => self.delete_collection(),
            35..37 if self.kind.status => self.status(),
            37..39 if self.kind.scale => self.scale(),
            39 if rarely(&mut self.random, 3) => self.watch(),
            _ => self.get(),
        }
    }
}
