//! The whole server, from outside: transcripts of a real one, and what they don't show.

#![expect(clippy::unwrap_used, reason = "a test that can not go on panics")]

mod behaviour;
mod corpus;
mod differential;
mod normalize;
mod ordered;
mod pick;
mod play;
