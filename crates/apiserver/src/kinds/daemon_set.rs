//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const DAEMON_SET: Strategy = Strategy { counts_generation: true, ..PLAIN };
