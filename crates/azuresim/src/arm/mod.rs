//! Azure Resource Manager.
pub(crate) mod error;
pub use error::ArmError;
#[derive(Debug, Default)]
pub(crate) struct Arm;
pub(crate) async fn handle(_azure: &crate::cloud::Azure, _call: &crate::wire::Call) -> crate::wire::Reply {
    crate::wire::Reply::empty(http::StatusCode::NOT_FOUND)
}
