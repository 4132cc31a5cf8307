//! The seed of a world: where all its randomness comes from.

use rand::SeedableRng;
use rand::rngs::StdRng;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A number that a whole world follows from.
///
/// Each purpose gets a generator of its own, so that what one part draws, and when, changes nothing elsewhere: keys can
/// be made lazily, in any order, and still be the same in the next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// The generator for one purpose.
    pub(crate) fn rng(self, purpose: &str) -> StdRng {
        let mut hash = Sha256::new();
        hash.update(self.0.to_be_bytes());
        hash.update(purpose.as_bytes());
        StdRng::from_seed(hash.finalize().into())
    }

    /// The id for one purpose.
    pub(crate) fn uuid(self, purpose: &str) -> Uuid {
        let world = Uuid::new_v5(&Uuid::NAMESPACE_OID, &self.0.to_be_bytes());
        Uuid::new_v5(&world, purpose.as_bytes())
    }

    /// A seed for one purpose, for a part that has a seed of its own.
    pub(crate) fn number(self, purpose: &str) -> u64 {
        self.uuid(purpose).as_u64_pair().0
    }

    /// A password for one purpose: 128 bits in hexadecimal digits.
    pub(crate) fn password(self, purpose: &str) -> String {
        self.uuid(&format!("password of {purpose}")).simple().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn a_purpose_draws_the_same_whatever_else_was_drawn() {
        let draw = |seed: u64, purpose: &str| Seed(seed).rng(purpose).next_u64();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_eq!(Seed(7).uuid("tenant"), Seed(7).uuid("tenant"));
        assert_ne!(Seed(7).uuid("tenant"), Seed(8).uuid("tenant"));
    }
}
