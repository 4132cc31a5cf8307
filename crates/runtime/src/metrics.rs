//! One registry for the process, and the metrics that every controller has in common.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The registry of the process; clones are the same registry.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    controllers: ControllerFamilies,
}

#[derive(Clone)]
struct ControllerFamilies {
    reconciliations: Family<ReconciliationLabels, Counter>,
    seconds: Family<ControllerLabels, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReconciliationLabels {
    controller: &'static str,
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ControllerLabels {
    controller: &'static str,
}

/// How a reconciliation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Outcome {
    /// Observed, decided, and enacted (what was decided may well be to wait).
    Done,
    /// Something could not be observed or enacted.
    Failed,
}

impl Default for Metrics {
    fn default() -> Self {
        // Only what is ours carries our name: a controller that stands in for another program keeps that one's names.
        let mut registry = Registry::default();
        let controllers = ControllerFamilies {
            reconciliations: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 4.0, 9))),
        };
        registry.register(
            "gangplank_controller_reconciliations",
            "Reconciliations by controller and outcome",
            controllers.reconciliations.clone(),
        );
        registry.register(
            "gangplank_controller_reconciliation_seconds",
            "How long a reconciliation took",
            controllers.seconds.clone(),
        );
        Metrics { registry: Arc::new(Mutex::new(registry)), controllers }
    }
}

impl Metrics {
    /// Creates a registry that holds the common controller metrics, whose names begin with `gangplank_`.
    pub fn new() -> Metrics {
        Metrics::default()
    }

    /// Registers metrics of one's own, as in `metrics.register(|registry| registry.register(name, help, family.clone()))`.
    pub fn register<T>(&self, register: impl FnOnce(&mut Registry) -> T) -> T {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the common metrics of the controller `name`.
    pub fn controller(&self, name: &'static str) -> ControllerMetrics {
        ControllerMetrics { name, families: self.controllers.clone() }
    }

    /// Returns all metrics in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        if prometheus_client::encoding::text::encode(&mut text, &registry).is_err() {
            text.clear();
        }
        text
    }
}

/// The metrics that every controller has.
#[derive(Clone)]
pub struct ControllerMetrics {
    name: &'static str,
    families: ControllerFamilies,
}

impl ControllerMetrics {
    /// Counts one reconciliation that took `elapsed`.
    pub fn observe(&self, outcome: Outcome, elapsed: Duration) {
        let labels = ReconciliationLabels { controller: self.name, outcome };
        self.families.reconciliations.get_or_create(&labels).inc();
        self.families
            .seconds
            .get_or_create(&ControllerLabels { controller: self.name })
            .observe(elapsed.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_controller_and_outcome() {
        let metrics = Metrics::new();
        let secrets = metrics.controller("secrets");
        secrets.observe(Outcome::Done, Duration::from_millis(3));
        secrets.observe(Outcome::Failed, Duration::from_millis(3));
        secrets.observe(Outcome::Done, Duration::from_millis(3));
        let lines: Vec<String> = metrics
            .encode()
            .lines()
            .filter(|line| line.starts_with("gangplank_controller_reconciliations_total"))
            .map(str::to_owned)
            .collect();
        for expected in [
            r#"gangplank_controller_reconciliations_total{controller="secrets",outcome="Done"} 2"#,
            r#"gangplank_controller_reconciliations_total{controller="secrets",outcome="Failed"} 1"#,
        ] {
            assert!(lines.iter().any(|line| line == expected), "{expected} not in {lines:?}");
        }
    }
}
