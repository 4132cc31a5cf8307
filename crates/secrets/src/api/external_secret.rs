//! ExternalSecret: what to fetch, and which Secret to make of it.

use super::condition::Condition;
use super::duration::GoDuration;
use super::or_default;
use super::store::StoreKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `spec` of an ExternalSecret.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ExternalSecretSpec {
    /// The store of entries that name none.
    #[serde(deserialize_with = "or_default")]
    pub secret_store_ref: StoreRef,
    /// When to fetch again.
    #[serde(deserialize_with = "or_default")]
    pub refresh_policy: RefreshPolicy,
    /// The interval of `Periodic`; zero fetches once. One hour where nothing says otherwise.
    pub refresh_interval: Option<GoDuration>,
    /// When periodic refreshes may happen.
    pub sync_windows: Option<SyncWindows>,
    /// The Secret to make.
    #[serde(deserialize_with = "or_default")]
    pub target: Target,
    /// One value each.
    #[serde(deserialize_with = "or_default")]
    pub data: Vec<Data>,
    /// Many values each.
    #[serde(deserialize_with = "or_default")]
    pub data_from: Vec<DataFrom>,
}

/// A reference to a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StoreRef {
    /// The store's name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// The store's kind; the namespaced one where it is not said.
    #[serde(deserialize_with = "or_default")]
    pub kind: StoreKind,
}

/// What makes data due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum RefreshPolicy {
    /// After an interval, or a change of the object.
    #[default]
    #[serde(alias = "")]
    Periodic,
    /// Never after the first success.
    CreatedOnce,
    /// Only a change of the object.
    OnChange,
}

/// Times at which periodic refreshes may, or may not, happen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SyncWindows {
    /// Whether the windows allow or deny.
    pub kind: WindowKind,
    /// The windows.
    #[serde(default, deserialize_with = "or_default")]
    pub windows: Vec<SyncWindow>,
}

/// What windows do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowKind {
    /// Refreshes happen only while a window is open.
    Allow,
    /// No refresh happens while a window is open.
    Deny,
}

/// One window: it opens on a schedule, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SyncWindow {
    /// Cron expression, in UTC.
    pub schedule: String,
    /// How long it stays open; a text, since a bad one only closes the window.
    pub duration: String,
}

/// `spec.target`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Target {
    /// The Secret's name; the ExternalSecret's where it is empty.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Who makes and owns it.
    #[serde(deserialize_with = "or_default")]
    pub creation_policy: CreationPolicy,
    /// What happens when the provider has nothing any more.
    #[serde(deserialize_with = "or_default")]
    pub deletion_policy: DeletionPolicy,
    /// Whether it is made immutable.
    #[serde(deserialize_with = "or_default")]
    pub immutable: bool,
    /// Another kind than Secret: not supported, and said so.
    pub manifest: Option<serde_json::Value>,
    /// Its blueprint. Absent and empty differ: only without one are the object's labels and annotations copied.
    pub template: Option<Template>,
}

/// Who makes and owns the Secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum CreationPolicy {
    /// This object makes, owns and repairs it.
    #[default]
    #[serde(alias = "")]
    Owner,
    /// This object makes it; it outlives the object.
    Orphan,
    /// Somebody else makes it; keys are added.
    Merge,
    /// Nobody makes it.
    None,
    /// As `Merge`, and made where it is missing.
    CreateOrMerge,
}

/// What happens when the provider has nothing any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum DeletionPolicy {
    /// The Secret stays as it is.
    #[default]
    #[serde(alias = "")]
    Retain,
    /// The Secret is deleted.
    Delete,
    /// The keys are removed.
    Merge,
}

/// `spec.target.template`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Template {
    /// Type of the Secret.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub type_: String,
    /// What becomes of fetched values that the template does not name.
    #[serde(deserialize_with = "or_default")]
    pub merge_policy: MergePolicy,
    /// Metadata of the Secret.
    #[serde(deserialize_with = "or_default")]
    pub metadata: TemplateMetadata,
    /// Templates by key.
    #[serde(deserialize_with = "or_default")]
    pub data: BTreeMap<String, String>,
    /// Templates from elsewhere.
    #[serde(deserialize_with = "or_default")]
    pub template_from: Vec<TemplateFrom>,
}

/// Whether fetched values stand beside rendered ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum MergePolicy {
    /// Only what is rendered.
    #[default]
    #[serde(alias = "")]
    Replace,
    /// Both; rendered ones win.
    Merge,
}

/// `spec.target.template.metadata`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TemplateMetadata {
    /// Annotations; the values are templates.
    #[serde(deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
    /// Labels; the values are templates.
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    /// Finalizers: added, never removed.
    #[serde(deserialize_with = "or_default")]
    pub finalizers: Vec<String>,
}

/// Templates from a ConfigMap, a Secret, or a text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TemplateFrom {
    /// From a ConfigMap.
    pub config_map: Option<TemplateSource>,
    /// From a Secret.
    pub secret: Option<TemplateSource>,
    /// A text that renders a YAML map.
    pub literal: Option<String>,
    /// What the rendered values go into.
    #[serde(deserialize_with = "or_default")]
    pub target: String,
    /// How rendered values are decoded.
    #[serde(deserialize_with = "or_default")]
    pub values_decoding_strategy: DecodingStrategy,
}

/// Which keys of a ConfigMap or Secret are templates.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TemplateSource {
    /// Its name, in the namespace of the ExternalSecret.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// The keys.
    #[serde(deserialize_with = "or_default")]
    pub items: Vec<TemplateItem>,
}

/// One key that holds a template.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateItem {
    /// The key.
    pub key: String,
    /// What it renders.
    #[serde(default, deserialize_with = "or_default")]
    pub template_as: TemplateScope,
}

/// What a template renders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum TemplateScope {
    /// The value of the key.
    #[default]
    #[serde(alias = "")]
    Values,
    /// A YAML map of keys and values.
    KeysAndValues,
}

/// One entry of `spec.data`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Data {
    /// Key of the Secret.
    pub secret_key: String,
    /// What to fetch.
    pub remote_ref: RemoteRef,
    /// Another store.
    pub source_ref: Option<SourceRef>,
}

/// A reference to one object at the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RemoteRef {
    /// The object's name, as the provider wants it.
    #[serde(deserialize_with = "or_default")]
    pub key: String,
    /// Path into a JSON value; empty takes all.
    #[serde(deserialize_with = "or_default")]
    pub property: String,
    /// The version; empty is the current one.
    #[serde(deserialize_with = "or_default")]
    pub version: String,
    /// Whether the tags are read in the place of the value.
    #[serde(deserialize_with = "or_default")]
    pub metadata_policy: MetadataPolicy,
    /// How keys are made valid.
    #[serde(deserialize_with = "or_default")]
    pub conversion_strategy: ConversionStrategy,
    /// How values are decoded.
    #[serde(deserialize_with = "or_default")]
    pub decoding_strategy: DecodingStrategy,
    /// Whether a null byte is an error.
    #[serde(deserialize_with = "or_default")]
    pub null_byte_policy: NullBytePolicy,
}

/// Whether tags are read in the place of the value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum MetadataPolicy {
    /// The value.
    #[default]
    #[serde(alias = "")]
    None,
    /// The tags.
    Fetch,
}

/// How keys that a Secret does not allow are rewritten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum ConversionStrategy {
    /// Not said; works as `Default`, but errors name it by the empty text.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// Each bad character becomes `_`.
    Default,
    /// Each bad character becomes its code point.
    Unicode,
}

/// How values are decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum DecodingStrategy {
    /// Not at all.
    #[default]
    #[serde(alias = "")]
    None,
    /// Standard Base64 with padding.
    Base64,
    /// URL-safe Base64 with padding.
    Base64URL,
    /// Whatever of the two fits, else unchanged.
    Auto,
}

/// Whether a null byte is an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum NullBytePolicy {
    /// It is not.
    #[default]
    #[serde(alias = "")]
    Ignore,
    /// It is.
    Fail,
}

/// Where an entry comes from, other than the default store.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SourceRef {
    /// Another store.
    pub store_ref: Option<StoreRef>,
    /// A generator.
    pub generator_ref: Option<GeneratorRef>,
}

/// A reference to a generator.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GeneratorRef {
    /// Its kind.
    #[serde(deserialize_with = "or_default")]
    pub kind: String,
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
}

/// One entry of `spec.dataFrom`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DataFrom {
    /// All members of one JSON object.
    pub extract: Option<RemoteRef>,
    /// All objects that fit.
    pub find: Option<Find>,
    /// Rewrites of the keys, in order.
    #[serde(deserialize_with = "or_default")]
    pub rewrite: Vec<Rewrite>,
    /// Another store, or a generator.
    pub source_ref: Option<SourceRef>,
}

/// Which objects to find.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Find {
    /// By name.
    pub name: Option<FindName>,
    /// By tags, all of which must be equal.
    #[serde(deserialize_with = "or_default")]
    pub tags: BTreeMap<String, String>,
    /// How keys are made valid.
    #[serde(deserialize_with = "or_default")]
    pub conversion_strategy: ConversionStrategy,
    /// How values are decoded.
    #[serde(deserialize_with = "or_default")]
    pub decoding_strategy: DecodingStrategy,
    /// Whether a null byte is an error.
    #[serde(deserialize_with = "or_default")]
    pub null_byte_policy: NullBytePolicy,
}

/// A name to find.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FindName {
    /// Regular expression, unanchored.
    #[serde(deserialize_with = "or_default")]
    pub regexp: String,
}

/// One rewrite of keys; exactly one member is there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Rewrite {
    /// Replaces in keys.
    pub regexp: Option<RewriteRegexp>,
    /// Renders keys.
    pub transform: Option<RewriteTransform>,
    /// Merges values.
    pub merge: Option<RewriteMerge>,
}

/// A replacement in keys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RewriteRegexp {
    /// What is replaced.
    pub source: String,
    /// By what, with `$1` for groups.
    pub target: String,
}

/// A template for keys.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RewriteTransform {
    /// The template, with the key as `.value`.
    pub template: String,
}

/// A merge of values that are JSON objects.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RewriteMerge {
    /// The new key, for `JSON`.
    #[serde(deserialize_with = "or_default")]
    pub into: String,
    /// Keys merged last, in this order.
    #[serde(deserialize_with = "or_default")]
    pub priority: Vec<String>,
    /// Whether a missing key of `priority` is an error.
    #[serde(deserialize_with = "or_default")]
    pub priority_policy: MergePriorityPolicy,
    /// What happens to members that several values have.
    #[serde(deserialize_with = "or_default")]
    pub conflict_policy: MergeConflictPolicy,
    /// What comes of it.
    #[serde(deserialize_with = "or_default")]
    pub strategy: MergeStrategy,
}

/// Whether a missing key of the priority list is an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum MergePriorityPolicy {
    /// It is.
    #[default]
    #[serde(alias = "")]
    Strict,
    /// It is not.
    IgnoreNotFound,
}

/// What happens to members that several values have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum MergeConflictPolicy {
    /// An error.
    #[default]
    #[serde(alias = "")]
    Error,
    /// The later one wins.
    Ignore,
}

/// What comes of a merge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum MergeStrategy {
    /// The members take the place of all keys.
    #[default]
    #[serde(alias = "")]
    Extract,
    /// One key with the merged object is added.
    #[serde(rename = "JSON")]
    Json,
}

/// `status` of an ExternalSecret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ExternalSecretStatus {
    /// When the data was last fetched. Written as null before the first success, as ESO does.
    pub refresh_time: Option<String>,
    /// Generation and hash of the metadata at the last success.
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "or_default")]
    pub synced_resource_version: String,
    /// The Secret, as servicebinding.io wants it.
    #[serde(deserialize_with = "or_default")]
    pub binding: Binding,
    /// Ready or not.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
}

/// The Secret that was made; an empty name before the first success.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Binding {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
}
