//! Renders kustomizations to the bytes that Kustomize 5.8.1 prints.
