//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const LIMIT_RANGE: Strategy = Strategy { create_on_update: true, ..PLAIN };
pub(crate) const RESOURCE_QUOTA: Strategy = Strategy { delete_answers_object: true, ..PLAIN };
