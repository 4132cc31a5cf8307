//! `crds`: OpenAPI definitions whose extensions say which fields hold names, labels and annotations.

use std::sync::Arc;

use gangplank_yaml as yaml;
use serde_json::{Map, Value};

use crate::build::{Build, Target};
use crate::config::{Conflict, FieldSpec, NameReference, OwnedGvk, TransformerConfig, merge_one};
use crate::error::{Cause, Error, Location};

impl Target {
    /// The field specs that the definitions of `crds` ask for.
    pub(crate) fn config_of_crds(&self, build: &Build<'_>) -> Result<TransformerConfig, Error> {
        let mut config = TransformerConfig::default();
        for path in &self.kustomization.crds {
            let loaded = self.read(build, path)?;
            let location = |position| Location {
                file: loaded.path.clone(),
                position,
                text: Some(Arc::clone(&loaded.content)),
            };
            let text = &*loaded.text()?;
            let document = if text.starts_with('{') {
                serde_json::from_str(text).map_err(|error| {
                    Error::new(Cause::Yaml(error.to_string())).at(location(yaml::Position::default()))
                })?
            } else {
                yaml::to_json(text, yaml::Dialect::SigsV2)
                    .map_err(|error| Error::new(Cause::Yaml(error.message.clone())).at(location(error.at)))?
            };
            let Value::Object(definitions) = document else {
                let message = "a file of crds is a mapping of definitions".to_owned();
                return Err(Error::new(Cause::Kustomization(message)).at(location(yaml::Position::default())));
            };
            read(&definitions, &mut config).map_err(|conflict| {
                let message = format!("the field {} disagrees with another one on create", conflict.path);
                Error::new(Cause::Kustomization(message)).at(location(yaml::Position::default()))
            })?;
        }
        Ok(config)
    }
}

fn properties(definition: &Value) -> Option<&Map<String, Value>> {
    definition.get("Schema").or_else(|| definition.get("schema"))?.get("properties")?.as_object()
}

fn read(definitions: &Map<String, Value>, config: &mut TransformerConfig) -> Result<(), Conflict> {
    for (name, definition) in definitions {
        let is_kind = properties(definition).is_some_and(|fields| {
            ["kind", "apiVersion", "metadata"].iter().all(|field| fields.contains_key(*field))
        });
        if !is_kind {
            continue;
        }
        let kind = name.rsplit('.').next().unwrap_or(name).to_owned();
        let gvk = OwnedGvk { kind, ..OwnedGvk::default() };
        let mut found = TransformerConfig::default();
        walk(definitions, name, &gvk, &mut Vec::new(), &mut found)?;
        config.merge(&found)?;
    }
    Ok(())
}

/// Definitions may refer to themselves; no path that people use is deeper.
const DEEPEST: usize = 32;

fn walk(
    definitions: &Map<String, Value>,
    name: &str,
    gvk: &OwnedGvk,
    path: &mut Vec<String>,
    config: &mut TransformerConfig,
) -> Result<(), Conflict> {
    let Some(fields) = definitions.get(name).and_then(properties) else { return Ok(()) };
    if path.len() > DEEPEST {
        return Ok(());
    }
    for (field, property) in fields {
        path.push(field.clone());
        let text = |extension: &str| property.get(extension).and_then(Value::as_str);
        let spec = |path: &[String]| FieldSpec::new(gvk.clone(), path.join("/"), false);
        if text("x-kubernetes-annotation").is_some() {
            merge_one(&mut config.common_annotations, &spec(path))?;
        }
        if text("x-kubernetes-label-selector").is_some() {
            merge_one(&mut config.common_labels, &spec(path))?;
        }
        if text("x-kubernetes-identity").is_some() {
            merge_one(&mut config.name_prefix, &spec(path))?;
        }
        if let (Some(version), Some(kind)) =
            (text("x-kubernetes-object-ref-api-version"), text("x-kubernetes-object-ref-kind"))
        {
            let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
            path.push(key.to_owned());
            let target =
                OwnedGvk { version: version.to_owned(), kind: kind.to_owned(), ..OwnedGvk::default() };
            config.merge_reference(&NameReference { target, referrers: vec![spec(path)] })?;
            path.pop();
        }
        if let Some(reference) = property.get("$ref").and_then(Value::as_str) {
            walk(definitions, reference, gvk, path, config)?;
        }
        path.pop();
    }
    Ok(())
}
