//! Key Vault.
#[derive(Debug, Default)]
pub(crate) struct KeyVault;
impl KeyVault {
    pub(crate) fn exists(&self, _vault: &str) -> bool {
        false
    }
}
pub(crate) fn handle(
    _azure: &crate::cloud::Azure,
    _vault: &str,
    _call: &crate::wire::Call,
) -> crate::wire::Reply {
    crate::wire::Reply::empty(http::StatusCode::NOT_FOUND)
}
