//! The controllers against embedded API servers: a hub and a spoke, and repositories in memory.

#![cfg(test)]

mod deletion;
mod scale;
mod sets;
mod sync;
mod world;
