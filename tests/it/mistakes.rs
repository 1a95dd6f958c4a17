//! Mistakes in files: all told at once, each with file, line, column, what is wrong and what would be right; exit 3;
//! nothing scanned, nothing lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::keyroll::{Run, keyroll, keyroll_with};

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Runs `keyroll scan` on a configuration that has mistakes.
fn scan(folder: &Path) -> Run {
    let run = keyroll_with(folder, &["scan"], &[("GOOD_KEY", "k")]);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert!(run.out.is_empty(), "nothing is reported: {}", run.out);
    assert!(!folder.join("keyroll.db").exists(), "nothing is stored");
    run
}

fn assert_told(run: &Run, all: &[&str]) {
    for expected in all {
        assert!(run.err.contains(expected), "not told: {expected}\n{}", run.err);
    }
}

#[test]
fn every_mistake_of_the_configuration_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = "\
estate: acme
stor: keyroll.db
fail_on: hihg
sources:
  - name: org
    type: atlassian-org
    base_ur: https://api.atlassian.com
    key: env:GOOD_KEY
  - name: jira
    type: jira-clout
  - name: site
    type: jira-cloud
    base_url: https://acme.atlassian.net
    user: me@acme.example
    token: env:MISSING_TOKEN
    concurrency: many
  - name: own
    type: jira-dc
    base_url: https://jira.acme.example
    token: env:GOOD_KEY
    global_permissions_from: site
accepted_gaps:
  - source: orgg
    endpoint: domains
    reason: none
";
    write(folder.path(), "keyroll.yaml", text);
    let run = scan(folder.path());
    assert_told(
        &run,
        &[
            "unknown key `stor`",
            "did you mean `store`?",
            "keyroll.yaml:2:1",
            "`fail_on` cannot be `hihg`",
            "unknown source type `jira-clout`",
            "did you mean `jira-cloud`?",
            "there is no source `orgg`",
            "did you mean `org`?",
            "`global_permissions_from` names no source of type `file`: `site`",
        ],
    );
    let mended = text
        .replace("stor:", "store:")
        .replace("hihg", "high")
        .replace("jira-clout\n", "jira-cloud\n    base_url: https://a.example\n    user: x\n    token: env:GOOD_KEY\n")
        .replace("    global_permissions_from: site\n", "")
        .replace("orgg", "org");
    write(folder.path(), "keyroll.yaml", &mended);
    let run = scan(folder.path());
    assert_told(
        &run,
        &[
            "unknown key `base_ur`",
            "did you mean `base_url`?",
            "environment variable `MISSING_TOKEN` is not set",
            "`concurrency` is text, expected a whole number",
        ],
    );
}

const CONFIG: &str = "\
estate: acme
sources:
  - name: org
    type: atlassian-org
    key: env:GOOD_KEY
";

#[test]
fn a_secret_file_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "key", "s3cret-value");
    fs::set_permissions(folder.path().join("key"), fs::Permissions::from_mode(0o644)).unwrap();
    let key = folder.path().join("key");
    write(folder.path(), "keyroll.yaml", &CONFIG.replace("env:GOOD_KEY", &format!("file:{}", key.display())));
    let run = scan(folder.path());
    assert_told(&run, &["can be read by others", "chmod 600", "keyroll.yaml:5"]);
    assert!(!run.err.contains("s3cret-value"));
}

#[test]
fn a_secret_instead_of_a_reference_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "keyroll.yaml", &CONFIG.replace("env:GOOD_KEY", "ATCTT3xFfGN0abcdef"));
    let run = scan(folder.path());
    assert_told(&run, &["written as a reference"]);
    let shown = run.err.matches("ATCTT3xFfGN0abcdef").count();
    assert_eq!(shown, 0, "{}", run.err);
}

#[test]
fn a_secret_under_a_misspelt_key_is_not_repeated_in_the_excerpt() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "keyroll.yaml", &format!("{CONFIG}api_token: ATATT3xFfGF0abcdef123456\n"));
    let run = scan(folder.path());
    assert_told(&run, &["unknown key `api_token`", "keyroll.yaml:6:1"]);
    assert!(!run.err.contains("ATATT3xFfGF0"), "{}", run.err);
}

#[test]
fn a_result_that_cannot_be_written_whole_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_keyroll"));
    let output = program.arg("sources").current_dir(folder.path()).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

const RULE: &str = "\
id: my-rule
version: 1
title: A rule of ours
severity: low
applies_to: credential
require: credential.expires_at != null
message: \"{{ credential.name }} never expires\"
controls: [soc2:CC6.1]
why: Because.
fix: Revoke it.
verify: Look.
cases:
  - { name: bad, given: { form: api-token, expires_at: null }, expect: fail }
  - { name: good, given: { form: api-token, expires_at: \"in 5 days\" }, expect: pass }
";

#[test]
fn mistakes_in_rules_and_waivers_are_told_with_their_places() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "keyroll.yaml", &format!("{CONFIG}rules:\n  folders: [my]\nwaivers:\n  file: waivers.yaml\n"));
    write(folder.path(), "waivers.yaml", "waivers: []\n");
    write(
        folder.path(),
        "my/my-rule.yaml",
        &RULE.replace("credential.expires_at != null", "credential.expires_att != null"),
    );
    write(folder.path(), "my/other.yaml", RULE.replace("my-rule", "other").split("cases:").next().unwrap());
    write(folder.path(), "my/token-idle.yaml", &RULE.replace("my-rule", "token-idle"));
    let run = scan(folder.path());
    assert_told(
        &run,
        &[
            "expires_att",
            "did you mean `expires_at`?",
            "my-rule.yaml:6:21",
            "has no case that is expected to pass",
            "other.yaml:1:5",
            "token-idle.yaml",
            "replaces",
        ],
    );
    fs::remove_file(folder.path().join("my/other.yaml")).unwrap();
    fs::remove_file(folder.path().join("my/token-idle.yaml")).unwrap();
    write(folder.path(), "my/my-rule.yaml", RULE);
    let waiver =
        "waivers:\n  - id: W-1\n    rule: my-rul\n    resource: \"*\"\n    reason: because\n    approver: me\n";
    write(folder.path(), "waivers.yaml", waiver);
    let run = scan(folder.path());
    assert_told(&run, &["the waiver has no end", "waivers.yaml:2:5", "my-rul", "did you mean `my-rule`?"]);
}

#[test]
fn a_damaged_or_newer_store_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "keyroll.yaml", CONFIG);
    let store = folder.path().join("keyroll.db");
    fs::write(&store, "this is no database, but somebody's notes, long enough to look like a file with a header")
        .unwrap();
    let before = fs::read(&store).unwrap();
    for command in [vec!["scan"], vec!["findings"]] {
        let run = keyroll_with(folder.path(), &command, &[("GOOD_KEY", "k")]);
        assert_eq!(run.code, 1, "{}", run.err);
        assert!(run.err.contains("keyroll.db"), "{}", run.err);
        assert_eq!(fs::read(&store).unwrap(), before);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing was left beside it");
}

#[test]
fn a_misspelt_command_line_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let run = keyroll(folder.path(), &["scna"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("scan"), "{}", run.err);
    let run = keyroll(folder.path(), &["scan"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("keyroll init"), "{}", run.err);
}

#[test]
fn a_demo_never_overwrites_a_folder_that_is_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "precious/notes.txt", "mine");
    let run = keyroll(folder.path(), &["demo", "--out", "precious"]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("--out"), "{}", run.err);
    assert_eq!(fs::read_to_string(folder.path().join("precious/notes.txt")).unwrap(), "mine");
}

#[test]
fn mistakes_in_schedules_and_alerts_are_told_at_once_with_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{CONFIG}schedules:
  - {{ name: leap, cron: \"0 0 30 2 *\" }}
  - {{ name: nightly, cron: \"30 2 * * *\", zone: Europe/Berlim, sources: [orgg] }}
  - {{ name: seconds, cron: \"0 30 2 * * *\" }}
alerts:
  channels:
    - {{ name: mail, type: emial }}
    - {{ name: ops, type: webhook, url: env:GOOD_URL, secret: env:EMPTY }}
    - {{ name: nobody, type: webhook, url: env:GOOD_URL, secret: env:LONG }}
  routes:
    - to: oops
    - to: ops
      tell: [opend]
      pick: {{ severity: hihg }}
      digest: \"61 * * * *\"
    - to: ops
      owners_first: true
  expiry:
    days: [0, 400]
    zone: Nowhere/City
heartbeat: {{ url: env:MISSING_URL }}
daemon: {{ listen: \"0.0.0.0:9464\" }}
"
    );
    write(folder.path(), "keyroll.yaml", &text);
    let run = scan(folder.path());
    assert_told(
        &run,
        &[
            "never",
            "Europe/Berlim",
            "Europe/Berlin",
            "there is no source `orgg`",
            "five",
            "unknown channel type `emial`",
            "did you mean `email`?",
            "nothing is sent to channel `nobody`",
            "there is no channel `oops`",
            "there is no event `opend`",
            "did you mean `opened`?",
            "hihg",
            "owners can only be told by mail",
            "0 is no rung",
            "Nowhere/City",
            "keyroll.yaml:9",
        ],
    );
}

#[test]
fn mistakes_inside_channels_are_told_when_they_are_built() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{CONFIG}alerts:
  channels:
    - {{ name: ops, type: webhook, url: env:GOOD_URL, secret: env:EMPTY }}
    - name: mail
      type: email
      server: smtp.acme.example
      from: keyroll@acme.example
      to: [a@acme.example]
      title: \"{{{{ titel }}}}\"
  routes:
    - to: [ops, mail]
"
    );
    write(folder.path(), "keyroll.yaml", &text);
    let variables = [("GOOD_KEY", "k"), ("GOOD_URL", "https://hooks.acme.example/x"), ("EMPTY", "")];
    let run = keyroll_with(folder.path(), &["scan"], &variables);
    assert_eq!(run.code, 3, "{}{}", run.out, run.err);
    assert_told(
        &run,
        &["`EMPTY` is not set", "unknown field `titel`", "did you mean `title`?", "keyroll.yaml:8", "keyroll.yaml:14"],
    );
    assert!(!folder.path().join("keyroll.db").exists());
}
