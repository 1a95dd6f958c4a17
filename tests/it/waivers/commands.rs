//! `keyroll waivers` on an estate of one export: accepted, scanned again with more in it, checked, and seen without waivers.

use std::fs;
use std::path::Path;

use keyroll::store::Store;
use tempfile::TempDir;

use crate::support::keyroll::{Run, keyroll};

pub(crate) const CONFIG: &str = "\
estate: acme
store: keyroll.db
fail_on: never
waivers:
  file: waivers.yaml
sources:
  - name: ci
    type: file
    path: tokens.csv
    instance: ci
    complete: true
    mapping:
      kind: credential
      form: { value: personal-access-token }
      id: id
      name: label
      never: [never]
      fields:
        owner: user
        created_at: created
        expires_at: expires
        scopes: { column: rights, separator: ' ' }
";
const FILE: &str = "# Ask Dana.\nwaivers:   # below\n    # by the book\n";

struct Estate(TempDir);

impl Estate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("keyroll.yaml"), CONFIG).unwrap();
        fs::write(folder.path().join("waivers.yaml"), FILE).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, day: u32, arguments: &[&str]) -> Run {
        let now = format!("2026-11-{day:02}T02:00:00Z");
        keyroll(self.path(), &[&["--now", &now, "--width", "200"], arguments].concat())
    }

    fn scan(&self, day: u32, rows: &str) -> String {
        let rows = format!("id,label,user,created,expires,rights\n{rows}");
        fs::write(self.path().join("tokens.csv"), rows).unwrap();
        let run = self.run(day, &["scan"]);
        assert!([0, 20].contains(&run.code), "{}{}", run.out, run.err);
        run.out
    }

    /// The id of the finding that a token never ends.
    fn finding(&self, token: &str) -> String {
        let findings = Store::open(&self.path().join("keyroll.db")).unwrap().findings().unwrap();
        let about = |finding: &&keyroll::model::Finding| {
            finding.rule.as_str() == "pat-without-expiry" && finding.resource.native().ends_with(token)
        };
        let found = findings.iter().find(about).unwrap_or_else(|| panic!("{findings:#?}"));
        found.id.to_string()
    }

    fn file(&self) -> String {
        fs::read_to_string(self.path().join("waivers.yaml")).unwrap()
    }

    fn add(&self, day: u32, findings: &[&str], more: &[&str]) -> Run {
        let decision = ["--reason", "The vendor cannot: not yet", "--approver", "Dana", "--until", "2026-12-20"];
        self.run(day, &[&["waivers", "add"], findings, &decision, more].concat())
    }
}

const T1: &str = "t1,build,ada,2026-01-02T03:04:05Z,never,read\n";
const T1_WIDER: &str = "t1,build,ada,2026-01-02T03:04:05Z,never,read write\n";
const T2: &str = "t2,deploy,ada,2026-01-02T03:04:05Z,never,read\n";

#[test]
fn accepted_and_void_when_more_is_there() {
    let estate = Estate::new();
    estate.scan(2, T1);
    let id = estate.finding("t1");
    let added = estate.add(2, &[&id], &["--ticket", "SEC-1"]);
    assert_eq!(added.code, 0, "{}", added.err);
    assert!(added.out.starts_with("W-1: pat-without-expiry ("), "{}", added.out);
    let file = estate.file();
    assert!(file.starts_with(FILE), "{file}");
    for line in ["      - scope read\n", "ends never\n", "reason: \"The vendor cannot: not yet\"\n", "ticket: SEC-1\n"]
    {
        assert!(file.contains(line), "{line} in\n{file}");
    }
    assert_eq!(estate.run(2, &["waivers", "check"]).code, 0);

    estate.scan(3, T1);
    let listed = estate.run(3, &["waivers", "list"]);
    assert!(listed.out.contains("in-force  W-1"), "{}", listed.out);
    assert_eq!(listed.out, estate.run(3, &["waivers"]).out);

    let morning = estate.scan(4, T1_WIDER);
    assert!(morning.contains("NO LONGER WAIVED (1)") && morning.contains("scope write came"), "{morning}");
    let checked = estate.run(4, &["waivers", "check"]);
    assert_eq!(checked.code, 10, "{}{}", checked.out, checked.err);
    assert!(checked.out.contains("void") && checked.out.contains("scope write came"), "{}", checked.out);
    assert!(checked.err.contains("W-1: accept the findings anew"), "{}", checked.err);
    let explained = estate.run(4, &["explain", &id]);
    assert!(explained.out.contains("and void: scope write came"), "{}", explained.out);

    estate.scan(5, T1);
    assert_eq!(estate.run(5, &["waivers", "check"]).code, 0, "what came is gone again");
}

#[test]
fn a_view_without_waivers_shows_what_is_waived_and_says_so() {
    let estate = Estate::new();
    estate.scan(2, T1);
    let id = estate.finding("t1");
    assert_eq!(estate.add(2, &[&id], &[]).code, 0);
    estate.scan(3, T1);
    let short = id.get(..8).unwrap();
    assert!(!estate.run(3, &["findings"]).out.contains(short));
    let all = estate.run(3, &["findings", "--no-waivers"]);
    assert!(all.out.contains(short) && all.out.starts_with("WITHOUT WAIVERS: 1 waived finding"), "{}", all.out);
    let csv = estate.run(3, &["findings", "--no-waivers", "--format", "csv"]).out;
    let row = csv.lines().find(|line| line.starts_with(&id)).unwrap();
    assert!(row.contains(",open,high,") && row.contains(",W-1,") && row.trim_end().ends_with(",no"), "{row}");

    let written = estate.run(3, &["report", "--no-waivers", "--format", "table,csv,json", "--out", "x"]);
    assert_eq!(written.code, 0, "{}", written.err);
    let read = |name: &str| fs::read_to_string(estate.path().join("x").join(name)).unwrap();
    assert!(read("report-without-waivers.txt").contains("WITHOUT WAIVERS: 1 waived finding is shown as open"));
    let json: serde_json::Value = serde_json::from_str(&read("report-without-waivers.json")).unwrap();
    assert_eq!(json["waivers_applied"], false);
    assert_eq!(json["waivers_set_aside"][&id], "W-1");
    assert_eq!(json["counts"]["waived"], 0);
    assert!(read("csv-without-waivers/scan.csv").trim_end().ends_with(",no"));
    assert!(!estate.path().join("x/report.json").exists(), "the report of the night is not overwritten");
}

#[test]
fn a_refusal_leaves_the_file_untouched_and_tells_all() {
    let estate = Estate::new();
    estate.scan(2, &format!("{T1}{T2}"));
    let (one, two) = (estate.finding("t1"), estate.finding("t2"));
    let until = |day: &str, reason: &str| {
        estate.run(2, &["waivers", "add", &one, &two, "--reason", reason, "--approver", " ", "--until", day])
    };
    for (run, code, told) in [
        (
            until("2029-01-01", "x"),
            1,
            vec!["`--approver` is empty", "it may be accepted for 90 days only", "2027-01-31"],
        ),
        (until("2026-10-01", " "), 1, vec!["`--reason` is empty", "`--until 2026-10-01` is over already"]),
        (estate.add(2, &["F-0000"], &[]), 1, vec!["there is no finding `F-0000`"]),
        (estate.add(2, &[&one], &["--pattern", "*/nobody"]), 1, vec!["`*/nobody` does not fit"]),
    ] {
        assert_eq!(run.code, code, "{}{}", run.out, run.err);
        for text in told {
            assert!(run.err.contains(text), "{text} in\n{}", run.err);
        }
        assert_eq!(estate.file(), FILE);
    }
    fs::write(estate.path().join("waivers.yaml"), "waivers: { a: 1 }\n").unwrap();
    let broken = estate.add(2, &[&one], &[]);
    assert_eq!((broken.code, estate.file().as_str()), (3, "waivers: { a: 1 }\n"), "{}", broken.err);
    let left: Vec<_> = fs::read_dir(estate.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("partial")), "{left:?}");
}

#[test]
fn who_adds_at_the_same_time_waits() {
    let estate = Estate::new();
    estate.scan(2, T1);
    let id = estate.finding("t1");
    fs::write(estate.path().join("waivers.yaml.partial"), "").unwrap();
    let run = estate.add(2, &[&id], &[]);
    assert!(run.code == 1 && run.err.contains("somebody else adds a waiver just now"), "{}", run.err);
    assert!(estate.path().join("waivers.yaml.partial").exists(), "the draft of another is left alone");
    assert_eq!(estate.file(), FILE);
}

#[cfg(unix)]
#[test]
fn the_file_is_made_and_its_permissions_and_links_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let estate = Estate::new();
    estate.scan(2, &format!("{T1}{T2}"));
    let path = estate.path().join("waivers.yaml");
    fs::remove_file(&path).unwrap();
    let made = estate.add(2, &[&estate.finding("t1")], &[]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(estate.file().starts_with("waivers:\n  - id: W-1\n"), "{}", estate.file());
    let real = estate.path().join("real.yaml");
    fs::rename(&path, &real).unwrap();
    symlink("real.yaml", &path).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(estate.add(2, &[&estate.finding("t2")], &[]).code, 0);
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(estate.file().contains("  - id: W-2\n"));
}

#[test]
fn a_pattern_accepts_what_is_there_and_nothing_later() {
    let estate = Estate::new();
    estate.scan(2, &format!("{T1}{T2}"));
    let added = estate.add(2, &[&estate.finding("t1")], &["--pattern", "ci/credential/*"]);
    assert!(added.out.contains("of 2 resources"), "{}{}", added.out, added.err);
    let morning = estate.scan(3, &format!("{T1}{T2}{}", T1.replace("t1,", "t3,")));
    assert!(morning.contains("it was not among what was accepted"), "{morning}");
    let checked = estate.run(3, &["waivers", "check"]);
    assert_eq!(checked.code, 10);
    assert!(checked.out.contains("void for ci/credential/t3"), "{}", checked.out);
}

#[test]
fn a_waiver_for_what_nobody_ever_saw_is_told_with_what_was_meant() {
    let estate = Estate::new();
    let text = |rule: &str| {
        format!(
            "waivers:\n  - id: W-1\n    rule: {rule}\n    resource: ci/credential/t11\n    reason: r\n    approver: a\n    until: 2026-12-01\n"
        )
    };
    let write = |rule: &str| fs::write(estate.path().join("waivers.yaml"), text(rule)).unwrap();
    write("pat-without-expiry");
    let early = estate.run(2, &["waivers", "check"]);
    assert!(early.code == 0 && early.out.contains("1 waiver, without a mistake"), "{}{}", early.out, early.err);
    estate.scan(2, T1);
    let checked = estate.run(2, &["waivers", "check"]);
    assert_eq!(checked.code, 10, "{}{}", checked.out, checked.err);
    assert!(
        checked.err.contains("no resource `ci/credential/t11` was ever seen: did you mean `ci/credential/t1`?"),
        "{}",
        checked.err
    );
    write("pat-without-expiri");
    let wrong = estate.run(2, &["waivers", "check"]);
    assert!(wrong.code == 3 && wrong.err.contains("did you mean `pat-without-expiry`?"), "{}", wrong.err);
}

#[test]
fn the_lines_that_bind_a_waiver_bind_it() {
    let estate = Estate::new();
    let text = "waivers:\n  - id: W-1\n    rule: pat-without-expiry\n    resource: ci/credential/t1\n    reason: r\n    approver: a\n    until: 2026-12-20\n";
    fs::write(estate.path().join("waivers.yaml"), text).unwrap();
    estate.scan(2, T1);
    let checked = estate.run(2, &["waivers", "check"]);
    assert!(checked.err.contains("keyroll waivers check --bind W-1"), "{}{}", checked.out, checked.err);
    let lines = estate.run(2, &["waivers", "check", "--bind", "W-1"]).out;
    fs::write(estate.path().join("waivers.yaml"), format!("{text}{lines}")).unwrap();
    let bound = estate.run(2, &["waivers", "check"]);
    assert!(bound.code == 0 && !bound.out.contains("bound to no facts"), "{}{}", bound.out, bound.err);
    let none = estate.run(2, &["waivers", "check", "--bind", "W-1"]);
    assert!(none.err.contains("waiver W-1 is bound already"), "{}", none.err);
}
