//! The faults of a world, and which requests they hit.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::Method;
use sha2::{Digest, Sha256};

use super::{Effect, Fault, FaultEntry, What};

struct Line {
    entry: FaultEntry,
    effect: Effect,
    /// How many requests it was about, hit or not.
    seen: u64,
}

/// The faults of a world, in the order of their coming.
pub(crate) struct Book {
    seed: u64,
    lines: Mutex<Lines>,
    /// How many lines are about requests: mostly none, and then nobody need look.
    wire: AtomicUsize,
}

#[derive(Default)]
struct Lines {
    last: u64,
    lines: Vec<Line>,
}

impl Book {
    pub(crate) fn new(seed: u64) -> Self {
        Book { seed, lines: Mutex::default(), wire: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a fault down.
    pub(crate) fn add(&self, fault: Fault, effect: Effect) -> FaultEntry {
        let mut lines = self.lock();
        lines.last += 1;
        let in_force = match &effect {
            Effect::Act(act) => act.lasts(),
            Effect::Wire(_) | Effect::Azure(_) => true,
        };
        let entry = FaultEntry { id: lines.last, fault, in_force, hits: 0 };
        lines.lines.push(Line { entry: entry.clone(), effect, seen: 0 });
        self.count(&lines);
        entry
    }

    /// Strikes out the fault of this number; none where there is none.
    pub(crate) fn remove(&self, id: u64) -> Option<(FaultEntry, Effect)> {
        let mut lines = self.lock();
        let at = lines.lines.iter().position(|line| line.entry.id == id)?;
        let line = lines.lines.remove(at);
        self.count(&lines);
        Some((line.entry, line.effect))
    }

    fn count(&self, lines: &Lines) {
        let wire = lines.lines.iter().filter(|line| matches!(line.effect, Effect::Wire(_))).count();
        self.wire.store(wire, Ordering::Release);
    }

    /// All of them.
    pub(crate) fn entries(&self) -> Vec<FaultEntry> {
        self.lock().lines.iter().map(|line| line.entry.clone()).collect()
    }

    /// What those of them do that are in force.
    pub(crate) fn effects(&self) -> Vec<Effect> {
        self.lock().lines.iter().map(|line| line.effect.clone()).collect()
    }

    /// What happens to a request, in the order of the faults.
    pub(crate) fn fate(&self, host: &str, path: &str, method: &Method) -> Vec<What> {
        if self.wire.load(Ordering::Acquire) == 0 {
            return Vec::new();
        }
        let mut fate = Vec::new();
        for line in &mut self.lock().lines {
            let Effect::Wire(rule) = &line.effect else { continue };
            let used_up = rule.times.is_some_and(|times| line.entry.hits >= times);
            if used_up || !rule.is_about(host, path, method) {
                continue;
            }
            line.seen += 1;
            if draw(self.seed, line.entry.id, line.seen) < rule.rate {
                line.entry.hits += 1;
                fate.push(rule.what.clone());
            }
        }
        fate
    }
}

/// The lot of the n-th request that a fault is about: from 0 to 1, and the same in every world of the seed.
fn draw(seed: u64, fault: u64, number: u64) -> f64 {
    let mut hash = Sha256::new();
    for part in [seed, fault, number] {
        hash.update(part.to_be_bytes());
    }
    let digest: [u8; 32] = hash.finalize().into();
    let lot = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    f64::from(lot) / (f64::from(u32::MAX) + 1.0)
}
