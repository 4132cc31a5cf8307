//! Identifiers that look random and are not: derived from the world's seed and from what they name.

use std::{collections::HashMap, sync::Mutex};

use uuid::Uuid;

/// Gives each thing an id that depends on the seed, on its name, and on how often that name was born before.
///
/// Two worlds of one seed get the same ids in whatever order their requests arrive, and an identity that is deleted and
/// created again gets another object id, as on Azure.
#[derive(Debug)]
pub(crate) struct Ids {
    namespace: Uuid,
    births: Mutex<HashMap<String, u64>>,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Ids { namespace: Uuid::new_v5(&Uuid::NAMESPACE_OID, &seed.to_be_bytes()), births: Mutex::default() }
    }

    /// A new id for the next thing called `name` (compared as written) of this `kind`.
    pub(crate) fn next(&self, kind: &str, name: &str) -> Uuid {
        let key = format!("{kind}\n{name}");
        let mut births = lock(&self.births);
        let birth = births.entry(key).or_insert(0);
        *birth += 1;
        Uuid::new_v5(&self.namespace, format!("{kind}\n{name}\n{birth}").as_bytes())
    }
}

/// Locks, and goes on after another thread's panic: every transition leaves the state whole before it can panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_ids_whatever_the_order() {
        let (one, two) = (Ids::new(7), Ids::new(7));
        let (a, b) = (one.next("oid", "a"), one.next("oid", "b"));
        let (b2, a2) = (two.next("oid", "b"), two.next("oid", "a"));
        assert_eq!((a, b), (a2, b2));
        assert_ne!(one.next("oid", "a"), a, "born again, another id");
        assert_ne!(Ids::new(8).next("oid", "a"), a, "another seed, another id");
    }
}
