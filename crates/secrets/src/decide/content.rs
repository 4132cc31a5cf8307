//! What goes into the Secret: rendered by the template, or as it was fetched.
//!
//! Templates come from the spec and from ConfigMaps and Secrets beside it; those are [`Sources`], read before.

use super::secret::Content;
use crate::api::external_secret::{MergePolicy, Template, TemplateFrom, TemplateScope, TemplateSource};
use crate::value::{self, SecretData};
use gangplank_template::pipeline::{self, Data, Decoding, Scope, Target};
use gangplank_template::{Delimiters, Environment, Options, Value};
use std::collections::{BTreeMap, HashMap};

/// What `templateFrom` refers to, by name. The error is the API server's text.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) config_maps: HashMap<String, Result<SecretData, String>>,
    pub(crate) secrets: HashMap<String, Result<SecretData, String>>,
}

/// The labels and annotations of the ExternalSecret, copied where there is no template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own<'a> {
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) annotations: &'a BTreeMap<String, String>,
}

/// Without a template: the fetched values, and the object's own metadata.
pub(crate) fn as_fetched(fetched: &SecretData, own: Own<'_>) -> Content {
    Content {
        data: fetched.clone(),
        labels: own.labels.clone(),
        annotations: own.annotations.clone(),
        ..Content::default()
    }
}

/// With a template: what it renders.
pub(crate) fn rendered(
    template: &Template,
    fetched: &SecretData,
    sources: &Sources,
    delimiters: &(String, String),
    environment: &mut Environment,
) -> Result<Content, String> {
    check(template)?;
    let mut content = Content { type_: template.type_.clone(), ..Content::default() };
    let is_bare = template.data.is_empty() && template.template_from.is_empty();
    if is_bare || template.merge_policy == MergePolicy::Merge {
        content.data = fetched.clone();
    }
    content.finalizers.clone_from(&template.metadata.finalizers);
    let mut renderer = Renderer {
        root: Value::string_map(fetched.iter().map(|(key, value)| (key.as_bytes(), value.expose()))),
        options: Options {
            delimiters: Delimiters { left: delimiters.0.clone(), right: delimiters.1.clone() },
            ..Options::default()
        },
        environment,
    };
    for from in &template.template_from {
        renderer.from(from, sources, &mut content).map_err(|error| {
            format!("could not apply template: error fetching templateFrom data: {error}")
        })?;
    }
    let wrap = |error: String| {
        format!("could not apply template: could not execute template: could not execute template: {error}")
    };
    let of_spec = |templates: &BTreeMap<String, String>| -> Data {
        templates.iter().map(|(key, text)| (key.clone(), text.clone().into_bytes())).collect()
    };
    let data = renderer.values(&of_spec(&template.data)).map_err(wrap)?;
    content.data.extend(value::secret(data));
    let labels = renderer.values(&of_spec(&template.metadata.labels)).map_err(wrap)?;
    content.labels.extend(texts(labels));
    let annotations = renderer.values(&of_spec(&template.metadata.annotations)).map_err(wrap)?;
    content.annotations.extend(texts(annotations));
    Ok(content)
}

/// What a template must not ask for, whatever it renders.
fn check(template: &Template) -> Result<(), String> {
    const BOOTSTRAP: &str = "bootstrap.kubernetes.io/token";
    const SERVICE_ACCOUNT: &str = "kubernetes.io/service-account-token";
    let refuse = |text: String| Err(format!("could not apply template: {text}"));
    if template.type_ == BOOTSTRAP {
        return refuse(format!("template.type=\"{BOOTSTRAP}\" is not allowed"));
    }
    if template.type_ == SERVICE_ACCOUNT {
        let annotation = "kubernetes.io/service-account.name";
        let into_annotations = |from: &TemplateFrom| from.target.eq_ignore_ascii_case("annotations");
        if template.metadata.annotations.contains_key(annotation)
            || template.template_from.iter().any(into_annotations)
        {
            return refuse(format!(
                "template.type=\"{SERVICE_ACCOUNT}\" is not allowed together with annotation \"{annotation}\" or \
                 templateFrom target=\"Annotations\""
            ));
        }
    }
    for from in &template.template_from {
        let known = ["", "data", "annotations", "labels"];
        if !known.contains(&from.target.to_ascii_lowercase().as_str()) {
            return refuse(format!(
                "templateFrom target=\"{}\" is not allowed when targeting a Secret, must be one of \"Data\", \
                 \"Annotations\" or \"Labels\"",
                from.target
            ));
        }
    }
    Ok(())
}

fn texts(data: Data) -> BTreeMap<String, String> {
    data.into_iter().map(|(key, value)| (key, String::from_utf8_lossy(&value).into_owned())).collect()
}

struct Renderer<'a> {
    root: Value,
    options: Options,
    environment: &'a mut Environment,
}

impl Renderer<'_> {
    fn render(&mut self, templates: &Data, scope: Scope, decoding: Decoding) -> Result<Data, String> {
        pipeline::render(templates, scope, decoding, &self.root, &self.options, self.environment)
            .map_err(|error| error.to_string())
    }

    fn values(&mut self, templates: &Data) -> Result<Data, String> {
        self.render(templates, Scope::Values, Decoding::None)
    }

    /// One entry of `templateFrom`: ConfigMap, Secret, literal, in this order; the later wins.
    fn from(&mut self, from: &TemplateFrom, sources: &Sources, content: &mut Content) -> Result<(), String> {
        let target = Target::parse(&from.target).map_err(|error| error.to_string())?;
        let decoding = from.values_decoding_strategy.decoding();
        if let Some(source) = &from.config_map {
            self.source(source, "configmap", &sources.config_maps, &target, decoding, content)?;
        }
        if let Some(source) = &from.secret {
            self.source(source, "secret", &sources.secrets, &target, decoding, content)?;
        }
        if let Some(literal) = &from.literal {
            let templates = Data::from([(literal.clone(), literal.clone().into_bytes())]);
            let entries = self.render(&templates, Scope::KeysAndValues, decoding)?;
            put(&target, entries, content);
        }
        Ok(())
    }

    fn source(
        &mut self,
        source: &TemplateSource,
        kind: &str,
        all: &HashMap<String, Result<SecretData, String>>,
        target: &Target,
        decoding: Decoding,
        content: &mut Content,
    ) -> Result<(), String> {
        let name = &source.name;
        let values = match all.get(name) {
            Some(Ok(values)) => values,
            Some(Err(error)) => return Err(error.clone()),
            None => return Err(format!("{kind} {name} was not read")),
        };
        for item in &source.items {
            let key = &item.key;
            let value =
                values.get(key).ok_or_else(|| format!("error in {kind} {name}: missing key {key}"))?;
            let scope = match item.template_as {
                TemplateScope::Values => Scope::Values,
                TemplateScope::KeysAndValues => Scope::KeysAndValues,
            };
            let templates = Data::from([(key.clone(), value.expose().to_vec())]);
            let entries = self.render(&templates, scope, decoding)?;
            put(target, entries, content);
        }
        Ok(())
    }
}

fn put(target: &Target, entries: Data, content: &mut Content) {
    match target {
        Target::Data | Target::Path(_) => content.data.extend(value::secret(entries)),
        Target::Labels => content.labels.extend(texts(entries)),
        Target::Annotations => content.annotations.extend(texts(entries)),
    }
}

/// The ConfigMaps and Secrets that a template refers to.
pub(crate) fn references(template: &Template) -> (Vec<&str>, Vec<&str>) {
    let names = |pick: fn(&TemplateFrom) -> Option<&TemplateSource>| {
        template.template_from.iter().filter_map(pick).map(|source| source.name.as_str()).collect()
    };
    (names(|from| from.config_map.as_ref()), names(|from| from.secret.as_ref()))
}
