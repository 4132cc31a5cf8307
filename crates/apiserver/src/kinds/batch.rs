//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const CRON_JOB: Strategy = Strategy { counts_generation: true, ..PLAIN };
pub(crate) const JOB: Strategy = Strategy { counts_generation: true, ..PLAIN };
