//! The OpenAPI documents, by which kubectl explains, validates and merges.
//!
//! Documents of built-in groups are the same for all servers: they are made once for the process.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use ::http::{HeaderValue, Response, StatusCode, header};
use gangplank_merge::schema::open_api;
use serde_json::json;
use sha2::{Digest as _, Sha512};

use super::{tagged, text};
use crate::http::body::{self, Body};
use crate::http::query::Query;
use crate::registry::Resource;
use crate::server::Server;
use crate::status::{Answer, Status};

/// Documents of built-in group versions, by group version and server version.
static SHARED: LazyLock<Mutex<HashMap<String, Arc<Vec<u8>>>>> = LazyLock::new(Mutex::default);

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

/// A row in the words of the schema library.
fn described(resource: &Resource) -> open_api::Resource {
    let own = || (resource.group.to_string(), resource.version.to_string(), resource.kind.to_string());
    let subresources = resource.subresources.iter().map(|subresource| open_api::Subresource {
        name: subresource.name.to_owned(),
        body: subresource.kind.map_or_else(own, |(group, version, kind)| {
            (group.to_owned(), version.to_owned(), kind.to_owned())
        }),
        verbs: words(subresource.verbs),
    });
    open_api::Resource {
        group: resource.group.to_string(),
        version: resource.version.to_string(),
        kind: resource.kind.to_string(),
        plural: resource.plural.to_string(),
        namespaced: resource.namespaced(),
        verbs: words(resource.verbs),
        subresources: subresources.collect(),
        custom: resource.custom.as_ref().map(|custom| custom.open_api().clone()),
    }
}

fn group_version(server: &Server, group: &str, version: &str) -> Vec<open_api::Resource> {
    let all = server.catalog.all();
    all.iter()
        .filter(|r| r.group == group && r.version == version)
        .map(|resource| described(resource))
        .collect()
}

/// The document of one group version; `None` where nobody serves it.
fn document(server: &Server, group: &str, version: &str) -> Option<Arc<Vec<u8>>> {
    let built_in = crate::registry::BUILT_IN.iter().any(|resource| resource.group == group);
    let key = format!("{group}/{version} {}", server.version);
    if built_in && let Some(known) = SHARED.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Some(known.clone());
    }
    let resources = group_version(server, group, version);
    if resources.is_empty() {
        return None;
    }
    let content = Arc::new(open_api::v3(&resources, &server.version).to_string().into_bytes());
    if built_in {
        SHARED.lock().unwrap_or_else(PoisonError::into_inner).insert(key, content.clone());
    }
    Some(content)
}

fn hash(content: &[u8]) -> String {
    hex::encode_upper(Sha512::digest(content))
}

fn path_of(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// The media type of the binary v2 document, as clients ask for it and as it is answered.
const BINARY: [&str; 2] = [
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
];

/// The `/openapi/v2` document of everything.
pub(super) fn v2(server: &Arc<Server>, parts: &::http::request::Parts) -> Answer<Response<Body>> {
    let accept = crate::server::accept(&parts.headers).unwrap_or("application/json");
    let mut kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let binary = kinds.find_map(|kind| match kind {
        "application/json" | "application/*" | "*/*" => Some(false),
        _ if BINARY.contains(&kind) => Some(true),
        _ => None,
    });
    let binary = binary.ok_or_else(Status::not_acceptable)?;
    let resources = server.catalog.all();
    // A server without custom resources has the document of all such servers.
    let key = format!("v2 {binary} {}", server.version);
    let shared = resources.iter().all(|resource| resource.custom.is_none());
    let known = SHARED.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    let content = known.filter(|_| shared).unwrap_or_else(|| {
        let resources: Vec<open_api::Resource> =
            resources.iter().map(|resource| described(resource)).collect();
        let document = open_api::v2(&resources, &server.version);
        Arc::new(if binary { open_api::v2_protobuf(&document) } else { document.to_string().into_bytes() })
    });
    if shared {
        SHARED.lock().unwrap_or_else(PoisonError::into_inner).insert(key, content.clone());
    }
    Ok(tagged(parts, content.to_vec(), if binary { BINARY[1] } else { "application/json" }, None))
}

/// The index of the v3 documents, each with the hash of its content.
pub(super) fn v3_index(server: &Arc<Server>) -> Response<Body> {
    let mut paths = serde_json::Map::new();
    for resource in server.catalog.all() {
        let path = path_of(&resource.group, &resource.version);
        if paths.contains_key(&path) {
            continue;
        }
        if let Some(content) = document(server, &resource.group, &resource.version) {
            let address = format!("/openapi/v3/{path}?hash={}", hash(&content));
            paths.insert(path, json!({"serverRelativeURL": address}));
        }
    }
    text(200, json!({"paths": paths}).to_string())
}

/// One v3 document; a hash that is not its own leads to the right one.
pub(super) fn v3(
    server: &Arc<Server>,
    parts: &::http::request::Parts,
    query: &Query,
    name: &str,
) -> Answer<Response<Body>> {
    let pieces: Vec<&str> = name.split('/').collect();
    let found = match pieces.as_slice() {
        ["api", version] => document(server, "", version),
        ["apis", group, version] => document(server, group, version),
        _ => None,
    };
    let Some(content) = found else {
        let mut response = Response::new(body::whole(Vec::new()));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return Ok(response);
    };
    let own = hash(&content);
    if let Some(asked) = query.get("hash").filter(|asked| !asked.is_empty()) {
        if asked != own {
            let mut response = Response::new(body::whole(Vec::new()));
            *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
            if let Ok(place) = HeaderValue::from_str(&format!("/openapi/v3/{name}?hash={own}")) {
                response.headers_mut().insert(header::LOCATION, place);
            }
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            return Ok(response);
        }
        return Ok(tagged(parts, content.to_vec(), "application/json", Some("public, immutable")));
    }
    Ok(tagged(parts, content.to_vec(), "application/json", None))
}
