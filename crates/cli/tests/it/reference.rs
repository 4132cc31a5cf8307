//! The whole command line, as its help says it: a change of it is seen in a review.

use crate::command::gangplank;

#[test]
fn every_command_has_its_help() {
    let commands: &[&[&str]] = &[
        &[],
        &["sandbox"],
        &["sandbox", "env"],
        &["sandbox", "shell"],
        &["sandbox", "status"],
        &["sandbox", "fault"],
        &["sandbox", "fault", "add"],
        &["sandbox", "fault", "list"],
        &["sandbox", "fault", "clear"],
        &["sandbox", "fault", "kinds"],
        &["sandbox", "reset"],
        &["sandbox", "stop"],
        &["init"],
        &["cluster"],
        &["cluster", "add"],
        &["cluster", "list"],
        &["cluster", "show"],
        &["cluster", "remove"],
        &["repo"],
        &["repo", "add"],
        &["repo", "list"],
        &["repo", "remove"],
        &["build"],
        &["check"],
        &["plan"],
        &["apply"],
        &["publish"],
        &["status"],
        &["explain"],
        &["run"],
        &["crds"],
        &["auth"],
        &["auth", "azure"],
        &["apiserver"],
        &["completions"],
    ];
    let mut reference = String::new();
    for command in commands {
        let output = gangplank(command).arg("--help").output().unwrap();
        assert!(output.status.success(), "{command:?}");
        reference.push_str(&format!("$ gangplank {}\n", command.join(" ")));
        reference.push_str(&String::from_utf8(output.stdout).unwrap());
        reference.push('\n');
    }
    insta::assert_snapshot!(reference);
}

#[test]
fn completions_are_printed_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let output = gangplank(&["completions", shell]).output().unwrap();
        assert!(
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains("sandbox"),
            "{shell}"
        );
    }
}

#[test]
fn a_wrong_command_line_is_refused_with_code_2() {
    for arguments in [&["embark"][..], &["sandbox", "--clusters", "0"], &["run"], &["cluster", "add"]] {
        let output = gangplank(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}
