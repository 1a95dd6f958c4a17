//! From an occasion to messages: who hears of it, when, and how much of it one message lists. What goes beyond a channel's
//! budget of a day is told in one message more, so that nothing is lost and nobody is flooded.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::cause::{self, Cause};
use super::damping::{self, Damped, Held};
use super::occasion::Occasion;
use super::routing::{ChannelPlan, Event, Route, Routing};
use super::{ladder, wording};
use crate::inventory::Inventory;
use crate::model::{
    Action, Body, CauseId, ChannelName, Coverage, Delivery, Dispatch, Effect, Fact, Finding, FindingId, LedgerEntry,
    Notice, NoticeId, Outgoing, ResourceId, Severity, SnapshotId, Status, Step, Thread, Topic,
};
use crate::text::plural;

/// The message in the making that goes to one channel.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) channel: ChannelName,
    pub(super) recipients: Vec<String>,
    pub(super) digest: Option<DateTime<Utc>>,
    pub(super) topic: Topic,
    pub(super) action: Action,
    pub(super) cause: CauseId,
    pub(super) title: String,
    pub(super) lead: Vec<String>,
    pub(super) effects: Vec<Effect>,
    pub(super) more: String,
}

impl Draft {
    pub(super) fn severity(&self) -> Severity {
        self.effects.iter().map(|effect| effect.severity).max().unwrap_or(Severity::Info)
    }
}

/// Everything that a scan gives occasion to tell.
#[must_use]
pub fn tell(occasion: &Occasion<'_>, routing: &Routing) -> Dispatch {
    let ladder = ladder::climb(occasion, routing);
    let mut dispatch = write(occasion, routing, ladder.drafts);
    dispatch.told.extend(ladder.told);
    dispatch
}

/// What a scan gives occasion to tell but for what ends soon, which no rule finds.
#[must_use]
pub fn tell_findings(occasion: &Occasion<'_>, routing: &Routing) -> Dispatch {
    write(occasion, routing, Vec::new())
}

/// Messages about findings, coverage, and whatever else there is.
fn write(occasion: &Occasion<'_>, routing: &Routing, others: Vec<Draft>) -> Dispatch {
    let held = damping::held(&occasion.known.told);
    let damped = Damped::of(occasion, routing, &held, |finding| picked(finding, occasion, routing));
    let occasion = &Occasion { transitions: &damped.told, ..*occasion };
    let causes = cause::group(occasion, routing.calls_for_old_facts);
    let called = causes.iter().flat_map(|cause| cause.called().map(|finding| (&finding.id, &cause.id)));
    let called: HashMap<&FindingId, &CauseId> = called.collect();
    let teller = Teller::new(occasion, routing, &held, &damped, &called);
    let mut drafts: Vec<Draft> = causes.iter().flat_map(|cause| teller.of_cause(cause, &|_, _| true)).collect();
    drafts.extend(teller.of_damped(&damped));
    drafts.extend(teller.moved_on(&causes));
    drafts.extend(teller.of_coverage());
    drafts.extend(others);
    let writer = Writer { routing, estate: occasion.estate, snapshot: Some(occasion.snapshot), now: occasion.now };
    let mut dispatch = writer.write(drafts, &occasion.known.threads, &occasion.known.recent);
    let left_behind = teller.left_behind(&causes, &dispatch);
    dispatch.threads.extend(left_behind);
    dispatch.causes.extend(called.into_iter().map(|(finding, cause)| (finding.clone(), cause.clone())));
    dispatch.told.extend(damped.marks);
    dispatch
}

struct Teller<'a, 'o> {
    occasion: &'o Occasion<'a>,
    routing: &'o Routing,
    /// The threads that are not over, by cause.
    threads: HashMap<&'o CauseId, Vec<&'o Thread>>,
    /// The causes of which a finding is open.
    open: HashSet<&'o CauseId>,
    /// The causes that a finding has left in this scan: what happened to it is a matter of its own.
    left: Vec<&'o CauseId>,
}

/// Where a draft goes: a channel, mail addresses of owners if any, and the time of its digest.
type Place = (ChannelName, Vec<String>, Option<DateTime<Utc>>);

impl<'a, 'o> Teller<'a, 'o> {
    fn new(
        occasion: &'o Occasion<'a>,
        routing: &'o Routing,
        held: &HashMap<FindingId, Held>,
        damped: &Damped<'_>,
        called: &HashMap<&FindingId, &'o CauseId>,
    ) -> Self {
        let mut threads: HashMap<&CauseId, Vec<&Thread>> = HashMap::new();
        for thread in &occasion.known.threads {
            threads.entry(&thread.cause).or_default().push(thread);
        }
        let told_over: HashSet<&FindingId> = occasion.transitions.iter().map(|step| &step.finding).collect();
        let held_back: HashSet<&FindingId> = damped.held_back.iter().map(|(finding, _)| &finding.id).collect();
        // What is over, and was not told so, counts as open.
        let counts_as_open = |finding: &&Finding| match finding.status {
            Status::Open => true,
            Status::Resolved(_) => {
                held_back.contains(&finding.id) || (held.contains_key(&finding.id) && !told_over.contains(&finding.id))
            }
            Status::Waived(_) => false,
        };
        let earlier = |id: &FindingId| occasion.known.causes.get(id);
        let open = occasion.findings.iter().filter(counts_as_open);
        // What came up again, or got worse, may have another cause than before.
        let open =
            open.filter_map(|finding| called.get(&finding.id).copied().or_else(|| earlier(&finding.id))).collect();
        let left = called.iter().filter_map(|(id, cause)| earlier(id).filter(|earlier| earlier != cause)).collect();
        Self { occasion, routing, threads, open, left }
    }

    /// The threads of a cause that are not over.
    fn threads_of(&self, cause: &CauseId) -> impl Iterator<Item = &'o Thread> + '_ {
        self.threads.get(cause).into_iter().flatten().copied()
    }

    /// The messages about a cause, at the places where a step is to be told.
    fn of_cause(&self, cause: &Cause<'_>, wanted: &dyn Fn(&Place, &Finding) -> bool) -> Vec<Draft> {
        let mut places: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for route in &self.routing.routes {
            for (at, (finding, transition)) in cause.steps.iter().enumerate() {
                let event = if cause.is_adoption() { Event::Adopted } else { event_of(transition.step) };
                if route.tells.contains(&event) && route.picks.fits(finding, &self.routing.environments) {
                    let told = self::places(route, finding, self.occasion, self.routing).into_iter();
                    for place in told.filter(|place| wanted(place, finding)) {
                        places.entry(place).or_default().push(at);
                    }
                }
            }
        }
        let action = self.action(cause);
        if matches!(action, Action::Update | Action::Settle) {
            // Whoever keeps something open hears that it is over, whatever its routes pick: an escalation has none.
            for thread in self.threads_of(&cause.id).filter(|thread| self.keeps_open(&thread.channel)) {
                let place = (thread.channel.clone(), Vec::new(), None);
                let told = cause.steps.iter().enumerate().filter(|(_, (finding, _))| wanted(&place, finding));
                let told: Vec<usize> = told.map(|(at, _)| at).collect();
                if !told.is_empty() {
                    places.entry(place).or_default().extend(told);
                }
            }
        }
        let drafts = places.into_iter().filter_map(|(place, mut at)| {
            at.sort_unstable();
            at.dedup();
            self.draft(cause, action, place, &at)
        });
        drafts.collect()
    }

    fn keeps_open(&self, channel: &ChannelName) -> bool {
        self.routing.channel(channel).is_some_and(|plan| plan.kind.keeps_open)
    }

    /// Where something is kept open for a cause whose last finding has another cause now: it is closed, and says where it goes on.
    /// Causes with a step of their own in this scan are closed by that.
    fn moved_on(&self, causes: &[Cause<'_>]) -> Vec<Draft> {
        let is_told = |cause: &CauseId| causes.iter().any(|told| told.id == *cause);
        let over = self.left.iter().copied().filter(|cause| !self.open.contains(cause) && !is_told(cause));
        let over: BTreeSet<&CauseId> = over.collect();
        let kept =
            over.into_iter().flat_map(|cause| self.threads_of(cause)).filter(|one| self.keeps_open(&one.channel));
        kept.map(|thread| Draft {
            channel: thread.channel.clone(),
            recipients: Vec::new(),
            digest: None,
            topic: Topic::Findings,
            action: Action::Settle,
            cause: thread.cause.clone(),
            title: "Goes on elsewhere: what this is about came up for a reason of its own".to_owned(),
            lead: vec!["It is not over: it is told under the cause that it has now.".to_owned()],
            effects: Vec::new(),
            more: wording::SEE_FINDINGS.to_owned(),
        })
        .collect()
    }

    /// The threads of causes that are over and of which nobody else is told.
    fn left_behind(&self, causes: &[Cause<'_>], dispatch: &Dispatch) -> Vec<Thread> {
        let told: HashSet<(&ChannelName, &CauseId)> =
            dispatch.threads.iter().map(|thread| (&thread.channel, &thread.cause)).collect();
        let over = causes.iter().filter(|cause| self.action(cause) == Action::Settle).map(|cause| &cause.id);
        let left = self.left.iter().copied().filter(|cause| !self.open.contains(cause));
        let over: BTreeSet<&CauseId> = over.chain(left).collect();
        over.into_iter()
            .flat_map(|cause| self.threads_of(cause))
            .filter(|thread| !told.contains(&(&thread.channel, &thread.cause)))
            .map(|thread| Thread { settled: true, ..thread.clone() })
            .collect()
    }

    /// The messages about findings that go back and forth. Channels that want every step get every step; the others hear that
    /// it began, what is open and was not told to be, and what is worse than it was told.
    fn of_damped(&self, damped: &Damped<'_>) -> Vec<Draft> {
        if damped.is_nothing() {
            return Vec::new();
        }
        let known = self.occasion.known;
        // Mail to owners is of one person: it is told every turn, as logs are.
        let every = |place: &Place| {
            !place.1.is_empty() || self.routing.channel(&place.0).is_some_and(|plan| plan.kind.wants_every_step)
        };
        let has_thread = |place: &Place, finding: &Finding| {
            let cause = known.causes.get(&finding.id);
            cause.is_some_and(|cause| self.threads_of(cause).any(|thread| thread.channel == place.0))
        };
        let open_as_told = || damped.open_as_told.iter().map(|(finding, transition, _)| (*finding, *transition));
        let mut drafts = Vec::new();
        for cause in damping::under_earlier(damped.worse_than_told.iter().copied(), known) {
            drafts.extend(self.of_cause(&cause, &|_, _| true));
        }
        for cause in damping::under_earlier(open_as_told(), known) {
            let untold = |place: &Place, finding: &Finding| {
                let held = damped.open_as_told.iter().find(|(one, ..)| one.id == finding.id).map(|(_, _, held)| held);
                let told = held.is_some_and(|held| held.told_in(&place.0)) && has_thread(place, finding);
                every(place) || !told
            };
            drafts.extend(self.of_cause(&cause, &untold));
        }
        for cause in damping::under_earlier(damped.held_back.iter().copied(), known) {
            drafts.extend(self.of_cause(&cause, &|place, _| every(place)));
        }
        for (finding, flapping) in &damped.begins {
            let Some(cause) = known.causes.get(&finding.id) else { continue };
            let picked = picked(finding, self.occasion, self.routing);
            let told = self.threads_of(cause).filter(|thread| picked.contains(thread.channel.as_str()));
            for thread in told.filter(|thread| !every(&(thread.channel.clone(), Vec::new(), None))) {
                let effect = Effect { what: "back and forth".to_owned(), ..wording::standing(finding, self.routing) };
                let (title, lead) = damping::beginning(finding, *flapping, &effect);
                drafts.push(Draft {
                    channel: thread.channel.clone(),
                    recipients: Vec::new(),
                    digest: self.routing.digest_of(finding, &thread.channel, self.occasion.now),
                    topic: Topic::Findings,
                    action: Action::Update,
                    cause: cause.clone(),
                    title,
                    lead,
                    effects: vec![effect],
                    more: wording::see_cause(cause),
                });
            }
        }
        drafts
    }

    /// What a cause asks of a channel that keeps something open for it.
    fn action(&self, cause: &Cause<'_>) -> Action {
        if cause.is_adoption() {
            return Action::Tell;
        }
        if cause.raises() {
            return Action::Raise;
        }
        if self.open.contains(&cause.id) { Action::Update } else { Action::Settle }
    }

    fn draft(&self, cause: &Cause<'_>, action: Action, place: Place, at: &[usize]) -> Option<Draft> {
        let (channel, recipients, digest) = place;
        let plan = self.routing.channel(&channel)?;
        let thread = self.threads_of(&cause.id).any(|thread| thread.channel == channel);
        let is_news = match action {
            Action::Raise => true,
            Action::Tell => !plan.kind.keeps_open,
            // That it is over is news for those who heard that it began.
            Action::Update | Action::Settle => thread || !recipients.is_empty(),
        };
        if !is_news {
            return None;
        }
        let effects: Vec<Effect> = at
            .iter()
            .filter_map(|at| cause.steps.get(*at))
            .map(|(finding, transition)| wording::effect(finding, transition, self.routing))
            .collect();
        let picked: Vec<&Effect> = effects.iter().collect();
        let (title, lead) = if cause.is_adoption() {
            wording::of_adoption(cause, &picked, self.occasion)
        } else {
            wording::of_cause(cause, &picked, picked.len(), self.occasion)
        };
        let topic = if cause.is_adoption() { Topic::Adoption } else { Topic::Findings };
        let digest = if plan.kind.keeps_open { None } else { digest };
        let (cause, more) = (cause.id.clone(), wording::see_cause(&cause.id));
        Some(Draft { channel, recipients, digest, topic, action, cause, title, lead, effects, more })
    }

    /// That a scan was incomplete, with what it could not see; or that the first complete one came after it.
    fn of_coverage(&self) -> Vec<Draft> {
        let ledger = self.occasion.inventory.coverage();
        let gaps: Vec<&LedgerEntry> = ledger.gaps().filter(|entry| entry.is_undeclared_gap()).collect();
        let before = self.occasion.before;
        let since = before.and_then(|before| before.incomplete_since);
        let cause = CauseId::of(&("coverage", self.occasion.estate, since.unwrap_or(self.occasion.started_at)));
        let told: HashSet<(&str, &str)> = before
            .into_iter()
            .flat_map(|before| Coverage(&before.ledger).gaps())
            .filter(|entry| entry.is_undeclared_gap())
            .map(|entry| (entry.source.as_str(), &*entry.endpoint))
            .collect();
        let is_new = |entry: &&LedgerEntry| !told.contains(&(entry.source.as_str(), &*entry.endpoint));
        let (action, title, lead) = if gaps.iter().any(is_new) {
            let (title, lead) = incomplete(self.occasion, &gaps);
            (Action::Raise, title, lead)
        } else if gaps.is_empty() && since.is_some() {
            let title = format!("The scan of {} is complete again", self.occasion.estate);
            let lead = "Everything that could not be seen since the scans became incomplete was seen, or was declared.";
            (Action::Settle, title, vec![lead.to_owned()])
        } else {
            return Vec::new();
        };
        let effects: Vec<Effect> = gaps.iter().map(|entry| wording::gap(entry, self.routing)).collect();
        let mut sources: Vec<_> = gaps.iter().map(|entry| entry.source.clone()).collect();
        sources.dedup();
        let routes = self.routing.routes.iter().filter(|route| {
            route.tells.contains(&Event::Incomplete) && route.picks.fits_sources(Severity::High, &sources)
        });
        let mut channels: Vec<&ChannelName> = routes.flat_map(|route| &route.to).collect();
        channels.sort_unstable();
        channels.dedup();
        let draft = |channel: &ChannelName| Draft {
            channel: channel.clone(),
            recipients: Vec::new(),
            digest: None,
            topic: Topic::Coverage,
            action,
            cause: cause.clone(),
            title: title.clone(),
            lead: lead.clone(),
            effects: effects.clone(),
            more: "keyroll coverage".to_owned(),
        };
        channels.into_iter().map(draft).collect()
    }
}

fn incomplete(occasion: &Occasion<'_>, gaps: &[&LedgerEntry]) -> (String, Vec<String>) {
    let endpoints = plural(gaps.len(), "endpoint", "endpoints");
    let title = format!("The scan of {} is incomplete: {endpoints} could not be read whole", occasion.estate);
    let lead =
        "Behind these gaps there may be more than the findings tell. Nothing there was called gone, fixed or clean.";
    (title, vec![lead.to_owned()])
}

/// Where a route tells a finding.
fn places(route: &Route, finding: &Finding, occasion: &Occasion<'_>, routing: &Routing) -> Vec<Place> {
    let digest = route.digest.as_ref().and_then(|(crontab, zone)| crontab.next_after(occasion.now, zone));
    let owner = if route.owners { owner_address(&finding.resource, occasion) } else { None };
    let to = route.to.iter().filter_map(|name| routing.channel(name));
    let places = to.map(|channel| {
        let owner = owner.iter().filter(|_| channel.kind.reaches_owners).cloned().collect();
        (channel.name.clone(), owner, digest)
    });
    places.collect()
}

/// The channels that routes pick for a finding, but for mail to owners.
fn picked(finding: &Finding, occasion: &Occasion<'_>, routing: &Routing) -> BTreeSet<String> {
    let routes = routing.routes.iter().filter(|route| route.picks.fits(finding, &routing.environments));
    let places = routes.flat_map(|route| places(route, finding, occasion, routing));
    places.filter(|place| place.1.is_empty()).map(|place| place.0.to_string()).collect()
}

/// Where the owner of a resource can be reached: a person who is still there and whose address is known.
fn owner_address(resource: &ResourceId, occasion: &Occasion<'_>) -> Option<String> {
    let owner = match &occasion.inventory.get(resource)?.body {
        Body::Credential(credential) => credential.owner.known()?,
        Body::Webhook(webhook) => webhook.changed_by.known()?,
        Body::Automation(automation) => automation.actor.known()?,
        Body::Container(container) => container.owner.known()?,
        Body::Grant(grant) => grant.principal.known()?,
        Body::Integration(integration) => return integration.owner_email.known().cloned(),
        Body::Principal(_) | Body::Group(_) | Body::App(_) | Body::Variable(_) | Body::Setting(_) | Body::Person(_) => {
            return None;
        }
    };
    address_of(owner, occasion.inventory)
}

/// Where an account can be reached: a person who is still there and whose address is known.
pub(super) fn address_of(account: &ResourceId, inventory: &Inventory<'_>) -> Option<String> {
    let principal = inventory.principal(account)?;
    let gone = principal.status.known().is_some_and(|status| status != "active");
    let machine = matches!(principal.account_type, Fact::Known(kind) if kind != crate::model::PrincipalType::Person);
    if gone || machine { None } else { principal.email.known().cloned() }
}

fn event_of(step: Step) -> Event {
    match step {
        Step::Opened => Event::Opened,
        Step::Reopened => Event::Reopened,
        Step::Worsened => Event::Worsened,
        Step::Resolved => Event::Resolved,
        Step::Waived => Event::Waived,
        Step::WaiverEnded => Event::WaiverEnded,
    }
}

/// Makes notices of drafts, within the channels' limits.
pub(super) struct Writer<'a> {
    pub(super) routing: &'a Routing,
    pub(super) estate: &'a str,
    pub(super) snapshot: Option<SnapshotId>,
    pub(super) now: DateTime<Utc>,
}

impl Writer<'_> {
    pub(super) fn write(&self, drafts: Vec<Draft>, known: &[Thread], recent: &HashMap<ChannelName, usize>) -> Dispatch {
        let mut dispatch = Dispatch { at: self.now, ..Dispatch::default() };
        dispatch.threads = self.threads(&drafts, known);
        let (digests, mut at_once): (Vec<Draft>, Vec<Draft>) =
            drafts.into_iter().partition(|draft| draft.digest.is_some());
        // Where there is not room for all, the worst is told by itself.
        at_once.sort_by_key(|draft| (std::cmp::Reverse(draft.severity()), draft.cause.clone()));
        let mut used = recent.clone();
        let mut beyond: BTreeMap<(ChannelName, Vec<String>), Vec<Draft>> = BTreeMap::new();
        for draft in at_once {
            let Some(plan) = self.routing.channel(&draft.channel) else { continue };
            let count = used.entry(draft.channel.clone()).or_default();
            if *count < plan.messages_per_day {
                *count += 1;
                dispatch.outgoing.push(self.notice(plan, draft, None));
            } else {
                beyond.entry((draft.channel.clone(), draft.recipients.clone())).or_default().push(draft);
            }
        }
        for (place, drafts) in beyond {
            dispatch.outgoing.extend(self.overflow(place, drafts));
        }
        dispatch.outgoing.extend(self.digests(digests));
        dispatch
    }

    fn notice(&self, plan: &ChannelPlan, draft: Draft, digest: Option<String>) -> Outgoing {
        let severity = draft.severity();
        let id = NoticeId::of(&(&draft.channel, &draft.recipients, &draft.cause, draft.topic, draft.action, self.now));
        let due_at = match draft.digest {
            Some(at) => at,
            None => plan.due(self.now, severity),
        };
        let mut effects = draft.effects;
        effects.sort_by_key(|effect| std::cmp::Reverse(effect.severity));
        let hidden = effects.len().saturating_sub(plan.kind.most_effects);
        effects.truncate(plan.kind.most_effects);
        Outgoing {
            notice: Notice {
                id,
                channel: draft.channel,
                recipients: draft.recipients,
                topic: draft.topic,
                action: draft.action,
                cause: draft.cause,
                severity,
                title: draft.title,
                lead: draft.lead,
                effects,
                hidden,
                more: draft.more,
                estate: self.estate.to_owned(),
                snapshot: self.snapshot,
                created_at: self.now,
            },
            digest,
            delivery: Delivery::Pending,
            due_at,
            attempts: 0,
            tried_at: None,
            error: String::new(),
        }
    }

    /// What goes beyond a channel's budget, in one message; of a second such message within a day, a day later.
    fn overflow(&self, (channel, recipients): (ChannelName, Vec<String>), drafts: Vec<Draft>) -> Option<Outgoing> {
        let plan = self.routing.channel(&channel)?;
        let limit = plural(plan.messages_per_day, "message", "messages");
        let lead = format!("Channel `{channel}` takes {limit} a day. What came beyond that is listed here instead.");
        let title = format!("{} more in {}", plural(drafts.len(), "message", "messages"), self.estate);
        let draft = self.bundle(channel, recipients, "overflow", title, lead, drafts)?;
        Some(self.notice(plan, draft, Some("overflow".to_owned())))
    }

    /// One digest for each place and time.
    fn digests(&self, drafts: Vec<Draft>) -> Vec<Outgoing> {
        let mut places: BTreeMap<Place, Vec<Draft>> = BTreeMap::new();
        for draft in drafts {
            places.entry((draft.channel.clone(), draft.recipients.clone(), draft.digest)).or_default().push(draft);
        }
        let digest = |((channel, recipients, at), drafts): (Place, Vec<Draft>)| {
            let plan = self.routing.channel(&channel)?;
            let effects = drafts.iter().map(|draft| draft.effects.len()).sum();
            let title = format!("{} in {}", plural(effects, "news item", "news items"), self.estate);
            let lead = "Since the last digest:".to_owned();
            let mut draft = self.bundle(channel, recipients, "digest", title, lead, drafts)?;
            draft.digest = at;
            Some(self.notice(plan, draft, Some("digest".to_owned())))
        };
        places.into_iter().filter_map(digest).collect()
    }

    fn bundle(
        &self,
        channel: ChannelName,
        recipients: Vec<String>,
        what: &str,
        title: String,
        lead: String,
        mut drafts: Vec<Draft>,
    ) -> Option<Draft> {
        if drafts.len() == 1 {
            return drafts.pop();
        }
        let cause = CauseId::of(&(what, &channel, &recipients, self.now));
        let mut lead = vec![lead];
        lead.extend(drafts.iter().take(LISTED).map(|draft| format!("• {}", draft.title)));
        if drafts.len() > LISTED {
            lead.push(format!("… and {} more", drafts.len() - LISTED));
        }
        let effects = drafts.into_iter().flat_map(|draft| draft.effects).collect();
        let (topic, action, more) = (Topic::Digest, Action::Tell, wording::SEE_FINDINGS.to_owned());
        Some(Draft { channel, recipients, digest: None, topic, action, cause, title, lead, effects, more })
    }

    /// The threads that these drafts begin or carry on. Mail to owners has none: each of them has a part of the cause.
    fn threads(&self, drafts: &[Draft], known: &[Thread]) -> Vec<Thread> {
        let known: HashMap<(&ChannelName, &CauseId), &Thread> =
            known.iter().map(|thread| ((&thread.channel, &thread.cause), thread)).collect();
        let mut threads: BTreeMap<(&ChannelName, &CauseId), Thread> = BTreeMap::new();
        for draft in drafts.iter().filter(|draft| draft.recipients.is_empty()) {
            let key = (&draft.channel, &draft.cause);
            let severity = draft.severity();
            let thread = threads.entry(key).or_insert_with(|| {
                let earlier = known.get(&key).map(|thread| (*thread).clone());
                earlier.unwrap_or_else(|| Thread {
                    channel: draft.channel.clone(),
                    cause: draft.cause.clone(),
                    remote: None,
                    raised_at: self.now,
                    told_at: self.now,
                    severity,
                    settled: false,
                    escalated: Vec::new(),
                })
            });
            thread.told_at = self.now;
            thread.severity = thread.severity.max(severity);
            thread.settled = draft.action == Action::Settle;
            if draft.action == Action::Raise {
                thread.raised_at = self.now;
                thread.escalated.clear();
            }
        }
        threads.into_values().collect()
    }
}

/// Messages that a bundle names before it only counts them.
const LISTED: usize = 10;

/// Puts notices of one digest that came due together into one.
///
/// # Panics
/// If there are none, which is a bug of ours.
#[must_use]
pub fn fold(parts: &[Outgoing], most_effects: usize, now: DateTime<Utc>) -> Outgoing {
    let (first, last) = parts.first().zip(parts.last()).expect("internal: a digest has parts");
    let ids: Vec<&NoticeId> = parts.iter().map(|part| &part.notice.id).collect();
    let total: usize = parts.iter().map(|part| part.notice.count()).sum();
    let mut effects: Vec<Effect> = parts.iter().flat_map(|part| part.notice.effects.iter().cloned()).collect();
    effects.sort_by_key(|effect| std::cmp::Reverse(effect.severity));
    effects.truncate(most_effects);
    let mut lead: Vec<String> = Vec::new();
    for line in parts.iter().flat_map(|part| std::iter::once(&part.notice.title).chain(&part.notice.lead)) {
        if !lead.contains(line) && lead.len() < 3 * LISTED {
            lead.push(line.clone());
        }
    }
    let notice = Notice {
        id: NoticeId::of(&("fold", &ids)),
        topic: Topic::Digest,
        action: Action::Tell,
        cause: CauseId::of(&("fold", &ids)),
        severity: parts.iter().map(|part| part.notice.severity).max().unwrap_or(Severity::Info),
        title: format!("{} in {}", plural(total, "news item", "news items"), first.notice.estate),
        lead,
        hidden: total - effects.len(),
        effects,
        snapshot: last.notice.snapshot,
        created_at: now,
        ..first.notice.clone()
    };
    Outgoing { notice, digest: None, due_at: now, ..first.clone() }
}

/// A harmless notice, to try a channel.
#[must_use]
pub fn sample(channel: &ChannelName, estate: &str, now: DateTime<Utc>) -> Notice {
    Notice {
        id: NoticeId::of(&("sample", channel, now)),
        channel: channel.clone(),
        recipients: Vec::new(),
        topic: Topic::Sample,
        action: Action::Tell,
        cause: CauseId::of(&("sample", channel, now)),
        severity: Severity::Info,
        title: format!("A sample from keyroll for {estate}"),
        lead: vec![
            "Somebody asked keyroll to try this channel. Nothing has happened, and there is nothing to do.".to_owned(),
        ],
        effects: Vec::new(),
        hidden: 0,
        more: String::new(),
        estate: estate.to_owned(),
        snapshot: None,
        created_at: now,
    }
}
