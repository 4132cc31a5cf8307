//! One version of a custom resource.

use std::borrow::Cow;
use std::sync::Arc;

use gangplank_merge::apply::Versions;
use gangplank_merge::schema::Schema;
use gangplank_merge::structural::{self, Checks, Structural};
use serde_json::Value;

use super::columns::Columns;
use super::json_path::JsonPath;
use crate::object::meta;
use crate::object::names::NameRule;
use crate::registry::{PLAIN, Resource, SCALE, STATUS, Scope, Strategy, api_version};
use crate::status::FieldError;

/// What all custom resources do.
const STRATEGY: Strategy = Strategy { counts_generation: true, needs_version: true, ..PLAIN };

/// A definition, read once for all of its versions.
#[derive(Debug)]
pub(super) struct Definition {
    /// The definition's own name.
    pub(super) name: String,
    group: String,
    versions: Vec<Version>,
}

#[derive(Debug)]
struct Version {
    name: String,
    storage: bool,
    schema: Schema,
    structural: Structural,
    /// Whether the schema fills in anything.
    defaults: bool,
    /// Where the scale is: number wanted, number there, selector; as JSON pointers.
    scale: Option<(String, String, String)>,
    selectable: Vec<(String, JsonPath)>,
    deprecation: Option<String>,
    open_api: Value,
}

/// What a definition says of one version of its kind.
#[derive(Debug)]
pub(crate) struct Custom {
    definition: Arc<Definition>,
    version: usize,
    pub(crate) columns: Columns,
}

fn pointer(path: &Value) -> String {
    path.as_str().and_then(JsonPath::parse).and_then(|path| path.pointer()).unwrap_or_default()
}

/// Whether a schema has a default anywhere.
fn has_defaults(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.contains_key("default") || map.values().any(has_defaults),
        Value::Array(list) => list.iter().any(has_defaults),
        _ => false,
    }
}

fn read_version(definition: &Value, version: &Value) -> Version {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let open_api = version["schema"]["openAPIV3Schema"].clone();
    let scale = &version["subresources"]["scale"];
    let name = text(&version["name"]);
    let selectable = version["selectableFields"].as_array().into_iter().flatten();
    let deprecated = version["deprecated"] == true;
    Version {
        storage: version["storage"] == true,
        schema: Schema::of_custom_resource(&open_api),
        structural: Structural::read(&open_api, &version["subresources"]),
        defaults: has_defaults(&open_api),
        scale: scale.is_object().then(|| {
            (
                pointer(&scale["specReplicasPath"]),
                pointer(&scale["statusReplicasPath"]),
                pointer(&scale["labelSelectorPath"]),
            )
        }),
        selectable: selectable
            .filter_map(|field| {
                let path = field["jsonPath"].as_str()?;
                Some((path.trim_start_matches('.').to_owned(), JsonPath::parse(path)?))
            })
            .collect(),
        deprecation: deprecated.then(|| match version["deprecationWarning"].as_str() {
            Some(warning) => warning.to_owned(),
            None => default_warning(definition, &name),
        }),
        name,
        open_api,
    }
}

/// Names the version that is to be used instead: the newest stable one that is served and not deprecated.
fn default_warning(definition: &Value, name: &str) -> String {
    let spec = &definition["spec"];
    let (group, kind) =
        (spec["group"].as_str().unwrap_or_default(), spec["names"]["kind"].as_str().unwrap_or_default());
    let mut better: Vec<&str> = spec["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|other| other["served"] == true && other["deprecated"] != true)
        .filter_map(|other| other["name"].as_str())
        .collect();
    better.sort_by_cached_key(|version| crate::discovery::version_rank(version));
    let instead = better
        .into_iter()
        .find(|other| crate::discovery::version_rank(other) < crate::discovery::version_rank(name));
    match instead {
        Some(version) => format!("{group}/{name} {kind} is deprecated; use {group}/{version} {kind}"),
        None => format!("{group}/{name} {kind} is deprecated"),
    }
}

impl Definition {
    pub(super) fn read(object: &Value) -> Definition {
        let spec = &object["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let versions = spec["versions"].as_array().into_iter().flatten();
        Definition {
            name: text(&object["metadata"]["name"]),
            group: text(&spec["group"]),
            versions: versions.map(|version| read_version(object, version)).collect(),
        }
    }

    fn version(&self, api: &str) -> Option<&Version> {
        let (group, name) = api.split_once('/')?;
        self.versions.iter().find(|version| version.name == name && self.group == group)
    }
}

/// The registry rows of a definition: one for each version that is served.
pub(super) fn resources(object: &Value) -> Vec<Arc<Resource>> {
    let definition = Arc::new(Definition::read(object));
    let (spec, names) = (&object["spec"], &object["status"]["acceptedNames"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let texts = |value: &Value| {
        let list = value.as_array().into_iter().flatten();
        list.filter_map(|text| text.as_str().map(|text| text.to_owned().into())).collect::<Vec<_>>()
    };
    let (group, plural, kind) = (text(&spec["group"]), text(&names["plural"]), text(&names["kind"]));
    let versions = spec["versions"].as_array().into_iter().flatten().enumerate();
    versions
        .filter(|(_, version)| version["served"] == true)
        .map(|(index, version)| {
            let name = text(&version["name"]);
            let mut subresources = Vec::new();
            if version["subresources"]["status"].is_object() {
                subresources.push(STATUS);
            }
            if version["subresources"]["scale"].is_object() {
                subresources.push(SCALE);
            }
            Arc::new(Resource {
                head: Resource::head_of(&group, &name, &kind),
                group: group.clone().into(),
                version: name.into(),
                kind: kind.clone().into(),
                list_kind: text(&names["listKind"]).into(),
                plural: plural.clone().into(),
                singular: text(&names["singular"]).into(),
                short_names: texts(&names["shortNames"]),
                categories: texts(&names["categories"]),
                scope: if spec["scope"] == "Namespaced" { Scope::Namespaced } else { Scope::Cluster },
                verbs: crate::registry::ALL_VERBS,
                subresources,
                collection: format!("{group}/{plural}").into(),
                strategy: &STRATEGY,
                columns: &[],
                custom: Some(Arc::new(Custom {
                    definition: definition.clone(),
                    version: index,
                    columns: Columns::read(version),
                })),
            })
        })
        .collect()
}

/// The versions of a kind, for the bookkeeping of ownership.
struct All(Arc<Definition>);

impl Versions for All {
    fn schema(&self, api_version: &str) -> Option<&Schema> {
        self.0.version(api_version).map(|version| &version.schema)
    }

    fn convert<'v>(&self, object: &'v Value, api_version: &str) -> Option<Cow<'v, Value>> {
        if object["apiVersion"] == api_version {
            return Some(Cow::Borrowed(object));
        }
        let version = self.0.version(api_version)?;
        let mut converted = object.clone();
        converted["apiVersion"] = api_version.into();
        version.structural.prune(&mut converted);
        Some(Cow::Owned(converted))
    }
}

/// An error of the schema as an error of a request.
pub(super) fn error_of(error: &structural::FieldError) -> FieldError {
    FieldError::other(error.field.clone(), error.reason.cause(), error.message())
}

fn metadata_errors(metadata: &Value, path: &str) -> Vec<structural::FieldError> {
    let object = serde_json::json!({"metadata": metadata});
    let errors = meta::validate_embedded(&object, path, NameRule::PathSegment);
    errors.into_iter().map(|error| error.for_schema()).collect()
}

impl Custom {
    fn own(&self) -> &Version {
        &self.definition.versions[self.version]
    }

    /// The name of the definition.
    pub(crate) fn definition_name(&self) -> &str {
        &self.definition.name
    }

    /// The schema by which bodies are pruned, completed and checked.
    pub(crate) fn structural(&self) -> &Structural {
        &self.own().structural
    }

    /// The schema document of the version.
    pub(crate) fn open_api(&self) -> &Value {
        &self.own().open_api
    }

    /// What every request to this version is warned of.
    pub(crate) fn deprecation(&self) -> Option<&str> {
        self.own().deprecation.as_deref()
    }

    /// Whether reading changes nothing but the `apiVersion`.
    pub(crate) fn reads_as_stored(&self) -> bool {
        let own = self.own();
        own.storage && !own.defaults && self.definition.versions.len() == 1
    }

    /// Brings a stored object into this version's form: what it does not know is gone, what it fills in is there.
    pub(crate) fn read(&self, value: &mut Value) {
        // Defaults are those of the version that is stored; a version asked for only hides what it does not know.
        if let Some(stored) =
            self.definition.versions.iter().find(|version| version.storage && version.defaults)
        {
            stored.structural.apply_defaults(value);
        }
        if self.definition.versions.len() > 1 {
            self.own().structural.prune(value);
        }
    }

    /// Fills in what a writer left out.
    pub(crate) fn default(&self, value: &mut Value, merged: bool) {
        if merged {
            self.own().structural.fill_defaults(value);
        } else {
            self.own().structural.apply_defaults(value);
        }
    }

    /// Mistakes of an object; on update the old state and the door are given.
    pub(crate) fn validate(&self, value: &Value, old: Option<(&Value, &str)>, errors: &mut Vec<FieldError>) {
        let checks = Checks { metadata: &metadata_errors };
        let structural = &self.own().structural;
        // Mistakes in the metadata keep rules from being looked at, as those in the schema do.
        let blocked = errors.iter().any(FieldError::blocks_rules);
        let earlier: Vec<structural::FieldError> = blocked
            .then(|| structural::FieldError::bare(structural::Reason::Required, "metadata", ""))
            .into_iter()
            .collect();
        let told = earlier.len();
        let found = match old {
            None => structural.validate(value, earlier, &checks),
            Some((old, "status")) => structural.validate_status(value, old, earlier),
            Some((old, _)) => structural.validate_update(value, old, earlier, &checks),
        };
        errors.extend(found.iter().skip(told).map(error_of));
    }

    /// The schema of this version, for merging.
    pub(crate) fn schema(&self, version: &str) -> Option<Schema> {
        self.definition
            .version(&api_version(&self.definition.group, version))
            .map(|version| version.schema.clone())
    }

    /// All versions.
    pub(crate) fn versions(&self) -> impl Versions + use<> {
        All(self.definition.clone())
    }

    /// Where the scale is, as JSON pointers.
    pub(crate) fn scale(&self, _: &str) -> Option<(String, String, String)> {
        self.own().scale.clone()
    }

    /// Whether selectors may name a field.
    pub(crate) fn selects(&self, field: &str) -> bool {
        self.own().selectable.iter().any(|(name, _)| name == field)
    }

    /// The text of a selectable field.
    pub(crate) fn field(&self, value: &Value, field: &str) -> String {
        let path = self.own().selectable.iter().find(|(name, _)| name == field).map(|(_, path)| path);
        match path.and_then(|path| path.find(value)).and_then(|found| found.first().copied()) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }
    }
}
