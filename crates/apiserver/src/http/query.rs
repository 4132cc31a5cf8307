//! Query parameters and the options that they carry.

use crate::go;
use crate::status::{Answer, FieldError, Status};

/// The parameters of a query in their order, decoded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Decodes a query string; parts that do not decode are left out, as Go leaves them out.
    pub(crate) fn read(query: Option<&str>) -> Query {
        let parts = query.unwrap_or_default().split('&').filter(|part| !part.is_empty());
        Query(
            parts
                .filter_map(|part| {
                    let (key, value) = part.split_once('=').unwrap_or((part, ""));
                    Some((decode(key, true)?, decode(value, true)?))
                })
                .collect(),
        )
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// A parameter as Go reads a bool here: anything but `0` and `false` is true; empty counts as given.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }

    fn number(&self, key: &str) -> Answer<Option<i64>> {
        match self.get(key) {
            None | Some("") => Ok(None),
            Some(text) => go::parse_int(text).map(Some).map_err(Status::bad_request),
        }
    }
}

/// Percent-decodes; `plus` turns `+` into a space. `None` where the escapes are broken or the result is no UTF-8.
pub(crate) fn decode(text: &str, plus: bool) -> Option<String> {
    if !text.contains(['%', '+']) {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                let digits = text.get(at + 1..at + 3)?;
                out.push(u8::from_str_radix(digits, 16).ok()?);
                at += 3;
            }
            b'+' if plus => {
                out.push(b' ');
                at += 1;
            }
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

/// How a list's resourceVersion is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    Exact,
    NotOlderThan,
}

/// `ListOptions` of a list, a watch or a deletecollection.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListOptions {
    pub(crate) label_selector: String,
    pub(crate) field_selector: String,
    pub(crate) limit: u64,
    pub(crate) continue_token: String,
    pub(crate) resource_version: String,
    pub(crate) version_match: Option<Match>,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) bookmarks: bool,
    pub(crate) send_initial_events: bool,
}

impl ListOptions {
    /// Reads and checks the options; `watch` says which of the two they are for.
    pub(crate) fn read(query: &Query, watch: bool) -> Answer<ListOptions> {
        let text = |key: &str| query.get(key).unwrap_or_default().to_owned();
        let limit = query.number("limit")?.unwrap_or(0);
        let timeout = query.number("timeoutSeconds")?;
        let version_match = text("resourceVersionMatch");
        let resource_version = text("resourceVersion");
        let initial = query.get("sendInitialEvents").map(|_| query.flag("sendInitialEvents"));
        let errors = if watch {
            watch_errors(&version_match, initial)
        } else {
            list_errors(
                &version_match,
                &resource_version,
                initial.is_some(),
                query.get("continue").unwrap_or_default(),
            )
        };
        if !errors.is_empty() {
            return Err(Status::invalid("meta.k8s.io", "ListOptions", "", &errors));
        }
        Ok(ListOptions {
            label_selector: text("labelSelector"),
            field_selector: text("fieldSelector"),
            limit: u64::try_from(limit).unwrap_or(0),
            continue_token: text("continue"),
            resource_version,
            version_match: match version_match.as_str() {
                "Exact" => Some(Match::Exact),
                "NotOlderThan" => Some(Match::NotOlderThan),
                _ => None,
            },
            timeout_seconds: timeout.and_then(|seconds| u64::try_from(seconds).ok()),
            bookmarks: query.flag("allowWatchBookmarks"),
            send_initial_events: initial.unwrap_or(false),
        })
    }
}

const MATCH: &str = "resourceVersionMatch";

fn list_errors(version_match: &str, version: &str, initial: bool, token: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !version_match.is_empty() {
        if version.is_empty() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            errors.push(FieldError::forbidden(MATCH, why));
        }
        if !token.is_empty() {
            errors.push(FieldError::forbidden(
                MATCH,
                "resourceVersionMatch is forbidden when continue is provided",
            ));
        }
        if !matches!(version_match, "Exact" | "NotOlderThan") {
            errors.push(FieldError::not_supported(MATCH, version_match, &["Exact", "NotOlderThan", ""]));
        }
        if version_match == "Exact" && version == "0" {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            errors.push(FieldError::forbidden(MATCH, why));
        }
    }
    if initial {
        errors.push(FieldError::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    errors
}

fn watch_errors(version_match: &str, initial: Option<bool>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    match initial {
        Some(_) if version_match.is_empty() => {
            let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            errors.push(FieldError::forbidden(MATCH, why));
        }
        Some(_) => {}
        None if version_match.is_empty() => return errors,
        None => {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(FieldError::forbidden(MATCH, why));
        }
    }
    if !version_match.is_empty() && version_match != "NotOlderThan" {
        errors.push(FieldError::not_supported(MATCH, version_match, &["NotOlderThan"]));
    }
    errors
}

/// How unknown and doubled fields of a body are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// Options of a create, an update or a patch.
#[derive(Debug, Clone)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    pub(crate) field_manager: String,
    pub(crate) field_validation: FieldValidation,
    pub(crate) force: Option<bool>,
}

/// What kind of write the options belong to; each has a name of its own in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Create,
    Update,
    /// Any patch but an apply.
    Patch,
    Apply,
}

impl WriteOptions {
    /// Reads and checks the options of a write.
    pub(crate) fn read(query: &Query, write: Write) -> Answer<WriteOptions> {
        let mut errors = Vec::new();
        let force = query.get("force").map(|_| query.flag("force"));
        let manager = query.get("fieldManager").unwrap_or_default();
        if matches!(write, Write::Patch) && force.is_some() {
            errors.push(FieldError::forbidden("force", "may not be specified for non-apply patch"));
        }
        if write == Write::Apply && manager.is_empty() {
            errors.push(FieldError::required("fieldManager", "is required for apply patch"));
        }
        errors.extend(manager_errors(manager));
        let dry: Vec<&str> = query.all("dryRun").collect();
        errors.extend(dry_run_errors(&dry));
        let validation = query.get("fieldValidation").unwrap_or_default();
        let field_validation = match validation {
            "" | "Warn" => FieldValidation::Warn,
            "Ignore" => FieldValidation::Ignore,
            "Strict" => FieldValidation::Strict,
            other => {
                errors.push(FieldError::not_supported(
                    "fieldValidation",
                    other,
                    &["", "Ignore", "Strict", "Warn"],
                ));
                FieldValidation::Warn
            }
        };
        if !errors.is_empty() {
            let kind = match write {
                Write::Create => "CreateOptions",
                Write::Update => "UpdateOptions",
                Write::Patch | Write::Apply => "PatchOptions",
            };
            return Err(Status::invalid("meta.k8s.io", kind, "", &errors));
        }
        Ok(WriteOptions {
            dry_run: !dry.is_empty(),
            field_manager: manager.to_owned(),
            field_validation,
            force,
        })
    }
}

/// What is wrong with a list of `dryRun` values.
pub(crate) fn dry_run_errors(values: &[&str]) -> Vec<FieldError> {
    if values.iter().all(|value| *value == "All") {
        return Vec::new();
    }
    let shown = serde_json::Value::from(values.to_vec());
    let message = format!("Unsupported value: {shown}: supported values: \"All\"");
    vec![FieldError::other("dryRun", "FieldValueNotSupported", message)]
}

/// The longest name of a field manager, in characters.
const MAX_MANAGER: usize = 128;

fn manager_errors(manager: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if manager.chars().count() > MAX_MANAGER {
        errors.push(FieldError::too_long("fieldManager", MAX_MANAGER));
    }
    if let Some((index, wrong)) = manager.char_indices().find(|(_, c)| c.is_control()) {
        let why = format!("invalid character U+{:04X} (at position {index})", u32::from(wrong));
        errors.push(FieldError::invalid_text("fieldManager", manager, &why));
    }
    errors
}
