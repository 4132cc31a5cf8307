//! The pure part: what is due, what the Secret shall be, what the status says.
//!
//! ```text
//!   refresh   is it due, is the target as it was left, when again
//!   window    cron schedules of sync windows
//!   data      keys and values between provider and Secret
//!   content   what goes into the Secret: rendered, or as fetched
//!   manager   who owns which fields of the Secret
//!   secret    the Secret from what is there, what was fetched, and the template
//!   outcome   what ended how: status, condition, event, retry
//! ```
//!
//! No clock, no randomness, no I/O: all of it comes in as values.

pub(crate) mod content;
pub(crate) mod data;
pub(crate) mod manager;
pub(crate) mod outcome;
pub(crate) mod refresh;
pub(crate) mod secret;
pub(crate) mod window;
