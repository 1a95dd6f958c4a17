//! The body of a webhook: a CloudEvent whose data is a form of its own, so that what we keep inside can change without
//! anybody's receiver noticing. Fields are only ever added within a version.

use serde::Serialize;

use crate::model::{Effect, Notice};

/// The version of [`Data`].
const VERSION: u32 = 1;

/// The envelope (CloudEvents 1.0, structured mode).
#[derive(Serialize)]
struct Event<'a> {
    specversion: &'static str,
    id: &'a str,
    source: String,
    r#type: String,
    subject: &'a str,
    time: String,
    datacontenttype: &'static str,
    data: Data<'a>,
}

/// What a webhook tells. Texts are as they were found, names included: a receiver that shows them has to escape them.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    /// The version of this form.
    version: u32,
    /// The notice's id: the same for every try.
    notice: &'a str,
    /// What it is about: `findings`, `expiry`, …
    topic: &'static str,
    /// `raise`, `update`, `settle` or `tell`.
    action: &'static str,
    /// The id that all notices of one cause share.
    cause: &'a str,
    /// The worst severity among the effects.
    severity: &'static str,
    /// The estate's name.
    estate: &'a str,
    /// The channel's name in the configuration.
    channel: &'a str,
    /// The scan that gave occasion.
    scan: Option<i64>,
    /// One line.
    title: &'a str,
    /// What happened, in paragraphs.
    lead: &'a [String],
    /// What it is about, the worst first.
    effects: Vec<Told<'a>>,
    /// How many more there are that are not listed.
    more: usize,
    /// Where or how to see all of it; may be empty.
    read_on: &'a str,
}

/// One of the things that a notice is about.
#[derive(Serialize)]
struct Told<'a> {
    what: &'a str,
    severity: &'static str,
    text: &'a str,
    note: &'a str,
    remedy: &'a str,
    finding: Option<&'a str>,
    rule: Option<&'a str>,
    rule_title: &'a str,
    controls: Vec<String>,
    resource: Option<&'a str>,
    resource_name: &'a str,
    owner: Option<&'a str>,
    sources: Vec<&'a str>,
    environments: &'a [String],
    since: Option<String>,
    link: &'a str,
}

/// The body as it is signed and sent.
pub(super) fn body(notice: &Notice) -> String {
    let event = Event {
        specversion: "1.0",
        id: notice.id.as_str(),
        source: source(&notice.estate),
        r#type: format!("keyroll.notice.{}", notice.topic.name()),
        subject: notice.cause.as_str(),
        time: notice.created_at.to_rfc3339(),
        datacontenttype: "application/json",
        data: data(notice),
    };
    serde_json::to_string(&event).expect("internal: our own types can be written as JSON")
}

/// A URI reference, as the envelope demands: an estate's name may have spaces.
fn source(estate: &str) -> String {
    format!("keyroll/{}", crate::http::segment(estate))
}

fn data(notice: &Notice) -> Data<'_> {
    Data {
        version: VERSION,
        notice: notice.id.as_str(),
        topic: notice.topic.name(),
        action: notice.action.name(),
        cause: notice.cause.as_str(),
        severity: notice.severity.name(),
        estate: &notice.estate,
        channel: notice.channel.as_str(),
        scan: notice.snapshot.map(|snapshot| snapshot.0),
        title: &notice.title,
        lead: &notice.lead,
        effects: notice.effects.iter().map(told).collect(),
        more: notice.hidden,
        read_on: &notice.more,
    }
}

fn told(effect: &Effect) -> Told<'_> {
    Told {
        what: &effect.what,
        severity: effect.severity.name(),
        text: &effect.text,
        note: &effect.note,
        remedy: &effect.remedy,
        finding: effect.finding.as_ref().map(|finding| finding.as_str()),
        rule: effect.rule.as_ref().map(|rule| rule.as_str()),
        rule_title: &effect.rule_title,
        controls: effect.controls.iter().map(ToString::to_string).collect(),
        resource: effect.resource.as_ref().map(|resource| resource.as_str()),
        resource_name: &effect.resource_name,
        owner: effect.owner.as_deref(),
        sources: effect.sources.iter().map(|source| source.as_str()).collect(),
        environments: &effect.environments,
        since: effect.since.map(|since| since.to_rfc3339()),
        link: &effect.link,
    }
}
