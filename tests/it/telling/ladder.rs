//! The expiry ladder: each rung once, to the owner and to those who hear of all, on a day on which somebody works; and off
//! the ladder with what was renewed or rotated.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use keyroll::alerts::{Ladder, Routing, climb_on};
use keyroll::config::Config;
use keyroll::model::Expiry;

fn routing(expiry: &str) -> Routing {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyroll.yaml");
    let text = format!(
        "estate: acme\nsources: []\nalerts:\n  channels:\n    - name: mail\n      type: email\n    - name: pager\n      \
         type: pagerduty\n  routes:\n    - to: [mail, pager]\n  expiry:\n{expiry}"
    );
    std::fs::write(&path, text).unwrap();
    Config::load(&path).unwrap().routing().clone()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn token(id: &str, ends_at: &str, owner: Option<&str>) -> Expiry {
    Expiry {
        id: id.to_owned(),
        what: format!("API token “{id}”"),
        ends_at: at(ends_at),
        resource: None,
        owner: owner.map(str::to_owned),
        owner_email: owner.map(|owner| format!("{owner}@acme.example")),
        owner_note: String::new(),
        use_note: "used yesterday".to_owned(),
        remedy: String::new(),
        sources: Vec::new(),
        environments: Vec::new(),
        own: false,
        observed: true,
    }
}

/// The days on which something is told about a token, with the days before its end, when somebody looks every day.
fn told_on(expiries: &[Expiry], routing: &Routing, from: &str, days: i64) -> Vec<(String, String, Vec<String>)> {
    let mut told = BTreeSet::new();
    let mut days_told = Vec::new();
    for day in 0..days {
        let now = at(from) + TimeDelta::days(day);
        let dispatch = climb_on(expiries, &told, "acme", routing, now);
        for outgoing in dispatch.outgoing {
            let title = outgoing.notice.title.clone();
            days_told.push((now.date_naive().to_string(), title, outgoing.notice.recipients));
        }
        told.extend(dispatch.told);
    }
    days_told
}

#[test]
fn each_rung_is_told_once() {
    let routing = routing("    to: mail\n");
    let told = told_on(&[token("t", "2027-01-31T12:00:00Z", None)], &routing, "2026-12-20T02:00:00Z", 50);
    let days: Vec<&str> = told.iter().map(|(day, ..)| day.as_str()).collect();
    assert_eq!(days, ["2027-01-01", "2027-01-17", "2027-01-24", "2027-01-28", "2027-01-30"], "30, 14, 7, 3, 1");
    assert_eq!(told[4].1, "API token “t” ends tomorrow");
}

#[test]
fn what_is_first_seen_between_two_rungs_is_told_at_once_and_then_at_the_next() {
    let routing = routing("    to: mail\n");
    let told = told_on(&[token("t", "2026-12-31T12:00:00Z", None)], &routing, "2026-12-20T02:00:00Z", 20);
    let days: Vec<&str> = told.iter().map(|(day, ..)| day.as_str()).collect();
    assert_eq!(days, ["2026-12-20", "2026-12-24", "2026-12-28", "2026-12-30"]);
}

#[test]
fn a_rung_on_a_day_off_is_told_on_the_last_working_day_before() {
    // 31 January 2027 is a Sunday: 30 days before is New Year's Day, 14, 7, 3 and 1 days before are Sunday, Sunday,
    // Thursday and Saturday.
    let expiry = "    to: mail\n    working_days: true\n    holidays: [\"2027-01-01\"]\n    zone: Europe/Berlin\n";
    let told = told_on(&[token("t", "2027-01-31T12:00:00Z", None)], &routing(expiry), "2026-12-20T02:00:00Z", 50);
    let days: Vec<&str> = told.iter().map(|(day, ..)| day.as_str()).collect();
    assert_eq!(days, ["2026-12-31", "2027-01-15", "2027-01-22", "2027-01-28", "2027-01-29"]);
}

#[test]
fn owners_hear_of_their_own_and_those_who_ask_hear_of_all() {
    let routing = routing("    to: mail\n    owners: mail\n    days: [7]\n");
    let expiries = [
        token("a", "2027-01-31T12:00:00Z", Some("ada")),
        token("b", "2027-01-31T13:00:00Z", Some("ada")),
        token("c", "2027-01-31T14:00:00Z", None),
    ];
    let told = told_on(&expiries, &routing, "2027-01-20T02:00:00Z", 12);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].1.starts_with("3 things end soon") && told[0].2.is_empty());
    assert!(told[1].1.starts_with("2 things end soon") && told[1].2 == ["ada@acme.example"]);
}

#[test]
fn a_channel_that_keeps_something_open_gets_one_for_each_thing() {
    let routing = routing("    to: pager\n    days: [7]\n");
    let expiries = [token("a", "2027-01-31T12:00:00Z", None), token("b", "2027-01-31T13:00:00Z", None)];
    assert_eq!(told_on(&expiries, &routing, "2027-01-24T02:00:00Z", 1).len(), 2);
}

#[test]
fn a_new_end_is_a_new_ladder_and_what_has_ended_is_off_it() {
    let routing = routing("    to: mail\n    days: [7]\n");
    let mut told = BTreeSet::new();
    let first =
        climb_on(&[token("t", "2027-01-31T12:00:00Z", None)], &told, "acme", &routing, at("2027-01-25T02:00:00Z"));
    told.extend(first.told);
    let renewed = [token("t", "2028-01-31T12:00:00Z", None)];
    assert!(climb_on(&renewed, &told, "acme", &routing, at("2027-01-26T02:00:00Z")).outgoing.is_empty());
    assert_eq!(climb_on(&renewed, &told, "acme", &routing, at("2028-01-25T02:00:00Z")).outgoing.len(), 1);
    assert!(climb_on(&renewed, &told, "acme", &routing, at("2028-02-25T02:00:00Z")).outgoing.is_empty());
}

#[test]
fn the_ladder_has_five_rungs_unless_somebody_says_otherwise() {
    assert_eq!(Ladder::default().days, [30, 14, 7, 3, 1]);
}
