//! The work queue: what is urgent first, each piece at one worker at a time.
//!
//! ```text
//!   add ──► ready (by class, then age) ──► pop ──► running ──► done
//!   add_after ──► delayed ─(time)─┘                   └─ added meanwhile: ready again
//! ```
//!
//! A first sync never waits behind refreshes: classes are served in order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A namespaced name; the namespace is empty for cluster-wide kinds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Name {
    pub(crate) fn new(namespace: &str, name: &str) -> Arc<Self> {
        Arc::new(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }
}

/// A piece of work.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Work {
    /// A store; a ClusterSecretStore has no namespace.
    Store(Arc<Name>),
    ExternalSecret(Arc<Name>),
    ClusterExternalSecret(Arc<Name>),
}

/// How urgent it is; lower is served first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Never synced, or something that others wait for.
    First,
    /// Changed, or repaired.
    Changed,
    /// Failed before.
    Retry,
    /// Due.
    Refresh,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Ready { class: Class, ticket: u64 },
    Delayed { at: Instant, ticket: u64, class: Class },
    Running { again: Option<Class>, later: Option<(Instant, Class)> },
}

#[derive(Debug, Default)]
struct State {
    places: HashMap<Work, Place>,
    ready: BTreeSet<(Class, u64, Work)>,
    delayed: BTreeMap<(Instant, u64), Work>,
    tickets: u64,
}

impl State {
    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    fn make_ready(&mut self, work: Work, class: Class) {
        let ticket = self.ticket();
        self.ready.insert((class, ticket, work.clone()));
        self.places.insert(work, Place::Ready { class, ticket });
    }

    fn delay(&mut self, work: Work, at: Instant, class: Class) {
        let ticket = self.ticket();
        self.delayed.insert((at, ticket), work.clone());
        self.places.insert(work, Place::Delayed { at, ticket, class });
    }

    fn add(&mut self, work: Work, class: Class) {
        match self.places.get_mut(&work) {
            None => self.make_ready(work, class),
            Some(Place::Ready { class: present, .. }) if *present <= class => {}
            Some(Place::Ready { class: present, ticket }) => {
                let (present, ticket) = (*present, *ticket);
                self.ready.remove(&(present, ticket, work.clone()));
                self.make_ready(work, class);
            }
            Some(Place::Delayed { at, ticket, .. }) => {
                let key = (*at, *ticket);
                self.delayed.remove(&key);
                self.make_ready(work, class);
            }
            Some(Place::Running { again, .. }) => {
                *again = Some(again.map_or(class, |present| present.min(class)))
            }
        }
    }

    fn add_at(&mut self, work: Work, at: Instant, class: Class) {
        match self.places.get_mut(&work) {
            None => self.delay(work, at, class),
            Some(Place::Ready { .. }) => {}
            Some(Place::Delayed { at: present, .. }) if *present <= at => {}
            Some(Place::Delayed { at: present, ticket, .. }) => {
                let key = (*present, *ticket);
                self.delayed.remove(&key);
                self.delay(work, at, class);
            }
            Some(Place::Running { later, .. }) => {
                if later.is_none_or(|(present, _)| at < present) {
                    *later = Some((at, class));
                }
            }
        }
    }

    /// Makes ready what is due; says when the next one is.
    fn advance(&mut self, now: Instant) -> Option<Instant> {
        while let Some(entry) = self.delayed.first_entry() {
            let at = entry.key().0;
            if at > now {
                return Some(at);
            }
            let work = entry.remove();
            let class = match self.places.get(&work) {
                Some(Place::Delayed { class, .. }) => *class,
                _ => Class::Refresh,
            };
            self.make_ready(work, class);
        }
        None
    }

    fn pop(&mut self) -> Option<Work> {
        let (_, _, work) = self.ready.pop_first()?;
        self.places.insert(work.clone(), Place::Running { again: None, later: None });
        Some(work)
    }

    fn done(&mut self, work: &Work) {
        if let Some(Place::Running { again, later }) = self.places.remove(work) {
            match (again, later) {
                (Some(class), _) => self.make_ready(work.clone(), class),
                (None, Some((at, class))) => self.delay(work.clone(), at, class),
                (None, None) => {}
            }
        }
    }
}

/// The queue with its clock and its sleepers.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Notify,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wants work done as soon as its class allows.
    pub(crate) fn add(&self, work: Work, class: Class) {
        self.state().add(work, class);
        self.changed.notify_one();
    }

    /// Wants work done after a while, or earlier where it is already planned so.
    pub(crate) fn add_after(&self, work: Work, after: Duration, class: Class) {
        // Beyond this a clock would overflow; what is due in a century is due never.
        let after = after.min(Duration::from_secs(100 * 365 * 86_400));
        self.state().add_at(work, Instant::now() + after, class);
        self.changed.notify_one();
    }

    /// The most urgent work; waits for it.
    pub(crate) async fn pop(&self) -> Work {
        loop {
            let changed = self.changed.notified();
            let next = {
                let mut state = self.state();
                let next = state.advance(Instant::now());
                if let Some(work) = state.pop() {
                    // Whoever leaves hands the watch over what waits to another sleeper.
                    if !state.ready.is_empty() || !state.delayed.is_empty() {
                        self.changed.notify_one();
                    }
                    return work;
                }
                next
            };
            match next {
                Some(at) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(at) => {}
                    }
                }
                None => changed.await,
            }
        }
    }

    /// Gives back work that was popped.
    pub(crate) fn done(&self, work: &Work) {
        self.state().done(work);
        self.changed.notify_one();
    }

    /// How many pieces wait now.
    pub(crate) fn depth(&self) -> usize {
        self.state().ready.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(name: &str) -> Work {
        Work::ExternalSecret(Name::new("ns", name))
    }

    fn drain(state: &mut State) -> Vec<String> {
        std::iter::from_fn(|| state.pop())
            .map(|work| match work {
                Work::ExternalSecret(name) => name.name.clone(),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn first_syncs_come_before_changes_before_retries_before_refreshes() {
        let mut state = State::default();
        for index in 0..100 {
            state.add(work(&format!("r{index}")), Class::Refresh);
        }
        state.add(work("retry"), Class::Retry);
        state.add(work("changed"), Class::Changed);
        state.add(work("new"), Class::First);
        state.add(work("r99"), Class::Changed);
        assert_eq!(drain(&mut state)[..5], ["new", "changed", "r99", "retry", "r0"]);
    }

    #[tokio::test(start_paused = true)]
    async fn delayed_work_comes_in_time_and_never_twice() {
        let mut state = State::default();
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        state.add_at(work("a"), at(5), Class::Refresh);
        state.add_at(work("a"), at(9), Class::Refresh);
        state.add_at(work("b"), at(2), Class::Refresh);
        state.add_at(work("b"), at(1), Class::Retry);
        assert_eq!(state.advance(now), Some(at(1)));
        assert_eq!(state.advance(at(5)), None);
        assert_eq!(drain(&mut state), ["b", "a"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_running_runs_again_when_it_was_wanted_meanwhile() {
        let mut state = State::default();
        let now = Instant::now();
        state.add(work("a"), Class::First);
        let running = state.pop().unwrap();
        state.add_at(work("a"), now + Duration::from_secs(60), Class::Refresh);
        state.add(work("a"), Class::Changed);
        assert_eq!(state.pop(), None);
        state.done(&running);
        assert_eq!(state.pop(), Some(running.clone()));
        state.add_at(work("a"), now + Duration::from_secs(60), Class::Refresh);
        state.done(&running);
        assert_eq!((state.pop(), state.advance(now)), (None, Some(now + Duration::from_secs(60))));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_is_served_while_whoever_waited_for_it_is_busy() {
        let queue = Arc::new(Queue::default());
        let sleeper = || {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.pop().await })
        };
        let sleepers = [sleeper(), sleeper()];
        tokio::task::yield_now().await;
        queue.add_after(work("late"), Duration::from_secs(10), Class::Refresh);
        tokio::task::yield_now().await;
        queue.add(work("one"), Class::First);
        let start = Instant::now();
        let [one, two] = sleepers;
        let mut popped = [one.await.unwrap(), two.await.unwrap()];
        popped.sort();
        assert_eq!((popped, start.elapsed()), ([work("late"), work("one")], Duration::from_secs(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sleeper_wakes_for_what_is_due_and_for_what_is_new() {
        let queue = Arc::new(Queue::default());
        queue.add_after(work("late"), Duration::from_secs(10), Class::Refresh);
        let start = Instant::now();
        let popped = queue.pop().await;
        assert_eq!((popped.clone(), start.elapsed()), (work("late"), Duration::from_secs(10)));
        queue.done(&popped);
        let sleeper = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.pop().await }
        });
        tokio::task::yield_now().await;
        queue.add(work("new"), Class::First);
        assert_eq!(sleeper.await.unwrap(), work("new"));
    }
}
