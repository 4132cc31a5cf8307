//! A client's row in the table of clients.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;

/// What is tried with a client. Dropped, it leaves its row: all of it went well, or what was the last thing tried when the test failed.
pub(crate) struct Trial {
    client: &'static str,
    version: String,
    tried: Vec<String>,
    started: Instant,
    skipped: Option<String>,
}

impl Trial {
    pub(crate) fn new(client: &'static str) -> Trial {
        Trial { client, version: String::new(), tried: Vec::new(), started: Instant::now(), skipped: None }
    }

    /// Notes the version that the client tells of itself; the time runs from here, since its turn has come.
    pub(crate) fn version(&mut self, version: &str) {
        self.started = Instant::now();
        version.trim().clone_into(&mut self.version);
    }

    /// Notes what is tried next, in the words of the table.
    pub(crate) fn tries(&mut self, what: &str) {
        self.tried.push(what.to_owned());
    }

    /// Says that the client can't be had, and why.
    #[expect(clippy::print_stderr, reason = "a test that skips says so")]
    pub(crate) fn skip(mut self, reason: &str) {
        eprintln!("skipped: {}: {reason}", self.client);
        self.skipped = Some(reason.to_owned());
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let Some(folder) = std::env::var_os("GANGPLANK_CLIENTS").map(PathBuf::from) else { return };
        let result = match (&self.skipped, std::thread::panicking()) {
            (Some(reason), _) => format!("skipped: {reason}"),
            (None, false) => "works".to_owned(),
            (None, true) => format!("fails at: {}", self.tried.last().map_or("the start", String::as_str)),
        };
        let seconds = self.skipped.is_none().then(|| self.started.elapsed().as_secs());
        let row = json!({
            "client": self.client, "version": self.version, "tried": self.tried, "result": result, "seconds": seconds,
        });
        // A test that fails already must not panic once more: the missing row is seen in the table.
        let _ = std::fs::write(
            folder.join(format!("{}.json", self.client.replace([' ', '/'], "-"))),
            row.to_string(),
        );
    }
}
