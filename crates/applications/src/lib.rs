//! Applications and ApplicationSets: render, compare, apply in order, prune, health.
