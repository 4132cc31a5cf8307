//! The controllers' ports, answered by the adapters. Each file translates for one port and decides nothing.

mod destinations;
mod exchange;
mod repositories;
mod vaults;

pub use destinations::Destinations;
pub use exchange::EntraExchange;
pub use repositories::Repositories;
pub use vaults::Vaults;
