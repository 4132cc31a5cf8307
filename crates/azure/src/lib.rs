//! Clients for Entra, Azure Resource Manager and Key Vault.
