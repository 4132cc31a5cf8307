//! `cargo xtask openapi`: writes the table of built-in kinds that `gangplank-merge` reads.
//!
//! ```text
//!   k8s.io/kubernetes  api/openapi-spec/v3/*.json ──┐
//!                                                   ├──▶ crates/merge/src/schema/builtin.json
//!   k8s.io/api & co.   types.go ────────────────────┘
//! ```
//!
//! OpenAPI says what a field may hold and how lists merge; the Go structs say in which order fields stand and what their
//! types are called, which error messages of the real server quote. Descriptions are left out. The sources come through
//! the ordinary `go mod download` into Go's module cache; nothing else is fetched, and nothing is run from them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

mod go_struct;

use go_struct::Package;

const KUBERNETES: &str = "k8s.io/kubernetes@v1.36.3";
const STAGING: &str = "v0.36.3";

/// The OpenAPI documents, one a group version.
const DOCUMENTS: [&str; 18] = [
    "api__v1",
    "apis__admissionregistration.k8s.io__v1",
    "apis__apiextensions.k8s.io__v1",
    "apis__apiregistration.k8s.io__v1",
    "apis__apps__v1",
    "apis__authentication.k8s.io__v1",
    "apis__authorization.k8s.io__v1",
    "apis__autoscaling__v1",
    "apis__autoscaling__v2",
    "apis__batch__v1",
    "apis__coordination.k8s.io__v1",
    "apis__discovery.k8s.io__v1",
    "apis__events.k8s.io__v1",
    "apis__networking.k8s.io__v1",
    "apis__policy__v1",
    "apis__rbac.authorization.k8s.io__v1",
    "apis__scheduling.k8s.io__v1",
    "apis__storage.k8s.io__v1",
];

/// In which module the Go package of a definition lies: how its name starts, and the module.
const MODULES: [(&str, &str); 4] = [
    ("io.k8s.api.", "k8s.io/api"),
    ("io.k8s.apimachinery.", "k8s.io/apimachinery"),
    ("io.k8s.apiextensions-apiserver.", "k8s.io/apiextensions-apiserver"),
    ("io.k8s.kube-aggregator.", "k8s.io/kube-aggregator"),
];

/// Writes the table to `target`. Errors are for a person's eyes: they name the file or module that did not do.
pub(crate) fn generate(target: &Path) -> Result<String, String> {
    let folder = module(KUBERNETES)?.join("api/openapi-spec/v3");
    let mut definitions = BTreeMap::new();
    for document in DOCUMENTS {
        let path = folder.join(format!("{document}_openapi.json"));
        let text =
            fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let parsed: Value = serde_json::from_str(&text)
            .map_err(|error| format!("{} is not JSON: {error}", path.display()))?;
        let schemas = parsed.pointer("/components/schemas").and_then(Value::as_object);
        let schemas = schemas.ok_or_else(|| format!("{} has no schemas", path.display()))?;
        definitions.extend(schemas.clone());
    }
    let mut packages = BTreeMap::new();
    let mut lines = Vec::new();
    for (name, schema) in &definitions {
        let entry = definition(name, schema, &mut packages)?;
        lines.push(format!("{}:{entry}", json!(name)));
    }
    let table = format!("{{\n{}\n}}\n", lines.join(",\n"));
    let summary = format!("{} definitions, {} bytes", lines.len(), table.len());
    fs::write(target, table).map_err(|error| format!("cannot write {}: {error}", target.display()))?;
    Ok(summary)
}

/// The folder of a Go module in Go's cache, downloaded if it is not there.
fn module(module: &str) -> Result<PathBuf, String> {
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .current_dir(std::env::temp_dir())
        .output()
        .map_err(|error| {
            format!("cannot run go: {error}; the table is made from Go modules, so Go must be installed")
        })?;
    let answer: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("go mod download {module} answered no JSON: {error}"))?;
    match answer["Dir"].as_str() {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Err(format!("go mod download {module}: {}", answer["Error"])),
    }
}

/// One definition as a line of JSON: its schema with `fields`, in the order of the Go struct, in the place of `properties`.
fn definition(
    name: &str,
    schema: &Value,
    packages: &mut BTreeMap<String, Package>,
) -> Result<String, String> {
    let mut out = without_descriptions(schema);
    let Some(Value::Object(mut properties)) = out.remove("properties") else {
        return Ok(Value::Object(out).to_string());
    };
    let (package, type_name) = name.rsplit_once('.').ok_or_else(|| format!("{name} names no package"))?;
    if !packages.contains_key(package) {
        packages.insert(package.to_owned(), Package::read(&folder_of(package)?)?);
    }
    let fields = packages[package].fields(type_name).ok_or_else(|| format!("{name}: no such Go struct"))?;
    let mut rendered = String::new();
    for field in fields {
        let Some(Value::Object(property)) = properties.remove(&field.name) else {
            return Err(format!("{name}: the struct's field {} is not in the OpenAPI document", field.name));
        };
        let mut entry = json!({"name": field.name, "go": field.go_type}).to_string();
        entry.pop();
        // `omitempty` is the rule; only what differs is written.
        match field.omitted {
            "omitempty" => {}
            "omitzero" => entry.push_str(",\"omit\":\"zero\""),
            _ => entry.push_str(",\"omit\":\"never\""),
        }
        if !rendered.is_empty() {
            rendered.push(',');
        }
        let rest = Value::Object(property).to_string();
        let rest = rest.trim_start_matches('{');
        let separator = if rest == "}" { "" } else { "," };
        let _ = write!(rendered, "{entry}{separator}{rest}");
    }
    if let Some(missing) = properties.keys().next() {
        return Err(format!("{name}: no field {missing} in the Go struct"));
    }
    let rest = Value::Object(out).to_string();
    let rest = rest.trim_start_matches('{');
    let separator = if rest == "}" { "" } else { "," };
    Ok(format!("{{\"fields\":[{rendered}]{separator}{rest}"))
}

/// The package `io.k8s.api.core.v1` lies in the folder `core/v1` of `k8s.io/api`.
fn folder_of(package: &str) -> Result<PathBuf, String> {
    for (prefix, name) in MODULES {
        if let Some(rest) = package.strip_prefix(prefix) {
            return Ok(module(&format!("{name}@{STAGING}"))?.join(rest.replace('.', "/")));
        }
    }
    Err(format!("{package}: no Go module is known for it"))
}

fn without_descriptions(schema: &Value) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, value) in schema.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("description", _) => {}
            // A reference beside other members is wrapped so in OpenAPI v3; unwrapped here, wrapped again when written.
            ("allOf", Value::Array(list)) if list.len() == 1 => out.extend(without_descriptions(&list[0])),
            ("$ref", Value::String(reference)) => {
                let name = reference.rsplit('/').next().unwrap_or_default();
                out.insert("$ref".to_owned(), json!(name));
            }
            ("properties", Value::Object(properties)) => {
                let inner = properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), Value::Object(without_descriptions(schema))));
                out.insert(key.clone(), Value::Object(inner.collect()));
            }
            ("items" | "additionalProperties", Value::Object(_)) => {
                out.insert(key.clone(), Value::Object(without_descriptions(value)));
            }
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    out
}
