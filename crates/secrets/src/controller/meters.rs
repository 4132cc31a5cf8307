//! Metrics under ESO's names, so that dashboards and alerts keep working.

use super::worker::Next;
use crate::api::condition::Condition;
use gangplank_runtime::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Object {
    name: String,
    namespace: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConditionOf {
    name: String,
    namespace: String,
    condition: String,
    status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    provider: &'static str,
    call: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reconciled {
    controller: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Waiting {
    name: &'static str,
}

/// The families. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meters {
    sync_calls: Family<Object, Counter>,
    /// Two of ESO's counters lack the `_total` that the encoder gives every counter; as gauges they keep their names.
    sync_errors: Family<Object, Gauge>,
    conditions: Family<ConditionOf, Gauge>,
    durations: Family<Object, Gauge>,
    store_conditions: Family<ConditionOf, Gauge>,
    cluster_store_conditions: Family<ConditionOf, Gauge>,
    calls: Family<Call, Gauge>,
    reconciliations: Family<Reconciled, Counter>,
    depth: Family<Waiting, Gauge>,
}

/// Whose condition is metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metered {
    ExternalSecret,
    SecretStore,
    ClusterSecretStore,
}

impl Meters {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let meters = Self::default();
        metrics.register(|registry| {
            registry.register(
                "externalsecret_sync_calls",
                "Reconciliations of an ExternalSecret",
                meters.sync_calls.clone(),
            );
            registry.register(
                "externalsecret_sync_calls_error",
                "Failed reconciliations of an ExternalSecret",
                meters.sync_errors.clone(),
            );
            registry.register(
                "externalsecret_status_condition",
                "Condition of an ExternalSecret: 1 is what holds",
                meters.conditions.clone(),
            );
            registry.register(
                "externalsecret_reconcile_duration",
                "Nanoseconds of the last reconciliation",
                meters.durations.clone(),
            );
            registry.register(
                "secretstore_status_condition",
                "Condition of a SecretStore: 1 is what holds",
                meters.store_conditions.clone(),
            );
            registry.register(
                "clustersecretstore_status_condition",
                "Condition of a ClusterSecretStore: 1 is what holds",
                meters.cluster_store_conditions.clone(),
            );
            registry.register(
                "externalsecret_provider_api_calls_count",
                "Requests to a provider",
                meters.calls.clone(),
            );
            registry.register(
                "controller_runtime_reconcile",
                "Reconciliations by controller and result",
                meters.reconciliations.clone(),
            );
            registry.register("workqueue_depth", "Objects that wait now", meters.depth.clone());
        });
        meters
    }

    /// A reconciliation ended; `waiting` objects are in the queue.
    pub(crate) fn reconciled(&self, controller: &'static str, next: Next, waiting: usize) {
        let result = match next {
            Next::After(None) => "success",
            Next::After(Some(_)) => "requeue_after",
            Next::Again => "requeue",
            Next::Retry(_) => "error",
        };
        self.reconciliations.get_or_create(&Reconciled { controller, result }).inc();
        // One queue serves all kinds; dashboards look at this one's name.
        let depth = self.depth.get_or_create(&Waiting { name: "externalsecret" });
        depth.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    pub(crate) fn provider_call(&self, call: &'static str, success: bool) {
        let status = if success { "success" } else { "error" };
        self.calls.get_or_create(&Call { provider: "Azure/KeyVault", call, status }).inc();
    }

    pub(crate) fn synced(&self, namespace: &str, name: &str, failed: bool, took: Duration) {
        let object = Object { name: name.to_owned(), namespace: namespace.to_owned() };
        self.sync_calls.get_or_create(&object).inc();
        if failed {
            self.sync_errors.get_or_create(&object).inc();
        }
        self.durations.get_or_create(&object).set(i64::try_from(took.as_nanos()).unwrap_or(i64::MAX));
    }

    fn family(&self, of: Metered) -> &Family<ConditionOf, Gauge> {
        match of {
            Metered::ExternalSecret => &self.conditions,
            Metered::SecretStore => &self.store_conditions,
            Metered::ClusterSecretStore => &self.cluster_store_conditions,
        }
    }

    /// The series of what holds is 1, that of the opposite 0.
    pub(crate) fn condition(&self, of: Metered, namespace: &str, name: &str, condition: &Condition) {
        for status in ["True", "False"] {
            let labels = condition_of(namespace, name, &condition.type_, status);
            self.family(of).get_or_create(&labels).set(i64::from(condition.status == status));
        }
    }

    /// The object is gone, and so are its series.
    pub(crate) fn forget(&self, of: Metered, namespace: &str, name: &str) {
        for status in ["True", "False"] {
            self.family(of).remove(&condition_of(namespace, name, "Ready", status));
        }
        if of == Metered::ExternalSecret {
            let object = Object { name: name.to_owned(), namespace: namespace.to_owned() };
            self.sync_calls.remove(&object);
            self.sync_errors.remove(&object);
            self.durations.remove(&object);
        }
    }
}

fn condition_of(namespace: &str, name: &str, condition: &str, status: &str) -> ConditionOf {
    ConditionOf {
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        condition: condition.to_owned(),
        status: status.to_owned(),
    }
}
