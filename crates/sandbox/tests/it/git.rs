//! The Git server with the real git command.

use std::path::Path;
use std::process::Output;

use gangplank_sandbox::{RefChange, World};
use secrecy::ExposeSecret;

use crate::support::world;

/// Runs git in `folder` with the environment of the world and nothing of the machine's settings.
async fn git(world: &World, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new("git");
    command.args(arguments).current_dir(folder).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder).env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_NOSYSTEM", "1");
    for person in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{person}_NAME"), "tester")
            .env(format!("GIT_{person}_EMAIL"), "t@example.invalid");
    }
    command.envs(world.environment());
    command.output().await.expect("git")
}

/// Runs git and expects it to succeed.
async fn check(world: &World, folder: &Path, arguments: &[&str]) -> String {
    let output = git(world, folder, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn file(path: &str, content: &str) -> (String, Vec<u8>) {
    (path.to_owned(), content.as_bytes().to_vec())
}

#[tokio::test]
async fn a_clone_a_push_and_a_shallow_clone_work() {
    let world = world(0).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let git_server = world.git();
    for number in 0..3 {
        let files = [file("a.yaml", &format!("number: {number}\n")), file("odd \"name\"/b.yaml", "b\n")];
        git_server.commit("platform", &format!("number {number}"), &files, 1_700_000_000).await.unwrap();
    }
    let url = world.facts().platform_repository.as_str();
    check(&world, folder, &["clone", "--quiet", url, "whole"]).await;
    let whole = folder.join("whole");
    assert_eq!(std::fs::read_to_string(whole.join("a.yaml")).unwrap(), "number: 2\n");
    assert_eq!(std::fs::read_to_string(whole.join("odd \"name\"/b.yaml")).unwrap(), "b\n");
    assert_eq!(check(&world, &whole, &["rev-list", "--count", "HEAD"]).await.trim(), "3");

    check(&world, folder, &["clone", "--quiet", "--depth=1", url, "shallow"]).await;
    assert_eq!(check(&world, &folder.join("shallow"), &["rev-list", "--count", "HEAD"]).await.trim(), "1");
    check(&world, folder, &["-c", "protocol.version=0", "clone", "--quiet", url, "old-protocol"]).await;

    let mut changes = git_server.changes();
    std::fs::write(whole.join("a.yaml"), "number: 3\n").unwrap();
    check(&world, &whole, &["commit", "--quiet", "--all", "--message", "three"]).await;
    check(&world, &whole, &["push", "--quiet", "origin", "HEAD:main"]).await;
    let head = check(&world, &whole, &["rev-parse", "HEAD"]).await.trim().to_owned();
    let expected = RefChange {
        repository: "platform".to_owned(),
        reference: "refs/heads/main".to_owned(),
        commit: Some(head),
    };
    assert_eq!(changes.recv().await.unwrap(), expected);
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_large_fetch_with_gzipped_haves_and_a_large_push_work() {
    let world = world(0).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    world.git().commit("platform", "first", &[file("a", "0")], 1_700_000_000).await.unwrap();
    let url = world.facts().platform_repository.as_str();
    check(&world, folder, &["clone", "--quiet", url, "copy"]).await;
    let copy = folder.join("copy");
    // So many commits of its own that the list of what it has is gzipped.
    for number in 0..60 {
        check(&world, &copy, &["commit", "--quiet", "--allow-empty", "--message", &number.to_string()]).await;
    }
    world.git().commit("platform", "second", &[file("a", "1")], 1_700_000_001).await.unwrap();
    check(&world, &copy, &["fetch", "--quiet", "origin"]).await;
    assert_eq!(check(&world, &copy, &["show", "origin/main:a"]).await, "1");
    // More than `http.postBuffer`, so that it is sent in chunks.
    let mut noise = 1_u32;
    let content: Vec<u8> = (0..3_000_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        })
        .collect();
    std::fs::write(copy.join("large"), content).unwrap();
    check(&world, &copy, &["add", "large"]).await;
    check(&world, &copy, &["commit", "--quiet", "--message", "large"]).await;
    check(&world, &copy, &["push", "--quiet", "origin", "HEAD:refs/heads/large"]).await;
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_private_repository_wants_its_password() {
    let world = world(0).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let url = world.facts().team_repository.as_str();
    check(&world, folder, &["clone", "--quiet", url, "with-store"]).await;
    assert!(folder.join("with-store/app/kustomization.yaml").exists());

    let team = world.git().repository("team").unwrap();
    let with = |user: &str, password: &str| url.replace("://", &format!("://{user}:{password}@"));
    let credentials = team.credentials();
    let right = with(&credentials.username, credentials.password.expose_secret());
    let no_store = ["-c", "credential.helper=", "-c"];
    let reset = format!("credential.http://{}.helper=", world.git().address());
    let clone = |url: String, name: &'static str| {
        let mut arguments: Vec<String> = no_store.map(str::to_owned).to_vec();
        arguments.extend([reset.clone(), "clone".to_owned(), "--quiet".to_owned(), url, name.to_owned()]);
        arguments
    };
    for (url, name, expected) in [
        (right, "right", true),
        (with(&credentials.username, "wrong"), "wrong", false),
        (url.to_owned(), "without", false),
    ] {
        let arguments = clone(url, name);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = tokio::process::Command::new("git");
        command.args(&arguments).current_dir(folder).env("HOME", folder).env("GIT_TERMINAL_PROMPT", "0");
        let output = command.output().await.unwrap();
        assert_eq!(output.status.success(), expected, "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    world.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_public_repository_is_pushed_to_with_a_password_only() {
    let world = world(0).await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    world.git().commit("platform", "first", &[file("a", "0")], 1_700_000_000).await.unwrap();
    let url = world.facts().platform_repository.as_str();
    check(&world, folder, &["clone", "--quiet", url, "copy"]).await;
    let output = tokio::process::Command::new("git")
        .args(["push", "--quiet", "origin", "HEAD:refs/heads/other"])
        .current_dir(folder.join("copy"))
        .env("HOME", folder)
        .env("GIT_TERMINAL_PROMPT", "0")
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    world.shutdown().await.unwrap();
}
