//! The secrets operator: SecretStore and ExternalSecret, as External Secrets means them.
