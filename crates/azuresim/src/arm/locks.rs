//! Management locks: what nobody may delete or change by accident, whatever their role.
//!
//! Source: Microsoft Learn, "Lock your resources to protect your infrastructure". A lock holds for everything under its
//! scope; `CanNotDelete` stops deletions, `ReadOnly` also writes and actions. What a data plane does is not its business.

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Answer, ArmError, not_allowed, ok, request::Request};
use crate::{rbac::is_at_or_under, wire::Reply};

const TYPE: &str = "Microsoft.Authorization/locks";

/// What a lock stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Level {
    CanNotDelete,
    ReadOnly,
}

/// A lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    name: String,
    scope: String,
    level: Level,
    notes: Option<String>,
}

/// All locks, in the order of their making.
#[derive(Debug, Default)]
pub(super) struct Locks(Vec<Lock>);

impl Locks {
    /// The lock that stops `action` at `scope`, if there is one.
    fn stopping(&self, action: &str, scope: &str) -> Option<&Lock> {
        let (what, verb) = action.rsplit_once('/')?;
        // Who may change locks may do so on what is locked.
        if verb.eq_ignore_ascii_case("read") || what.eq_ignore_ascii_case(TYPE) {
            return None;
        }
        let deletes = verb.eq_ignore_ascii_case("delete");
        self.0.iter().find(|lock| {
            let covered = is_at_or_under(scope, &lock.scope);
            match deletes {
                // A group goes with what is in it, and so does not go at all while something in it is locked.
                true => covered || is_at_or_under(&lock.scope, scope),
                false => covered && lock.level == Level::ReadOnly,
            }
        })
    }

    /// Forgets the locks of what is gone.
    pub(super) fn forget_scope(&mut self, scope: &str) {
        self.0.retain(|lock| !is_at_or_under(&lock.scope, scope));
    }
}

/// Fails while a lock stops `action` at `scope`.
pub(super) fn check(request: &Request<'_>, action: &str, scope: &str) -> Result<(), ArmError> {
    let store = request.azure.arm.store(request.azure);
    match store.locks.stopping(action, scope) {
        Some(lock) => Err(ArmError::ScopeLocked { scope: scope.to_owned(), lock: id(lock) }),
        None => Ok(()),
    }
}

/// `GET {scope}/providers/Microsoft.Authorization/locks`: those that hold there, and those of what is under it.
pub(super) fn list(request: &Request<'_>, scope: &str) -> Answer {
    if !request.is(&Method::GET) {
        return not_allowed(request, TYPE);
    }
    request.authorize("Microsoft.Authorization/locks/read", scope)?;
    let store = request.azure.arm.store(request.azure);
    let near = |lock: &&Lock| is_at_or_under(scope, &lock.scope) || is_at_or_under(&lock.scope, scope);
    Ok(request.page(store.locks.0.iter().filter(near).map(document).collect()))
}

/// `{scope}/providers/Microsoft.Authorization/locks/{name}`.
pub(super) fn one(request: &Request<'_>, scope: &str, name: &str) -> Answer {
    let azure = request.azure;
    let is_it = |lock: &Lock| lock.name.eq_ignore_ascii_case(name) && lock.scope.eq_ignore_ascii_case(scope);
    match request.call.method {
        Method::GET => {
            request.authorize("Microsoft.Authorization/locks/read", scope)?;
            let store = azure.arm.store(azure);
            let found = store.locks.0.iter().find(|lock| is_it(lock));
            ok(&document(found.ok_or_else(|| ArmError::ResourceNotFound(request.call.path.clone()))?))
        }
        Method::PUT => {
            request.authorize("Microsoft.Authorization/locks/write", scope)?;
            #[derive(Deserialize)]
            struct Body {
                properties: Properties,
            }
            #[derive(Deserialize)]
            struct Properties {
                level: Level,
                notes: Option<String>,
            }
            let Properties { level, notes } = request.body::<Body>()?.properties;
            let lock = Lock { name: name.to_owned(), scope: scope.to_owned(), level, notes };
            let document = document(&lock);
            let locks = &mut azure.arm.store(azure).locks.0;
            let before = locks.len();
            locks.retain(|lock| !is_it(lock));
            let status = if locks.len() < before { StatusCode::OK } else { StatusCode::CREATED };
            locks.push(lock);
            Ok(Reply::json(status, &document))
        }
        Method::DELETE => {
            request.authorize("Microsoft.Authorization/locks/delete", scope)?;
            let locks = &mut azure.arm.store(azure).locks.0;
            let before = locks.len();
            locks.retain(|lock| !is_it(lock));
            Ok(Reply::empty(if locks.len() < before { StatusCode::OK } else { StatusCode::NO_CONTENT }))
        }
        _ => not_allowed(request, TYPE),
    }
}

fn id(lock: &Lock) -> String {
    format!("{}/providers/{TYPE}/{}", lock.scope.trim_end_matches('/'), lock.name)
}

fn document(lock: &Lock) -> Value {
    json!({
        "id": id(lock),
        "name": lock.name,
        "type": TYPE,
        "properties": {"level": lock.level, "notes": lock.notes},
    })
}
