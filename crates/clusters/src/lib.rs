//! Cluster and repository Secrets as Argo CD reads them, and the proof of reach.
