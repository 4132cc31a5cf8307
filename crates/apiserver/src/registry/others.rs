//! Smaller groups: networking, policy, discovery, coordination, events, scheduling, storage, autoscaling, nodes.

use super::row::{Row, STATUS};
use crate::kinds::{event, lease, networking, simple};
use crate::table::{columns, rare_columns};

pub(super) const ROWS: &[Row] = &[
    Row::new("events.k8s.io", "v1", "Event", "events")
        .short(&["ev"])
        .stored_as("", "events")
        .strategy(&event::EVENTS)
        .columns(columns::EVENT_V1),
    Row::new("coordination.k8s.io", "v1", "Lease", "leases").strategy(&lease::LEASE).columns(columns::LEASE),
    Row::new("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
        .strategy(&networking::ENDPOINT_SLICE)
        .columns(rare_columns::ENDPOINT_SLICE),
    Row::new("networking.k8s.io", "v1", "IngressClass", "ingressclasses")
        .cluster()
        .strategy(&simple::COUNTED)
        .columns(rare_columns::INGRESS_CLASS),
    Row::new("networking.k8s.io", "v1", "Ingress", "ingresses")
        .short(&["ing"])
        .subresources(&[STATUS])
        .strategy(&networking::INGRESS)
        .columns(columns::INGRESS),
    Row::new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies")
        .short(&["netpol"])
        .strategy(&networking::NETWORK_POLICY)
        .columns(columns::NETWORK_POLICY),
    Row::new("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
        .short(&["pdb"])
        .subresources(&[STATUS])
        .strategy(&networking::DISRUPTION_BUDGET)
        .columns(columns::DISRUPTION_BUDGET),
    Row::new("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses")
        .cluster()
        .short(&["pc"])
        .strategy(&simple::PRIORITY_CLASS)
        .columns(rare_columns::PRIORITY_CLASS),
    Row::new("storage.k8s.io", "v1", "StorageClass", "storageclasses")
        .cluster()
        .short(&["sc"])
        .strategy(&simple::STORAGE_CLASS)
        .columns(rare_columns::STORAGE_CLASS),
    Row::new("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses")
        .cluster()
        .strategy(&simple::RUNTIME_CLASS),
    Row::new("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
        .short(&["hpa"])
        .categories(&["all"])
        .subresources(&[STATUS])
        .strategy(&simple::POD_AUTOSCALER)
        .columns(rare_columns::POD_AUTOSCALER),
];
