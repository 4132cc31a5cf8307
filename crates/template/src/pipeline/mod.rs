//! What External Secrets does with data between a provider and an object: pure functions, no Kubernetes.
//!
//! ```text
//! provider ─▶ properties / json_object ─▶ rewrite or convert_keys ─▶ validate_keys ─▶ decode ─▶ data
//!                                                                                                │
//!                          object ◀─ Target::set / entries ◀─ render (Values, KeysAndValues) ◀───┘
//! ```
//!
//! ```
//! use gangplank_template::pipeline::{Conversion, Data, convert_keys, hash_of_data, json_object, property};
//!
//! let value = br#"{"db":{"user name":"me","port":5432}}"#;
//! let object = property(value, "db").ok_or("no such property")?;
//! let data = convert_keys(Conversion::Default, json_object(&object.text)?)?;
//! assert_eq!(data, Data::from([("port".into(), b"5432".to_vec()), ("user_name".into(), b"me".to_vec())]));
//! assert_eq!(hash_of_data(&data).len(), 56);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Texts of errors are those of External Secrets, because events carry them; keys stand in them, values never do.

mod decoding;
mod hash;
mod json_object;
mod keys;
mod properties;
mod render;
mod rewrite;
mod target;

use std::collections::BTreeMap;

pub use decoding::{Decoding, DecodingError, decode, decode_all, refuse_null_bytes};
pub use hash::{hash_of_data, hash_of_metadata, hash_of_text};
pub use json_object::{JsonObjectError, json_object};
pub use keys::{Conversion, KeyError, convert_keys, reverse_keys, validate_keys};
pub use properties::{Property, property};
pub use render::{RenderError, Scope, render};
pub use rewrite::{
    ConflictPolicy, Merge, MergeStrategy, PriorityPolicy, Rewrite, RewriteError, RewriteReason, rewrite,
};
pub use target::{Path, Target, TargetError, parse_scalar};

/// Keys and the bytes under them, sorted by key.
pub type Data = BTreeMap<String, Vec<u8>>;
