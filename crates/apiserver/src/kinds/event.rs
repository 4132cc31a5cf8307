//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const CORE: Strategy = Strategy { create_on_update: true, ..PLAIN };
pub(crate) const EVENTS: Strategy = Strategy { create_on_update: true, ..PLAIN };
