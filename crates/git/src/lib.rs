//! Reads and writes Git repositories through the git command.
