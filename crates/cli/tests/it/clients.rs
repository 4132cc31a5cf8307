//! Real clients, unmodified, against a world.
//!
//! ```text
//! docs/clients/NAME.md ──sh blocks──▶ bash, PATH = gangplank + peers ──▶ World ──▶ what the page's text blocks say
//! ```
//!
//! A client is what the peers' folder holds (`cargo xtask peers`); where it holds none, the client's test says so and passes. What a page
//! shows is run as it stands, in an environment that holds nothing of the machine but PATH. Each test leaves a row for the table of clients in
//! the folder that `GANGPLANK_CLIENTS` names (`cargo xtask clients`), skipped ones too.

mod harness;
mod page;
mod pages;
mod terraform;
mod trial;
