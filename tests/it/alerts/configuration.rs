//! Building channels from what people write: all mistakes at once, and no secret shown.

use keyroll::alerts::CHANNELS;

use super::{Secrets, build, complaints};

/// A configuration of each channel over HTTP that can be used, with `{name}` for each secret.
pub(super) const USABLE: &[(&str, &str)] = &[
    ("slack", "url: {hook}\n"),
    ("slack", "token: {token}\nconversation: C0123456789\nbase_url: {url}\n"),
    ("teams", "url: {hook}\n"),
    ("webhook", "url: {hook}\nsecret: {secret}\nheaders: {{ x-api-key: {token} }}\n"),
    ("pagerduty", "routing_key: {token}\nbase_url: {url}\n"),
    ("jira-ticket", "base_url: {url}\nuser: bot@acme.example\ntoken: {token}\nproject: SEC\n"),
    ("jira-ticket", "base_url: {url}\ndeployment: data-center\ntoken: {token}\nproject: SEC\n"),
];

/// Values that must never be shown.
pub(super) const PLANTED: [&str; 3] =
    ["pl4nted-path-0123456789", "pl4nted-token-0123456789", "pl4nted-secret-0123456789"];

/// The configuration with its secrets in files, for a server at `url`.
pub(super) fn filled(yaml: &str, url: &str, secrets: &Secrets) -> String {
    let hook = secrets.keep("hook", &format!("{url}/services/{}?sig={}", PLANTED[0], PLANTED[2]));
    yaml.replace("{hook}", &hook)
        .replace("{token}", &secrets.keep("token", PLANTED[1]))
        .replace("{secret}", &secrets.keep("secret", PLANTED[2]))
        .replace("{url}", url)
        .replace("{{", "{")
        .replace("}}", "}")
}

#[test]
fn what_is_documented_can_be_used() {
    let secrets = Secrets::new();
    for (kind, yaml) in USABLE {
        let yaml = filled(yaml, "https://example.com", &secrets);
        let more = "timeout_seconds: 20\nallow_http: false\nproxy: http://proxy.example:3128\n";
        let channel = build(kind, &format!("{yaml}{more}")).unwrap_or_else(|problems| panic!("{kind}: {problems}"));
        assert_eq!(channel.name().as_str(), "ops");
    }
}

#[test]
fn every_channel_over_http_is_registered_with_its_papers() {
    for (kind, _) in USABLE {
        let kind = CHANNELS.iter().find(|each| each.name == *kind).unwrap();
        assert!(!kind.summary.is_empty() && kind.most_effects > 0);
    }
    let open: Vec<&str> = CHANNELS.iter().filter(|kind| kind.keeps_open).map(|kind| kind.name).collect();
    assert!(open.contains(&"pagerduty") && open.contains(&"jira-ticket") && !open.contains(&"slack"), "{open:?}");
}

#[test]
fn a_pasted_secret_is_a_problem_and_shown_nowhere() {
    for (kind, yaml, key) in [
        ("slack", "url: https://hooks.example.com/pl4nted\n", "url"),
        ("slack", "token: xoxb-pl4nted\nconversation: C1\n", "token"),
        ("teams", "url: 'https://x.example.com/?sig=pl4nted'\n", "url"),
        ("webhook", "url: env:X\nsecret: whsec_pl4nted\n", "secret"),
        ("webhook", "url: env:X\nsecret: env:X\nheaders:\n  x-key: pl4nted\n", "x-key"),
        ("pagerduty", "routing_key: pl4nted\n", "routing_key"),
        ("jira-ticket", "base_url: https://acme.example\nuser: a\ntoken: pl4nted\nproject: SEC\n", "token"),
    ] {
        let told = complaints(kind, yaml);
        assert!(told.contains(&format!("`{key}` is no reference")) && !told.contains("pl4nted"), "{told}");
    }
}

#[test]
fn an_empty_or_missing_secret_is_a_problem() {
    let secrets = Secrets::new();
    let empty = secrets.keep("empty", " \n");
    for (kind, yaml) in USABLE {
        let with = |reference: &str| {
            yaml.replace("{hook}", reference)
                .replace("{token}", reference)
                .replace("{secret}", reference)
                .replace("{url}", "https://example.com")
                .replace("{{", "{")
                .replace("}}", "}")
        };
        assert!(complaints(kind, &with(&empty)).contains("is empty"), "{kind}");
        assert!(complaints(kind, &with("env:KEYROLL_TEST_UNSET")).contains("is not set"), "{kind}");
        assert!(complaints(kind, "{}\n").contains("missing") || *kind == "slack", "{kind}");
    }
    assert!(complaints("slack", "{}\n").contains("there is no way to Slack"));
}

#[test]
fn what_would_travel_in_the_open_is_a_problem() {
    let secrets = Secrets::new();
    for (kind, yaml) in USABLE {
        let yaml = filled(yaml, "http://example.com", &secrets);
        let told = complaints(kind, &yaml);
        assert!(told.contains("allow_http: true") && !told.contains("pl4nted"), "{told}");
        assert!(build(kind, &format!("{yaml}allow_http: true\n")).is_ok(), "{kind}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let told = complaints(
        "jira-ticket",
        "deployment: server\nproject: sec\nlabels: ['a b']\ntitel: x\nfields: {labels: [x]}\n",
    );
    for what in [
        "`deployment` cannot be `server`",
        "`project` is no project key",
        "no spaces",
        "unknown key `titel`",
        "the field `labels` is set by keyroll itself",
        "`base_url` is missing",
        "`token` is missing",
    ] {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert!(complaints("jira-ticket", "title: '{{ titel }}'\n").contains("did you mean `title`?"));
    assert!(complaints("jira-ticket", "fields: {priority: {name: '{{ prio }}'}}\n").contains("unknown field `prio`"));
    assert!(complaints("slack", "url: env:X\ntoken: env:X\n").contains("exclude each other"));
    assert!(complaints("teams", "url: env:X\ntimeout_seconds: 0\n").contains("expected 1 to 3600"));
}

#[test]
fn a_weak_key_to_sign_with_is_a_problem() {
    let secrets = Secrets::new();
    let (hook, weak) = (secrets.keep("hook", "https://example.com/x"), secrets.keep("weak", "pl4nted"));
    let told = complaints("webhook", &format!("url: {hook}\nsecret: {weak}\n"));
    assert!(told.contains("has 7 bytes, expected at least 16") && !told.contains("pl4nted"), "{told}");
    let strong = secrets.keep("strong", "whsec_MDEyMzQ1Njc4OWFiY2RlZg==");
    let own = complaints("webhook", &format!("url: {hook}\nsecret: {strong}\nheaders: {{Webhook-Id: env:X}}\n"));
    assert!(own.contains("is set by keyroll itself"), "{own}");
}
