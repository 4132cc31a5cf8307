//! The onboarding domain: fleet, names, the chain of eight links, plans, the Git tree.
