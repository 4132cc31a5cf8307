//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const NAMESPACE: Strategy = Strategy { ..PLAIN };
