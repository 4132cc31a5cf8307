//! The controllers: secrets, applications, clusters, reloader.
