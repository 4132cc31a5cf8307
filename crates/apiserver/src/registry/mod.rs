//! What kinds there are: one row of data each, the built-in ones shared by all servers of the process.
//!
//! A custom resource becomes a row of the same type when its definition is established, so that no verb knows a
//! difference between the two.

mod access;
mod admission;
mod apps;
mod catalog;
mod core;
mod others;
mod row;

pub(crate) use catalog::{Catalog, Found};
pub(crate) use row::{
    ALL_VERBS, PLAIN, Resource, Row, SCALE, STATUS, Scope, Strategy, Subresource, api_version, order_of,
};

use std::sync::{Arc, LazyLock};

/// The built-in kinds, in the order of their groups' priority and of their names.
pub(crate) static BUILT_IN: LazyLock<Vec<Arc<Resource>>> = LazyLock::new(|| {
    let tables: [&[Row]; 5] = [core::ROWS, apps::ROWS, others::ROWS, access::ROWS, admission::ROWS];
    tables.into_iter().flatten().map(|row| Arc::new(Resource::built_in(row))).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_have_the_same_path() {
        let mut paths: Vec<_> =
            BUILT_IN.iter().map(|r| (r.group.clone(), r.version.clone(), r.plural.clone())).collect();
        let all = paths.len();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), all);
    }
}
