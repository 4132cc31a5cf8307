//! The paths of a document: what can be done with a resource, and by which parameters.

use serde_json::{Map, Value, json};

use super::definitions::name_of;
use super::{Form, Resource};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// Parameters in the query, with their types.
type Query = &'static [(&'static str, &'static str)];

const WRITE: Query = &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")];
const PATCH: Query =
    &[("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"), ("force", "boolean")];
const DELETE: Query = &[
    ("dryRun", "string"),
    ("gracePeriodSeconds", "integer"),
    ("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
    ("orphanDependents", "boolean"),
    ("propagationPolicy", "string"),
];
const LIST: Query = &[
    ("allowWatchBookmarks", "boolean"),
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
];

/// The last, a strategic merge, is not for custom resources: kubectl sends it to whatever says that it takes it.
const PATCH_TYPES: [&str; 4] = [
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
];

/// An operation to be written.
struct Operation<'a> {
    /// `list`, `post`, …: the server's word for it.
    action: &'a str,
    query: Query,
    /// The definition of the body; none where nothing is sent.
    sent: Option<String>,
    answered: String,
    /// Group, version and kind of the object.
    kind: (&'a str, &'a str, &'a str),
    /// The end of its id.
    id: String,
    /// The kinds of patches that are taken.
    patches: &'a [&'a str],
}

/// The paths of a resource.
pub(super) fn of_resource(resource: &Resource, form: Form) -> Vec<(String, Value)> {
    let root = match resource.group.as_str() {
        "" => format!("/api/{}", resource.version),
        group => format!("/apis/{group}/{}", resource.version),
    };
    let own = resource.definition();
    let list = format!("{own}List");
    let scope = if resource.namespaced { "Namespaced" } else { "" };
    let collection = match resource.namespaced {
        true => format!("{root}/namespaces/{{namespace}}/{}", resource.plural),
        false => format!("{root}/{}", resource.plural),
    };
    let kind = (resource.group.as_str(), resource.version.as_str(), resource.kind.as_str());
    let patches = &PATCH_TYPES[..if resource.custom.is_some() { 3 } else { 4 }];
    let operation = |action, query, sent: Option<String>, answered: &str, id: String| Operation {
        action,
        query,
        sent,
        answered: answered.to_owned(),
        kind,
        id,
        patches,
    };
    let has = |verb: &str| resource.verbs.iter().any(|one| one == verb);
    let name = &resource.kind;
    let mut paths = Vec::new();

    let mut whole = Map::new();
    if has("list") {
        let op = operation("list", LIST, None, &list, format!("list{scope}{name}"));
        whole.insert("get".to_owned(), op.write(form));
    }
    if has("create") {
        let op = operation("post", WRITE, Some(own.clone()), &own, format!("create{scope}{name}"));
        whole.insert("post".to_owned(), op.write(form));
    }
    if has("deletecollection") {
        let sent = Some(format!("{META}DeleteOptions"));
        let id = format!("deleteCollection{scope}{name}");
        let op = operation("deletecollection", DELETE, sent, &format!("{META}Status"), id);
        whole.insert("delete".to_owned(), op.write(form));
    }
    push(&mut paths, collection.clone(), whole, resource.namespaced, false, form);

    let mut one = Map::new();
    one.extend(object_operations(&resource.verbs, &own, kind, &format!("{scope}{name}"), patches, form));
    push(&mut paths, format!("{collection}/{{name}}"), one, resource.namespaced, true, form);

    if resource.namespaced && has("list") {
        let op = operation("list", LIST, None, &list, format!("list{name}ForAllNamespaces"));
        let everywhere = Map::from_iter([("get".to_owned(), op.write(form))]);
        push(&mut paths, format!("{root}/{}", resource.plural), everywhere, false, false, form);
    }

    for subresource in &resource.subresources {
        let (group, version, body_kind) = &subresource.body;
        let same = (group.as_str(), version.as_str(), body_kind.as_str()) == kind;
        let definition = if same { own.clone() } else { name_of(group, version, body_kind, false) };
        let of_body = (group.as_str(), version.as_str(), body_kind.as_str());
        let mut capital = subresource.name.clone();
        if let Some(first) = capital.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let id = format!("{scope}{name}{capital}");
        let mut operations = object_operations(&subresource.verbs, &definition, of_body, &id, patches, form);
        if subresource.verbs.iter().any(|verb| verb == "create") {
            let op = Operation {
                action: "post",
                query: WRITE,
                sent: Some(definition.clone()),
                answered: definition.clone(),
                kind: of_body,
                id: format!("create{id}"),
                patches,
            };
            operations.insert("post".to_owned(), op.write(form));
        }
        let path = format!("{collection}/{{name}}/{}", subresource.name);
        push(&mut paths, path, operations, resource.namespaced, true, form);
    }
    paths
}

/// What can be done with one object.
fn object_operations(
    verbs: &[String],
    definition: &str,
    kind: (&str, &str, &str),
    id: &str,
    patches: &[&str],
    form: Form,
) -> Map<String, Value> {
    let mut out = Map::new();
    for (verb, method, action, query, word) in [
        ("get", "get", "get", &[] as Query, "read"),
        ("update", "put", "put", WRITE, "replace"),
        ("patch", "patch", "patch", PATCH, "patch"),
        ("delete", "delete", "delete", DELETE, "delete"),
    ] {
        if !verbs.iter().any(|one| one == verb) {
            continue;
        }
        let (sent, answered) = match verb {
            "get" => (None, definition.to_owned()),
            "update" => (Some(definition.to_owned()), definition.to_owned()),
            "patch" => (Some(format!("{META}Patch")), definition.to_owned()),
            _ => (Some(format!("{META}DeleteOptions")), format!("{META}Status")),
        };
        let id = format!("{word}{id}");
        let operation = Operation { action, query, sent, answered, kind, id, patches };
        out.insert(method.to_owned(), operation.write(form));
    }
    out
}

/// Adds a path with the parameters that stand in it.
fn push(
    paths: &mut Vec<(String, Value)>,
    path: String,
    mut operations: Map<String, Value>,
    namespaced: bool,
    named: bool,
    form: Form,
) {
    if operations.is_empty() {
        return;
    }
    let in_path = |name: &str| match form {
        Form::V2 => {
            json!({"in": "path", "name": name, "required": true, "type": "string", "uniqueItems": true})
        }
        Form::V3 => {
            json!({"in": "path", "name": name, "required": true, "schema": {"type": "string", "uniqueItems": true}})
        }
    };
    let mut parameters = Vec::new();
    parameters.extend(named.then(|| in_path("name")));
    parameters.extend(namespaced.then(|| in_path("namespace")));
    parameters.push(in_query("pretty", "string", form));
    operations.insert("parameters".to_owned(), Value::Array(parameters));
    paths.push((path, Value::Object(operations)));
}

fn in_query(name: &str, kind: &str, form: Form) -> Value {
    match form {
        Form::V2 => json!({"in": "query", "name": name, "type": kind, "uniqueItems": true}),
        Form::V3 => json!({"in": "query", "name": name, "schema": {"type": kind, "uniqueItems": true}}),
    }
}

impl Operation<'_> {
    fn write(&self, form: Form) -> Value {
        let (group, version, kind) = self.kind;
        let mut parameters: Vec<Value> =
            self.query.iter().map(|(name, kind)| in_query(name, kind, form)).collect();
        let reference = |name: &str| json!({"$ref": form.reference(name)});
        let mut out = Map::new();
        match (form, &self.sent) {
            (_, None) => {}
            (Form::V2, Some(sent)) => {
                parameters.push(json!({"in": "body", "name": "body", "schema": reference(sent)}));
                if self.action == "patch" {
                    out.insert("consumes".to_owned(), json!(self.patches));
                }
            }
            (Form::V3, Some(sent)) => {
                let content: Map<String, Value> = if self.action == "patch" {
                    self.patches
                        .iter()
                        .map(|name| ((*name).to_owned(), json!({"schema": reference(sent)})))
                        .collect()
                } else {
                    Map::from_iter([("*/*".to_owned(), json!({"schema": reference(sent)}))])
                };
                out.insert("requestBody".to_owned(), json!({"content": content}));
            }
        }
        let answer = match form {
            Form::V2 => json!({"description": "OK", "schema": reference(&self.answered)}),
            Form::V3 => json!({
                "description": "OK",
                "content": {"application/json": {"schema": reference(&self.answered)}},
            }),
        };
        out.insert("responses".to_owned(), json!({"200": answer, "401": {"description": "Unauthorized"}}));
        out.insert("operationId".to_owned(), Value::from(self.id.as_str()));
        out.insert("x-kubernetes-action".to_owned(), Value::from(self.action));
        out.insert(
            "x-kubernetes-group-version-kind".to_owned(),
            json!({"group": group, "kind": kind, "version": version}),
        );
        if !parameters.is_empty() {
            out.insert("parameters".to_owned(), Value::Array(parameters));
        }
        Value::Object(out)
    }
}
