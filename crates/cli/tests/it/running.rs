//! A sandbox that stays up while a test works in a second shell.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::gangplank;

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// A process that ends with the test.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits for its end, and gives its exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        until("the end of the process", || self.0.try_wait().unwrap()).code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program whose talk goes into a file.
pub(crate) fn start(command: &mut Command, log: &Path) -> Running {
    let log = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    Running(command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap())
}

/// The folder of the peers, where all of these programs are in it.
pub(crate) fn peers(programs: &[&str]) -> Option<PathBuf> {
    let named = std::env::var_os("GANGPLANK_PEERS").map(PathBuf::from);
    let folder =
        named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/gangplank/peers")))?;
    programs.iter().all(|program| folder.join(program).exists()).then_some(folder)
}

/// Tries until it works out.
pub(crate) fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(began.elapsed() < PATIENCE, "gave up on: {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The environment that `sandbox env` prints, and the world's folder.
pub(crate) fn environment(folder: &Path) -> (BTreeMap<String, String>, PathBuf) {
    let world = until("the sandbox's state file", || {
        let entries = fs::read_dir(folder).ok()?;
        let worlds =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.join("world.json").exists());
        worlds.into_iter().next()
    });
    let state: Value = serde_json::from_slice(&fs::read(world.join("world.json")).unwrap()).unwrap();
    let variables = state["environment"].as_object().unwrap();
    let text = |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
    (variables.iter().map(text).collect(), world)
}

/// A sandbox whose clusters are aboard, and a second shell beside it.
pub(crate) struct Shell {
    /// The world's folder.
    pub(crate) world: PathBuf,
    /// What `sandbox env` prints.
    pub(crate) variables: BTreeMap<String, String>,
    /// The working copy of the tree.
    pub(crate) tree: PathBuf,
    _sandbox: Running,
    _folder: tempfile::TempDir,
}

impl Shell {
    /// Starts a sandbox and waits until its clusters are aboard.
    pub(crate) fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let worlds = folder.path().join("worlds");
        fs::create_dir(&worlds).unwrap();
        let log = folder.path().join("sandbox.log");
        let sandbox = start(gangplank(&["sandbox"]).env("TMPDIR", &worlds), &log);
        let (variables, world) = environment(&worlds);
        let tree = world.join("platform");
        let shell = Shell { world, variables, tree, _sandbox: sandbox, _folder: folder };
        until("the clusters to be aboard", || {
            (shell.tree.exists() && shell.run(&["status", "--output", "json"]).0 == Some(0)).then_some(())
        });
        shell
    }

    /// The exit code of gangplank, its data, and its talk.
    pub(crate) fn run(&self, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let mut command = gangplank(arguments);
        let output = command.envs(&self.variables).env("GANGPLANK_TREE", &self.tree).output().unwrap();
        let value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), value, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Commits and pushes everything.
    pub(crate) fn push(&self, message: &str) {
        let all: [&[&str]; 3] =
            [&["add", "--all"], &["commit", "--quiet", "--message", message], &["push", "--quiet"]];
        for arguments in all {
            let mut git = Command::new("git");
            let output = git.args(arguments).current_dir(&self.tree).envs(&self.variables).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "git {arguments:?}: {said}");
        }
    }
}
