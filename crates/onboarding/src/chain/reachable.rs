//! Link 7: Argo CD's identity reaches the API server. The hops, their causes and mends are the prober's (`crates/clusters`).

use super::Verdict;
use super::facts::{Seen, known};

pub(super) fn judge(reach: &Seen<()>) -> Verdict {
    known!(reach, "the proof of reach");
    Verdict::Holds
}
