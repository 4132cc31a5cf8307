//! A sandbox that runs, used from a second shell: its environment, its faults, its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::command::gangplank;
use crate::running::{Running, environment, start, until};

/// A sandbox of one cluster whose tree is pushed, in a folder of its own.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    process: Running,
}

impl Sandbox {
    pub(crate) fn start(more: &[&str]) -> Sandbox {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("worlds")).unwrap();
        let log = folder.path().join("log");
        let mut command = gangplank(&["sandbox", "--clusters", "1"]);
        let process = start(command.args(more).env("TMPDIR", folder.path().join("worlds")), &log);
        let sandbox = Sandbox { folder, process };
        sandbox.says("pushed the tree of");
        sandbox
    }

    pub(crate) fn worlds(&self) -> PathBuf {
        self.folder.path().join("worlds")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn says(&self, what: &str) {
        until(what, || self.log().contains(what).then_some(()));
    }

    /// A command in a second shell: its exit code, stdout and stderr.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = gangplank(arguments).env("TMPDIR", self.worlds()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        stdout
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[arguments, &["--output", "json"]].concat())).unwrap()
    }

    /// Ends as a process that was asked to, and leaves an empty folder.
    pub(crate) fn leaves_nothing(self, code: i32) {
        let (folder, log) = (self.worlds(), self.folder.path().join("log"));
        let Sandbox { folder: _kept, process } = self;
        assert_eq!(process.end(), Some(code), "{}", fs::read_to_string(log).unwrap());
        let left: Vec<PathBuf> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, [] as [PathBuf; 0]);
    }
}

#[test]
fn faults_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.yaml");
    fs::write(&file, "- fault: latency\n  host: graph.microsoft.com\n  delay: 5ms\n").unwrap();
    let sandbox = Sandbox::start(&["--faults", file.to_str().unwrap()]);

    let added =
        sandbox.ok(&["sandbox", "fault", "add", "error", "status=503", "host=*.vault.azure.net", "rate=0.5"]);
    assert_eq!(added, "fault 2 is in force: error host=*.vault.azure.net rate=0.5 status=503\n");
    let done = sandbox.ok(&["sandbox", "fault", "add", "ca-rotation", "cluster=aks-prd-we-001"]);
    assert_eq!(done, "fault 3 is done: ca-rotation cluster=aks-prd-we-001\n");
    let status = sandbox.json(&["sandbox", "status"]);
    let faults: Vec<&Value> =
        status["faults"].as_array().unwrap().iter().map(|it| &it["fault"]["fault"]).collect();
    assert_eq!(faults, [&json!("latency"), &json!("error"), &json!("ca-rotation")]);
    assert_eq!(status["process"], sandbox.process.id());
    let table = sandbox.ok(&["sandbox", "fault", "list"]);
    assert!(
        table.contains("in force") && table.contains("latency delay=5ms host=graph.microsoft.com"),
        "{table}"
    );

    // Whoever looks at the fleet in this sandbox is told, too.
    let (_, _, told) = sandbox.run(&["sandbox", "shell", "--", env!("CARGO_BIN_EXE_gangplank"), "status"]);
    assert!(told.contains("faults in this sandbox") && told.contains("status=503"), "{told}");

    assert_eq!(sandbox.ok(&["sandbox", "fault", "clear", "2"]), "1 fault is gone\n");
    let (code, _, stderr) = sandbox.run(&["sandbox", "fault", "clear", "2"]);
    assert_eq!((code, stderr.contains("the world has no fault 2")), (Some(1), true), "{stderr}");
    let (code, _, stderr) = sandbox.run(&["sandbox", "fault", "add", "latency", "delay=soon"]);
    assert_eq!((code, stderr.contains("`delay=soon` can't be")), (Some(2), true), "{stderr}");
    let (code, _, stderr) = sandbox.run(&["sandbox", "fault", "add", "ca-rotation", "cluster=nobody"]);
    assert_eq!((code, stderr.contains("the world has no cluster `nobody`")), (Some(1), true), "{stderr}");
    assert_eq!(sandbox.ok(&["sandbox", "fault", "clear"]), "2 faults are gone\n");
    assert_eq!(sandbox.json(&["sandbox", "fault", "list"]), json!([]));
    sandbox.ok(&["sandbox", "stop"]);
    sandbox.leaves_nothing(0);
}

#[test]
fn files_of_faults_are_checked_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.yaml");
    for (text, told) in [
        ("- fault: latency\n", "faults.yaml:1:3: the fault `latency` needs `delay`"),
        ("- fault: limits\n- fault: gremlins\n", "faults.yaml:2:3: there is no fault called `gremlins`"),
        ("fault: limits\n", "faults.yaml:1:1: a file of faults is a list"),
        ("- fault: error\n  status: [500]\n", "faults.yaml:2:11: the settings of a fault are plain values"),
        ("- {", "is no YAML"),
    ] {
        fs::write(&file, text).unwrap();
        let output = gangplank(&["sandbox", "--exit", "--faults"]).arg(&file).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code().is_some_and(|code| code > 0) && stderr.contains(told),
            "{text}: {stderr}"
        );
    }
    let kinds = gangplank(&["sandbox", "fault", "kinds"]).output().unwrap();
    let kinds = String::from_utf8(kinds.stdout).unwrap();
    assert!(kinds.lines().count() >= 20 && kinds.contains("slow-body"), "{kinds}");
}

#[test]
fn a_second_shell_has_all_of_it_set() {
    let sandbox = Sandbox::start(&[]);
    let (variables, world) = environment(&sandbox.worlds());
    let folder = world.display().to_string();

    let posix = sandbox.ok(&["sandbox", "env", "--shell", "bash"]);
    let script = format!("{posix}\nprintf '%s %s' \"$GANGPLANK_SANDBOX\" \"$GIT_CONFIG_VALUE_0\"");
    let output = Command::new("bash").arg("-c").arg(script).output().unwrap();
    let expected = format!("{folder} {}", variables["GIT_CONFIG_VALUE_0"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let fish = sandbox.ok(&["sandbox", "env", "--shell", "fish"]);
    assert!(fish.contains(&format!("set -gx GANGPLANK_SANDBOX '{folder}'\n")), "{fish}");
    let powershell = sandbox.ok(&["sandbox", "env", "--shell", "powershell"]);
    assert!(powershell.contains(&format!("$env:GANGPLANK_SANDBOX = '{folder}'\n")), "{powershell}");
    assert_eq!(sandbox.json(&["sandbox", "env"])["KUBECONFIG"], variables["KUBECONFIG"]);

    let (code, stdout, _) =
        sandbox.run(&["sandbox", "shell", "--", "sh", "-c", "echo $GANGPLANK_SANDBOX; exit 7"]);
    assert_eq!((code, stdout.trim()), (Some(7), folder.as_str()));
    let (code, _, stderr) = sandbox.run(&["sandbox", "shell", "--", "no-such-program"]);
    assert_eq!((code, stderr.contains("cannot run `no-such-program`")), (Some(1), true), "{stderr}");
    // The prompt of a shell says where it is.
    let mut shell = gangplank(&["sandbox", "shell", "--shell", "bash"]);
    let mut shell = shell
        .env("TMPDIR", sandbox.worlds())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut shell.stdin.take().unwrap(), b"echo \"<$PS1>\"\nexit 3\n").unwrap();
    let output = shell.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(3) && stdout.contains("<(gangplank) "), "{output:?}");

    // A second sandbox says where the first one is.
    let other = gangplank(&["sandbox", "--clusters", "1", "--exit"])
        .env("TMPDIR", sandbox.worlds())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(told.contains(&format!("a sandbox runs already: process {}", sandbox.process.id())), "{told}");
    assert!(told.contains(&folder), "{told}");
    sandbox.ok(&["sandbox", "stop"]);
    sandbox.leaves_nothing(0);
}

#[test]
fn a_reset_sandbox_is_found_where_it_was() {
    let sandbox = Sandbox::start(&[]);
    let before = sandbox.json(&["sandbox", "status"]);
    let (variables, world) = environment(&sandbox.worlds());
    let kubectl = |arguments: &[&str]| {
        let mut command = Command::new("kubectl");
        command.args(arguments).envs(&variables).output().ok().map(|output| output.status.success())
    };
    let made = kubectl(&["create", "namespace", "mine"]);
    sandbox.ok(&["sandbox", "fault", "add", "limits"]);
    let file = world.join("kubeconfig");
    let old = fs::metadata(&file).unwrap().modified().unwrap();

    sandbox.ok(&["sandbox", "reset"]);
    sandbox.says("the sandbox starts anew");
    until("the tree to be pushed again", || {
        (sandbox.log().matches("pushed the tree of").count() == 2).then_some(())
    });
    let after = sandbox.json(&["sandbox", "status"]);
    for same in ["process", "directory", "proxy", "tenant", "subscription"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_eq!(after["faults"], json!([]));
    assert_ne!(fs::metadata(&file).unwrap().modified().unwrap(), old);
    if made == Some(true) {
        assert_eq!(kubectl(&["get", "namespace", "mine"]), Some(false), "what was made is gone");
        assert_eq!(kubectl(&["get", "namespace", "default"]), Some(true));
    }
    sandbox.ok(&["sandbox", "stop"]);
    sandbox.leaves_nothing(0);
}

#[test]
fn signals_leave_nothing_behind() {
    for signal in ["INT", "TERM"] {
        let sandbox = Sandbox::start(&[]);
        let (variables, _) = environment(&sandbox.worlds());
        let proxy = variables["HTTPS_PROXY"].trim_start_matches("http://").to_owned();
        let id = sandbox.process.id().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
        sandbox.leaves_nothing(0);
        assert!(std::net::TcpStream::connect(&proxy).is_err(), "{signal}: the port is still open");
        assert!(!Path::new(&variables["GANGPLANK_SANDBOX"]).exists());
    }
}

#[test]
fn without_a_sandbox_it_is_told_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in
        [&["sandbox", "env"][..], &["sandbox", "status"], &["sandbox", "fault", "list"], &["sandbox", "stop"]]
    {
        let output = gangplank(arguments).env("TMPDIR", folder.path()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr.contains("no sandbox runs on this machine") && stderr.contains("gangplank sandbox"),
            "{stderr}"
        );
    }
    let elsewhere = folder.path().to_str().unwrap();
    let output = gangplank(&["sandbox", "stop", "--world", elsewhere]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("is not the folder of a sandbox that runs"), "{stderr}");
}
