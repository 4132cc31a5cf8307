//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const BINDING: Strategy = Strategy { create_on_update: true, ..PLAIN };
pub(crate) const CLUSTER_ROLE: Strategy = Strategy { create_on_update: true, ..PLAIN };
pub(crate) const ROLE: Strategy = Strategy { create_on_update: true, ..PLAIN };
