# Publishes what Argo CD needs of a cluster (seed 1.2). `kube_config` holds CA and URL even where local accounts are off;
# `kube_admin_config` does not. The CA is base64 already: encode it no second time.
variable "clusters" {
  description = "The clusters to bring aboard, by name."
  type = map(object({
    id             = string
    ca_certificate = string
    server_url     = string
  }))
}

data "azurerm_key_vault" "argocd_prd_akv" {
  name                = "<VAULT_NAME>"
  resource_group_name = "<VAULT_GROUP>"
}

resource "azurerm_key_vault_secret" "cluster_ca_cert" {
  for_each     = var.clusters
  name         = "${each.key}-ca-cert"
  value        = each.value.ca_certificate
  key_vault_id = data.azurerm_key_vault.argocd_prd_akv.id
}

resource "azurerm_key_vault_secret" "cluster_api_server_url" {
  for_each     = var.clusters
  name         = "${each.key}-server-url"
  value        = trimsuffix(each.value.server_url, ":443")
  key_vault_id = data.azurerm_key_vault.argocd_prd_akv.id
}

# Roles go to the object id of an identity (`principal_id`), never to its client id.
resource "azurerm_role_assignment" "argocd_cluster_admin" {
  for_each             = var.clusters
  scope                = each.value.id
  role_definition_name = "Azure Kubernetes Service RBAC Cluster Admin"
  principal_id         = azurerm_user_assigned_identity.argocd.principal_id
  principal_type       = "ServicePrincipal"
}
