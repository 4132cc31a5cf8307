//! What is told to a manager that wants what others own.

use std::fmt;

use super::field_set::FieldSet;
use super::managers::Entry;

/// One field that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The owner as messages name it: `"kubectl" using v1`, quotes included.
    pub manager: String,
    /// The field: `.spec.replicas`.
    pub field: String,
}

impl Conflict {
    /// The message of this conflict's cause in the `details` of a Status.
    pub fn message(&self) -> String {
        format!("conflict with {}", self.manager)
    }
}

/// All conflicts of an apply, by manager, then by field. Shown as in `Apply failed with …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflicts {
    /// Never empty.
    pub conflicts: Vec<Conflict>,
    /// The fields, all managers' together.
    pub(super) fields: FieldSet,
}

impl Conflicts {
    /// The conflicts over these fields of these managers.
    pub(super) fn of(mut owned: Vec<(&Entry, FieldSet)>) -> Self {
        owned.sort_by_key(|(entry, _)| (entry.manager.clone(), entry.operation, entry.api_version.clone()));
        let mut conflicts = Vec::new();
        let mut fields = FieldSet::default();
        for (entry, set) in owned {
            set.for_each(&mut |path| {
                let field = path.iter().map(ToString::to_string).collect();
                conflicts.push(Conflict { manager: entry.shown(), field });
            });
            fields = fields.union(&set);
        }
        Self { conflicts, fields }
    }

    /// Those conflicts that are not over some fields; none where none is left.
    pub(super) fn without(&self, allowed: &FieldSet) -> Option<Self> {
        let fields = self.fields.difference(allowed);
        let mut kept = std::collections::BTreeSet::new();
        fields.for_each(&mut |path| {
            kept.insert(path.iter().map(ToString::to_string).collect::<String>());
        });
        let conflicts: Vec<_> =
            self.conflicts.iter().filter(|conflict| kept.contains(&conflict.field)).cloned().collect();
        (!conflicts.is_empty()).then_some(Self { conflicts, fields })
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.conflicts.as_slice() {
            return write!(f, "1 conflict: conflict with {}: {}", only.manager, only.field);
        }
        write!(f, "{} conflicts: ", self.conflicts.len())?;
        let mut manager = None;
        for conflict in &self.conflicts {
            if manager != Some(&conflict.manager) {
                let line = if manager.is_some() { "\n" } else { "" };
                write!(f, "{line}conflicts with {}:", conflict.manager)?;
                manager = Some(&conflict.manager);
            }
            write!(f, "\n- {}", conflict.field)?;
        }
        Ok(())
    }
}
