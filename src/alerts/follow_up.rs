//! What time alone gives occasion to tell: findings that still stand after some days, those that nobody has
//! acknowledged in time, and those that went back and forth and have kept still. Whoever acknowledged a finding is left in peace until the day they named.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::damping;
use super::occasion::Known;
use super::routing::{Escalation, Routing};
use super::tell::{Draft, Writer};
use super::wording;
use crate::model::{Action, CauseId, ChannelName, Dispatch, Effect, Finding, Status, Thread, Topic};
use crate::text::plural;

/// Reminders and escalations that are due.
#[must_use]
pub fn follow_up(findings: &[Finding], known: &Known, estate: &str, routing: &Routing, now: DateTime<Utc>) -> Dispatch {
    let standing = standing(findings, known);
    let follower = Follower { standing: &standing, estate, routing, now };
    let mut drafts = Vec::new();
    let mut escalated: Vec<(Thread, ChannelName)> = Vec::new();
    for thread in &known.threads {
        let Some(findings) = standing.get(&thread.cause) else { continue };
        for escalation in follower.escalations(thread, findings) {
            drafts.push(follower.escalation(thread, escalation, findings));
            escalated.push((thread.clone(), escalation.to.clone()));
        }
        drafts.extend(follower.reminder(thread, findings));
    }
    let stilled = damping::stilled(findings, known, routing, now);
    drafts.extend(stilled.drafts);
    let writer = Writer { routing, estate, snapshot: None, now };
    let mut dispatch = writer.write(drafts, &known.threads, &known.recent);
    for (thread, to) in escalated {
        let at = dispatch.threads.iter().position(|one| one.channel == thread.channel && one.cause == thread.cause);
        let mut thread = at.map_or(thread, |at| dispatch.threads.swap_remove(at));
        thread.escalated.push(to);
        dispatch.threads.push(thread);
    }
    dispatch.threads.extend(stilled.settled);
    dispatch.told.extend(stilled.marks);
    dispatch
}

/// The open findings of each cause that nobody deals with.
fn standing<'a>(findings: &'a [Finding], known: &Known) -> HashMap<CauseId, Vec<&'a Finding>> {
    let mut standing: HashMap<CauseId, Vec<&Finding>> = HashMap::new();
    let open = findings.iter().filter(|finding| finding.status == Status::Open);
    for finding in open.filter(|finding| !known.acknowledged.contains(&finding.id)) {
        if let Some(cause) = known.causes.get(&finding.id) {
            standing.entry(cause.clone()).or_default().push(finding);
        }
    }
    standing
}

struct Follower<'a> {
    standing: &'a HashMap<CauseId, Vec<&'a Finding>>,
    estate: &'a str,
    routing: &'a Routing,
    now: DateTime<Utc>,
}

impl<'a> Follower<'a> {
    /// The escalations that are due for a thread: nobody acknowledged it in the time that its route gives.
    fn escalations(&self, thread: &Thread, findings: &[&Finding]) -> Vec<&'a Escalation> {
        let mut due: Vec<&Escalation> = Vec::new();
        for route in self.routing.routes.iter().filter(|route| route.to.contains(&thread.channel)) {
            let Some(escalation) = &route.escalate else { continue };
            let bad = |finding: &&Finding| {
                finding.severity >= escalation.severity && route.picks.fits(finding, &self.routing.environments)
            };
            let after = TimeDelta::from_std(escalation.after).unwrap_or(TimeDelta::MAX);
            let known = thread.escalated.contains(&escalation.to) || due.iter().any(|one| one.to == escalation.to);
            if !known && findings.iter().any(bad) && self.now - thread.raised_at >= after {
                due.push(escalation);
            }
        }
        due
    }

    fn escalation(&self, thread: &Thread, escalation: &Escalation, findings: &[&Finding]) -> Draft {
        let bad: Vec<&&Finding> = findings.iter().filter(|finding| finding.severity >= escalation.severity).collect();
        let effects: Vec<Effect> = bad.iter().map(|finding| wording::standing(finding, self.routing)).collect();
        let title = match effects.as_slice() {
            [one] => format!("Nobody has acknowledged: {}", one.text),
            several => format!("Nobody has acknowledged {}", plural(several.len(), "finding", "findings")),
        };
        let told = wording::moment(thread.raised_at);
        let lead = vec![
            format!("Channel `{}` was told on {told}, and nobody has said that they deal with it.", thread.channel),
            acknowledge(findings),
        ];
        self.draft(&escalation.to, Topic::Escalation, Action::Raise, &thread.cause, title, lead, effects)
    }

    /// What still stands after the days that a route gives.
    fn reminder(&self, thread: &Thread, findings: &[&Finding]) -> Option<Draft> {
        let routes = self.routing.routes.iter().filter(|route| route.to.contains(&thread.channel));
        let mut due: BTreeSet<usize> = BTreeSet::new();
        for route in routes {
            let Some(days) = route.remind_days else { continue };
            if self.now - thread.told_at < TimeDelta::days(days.into()) {
                continue;
            }
            let fitting =
                findings.iter().enumerate().filter(|(_, one)| route.picks.fits(one, &self.routing.environments));
            due.extend(fitting.map(|(at, _)| at));
        }
        let still: Vec<&Finding> = due.iter().filter_map(|at| findings.get(*at).copied()).collect();
        if still.is_empty() {
            return None;
        }
        let effects: Vec<Effect> = still.iter().map(|finding| wording::standing(finding, self.routing)).collect();
        let title = match effects.as_slice() {
            [one] => format!("Still open: {}", one.text),
            several => format!("Still open: {} in {}", plural(several.len(), "finding", "findings"), self.estate),
        };
        let lead = vec![
            format!("This was told last on {} and still stands.", wording::moment(thread.told_at)),
            acknowledge(&still),
        ];
        Some(self.draft(&thread.channel, Topic::Reminder, Action::Update, &thread.cause, title, lead, effects))
    }

    #[expect(clippy::too_many_arguments, reason = "these are the parts of a message")]
    fn draft(
        &self,
        channel: &ChannelName,
        topic: Topic,
        action: Action,
        cause: &CauseId,
        title: String,
        lead: Vec<String>,
        effects: Vec<Effect>,
    ) -> Draft {
        assert!(self.standing.contains_key(cause), "internal: what is followed up still stands");
        Draft {
            channel: channel.clone(),
            recipients: Vec::new(),
            digest: None,
            topic,
            action,
            cause: cause.clone(),
            title,
            lead,
            effects,
            more: wording::see_cause(cause),
        }
    }
}

/// How to say that one deals with it.
fn acknowledge(findings: &[&Finding]) -> String {
    let id = findings.first().map_or("ID", |finding| finding.id.short());
    format!("To be left in peace about it: keyroll findings ack {id} --by NAME --until DAY")
}
