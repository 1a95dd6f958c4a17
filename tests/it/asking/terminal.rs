//! A pager on a real terminal, colours, pipes that close, interrupts, and what is said to whom. The terminal is the one that
//! `script` makes, which every Linux has; elsewhere the tests that need it say that they were skipped.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use keyroll::simulator::Plan;

use super::{Left, NOW};
use crate::support::keyroll::{begin, keyroll};
use crate::support::pretended::{Estate, first_night};
use crate::support::skipped;

/// What a terminal showed, and how the program ended.
struct Shown {
    text: String,
    code: i32,
}

/// A line of a shell, to be run on a terminal of 24 lines and 100 columns, with `keyroll` in its path and for a minute at most. `None`
/// where nothing makes a terminal.
fn terminal(folder: &Path, line: &str, variables: &[(&str, &str)]) -> Option<Command> {
    if Command::new("script").arg("--version").output().is_err() {
        skipped("`script` makes no terminal here");
        return None;
    }
    let program = Path::new(env!("CARGO_BIN_EXE_keyroll")).parent().unwrap().to_str().unwrap();
    let line = format!("stty rows 24 cols 100; {line}; echo \"ended with $?\"");
    let mut command = Command::new("timeout");
    command
        .args(["60", "script", "-q", "-e", "-c", &line, "/dev/null"])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{program}:/usr/bin:/bin"))
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .envs(variables.iter().copied());
    Some(command)
}

/// Runs a line of a shell on a terminal on which nobody types.
fn on_a_terminal(folder: &Path, line: &str, variables: &[(&str, &str)]) -> Option<Shown> {
    let run = terminal(folder, line, variables)?.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&run.stdout).replace('\r', "");
    let code = text.rsplit("ended with ").next().and_then(|code| code.trim().parse().ok());
    Some(Shown { code: code.unwrap_or_else(|| panic!("it did not end: {text}")), text })
}

/// A pager that writes down what it gets, and says that it was there.
fn pager(folder: &Path, name: &str, body: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn list(more: &str) -> String {
    format!("keyroll --now {NOW} {more}")
}

#[test]
fn what_does_not_fit_goes_through_the_pager_with_its_colours() {
    let left = Left::new();
    let folder = left.folder();
    let writes_down = pager(&folder, "pager", "cat > paged; echo \"LESS=$LESS with $*\"");
    let common = [("PAGER", writes_down.as_str())];
    let Some(shown) = on_a_terminal(&folder, &list("findings"), &common) else { return };
    assert_eq!(shown.code, 0, "{}", shown.text);
    assert!(shown.text.contains("LESS=FRX with "), "{}", shown.text);
    assert!(!shown.text.contains("SEVERITY"), "nothing of it goes past the pager: {}", shown.text);
    let paged = fs::read_to_string(folder.join("paged")).unwrap();
    assert!(paged.contains("SEVERITY") && paged.contains("\u{1b}["), "{paged}");
    // The same as without a terminal, but for colours.
    let plain = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(&paged, "").into_owned();
    assert_eq!(plain, left.told(&["--width", "100", "findings"]));
    // What is said about the list comes after it.
    assert!(shown.text.contains("There may be more"), "{}", shown.text);
    fs::remove_file(folder.join("paged")).unwrap();

    // A list that fits, another variable, an option, a wish for none, and a result for a file.
    let never = |line: &str, variables: &[(&str, &str)]| {
        let shown = on_a_terminal(&folder, line, variables).unwrap();
        assert_eq!(shown.code, 0, "{line}: {}", shown.text);
        assert!(!folder.join("paged").exists(), "{line} was paged");
        shown.text
    };
    assert!(never(&list("findings --rule token-owner-is-admin --severity critical"), &common).len() > 10);
    assert!(never(&list("findings --no-pager"), &common).contains("SEVERITY"));
    assert!(never(&list("findings"), &[("PAGER", &writes_down), ("KEYROLL_PAGER", "")]).contains("SEVERITY"));
    assert!(never(&list("findings"), &[("PAGER", "cat")]).contains("SEVERITY"));
    never(&list("findings > file"), &common);
    assert!(fs::read_to_string(folder.join("file")).unwrap().contains("SEVERITY"));
    let ours = pager(&folder, "ours", "cat > ours-paged");
    never(&list("findings"), &[("PAGER", &writes_down), ("KEYROLL_PAGER", &format!("{ours} -x"))]);
    assert!(folder.join("ours-paged").exists());
    // What is written while it is made is paged as well.
    let shown = on_a_terminal(&folder, &list("report --format json --out -"), &common).unwrap();
    assert_eq!(shown.code, 0, "{}", shown.text);
    assert_eq!(
        fs::read_to_string(folder.join("paged")).unwrap(),
        left.told(&["report", "--format", "json", "--out", "-"])
    );
}

#[test]
fn a_pager_that_fails_or_is_left_takes_nothing_with_it() {
    let left = Left::new();
    let folder = left.folder();
    let Some(shown) = on_a_terminal(&folder, &list("findings"), &[("PAGER", "no-such-pager -x")]) else { return };
    assert_eq!(shown.code, 0, "{}", shown.text);
    assert!(shown.text.contains("The pager `no-such-pager -x` could not be started"), "{}", shown.text);
    assert!(shown.text.contains("SEVERITY"), "{}", shown.text);
    // Somebody quits after the first line of much more than a pipe holds, and the pager says that it failed.
    let quits = pager(&folder, "quits", "head -n 1; exit 3");
    let shown = on_a_terminal(&folder, &list("report --format json --out -"), &[("PAGER", &quits)]).unwrap();
    assert_eq!(shown.code, 0, "{}", shown.text);
    assert!(!shown.text.contains("error"), "{}", shown.text);
    // The exit code is the command's own.
    let shown = on_a_terminal(&folder, &list("findings --where nonsense"), &[("PAGER", &quits)]).unwrap();
    assert_eq!(shown.code, 2, "{}", shown.text);
    // Ctrl-C is the pager's: keyroll waits until that is done.
    let waits = pager(&folder, "waits", "kill -INT $PPID; cat > paged; echo 'still here'");
    let shown = on_a_terminal(&folder, &list("findings"), &[("PAGER", &waits)]).unwrap();
    assert!(shown.code == 0 && shown.text.contains("still here"), "{}: {}", shown.code, shown.text);
}

/// The pager that is there unless somebody wants another: it shows the first screen, and ends when it is told to.
#[test]
fn less_pages_where_nobody_says_otherwise() {
    if Command::new("less").arg("--version").output().is_err() {
        skipped("there is no less here");
        return;
    }
    let left = Left::new();
    let Some(mut terminal) = terminal(&left.folder(), &list("findings"), &[]) else { return };
    terminal.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = terminal.spawn().unwrap();
    let mut shown = Vec::new();
    let mut out = child.stdout.take().unwrap();
    let mut keys = child.stdin.take().unwrap();
    let mut quits = false;
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = out.read(&mut bytes) {
        shown.extend_from_slice(&bytes[..read]);
        // Its prompt stands at the end of a full screen.
        if !quits && String::from_utf8_lossy(&shown).contains("SEVERITY") && shown.ends_with(b"\x1b[K") {
            keys.write_all(b"q").unwrap();
            keys.flush().unwrap();
            quits = true;
        }
    }
    assert!(child.wait().unwrap().success());
    let text = String::from_utf8_lossy(&shown).replace('\r', "");
    assert!(quits && text.contains("ended with 0"), "{text}");
    let findings = left.told(&["--width", "100", "findings"]);
    let last = findings.lines().last().unwrap().split_whitespace().nth(1).unwrap();
    assert!(!text.contains(last), "only the first screen was shown: {text}");
}

#[test]
fn colours_are_for_terminals_whose_owner_wants_them() {
    let left = Left::new();
    let folder = left.folder();
    let colours = |line: &str, variables: &[(&str, &str)]| {
        let shown = on_a_terminal(&folder, line, variables)?;
        Some(shown.text.contains("\u{1b}["))
    };
    let Some(coloured) = colours(&list("--no-pager findings"), &[]) else { return };
    assert!(coloured);
    assert_eq!(colours(&list("--no-pager findings"), &[("NO_COLOR", "1")]), Some(false));
    assert_eq!(colours(&list("--no-pager --no-color findings"), &[]), Some(false));
    assert_eq!(colours(&list("findings --where nonsense"), &[("NO_COLOR", "1")]), Some(false));
    assert_eq!(colours(&list("findings --where nonsense"), &[]), Some(true));
    assert!(!left.told(&["findings"]).contains('\u{1b}'));
}

/// `keyroll findings | head -n 1`: whoever reads no further is no error.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let left = Left::new();
    let program = env!("CARGO_BIN_EXE_keyroll");
    let much = [
        "report --format json --out -",
        "findings --all --format csv",
        "inventory accounts --format json",
        "completions zsh",
    ];
    for command in much {
        let line = format!("'{program}' --now {NOW} {command} | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}");
        let run = Command::new("bash")
            .args(["-c", &line])
            .current_dir(left.folder())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .output();
        let run = run.unwrap();
        assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), "0", "{command}");
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(!said.contains("panicked") && !said.contains("error"), "{command}: {said}");
    }
}

/// Ctrl-C while sources are read: it ends soon, says what becomes of what was read, and the next scan goes on from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_ends_a_scan_in_good_order_and_says_how_it_goes_on() {
    let plan = Plan { seed: 31, accounts: 100, now: first_night(), page_latency: Duration::from_millis(5) };
    let estate = Estate::of(plan).await;
    estate.configure_with("    page_size: 10\n", "");
    let now = "2026-11-21T02:00:00Z";
    let child = begin(estate.folder.path(), &["--now", now, "scan"], Stdio::piped());
    estate.simulator.asked(100).await;
    let told = Command::new("kill").args(["-INT", &child.id().unwrap().to_string()]).status().unwrap();
    assert!(told.success());
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the scan was stopped: keyroll was told to end"), "{said}");
    assert!(said.contains("what was read whole is kept: the next scan goes on from there"), "{said}");
    let again = keyroll(estate.folder.path(), &["--now", now, "--quiet", "scan"]);
    assert!(matches!(again.code, 0 | 10), "{}", again.err);
}

/// Results and words about the work never share a stream, and quiet is quiet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_scan_says_while_it_works_is_no_result() {
    let estate = Estate::of(Plan { seed: 32, accounts: 20, now: first_night(), page_latency: Duration::ZERO }).await;
    let now = ["--now", "2026-11-21T02:00:00Z"];
    let run = keyroll(estate.folder.path(), &[&now[..], &["scan"]].concat());
    assert!(run.err.contains("org: ") && run.err.contains("read whole"), "{}", run.err);
    assert!(!run.out.contains("read whole\n") && run.out.contains("acme"), "{}", run.out);
    let quiet = keyroll(estate.folder.path(), &[&now[..], &["--quiet", "scan"]].concat());
    assert_eq!(quiet.err, "");
    assert!(!quiet.out.is_empty());
}

#[test]
fn a_misspelt_command_is_told_what_was_meant() {
    let folder = tempfile::tempdir().unwrap();
    for (words, near) in [
        (&["finding"][..], "'findings'"),
        (&["inventry", "accounts"], "'inventory'"),
        (&["rules", "lst"], "'list'"),
        (&["findings", "--were", "true"], "'--where'"),
        (&["inventory", "acounts"], "principal, group"),
    ] {
        let run = keyroll(folder.path(), words);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{words:?}");
        assert!(run.err.contains(near), "{words:?}: {}", run.err);
    }
}
