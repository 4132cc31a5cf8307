//! Long-running operations: what the client polls while a resource changes.
//!
//! Source: Microsoft Learn, "Track asynchronous Azure operations". `Azure-AsyncOperation` is polled for a status,
//! `Location` for 202 until it is over.

use std::{collections::VecDeque, time::Duration};

use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::{Answer, ArmError, error::ErrorBody, path::subscription_of, request::Request};
use crate::{cloud::Azure, faults::later, wire::Reply};

/// So many operations are remembered; the oldest that are over go first.
const MOST_OPERATIONS: usize = 10_000;

/// What an operation does to its resource once it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Write,
    Power { running: bool },
    Delete,
}

#[derive(Clone, Debug)]
struct Operation {
    id: Uuid,
    subject: String,
    work: Work,
    started: Timestamp,
    ends: Timestamp,
    /// None while something is still at work on it; the error is a reason in a few words.
    outcome: Option<Result<(), String>>,
    applied: bool,
}

impl Operation {
    fn is_over(&self, now: Timestamp) -> bool {
        self.outcome.is_some() && self.ends <= now
    }
}

/// The operations begun, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    begun: VecDeque<Operation>,
    /// How many of them are not applied yet: mostly none, and then nobody need look.
    open: usize,
}

impl Operations {
    /// Begins an operation that takes `duration` at least and until [`Operations::finish`] is called.
    pub(super) fn begin(&mut self, id: Uuid, subject: &str, work: Work, now: Timestamp, duration: Duration) {
        if self.begun.len() >= MOST_OPERATIONS
            && let Some(oldest) = self.begun.iter().position(|operation| operation.applied)
        {
            self.begun.remove(oldest);
        }
        let subject = subject.to_owned();
        let ends = later(now, duration);
        self.begun.push_back(Operation {
            id,
            subject,
            work,
            started: now,
            ends,
            outcome: None,
            applied: false,
        });
        self.open += 1;
    }

    /// Says how the work of an operation went.
    pub(super) fn finish(&mut self, id: Uuid, outcome: Result<(), String>) {
        if let Some(operation) = self.begun.iter_mut().rev().find(|operation| operation.id == id) {
            operation.outcome = Some(outcome);
        }
    }

    /// The operations over by `now` that were not given before, with how they went.
    pub(super) fn ended(&mut self, now: Timestamp) -> Vec<(String, Work, Result<(), String>)> {
        if self.open == 0 {
            return Vec::new();
        }
        let over = self.begun.iter_mut().filter(|operation| !operation.applied && operation.is_over(now));
        let ended: Vec<_> = over
            .map(|operation| {
                operation.applied = true;
                let outcome = operation.outcome.clone().unwrap_or(Ok(()));
                (operation.subject.clone(), operation.work, outcome)
            })
            .collect();
        self.open -= ended.len();
        ended
    }

    fn get(&self, id: &str) -> Option<&Operation> {
        let id = Uuid::try_parse(id).ok()?;
        self.begun.iter().rev().find(|operation| operation.id == id)
    }
}

/// `202` (or what `status` says) with the addresses to poll, no body and no content type: clients insist on both.
pub(super) fn accepted(
    azure: &Azure,
    reply: Reply,
    operation: Uuid,
    subject: &str,
    location: &str,
    version: &str,
) -> Reply {
    let base = azure.environment.url(&azure.environment.management);
    let subscription = subscription_of(subject).unwrap_or_default();
    let provider = subject.split("/providers/").nth(1).and_then(|rest| rest.split('/').next());
    let provider = provider.unwrap_or("Microsoft.Resources");
    let operations = format!("{base}/subscriptions/{subscription}/providers/{provider}/locations/{location}");
    let reply = reply
        .header("azure-asyncoperation", format!("{operations}/operations/{operation}?api-version={version}"))
        .header("retry-after", "1");
    // A client that creates a resource reads it from its own address when the operation is over.
    match reply.status {
        StatusCode::ACCEPTED => reply
            .header("location", format!("{operations}/operationresults/{operation}?api-version={version}")),
        _ => reply,
    }
}

/// What `Azure-AsyncOperation` points to.
pub(super) fn status(request: &Request<'_>, subscription: &str, id: &str) -> Answer {
    let store = request.azure.arm.store(request.azure);
    let operation = find(&store.operations, subscription, id)?;
    let mut body = json!({
        "id": request.call.path,
        "name": operation.id.to_string(),
        "startTime": operation.started.to_string(),
    });
    match &operation.outcome {
        Some(outcome) if operation.is_over(request.now) => {
            body["endTime"] = json!(operation.ends.to_string());
            body["status"] = json!(if outcome.is_ok() { "Succeeded" } else { "Failed" });
            if let Err(reason) = outcome {
                let error = ArmError::ClusterBackend(reason.clone());
                body["error"] = json!({"code": error.code(), "message": error.to_string()});
            }
        }
        _ => body["status"] = json!("InProgress"),
    }
    let over = operation.is_over(request.now);
    let reply = Reply::json(StatusCode::OK, &body);
    Ok(if over { reply } else { reply.header("retry-after", "1") })
}

/// What `Location` points to.
pub(super) fn result(request: &Request<'_>, subscription: &str, id: &str) -> Answer {
    let store = request.azure.arm.store(request.azure);
    let operation = find(&store.operations, subscription, id)?;
    if !operation.is_over(request.now) {
        let reply = Reply::empty(StatusCode::ACCEPTED).header("retry-after", "1");
        let environment = &request.azure.environment;
        let here = format!(
            "{}{}?api-version={}",
            environment.url(&environment.management),
            request.call.path,
            request.api_version
        );
        return Ok(reply.header("location", here));
    }
    match &operation.outcome {
        Some(Err(reason)) => {
            let error = ArmError::ClusterBackend(reason.clone());
            Ok(Reply::json(error.status(), &ErrorBody::new(error.code(), &error.to_string())))
        }
        _ => Ok(Reply::empty(StatusCode::NO_CONTENT)),
    }
}

fn find<'a>(operations: &'a Operations, subscription: &str, id: &str) -> Result<&'a Operation, ArmError> {
    let operation = operations.get(id);
    operation
        .filter(|it| subscription_of(&it.subject).is_some_and(|of| of.eq_ignore_ascii_case(subscription)))
        .ok_or_else(|| ArmError::ResourceNotFound(id.to_owned()))
}
