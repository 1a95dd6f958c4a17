//! What shells and manuals are told of the command line is a script that runs, and a page for each command.

use std::fs;
use std::process::Command;

use crate::support::keyroll::keyroll;

#[test]
fn bash_completes_commands_and_options() {
    let folder = tempfile::tempdir().unwrap();
    let script = keyroll(folder.path(), &["completions", "bash"]);
    assert_eq!(script.code, 0, "{}", script.err);
    fs::write(folder.path().join("keyroll.bash"), &script.out).unwrap();
    let completed = |words: &[&str]| {
        let last = words.last().unwrap();
        let asked = format!(
            "source ./keyroll.bash; COMP_WORDS=({}); COMP_CWORD={}; _keyroll keyroll '{last}' x; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1
        );
        let run = Command::new("bash").arg("-c").arg(asked).current_dir(folder.path()).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(completed(&["keyroll", "evid"]), ["evidence"]);
    assert_eq!(completed(&["keyroll", "evidence", "ver"]), ["verify"]);
    assert_eq!(completed(&["keyroll", "scan", "--dead"]), ["--deadline"]);
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = keyroll(folder.path(), &["completions", shell]);
        assert!(script.code == 0 && script.out.contains("evidence") && script.out.contains("deadline"), "{shell}");
    }
    assert_eq!(keyroll(folder.path(), &["completions", "dos"]).code, 2);
}

#[test]
fn every_command_has_a_page_in_the_manual() {
    let folder = tempfile::tempdir().unwrap();
    let first = keyroll(folder.path(), &["man"]);
    assert!(first.code == 0 && first.out.contains(".TH keyroll 1"), "{}{}", first.out, first.err);
    let run = keyroll(folder.path(), &["man", "--out", "pages/man1"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let page = |name: &str| fs::read_to_string(folder.path().join("pages/man1").join(name)).unwrap();
    assert_eq!(page("keyroll.1"), first.out);
    let help = keyroll(folder.path(), &["--help"]).out;
    let commands = help.split_once("Commands:").unwrap().1.split_once("Options:").unwrap().0;
    let commands = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let mut count = 0;
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        assert!(page(&format!("keyroll-{command}.1")).contains(".SH SYNOPSIS"), "{command}");
        count += 1;
    }
    assert!(count > 20, "only {count} commands were found");
    assert!(page("keyroll-evidence-verify.1").contains("timestamp"));
    let refused = keyroll(folder.path(), &["man", "--out", "pages/man1/keyroll.1"]);
    assert!(refused.code == 1 && refused.err.contains("cannot write into"), "{}", refused.err);
}
