//! Notices for the tests of channels.

use keyroll::model::{Action, Effect, Notice, Severity, SnapshotId, Thread, Topic};

use super::morning;

/// A name that tries every markup there is.
pub(crate) const HOSTILE: &str =
    "<!channel> [~admin] *x* ~y~ <at>all</at> {code} `z` | [a](https://evil.example) \u{202e}& \u{1b}[31m\"'\n* b";

/// A notice about two findings of one cause, one of them about a thing with a hostile name.
pub(crate) fn notice() -> Notice {
    Notice {
        id: "N-0123456789ABCDEF".into(),
        channel: "ops".into(),
        recipients: Vec::new(),
        topic: Topic::Findings,
        action: Action::Raise,
        cause: "C-0123456789ABCDEF".into(),
        severity: Severity::Critical,
        title: "2 findings: svc-build can administer the organisation".to_owned(),
        lead: vec!["The role was granted on 21 Nov at 17:42 by somebody else.".to_owned()],
        effects: vec![effect("F-AAAA000000000001", "svc-build"), effect("F-AAAA000000000002", HOSTILE)],
        hidden: 3,
        more: "https://reports.example.com/s12?a=1&b=2".to_owned(),
        estate: "acme".to_owned(),
        snapshot: Some(SnapshotId(12)),
        created_at: morning(),
    }
}

/// A notice with an action.
pub(crate) fn asking(action: Action) -> Notice {
    Notice { action, ..notice() }
}

/// A notice of as many effects as one likes, each as wordy as can be.
pub(crate) fn huge(count: usize) -> Notice {
    let long = "Ü<&🔑".repeat(400);
    let effects = (0..count).map(|number| Effect {
        text: long.clone(),
        remedy: long.clone(),
        owner: Some(long.clone()),
        ..effect(&format!("F-{number:016}"), &long)
    });
    Notice { title: long.clone(), lead: vec![long.clone(); 12], effects: effects.collect(), ..notice() }
}

/// A finding about a thing of this name.
pub(crate) fn effect(finding: &str, name: &str) -> Effect {
    Effect {
        what: "opened".to_owned(),
        severity: Severity::Critical,
        text: format!("{name} can administer the whole organisation"),
        note: "medium → critical".to_owned(),
        remedy: "take the role away".to_owned(),
        finding: Some(finding.into()),
        rule: Some("organisation-admin".into()),
        rule_title: "Organisation administrators are known people".to_owned(),
        controls: Vec::new(),
        resource: None,
        resource_name: name.to_owned(),
        owner: Some("Team Build".to_owned()),
        sources: vec!["acme-org".into()],
        environments: vec!["production".to_owned()],
        since: Some(morning()),
        link: "keyroll explain F-AAAA00".to_owned(),
    }
}

/// What an earlier notice of the cause left behind.
pub(crate) fn thread(remote: &str) -> Thread {
    Thread {
        channel: "ops".into(),
        cause: "C-0123456789ABCDEF".into(),
        remote: Some(remote.to_owned()),
        raised_at: morning(),
        told_at: morning(),
        severity: Severity::Critical,
        settled: false,
        escalated: Vec::new(),
    }
}
