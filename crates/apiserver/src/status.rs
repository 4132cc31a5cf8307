//! The `Status` object: how every refusal and some successes are told.
//!
//! The texts are part of the protocol: kubectl, client-go and controllers match on `reason`, people on `message`.
//! A [`Status`] is built where the decision is made and rendered once, at the edge.

use serde_json::{Map, Value, json};

/// The error of every step of a request. Boxed, because it is much larger than what succeeds.
pub(crate) type Answer<T> = Result<T, Box<Status>>;

/// A failed (or, for deletions, successful) outcome as Kubernetes tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// HTTP status code.
    pub code: u16,
    /// CamelCase word for programs; `None` for errors that the real server has no word for.
    pub reason: Option<&'static str>,
    /// Text for people.
    pub message: String,
    /// `details`; `None` leaves the member out, an empty object shows as `{}`.
    pub details: Option<Value>,
}

/// What is wrong with one field of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    field: String,
    reason: &'static str,
    message: String,
}

impl FieldError {
    /// Whether the rules of a custom resource are not looked at beside such a mistake.
    pub(crate) fn blocks_rules(&self) -> bool {
        matches!(
            self.reason,
            "FieldValueRequired"
                | "FieldValueNotSupported"
                | "FieldValueTooLong"
                | "FieldValueTooMany"
                | "FieldValueTypeInvalid"
        )
    }
}

/// The path of a list element.
pub(crate) fn element(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// The path of a member of a map with free keys.
pub(crate) fn member(path: &str, key: &str) -> String {
    format!("{path}[{key}]")
}

impl FieldError {
    fn new(field: impl Into<String>, reason: &'static str, message: String) -> FieldError {
        FieldError { field: field.into(), reason, message }
    }

    /// A field that must be there and is not.
    pub fn required(field: impl Into<String>, detail: &str) -> FieldError {
        let message =
            if detail.is_empty() { "Required value".to_owned() } else { format!("Required value: {detail}") };
        FieldError::new(field, "FieldValueRequired", message)
    }

    /// A value that breaks a rule; the value is shown as Go's `%q` or JSON.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> FieldError {
        FieldError::shown(field, "FieldValueInvalid", &shown(value), detail)
    }

    /// Like [`FieldError::invalid`] with the value's text already made.
    pub fn invalid_text(field: impl Into<String>, value: &str, detail: &str) -> FieldError {
        FieldError::shown(field, "FieldValueInvalid", &quote(value), detail)
    }

    /// Like [`FieldError::invalid`] with the value exactly as it is to be shown.
    pub fn invalid_raw(field: impl Into<String>, value: &str, detail: &str) -> FieldError {
        FieldError::shown(field, "FieldValueInvalid", value, detail)
    }

    fn shown(field: impl Into<String>, reason: &'static str, value: &str, detail: &str) -> FieldError {
        let colon = if detail.is_empty() { "" } else { ": " };
        FieldError::new(field, reason, format!("Invalid value: {value}{colon}{detail}"))
    }

    /// A value of the wrong type.
    pub fn type_invalid(field: impl Into<String>, value: &str, detail: &str) -> FieldError {
        FieldError::shown(field, "FieldValueTypeInvalid", value, detail)
    }

    /// A value that occurs twice where it must be unique.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> FieldError {
        FieldError::new(field, "FieldValueDuplicate", format!("Duplicate value: {}", shown(value)))
    }

    /// A value out of an enumeration that has `supported`.
    pub fn not_supported(field: impl Into<String>, value: &str, supported: &[&str]) -> FieldError {
        let list = supported.iter().map(|word| quote(word)).collect::<Vec<_>>().join(", ");
        let rest = if supported.is_empty() { String::new() } else { format!(": supported values: {list}") };
        FieldError::new(field, "FieldValueNotSupported", format!("Unsupported value: {}{rest}", quote(value)))
    }

    /// A field that may not be set or changed.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> FieldError {
        FieldError::new(field, "FieldValueForbidden", format!("Forbidden: {detail}"))
    }

    /// A reference that leads nowhere.
    pub fn not_found(field: impl Into<String>, value: &str) -> FieldError {
        FieldError::new(field, "FieldValueNotFound", format!("Not found: {}", quote(value)))
    }

    /// A value with more than `limit` bytes.
    pub fn too_long(field: impl Into<String>, limit: usize) -> FieldError {
        FieldError::new(field, "FieldValueTooLong", format!("Too long: may not be more than {limit} bytes"))
    }

    /// A list with more than `limit` elements.
    pub fn too_many(field: impl Into<String>, actual: usize, limit: usize) -> FieldError {
        FieldError::new(
            field,
            "FieldValueTooMany",
            format!(
                "Too many: {actual}: must have at most {limit} item{}",
                if limit == 1 { "" } else { "s" }
            ),
        )
    }

    /// A failure of another kind, with the reason given.
    pub fn other(field: impl Into<String>, reason: &'static str, message: String) -> FieldError {
        FieldError::new(field, reason, message)
    }

    /// The path of the field.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The same error as one of a schema: for what schemas ask of metadata.
    pub(crate) fn for_schema(self) -> gangplank_merge::structural::FieldError {
        use gangplank_merge::structural::Reason;
        let reason = match self.reason {
            "FieldValueRequired" => Reason::Required,
            "FieldValueForbidden" => Reason::Forbidden,
            "FieldValueTooLong" => Reason::TooLong,
            _ => Reason::Invalid,
        };
        // The words of the reason are put before it again.
        let rest = self.message.split_once(": ").map_or("", |(_, rest)| rest);
        let (shown, detail) = match (reason, rest.split_once("\": ")) {
            (Reason::Invalid, Some((shown, detail))) => (Some(format!("{shown}\"")), detail),
            (Reason::Invalid, None) => (Some(rest.to_owned()), ""),
            _ => (None, rest),
        };
        let mut error = gangplank_merge::structural::FieldError::bare(reason, self.field, detail);
        error.shown = shown;
        error
    }

    /// The same error at another path.
    pub fn at(mut self, field: impl Into<String>) -> FieldError {
        self.field = field.into();
        self
    }

    /// `FIELD: MESSAGE`, as it stands in the whole message.
    pub fn text(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }

    fn cause(&self) -> Value {
        json!({"reason": self.reason, "message": self.message, "field": self.field})
    }
}

/// A JSON value in the form that field errors show: text quoted, the rest compact JSON.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => other.to_string(),
    }
}

/// Go's `%q` for text.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if (0x80..0xa0).contains(&(c as u32)) => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `resource` with its group: `deployments.apps`, `secrets`.
pub(crate) fn qualified(group: &str, word: &str) -> String {
    if group.is_empty() { word.to_owned() } else { format!("{word}.{group}") }
}

fn details(name: &str, group: &str, kind: &str) -> Map<String, Value> {
    let mut map = Map::new();
    for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
        if !value.is_empty() {
            map.insert(key.to_owned(), value.into());
        }
    }
    map
}

impl Status {
    fn new(code: u16, reason: &'static str, message: String) -> Box<Status> {
        Box::new(Status { code, reason: Some(reason), message, details: None })
    }

    fn detailed(
        code: u16,
        reason: &'static str,
        message: String,
        details: Map<String, Value>,
    ) -> Box<Status> {
        Box::new(Status { code, reason: Some(reason), message, details: Some(Value::Object(details)) })
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Box<Status> {
        Status::new(400, "BadRequest", message.into())
    }

    /// 401, always with the same word.
    pub fn unauthorized() -> Box<Status> {
        Status::new(401, "Unauthorized", "Unauthorized".to_owned())
    }

    /// 403 about an object (or, with an empty name, a resource).
    pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Box<Status> {
        let message = if name.is_empty() {
            format!("{} is forbidden: {why}", qualified(group, resource))
        } else {
            format!("{} {} is forbidden: {why}", qualified(group, resource), quote(name))
        };
        Status::detailed(403, "Forbidden", message, details(name, group, resource))
    }

    /// 403 about a path that is no resource.
    pub fn forbidden_path(message: String) -> Box<Status> {
        Status::detailed(403, "Forbidden", message, Map::new())
    }

    /// 404 for an object that is not there.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Box<Status> {
        let message = format!("{} {} not found", qualified(group, resource), quote(name));
        Status::detailed(404, "NotFound", message, details(name, group, resource))
    }

    /// 404 for a path below a known group that is no resource.
    pub fn no_resource() -> Box<Status> {
        let message = "the server could not find the requested resource".to_owned();
        Status::detailed(404, "NotFound", message, Map::new())
    }

    /// 405.
    pub fn method_not_allowed() -> Box<Status> {
        let message = "the server does not allow this method on the requested resource".to_owned();
        Status::detailed(405, "MethodNotAllowed", message, Map::new())
    }

    /// 405 in the words of a resource that has the path but not the verb.
    pub fn unsupported_verb(group: &str, resource: &str, verb: &str) -> Box<Status> {
        let kind = qualified(group, resource);
        let message = format!("{verb} is not supported on resources of kind {}", quote(&kind));
        Status::detailed(405, "MethodNotAllowed", message, details("", group, resource))
    }

    /// 409 for an object that is there already.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Box<Status> {
        let message = format!("{} {} already exists", qualified(group, resource), quote(name));
        Status::detailed(409, "AlreadyExists", message, details(name, group, resource))
    }

    /// 409 for a write that rests on an old state. `resource` may be a kind: deletions name that.
    pub fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Box<Status> {
        let message =
            format!("Operation cannot be fulfilled on {} {}: {why}", qualified(group, resource), quote(name));
        Status::detailed(409, "Conflict", message, details(name, group, resource))
    }

    /// 409 for the usual race: someone wrote since.
    pub fn modified(group: &str, resource: &str, name: &str) -> Box<Status> {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Status::conflict(group, resource, name, why)
    }

    /// 410 for a resourceVersion or continue token that is out of the window.
    pub fn expired(message: impl Into<String>) -> Box<Status> {
        Status::new(410, "Expired", message.into())
    }

    /// 422 with one cause per field.
    pub fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Box<Status> {
        let mut texts: Vec<String> = Vec::new();
        for error in errors {
            let text = error.text();
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = if let [one] = texts.as_slice() { one.clone() } else { format!("[{}]", texts.join(", ")) };
        let message = format!("{} {} is invalid: {list}", qualified(group, kind), quote(name));
        let mut map = details(name, group, kind);
        map.insert("causes".to_owned(), errors.iter().map(FieldError::cause).collect());
        Status::detailed(422, "Invalid", message, map)
    }

    /// 500 with the reason `InternalError`.
    pub fn internal(message: impl std::fmt::Display) -> Box<Status> {
        let text = message.to_string();
        let mut map = Map::new();
        map.insert("causes".to_owned(), json!([{"message": text}]));
        Status::detailed(500, "InternalError", format!("Internal error occurred: {text}"), map)
    }

    /// 500 without a reason: how the real server tells errors that it did not foresee.
    pub fn unforeseen(message: impl Into<String>) -> Box<Status> {
        Box::new(Status { code: 500, reason: None, message: message.into(), details: None })
    }

    /// 406.
    pub fn not_acceptable() -> Box<Status> {
        let message = "only the following media types are accepted: application/json, application/yaml, \
                       application/vnd.kubernetes.protobuf";
        Status::new(406, "NotAcceptable", message.to_owned())
    }

    /// 406 for a shape that the thing asked for can't have.
    pub fn not_acceptable_because(message: String) -> Box<Status> {
        Status::new(406, "NotAcceptable", message)
    }

    /// 415.
    pub fn unsupported_media_type(message: impl Into<String>) -> Box<Status> {
        Status::new(415, "UnsupportedMediaType", message.into())
    }

    /// 413.
    pub fn too_large(limit: usize) -> Box<Status> {
        Status::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {limit}"))
    }

    /// 422 for a request that could be read but not carried out; `details` is empty.
    pub fn unprocessable() -> Box<Status> {
        let message = "the server rejected our request due to an error in our request".to_owned();
        Status::detailed(422, "Invalid", message, Map::new())
    }

    /// 504 for a resourceVersion that has not come.
    pub fn version_too_large(wanted: u64, current: u64) -> Box<Status> {
        let mut map = Map::new();
        let cause = json!([{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]);
        map.insert("causes".to_owned(), cause);
        map.insert("retryAfterSeconds".to_owned(), 1.into());
        let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
        Status::detailed(504, "Timeout", message, map)
    }

    /// Any code and reason with `details` as given.
    pub fn other(code: u16, reason: &'static str, message: String, details: Option<Value>) -> Box<Status> {
        Box::new(Status { code, reason: Some(reason), message, details })
    }

    /// Seconds for `Retry-After`.
    pub fn retry_after(&self) -> Option<u64> {
        self.details.as_ref()?.get("retryAfterSeconds")?.as_u64()
    }

    /// The same refusal with one more cause in its details.
    pub fn with_cause(mut self: Box<Status>, reason: &str, message: &str, field: &str) -> Box<Status> {
        let details = self.details.get_or_insert_with(|| json!({}));
        details["causes"] = json!([{"reason": reason, "message": message, "field": field}]);
        self
    }

    /// The object as it is sent.
    pub fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("kind".to_owned(), "Status".into());
        map.insert("apiVersion".to_owned(), "v1".into());
        map.insert("metadata".to_owned(), json!({}));
        map.insert("status".to_owned(), "Failure".into());
        map.insert("message".to_owned(), self.message.as_str().into());
        if let Some(reason) = self.reason {
            map.insert("reason".to_owned(), reason.into());
        }
        if let Some(details) = &self.details {
            map.insert("details".to_owned(), details.clone());
        }
        map.insert("code".to_owned(), self.code.into());
        Value::Object(map)
    }
}
