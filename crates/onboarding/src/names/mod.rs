//! Names and ids, parsed once at the border. A function that takes a [`ClientId`] can't be given an [`ObjectId`]: the
//! seed confuses the two, and Azure answers that with a role assignment to nobody.

mod certificate;
mod cluster;
mod guid;
mod resource_id;
mod server_url;

pub use certificate::{CaCertificate, CaError};
pub use cluster::{ClusterName, NameError, VaultSecretName};
pub use guid::{ClientId, GuidError, ObjectId, SubscriptionId, TenantId};
pub use resource_id::{ResourceId, ResourceIdError};
pub use server_url::{ServerUrl, ServerUrlError};
