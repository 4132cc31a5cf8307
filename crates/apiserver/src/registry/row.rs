//! The row of a kind.

use std::borrow::Cow;
use std::sync::Arc;

use gangplank_merge::schema::{Schema, builtin};
use serde_json::Value;

use crate::custom::Custom;
use crate::object::names::NameRule;
use crate::status::FieldError;
use crate::store::CollectionName;
use crate::table::Column;

/// A text that is static for built-in kinds and owned for custom ones.
pub(crate) type Text = Cow<'static, str>;

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Cluster,
    Namespaced,
}

/// All verbs, in the order that discovery lists them.
pub(crate) const ALL_VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const REWRITE: &[&str] = &["get", "patch", "update"];

/// A path below an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subresource {
    pub(crate) name: &'static str,
    /// Group, version and kind of its body; `None`: those of the resource.
    pub(crate) kind: Option<(&'static str, &'static str, &'static str)>,
    pub(crate) verbs: &'static [&'static str],
}

pub(crate) const STATUS: Subresource = Subresource { name: "status", kind: None, verbs: REWRITE };
pub(crate) const SCALE: Subresource =
    Subresource { name: "scale", kind: Some(("autoscaling", "v1", "Scale")), verbs: REWRITE };

/// A field that selectors may name, and its text.
pub(crate) type SelectableField = (&'static str, fn(&Value) -> String);

/// From the stored version to this one, and back.
pub(crate) type Conversion = (fn(&mut Value), fn(&mut Value));

/// What a kind does beyond what all kinds do.
#[derive(Debug)]
pub(crate) struct Strategy {
    pub(crate) name_rule: NameRule,
    /// Fills in what the client left out.
    pub(crate) default: fn(&mut Value),
    /// Before a new object is checked: what the client may not choose.
    pub(crate) prepare_create: fn(&mut Value),
    /// Before a changed object is checked. Arguments: new, old.
    pub(crate) prepare_update: fn(&mut Value, &Value),
    /// When deletion begins: finalizers and conditions that go with it. Arguments: the object, the time.
    pub(crate) prepare_delete: fn(&mut Value, &str),
    /// Mistakes of an object; the old state is given on update.
    pub(crate) validate: fn(&Value, Option<&Value>, &mut Vec<FieldError>),
    /// Mistakes of a change of the status.
    pub(crate) validate_status: fn(&Value, &Value, &mut Vec<FieldError>),
    /// Warnings that the client gets; the old state is given on update.
    pub(crate) warn: fn(&Value, Option<&Value>, &mut Vec<String>),
    /// What every request for the kind is warned of.
    pub(crate) deprecation: Option<&'static str>,
    /// Whether a change of anything but metadata and status counts in `generation`.
    pub(crate) counts_generation: bool,
    /// Whether the mark of deletion counts in `generation` and tells a grace period.
    pub(crate) deletion_counts: bool,
    /// Whether a PUT of what is not there creates it.
    pub(crate) create_on_update: bool,
    /// Whether a PUT needs a resourceVersion.
    pub(crate) needs_version: bool,
    /// Whether a DELETE answers the object, and not a Status.
    pub(crate) delete_answers_object: bool,
    /// The text of a field that field selectors may name, besides name and namespace.
    pub(crate) fields: &'static [SelectableField],
    /// The group that errors name, where it is not the kind's own.
    pub(crate) error_group: Option<&'static str>,
    /// Whether a Pod-like deletion shows its mark even when the object goes at once.
    pub(crate) graceful: bool,
    /// Turns an object of the stored version into this one, and back.
    pub(crate) convert: Option<Conversion>,
}

fn nothing(_: &mut Value) {}
fn nothing_to_prepare(_: &mut Value, _: &Value) {}
fn nothing_to_delete(_: &mut Value, _: &str) {}
fn nothing_wrong(_: &Value, _: Option<&Value>, _: &mut Vec<FieldError>) {}
fn no_wrong_status(_: &Value, _: &Value, _: &mut Vec<FieldError>) {}
fn no_warning(_: &Value, _: Option<&Value>, _: &mut Vec<String>) {}

/// A kind that is stored as it comes.
pub(crate) const PLAIN: Strategy = Strategy {
    name_rule: NameRule::Subdomain,
    default: nothing,
    prepare_create: nothing,
    prepare_update: nothing_to_prepare,
    prepare_delete: nothing_to_delete,
    validate: nothing_wrong,
    validate_status: no_wrong_status,
    warn: no_warning,
    deprecation: None,
    counts_generation: false,
    deletion_counts: true,
    create_on_update: false,
    needs_version: false,
    delete_answers_object: false,
    fields: &[],
    error_group: None,
    graceful: false,
    convert: None,
};

/// A built-in kind.
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) short_names: &'static [&'static str],
    pub(crate) categories: &'static [&'static str],
    pub(crate) scope: Scope,
    pub(crate) verbs: &'static [&'static str],
    pub(crate) subresources: &'static [Subresource],
    /// Group and plural of the kind that objects are stored as, where it is another one.
    pub(crate) stored_as: Option<(&'static str, &'static str)>,
    pub(crate) strategy: &'static Strategy,
    pub(crate) columns: &'static [Column],
}

impl Row {
    /// A namespaced kind with every verb.
    pub(crate) const fn new(
        group: &'static str,
        version: &'static str,
        kind: &'static str,
        plural: &'static str,
    ) -> Row {
        Row {
            group,
            version,
            kind,
            plural,
            short_names: &[],
            categories: &[],
            scope: Scope::Namespaced,
            verbs: ALL_VERBS,
            subresources: &[],
            stored_as: None,
            strategy: &PLAIN,
            columns: crate::table::NAME_AND_CREATED,
        }
    }

    pub(crate) const fn cluster(mut self) -> Row {
        self.scope = Scope::Cluster;
        self
    }

    pub(crate) const fn short(mut self, names: &'static [&'static str]) -> Row {
        self.short_names = names;
        self
    }

    pub(crate) const fn categories(mut self, categories: &'static [&'static str]) -> Row {
        self.categories = categories;
        self
    }

    pub(crate) const fn verbs(mut self, verbs: &'static [&'static str]) -> Row {
        self.verbs = verbs;
        self
    }

    pub(crate) const fn subresources(mut self, subresources: &'static [Subresource]) -> Row {
        self.subresources = subresources;
        self
    }

    pub(crate) const fn strategy(mut self, strategy: &'static Strategy) -> Row {
        self.strategy = strategy;
        self
    }

    pub(crate) const fn columns(mut self, columns: &'static [Column]) -> Row {
        self.columns = columns;
        self
    }

    pub(crate) const fn stored_as(mut self, group: &'static str, plural: &'static str) -> Row {
        self.stored_as = Some((group, plural));
        self
    }
}

/// A kind as requests meet it: a built-in row, or one version of a custom one.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) group: Text,
    pub(crate) version: Text,
    pub(crate) kind: Text,
    pub(crate) list_kind: Text,
    pub(crate) plural: Text,
    pub(crate) singular: Text,
    pub(crate) short_names: Vec<Text>,
    pub(crate) categories: Vec<Text>,
    pub(crate) scope: Scope,
    pub(crate) verbs: &'static [&'static str],
    pub(crate) subresources: Vec<Subresource>,
    pub(crate) collection: CollectionName,
    /// `{"kind":…,"apiVersion":…,`: what stands before the stored members.
    pub(crate) head: Box<str>,
    pub(crate) strategy: &'static Strategy,
    pub(crate) columns: &'static [Column],
    /// The definition, of custom resources.
    pub(crate) custom: Option<Arc<Custom>>,
}

fn borrowed(words: &'static [&'static str]) -> Vec<Text> {
    words.iter().map(|word| Text::Borrowed(word)).collect()
}

/// The order in which the members of a kind's objects are written; none for custom resources, which sort them.
pub(crate) fn order_of(resource: &Resource) -> Option<Schema> {
    // Objects that are stored as another kind are written as that one.
    let (group, plural) = resource.collection.split_once('/')?;
    let stored = super::BUILT_IN.iter().find(|row| row.is(group, plural))?;
    builtin().kind(&stored.group, &stored.version, &stored.kind)
}

/// `group/version`, or the version alone for the core group.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

impl Resource {
    pub(crate) fn built_in(row: &'static Row) -> Resource {
        let (group, plural) = row.stored_as.unwrap_or((row.group, row.plural));
        Resource {
            group: row.group.into(),
            version: row.version.into(),
            kind: row.kind.into(),
            list_kind: format!("{}List", row.kind).into(),
            plural: row.plural.into(),
            singular: row.kind.to_lowercase().into(),
            short_names: borrowed(row.short_names),
            categories: borrowed(row.categories),
            scope: row.scope,
            verbs: row.verbs,
            subresources: row.subresources.to_vec(),
            collection: format!("{group}/{plural}").into(),
            head: Resource::head_of(row.group, row.version, row.kind),
            strategy: row.strategy,
            columns: row.columns,
            custom: None,
        }
    }

    pub(crate) fn head_of(group: &str, version: &str, kind: &str) -> Box<str> {
        format!(
            "{{\"kind\":{},\"apiVersion\":{},",
            Value::from(kind),
            Value::from(api_version(group, version))
        )
        .into()
    }

    pub(crate) fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    pub(crate) fn namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    pub(crate) fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|subresource| subresource.name == name)
    }

    pub(crate) fn has_status(&self) -> bool {
        self.subresource("status").is_some()
    }

    pub(crate) fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }

    /// The value of a stored object as this kind and version.
    pub(crate) fn value(&self, object: &crate::store::Object) -> Value {
        let mut value = object.value();
        if let Some((from_stored, _)) = self.strategy.convert {
            from_stored(&mut value);
        }
        value["apiVersion"] = self.api_version().into();
        value["kind"] = self.kind.as_ref().into();
        if let Some(custom) = &self.custom {
            custom.read(&mut value);
        }
        value
    }
}
