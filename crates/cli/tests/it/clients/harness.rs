//! Peers, worlds and shells.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use gangplank_sandbox::{Options, World};
use tokio::process::Command;
use tokio::sync::{Mutex, MutexGuard};

use super::page;
use super::trial::Trial;

/// How long a thing may take that is waited for, on a machine with a lot else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// Clients are heavy: one after another.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The peers' folder, where all of these programs are in it; else the trial is skipped.
pub(crate) fn peers(programs: &[&str], trial: Trial) -> Option<(PathBuf, Trial)> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let folder = variable("GANGPLANK_PEERS").or_else(|| Some(cache?.join("gangplank/peers")));
    let Some(folder) = folder else {
        trial.skip("there is no folder of peers");
        return None;
    };
    match programs.iter().find(|program| !folder.join(program).exists()) {
        Some(missing) => {
            trial.skip(&format!("`{missing}` is not among the peers (`cargo xtask peers`)"));
            None
        }
        None => Some((folder, trial)),
    }
}

/// A world, a folder to work in, and what a shell there is to have set.
pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) peers: PathBuf,
    /// The folder to work in; the home of whoever works.
    pub(crate) folder: PathBuf,
    variables: BTreeMap<String, OsString>,
    _root: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Bench {
    /// Starts a world when it is this test's turn.
    pub(crate) async fn start(peers: PathBuf, options: Options) -> Bench {
        let turn = ONE_AT_A_TIME.lock().await;
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("home");
        std::fs::create_dir(&folder).unwrap();
        let options = Options { root: Some(root.path().to_owned()), ..options };
        let world = World::start(options).await.unwrap();
        let gangplank = Path::new(env!("CARGO_BIN_EXE_gangplank")).parent().unwrap().to_owned();
        let machine = std::env::var_os("PATH").unwrap_or_default();
        let own = [gangplank, peers.join("python/bin"), peers.join("bin"), peers.join("az/bin")];
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&machine))).unwrap();
        let mut variables = BTreeMap::from([
            ("GANGPLANK_PEERS".to_owned(), peers.clone().into()),
            ("PATH".to_owned(), path),
            ("HOME".to_owned(), folder.clone().into()),
            // Where `gangplank sandbox env` looks for the world.
            ("TMPDIR".to_owned(), root.path().into()),
            ("NO_COLOR".to_owned(), "1".into()),
            ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".into()),
        ]);
        for role in ["AUTHOR", "COMMITTER"] {
            variables.insert(format!("GIT_{role}_NAME"), "engineer".into());
            variables.insert(format!("GIT_{role}_EMAIL"), "engineer@example.invalid".into());
        }
        Bench { world, peers, folder, variables, _root: root, _turn: turn }
    }

    /// Sets a variable for all that follows, before what `gangplank sandbox env` sets.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// A program in the environment of the world.
    pub(crate) fn command(&self, program: &str) -> Command {
        // Looked for here: a command's own PATH is not where its program is looked for.
        let path = &self.variables["PATH"];
        let found = std::env::split_paths(path).map(|folder| folder.join(program)).find(|path| path.exists());
        let mut command = Command::new(found.unwrap_or_else(|| panic!("no {program}")));
        command.env_clear().envs(self.world.environment()).envs(&self.variables).current_dir(&self.folder);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a line of bash in the environment of the world and gives what it did.
    pub(crate) async fn try_shell(&self, script: &str) -> Output {
        self.command("bash").args(["-euo", "pipefail", "-c", script]).output().await.unwrap()
    }

    /// Runs lines of bash, which have to succeed, and gives what they printed.
    pub(crate) async fn shell(&self, script: &str) -> String {
        let output = self.try_shell(script).await;
        assert!(output.status.success(), "{script}\n{}", told(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a page as a reader would, in one shell that knows nothing of the world at first, and compares what it shows.
    pub(crate) async fn follow(&self, page: &str) {
        const BETWEEN: char = '\u{1e}';
        let steps = page::steps(page);
        // What a reader starts in the background they end at last.
        let mut script = "trap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT\n".to_owned();
        script.extend(steps.iter().map(|step| format!("{}printf '\\x1e'\n", step.commands)));
        let mut bash = Command::new("bash");
        bash.args(["-eu", "-c", &script]).env_clear().envs(&self.variables).current_dir(&self.folder);
        bash.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let child = bash.spawn().unwrap();
        let group = Group(child.id().expect("it has just been started"));
        let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        let Ok(output) = ended else {
            drop(group);
            panic!("{page}: not done after {} s; the logs:\n{}", PATIENCE.as_secs(), self.logs());
        };
        let output = output.unwrap();
        let print = String::from_utf8_lossy(&output.stdout).into_owned();
        let printed: Vec<&str> = print.split(BETWEEN).collect();
        let failed = || steps.get(printed.len() - 1).map_or("", |step| &step.commands);
        assert!(output.status.success(), "{page}: failed in:\n{}\n{}", failed(), told(&output));
        for (step, printed) in steps.iter().zip(&printed) {
            let Some(shown) = &step.shown else { continue };
            let commands = &step.commands;
            assert!(
                page::equal(shown, printed),
                "{page}: {commands}\nthe page shows:\n{shown}\nprinted:\n{printed}"
            );
        }
    }

    /// The ends of the logs that lie in the folder.
    fn logs(&self) -> String {
        let entries = std::fs::read_dir(&self.folder).unwrap().flatten().map(|entry| entry.path());
        let logs = entries.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
        let end = |path: PathBuf| {
            let log = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
            let lines: Vec<&str> = log.lines().collect();
            format!("--- {}\n{}\n", path.display(), lines[lines.len().saturating_sub(10)..].join("\n"))
        };
        logs.map(end).collect()
    }

    /// Ends the world; what it can't put away is told.
    pub(crate) async fn end(self) {
        self.world.shutdown().await.unwrap();
    }
}

/// A process group that ends, with all that was started in it, when this is dropped.
struct Group(u32);

impl Drop for Group {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let mut kill = std::process::Command::new("kill");
        let _ = kill.args(["-KILL", "--", &format!("-{}", self.0)]).stderr(Stdio::null()).status();
    }
}

/// What a program printed, both ways.
pub(crate) fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}
