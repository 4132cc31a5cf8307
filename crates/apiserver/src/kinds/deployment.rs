//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const DEPLOYMENT: Strategy = Strategy { counts_generation: true, ..PLAIN };
