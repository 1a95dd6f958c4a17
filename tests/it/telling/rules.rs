//! What is old calls nobody: a rule that is new, or a source that is new, is told as a sum. And a night on which everything
//! changes fits into a few messages.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use chrono::TimeDelta;
use keyroll::alerts::{Before, Known, Occasion, Routing, tell};
use keyroll::config::Config;
use keyroll::inventory::Inventory;
use keyroll::model::{Finding, RuleSummary, Severity, SnapshotId, Step, Transition};
use serde_json::Value;

use super::{ROUTES, Receiver, alerts, deliver, finding, rule, sent_to};
use crate::support::estate::{night, snapshot, token, whole};
use crate::support::pretended::Estate;

const RULE: &str = "\
id: every-token
version: 1
title: There is a token
severity: critical
applies_to: credential
require: credential.form != \"api-token\"
message: \"{{ credential.name }} is a token\"
controls: [soc2:CC6.1]
why: Because.
fix: Revoke it.
verify: Look.
cases:
  - { name: bad, given: { form: api-token }, expect: fail }
  - { name: good, given: { form: ssh-key }, expect: pass }
";

async fn with_a_new_rule(new_rules: &str) -> (Vec<Value>, Vec<Value>) {
    let (estate, receiver) = (Estate::new().await, Receiver::new().await);
    let text = format!("{}{new_rules}", alerts(&estate, &receiver, ROUTES));
    estate.configure(&text);
    estate.scan().await;
    deliver(&estate).await;
    fs::create_dir(estate.path("my")).unwrap();
    fs::write(estate.path("my/every-token.yaml"), RULE).unwrap();
    estate.configure(&format!("{text}rules:\n  folders: [my]\n"));
    estate.scan().await;
    deliver(&estate).await;
    (sent_to(&receiver, "all").split_off(1), sent_to(&receiver, "pager"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_rule_is_told_as_a_sum_and_calls_nobody_for_what_is_old() {
    let (all, pager) = with_a_new_rule("").await;
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0]["data"]["topic"], "adoption");
    assert!(all[0]["data"]["title"].as_str().unwrap().contains("every-token"), "{}", all[0]["data"]["title"]);
    assert!(all[0]["data"]["effects"].as_array().unwrap().len() > 20);
    assert_eq!(pager.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_rule_calls_if_somebody_asks_for_that() {
    let (all, pager) = with_a_new_rule("  new_rules: call\n").await;
    assert!(all.len() > 20, "{} messages", all.len());
    assert!(pager.len() > 20, "{} calls", pager.len());
}

fn routing(most: usize) -> Routing {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyroll.yaml");
    let text = format!(
        "estate: acme\nsources: []\nalerts:\n  channels:\n    - name: mail\n      type: email\n      messages_per_day: {most}\n    - \
         name: digest\n      type: email\n  routes:\n    - to: mail\n    - to: digest\n      digest: \"0 8 * * *\"\n"
    );
    fs::write(&path, text).unwrap();
    Config::load(&path).unwrap().routing().clone()
}

fn endless() -> RuleSummary {
    RuleSummary { severity: Severity::High, ..rule("token-without-expiry", "never expires") }
}

/// A night on which a hundred thousand findings come up at once.
#[test]
fn a_hundred_thousand_steps_in_one_night_are_a_few_bounded_messages() {
    const COUNT: usize = 100_000;
    let now = night(22);
    let names: Vec<String> = (0..COUNT).map(|number| format!("t-{number:06}")).collect();
    let tokens = names.iter().map(|name| token(name, name, |_| {})).collect();
    let snapshot = snapshot(tokens, vec![whole("tokens")]);
    let findings: Vec<Finding> = names.iter().map(|name| finding(&endless(), name, now)).collect();
    let transitions: Vec<Transition> = findings
        .iter()
        .map(|finding| Transition {
            finding: finding.id.clone(),
            step: Step::Opened,
            at: now,
            severity: Severity::High,
            note: String::new(),
        })
        .collect();
    let (inventory, known) = (Inventory::new(&snapshot), Known::default());
    let before = Before { rules: vec![endless()], sources: vec!["acme".into()], ..Before::default() };
    let occasion = Occasion {
        estate: "acme",
        snapshot: SnapshotId(2),
        started_at: now - TimeDelta::minutes(5),
        now,
        inventory: &inventory,
        changes: &[],
        findings: &findings,
        transitions: &transitions,
        rules: &[endless()],
        waivers: &[],
        before: Some(&before),
        known: &known,
        own: &[],
    };
    let began = Instant::now();
    let dispatch = tell(&occasion, &routing(20));
    println!("{COUNT} steps told in {:?}", began.elapsed());
    let mut per_channel: BTreeMap<&str, usize> = BTreeMap::new();
    for outgoing in &dispatch.outgoing {
        *per_channel.entry(outgoing.notice.channel.as_str()).or_default() += 1;
        assert!(outgoing.notice.effects.len() <= 50 && outgoing.notice.lead.len() <= 20);
    }
    assert_eq!(per_channel, BTreeMap::from([("digest", 1), ("mail", 21)]), "20 messages and one with the rest");
    for channel in ["digest", "mail"] {
        let of_channel = dispatch.outgoing.iter().filter(|out| out.notice.channel.as_str() == channel);
        assert_eq!(of_channel.map(|out| out.notice.count()).sum::<usize>(), COUNT, "all are counted");
    }
    let bytes: usize = dispatch.outgoing.iter().map(|out| serde_json::to_string(&out.notice).unwrap().len()).sum();
    assert!(bytes < 1_000_000, "{bytes} bytes");
}
