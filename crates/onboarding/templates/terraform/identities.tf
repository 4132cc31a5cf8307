# The two identities, each trusted once, on the hub's issuer: not one per cluster (seed 2.1, 3.3, corrected).
locals {
  hub_issuer = "<HUB_ISSUER>"
  audience   = ["api://AzureADTokenExchange"]
  argocd_subjects = {
    argocd-server                 = "system:serviceaccount:<HUB_NAMESPACE>:argocd-server"
    argocd-application-controller = "system:serviceaccount:<HUB_NAMESPACE>:argocd-application-controller"
  }
}

variable "location" {
  description = "Where the identities stand."
  type        = string
}

resource "azurerm_user_assigned_identity" "argocd" {
  name                = "<ARGOCD_IDENTITY_NAME>"
  resource_group_name = "<ARGOCD_IDENTITY_GROUP>"
  location            = var.location
}

resource "azurerm_user_assigned_identity" "secrets" {
  name                = "<SECRETS_IDENTITY_NAME>"
  resource_group_name = "<SECRETS_IDENTITY_GROUP>"
  location            = var.location
}

resource "azurerm_federated_identity_credential" "argocd" {
  for_each                  = local.argocd_subjects
  name                      = replace(each.value, ":", "_")
  user_assigned_identity_id = azurerm_user_assigned_identity.argocd.id
  issuer                    = local.hub_issuer
  subject                   = each.value
  audience                  = local.audience
}

resource "azurerm_federated_identity_credential" "secrets" {
  name                      = replace("<STORE_SUBJECT>", ":", "_")
  user_assigned_identity_id = azurerm_user_assigned_identity.secrets.id
  issuer                    = local.hub_issuer
  subject                   = "<STORE_SUBJECT>"
  audience                  = local.audience
}

resource "azurerm_role_assignment" "secrets_vault" {
  scope                = data.azurerm_key_vault.argocd_prd_akv.id
  role_definition_name = "Key Vault Secrets User"
  principal_id         = azurerm_user_assigned_identity.secrets.principal_id
  principal_type       = "ServicePrincipal"
}

# gangplank.yaml takes all four: client ids log in, object ids get roles.
output "argocd_client_id" {
  value = azurerm_user_assigned_identity.argocd.client_id
}

output "argocd_object_id" {
  value = azurerm_user_assigned_identity.argocd.principal_id
}

output "secrets_client_id" {
  value = azurerm_user_assigned_identity.secrets.client_id
}

output "secrets_object_id" {
  value = azurerm_user_assigned_identity.secrets.principal_id
}
