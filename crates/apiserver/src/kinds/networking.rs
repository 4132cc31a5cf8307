//! What the kinds of this family add.

use crate::registry::{PLAIN, Strategy};

pub(crate) const ENDPOINT_SLICE: Strategy = Strategy { ..PLAIN };
pub(crate) const INGRESS: Strategy = Strategy { counts_generation: true, ..PLAIN };
pub(crate) const NETWORK_POLICY: Strategy = Strategy { counts_generation: true, ..PLAIN };
pub(crate) const DISRUPTION_BUDGET: Strategy = Strategy { counts_generation: true, ..PLAIN };
