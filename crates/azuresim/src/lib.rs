//! Azure offline: Entra, Resource Manager and Key Vault with their own rules.
