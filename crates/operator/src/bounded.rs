//! Many requests at once, but not too many.

use std::future::Future;

use futures::StreamExt as _;

/// How many requests to Azure are under way at once for a fleet-wide act. Its buckets are per principal; this stays below them.
const AT_ONCE: usize = 32;

/// Runs `work` on every item, some at once, and returns the results in the items' order.
pub(crate) async fn each<T, R, F: Future<Output = R>>(
    items: impl IntoIterator<Item = T>,
    work: impl FnMut(T) -> F,
) -> Vec<R> {
    futures::stream::iter(items).map(work).buffered(AT_ONCE).collect().await
}
