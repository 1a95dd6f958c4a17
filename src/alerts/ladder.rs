//! What ends soon, and when people are told of it: on each rung of the ladder once, to the owner and to those who hear of
//! all of it. A credential that was rotated or renewed is off the ladder; one that is only out of sight stays on it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::occasion::{Occasion, OwnCredential};
use super::routing::{Ladder, Routing};
use super::tell::{Draft, Writer, address_of};
use crate::inventory::Inventory;
use crate::model::{
    Action, Body, CauseId, ChannelName, Container, Credential, CredentialForm, Dispatch, Effect, Expiry, Fact, Kind,
    Resource, Severity, SourceName, Thread, Topic, WaiverState, WaiverUse,
};
use crate::text::{harmless, plural, shorten};

/// Days ahead for which ends are kept: beyond the highest rung, so that a calendar has something to show.
pub const HORIZON_DAYS: i64 = 400;

/// Begins the marks of rungs that were told.
pub const RUNG: &str = "rung:";

/// What a look at the ladder leads to.
pub(super) struct Climbed {
    pub(super) drafts: Vec<Draft>,
    pub(super) told: Vec<String>,
}

/// Looks at what a scan knows of ends. On a first scan nobody is told of single ones: each gets its next rung.
pub(super) fn climb(occasion: &Occasion<'_>, routing: &Routing) -> Climbed {
    let Occasion { inventory, waivers, own, now, .. } = *occasion;
    let endings = Endings { inventory, waivers, own, routing, now };
    let expiries: Vec<Expiry> = endings.up_to(furthest(&routing.ladder, now)).collect();
    let first = occasion.before.is_none();
    let rungs = rungs(&expiries, &routing.ladder, &occasion.known.told, now);
    let told = rungs.iter().map(Rung::mark).collect();
    let mut drafts = if first { summary(&rungs, routing) } else { drafts(&rungs, routing, now) };
    drafts.extend(renewed(&endings, &occasion.known.threads, &occasion.known.told));
    Climbed { drafts, told }
}

/// Looks at the ladder between scans: time passes even where no scan does.
#[must_use]
pub fn climb_on(
    expiries: &[Expiry],
    told: &BTreeSet<String>,
    estate: &str,
    routing: &Routing,
    now: DateTime<Utc>,
) -> Dispatch {
    let rungs = rungs(expiries, &routing.ladder, told, now);
    let drafts = drafts(&rungs, routing, now);
    let writer = Writer { routing, estate, snapshot: None, now };
    let mut dispatch = writer.write(drafts, &[], &std::collections::HashMap::new());
    dispatch.told.extend(rungs.iter().map(Rung::mark));
    dispatch
}

/// Something that has come down to a rung.
struct Rung<'e> {
    expiry: &'e Expiry,
    days: u16,
    left: i64,
}

impl Rung<'_> {
    /// A new end is a new ladder.
    fn mark(&self) -> String {
        format!("{RUNG}{}@{}:{}", self.expiry.id, self.expiry.ends_at.timestamp(), self.days)
    }

    fn severity(&self) -> Severity {
        match self.left {
            ..=3 => Severity::High,
            4..=14 => Severity::Medium,
            _ => Severity::Low,
        }
    }
}

/// What stands on a rung that was not told, nor a lower one: the soonest end first.
fn rungs<'e>(expiries: &'e [Expiry], ladder: &Ladder, told: &BTreeSet<String>, now: DateTime<Utc>) -> Vec<Rung<'e>> {
    let today = ladder.zone.local(now).date_naive();
    let mut rungs: Vec<Rung<'e>> = expiries
        .iter()
        .filter(|expiry| expiry.ends_at > now)
        .filter_map(|expiry| {
            let last = ladder.zone.local(expiry.ends_at).date_naive();
            let days = *ladder.days.iter().rev().find(|days| day_of_rung(last, **days, ladder) <= today)?;
            let rung = Rung { expiry, days, left: (last - today).num_days() };
            let lower = ladder.days.iter().filter(|lower| **lower <= days);
            let known = lower.map(|days| Rung { days: *days, ..rung.copy() }.mark()).any(|mark| told.contains(&mark));
            (!known).then_some(rung)
        })
        .collect();
    rungs.sort_by_key(|rung| (rung.expiry.ends_at, &rung.expiry.id));
    rungs
}

impl<'e> Rung<'e> {
    fn copy(&self) -> Rung<'e> {
        Rung { expiry: self.expiry, days: self.days, left: self.left }
    }
}

/// The day on which a rung is told: the last one before it on which somebody works.
fn day_of_rung(last: NaiveDate, days: u16, ladder: &Ladder) -> NaiveDate {
    let day = last - TimeDelta::days(days.into());
    ladder.working_days.as_ref().map_or(day, |working| working.last_working_day_on_or_before(day))
}

/// The end of the last day of which anything is told today: what ends later has not come down to the highest rung.
fn furthest(ladder: &Ladder, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = ladder.zone.local(now).date_naive();
    let highest = ladder.days.iter().max().copied().unwrap_or(0);
    let mut last = today + TimeDelta::days(highest.into());
    // Where nobody works for some days, rungs of these days are told before.
    let horizon = today + TimeDelta::days(HORIZON_DAYS);
    while last < horizon && day_of_rung(last + TimeDelta::days(1), highest, ladder) <= today {
        last += TimeDelta::days(1);
    }
    // Wherever the ladder stands, the day has ended there two days later.
    end_of_day(last) + TimeDelta::days(1)
}

/// One message for each who is to hear; of a channel that keeps something open, one for each thing that ends.
fn drafts(rungs: &[Rung<'_>], routing: &Routing, now: DateTime<Utc>) -> Vec<Draft> {
    let ladder = &routing.ladder;
    let mut places: BTreeMap<(ChannelName, Vec<String>), Vec<&Rung<'_>>> = BTreeMap::new();
    for rung in rungs {
        for channel in &ladder.to {
            places.entry((channel.clone(), Vec::new())).or_default().push(rung);
        }
        if let (Some(channel), Some(address)) = (&ladder.owners, &rung.expiry.owner_email) {
            places.entry((channel.clone(), vec![address.clone()])).or_default().push(rung);
        }
    }
    let mut drafts = Vec::new();
    for ((channel, recipients), rungs) in places {
        let keeps_open = routing.channel(&channel).is_some_and(|plan| plan.kind.keeps_open);
        if keeps_open {
            drafts.extend(rungs.iter().map(|rung| draft(&channel, &recipients, &[rung], Action::Raise, now)));
        } else {
            drafts.push(draft(&channel, &recipients, &rungs, Action::Tell, now));
        }
    }
    drafts
}

fn draft(
    channel: &ChannelName,
    recipients: &[String],
    rungs: &[&Rung<'_>],
    action: Action,
    now: DateTime<Utc>,
) -> Draft {
    let effects: Vec<Effect> = rungs.iter().map(|rung| effect(rung)).collect();
    let (title, cause) = match rungs {
        [one] => (format!("{} ends {}", one.expiry.what, in_days(one.left)), cause_of(one.expiry)),
        several => {
            let soonest = several.first().map_or(0, |rung| rung.left);
            let title =
                format!("{} soon, the first {}", plural(several.len(), "thing ends", "things end"), in_days(soonest));
            (title, CauseId::of(&("expiry", channel, recipients, now.date_naive())))
        }
    };
    let lead = vec![
        "Whatever still uses it after its end breaks. Make the new one first, hand it over, then let the old one go."
            .to_owned(),
    ];
    Draft {
        channel: channel.clone(),
        recipients: recipients.to_vec(),
        digest: None,
        topic: Topic::Expiry,
        action,
        cause,
        title,
        lead,
        effects,
        more: "keyroll calendar".to_owned(),
    }
}

/// What a first scan found near its end, in one message for each channel.
fn summary(rungs: &[Rung<'_>], routing: &Routing) -> Vec<Draft> {
    let near: Vec<&Rung<'_>> = rungs.iter().filter(|rung| rung.left <= 7).collect();
    if near.is_empty() {
        return Vec::new();
    }
    let channels =
        routing.ladder.to.iter().filter(|name| routing.channel(name).is_some_and(|plan| !plan.kind.keeps_open));
    channels.map(|channel| draft(channel, &[], &near, Action::Tell, DateTime::UNIX_EPOCH)).collect()
}

/// Threads of what was renewed, rotated or is gone: they are over.
fn renewed(endings: &Endings<'_>, threads: &[Thread], told: &BTreeSet<String>) -> Vec<Draft> {
    let climbed: BTreeMap<CauseId, &str> = told
        .iter()
        .filter_map(|mark| {
            let (id, end) = mark.strip_prefix(RUNG)?.rsplit_once(':')?.0.rsplit_once('@')?;
            Some((cause_of_parts(id, end.parse().ok()?), id))
        })
        .collect();
    let mut threads: Vec<&Thread> = threads.iter().filter(|thread| climbed.contains_key(&thread.cause)).collect();
    if threads.is_empty() {
        return Vec::new();
    }
    let still: BTreeSet<CauseId> = endings.each().map(|end| cause_of_parts(&end.id(), end.at.timestamp())).collect();
    threads.retain(|thread| !still.contains(&thread.cause));
    let over = threads.into_iter();
    over.filter_map(|thread| {
        let id = climbed.get(&thread.cause)?;
        let plan = endings.routing.channel(&thread.channel).filter(|plan| plan.kind.keeps_open)?;
        let what = format!("`{id}` was renewed, replaced or is gone: its end is nobody's worry any more");
        Some(Draft {
            channel: plan.name.clone(),
            recipients: Vec::new(),
            digest: None,
            topic: Topic::Expiry,
            action: Action::Settle,
            cause: thread.cause.clone(),
            title: shorten(&harmless(&what), 200),
            lead: Vec::new(),
            effects: Vec::new(),
            more: "keyroll calendar".to_owned(),
        })
    })
    .collect()
}

fn cause_of(expiry: &Expiry) -> CauseId {
    cause_of_parts(&expiry.id, expiry.ends_at.timestamp())
}

fn cause_of_parts(id: &str, ends_at: i64) -> CauseId {
    CauseId::of(&("expiry", id, ends_at))
}

fn effect(rung: &Rung<'_>) -> Effect {
    let expiry = rung.expiry;
    let notes = [&expiry.use_note, &expiry.owner_note];
    let mut note: Vec<&str> = notes.into_iter().map(String::as_str).filter(|note| !note.is_empty()).collect();
    if !expiry.observed {
        note.push("out of sight in the last scan, told as seen before");
    }
    Effect {
        what: format!("ends {}", in_days(rung.left)),
        severity: rung.severity(),
        text: format!("{} ends on {}", expiry.what, expiry.ends_at.format("%a %-d %b %Y")),
        note: note.join(" · "),
        remedy: expiry.remedy.clone(),
        finding: None,
        rule: None,
        rule_title: String::new(),
        controls: Vec::new(),
        resource: expiry.resource.clone(),
        resource_name: expiry.what.clone(),
        owner: expiry.owner.clone(),
        sources: expiry.sources.clone(),
        environments: expiry.environments.clone(),
        since: None,
        link: "keyroll calendar".to_owned(),
    }
}

fn in_days(left: i64) -> String {
    match left {
        ..=0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        days => format!("in {days} days"),
    }
}

/// Everything with a known end that is not too far off: credentials, licences, waivers, and keyroll's own. Looked at one by
/// one, for in a large estate there are very many.
#[derive(Debug, Clone, Copy)]
pub struct Endings<'a> {
    /// What was seen.
    pub inventory: &'a Inventory<'a>,
    /// The waivers and what they did.
    pub waivers: &'a [WaiverUse],
    /// Credentials of keyroll's own.
    pub own: &'a [OwnCredential],
    /// Says which sources are of which environment.
    pub routing: &'a Routing,
    /// When that is.
    pub now: DateTime<Utc>,
}

/// Something that ends.
struct End<'a> {
    at: DateTime<Utc>,
    what: What<'a>,
}

enum What<'a> {
    Credential { resource: &'a Resource, credential: &'a Credential, observed: bool },
    Licence { resource: &'a Resource, container: &'a Container, observed: bool },
    Waiver(&'a WaiverUse),
    Own(&'a OwnCredential),
}

impl End<'_> {
    fn id(&self) -> Cow<'_, str> {
        match self.what {
            What::Credential { resource, .. } | What::Licence { resource, .. } => resource.id.as_str().into(),
            What::Waiver(used) => format!("waiver:{}", used.waiver.id).into(),
            What::Own(own) => format!("own:{}", own.source).into(),
        }
    }
}

impl<'a> Endings<'a> {
    /// All that ends within [`HORIZON_DAYS`], each once, in no order that matters.
    pub fn expiries(&self) -> impl Iterator<Item = Expiry> {
        self.up_to(self.now + TimeDelta::days(HORIZON_DAYS))
    }

    fn up_to(&self, last: DateTime<Utc>) -> impl Iterator<Item = Expiry> {
        self.each().filter(move |end| end.at <= last).map(|end| self.told(&end))
    }

    fn each(&self) -> impl Iterator<Item = End<'a>> {
        let snapshot = self.inventory.snapshot();
        let seen = self.inventory.of_kind(Kind::Credential).chain(self.inventory.of_kind(Kind::Container));
        let seen = seen.filter_map(|resource| end_of(resource, true));
        // Of a credential whose end is hidden now the earlier word stands.
        let hidden = snapshot.carried.iter().filter(|held| snapshot.get(&held.id).and_then(known_end).is_none());
        let hidden = hidden.filter_map(|resource| end_of(resource, false));
        let waivers = self.waivers.iter().filter(|used| used.state != WaiverState::Expired && used.covers > 0);
        // A waiver that is void for one resource may still cover others, whose findings come up when it ends.
        let waivers = waivers.map(|used| End { at: end_of_day(used.waiver.until), what: What::Waiver(used) });
        let own = self.own.iter().filter_map(|own| Some(End { at: own.ends_at?, what: What::Own(own) }));
        let (from, to) = (self.now - TimeDelta::days(1), self.now + TimeDelta::days(HORIZON_DAYS));
        hidden.chain(seen).chain(waivers).chain(own).filter(move |end| (from..=to).contains(&end.at))
    }

    fn told(&self, end: &End<'_>) -> Expiry {
        match end.what {
            What::Credential { resource, credential, observed } => {
                self.of_credential(end.at, resource, credential, observed)
            }
            What::Licence { resource, container, observed } => self.of_licence(end.at, resource, container, observed),
            What::Waiver(used) => Expiry {
                id: end.id().into_owned(),
                what: format!("waiver {}", used.waiver.id),
                ends_at: end.at,
                resource: None,
                owner: Some(used.waiver.approver.clone()),
                owner_email: None,
                owner_note: String::new(),
                use_note: format!("covers {} of {}", plural(used.covers, "finding", "findings"), used.waiver.rule),
                remedy: "Mend what it covers, or have somebody decide anew.".to_owned(),
                sources: Vec::new(),
                environments: Vec::new(),
                own: false,
                observed: true,
            },
            What::Own(own) => Expiry {
                id: end.id().into_owned(),
                what: format!("keyroll's own credential for source {}", own.source),
                ends_at: end.at,
                resource: None,
                owner: None,
                owner_email: None,
                owner_note: String::new(),
                use_note: "without it this source cannot be read".to_owned(),
                remedy:
                    "Make a new one, put it where the configuration points, and write its end into `credential_ends`."
                        .to_owned(),
                environments: self.routing.environments_of(std::slice::from_ref(&own.source)),
                sources: vec![own.source.clone()],
                own: true,
                observed: true,
            },
        }
    }

    fn of_licence(&self, at: DateTime<Utc>, resource: &Resource, container: &Container, observed: bool) -> Expiry {
        let sources = sources_of(resource);
        let seats = container.seats_used.known();
        let seats = seats.map(|used| plural(usize::try_from(*used).unwrap_or(0), "seat", "seats"));
        Expiry {
            id: resource.id.as_str().to_owned(),
            what: format!("licence of “{}”", shorten(&harmless(resource.title()), 60)),
            ends_at: at,
            resource: Some(resource.id.clone()),
            owner: None,
            owner_email: None,
            owner_note: String::new(),
            use_note: seats.map_or_else(|| "use not known".to_owned(), |seats| format!("{seats} used")),
            remedy: "Renew the licence before it ends: without one the product can only be read.".to_owned(),
            environments: self.routing.environments_of(&sources),
            sources,
            own: false,
            observed,
        }
    }

    fn of_credential(&self, at: DateTime<Utc>, resource: &Resource, credential: &Credential, observed: bool) -> Expiry {
        let holder = credential.owner.known().or(credential.created_by.known());
        let name = holder.map(|holder| shorten(&harmless(self.inventory.name(holder)), 60));
        let owner_email = holder.and_then(|holder| address_of(holder, self.inventory));
        let account = holder.and_then(|holder| self.inventory.principal(holder));
        let own = account.and_then(|account| account.email.known()).is_some_and(|email| {
            self.own.iter().any(|own| own.user.as_deref().is_some_and(|user| user.eq_ignore_ascii_case(email)))
        });
        let status = account.and_then(|account| account.status.known()).filter(|status| *status != "active");
        let sources = sources_of(resource);
        let label = shorten(&harmless(resource.title()), 60);
        let of_keyroll = if own { " of keyroll's own account" } else { "" };
        Expiry {
            id: resource.id.as_str().to_owned(),
            what: format!("{} “{label}”{of_keyroll}", credential.form.title()),
            ends_at: at,
            resource: Some(resource.id.clone()),
            owner: name,
            owner_email,
            owner_note: status.map_or_else(String::new, |status| format!("the owner is {status}")),
            use_note: used(credential, self.now),
            remedy: remedy(credential.form).to_owned(),
            environments: self.routing.environments_of(&sources),
            sources,
            own,
            observed,
        }
    }
}

fn end_of(resource: &Resource, observed: bool) -> Option<End<'_>> {
    let at = known_end(resource)?;
    let what = match &resource.body {
        Body::Credential(credential) if credential.status.known().is_some_and(|status| status != "active") => None,
        Body::Credential(credential) => Some(What::Credential { resource, credential, observed }),
        Body::Container(container) => Some(What::Licence { resource, container, observed }),
        _ => None,
    };
    what.map(|what| End { at, what })
}

fn known_end(resource: &Resource) -> Option<DateTime<Utc>> {
    match &resource.body {
        Body::Credential(credential) => credential.expires_at.known().copied(),
        Body::Container(container) => container.expires_at.known().copied(),
        _ => None,
    }
}

fn sources_of(resource: &Resource) -> Vec<SourceName> {
    let mut sources: Vec<SourceName> = resource.seen_by.iter().map(|seen| seen.source.clone()).collect();
    sources.dedup();
    sources
}

fn end_of_day(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1) - TimeDelta::seconds(1)
}

fn remedy(form: CredentialForm) -> &'static str {
    match form {
        CredentialForm::ApiToken => "Make a new token, hand it to whatever uses this one, then revoke this one.",
        CredentialForm::OrgApiKey => {
            "Have an organisation administrator make a new key, replace it where it is used, then revoke this one."
        }
        CredentialForm::OauthClient => "Make a new secret for the client and replace it where it is used.",
        CredentialForm::SshKey | CredentialForm::DeployKey => {
            "Add a new key, replace it where it is used, then remove this one."
        }
        CredentialForm::PersonalAccessToken | CredentialForm::AccessToken => {
            "Make a new token, replace it where it is used, then revoke this one."
        }
        CredentialForm::OauthConsumer | CredentialForm::IncomingLink => {
            "Have an administrator renew the link, and replace the secret where it is used."
        }
    }
}

fn used(credential: &Credential, now: DateTime<Utc>) -> String {
    match credential.last_used_at {
        Fact::Known(at) => match (now.date_naive() - at.date_naive()).num_days() {
            ..=0 => "used today".to_owned(),
            1 => "used yesterday".to_owned(),
            days => format!("last used {days} days ago"),
        },
        Fact::Absent => "never used".to_owned(),
        Fact::Unknown => "use not known".to_owned(),
    }
}
