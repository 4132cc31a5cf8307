//! The state file: how a second process finds a world that runs.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::folder;

/// The state file's name in the world's folder.
const FILE: &str = "world.json";

/// What a running world leaves for others to find it by. Only its owner can read the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The process that runs the world.
    pub process: u32,
    /// When it was started, in seconds since the epoch.
    pub started: i64,
    /// The world's folder.
    pub directory: PathBuf,
    /// The proxy.
    pub proxy: SocketAddr,
    /// Its names, ids and addresses.
    pub facts: Facts,
    /// What a shell must have set, by name.
    pub environment: BTreeMap<String, String>,
}

impl State {
    /// Reads the state file of the world in `directory`.
    ///
    /// # Errors
    /// There is none, or it is none of this version's ([`io::ErrorKind::InvalidData`]).
    pub fn read(directory: &Path) -> io::Result<State> {
        let content = std::fs::read(directory.join(FILE))?;
        serde_json::from_slice(&content).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// The worlds below `root` that run now, the newest last.
    ///
    /// What a killed world left is passed over: its proxy doesn't answer.
    pub fn running(root: &Path) -> Vec<State> {
        let folders = folder::all(root);
        let states = folders.iter().filter_map(|folder| State::read(folder).ok());
        let mut running: Vec<State> = states.filter(State::answers).collect();
        running.sort_by_key(|state| (state.started, state.process));
        running
    }

    /// Whether its proxy takes a connection.
    fn answers(&self) -> bool {
        TcpStream::connect_timeout(&self.proxy, Duration::from_secs(1)).is_ok()
    }

    /// Writes the file in one step: who reads it sees the whole of it or nothing.
    pub(crate) fn write(&self) -> io::Result<()> {
        let content = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        super::files::write_private(&self.directory.join(FILE), &content)
    }
}
