//! JSON as Go's `encoding/json` reads and writes it, errors included.

mod decode;
mod encode;
mod members;

pub(crate) use decode::{Error, decode};
pub(crate) use encode::{EncodeError, Style, encode};
pub(crate) use members::members;
