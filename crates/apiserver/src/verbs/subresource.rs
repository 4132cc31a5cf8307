//! Paths below an object.

use ::http::Response;
use serde_json::{Value, json};

use super::decode::{self, Kind};
use super::ownership::Door;
use super::{Call, list, patch, reply, scale, update};
use crate::access;
use crate::go;
use crate::http::body::Body;
use crate::http::negotiate::Offer;
use crate::http::query::{FieldValidation, Write, WriteOptions};
use crate::object::meta;
use crate::registry::BUILT_IN;
use crate::status::{Answer, FieldError, Status};
use crate::verbs::write::{System, system_remove, system_write};

/// Answers a request for a subresource whose name and method the row knows.
pub(super) async fn answer(call: &Call<'_>) -> Answer<Response<Body>> {
    let door = match call.place.subresource.as_str() {
        "status" => Door::Status,
        "scale" => return scale::scale(call),
        "token" => return token(call),
        "eviction" => return evict(call),
        "binding" => {
            let body = decode::body(call, kind("", "v1", "Binding"), FieldValidation::Warn)?;
            return bind(call, &body);
        }
        "log" => return log(call),
        "finalize" => Door::Other("finalize"),
        "ephemeralcontainers" => Door::Other("ephemeralcontainers"),
        "resize" => Door::Other("resize"),
        _ => return no_node(call),
    };
    match call.place.verb.as_str() {
        "get" => list::get(call).await,
        "update" => update::replace(call, door),
        "patch" => patch::through(call, door),
        _ => Err(Status::method_not_allowed()),
    }
}

fn kind(group: &'static str, version: &'static str, kind: &'static str) -> Kind<'static> {
    Kind { group, version, kind }
}

fn token(call: &Call<'_>) -> Answer<Response<Body>> {
    let form = call.form(Offer::Plain)?;
    decode::check_format(call)?;
    let options = WriteOptions::read(call.query, Write::Create)?;
    let expected = kind("authentication.k8s.io", "v1", "TokenRequest");
    let body = decode::body(call, expected, options.field_validation)?;
    let answer = access::request_token(call, body)?;
    Ok(reply::written(201, &form, &answer))
}

/// Eviction: a deletion that asks disruption budgets first.
fn evict(call: &Call<'_>) -> Answer<Response<Body>> {
    let form = call.form(Offer::Plain)?;
    let options = WriteOptions::read(call.query, Write::Create)?;
    let body = decode::body(call, kind("policy", "v1", "Eviction"), options.field_validation)?;
    let name = meta::text(&body, "name");
    if !name.is_empty() && name != call.place.name {
        return Err(Status::bad_request("name in URL does not match name in Eviction object"));
    }
    let key = call.key();
    let pod = call.server.store.get(&call.resource.collection, key.text()).ok_or_else(|| call.not_found())?;
    refuse_disruption(call, &call.resource.value(&pod))?;
    if !options.dry_run {
        system_remove(System { server: call.server, resource: &call.resource }, &key, Some(&pod.uid));
        crate::controllers::settle(call.server);
    }
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(reply::written(201, &form, &status))
}

fn refuse_disruption(call: &Call<'_>, pod: &Value) -> Answer<()> {
    let prefix = format!("{}/", call.place.namespace);
    for object in call.server.store.list("policy/poddisruptionbudgets", &prefix) {
        let budget = object.value();
        let selector = crate::object::selector::Labels::of(&budget["spec"]["selector"]);
        let covers = selector.matches_map(&pod["metadata"]["labels"]);
        if covers
            && pod["status"]["phase"] == "Running"
            && budget["status"]["disruptionsAllowed"].as_i64().unwrap_or(0) == 0
        {
            let message = "Cannot evict pod as it would violate the pod's disruption budget.".to_owned();
            let cause = format!("The disruption budget {} needs more healthy pods", object.key.name());
            let details = json!({"causes": [{"reason": "DisruptionBudget", "message": cause}]});
            return Err(Status::other(429, "TooManyRequests", message, Some(details)));
        }
    }
    Ok(())
}

/// Puts a Pod on a node.
pub(super) fn bind(call: &Call<'_>, body: &Value) -> Answer<Response<Body>> {
    let form = call.form(Offer::Plain)?;
    let name = if call.place.name.is_empty() { meta::text(body, "name") } else { &call.place.name };
    let node = body["target"]["name"].as_str().unwrap_or_default();
    if node.is_empty() {
        let errors = [FieldError::required("target.name", "")];
        return Err(Status::invalid("", "Binding", name, &errors));
    }
    let Some(pods) = BUILT_IN.iter().find(|resource| resource.is("", "pods")) else {
        return Err(call.not_found());
    };
    let key = crate::store::Key::new(&call.place.namespace, name);
    let pod =
        call.server.store.get("/pods", key.text()).ok_or_else(|| Status::not_found("", "pods", name))?;
    let bound = pods.value(&pod)["spec"]["nodeName"].as_str().unwrap_or_default().to_owned();
    if !bound.is_empty() {
        let why = format!("pod {name} is already assigned to node {}", crate::status::quote(&bound));
        return Err(Status::conflict("", "pods/binding", name, &why));
    }
    system_write(System { server: call.server, resource: pods }, &key, |old| {
        let mut new = old?.clone();
        new["spec"]["nodeName"] = node.into();
        Some(new)
    });
    crate::controllers::settle(call.server);
    let status =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(reply::written(201, &form, &status))
}

/// The log of a container: there are no nodes, so nothing has been said yet.
fn log(call: &Call<'_>) -> Answer<Response<Body>> {
    let name = &call.place.name;
    let mut errors = Vec::new();
    for option in ["tailLines", "sinceSeconds", "limitBytes"] {
        let Some(text) = call.query.get(option) else { continue };
        let number = go::parse_int(text).map_err(Status::bad_request)?;
        let (least, why) = match option {
            "tailLines" => (0, "must be greater than or equal to 0"),
            _ => (1, "must be greater than 0"),
        };
        if number < least {
            errors.push(FieldError::invalid(option, &number.into(), why));
        }
    }
    if !errors.is_empty() {
        return Err(Status::invalid("", "PodLogOptions", name, &errors));
    }
    container_of(call)?;
    let mut response = reply::bytes(204, "text/plain", Vec::new());
    response.headers_mut().remove(::http::header::CONTENT_TYPE);
    Ok(response)
}

/// The container that is meant: the one named, or the only one.
fn container_of(call: &Call<'_>) -> Answer<()> {
    let name = &call.place.name;
    let pod = call.server.store.get("/pods", call.key().text()).ok_or_else(|| call.not_found())?.value();
    let names = |member: &str| -> Vec<String> {
        let list = pod["spec"][member].as_array().into_iter().flatten();
        list.filter_map(|container| container["name"].as_str().map(str::to_owned)).collect()
    };
    let containers = names("containers");
    let wanted = call.query.get("container").unwrap_or_default();
    if wanted.is_empty() {
        if containers.len() > 1 {
            let choice = containers.join(" ");
            return Err(Status::bad_request(format!(
                "a container name must be specified for pod {name}, choose one of: [{choice}]"
            )));
        }
        return Ok(());
    }
    let known = [containers, names("initContainers"), names("ephemeralContainers")].concat();
    if known.iter().any(|container| container == wanted) {
        return Ok(());
    }
    Err(Status::bad_request(format!("container {wanted} is not valid for pod {name}")))
}

/// What only a node can do is refused as it is for Pods that are on none.
fn no_node(call: &Call<'_>) -> Answer<Response<Body>> {
    if call.resource.plural == "pods" {
        container_of(call)?;
        return Err(Status::bad_request(format!("pod {} does not have a host assigned", call.place.name)));
    }
    let found = call.server.store.get(&call.resource.collection, call.key().text());
    found.ok_or_else(|| call.not_found())?;
    let message = format!("no endpoints available for {} \"{}\"", call.resource.singular, call.place.name);
    Err(Status::other(503, "ServiceUnavailable", message, None))
}
