//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const CONFIG_MAP: Strategy = Strategy { ..PLAIN };
pub(crate) const SECRET: Strategy = Strategy { ..PLAIN };
