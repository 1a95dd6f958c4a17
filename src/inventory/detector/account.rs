//! The signals of an account itself: what it looks like, and what is done with it without a token of its own.

use std::borrow::Cow;

use super::links::{by_mail, systems_of};
use super::scene::{Scene, opened_lately};
use super::score::{Signal, Untold};
use super::weights::{Clue, weights};
use crate::inventory::naming::{is_personal_address, is_personal_name, mails};
use crate::inventory::recognise::{Sign, Traits, looks_like_machine};
use crate::model::{Fact, Principal, PrincipalType, Resource, ResourceId};

/// Signals, and what could not be looked for.
#[derive(Debug, Default)]
pub(super) struct Signs {
    pub(super) seen: Vec<Signal>,
    pub(super) untold: Vec<Untold>,
}

impl Signs {
    pub(super) fn see(&mut self, clue: Clue, system: Option<u16>, seen: impl Into<String>, shown_by: &ResourceId) {
        self.seen.push(Signal { clue, system, seen: seen.into(), shown_by: shown_by.clone() });
    }

    pub(super) fn miss(&mut self, clue: Clue, why: impl Into<Cow<'static, str>>) {
        self.untold.push(Untold { clue, why: why.into() });
    }

    /// Sorts them, and keeps no room for more: there are as many as accounts and credentials.
    pub(super) fn settle(&mut self) {
        self.seen.sort_unstable();
        self.seen.shrink_to_fit();
        self.untold.shrink_to_fit();
    }
}

/// Everything that an account shows. One that may act nowhere does nothing, and nothing is missed of it.
pub(super) fn signs(scene: &Scene<'_, '_>, resource: &Resource, account: &Principal, acts: bool) -> Signs {
    let mut signs = Signs::default();
    looks(scene, resource, account, &mut signs);
    roster(scene, account, &mut signs);
    if acts {
        person_at_work(scene, resource, account, &mut signs);
        deeds(scene, resource, account, &mut signs);
        missed(scene, resource, account, &mut signs);
    }
    signs.settle();
    signs.seen.dedup();
    signs
}

fn looks(scene: &Scene<'_, '_>, resource: &Resource, account: &Principal, signs: &mut Signs) {
    let id = &resource.id;
    let sort = account.account_type.known().copied();
    let is_machine = matches!(sort, Some(PrincipalType::ServiceAccount | PrincipalType::App | PrincipalType::Agent));
    if let (Some(sort), true) = (sort, is_machine) {
        signs.see(Clue::AccountType, None, sort.name(), id);
    } else if looks_like_machine(resource) {
        signs.see(Clue::MachineName, None, resource.title(), id);
    }
    let traits = Traits::of(resource);
    for (system, found) in systems_of(scene.knowledge, resource, &traits) {
        for sign in found {
            // Somebody who works for a vendor is a person all the same.
            if sign.sign != Sign::MailDomain || !traits.is_person() {
                signs.see(sign.sign.clue(), Some(system), sign.seen, id);
            }
        }
    }
    for (integration, system) in scene.links.declared.get(id).into_iter().flatten() {
        signs.see(Clue::Declared, *system, integration.title(), &integration.id);
    }
    if is_machine {
        return;
    }
    if is_personal_name(&resource.name) && !looks_like_machine(resource) {
        signs.see(Clue::PersonalName, None, resource.title(), id);
    }
    let personal =
        mails(account).find(|mail| mail.rsplit_once('@').is_some_and(|(local, _)| is_personal_address(local)));
    if let Some(mail) = personal {
        signs.see(Clue::PersonalMail, None, mail, id);
    }
    if account.mfa == Fact::Known(true) {
        signs.see(Clue::SecondFactor, None, "two-step verification is on", id);
    }
}

/// Who is in the roster is a person, whatever the account is called.
fn roster(scene: &Scene<'_, '_>, account: &Principal, signs: &mut Signs) {
    if !scene.has_roster {
        return;
    }
    let found = mails(account).find_map(|mail| scene.inventory.person(mail));
    match found {
        Some((person, body)) => {
            let gone = match (body.employed_until, scene.now) {
                (Fact::Known(end), Some(now)) => end <= now,
                _ => false,
            };
            let seen = if gone { "is in the roster, and has left" } else { "is in the roster" };
            signs.see(Clue::Roster, None, seen, &person.id);
        }
        None if account.email.is_unknown() => signs.miss(Clue::Roster, "its mail address is not shown"),
        None if !scene.roster_whole => {
            signs.miss(Clue::Roster, "the roster was not read whole, or is not of everybody")
        }
        None => {}
    }
}

/// What only somebody at a screen does.
fn person_at_work(scene: &Scene<'_, '_>, resource: &Resource, account: &Principal, signs: &mut Signs) {
    let id = &resource.id;
    match opened_lately(scene, account) {
        Fact::Known(true) => {
            let last =
                account.activity.known().into_iter().flatten().filter_map(|one| one.last_active_at.known()).max();
            let day = last.map(|last| format!("last page view on {}", last.date_naive()));
            signs.see(Clue::Pages, None, day.unwrap_or_default(), id);
        }
        Fact::Known(false) | Fact::Absent => {}
        Fact::Unknown => signs.miss(Clue::Pages, "page views are not told"),
    }
    // A self-hosted product counts it as a log-in when a machine sends its password.
    if id.tenant() != ResourceId::CLOUD {
        return;
    }
    match account.last_login_at {
        Fact::Known(last) if scene.is_within(last, weights().recent_days) => {
            signs.see(Clue::LogIn, None, format!("logged in on {}", last.date_naive()), id);
        }
        _ if !scene.log => signs.miss(Clue::LogIn, "the audit log, which tells log-ins, was not read to its end"),
        _ => {}
    }
}

/// What is done with an account that no token of it shows.
fn deeds(scene: &Scene<'_, '_>, resource: &Resource, account: &Principal, signs: &mut Signs) {
    let (id, links) = (&resource.id, &scene.links);
    for (app, system) in links.apps.get(id).into_iter().flatten() {
        signs.see(Clue::ActingApp, Some(*system), app.title(), &app.id);
    }
    for (webhook, system) in links.webhooks.get(id).into_iter().flatten() {
        signs.see(Clue::SetWebhook, Some(*system), webhook.title(), &webhook.id);
    }
    for (client, system) in links.clients.get(id).into_iter().flatten() {
        signs.see(Clue::RegisteredClient, Some(*system), client.title(), &client.id);
    }
    for rule in links.automations.get(id).into_iter().flatten() {
        signs.see(Clue::AutomationActor, None, rule.title(), &rule.id);
    }
    if let (Some(grant), Some(align)) =
        (by_mail(&links.connectors, mails(account)), scene.knowledge.place_of("jira-align"))
    {
        signs.see(Clue::ConnectorRole, Some(align), grant.title(), &grant.id);
    }
}

/// What nobody told of it, and might speak for one side or the other.
fn missed(scene: &Scene<'_, '_>, resource: &Resource, account: &Principal, signs: &mut Signs) {
    if account.account_type.is_unknown() {
        signs.miss(Clue::AccountType, "what sort of account it is is not told");
    }
    let is_person = signs.seen.iter().any(|signal| signal.clue == Clue::PersonalName);
    if account.email.is_unknown() {
        signs.miss(Clue::PersonalMail, "its mail address is not shown");
        if !is_person {
            signs.miss(Clue::MailDomain, "its mail address is not shown");
        }
    }
    if account.mfa.is_unknown() && resource.id.tenant() == ResourceId::CLOUD {
        signs.miss(Clue::SecondFactor, "whether two-step verification is on is not told");
    }
    if scene.misses_log(&resource.id) {
        signs.miss(Clue::ActingApp, "the audit log, which tells for whom apps act, was not read to its end");
    }
    if scene.gaps.automations {
        signs.miss(Clue::AutomationActor, "automation rules were not read whole");
    }
    if scene.gaps.webhooks {
        signs.miss(Clue::SetWebhook, "webhooks were not read whole");
    }
    if scene.gaps.register {
        signs.miss(Clue::Declared, "the register was not read");
    }
    if !scene.inventory.tokens_told(resource) {
        const WHY: &str = "its tokens were not read whole, or nobody can list them";
        for clue in [Clue::WholeLabel, Clue::Nightly, Clue::SilentPages, Clue::PipelineVariable] {
            signs.miss(clue, WHY);
        }
    }
}
