//! Restarts workloads when a Secret or ConfigMap that they use changes.
