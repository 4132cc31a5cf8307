//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const ENDPOINTS: Strategy = Strategy { create_on_update: true, ..PLAIN };
pub(crate) const NODE: Strategy = Strategy { ..PLAIN };
pub(crate) const VOLUME_CLAIM: Strategy = Strategy { delete_answers_object: true, ..PLAIN };
pub(crate) const ANSWERS_OBJECT: Strategy = Strategy { delete_answers_object: true, ..PLAIN };
pub(crate) const COUNTED: Strategy = Strategy { counts_generation: true, ..PLAIN };
pub(crate) const PLAIN_APPS: Strategy = Strategy { ..PLAIN };
pub(crate) const PRIORITY_CLASS: Strategy = Strategy { ..PLAIN };
pub(crate) const STORAGE_CLASS: Strategy = Strategy { delete_answers_object: true, ..PLAIN };
pub(crate) const WEBHOOKS: Strategy = Strategy { counts_generation: true, ..PLAIN };
pub(crate) const API_SERVICE: Strategy = Strategy { ..PLAIN };
