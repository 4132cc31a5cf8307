//! Tables: what `kubectl get` shows.

pub(crate) mod age;
mod cells;
pub(crate) mod columns;
mod rare_cells;
pub(crate) mod rare_columns;
mod render;

pub(crate) use cells::selector_text;
pub(crate) use columns::{CREATED_DESCRIPTION, NAME_DESCRIPTION};

pub(crate) use render::{Column, Include, Layout, partial, table_of};

/// The columns of kinds that have none of their own.
pub(crate) const NAME_AND_CREATED: &[Column] = columns::DEFAULT;
