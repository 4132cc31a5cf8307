//! YAML as Kubernetes tools read and write it: places, Go's rules for scalars, go-yaml's output.
//!
//! ```text
//!            parse                    to_json / resolve
//!   text ───────────► Node (spans) ────────────────────► serde_json::Value
//!    ▲ │                                                       │
//!    │ └── edit: splice, re-read, compare                      │ emit
//!    └─────────────────────────────────────────────────────────┘
//! ```
//!
//! Three things are exact here, because others look at them byte by byte:
//!
//! - **Reading** makes libyaml's decisions, as go-yaml v2 and v3 do, and [`Dialect`] resolves plain scalars as either.
//! - **Writing** ([`emit`]) prints what `sigs.k8s.io/yaml` prints.
//! - **Places**: every [`Node`] knows its bytes, line and column; [`snippet`] draws an error's surroundings.
//!
//! Hostile input is refused in bounded time and memory: nesting beyond [`MAX_DEPTH`], aliases that swell a text.
//!
//! This crate knows nothing of files, Kubernetes or Kustomize.

pub mod edit;
mod emit;
mod error;
mod json;
mod node;
mod number;
mod parse;
mod resolve;
mod scan;
mod timestamp;

pub use emit::{Emit, View, compare as compare_keys, emit, emit_into, preferred_style};
pub use error::{Error, Position, position, snippet};
pub use json::{decode_base64, is_merge, node_to_json, to_json};
pub use node::{Content, MAX_DEPTH, Node, Span, Style};
pub use number::{Number, go_float, json_float};
pub use parse::{Documents, parse, parse_first, parse_first_as};
pub use resolve::{Dialect, Resolved, resolve, resolve_plain};
