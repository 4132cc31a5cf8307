//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const SERVICE: Strategy =
    Strategy { delete_answers_object: true, create_on_update: true, ..PLAIN };
