//! Generation, checks of the tree, peers.

fn main() {}
