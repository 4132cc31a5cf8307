//! A program against crates that gangplank itself must not depend on, since they bring another crypto provider: a project of its own,
//! laid down from the page that shows its code.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{copy, make_folder, read, run, write};

/// Builds the program that a page of the documentation holds: its first `toml` and its first `rust` block.
pub(super) fn build(name: &str, page: &Path, folder: &Path) -> Result<(), String> {
    let text = read(page)?;
    let block = |language: &str| {
        let (_, rest) = text.split_once(&format!("\n```{language}\n"))?;
        Some(rest.split_once("\n```")?.0.to_owned() + "\n")
    };
    let block = |language: &str| block(language).ok_or(format!("{} has no {language} block", page.display()));
    let work = folder.join("build").join(name);
    make_folder(&work.join("src"))?;
    write(&work.join("Cargo.toml"), &block("toml")?)?;
    write(&work.join("src/main.rs"), &block("rust")?)?;
    run(Command::new("cargo").args(["build", "--quiet"]).current_dir(&work).env_remove("CARGO_TARGET_DIR"))?;
    copy(&work.join("target/debug").join(name), &folder.join("bin").join(name))?;
    // Some hundred megabytes that nobody needs again.
    fs::remove_dir_all(work.join("target"))
        .map_err(|error| format!("cannot clear {}: {error}", work.display()))
}
