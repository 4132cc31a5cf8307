//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const LEASE: Strategy = Strategy { create_on_update: true, ..PLAIN };
