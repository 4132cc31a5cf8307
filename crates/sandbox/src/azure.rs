//! Azure on the wire: hands requests to the simulator and its answers back.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use futures::future::BoxFuture;
use gangplank_azuresim::{ClientAddress, Cloud};
use http::Request;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::wire::body::{self, Answer};
use crate::wire::serve::{ClientChain, Handler, Server};

pub(crate) mod caller;

/// A request may have this many bytes: Resource Manager takes 4 MiB.
const REQUEST: usize = 4 * 1024 * 1024;

/// Azure's services, as a server of the world.
#[derive(Clone)]
pub(crate) struct Azure(pub(crate) Cloud);

impl Server for Azure {
    fn connect(&self, _client: &ClientChain) -> Arc<dyn Handler> {
        Arc::new(self.clone())
    }
}

impl Handler for Azure {
    fn answer(&self, request: Request<Incoming>) -> BoxFuture<'static, Answer> {
        let cloud = self.0.clone();
        Box::pin(async move {
            let mut request = match body::collect(request, REQUEST).await {
                Ok(request) => request,
                Err(refusal) => return refusal,
            };
            // Everybody is on loopback here, and a vault's firewall must have somebody to see.
            request.extensions_mut().insert(ClientAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
            cloud.handle(request).await.map(BodyExt::boxed_unsync)
        })
    }
}
