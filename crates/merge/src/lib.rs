//! Patches and server-side apply on JSON values, after Kubernetes' rules.
