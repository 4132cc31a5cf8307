//! Who owns which fields of a Secret: the field manager's name, and what managedFields attribute to it.

use gangplank_template::pipeline::hash_of_text;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::Value;
use std::collections::BTreeSet;

const PREFIX: &str = "externalsecrets.external-secrets.io/";

/// Labels and field managers are at most this long.
const LONGEST_NAME: usize = 63;

/// The field manager with which the Secret of this ExternalSecret is written: its name, or the name's hash where that
/// would be too long.
pub(crate) fn field_manager(external_secret: &str) -> String {
    let plain = format!("{PREFIX}{external_secret}");
    if plain.len() <= LONGEST_NAME {
        plain
    } else {
        format!("{PREFIX}sha3/{}", hash_of_text(external_secret))
    }
}

/// The manager under which External Secrets looks for the labels and annotations that it wrote: it measures the bare name, so that of
/// names between 28 and 63 letters it finds none, and what was removed from them stays. The same here, since whoever changes from one
/// to the other must not see a label go.
pub(crate) fn metadata_manager(external_secret: &str) -> String {
    if external_secret.len() > LONGEST_NAME {
        field_manager(external_secret)
    } else {
        format!("{PREFIX}{external_secret}")
    }
}

/// What of a Secret was written by one manager.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Owned {
    pub(crate) data: BTreeSet<String>,
    pub(crate) labels: BTreeSet<String>,
    pub(crate) annotations: BTreeSet<String>,
}

/// Reads managedFields: removal from a spec or template reaches the Secret through them.
pub(crate) fn owned_by(manager: &str, fields: &[ManagedFieldsEntry]) -> Owned {
    let mut owned = Owned::default();
    for entry in fields.iter().filter(|entry| entry.manager.as_deref() == Some(manager)) {
        let Some(set) = entry.fields_v1.as_ref().map(|fields| &fields.0) else { continue };
        collect(set.pointer("/f:data"), &mut owned.data);
        collect(set.pointer("/f:metadata/f:labels"), &mut owned.labels);
        collect(set.pointer("/f:metadata/f:annotations"), &mut owned.annotations);
    }
    owned
}

fn collect(set: Option<&Value>, into: &mut BTreeSet<String>) {
    let keys = set.and_then(Value::as_object).into_iter().flat_map(|set| set.keys());
    into.extend(keys.filter_map(|key| key.strip_prefix("f:")).map(str::to_owned));
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::FieldsV1;
    use serde_json::json;

    #[test]
    fn long_names_are_hashed_from_the_28th_letter_on() {
        assert_eq!(field_manager(&"a".repeat(27)), format!("{PREFIX}{}", "a".repeat(27)));
        let long = "a".repeat(28);
        assert_eq!(field_manager(&long), format!("{PREFIX}sha3/{}", hash_of_text(&long)));
    }

    #[test]
    fn labels_of_names_of_28_to_63_letters_are_nobodys() {
        let check = |letters: usize, found: bool| {
            let name = "a".repeat(letters);
            assert_eq!(metadata_manager(&name) == field_manager(&name), found, "{letters}");
        };
        check(27, true);
        check(28, false);
        check(63, false);
        check(64, true);
    }

    #[test]
    fn only_the_managers_own_fields_count() {
        let entry = |manager: &str, fields: Value| ManagedFieldsEntry {
            manager: Some(manager.to_owned()),
            fields_v1: Some(FieldsV1(fields)),
            ..ManagedFieldsEntry::default()
        };
        let fields = [
            entry("me", json!({"f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:labels": {"f:l": {}}}})),
            entry("me", json!({"f:metadata": {"f:annotations": {".": {}, "f:x.io/y": {}}}})),
            entry("other", json!({"f:data": {"f:b": {}}})),
        ];
        let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(
            owned_by("me", &fields),
            Owned { data: set(&["a"]), labels: set(&["l"]), annotations: set(&["x.io/y"]) }
        );
    }
}
