//! Go's `text/template` with the functions that External Secrets offers.
//!
//! ```text
//! text ──parse──▶ tree ──exec(root, environment)──▶ bytes
//!        lexer            values · format (fmt)
//!        parser           functions, one file an area
//! ```
//!
//! ```
//! use gangplank_template::{Template, Value};
//!
//! let template = Template::parse("config", r#"{"host": {{ .host | toJson }}}"#)?;
//! let root = Value::string_map([("host", "hub.example.com")]);
//! assert_eq!(template.render(&root)?, br#"{"host": "hub.example.com"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Options`] choose functions, delimiters, what missing keys mean, and [`Limits`]; [`Environment`] brings clock and
//! randomness in. Own functions go into [`Functions::with`].
//!
//! [`pipeline`] holds what surrounds templates in External Secrets and needs no cluster: properties of JSON texts, rewriting
//! and conversion of keys, decoding, hashes of data, scopes and targets.
//!
//! Invariants:
//! - Output and errors are Go's, byte for byte, but for what Go leaves open (order of `keys`, texts of its panics).
//! - An error never shows a value of the root: [`Message`].
//! - A template ends within its [`Limits`], whatever it is made of.
//! - No I/O, no clock, no Kubernetes: this crate knows nothing of Secrets, stores or clusters.

mod encode;
mod error;
mod exec;
mod format;
mod functions;
mod json;
mod keys;
mod limits;
mod parse;
pub mod pipeline;
mod regexp;
mod template;
mod unicode;
mod value;
mod yaml_words;

pub use error::{ExecutionError, Message, ParseError, Place};
pub use functions::{Body, Call, Function, Functions, Outcome, Signature, Type};
pub use limits::{Environment, Limits};
pub use parse::lexer::Delimiters;
pub use template::{MissingKey, Options, Template};
pub use value::{Element, Kind, List, Map, Method, Object, Text, Value};
