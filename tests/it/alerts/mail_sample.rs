//! Notices to send: one for each sort of occasion, and one of hostile names.

use chrono::{DateTime, TimeZone, Utc};
use keyroll::model::{
    Action, ControlId, Effect, FindingId, Kind, Notice, ResourceId, Severity, SnapshotId, Thread, Topic,
};

/// When all of it happens.
pub(super) fn night() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 2, 7, 0).unwrap()
}

/// A notice without effects, to be completed.
pub(super) fn notice(topic: Topic, action: Action, severity: Severity, title: &str) -> Notice {
    Notice {
        id: "N-4ZJ8Q0M2T6W1KCXA".into(),
        channel: "ops".into(),
        recipients: Vec::new(),
        topic,
        action,
        cause: "C-9D1MB7E3HY5RPV2G".into(),
        severity,
        title: title.to_owned(),
        lead: Vec::new(),
        effects: Vec::new(),
        hidden: 0,
        more: String::new(),
        estate: "acme".to_owned(),
        snapshot: Some(SnapshotId(214)),
        created_at: night(),
    }
}

/// One thing that a notice is about.
pub(super) fn effect(what: &str, severity: Severity, name: &str, text: &str) -> Effect {
    Effect {
        what: what.to_owned(),
        severity,
        text: text.to_owned(),
        note: String::new(),
        remedy: String::new(),
        finding: None,
        rule: None,
        rule_title: String::new(),
        controls: Vec::new(),
        resource: Some(ResourceId::new("acme", Kind::Credential, name)),
        resource_name: name.to_owned(),
        owner: None,
        sources: vec!["acme-org".into()],
        environments: vec!["production".to_owned()],
        since: Some(Utc.with_ymd_and_hms(2026, 11, 21, 17, 42, 0).unwrap()),
        link: String::new(),
    }
}

/// An effect that is a finding of a rule.
pub(super) fn finding_effect(what: &str, severity: Severity, name: &str, text: &str) -> Effect {
    let rule = "token-without-expiry".into();
    let resource = ResourceId::new("acme", Kind::Credential, name);
    let finding = FindingId::of(&rule, &resource);
    Effect {
        link: format!("keyroll explain {}", finding.short()),
        finding: Some(finding),
        rule: Some(rule),
        rule_title: "API token without an end date".to_owned(),
        controls: ["soc2:CC6.1", "iso27001:A.5.17"].into_iter().filter_map(ControlId::parse).collect(),
        remedy: "Give it an end date within a year, or replace it by one that has one.".to_owned(),
        ..effect(what, severity, name, text)
    }
}

/// Findings of one cause.
pub(super) fn finding() -> Notice {
    let mut admin = finding_effect(
        "opened",
        Severity::Critical,
        "svc-build",
        "Account “svc-build” can administer the whole organisation, and nobody signs in with it.",
    );
    admin.rule = Some("service-account-is-admin".into());
    admin.rule_title = "Service account administers the organisation".to_owned();
    admin.note =
        "Granted directly on 21 Nov 17:42; token “ci-deploy” acts with it and was used an hour ago.".to_owned();
    admin.remedy = "Take the role away: the deploy job needs access to its project only.".to_owned();
    admin.owner = Some("Dana Fox (Platform)".to_owned());
    let mut jenkins =
        finding_effect("opened", Severity::High, "jenkins-deploy", "API token “jenkins-deploy” never ends.");
    jenkins.owner = Some("Émile Müller".to_owned());
    let mut sync = finding_effect("worsened", Severity::High, "sync", "Token “sync” gained the right to write.");
    sync.note = "medium → high".to_owned();
    sync.link = "https://keyroll.example.com/findings/F-2XC8".to_owned();
    Notice {
        lead: vec![
            "Account “svc-build” was made an administrator of the organisation on 21 Nov at 17:42 UTC, by Kim Lee. \
             Two tokens act with it."
                .to_owned(),
            "Whoever holds one of these tokens can read and change everything in the organisation.".to_owned(),
        ],
        effects: vec![
            admin,
            jenkins,
            finding_effect("opened", Severity::High, "gitlab-mirror", "API token “gitlab-mirror” never ends."),
            sync,
        ],
        more: "keyroll findings --cause C-9D1MB7E3HY5RPV2G".to_owned(),
        ..notice(
            Topic::Findings,
            Action::Raise,
            Severity::Critical,
            "“svc-build” can administer the whole organisation",
        )
    }
}

/// Something ends soon, told to its owner.
pub(super) fn expiry() -> Notice {
    let mut token = effect(
        "ends in 7 days",
        Severity::Medium,
        "jenkins",
        "API token “jenkins” ends on Sun 29 Nov 2026 at 00:00 UTC.",
    );
    token.owner = Some("Dana Fox".to_owned());
    token.note = "Used yesterday, by the nightly builds.".to_owned();
    token.remedy = "Make a new token, put it into the build server, then revoke this one.".to_owned();
    token.link = "https://id.atlassian.com/manage-profile/security/api-tokens".to_owned();
    Notice {
        recipients: vec!["dana@example.com".to_owned()],
        lead: vec!["An API token of yours ends in 7 days. What uses it stops working then.".to_owned()],
        effects: vec![token],
        ..notice(Topic::Expiry, Action::Raise, Severity::Medium, "API token “jenkins” ends in 7 days")
    }
}

/// Several notices in one, and more than fits.
pub(super) fn digest() -> Notice {
    let tokens = (1..=3).map(|number| {
        finding_effect(
            "opened",
            Severity::Medium,
            &format!("token-{number}"),
            &format!("API token “token-{number}” never ends."),
        )
    });
    let mut effects: Vec<Effect> = tokens.collect();
    effects.push(effect("resolved", Severity::Low, "gitlab", "Token “gitlab” was rotated."));
    Notice {
        lead: vec!["1,204 findings changed since Saturday; the worst are listed.".to_owned()],
        effects,
        hidden: 1200,
        more: "https://keyroll.example.com/findings?since=2026-11-21".to_owned(),
        ..notice(Topic::Digest, Action::Tell, Severity::Medium, "1,204 changes since Saturday")
    }
}

/// All of the cause is over.
pub(super) fn settled() -> Notice {
    Notice {
        id: "N-SETTLED000000000".into(),
        lead: vec!["All findings of this cause are resolved.".to_owned()],
        effects: vec![finding_effect(
            "resolved",
            Severity::High,
            "jenkins-deploy",
            "API token “jenkins-deploy” has an end date.",
        )],
        ..notice(Topic::Findings, Action::Settle, Severity::High, "Resolved: “svc-build” is no administrator any more")
    }
}

/// Names by people who want more than to be read.
pub(super) fn hostile() -> Notice {
    let bad = "x\r\nBcc: evil@example.net\r\n\r\n<script>alert(1)</script>\u{202e}fdp.exe =?utf-8?q?=0D=0ABcc:_evil?=";
    let mut worst = finding_effect("opened", Severity::High, bad, bad);
    worst.owner = Some("Fox, Dana <evil@example.net>, \"x\"".to_owned());
    worst.link = "javascript:alert(1)".to_owned();
    worst.note = "=HYPERLINK(\"https://evil.example.net\")".to_owned();
    worst.remedy = format!("https://example.com/{}", "a".repeat(300));
    Notice {
        estate: "acme\r\nX-Evil: 1".to_owned(),
        channel: "ops\r\nX-Evil: 1".into(),
        lead: vec![bad.to_owned(), ".".to_owned(), "From me".to_owned()],
        effects: vec![worst],
        more: "https://evil.example.net/\" onmouseover=\"alert(1)".to_owned(),
        ..notice(Topic::Findings, Action::Raise, Severity::High, &bad.repeat(8))
    }
}

/// What an earlier notice of the same cause left behind.
pub(super) fn thread(remote: Option<String>) -> Thread {
    let notice = finding();
    Thread {
        channel: notice.channel,
        cause: notice.cause,
        remote,
        raised_at: night(),
        told_at: night(),
        severity: notice.severity,
        settled: false,
        escalated: Vec::new(),
    }
}
