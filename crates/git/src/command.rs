//! One run of the `git` command: its environment, its time-out, its errors.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::access::Access;
use crate::error::{Error, Refusal};

/// How `git` is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program.
    pub program: PathBuf,
    /// What `git` sees of the process's environment: `PATH`, proxies. Nothing else reaches it.
    pub environment: Vec<(OsString, OsString)>,
    /// A PEM file of the certificate authorities to trust; none leaves it to the system's.
    pub certificate_authorities: Option<PathBuf>,
    /// How long one run may take.
    pub timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            program: "git".into(),
            environment: Vec::new(),
            certificate_authorities: None,
            timeout: Duration::from_secs(90),
        }
    }
}

/// The `git` command, isolated from the user's configuration.
#[derive(Clone, Debug)]
pub struct Git {
    options: Arc<Options>,
}

/// One run to be made.
pub(crate) struct Run<'a> {
    /// The directory to run in.
    pub(crate) directory: &'a Path,
    /// The subcommand and its arguments.
    pub(crate) arguments: Vec<OsString>,
    /// The repository that is talked to, for the login and for messages.
    pub(crate) repository: &'a str,
    /// The login; none where no server is asked.
    pub(crate) access: Option<&'a Access>,
    /// Further environment, such as an author's name.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// What the command reads from its standard input.
    pub(crate) input: Vec<u8>,
}

impl<'a> Run<'a> {
    pub(crate) fn new<S: AsRef<OsStr>>(directory: &'a Path, repository: &'a str, arguments: &[S]) -> Run<'a> {
        Run {
            directory,
            arguments: arguments.iter().map(|argument| argument.as_ref().to_owned()).collect(),
            repository,
            access: None,
            environment: Vec::new(),
            input: Vec::new(),
        }
    }

    pub(crate) fn access(self, access: &'a Access) -> Run<'a> {
        Run { access: Some(access), ..self }
    }

    pub(crate) fn subcommand(&self) -> String {
        self.arguments.first().map(|first| first.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

impl Git {
    /// Creates one that runs as `options` say.
    ///
    /// A bare name is looked up in their `PATH` here and now: a child with a `PATH` of its own would otherwise be made by copying this
    /// process's page tables, which takes longer than git itself where a large fleet is in memory.
    pub fn new(mut options: Options) -> Git {
        let path = options.environment.iter().find(|(key, _)| key == "PATH").map(|(_, value)| value.clone());
        if let Some(found) = path.and_then(|path| look_up(&options.program, &path)) {
            options.program = found;
        }
        Git { options: Arc::new(options) }
    }

    /// Runs to the end and returns what was printed.
    pub(crate) async fn output(&self, run: Run<'_>) -> Result<Vec<u8>, Error> {
        let subcommand = run.subcommand();
        let repository = without_login(run.repository);
        let mut child = self
            .command(&run)
            .spawn()
            .map_err(|source| Error::Start { program: self.options.program.clone(), source })?;
        let stdin = child.stdin.take();
        let input = run.input;
        let feed = async move {
            if let Some(mut stdin) = stdin {
                // A process that ends early closes its end; its own message says why.
                let _ = stdin.write_all(&input).await;
            }
        };
        let finished = tokio::time::timeout(self.options.timeout, async {
            let (output, ()) = futures::join!(child.wait_with_output(), feed);
            output
        })
        .await;
        let output = match finished {
            Ok(output) => output.map_err(|source| Error::Talk { subcommand, source })?,
            Err(_) => return Err(Error::TimedOut { subcommand, repository, after: self.options.timeout }),
        };
        if output.status.success() {
            return Ok(output.stdout);
        }
        let message = one_line(&String::from_utf8_lossy(&output.stderr));
        Err(Error::Refused { refusal: Refusal::of(&message), repository, message })
    }

    fn command(&self, run: &Run<'_>) -> Command {
        let mut command = Command::new(&self.options.program);
        command
            .args(&run.arguments)
            .current_dir(run.directory)
            .env_clear()
            .envs(self.options.environment.iter().map(|(key, value)| (key, value)))
            .envs([
                ("LC_ALL", "C"),
                ("GIT_TERMINAL_PROMPT", "0"),
                ("GIT_CONFIG_NOSYSTEM", "1"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ("GIT_ATTR_NOSYSTEM", "1"),
                // `ext::` and `fd::` would run what a URL says.
                ("GIT_ALLOW_PROTOCOL", "http:https:ssh:file"),
                ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
            ])
            .envs(run.environment.iter().map(|(key, value)| (*key, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut pairs: Vec<(String, OsString)> = vec![
            ("http.lowSpeedLimit".into(), "1".into()),
            ("http.lowSpeedTime".into(), "30".into()),
            ("gc.autoDetach".into(), "false".into()),
            ("core.hooksPath".into(), "/dev/null".into()),
            ("safe.directory".into(), "*".into()),
        ];
        if let Some(file) = &self.options.certificate_authorities {
            pairs.push(("http.sslCAInfo".into(), file.into()));
        }
        if let Some(access) = run.access {
            pairs.extend(access.configuration(run.repository));
        }
        command.env("GIT_CONFIG_COUNT", pairs.len().to_string());
        for (index, (key, value)) in pairs.into_iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        command
    }
}

/// The file that a bare program name stands for; none where it has a folder already, or is in none of `path`.
fn look_up(program: &Path, path: &OsStr) -> Option<PathBuf> {
    let bare = program.components().count() == 1;
    bare.then(|| std::env::split_paths(path).map(|folder| folder.join(program)).find(|file| file.is_file()))?
}

/// Refuses what Git would take for an option or run as a program.
pub(crate) fn check_url(url: &str) -> Result<(), Error> {
    let reason = if url.is_empty() {
        "it is empty"
    } else if url.starts_with('-') {
        "it begins with a dash"
    } else if url.contains("::") {
        "remote helpers are not allowed"
    } else if url.chars().any(char::is_control) {
        "it holds a control character, such as a line break"
    } else {
        return Ok(());
    };
    Err(Error::Url { repository: without_login(url), reason })
}

/// Returns `url` without user name and password.
pub(crate) fn without_login(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[host..])
        }
        None => url.to_owned(),
    }
}

/// Returns what Git complained of: its `fatal:` and `error:` lines, or all, as one line of bounded length.
fn one_line(text: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("hint:"));
    let mut chosen: Vec<&str> = lines()
        .filter(|line| ["fatal:", "error:", "!", "remote:"].iter().any(|start| line.starts_with(start)))
        .collect();
    if chosen.is_empty() {
        chosen = lines().collect();
    }
    let mut line = chosen.join("; ");
    if line.len() > 600 {
        let mut end = 600;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
    }
    redact_urls(&line)
}

fn redact_urls(line: &str) -> String {
    line.split(' ')
        .map(|word| if word.contains("://") { without_login(word) } else { word.to_owned() })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_do_not_reach_messages() {
        assert_eq!(without_login("https://user:pass@host/r"), "https://host/r");
        assert_eq!(without_login("https://host/r@x"), "https://host/r@x");
        assert_eq!(
            one_line("Cloning…\nfatal: unable to access 'https://user:pass@host/r/': no\nhint: x"),
            "fatal: unable to access 'https://host/r/': no"
        );
    }

    #[test]
    fn urls_that_are_programs_or_options_are_refused() {
        for url in ["", "--upload-pack=x", "ext::sh -c x", "https://h/\nr"] {
            assert!(check_url(url).is_err(), "{url:?}");
        }
        for url in ["https://h/r.git", "git@h:o/r", "/srv/r", "file:///srv/r"] {
            assert!(check_url(url).is_ok(), "{url:?}");
        }
    }
}
