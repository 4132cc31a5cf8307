//! `serviceaccounts/token`: asking for a token.

use serde_json::{Value, json};

use crate::object::time;
use crate::status::{Answer, FieldError, Status, quote};
use crate::verbs::Call;

/// What a Pod's projected token asks for: the API server answers it with a longer one, and warns.
const PROJECTED_SECONDS: i64 = 3607;
const YEAR_SECONDS: i64 = 365 * 24 * 3600;
const DEFAULT_SECONDS: i64 = 3600;

/// Answers a TokenRequest for the ServiceAccount that the call names.
pub(crate) fn request_token(call: &Call<'_>, body: Value) -> Answer<Value> {
    let server = call.server;
    let (namespace, name) = (&call.place.namespace, &call.place.name);
    let account = server
        .store
        .get("/serviceaccounts", &format!("{namespace}/{name}"))
        .ok_or_else(|| Status::not_found("", "serviceaccounts", name))?;
    let named = body["metadata"]["name"].as_str().unwrap_or_default();
    if !named.is_empty() && named != name {
        let errors =
            [FieldError::invalid_text("metadata.name", named, "must match the service account name")];
        return Err(Status::invalid("authentication.k8s.io", "TokenRequest", named, &errors));
    }
    let spec = &body["spec"];
    let seconds = spec["expirationSeconds"].as_i64().unwrap_or(DEFAULT_SECONDS);
    let mut errors = Vec::new();
    if seconds < 600 {
        let why = "may not specify a duration less than 10 minutes";
        errors.push(FieldError::invalid("spec.expirationSeconds", &seconds.into(), why));
    }
    if seconds > 1 << 32 {
        let why = "may not specify a duration larger than 2^32 seconds";
        errors.push(FieldError::invalid("spec.expirationSeconds", &seconds.into(), why));
    }
    if !errors.is_empty() {
        return Err(Status::invalid("authentication.k8s.io", "TokenRequest", "", &errors));
    }
    let mut audiences: Vec<Value> = spec["audiences"].as_array().cloned().unwrap_or_default();
    if audiences.is_empty() {
        audiences.push(server.access.tokens.issuer().into());
    }
    let mut private = json!({
        "namespace": namespace,
        "serviceaccount": {"name": name, "uid": &*account.uid},
    });
    let reference = &spec["boundObjectRef"];
    bind(call, name, reference, &mut private)?;
    let now = server.now().as_second();
    let extended = seconds == PROJECTED_SECONDS && reference["kind"] == "Pod";
    let lifetime = if extended { YEAR_SECONDS } else { seconds };
    if extended {
        private["warnafter"] = (now + seconds).into();
    }
    let claims = json!({
        "aud": audiences,
        "exp": now + lifetime,
        "iat": now,
        "iss": server.access.tokens.issuer(),
        "jti": server.uid(),
        "kubernetes.io": private,
        "nbf": now,
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let token = server.access.tokens.sign(&claims).map_err(Status::internal)?;
    let expires = jiff::Timestamp::from_second(now + seconds).unwrap_or(jiff::Timestamp::MAX);
    let mut metadata = json!({
        "name": name,
        "namespace": namespace,
        "uid": &*account.uid,
        "creationTimestamp": time::write(server.now()),
    });
    if let Some(fields) = body["metadata"].get("managedFields") {
        metadata["managedFields"] = fields.clone();
    }
    Ok(json!({
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": metadata,
        "spec": {
            "audiences": audiences,
            "expirationSeconds": seconds,
            "boundObjectRef": reference,
        },
        "status": {"token": token, "expirationTimestamp": time::write(expires)},
    }))
}

/// Writes what the token is bound to into its private claims.
fn bind(call: &Call<'_>, account: &str, reference: &Value, private: &mut Value) -> Answer<()> {
    if reference.is_null() {
        return Ok(());
    }
    let text = |key: &str| reference[key].as_str().unwrap_or_default();
    let (kind, name, api) = (text("kind"), text("name"), text("apiVersion"));
    let (collection, resource, namespaced) = match (api, kind) {
        ("" | "v1", "Pod") => ("/pods", "pods", true),
        ("" | "v1", "Secret") => ("/secrets", "secrets", true),
        ("" | "v1", "Node") => ("/nodes", "nodes", false),
        _ => {
            let (group, version) = api.split_once('/').unwrap_or(("", api));
            return Err(Status::bad_request(format!(
                "cannot bind token to object of type {group}/{version}, Kind={kind}"
            )));
        }
    };
    if name.is_empty() {
        return Err(Status::bad_request("Name parameter required."));
    }
    let key = if namespaced { format!("{}/{name}", call.place.namespace) } else { name.to_owned() };
    let object =
        call.server.store.get(collection, &key).ok_or_else(|| Status::not_found("", resource, name))?;
    let wanted = text("uid");
    if !wanted.is_empty() && *object.uid != *wanted {
        let why = format!(
            "the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have \
             been deleted and then recreated"
        );
        return Err(Status::conflict("", kind, name, &why));
    }
    let claim = kind.to_lowercase();
    private[&claim] = json!({"name": name, "uid": &*object.uid});
    if kind == "Pod" {
        let pod = object.value();
        if pod["spec"]["serviceAccountName"].as_str().unwrap_or_default() != account {
            return Err(Status::bad_request(format!(
                "cannot bind token for serviceaccount {} to pod running with different serviceaccount name.",
                quote(account)
            )));
        }
        if let Some(node) = pod["spec"]["nodeName"].as_str() {
            let known = call.server.store.get("/nodes", node);
            private["node"] = match known {
                Some(found) => json!({"name": node, "uid": &*found.uid}),
                None => json!({"name": node}),
            };
        }
    }
    Ok(())
}
