//! From kubectl's client-side apply to server-side apply.
//!
//! kubectl used to keep what it applied in an annotation. When it applies on the server's side, as manager `kubectl`, it
//! takes over what that annotation says without a conflict, and the annotation is kept up to date for older kubectls.

use serde_json::{Map, Value};

use super::{ApplyError, Write, typed, update};

/// The annotation in which kubectl keeps what it applied last.
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
const KUBECTL: &str = "kubectl";
/// Bytes that all annotations of an object may have together, names included.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// See [`super::apply`].
pub(super) fn apply(
    live: Option<&Value>,
    applied: &Value,
    force: bool,
    write: &Write<'_>,
) -> Result<Value, ApplyError> {
    let outcome = update::apply(live, applied, force, write);
    if write.manager != KUBECTL {
        return outcome;
    }
    let mut object = match outcome {
        Err(ApplyError::Conflicts(conflicts)) => match live.and_then(|live| applied_last(live, write)) {
            None => return Err(ApplyError::Conflicts(conflicts)),
            Some(allowed) => match conflicts.without(&allowed) {
                Some(left) => return Err(ApplyError::Conflicts(left)),
                None => update::apply(live, applied, true, write)?,
            },
        },
        outcome => outcome?,
    };
    let annotations = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let Some(annotations) = annotations.filter(|all| all.get(ANNOTATION).is_some_and(|last| *last != "")) {
        annotations.insert(ANNOTATION.to_owned(), Value::from(annotation_of(applied)));
        let size: usize =
            annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
        if size > MAX_ANNOTATIONS {
            annotations.remove(ANNOTATION);
        }
    }
    Ok(object)
}

/// The fields that kubectl applied last and that are still as it left them; none where the annotation does not tell.
fn applied_last(live: &Value, write: &Write<'_>) -> Option<super::FieldSet> {
    let text = live.get("metadata")?.get("annotations")?.get(ANNOTATION)?.as_str()?;
    let last: Value = serde_json::from_str(text).ok()?;
    if last.get("apiVersion")?.as_str()? != write.api_version {
        return None;
    }
    let schema = write.versions.schema(write.api_version)?;
    typed::validate(schema.root(), &last, typed::Duplicates::Refused).ok()?;
    let comparison = typed::compare(schema.root(), &last, live);
    let fields = typed::fields_of(schema.root(), &last);
    Some(
        fields.difference(&comparison.modified).difference(&comparison.added).difference(&comparison.removed),
    )
}

/// The applied object as the annotation holds it: without the annotation itself, sorted, with a line's end.
fn annotation_of(applied: &Value) -> String {
    let mut applied = applied.clone();
    let annotations = applied.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    // Annotations that are left empty stay, as they do in the real server.
    annotations.map(|annotations| annotations.remove(ANNOTATION));
    format!("{}\n", sorted(&applied))
}

/// The same value with all maps in the order of their keys, whatever order the JSON library keeps.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut members: Vec<(&String, &Value)> = map.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            Value::Object(
                members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}
