//! `keyroll explain` over the command line: on the estate of the demo, and on small estates through the nights, where
//! facts go out of sight, change, and come from people who choose their names to do harm.

use std::collections::BTreeMap;
use std::fs;

use chrono::{DateTime, Utc};
use keyroll::config::Config;
use keyroll::drift::compare;
use keyroll::findings::{Judged, WaiverLimits, Waivers, reconcile};
use keyroll::inventory::Inventory;
use keyroll::model::{
    Coverage, Credential, Dispatch, Fact, Kind, LedgerEntry, Principal, PrincipalType, Resource, ResourceId, Snapshot,
    SnapshotHead, SnapshotId,
};
use keyroll::problem::SourceText;
use keyroll::reports::EXPLANATION_SCHEMA;
use keyroll::store::{ScanRecord, Store};
use keyroll::text::columns;
use tempfile::TempDir;

use crate::support::demo::two_nights;
use crate::support::estate::{account, denied, night, snapshot, token, token_id, whole};
use crate::support::expected::expect_file;
use crate::support::json_schema;
use crate::support::keyroll::{Run, keyroll};

fn demo(arguments: &[&str]) -> Run {
    let config = ["--config", "keyroll-demo/keyroll.yaml", "--quiet"];
    keyroll(two_nights(), &[&config[..], arguments].concat())
}

/// A finding of the demo: its id, its rule, its status and the name of its resource.
struct Found {
    id: String,
    short: String,
    rule: String,
    status: String,
    resource: String,
}

fn found() -> Vec<Found> {
    let store = Store::open(&two_nights().join("keyroll-demo/keyroll.db")).unwrap();
    let findings = store.findings().unwrap().into_iter();
    findings
        .map(|finding| Found {
            id: finding.id.as_str().to_owned(),
            short: finding.id.short().to_owned(),
            rule: finding.rule.as_str().to_owned(),
            status: finding.status.name().to_owned(),
            resource: finding.resource.as_str().to_owned(),
        })
        .collect()
}

fn found_by(rule: &str, status: &str) -> Found {
    let mut found = found().into_iter().filter(|found| found.rule == rule && found.status == status);
    found.next().unwrap_or_else(|| panic!("the demo has no {status} finding of {rule}"))
}

fn explained(arguments: &[&str]) -> String {
    let run = demo(&[&["explain"], arguments].concat());
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
    run.out
}

/// The text with every run of white space as one space: what a line says, wherever it breaks.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_told(text: &str, told: &[&str]) {
    let text_flowing = flowing(text);
    for part in told {
        assert!(text_flowing.contains(part), "not told: {part}\n{text}");
    }
}

#[test]
fn a_change_that_was_found_is_explained_with_how_it_was_before() {
    let finding = found_by("account-promoted-to-admin", "open");
    let text = explained(&[&finding.short]);
    assert_told(
        &text,
        &[
            "HOW IT IS JUDGED Speaks of changes of principals",
            "As it was confirmed last, by scan s2 of 2026-11-22 02:00 UTC:",
            "→ false role in before.platform_roles",
            "It fails,",
            "accounts of acme-org · complete",
            "WHAT CHANGED ABOUT IT (in the scans that are kept) First known to scan s1",
            "platform_roles: ",
            "HOW TO MEND IT Find the request for this",
        ],
    );
    assert_eq!(explained(&[&finding.id]), text);
    assert_eq!(explained(&[&finding.short.to_lowercase()]), text);
    assert_eq!(explained(&[finding.short.trim_start_matches("F-")]), text, "the beginning may be left out");
}

#[test]
fn a_resource_is_explained_with_every_rules_word() {
    let id = found_by("integration-on-personal-account", "open").resource;
    let text = explained(&[&id]);
    assert_told(
        &text,
        &[
            "OPEN FINDINGS",
            "integration-on-personal-account, since",
            "WHAT HOLDS",
            "token-blocked",
            "BESIDE IT",
            "READ FROM",
        ],
    );
    assert_eq!(explained(&[ResourceId::parse(&id).unwrap().native()]), text);
}

#[test]
fn a_waived_finding_says_by_what_until_when_and_what_its_verdict_is() {
    let finding = found_by("permission-open-to-logged-in", "waived");
    assert_told(
        &explained(&[&finding.id]),
        &[
            "Waiver W-1 covers it. Its verdict stays what it is: the rule fails, high",
            "W-1 until 2026-12-02, which is soon: The open collaboration scheme is replaced this month. Approved by Dana \
             Moreau, SEC-142.",
            "It fails, high.",
        ],
    );
}

#[test]
fn what_could_not_be_confirmed_says_which_right_would_tell() {
    let finding = found_by("domain-not-verified", "open");
    let text = explained(&[&finding.id]);
    assert_told(
        &text,
        &[
            "Could not be looked at again since 2026-11-22: domains of acme-org: denied",
            "As it was confirmed last, by scan s1 of 2026-11-21 02:00 UTC:",
            "In scan s2 of 2026-11-22 02:00 UTC, the resource was out of sight.",
            "All this is of scan s1",
            "2026-11-21 02:00 domains of acme-org · complete",
            "whether it is still there, and how: → domains of acme-org: denied, refused with 403",
            "it takes the right",
            "not-observed",
        ],
    );
    for word in ["is gone", ": gone", "not there any more", "removed"] {
        assert!(!text.contains(word), "unseen is not gone: {text}");
    }
    let resource = explained(&[&finding.resource]);
    assert_told(
        &resource,
        &["It was out of sight in scan s2", "Whether it is still there is not known", "Judged not in the latest scan"],
    );
    assert!(!resource.contains("WHAT HOLDS"), "nothing is said of what was not seen: {resource}");
}

#[test]
fn a_resolved_finding_is_explained_when_its_resource_is_gone() {
    let finding = found_by("token-idle", "resolved");
    assert_told(
        &explained(&[&finding.id]),
        &[
            "low · resolved on 2026-11-22: gone",
            "params.max_idle_days is 90",
            "In scan s2 of 2026-11-22 02:00 UTC, the resource is not there any more.",
            "resolved · low · gone",
            "2026-11-22 02:00 removed",
        ],
    );
    assert_told(
        &explained(&[&finding.resource]),
        &["It is gone: scan s2", "RESOLVED", "token-idle, gone on 2026-11-22"],
    );
}

#[test]
fn a_fixed_finding_shows_what_is_otherwise_now() {
    let finding = found_by("variable-widely-reachable", "resolved");
    assert_told(
        &explained(&[&finding.id]),
        &[
            "As it was confirmed last, by scan s1",
            "It fails, low.",
            "As it was looked at since, by scan s2",
            "→ false variable.secured",
            "The rule does not speak of it.",
        ],
    );
}

#[test]
fn whoever_is_not_understood_is_told_what_there_is() {
    let cases: &[(&str, &[&str])] = &[
        ("jenkins", &["`jenkins` is the name or native id of", "write the whole id:", "jenkins of "]),
        ("F-", &["is the beginning of", "write more of it"]),
        ("f-zzzzzz", &["there is no finding `f-zzzzzz`", "`keyroll findings --all` lists them"]),
        ("zapierr", &["nor a resource with that id or name", "did you mean `zapier`?"]),
        ("nothing at all like this", &["`keyroll findings --all` and `keyroll inventory KIND --format csv` list ids"]),
        ("acme/credential/nowhere", &["nor a resource with that id or name"]),
        ("\u{1b}[31mred", &["`\u{fffd}[31mred`"]),
    ];
    for (called, told) in cases {
        let run = demo(&["explain", called]);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{called}: {}", run.err);
        assert_told(&run.err, told);
        assert!(!run.err.contains('\u{1b}'), "{}", run.err);
    }
    let short = &found()[0].short;
    let near = format!("{short}U");
    let run = demo(&["explain", &near]);
    assert!(run.err.contains(&format!("did you mean `{short}")), "{near}: {}", run.err);
}

#[test]
fn every_sort_of_note_fits_into_80_columns_and_its_json_keeps_to_its_schema() {
    let schema = serde_json::from_str(EXPLANATION_SCHEMA).unwrap();
    let mut by_rule: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut by_kind: BTreeMap<Kind, String> = BTreeMap::new();
    for finding in found() {
        by_rule.entry((finding.rule, finding.status)).or_insert(finding.id);
        by_kind.insert(ResourceId::parse(&finding.resource).unwrap().kind(), finding.resource);
    }
    assert!(by_rule.len() > 20 && by_kind.len() > 5, "the demo is rich: {by_rule:?} {by_kind:?}");
    // One of every sixth rule is enough here: the property test of the rules looks at all of them.
    for id in by_rule.values().step_by(6).chain(by_kind.values()) {
        let text = explained(&[id]);
        let wide: Vec<&str> = text.lines().filter(|line| columns(line) > 80).collect();
        assert!(wide.is_empty(), "{id}: {wide:#?}");
        let json = serde_json::from_str(&explained(&[id, "--format", "json"])).unwrap();
        assert_eq!(json_schema::mistakes(&schema, &json), Vec::<String>::new(), "{id}");
    }
    let id = &found()[0].id;
    let mut wrong: serde_json::Value = serde_json::from_str(&explained(&[id, "--format", "json"])).unwrap();
    wrong["judgements"][0]["when"] = "never".into();
    wrong["resource"]["more"] = 1.into();
    wrong.as_object_mut().unwrap().remove("about");
    assert_eq!(json_schema::mistakes(&schema, &wrong).len(), 3, "the validator sees mistakes");
}

#[test]
fn the_same_question_gives_the_same_bytes() {
    let id = &found()[0].id;
    assert_eq!(explained(&[id]), explained(&[id]));
    assert_eq!(explained(&[id, "--format", "json"]), explained(&[id, "--format", "json"]));
}

/// A small estate of whatever a test puts into it, through the path that a scan takes from sealing to committing.
struct Nights {
    folder: TempDir,
    store: Store,
}

impl Nights {
    fn new(overrides: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create_or_open(&folder.path().join("keyroll.db")).unwrap();
        let nights = Self { folder, store };
        nights.configure(overrides);
        nights
    }

    /// Writes the configuration, with what sets rules apart from their files.
    fn configure(&self, overrides: &str) {
        let rules = if overrides.is_empty() { String::new() } else { format!("rules:\n  override:\n{overrides}") };
        let text = format!("estate: acme\nstore: keyroll.db\nsources: []\n{rules}");
        fs::write(self.folder.path().join("keyroll.yaml"), text).unwrap();
    }

    fn scan(&mut self, day: u32, resources: Vec<Resource>, ledger: Vec<LedgerEntry>, waivers: &str) {
        let now: DateTime<Utc> = night(day);
        let ledger = ledger.into_iter().map(|entry| LedgerEntry { started_at: now, ended_at: now, ..entry }).collect();
        let mut snapshot: Snapshot = snapshot(resources, ledger);
        let rules = Config::load(&self.folder.path().join("keyroll.yaml")).unwrap().rules().unwrap();
        let previous = self.store.latest().unwrap();
        let changes = match &previous {
            Some(previous) => {
                let comparison = compare(&self.store.snapshot(previous.id).unwrap().unwrap(), &snapshot);
                snapshot.carried = comparison.carried;
                comparison.changes
            }
            None => Vec::new(),
        };
        let inventory = Inventory::new(&snapshot);
        let evaluation = rules.evaluate(&inventory, &changes, now);
        let summaries = rules.summaries();
        let judged = Judged {
            rules: &summaries,
            evaluation: &evaluation,
            inventory: &inventory,
            changes: &changes,
            baseline: None,
        };
        let file = SourceText::new("waivers.yaml", waivers);
        let waivers = match waivers {
            "" => Waivers::default(),
            _ => Waivers::parse(&file, &summaries, now.date_naive(), WaiverLimits::default()).unwrap(),
        };
        let reconciled = reconcile(&self.store.findings().unwrap(), &judged, &waivers, now);
        let after = previous.as_ref().map(|head| head.id);
        let head = SnapshotHead {
            id: SnapshotId(0),
            estate: "acme".to_owned(),
            started_at: now,
            ended_at: now,
            digest: snapshot.digest,
            rules_digest: rules.digest(),
            complete: Coverage(&snapshot.ledger).is_complete(),
            tool_version: "0.1.0".to_owned(),
            sources: vec!["acme".into()],
            compared_with: after,
            counts: snapshot.counts(),
            rules_off: Vec::new(),
        };
        let record = ScanRecord {
            after,
            head: &head,
            snapshot: &snapshot,
            changes: &changes,
            findings: &reconciled.findings,
            transitions: &reconciled.transitions,
            tallies: &evaluation.tallies,
            rules: &summaries,
            waivers: &reconciled.waiver_uses,
            dispatch: &Dispatch::default(),
            expiries: None,
            run: None,
        };
        self.store.commit(&record).unwrap();
    }

    /// The finding of a rule about a token.
    fn finding(&self, rule: &str, native: &str) -> String {
        let findings = self.store.findings().unwrap();
        let about =
            |finding: &&keyroll::model::Finding| finding.rule.as_str() == rule && finding.resource == token_id(native);
        let found = findings.iter().find(about).unwrap_or_else(|| panic!("no finding of {rule}: {findings:#?}"));
        found.id.as_str().to_owned()
    }

    fn explain(&self, arguments: &[&str]) -> String {
        let run = keyroll(self.folder.path(), &[&["explain"], arguments].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.err);
        run.out
    }
}

fn ada() -> Resource {
    let body = Principal {
        account_type: Fact::Known(PrincipalType::Person),
        status: Fact::Known("active".to_owned()),
        ..Principal::default()
    };
    account("ada", "accounts", body)
}

fn endless(set: impl FnOnce(&mut Credential)) -> Resource {
    token("t-1", "nightly", |token| {
        token.expires_at = Fact::Absent;
        set(token);
    })
}

#[test]
fn a_fact_that_went_out_of_sight_makes_it_unknown_part_by_part() {
    let mut nights = Nights::new("");
    nights.scan(2, vec![ada(), endless(|_| {})], vec![whole("accounts"), whole("tokens")], "");
    let id = nights.finding("token-without-expiry", "t-1");
    let refused = LedgerEntry {
        reason: "refused with 403".to_owned(),
        right: "read:tokens:admin".to_owned(),
        shows: vec![Kind::Credential],
        ..denied("ends of tokens")
    };
    let hidden = endless(|token| token.expires_at = Fact::Unknown);
    nights.scan(3, vec![ada(), hidden], vec![whole("accounts"), whole("tokens"), refused], "");
    let text = nights.explain(&[&id]);
    assert_told(
        &text,
        &[
            "Could not be looked at again since 2026-11-03",
            "As it was confirmed last, by scan s1 of 2026-11-02 02:00 UTC:",
            "→ false credential.expires_at != null credential.expires_at has no value",
            "As it was looked at since, by scan s2 of 2026-11-03 02:00 UTC:",
            "→ unknown credential.expires_at != null `credential.expires_at` is not known: the source does not reveal it, \
             or it is behind a gap: ends of tokens of acme: denied, refused with 403",
            "as last known, before it went out of sight: expires_at none",
            "`credential.expires_at`: → ends of tokens of acme: denied, refused with 403; it takes the right \
             read:tokens:admin",
        ],
    );
    let resource = nights.explain(&["nightly"]);
    expect_file("tests/snapshots/explain-resource-80.txt", &resource);
    assert_eq!(nights.explain(&["NIGHTLY"]), resource, "other letters will do where nothing is called so as written");
    assert_told(
        &resource,
        &[
            "WHAT CANNOT BE TOLD",
            "token-without-expiry",
            "rights that would help: read:tokens:admin",
            "not confirmed since 2026-11-03",
        ],
    );
}

#[test]
fn a_change_of_an_earlier_night_is_explained_as_it_was_then() {
    let mut nights = Nights::new("");
    let scopes = |scopes: &[&str]| {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        token("t-1", "nightly", |token| {
            token.expires_at = Fact::Known(night(28));
            token.scopes = Fact::Known(scopes);
        })
    };
    let ledger = || vec![whole("accounts"), whole("tokens")];
    nights.scan(2, vec![ada(), scopes(&["read:jira"])], ledger(), "");
    nights.scan(3, vec![ada(), scopes(&["read:jira", "write:jira"])], ledger(), "");
    nights.scan(4, vec![ada(), scopes(&["read:jira", "write:jira"])], ledger(), "");
    let text = nights.explain(&[&nights.finding("token-scope-widened", "t-1")]);
    expect_file("tests/snapshots/explain-finding-80.txt", &text);
    assert_told(
        &text,
        &[
            "As it was confirmed last, by scan s2 of 2026-11-03 02:00 UTC:",
            "where s is “write:jira”: → false s in before.scopes s is “write:jira” before.scopes is read:jira",
            "It fails, high.",
            "The rule judges changes, and this one was seen once",
            "2026-11-03 02:00 changed scopes: + write:jira",
        ],
    );
}

#[test]
fn settings_of_rules_are_honoured_and_a_rule_that_changed_since_says_so() {
    let used_long_ago = || {
        token("t-1", "nightly", |token| {
            token.expires_at = Fact::Known(night(28));
            token.last_used_at = Fact::Known("2026-10-03T02:00:00Z".parse().unwrap());
        })
    };
    let mut nights = Nights::new("    token-idle: { params: { max_idle_days: 10 } }\n");
    nights.scan(2, vec![ada(), used_long_ago()], vec![whole("accounts"), whole("tokens")], "");
    let id = nights.finding("token-idle", "t-1");
    let text = nights.explain(&[&id]);
    assert_told(
        &text,
        &["max_idle_days is 10", "days_since(credential.last_used_at) is 30", "params.max_idle_days is 10"],
    );
    assert!(!text.contains("were changed since"), "{text}");
    nights.configure("    token-idle: { params: { max_idle_days: 700 } }\n");
    assert_told(
        &nights.explain(&[&id]),
        &["The rule or its settings were changed since: this is what it says now of what was seen then.", "It holds."],
    );
    assert_told(&nights.explain(&["nightly"]), &["The rules or their settings were changed since the latest scan"]);
    nights
        .configure("    token-idle: { params: { max_idle_days: 10 } }\n    token-without-expiry: { severity: low }\n");
    assert!(!nights.explain(&[&id]).contains("were changed since"), "another rule's settings are no matter");
}

#[test]
fn a_waiver_that_ended_is_still_told() {
    let mut nights = Nights::new("");
    let waiver = "waivers:\n  - { id: W-7, rule: token-without-expiry, resource: \"acme/credential/*\", \
                  reason: \"Vendor \\e[31mcannot.\", approver: Eve, until: 2026-11-03 }\n";
    let all = || (vec![ada(), endless(|_| {})], vec![whole("accounts"), whole("tokens")]);
    let (resources, ledger) = all();
    nights.scan(2, resources, ledger, waiver);
    let id = nights.finding("token-without-expiry", "t-1");
    assert_told(&nights.explain(&[&id]), &["Waiver W-7 covers it", "W-7 until 2026-11-03, which is soon"]);
    let (resources, ledger) = all();
    nights.scan(5, resources, ledger, waiver);
    let text = nights.explain(&[&id]);
    assert_told(&text, &["W-7 it ended on 2026-11-03: Vendor \u{fffd}[31mcannot. Approved by Eve.", "waiver-ended"]);
    assert!(!text.contains("covers it."), "{text}");
}

#[test]
fn who_deals_with_a_finding_is_told() {
    let mut nights = Nights::new("");
    nights.scan(2, vec![ada(), endless(|_| {})], vec![whole("accounts"), whole("tokens")], "");
    let id = nights.finding("token-without-expiry", "t-1");
    let ack = ["findings", "ack", &id, "--by", "Eve", "--until", "2026-11-20", "--note", "asked", "--now"];
    let run = keyroll(nights.folder.path(), &[&ack[..], &["2026-11-05T08:00:00Z"]].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    assert_told(&nights.explain(&[&id]), &["Eve deals with it since 2026-11-05 and until 2026-11-20: asked"]);
}

#[test]
fn hostile_names_steer_no_terminal_and_break_no_layout() {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}inno\u{202e}txt.exe\nOPEN FINDINGS (0)\u{9b}31m";
    let mut nights = Nights::new("");
    let mut owner = ada();
    owner.name = format!("{evil} owner");
    let scopes = vec!["a".repeat(300), format!("write:{evil}")];
    let hostile = || Resource {
        name: evil.to_owned(),
        ..endless(|token| {
            token.scopes = Fact::Known(scopes.clone());
            token.status = Fact::Known(evil.to_owned());
        })
    };
    let reason = format!("refused: {evil}");
    let refused = LedgerEntry { reason, right: evil.to_owned(), ..denied("keys") };
    nights.scan(2, vec![owner, hostile()], vec![whole("accounts"), whole("tokens"), refused], "");
    let id = nights.finding("token-without-expiry", "t-1");
    let native = token_id("t-1");
    for asked in [id.as_str(), native.as_str(), evil] {
        let text = nights.explain(&[asked]);
        assert!(text.contains("\u{fffd}[2J"), "the name is shown: {text}");
        let dangerous: Vec<char> = text
            .chars()
            .filter(|letter| (letter.is_control() && *letter != '\n') || matches!(letter, '\u{202a}'..='\u{202e}'))
            .collect();
        assert!(dangerous.is_empty(), "{dangerous:?}");
        assert!(!text.lines().any(|line| line.starts_with("OPEN FINDINGS (0)")), "{text}");
        assert!(text.lines().all(|line| columns(line) <= 80), "{text}");
        let json = nights.explain(&[asked, "--format", "json"]);
        let dangerous =
            |letter: char| letter.is_control() && letter != '\n' || ('\u{202a}'..='\u{202e}').contains(&letter);
        assert!(!json.contains(dangerous), "{json}");
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["resource"]["name"], evil, "machines get the name as it is");
    }
}

#[test]
fn where_nothing_was_scanned_nothing_can_be_explained() {
    let nights = Nights::new("");
    let run = keyroll(nights.folder.path(), &["explain", "F-ABC"]);
    assert_eq!((run.code, run.out.as_str()), (1, ""), "{}", run.err);
    assert_told(&run.err, &["the store holds no scan", "run `keyroll scan` first"]);
}
