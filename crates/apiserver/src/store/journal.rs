//! The journal: every acknowledged change as one line of JSON, in the order of revisions.
//!
//! A change is handed to the operating system before it is visible to anybody, so a killed process loses nothing that
//! it acknowledged. A last line that was cut short belongs to a change that nobody was told of, and is dropped.
//! On opening, the journal is rewritten with the last state only.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::object::{Key, Object};

/// The journal can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or file can't be opened, read or written.
    #[error("cannot {act} {path}")]
    File {
        /// What was tried.
        act: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A line other than the last is not a record.
    #[error("{path}:{line}: not a journal record; move the file away to begin anew")]
    Record {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

/// One line.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) collection: String,
    pub(super) key: Key,
    pub(super) revision: u64,
    /// `None`: the object was removed.
    pub(super) body: Option<Value>,
}

/// An open journal.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
}

const NAME: &str = "objects.jsonl";

fn record_of(line: &str) -> Option<Record> {
    let mut value: Value = serde_json::from_str(line).ok()?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Record {
        collection: text(&value, "collection")?,
        key: Key::new(&text(&value, "namespace")?, &text(&value, "name")?),
        revision: value.get("revision")?.as_u64()?,
        body: value.get_mut("body").map(Value::take).filter(Value::is_object),
    })
}

impl Journal {
    /// Opens or makes the journal in a folder, and gives the records that make up its last state.
    pub(super) fn open(directory: &Path) -> Result<(Journal, Vec<Record>), JournalError> {
        let path = directory.join(NAME);
        let failed = |act: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::File { act, path, source }
        };
        std::fs::create_dir_all(directory).map_err(failed("make the folder", directory))?;
        let mut last: BTreeMap<(String, Key), Record> = BTreeMap::new();
        let mut revision = 0;
        if path.exists() {
            let file = File::open(&path).map_err(failed("open", &path))?;
            let mut lines = BufReader::new(file).lines().enumerate().peekable();
            while let Some((index, line)) = lines.next() {
                let line = line.map_err(failed("read", &path))?;
                match record_of(&line) {
                    Some(record) => {
                        revision = revision.max(record.revision);
                        last.insert((record.collection.clone(), record.key.clone()), record);
                    }
                    None if lines.peek().is_none() => break,
                    None => return Err(JournalError::Record { path, line: index + 1 }),
                }
            }
        }
        // The newest record stays even when it is a removal: it carries the revision.
        last.retain(|_, record| record.body.is_some() || record.revision == revision);
        let mut records: Vec<Record> = last.into_values().collect();
        records.sort_by_key(|record| record.revision);
        let fresh = directory.join(format!("{NAME}.new"));
        let mut writer = BufWriter::new(File::create(&fresh).map_err(failed("write", &fresh))?);
        for record in &records {
            let line = line_of(&record.collection, &record.key, record.revision, record.body.as_ref());
            writer.write_all(&line).map_err(failed("write", &fresh))?;
        }
        writer.flush().map_err(failed("write", &fresh))?;
        std::fs::rename(&fresh, &path).map_err(failed("replace", &path))?;
        let file = OpenOptions::new().append(true).open(&path).map_err(failed("open", &path))?;
        Ok((Journal { file }, records))
    }

    /// Writes a new state.
    pub(super) fn put(&mut self, collection: &str, object: &Object) -> std::io::Result<()> {
        self.file.write_all(&line_of(collection, &object.key, object.revision, Some(&object.value())))
    }

    /// Writes a removal.
    pub(super) fn remove(&mut self, collection: &str, key: &Key, revision: u64) -> std::io::Result<()> {
        self.file.write_all(&line_of(collection, key, revision, None))
    }
}

fn line_of(collection: &str, key: &Key, revision: u64, body: Option<&Value>) -> Vec<u8> {
    let record = json!({
        "collection": collection,
        "namespace": key.namespace(),
        "name": key.name(),
        "revision": revision,
        "body": body,
    });
    let mut line = record.to_string().into_bytes();
    line.push(b'\n');
    line
}
