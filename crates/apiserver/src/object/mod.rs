//! What all kinds have in common: metadata, names, labels, selectors.

pub(crate) mod meta;
pub(crate) mod names;
pub(crate) mod ordered;
pub(crate) mod quantity;
pub(crate) mod selector;
pub(crate) mod time;
pub(crate) mod typed;
pub(crate) mod yaml;
