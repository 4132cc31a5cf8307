//! `--watch`: renders, waits until a file that was read (or looked for) changes, and renders what it touches.
//!
//! ```text
//!  DiskFiles ─► Noted ─► Incremental ─► output
//!                 │           ▲
//!                 └─ stat ────┘ changed paths
//! ```
//!
//! Files are asked for their time and size, again and again: that works on every file system, and for 10,000 overlays
//! costs some ten thousand calls a round, so a round is never more than a small share of the time.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use gangplank_kustomize::{Error, File, FileError, Files, Incremental, Options, Update};

use super::{DiskFiles, deliver};
use crate::error::{CliError, Outcome};
use crate::ui::Ui;

/// The shortest time between two looks at the files.
const PAUSE: Duration = Duration::from_millis(100);
/// A look may take one part in so many.
const SHARE: u32 = 20;

/// When a file was written and how large it is; `None` where it is not there.
type Stamp = Option<(SystemTime, u64)>;

fn stamp(path: &str) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    let size = if metadata.is_dir() { 0 } else { metadata.len() };
    // A directory changes with every file in it. That it is there is what counts.
    let written = if metadata.is_dir() { SystemTime::UNIX_EPOCH } else { metadata.modified().ok()? };
    Some((written, size))
}

/// Files on disk, and the stamp that each had before it was read.
#[derive(Default)]
struct Noted(Mutex<HashMap<String, Stamp>>);

impl Noted {
    fn note(&self, path: &str) {
        let found = stamp(path);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), found);
    }

    /// The paths whose stamp is another one by now.
    fn changed(&self) -> Vec<String> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Vec::new();
        for (path, before) in noted.iter_mut() {
            let now = stamp(path);
            if now != *before {
                *before = now;
                changed.push(path.clone());
            }
        }
        changed.sort_unstable();
        changed
    }
}

impl Files for Noted {
    // Where directories lead is not kept: it may change between two renders.
    fn directory(&self, path: &str) -> Result<String, FileError> {
        self.note(path);
        DiskFiles::default().directory(path)
    }

    fn read(&self, path: &str, limit: u64) -> Result<File, FileError> {
        self.note(path);
        DiskFiles::default().read(path, limit)
    }
}

/// Renders until the process is ended.
pub(super) fn watch(
    mut options: Options,
    directory: &str,
    output: Option<&Path>,
    ui: &Ui,
) -> Result<Outcome, CliError> {
    if !Path::new(directory).is_absolute() {
        return Err(CliError::usage(format!(
            "`{directory}` is no folder of this machine, and can't be watched"
        )));
    }
    let files = Arc::new(Noted::default());
    options.files = Arc::clone(&files) as Arc<dyn Files>;
    let mut incremental = Incremental::new(options, directory);
    let mut again = false;
    let begin = Instant::now();
    let mut result = incremental.render();
    tell(&result, &[], begin.elapsed(), ui);
    loop {
        if result.is_ok() {
            if again && output.is_none() {
                // What is printed stays one stream of documents.
                ui.print_raw(b"---\n")?;
            }
            deliver(&incremental.rendered(), output, ui)?;
            again = true;
        }
        let changed = wait(&files);
        let begin = Instant::now();
        let paths: Vec<&str> = changed.iter().map(String::as_str).collect();
        result = incremental.update(&paths);
        tell(&result, &changed, begin.elapsed(), ui);
    }
}

fn wait(files: &Noted) -> Vec<String> {
    loop {
        let begin = Instant::now();
        let changed = files.changed();
        if !changed.is_empty() {
            return changed;
        }
        std::thread::sleep(PAUSE.max(begin.elapsed() * SHARE));
    }
}

fn tell(result: &Result<Update, Error>, changed: &[String], took: Duration, ui: &Ui) {
    let what = match changed {
        [] => "rendered".to_owned(),
        [one] => format!("{one} changed"),
        [first, rest @ ..] => format!("{first} and {} more changed", rest.len()),
    };
    match result {
        Ok(update) => {
            let how = if update.whole { "everything" } else { "what it touches" };
            ui.say(format!(
                "{what}: {} objects written, {} gone ({how}, {:.1} ms)",
                update.written.len(),
                update.removed.len(),
                took.as_secs_f64() * 1e3
            ));
        }
        Err(error) => ui.error(&CliError::new(format!("{what}: {}", error.render()))),
    }
}
