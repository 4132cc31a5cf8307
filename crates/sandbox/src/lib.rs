//! The world offline: Azure, a hub, clusters and a Git server behind one proxy.
