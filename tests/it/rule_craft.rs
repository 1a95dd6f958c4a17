//! What is said about rules as a whole: packs, lint, small mistakes, and where the estate stands towards controls.

use std::fs;

use keyroll::cli::understands;
use keyroll::model::PostureState;

use crate::support::keyroll::keyroll;
use crate::support::pretended::Estate;

const WEAK: &str = "id: token-too-old
version: 1
title: Token is too old
severity: low
applies_to: credential
scope: credential.form == \"api-token\" && credential.created_at != null
require: days_since(credential.created_at) < 500
message: M
why: W
fix: Make another.
verify: V
cases:
  - { name: new, given: { form: api-token, created_at: 1 days ago }, expect: pass }
  - { name: old, given: { form: api-token, created_at: 900 days ago }, expect: fail }
";

/// A folder with a configuration without sources, and one rule in it that is weak.
fn with_weak_rule(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::write(folder.path().join("rules/token-too-old.yaml"), WEAK).unwrap();
    let text = format!("estate: acme\nsources: []\nrules:\n  folders: [rules]\n{more}");
    fs::write(folder.path().join("keyroll.yaml"), text).unwrap();
    folder
}

#[test]
fn a_weak_rule_is_told_with_its_place_and_fails_the_check() {
    let folder = with_weak_rule("");
    let run = keyroll(folder.path(), &["rules", "lint"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let lines: Vec<&str> = run.out.lines().collect();
    let places = [
        "./rules/token-too-old.yaml:1:5: no case of `token-too-old` shows what it says where a fact is missing",
        "./rules/token-too-old.yaml:1:5: `fix` of `token-too-old` does not say where",
        "./rules/token-too-old.yaml:1:5: `token-too-old` serves no control",
        "./rules/token-too-old.yaml:7:46: the threshold 500 is fixed",
    ];
    for place in places {
        assert!(lines.iter().any(|line| line.starts_with(place)), "{place}\n{}", run.out);
    }
    assert_eq!(lines.len(), places.len() + 1, "{}", run.out);
    assert!(run.err.contains("There is no scan yet"), "{}", run.err);
    let json = keyroll(folder.path(), &["rules", "lint", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, told["found"].as_array().unwrap().len()), (1, places.len()));
    assert_eq!(told["found"][3]["line"], 7);
}

#[test]
fn the_shipped_rules_alone_are_clean() {
    let folder = tempfile::tempdir().unwrap();
    let run = keyroll(folder.path(), &["rules", "lint"]);
    assert_eq!(run.code, 0, "{}", run.out);
}

#[test]
fn what_no_case_notices_is_shown_under_a_caret() {
    let folder = with_weak_rule("");
    let run = keyroll(folder.path(), &["rules", "test", "token-too-old", "--mutate"]);
    assert_eq!(run.code, 1, "{}", run.err);
    let caret = format!("    days_since(credential.created_at) < 500\n{}^ <=\n", " ".repeat(38));
    assert!(run.out.contains(&caret), "{}", run.out);
    let shipped = keyroll(folder.path(), &["rules", "test", "token-idle", "--mutate"]);
    assert_eq!(shipped.code, 0, "{}", shipped.out);
}

#[test]
fn a_pack_is_chosen_by_the_configuration() {
    let folder = with_weak_rule("  pack: essential\n  override:\n    token-idle: { enabled: true }\n");
    let listed = keyroll(folder.path(), &["rules", "list", "--width", "200"]).out;
    assert!(listed.contains("token-idle ") && listed.contains("token-too-old ") && !listed.contains("pat-idle "));
    let strict = keyroll(folder.path(), &["rules", "list", "--pack", "strict", "--width", "200"]);
    assert!(strict.out.contains("pat-idle ") && strict.err.starts_with("Strict: "), "{}", strict.err);
    let shown = keyroll(folder.path(), &["rules", "show", "token-without-expiry"]).out;
    assert!(shown.contains("essential, strict"), "{shown}");
    let folder = with_weak_rule("  pack: esential\n");
    let wrong = keyroll(folder.path(), &["rules", "list"]);
    assert_eq!(wrong.code, 3);
    assert!(wrong.err.contains("there is no pack `esential`") && wrong.err.contains("did you mean `essential`?"));
    let unknown = keyroll(tempfile::tempdir().unwrap().path(), &["rules", "list", "--pack", "none"]);
    assert!(unknown.code == 1 && unknown.err.contains("there are essential and strict"), "{}", unknown.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn controls_stand_as_the_findings_and_gaps_say() {
    let estate = Estate::new().await;
    estate.configure("");
    estate.scan().await;
    let assessment = estate.assess();
    let soc2 = assessment.postures.iter().find(|posture| posture.id == "soc2").unwrap();
    let state = |id: &str| soc2.controls.iter().find(|control| control.id.as_str() == id).unwrap();
    let access = state("soc2:CC6.1");
    assert_eq!(access.state, PostureState::NotMet);
    assert!(!access.open.is_empty() && !access.gaps.is_empty());
    assert_eq!(state("soc2:CC7.3").state, PostureState::Manual);
    // No self-hosted product is configured, so nothing that also speaks of these is met.
    for posture in &assessment.postures {
        for control in &posture.controls {
            assert_eq!(
                control.state == PostureState::Met,
                control.open.is_empty()
                    && control.gaps.is_empty()
                    && control.waived.is_empty()
                    && !control.rules.is_empty(),
                "{control:?}"
            );
        }
    }
    let run = keyroll(estate.path("").as_path(), &["rules", "controls", "--framework", "soc2", "--width", "140"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("CC6.1") && run.out.contains("not met"), "{}", run.out);
    assert!(run.out.contains("in our words and not confirmed"), "{}", run.out);
    let wrong = keyroll(estate.path("").as_path(), &["rules", "controls", "--framework", "soc3"]);
    assert!(wrong.code == 1 && wrong.err.contains("did you mean `soc2`?"), "{}", wrong.err);
    let lint = keyroll(estate.path("").as_path(), &["rules", "lint"]);
    assert!(lint.out.lines().all(|line| !line.contains("[fail-together]")), "{}", lint.out);
}

#[test]
fn the_commands_are_understood() {
    for words in
        ["keyroll rules test --mutate", "keyroll rules lint --format json", "keyroll rules controls --format csv"]
    {
        assert!(understands(&words.split(' ').map(str::to_owned).collect::<Vec<_>>()), "{words}");
    }
}
