//! ConfigMap and Secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::fields::{default_text, each, immutable, text};
use crate::go;
use crate::object::names;
use crate::registry::{PLAIN, Strategy};
use crate::status::{FieldError, member};

/// All data of an object together may have this many bytes.
const MAX_DATA: usize = 1024 * 1024;
const REDACTED: &str = "<secret contents redacted>";

pub(crate) const CONFIG_MAP: Strategy = Strategy { validate: validate_config_map, ..PLAIN };

pub(crate) const SECRET: Strategy = Strategy {
    default: default_secret,
    prepare_create: take_string_data,
    prepare_update: |value, _| take_string_data(value),
    validate: validate_secret,
    warn: warn_secret,
    fields: &[("type", |secret| text(secret, "type").to_owned())],
    ..PLAIN
};

/// What was immutable stays so, and so does what it holds.
fn frozen(new: &Value, old: &Value, members: &[&str], errors: &mut Vec<FieldError>) {
    if old["immutable"] != true {
        return;
    }
    let why = "field is immutable when `immutable` is set";
    if new["immutable"] != true {
        errors.push(FieldError::forbidden("immutable", why));
    }
    for member in members {
        if new[*member] != old[*member] {
            errors.push(FieldError::forbidden(*member, why));
        }
    }
}

fn validate_config_map(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    if let Some(old) = old {
        frozen(value, old, &["data", "binaryData"], errors);
    }
    let mut size = 0;
    for (key, text) in value["data"].as_object().into_iter().flatten() {
        let at = member("data", key);
        each(errors, &at, key, names::config_key(key));
        if value["binaryData"].get(key).is_some() {
            errors.push(FieldError::invalid_text(at, key, "duplicate of key present in binaryData"));
        }
        size += text.as_str().map_or(0, str::len);
    }
    for (key, text) in value["binaryData"].as_object().into_iter().flatten() {
        each(errors, &member("binaryData", key), key, names::config_key(key));
        size += text.as_str().map_or(0, |text| text.len() / 4 * 3);
    }
    if size > MAX_DATA {
        errors.push(FieldError::too_long("[]", MAX_DATA));
    }
}

fn default_secret(value: &mut Value) {
    default_text(value, "type", "Opaque");
    take_string_data(value);
}

/// `stringData` is written only: it goes into `data`.
fn take_string_data(value: &mut Value) {
    let Some(texts) = value.as_object_mut().and_then(|members| members.remove("stringData")) else { return };
    for (key, text) in texts.as_object().into_iter().flatten() {
        if !value["data"].is_object() {
            value["data"] = json!({});
        }
        value["data"][key] = STANDARD.encode(text.as_str().unwrap_or_default()).into();
    }
}

fn decoded(value: &Value, key: &str) -> Option<Vec<u8>> {
    STANDARD.decode(value["data"].get(key)?.as_str()?).ok()
}

fn validate_secret(value: &Value, old: Option<&Value>, errors: &mut Vec<FieldError>) {
    let mut size = 0;
    for (key, data) in value["data"].as_object().into_iter().flatten() {
        each(errors, &member("data", key), key, names::config_key(key));
        let text = data.as_str().unwrap_or_default();
        size += text.len() / 4 * 3 - text.bytes().rev().take_while(|b| *b == b'=').count();
    }
    if size > MAX_DATA {
        errors.push(FieldError::too_long("data", MAX_DATA));
    }
    let required = |key: &str, errors: &mut Vec<FieldError>| {
        if value["data"].get(key).is_none() {
            errors.push(FieldError::required(member("data", key), ""));
            return false;
        }
        true
    };
    let json_key = |key: &str, errors: &mut Vec<FieldError>| {
        if required(key, errors)
            && let Some(why) = go::json_syntax_error(&decoded(value, key).unwrap_or_default())
        {
            errors.push(FieldError::invalid_text(member("data", key), REDACTED, &why));
        }
    };
    match text(value, "type") {
        "kubernetes.io/service-account-token" => {
            let name = "kubernetes.io/service-account.name";
            let annotation = value["metadata"]["annotations"].get(name).and_then(Value::as_str);
            if annotation.unwrap_or_default().is_empty() {
                errors.push(FieldError::required(member("metadata.annotations", name), ""));
            }
        }
        "kubernetes.io/dockercfg" => json_key(".dockercfg", errors),
        "kubernetes.io/dockerconfigjson" => json_key(".dockerconfigjson", errors),
        "kubernetes.io/basic-auth" => {
            let has = |key: &str| value["data"].get(key).is_some();
            if !has("username") && !has("password") {
                errors.push(FieldError::required("data[username]", ""));
                errors.push(FieldError::required("data[password]", ""));
            }
        }
        "kubernetes.io/ssh-auth" if decoded(value, "ssh-privatekey").is_none_or(|key| key.is_empty()) => {
            errors.push(FieldError::required("data[ssh-privatekey]", ""));
        }
        "kubernetes.io/tls" => {
            required("tls.crt", errors);
            required("tls.key", errors);
        }
        _ => {}
    }
    if let Some(old) = old {
        immutable(&value["type"], &old["type"], "type", errors);
        frozen(value, old, &["data"], errors);
    }
}

/// A TLS Secret with unreadable content is kept, but told of.
fn warn_secret(value: &Value, _: Option<&Value>, warnings: &mut Vec<String>) {
    if text(value, "type") != "kubernetes.io/tls" {
        return;
    }
    let pem = |key: &str, label: &str| {
        decoded(value, key)
            .is_some_and(|bytes| String::from_utf8_lossy(&bytes).contains(&format!("-----BEGIN {label}")))
    };
    if !pem("tls.crt", "CERTIFICATE") {
        warnings.push("tls: failed to find any PEM data in certificate input".to_owned());
    }
}
