//! Runs the program with a clean environment.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use tokio::process::Child;

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program in a folder.
pub(crate) fn keyroll(folder: &Path, arguments: &[&str]) -> Run {
    keyroll_with(folder, arguments, &[])
}

/// Runs the program in a folder with some variables set.
pub(crate) fn keyroll_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    Run {
        code: status.code().expect("the program ends by itself"),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// Starts the program in a folder, with a clean environment. What it says is for whoever asks the child.
pub(crate) fn begin(folder: &Path, arguments: &[&str], said: Stdio) -> Child {
    tokio::process::Command::new(env!("CARGO_BIN_EXE_keyroll"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdout(Stdio::null())
        .stderr(said)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}
