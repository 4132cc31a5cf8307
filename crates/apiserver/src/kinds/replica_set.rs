//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const REPLICA_SET: Strategy = Strategy { counts_generation: true, ..PLAIN };
