//! How many files and sockets the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a world without clusters needs, its clients in this process included.
const BASE: u64 = 512;

/// What each cluster adds: a few connections, each with an end here and an end at its client.
const A_CLUSTER: u64 = 8;

/// Raises the process' soft limit to what so many clusters need, as far as the hard one goes: many a system grants 1,024
/// to begin with, and a thousand clusters would meet it in the middle of a run. Never lowers it.
pub(super) fn reserve(clusters: usize) {
    let wanted = BASE + A_CLUSTER * clusters as u64;
    let limit = getrlimit(Resource::Nofile);
    // No number means no limit.
    let Some(current) = limit.current.filter(|current| *current < wanted) else { return };
    let granted = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if granted > current && setrlimit(Resource::Nofile, Rlimit { current: Some(granted), ..limit }).is_err()
        || granted < wanted
    {
        tracing::warn!(
            wanted,
            granted,
            "few open files are allowed: connections may have to wait (raise `ulimit -n`)"
        );
    }
}
