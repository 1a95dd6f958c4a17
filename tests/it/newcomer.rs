//! `keyroll init`: from nothing to a configuration that is right the first time, by options, by answers on a terminal, and by what
//! products tell everybody.

use std::fs;
use std::path::Path;
use std::time::Duration;

use keyroll::clock::{Clock, SystemClock};
use keyroll::config::Config;
use keyroll::simulator::{Plan, Simulator};

use crate::support::keyroll::{keyroll, keyroll_with};

async fn simulator() -> Simulator {
    let plan = Plan { seed: 7, accounts: 30, now: SystemClock.now(), page_latency: Duration::ZERO };
    Simulator::start(plan).await.unwrap()
}

fn written(folder: &Path) -> String {
    fs::read_to_string(folder.join("keyroll.yaml")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_and_an_account_are_enough() {
    let simulator = simulator().await;
    let folder = tempfile::tempdir().unwrap();
    let board = format!("{}/jira/software/projects/ABC/boards/1", simulator.site_url());
    let gateway = simulator.org_url();
    let arguments =
        ["init", "--at", &board, "--gateway", &gateway, "--user", simulator.site_user(), "--estate", "acme", "--yes"];
    let run = keyroll_with(folder.path(), &arguments, &[("KEYROLL_JIRA_TOKEN", simulator.site_token())]);
    let text = written(folder.path());
    for line in [
        "  - name: acme-jira\n    type: jira-cloud\n",
        "  - name: acme-confluence\n    type: confluence-cloud\n",
        "    token: env:KEYROLL_JIRA_TOKEN\n",
        &format!("    base_url: {}\n", simulator.site_url()),
        // An id may look like a number to whoever reads YAML.
        &format!("    cloud_id: {}\n", simulator.cloud_id()),
    ] {
        assert!(text.replace('"', "").contains(line), "{line} in {text}\n{}", run.err);
    }
    assert!(!text.contains(simulator.site_token()) && !run.out.contains(simulator.site_token()));
    assert!(Config::load(&folder.path().join("keyroll.yaml")).is_ok());
    assert!(run.err.contains("found jira-cloud at ") && run.err.contains("read -rs KEYROLL_JIRA_TOKEN"), "{}", run.err);
    // What the rights are good for, and what the products answer.
    for words in ["Administer Jira", " rules: ", "made at: id.atlassian.com", "NETWORK", "it answers"] {
        assert!(run.out.contains(words), "{words} in {}", run.out);
    }
    let again = keyroll(folder.path(), &arguments);
    assert_eq!(again.code, 1);
    assert_eq!(written(folder.path()), text, "an existing file is not overwritten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_that_is_not_there_yet_is_the_next_step_and_not_the_end() {
    let simulator = simulator().await;
    let folder = tempfile::tempdir().unwrap();
    let run = keyroll(
        folder.path(),
        &["init", "--at", &simulator.site_url(), "--user", "me@acme.example", "--yes", "--scan"],
    );
    assert_eq!(run.code, 3, "{}", run.err);
    assert!(run.out.contains("→ environment variable `KEYROLL_JIRA_TOKEN` is not set"), "{}", run.out);
    assert!(run.err.contains("Mend what failed, then: keyroll --config keyroll.yaml doctor"), "{}", run.err);
    assert!(!folder.path().join("keyroll.db").exists(), "nothing was scanned");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_self_hosted_product_says_what_it_is_behind_whatever_page() {
    let simulator = simulator().await;
    let folder = tempfile::tempdir().unwrap();
    let (jira, wiki, git) = (simulator.jira_dc_url(), simulator.confluence_dc_url(), simulator.bitbucket_dc_url());
    let pages =
        [format!("{jira}/secure/Dashboard.jspa"), format!("{wiki}/display/HR/Home"), format!("{git}/some/page")];
    let at: Vec<&str> = pages.iter().flat_map(|page| ["--at", page.as_str()]).collect();
    let tokens = ["--secret", "jira-dc=file:/run/secrets/jira", "--secret", "bitbucket-dc=command:pass show git"];
    let run = keyroll(folder.path(), &[&["init", "--yes", "--estate", "acme"][..], &at, &tokens].concat());
    let text = written(folder.path());
    for line in [
        "    type: jira-dc\n".to_owned(),
        format!("    base_url: {jira}\n"),
        format!("    base_url: {wiki}\n"),
        format!("    base_url: {git}\n"),
        "    instance: acme-bitbucket-dc\n".to_owned(),
        "    token: file:/run/secrets/jira\n".to_owned(),
        "    token_command: [\"pass\", \"show\", \"git\"]\n".to_owned(),
        "    token: env:KEYROLL_CONFLUENCE_DC_TOKEN\n".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} in {text}{}", run.err);
    }
    assert!(run.err.contains("found jira-dc ") && run.err.contains("found confluence-dc "), "{}", run.err);
}

#[test]
fn nobody_to_ask_is_told_all_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let run = keyroll(folder.path(), &["init"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("a product: `--at ADDRESS`") && run.err.contains("`--yes` takes the rest"), "{}", run.err);
    let run = keyroll(folder.path(), &["init", "--offline", "--source", "jira-cloud=acme.atlassian.net"]);
    for words in ["`--user MAIL`", "`--secret jira-cloud=env:NAME`", "`--estate NAME`", "`https://` was added"] {
        assert!(run.err.contains(words), "{words} in {}", run.err);
    }
    assert_eq!(run.code, 2);
    assert!(!folder.path().join("keyroll.yaml").exists());
    let whole = [
        "init",
        "--offline",
        "--source",
        "jira-cloud=http://acme.atlassian.net/browse/A-1",
        "--source",
        "atlassian-org",
        "--source",
        "bitbucket-cloud=acme",
        "--user",
        "me@acme.example",
        "--yes",
    ];
    let run = keyroll(folder.path(), &whole);
    assert_eq!(run.code, 0, "{}", run.err);
    let text = written(folder.path());
    assert!(text.contains("estate: acme\n") && text.contains("    workspace: acme\n"), "{text}");
    assert!(text.contains("    base_url: https://acme.atlassian.net\n"), "{text}");
    assert!(text.contains("    key: env:KEYROLL_ORG_KEY\n"), "{text}");
}

#[test]
fn what_cannot_be_used_is_told_without_being_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (vec!["--secret", "jira-cloud=ATATT3xFfGF0planted"], "no reference"),
        (vec!["--secret", "jira-cloud=\"ATATT3 planted\""], "never the credential itself"),
        (vec!["--secret", "jira-cloud=env:ATATT3xFfGF0plantedplanted"], "no name of a variable"),
        (vec!["--secret", "ATATT3xFfGF0planted"], "does not begin with a type"),
        (vec!["--source", "jira-cloud=https://me:planted@acme.example"], "no user and no password"),
        (vec!["--source", "jira-clod=https://acme.example"], "did you mean `jira-cloud`?"),
        (vec!["--source", "bitbucket-cloud=https://acme.example"], "short name of the workspace"),
    ] {
        let run = keyroll(folder.path(), &[&["init", "--offline", "--yes"][..], &arguments].concat());
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        assert!(run.err.contains(words) && !run.err.contains("planted"), "{arguments:?}: {}", run.err);
    }
    let run = keyroll(folder.path(), &["init", "--yes", "--at", "http://127.0.0.1:1"]);
    assert!(run.err.contains("no product was found") && run.err.contains("--source TYPE=ADDRESS"), "{}", run.err);
    assert_eq!((run.code, folder.path().join("keyroll.yaml").exists()), (1, false));
}

/// Python has the pseudo-terminal; it types what a person would.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_questions_are_answered_on_a_terminal() {
    answered_on_a_terminal(80, "C.UTF-8").await;
}

/// Each question is drawn as one line, so that nothing of it is left when it is drawn anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_questions_are_answered_on_forty_columns_without_utf_8() {
    let Some(shown) = answered_on_a_terminal(40, "C").await else { return };
    let drawn = [
        "[ ] ",
        "[x] ",
        "in a variable",
        "in a file",
        "a program prints",
        "found jira-cloud",
        "made at id",
        "It names these places",
    ];
    // What was answered is drawn once, and may wrap.
    let is_drawn = |line: &String| drawn.iter().any(|part| line.contains(part)) && !line.contains("?: ");
    let drawn = shown.lines().map(bare).filter(is_drawn);
    let drawn: Vec<String> = drawn.collect();
    assert!(drawn.len() > 10, "{shown}");
    for line in drawn {
        assert!(keyroll::text::columns(&line) <= 40, "{line}");
    }
    assert!(shown.is_ascii(), "{shown}");
}

/// A line without what steers the terminal.
fn bare(line: &str) -> String {
    let steering = regex::Regex::new("\u{1b}\\[[0-9;?]*[a-zA-Z]|\r").unwrap();
    steering.replace_all(line, "").into_owned()
}

/// What was shown; nothing if it was skipped.
async fn answered_on_a_terminal(columns: u16, locale: &str) -> Option<String> {
    let Some(python) = std::env::var_os("KEYROLL_TEST_PYTHON") else {
        crate::support::skipped("KEYROLL_TEST_PYTHON names no Python");
        return None;
    };
    let simulator = simulator().await;
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("type.py");
    fs::write(&script, TYPIST).unwrap();
    let page = format!("{}/browse/ABC-1", simulator.site_url());
    let output = tokio::process::Command::new(python)
        .arg(&script)
        .arg(env!("CARGO_BIN_EXE_keyroll"))
        .args([&page, &simulator.org_url(), simulator.site_user(), &columns.to_string()])
        .current_dir(folder.path())
        .env("LC_ALL", locale)
        .env("KEYROLL_JIRA_TOKEN", simulator.site_token())
        .output()
        .await
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = fs::read_to_string(folder.path().join("keyroll.yaml")).unwrap_or_else(|_| panic!("{shown}"));
    assert!(text.contains("  - name: acme-jira\n    type: jira-cloud\n"), "{text}");
    assert!(text.contains(&format!("    base_url: {}\n", simulator.site_url())), "{text}");
    assert!(text.contains("    token: env:KEYROLL_JIRA_TOKEN\n"), "{text}");
    assert!(text.contains(&format!("    gateway_url: {}\n", simulator.org_url())), "{text}");
    let words = shown.lines().map(bare).collect::<Vec<_>>().join(" ");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("found jira-cloud at ") && words.contains("it answers"), "{shown}");
    assert!(!shown.contains(simulator.site_token()));
    Some(shown)
}

/// Types each answer once the question is there: chooses the second product, gives a page of it and an account, names the estate, takes
/// a variable for the credential with its usual name, and declines the scan.
const TYPIST: &str = r#"
import fcntl, os, pty, select, struct, sys, termios, time

program, page, gateway, user, columns = sys.argv[1:6]
steps = [
    ("Which products?", b"\x1b[B \r"),
    ("Address of jira-cloud", page.encode() + b"\r"),
    ("Mail address", user.encode() + b"\r"),
    ("Name of the estate", b"acme\r"),
    ("Where is this credential?", b"\r"),
    ("Name of the variable", b"\r"),
    ("Scan now?", b"n\r"),
]
child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, int(columns), 0, 0))
    os.execv(program, [program, "init", "--gateway", gateway])
seen, fresh, until = "", "", time.monotonic() + 120
while time.monotonic() < until:
    ready, _, _ = select.select([terminal], [], [], 0.2)
    if ready:
        try:
            read = os.read(terminal, 65536).decode("utf-8", "replace")
        except OSError:
            break
        if not read:
            break
        seen += read
        fresh += read
    elif steps and steps[0][0] in fresh:
        fresh = ""
        os.write(terminal, steps.pop(0)[1])
sys.stdout.write(seen)
"#;
