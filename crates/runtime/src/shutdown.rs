//! The graceful end: one token everybody hears, one tracker that knows who is still at work.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A handle on the end of the process or of one part of it; clones share the same end.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// Creates one that nobody has triggered.
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// Returns the token that is cancelled when the end begins.
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Returns a shutdown that ends with this one, or before it when triggered itself; it has its own tasks.
    pub fn child(&self) -> Shutdown {
        Shutdown { token: self.token.child_token(), tasks: TaskTracker::new() }
    }

    /// Begins the end. Idempotent.
    pub fn trigger(&self) {
        self.token.cancel();
    }

    /// Whether the end has begun.
    pub fn is_triggered(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Completes when the end begins.
    pub async fn triggered(&self) {
        self.token.cancelled().await;
    }

    /// Runs `task` in the background; [`finished`](Self::finished) waits for it.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Sleeps for `duration`; returns false at once when the end begins first.
    pub async fn sleep(&self, duration: Duration) -> bool {
        tokio::select! {
            () = self.token.cancelled() => false,
            () = tokio::time::sleep(duration) => true,
        }
    }

    /// Waits until all spawned tasks have ended, at most `patience`; returns whether they have.
    pub async fn finished(&self, patience: Duration) -> bool {
        self.tasks.close();
        tokio::time::timeout(patience, self.tasks.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ends_its_tasks_and_its_children_but_not_its_parent() {
        let parent = Shutdown::new();
        let child = parent.child();
        let waiting = child.clone();
        child.spawn(async move { waiting.triggered().await });
        assert!(!child.finished(Duration::from_secs(1)).await);
        child.trigger();
        assert!(child.finished(Duration::from_secs(1)).await);
        assert!(!parent.is_triggered());
        let other = parent.child();
        parent.trigger();
        assert!(other.is_triggered());
        assert!(!other.sleep(Duration::from_secs(3600)).await);
    }
}
