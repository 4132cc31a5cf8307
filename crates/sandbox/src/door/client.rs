//! The other side of the door: what another process asks of a world that runs.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use super::{KEY_FILE, ROOT, Refusal};
use crate::faults::{Fault, FaultEntry};
use crate::world::State;

/// An answer may have this many bytes.
const ANSWER: usize = 64 * 1024 * 1024;

/// The way into a world that runs, for its owner.
#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    key: SecretString,
}

/// A world can't be asked, or refuses.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Its key can't be read.
    #[error("cannot read the sandbox's key `{}`: only who started it can", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It doesn't answer.
    #[error("the sandbox at {address} does not answer: is it still running?")]
    Unreachable {
        /// Its proxy.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It answers with what can't be understood.
    #[error("the sandbox answers {status} with what is no answer of this version's")]
    Strange {
        /// The status.
        status: StatusCode,
    },
    /// It refuses.
    #[error("{error}{}", cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default())]
    Refused {
        /// What it says.
        error: String,
        /// Why, where it says more.
        cause: Option<String>,
    },
}

impl Door {
    /// The door of the world that left this state.
    ///
    /// # Errors
    /// Its key can't be read.
    pub fn of(state: &State) -> Result<Self, DoorError> {
        let path = state.directory.join(KEY_FILE);
        let key = std::fs::read_to_string(&path).map_err(|source| DoorError::Key { path, source })?;
        Ok(Door { address: state.proxy, key: SecretString::from(key) })
    }

    /// The faults of the world.
    ///
    /// # Errors
    /// The world doesn't answer.
    pub async fn faults(&self) -> Result<Vec<FaultEntry>, DoorError> {
        self.ask(Method::GET, "faults", Bytes::new()).await
    }

    /// Adds a fault; it is in force, or done, when this returns.
    ///
    /// # Errors
    /// The world doesn't answer, or can't do it.
    pub async fn add_fault(&self, fault: &Fault) -> Result<FaultEntry, DoorError> {
        let settings = std::collections::BTreeMap::from(fault.clone());
        let body = serde_json::Value::from_iter(settings);
        self.ask(Method::POST, "faults", body.to_string().into()).await
    }

    /// Clears the fault of this number, or all of them, and gives those that are gone.
    ///
    /// # Errors
    /// The world doesn't answer, has no such fault, or can't undo it.
    pub async fn clear_faults(&self, id: Option<u64>) -> Result<Vec<FaultEntry>, DoorError> {
        let path = id.map_or("faults".to_owned(), |id| format!("faults/{id}"));
        self.ask(Method::DELETE, &path, Bytes::new()).await
    }

    /// Asks whoever runs the world to start it anew, at the same addresses.
    ///
    /// # Errors
    /// The world doesn't answer.
    pub async fn reset(&self) -> Result<(), DoorError> {
        self.order("reset").await
    }

    /// Asks whoever runs the world to end it.
    ///
    /// # Errors
    /// The world doesn't answer.
    pub async fn stop(&self) -> Result<(), DoorError> {
        self.order("stop").await
    }

    /// An order may end the world before its answer is through: a connection that ends is an order that was taken.
    async fn order(&self, order: &str) -> Result<(), DoorError> {
        match self.ask::<serde_json::Value>(Method::POST, order, Bytes::new()).await {
            Err(DoorError::Unreachable { source, .. })
                if source.kind() != io::ErrorKind::ConnectionRefused =>
            {
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, DoorError> {
        let (status, content) = self
            .exchange(method, path, body)
            .await
            .map_err(|source| DoorError::Unreachable { address: self.address, source })?;
        if status.is_success() {
            return serde_json::from_slice(&content).map_err(|_| DoorError::Strange { status });
        }
        let Refusal { error, cause } =
            serde_json::from_slice(&content).map_err(|_| DoorError::Strange { status })?;
        Err(DoorError::Refused { error, cause })
    }

    async fn exchange(&self, method: Method, path: &str, body: Bytes) -> io::Result<(StatusCode, Bytes)> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let request = Request::builder()
            .method(method)
            .uri(format!("{ROOT}{path}"))
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key.expose_secret()))
            .body(Full::new(body))
            .map_err(io::Error::other)?;
        let answer = async {
            let (parts, body) = sender.send_request(request).await.map_err(io::Error::other)?.into_parts();
            let content = Limited::new(body, ANSWER).collect().await.map_err(io::Error::other)?;
            Ok((parts.status, content.to_bytes()))
        };
        tokio::select! {
            answer = answer => answer,
            ended = connection => Err(ended.err().map_or_else(
                || io::Error::from(io::ErrorKind::UnexpectedEof),
                io::Error::other,
            )),
        }
    }
}
