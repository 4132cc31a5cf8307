//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const POD: Strategy = Strategy { delete_answers_object: true, ..PLAIN };
