//! Resource groups.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Answer, ArmError, not_allowed, ok,
    operations::{self, Work},
    path::group_id,
    region,
    request::Request,
    store::{Body, Resource, Store},
};
use crate::{cloud::Azure, wire::Reply};

const READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
const WRITE: &str = "Microsoft.Resources/subscriptions/resourceGroups/write";
const DELETE: &str = "Microsoft.Resources/subscriptions/resourceGroups/delete";

#[derive(Debug, Deserialize)]
pub(crate) struct GroupBody {
    pub(crate) location: Option<String>,
    pub(crate) tags: Option<Map<String, Value>>,
}

pub(super) fn list(request: &Request<'_>, subscription: &str) -> Answer {
    if !request.is(&Method::GET) {
        return not_allowed(request, "resource groups");
    }
    let scope = format!("/subscriptions/{subscription}");
    request.authorize(READ, &scope)?;
    let store = request.azure.arm.store(request.azure);
    let groups = store.under(&scope).filter(|resource| resource.kind().is_none());
    Ok(request.page(groups.map(document).collect()))
}

pub(super) async fn one(request: &Request<'_>, subscription: &str, name: &str) -> Answer {
    let id = group_id(subscription, name);
    match request.call.method {
        Method::GET => {
            request.authorize(READ, &id)?;
            let store = request.azure.arm.store(request.azure);
            ok(&document(existing(&store, &id)?))
        }
        Method::HEAD => {
            request.authorize(READ, &id)?;
            let found = request.azure.arm.store(request.azure).get(&id).is_some();
            Ok(Reply::empty(if found { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }))
        }
        Method::PUT | Method::PATCH => {
            request.authorize(WRITE, &id)?;
            if request.is(&Method::PATCH) {
                existing(&request.azure.arm.store(request.azure), &id)?;
            }
            let (status, document) = put(request.azure, &id, request.body()?)?;
            Ok(Reply::json(status, &document))
        }
        Method::DELETE => {
            request.authorize(DELETE, &id)?;
            delete(request, &id).await
        }
        _ => not_allowed(request, "resource groups"),
    }
}

/// Creates a group, or changes its tags.
pub(crate) fn put(azure: &Azure, id: &str, body: GroupBody) -> Result<(StatusCode, Value), ArmError> {
    let name = super::path::name_of(id);
    let legal = |letter: char| letter.is_alphanumeric() || "-_.()".contains(letter);
    if name.is_empty() || name.chars().count() > 90 || name.ends_with('.') || !name.chars().all(legal) {
        return Err(ArmError::InvalidName {
            name: name.to_owned(),
            rule: "1 to 90 letters, digits or -_.() and no full stop at the end",
        });
    }
    let mut store = azure.arm.store(azure);
    let location = region::settle(body.location.as_deref(), store.get(id))?;
    if let Some(group) = store.get_mut(id) {
        if body.tags.is_some() {
            group.tags = body.tags;
        }
        return Ok((StatusCode::OK, document(group)));
    }
    let group =
        Resource { id: id.to_owned(), location, tags: body.tags, body: Body::Group { deleting: false } };
    let document = document(&group);
    store.insert(group);
    Ok((StatusCode::CREATED, document))
}

/// Deletes a group with all that is in it.
async fn delete(request: &Request<'_>, id: &str) -> Answer {
    let azure = request.azure;
    let operation = azure.ids.next("operation", id);
    let duration = azure.faults.read(|faults| faults.operation_duration);
    let (location, clusters) = {
        let mut store = azure.arm.store(azure);
        let location = existing(&store, id)?.location.clone();
        let clusters = store.under(id).filter(|resource| resource.cluster().is_some());
        let clusters: Vec<String> = clusters.map(|resource| resource.id.clone()).collect();
        if let Some(Body::Group { deleting }) = store.get_mut(id).map(|group| &mut group.body) {
            *deleting = true;
        }
        store.operations.begin(operation, id, Work::Delete, request.now, duration);
        (location, clusters)
    };
    let worker = Arc::clone(azure);
    // Its own task: the clusters go even if the client hangs up meanwhile.
    let work = tokio::spawn(async move {
        let mut outcome = Ok(());
        for cluster in clusters {
            outcome = outcome.and(worker.clusters.delete(&cluster).await);
        }
        worker.arm.store(&worker).operations.finish(operation, outcome);
    });
    if work.await.is_err() {
        azure.arm.store(azure).operations.finish(operation, Err("a cluster's deletion broke off".into()));
    }
    drop(azure.arm.store(azure));
    let reply = Reply::empty(StatusCode::ACCEPTED);
    Ok(operations::accepted(azure, reply, operation, id, &location, request.api_version))
}

pub(super) fn existing<'a>(store: &'a Store, id: &str) -> Result<&'a Resource, ArmError> {
    store.get(id).ok_or_else(|| ArmError::ResourceGroupNotFound(super::path::name_of(id).to_owned()))
}

fn document(group: &Resource) -> Value {
    let deleting = matches!(group.body, Body::Group { deleting: true });
    let mut document = json!({
        "id": group.id,
        "name": group.name(),
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        "properties": {"provisioningState": if deleting { "Deleting" } else { "Succeeded" }},
    });
    if let Some(tags) = &group.tags {
        document["tags"] = json!(tags);
    }
    document
}
