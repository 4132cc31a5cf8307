//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const STATEFUL_SET: Strategy = Strategy { counts_generation: true, ..PLAIN };
