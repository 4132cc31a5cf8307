//! ServiceAccount.

use crate::registry::{PLAIN, Strategy};

pub(crate) const SERVICE_ACCOUNT: Strategy = Strategy { delete_answers_object: true, ..PLAIN };
