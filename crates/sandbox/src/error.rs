//! Why a world could not be.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use crate::git::GitError;

/// A world could not be started or changed.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A port could not be had.
    #[error(
        "cannot listen on {}:{port} for the {what}: choose another port, or 0 for any",
        Ipv4Addr::LOCALHOST
    )]
    Port {
        /// What was to listen there.
        what: &'static str,
        /// The port.
        port: u16,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file or folder of the world could not be written.
    #[error("cannot write `{}`: choose a folder that can be written", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A key or certificate could not be made.
    #[error("cannot make the {what}: {reason}")]
    Key {
        /// Which one.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The folder that keeps an API server's objects can't be used.
    #[error("cannot keep the objects of the API server")]
    Data(#[from] gangplank_apiserver::JournalError),
    /// The Git server could not be made.
    #[error("cannot make the Git server")]
    Git(#[from] GitError),
    /// Azure refused what the world is made of; a name that Azure refuses is the usual reason.
    #[error("cannot make {what}: {reason}")]
    Azure {
        /// What was to be made or changed.
        what: String,
        /// What Azure said.
        reason: String,
    },
    /// An API server refused what the world is made of.
    #[error("cannot {act} on cluster `{cluster}`: {reason}")]
    Kubernetes {
        /// The cluster.
        cluster: String,
        /// What was tried.
        act: String,
        /// What the API server said.
        reason: String,
    },
    /// A fault can't be put in force or taken away.
    #[error("cannot do or undo the fault `{fault}`: {reason}")]
    Fault {
        /// The fault.
        fault: String,
        /// Why not.
        reason: String,
    },
    /// There is no fault of this number.
    #[error("the world has no fault {0}: `gangplank sandbox fault list` lists them")]
    NoFault(u64),
}
