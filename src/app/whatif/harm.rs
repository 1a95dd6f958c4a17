//! What would not go on as it does: credentials that stop, the systems and declared integrations behind them, automations,
//! apps and pipelines; and what would be left with nobody to answer for it.

mod belongings;
mod integrations;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Sides;
use super::people::{Answerable, is_open};
use super::systems;
use crate::model::{Body, Certainty, Credential, CredentialForm, Fact, Harm, Harmed, Kind, Resource, ResourceId};

/// What each account loses: permission and place, and whether for certain.
pub(super) type Reaches = BTreeMap<ResourceId, BTreeMap<(String, ResourceId), Certainty>>;

/// What is asked of both sides, and whom it would touch.
struct Search<'s> {
    sides: Sides<'s>,
    reaches: &'s Reaches,
    answerable: Answerable<'s, 's>,
    /// Credentials that stop, each with the reasons step by step and how sure that is.
    stopped: BTreeMap<&'s ResourceId, (&'s Resource, Vec<String>, Certainty)>,
    found: Vec<Harmed>,
}

pub(super) fn harmed(sides: &Sides<'_>, reaches: &Reaches) -> Vec<Harmed> {
    let deactivated = &sides.trail.deactivated;
    let answerable = Answerable::new(sides.before, |account: &ResourceId| deactivated.contains(account));
    let stopped = stopped(sides);
    let mut search = Search { sides: *sides, reaches, answerable, stopped, found: Vec::new() };
    search.credentials();
    search.accounts();
    search.integrations();
    search.belongings();
    let mut found = search.found;
    found.sort_by(|left, right| key(left, sides.now).cmp(&key(right, sides.now)));
    found.dedup();
    found
}

fn key(one: &Harmed, now: DateTime<Utc>) -> impl Ord + use<'_> {
    let idle = !one.may_be_in_use(now);
    (one.harm, idle, one.certainty, rank(one.sort), one.name.as_str(), &one.resource)
}

/// Declared integrations first, then what was recognised, then what only is there.
fn rank(sort: &str) -> usize {
    let order = ["integration", "system", "automation", "app", "credential", "variable"];
    order.iter().position(|known| *known == sort).unwrap_or(order.len())
}

/// The credentials that work and would not any more.
fn stopped<'s>(sides: &Sides<'s>) -> BTreeMap<&'s ResourceId, (&'s Resource, Vec<String>, Certainty)> {
    let mut stopped = BTreeMap::new();
    for resource in sides.before.of_kind(Kind::Credential) {
        let Body::Credential(credential) = &resource.body else { continue };
        if !works(credential, sides) {
            continue;
        }
        let what = format!("{} “{}”", credential.form.title(), resource.title());
        let owner = credential.owner.known().filter(|owner| sides.trail.deactivated.contains(*owner));
        let (why, certainty) = if sides.trail.revoked.contains(&resource.id) {
            (vec![format!("{what} is revoked")], Certainty::Certain)
        } else if let Some(end) = sides.trail.expired.get(&resource.id) {
            (vec![format!("{what} ends on {}", end.format("%Y-%m-%d"))], Certainty::Certain)
        } else if let Some(owner) = owner {
            let (how, certainty) = with_owner(credential.form);
            let name = sides.before.name(owner);
            (vec![format!("{what} acts as {name}"), format!("{name} is deactivated: {how}")], certainty)
        } else {
            continue;
        };
        stopped.insert(&resource.id, (resource, why, certainty));
    }
    stopped
}

/// What becomes of a credential whose owner is deactivated.
fn with_owner(form: CredentialForm) -> (&'static str, Certainty) {
    match form {
        CredentialForm::ApiToken => {
            ("its tokens stop working at once, and come back with the account", Certainty::Certain)
        }
        CredentialForm::PersonalAccessToken => {
            ("its tokens stay listed and stop working; nobody wrote that down for every version", Certainty::Likely)
        }
        _ => ("what acts as it is let in no more", Certainty::Likely),
    }
}

/// True unless a credential is known to be of no use as it is.
fn works(credential: &Credential, sides: &Sides<'_>) -> bool {
    let owner = credential.owner.known().and_then(|owner| sides.before.principal(owner));
    let closed = owner.is_some_and(|owner| is_open(owner) == Fact::Known(false));
    !credential.has_ended(sides.now) && !closed
}

impl<'s> Search<'s> {
    fn add(&mut self, harmed: Harmed) {
        self.found.push(harmed);
    }

    /// Credentials that stop, with the systems and pipelines that use them.
    fn credentials(&mut self) {
        let stopped: Vec<(&'s Resource, Vec<String>, Certainty)> = self.stopped.values().cloned().collect();
        for (resource, why, certainty) in stopped {
            let Body::Credential(credential) = &resource.body else { continue };
            let talk_to = self.answerable.of_credential(credential);
            let mut row = Harmed {
                harm: Harm::Stops,
                certainty,
                sort: "credential",
                name: resource.title().to_owned(),
                resource: resource.id.clone(),
                why: why.clone(),
                last_used_at: credential.last_used_at,
                talk_to: talk_to.clone(),
            };
            if let Some(system) = systems::using(self.sides.before, &resource.id) {
                row.sort = "system";
                row.name = system.title;
                row.why.push(system.why);
            }
            self.add(row);
            for variable in self.variables_for(&resource.id) {
                let mut why = vec![format!("its name says that it may hold “{}”", resource.title())];
                why.extend(why_of(&self.stopped, &resource.id));
                let place = match &variable.body {
                    Body::Variable(body) => body.container.known().map(|place| self.sides.before.name(place)),
                    _ => None,
                };
                self.add(Harmed {
                    harm: Harm::Stops,
                    certainty: Certainty::Possible,
                    sort: "variable",
                    name: place.map_or_else(
                        || variable.title().to_owned(),
                        |place| format!("{} in {place}", variable.title()),
                    ),
                    resource: variable.id.clone(),
                    why,
                    last_used_at: credential.last_used_at,
                    talk_to: talk_to.clone(),
                });
            }
        }
    }

    /// Systems that run on an account which loses rights, or which is let in no more though no credential of it was seen.
    fn accounts(&mut self) {
        let accounts: BTreeSet<&ResourceId> = self.sides.trail.deactivated.iter().chain(self.reaches.keys()).collect();
        for id in accounts {
            let Some(account) = self.sides.before.get(id) else { continue };
            let shut_out = self.sides.trail.deactivated.contains(id);
            let lost = self.reaches.get(id).filter(|lost| !lost.is_empty());
            let told = shut_out && self.stopped.values().any(|(one, ..)| acts_as(one, id));
            if told || !shut_out && lost.is_none() || !self.answerable.integrations_on(id).is_empty() {
                continue;
            }
            let Some(system) = systems::on(self.sides.before, id) else { continue };
            let is_its_own = |one: &&Resource| system.via.as_ref().is_none_or(|via| one.id == *via);
            let used: Vec<&Resource> = self.live_credentials(id).filter(is_its_own).collect();
            let mut why = vec![match lost {
                Some(lost) if !shut_out => lost_in_words(account, lost, &self.sides),
                _ => format!("{} is deactivated", account.title()),
            }];
            why.push(system.why);
            self.add(Harmed {
                harm: if shut_out { Harm::Stops } else { Harm::LosesRights },
                certainty: if shut_out { Certainty::Likely } else { Certainty::Possible },
                sort: "system",
                name: system.title,
                resource: account.id.clone(),
                why,
                last_used_at: last_use(used.into_iter()),
                talk_to: self.answerable.of_account(id),
            });
        }
    }

    /// The variables whose name says that they may hold a token.
    fn variables_for(&self, token: &ResourceId) -> Vec<&'s Resource> {
        let before = self.sides.before;
        let fits = |variable: &&Resource| before.tokens_named_in(&variable.name).iter().any(|one| one.id == *token);
        before.of_kind(Kind::Variable).filter(fits).collect()
    }

    /// The credentials of an account that work as it is.
    fn live_credentials(&self, account: &ResourceId) -> impl Iterator<Item = &'s Resource> {
        let sides = self.sides;
        let all: Vec<&'s Resource> = sides.before.credentials_of(account).collect();
        all.into_iter()
            .filter(move |one| matches!(&one.body, Body::Credential(credential) if works(credential, &sides)))
    }
}

fn acts_as(credential: &Resource, account: &ResourceId) -> bool {
    matches!(&credential.body, Body::Credential(body) if body.owner.known() == Some(account))
}

fn why_of(
    stopped: &BTreeMap<&ResourceId, (&Resource, Vec<String>, Certainty)>,
    credential: &ResourceId,
) -> Vec<String> {
    stopped.get(credential).map(|(_, why, _)| why.clone()).unwrap_or_default()
}

/// The last use of any of them; unknown as soon as one does not tell and none was used.
fn last_use<'r>(credentials: impl Iterator<Item = &'r Resource>) -> Fact<DateTime<Utc>> {
    let mut last = None;
    let (mut any, mut untold) = (false, false);
    for resource in credentials {
        let Body::Credential(credential) = &resource.body else { continue };
        any = true;
        match credential.last_used_at {
            Fact::Known(used) => last = last.max(Some(used)),
            Fact::Absent => {}
            Fact::Unknown => untold = true,
        }
    }
    match last {
        Some(last) => Fact::Known(last),
        None if any && !untold => Fact::Absent,
        None => Fact::Unknown,
    }
}

/// “svc-sync loses EDIT_ISSUES in Payments and 3 more permissions”.
fn lost_in_words(account: &Resource, lost: &BTreeMap<(String, ResourceId), Certainty>, sides: &Sides<'_>) -> String {
    let certain = lost.iter().find(|(_, certainty)| **certainty == Certainty::Certain);
    let Some(((key, place), certainty)) = certain.or_else(|| lost.iter().next()) else {
        return format!("{} loses nothing", account.title());
    };
    let verb = if *certainty == Certainty::Certain { "loses" } else { "may lose" };
    let more = match lost.len() - 1 {
        0 => String::new(),
        more => format!(" and {}", crate::text::plural(more, "more permission", "more permissions")),
    };
    format!("{} {verb} {key} in {}{more}", account.title(), sides.before.name(place))
}
