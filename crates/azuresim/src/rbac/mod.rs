//! Azure role-based access control as a pure function: definitions and assignments in, allowed or not out.
//!
//! Source of the rules: Microsoft Learn, "Understand Azure role definitions" and "How Azure RBAC determines access".
//! What is granted is the union of all assignments at the scope and above it; one role grants its `actions` less its
//! `notActions` (data actions likewise), and the exclusion of one role takes nothing from what another grants. `*`
//! stands for any text, slashes included; letter case doesn't matter.

mod builtin;
mod condition;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use uuid::Uuid;

pub use builtin::role_id;
pub use condition::{Attributes, Condition, ConditionError};

/// One `permissions` element of a role definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permission {
    /// Operations of the control plane that are granted.
    pub actions: Vec<String>,
    /// Operations taken out of `actions`.
    pub not_actions: Vec<String>,
    /// Operations of data planes (Key Vault, Kubernetes) that are granted.
    pub data_actions: Vec<String>,
    /// Operations taken out of `data_actions`.
    pub not_data_actions: Vec<String>,
}

/// A role definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDefinition {
    /// The GUID that ends its resource id.
    pub id: Uuid,
    /// The display name, as `Key Vault Secrets User`.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether Azure brought it along; those can't be changed.
    pub built_in: bool,
    /// What it grants.
    pub permissions: Vec<Permission>,
    /// Scopes at or under which it may be assigned; `/` is everywhere.
    pub assignable_scopes: Vec<String>,
}

/// What a caller wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// An operation of the control plane, as `Microsoft.KeyVault/vaults/read`.
    Action(&'a str),
    /// An operation of a data plane, as `Microsoft.KeyVault/vaults/secrets/getSecret/action`.
    DataAction(&'a str),
}

impl RoleDefinition {
    /// Whether this role, assigned somewhere, grants `operation` there.
    pub fn grants(&self, operation: Operation<'_>) -> bool {
        self.permissions.iter().any(|permission| {
            let (name, granted, excluded) = match operation {
                Operation::Action(name) => (name, &permission.actions, &permission.not_actions),
                Operation::DataAction(name) => (name, &permission.data_actions, &permission.not_data_actions),
            };
            let any = |patterns: &[String]| patterns.iter().any(|pattern| wildcard_matches(pattern, name));
            any(granted) && !any(excluded)
        })
    }

    /// Whether it may be assigned at `scope`.
    pub fn is_assignable_at(&self, scope: &str) -> bool {
        self.assignable_scopes.iter().any(|root| is_at_or_under(scope, root))
    }
}

/// A role assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleAssignment {
    /// The GUID that ends its resource id.
    pub name: Uuid,
    /// Where it applies, with the letter case of its creation.
    pub scope: String,
    /// The role.
    pub role: Uuid,
    /// Object id of the user, group or service principal. Any GUID is taken: one that is nobody's grants nothing.
    pub principal: Uuid,
    /// `ServicePrincipal`, `User`, `Group`, `ForeignGroup` or `Device`.
    pub principal_type: String,
    /// A note.
    pub description: Option<String>,
    /// A condition that narrows what it grants.
    pub condition: Option<Condition>,
    /// Object id of who made it.
    pub created_by: Uuid,
    /// When it was made.
    pub created_on: Timestamp,
    /// From when on it grants.
    pub effective_from: Timestamp,
    /// Until when it grants; set once it is deleted.
    pub effective_until: Option<Timestamp>,
}

impl RoleAssignment {
    fn is_effective(&self, now: Timestamp) -> bool {
        self.effective_from <= now && self.effective_until.is_none_or(|end| now < end)
    }
}

/// All role definitions and assignments of a tenant.
#[derive(Clone, Debug)]
pub struct Rbac {
    definitions: BTreeMap<Uuid, RoleDefinition>,
    /// By scope in lower case, so that a check walks up its own scope and looks at nothing else.
    assignments: HashMap<String, Vec<RoleAssignment>>,
    /// The scope, as above, of each assignment that isn't deleted.
    scopes: HashMap<Uuid, String>,
}

impl Default for Rbac {
    /// The built-in roles and no assignment.
    fn default() -> Self {
        let definitions = builtin::definitions().map(|role| (role.id, role)).collect();
        Rbac { definitions, assignments: HashMap::new(), scopes: HashMap::new() }
    }
}

impl Rbac {
    /// Whether any of `principals` (an object id and those of its groups) may do `operation` at `scope`.
    pub fn allows(&self, principals: &[Uuid], operation: Operation<'_>, scope: &str, now: Timestamp) -> bool {
        self.deciding(principals, operation, &Attributes::default(), scope, now).is_some()
    }

    /// The assignment by which the operation, with these attributes of the request, is allowed.
    pub fn deciding(
        &self,
        principals: &[Uuid],
        operation: Operation<'_>,
        attributes: &Attributes,
        scope: &str,
        now: Timestamp,
    ) -> Option<&RoleAssignment> {
        let scope = scope.to_ascii_lowercase();
        let (Operation::Action(name) | Operation::DataAction(name)) = operation;
        ancestors(&scope).filter_map(|scope| self.assignments.get(scope)).flatten().find(|assignment| {
            principals.contains(&assignment.principal)
                && assignment.is_effective(now)
                && self.definitions.get(&assignment.role).is_some_and(|role| role.grants(operation))
                && assignment.condition.as_ref().is_none_or(|condition| condition.holds(name, attributes))
        })
    }

    /// Whether any of `principals` holds any role at, above or under `scope`: then they can see that it exists.
    pub fn touches(&self, principals: &[Uuid], scope: &str, now: Timestamp) -> bool {
        self.assignments().any(|assignment| {
            principals.contains(&assignment.principal)
                && assignment.is_effective(now)
                && (is_at_or_under(scope, &assignment.scope) || is_at_or_under(&assignment.scope, scope))
        })
    }

    /// All definitions, by id.
    pub fn definitions(&self) -> impl Iterator<Item = &RoleDefinition> {
        self.definitions.values()
    }

    /// A definition.
    pub fn definition(&self, id: Uuid) -> Option<&RoleDefinition> {
        self.definitions.get(&id)
    }

    /// Adds or replaces a custom role.
    pub fn define(&mut self, role: RoleDefinition) {
        self.definitions.insert(role.id, role);
    }

    /// Takes a custom role away; a built-in one stays.
    pub fn undefine(&mut self, id: Uuid) -> Option<RoleDefinition> {
        if self.definitions.get(&id)?.built_in {
            return None;
        }
        self.definitions.remove(&id)
    }

    /// All assignments, those deleted but still effective included.
    pub fn assignments(&self) -> impl Iterator<Item = &RoleAssignment> {
        self.assignments.values().flatten()
    }

    /// The assignment of this name, if it isn't deleted.
    pub fn assignment(&self, name: Uuid) -> Option<&RoleAssignment> {
        let scope = self.scopes.get(&name)?;
        self.assignments.get(scope)?.iter().find(|it| it.name == name && it.effective_until.is_none())
    }

    /// The assignments made at exactly `scope`, those deleted not included.
    pub fn assignments_at(&self, scope: &str) -> impl Iterator<Item = &RoleAssignment> {
        let own = self.assignments.get(&scope.to_ascii_lowercase());
        own.into_iter().flatten().filter(|it| it.effective_until.is_none())
    }

    /// How many assignments there are at and under `scope`, those deleted not included.
    pub fn count_under(&self, scope: &str) -> usize {
        let under = self.assignments.iter().filter(|(at, _)| is_at_or_under(at, scope));
        under.map(|(_, own)| own.iter().filter(|it| it.effective_until.is_none()).count()).sum()
    }

    /// Adds an assignment. Whether it may be added is the caller's to decide.
    pub fn assign(&mut self, assignment: RoleAssignment) {
        let scope = assignment.scope.to_ascii_lowercase();
        self.scopes.insert(assignment.name, scope.clone());
        self.assignments.entry(scope).or_default().push(assignment);
    }

    /// Deletes an assignment; it goes on granting until `effective_until`.
    pub fn unassign(
        &mut self,
        name: Uuid,
        now: Timestamp,
        effective_until: Timestamp,
    ) -> Option<RoleAssignment> {
        let scope = self.scopes.remove(&name)?;
        let own = self.assignments.get_mut(&scope)?;
        let assignment = own.iter_mut().find(|it| it.name == name && it.effective_until.is_none())?;
        let deleted = assignment.clone();
        assignment.effective_until = Some(effective_until);
        own.retain(|it| it.effective_until.is_none_or(|end| now < end));
        if own.is_empty() {
            self.assignments.remove(&scope);
        }
        Some(deleted)
    }

    /// Forgets every assignment at or under `scope`, as happens when the resource there is deleted.
    pub fn forget_scope(&mut self, scope: &str) {
        self.assignments.retain(|at, _| !is_at_or_under(at, scope));
        self.scopes.retain(|_, at| !is_at_or_under(at, scope));
    }
}

/// Whether `pattern` (with `*` for any text) is the whole of `name`, letter case aside.
///
/// `a/*/read` also covers `a/read`: the built-in roles mean it so (Managed Identity Operator reads identities by
/// `userAssignedIdentities/*/read`, Key Vault Reader reads vaults by `vaults/*/read`).
pub fn wildcard_matches(pattern: &str, name: &str) -> bool {
    matches_whole(pattern.as_bytes(), name.as_bytes())
        || (pattern.contains("/*/") && matches_whole(pattern.replace("/*/", "/").as_bytes(), name.as_bytes()))
}

fn matches_whole(pattern: &[u8], name: &[u8]) -> bool {
    // Greedy with one point to fall back to: linear in practice, quadratic at worst, and needs no memory.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, n));
            p += 1;
        } else if p < pattern.len() && pattern[p].eq_ignore_ascii_case(&name[n]) {
            p += 1;
            n += 1;
        } else if let Some((at, taken)) = star {
            p = at + 1;
            n = taken + 1;
            star = Some((at, n));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Whether `scope` is `root` or lies under it, letter case aside.
pub fn is_at_or_under(scope: &str, root: &str) -> bool {
    let root = root.trim_end_matches('/');
    match scope.get(..root.len()) {
        Some(head) => {
            let tail = &scope[root.len()..];
            head.eq_ignore_ascii_case(root) && (tail.is_empty() || tail.starts_with('/'))
        }
        None => false,
    }
}

/// `scope` and every scope above it, up to `/`.
fn ancestors(scope: &str) -> impl Iterator<Item = &str> {
    let trimmed = scope.trim_end_matches('/');
    let ends = trimmed.rmatch_indices('/').map(|(end, _)| end).filter(|end| *end > 0);
    std::iter::once(trimmed)
        .filter(|it| !it.is_empty())
        .chain(ends.map(move |end| &trimmed[..end]))
        .chain(["/"])
}

#[cfg(test)]
mod tests;
