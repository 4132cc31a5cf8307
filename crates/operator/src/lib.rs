//! What `gangplank run`, `apply`, `publish`, `status` and `offboard` do: adapters and controllers joined in one place.
//!
//! ```text
//!            ┌─ Azure (adapter) ─┐                      ┌─ secrets ──────┐
//!  facts ◀── observe             ├── ports wired in ──▶ ├─ applications  │  run
//!    │       │                   │       `run`          ├─ clusters      │
//!    ▼       └─ Git (adapter) ───┘                      └─ reloader ─────┘
//!  onboarding::chain / access / publish decide ─▶ apply, publish enact
//! ```
//!
//! Invariants: nothing here knows the sandbox; whatever it needs of the process (proxy, roots, credentials, kubeconfig) is given
//! as values; it prints nothing.

pub mod apply;
pub mod azure;
pub mod change;
pub mod identity;
pub mod install;
pub mod observe;
pub mod offboard;
pub mod ports;
pub mod publish;
pub mod run;

mod bounded;
mod others;
