//! The door to a world that runs: how another process of the same person changes it.
//!
//! ```text
//!  gangplank sandbox fault add …  ──▶ client ── http, on the proxy's port, with the key of the world's folder ──▶ server
//! ```
//!
//! | request | does |
//! |---|---|
//! | `GET /gangplank/faults` | lists the faults |
//! | `POST /gangplank/faults` | adds the fault of the body |
//! | `DELETE /gangplank/faults[/ID]` | clears all, or the one |
//! | `POST /gangplank/reset`, `POST /gangplank/stop` | hands the order to whoever runs the world |
//!
//! Invariants: nobody without the key gets in, and only the world's owner can read it; what is asked is done when it
//! is answered, orders aside.

mod client;
mod server;

pub use client::{Door, DoorError};
pub(crate) use server::Doorkeeper;

use serde::{Deserialize, Serialize};

/// The file in the world's folder that holds the key.
pub(crate) const KEY_FILE: &str = "door-key";

/// What every path begins with.
pub(crate) const ROOT: &str = "/gangplank/";

/// What whoever runs the world is asked to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Start it anew, at the same addresses.
    Reset,
    /// End it.
    Stop,
}

/// Why something was not done, as the door says it.
#[derive(Debug, Serialize, Deserialize)]
struct Refusal {
    error: String,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}
