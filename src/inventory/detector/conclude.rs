//! What is said aloud, in words: which system probably runs on whose account, and which account looks human but behaves
//! like a machine's. Every signal is shown, with what could not be told.

use super::score::{Signal, Untold, speaks_for};
use super::{Side, Use, is_deed};
use crate::inventory::Inventory;
use crate::model::{Fact, Resource, ResourceId};

/// What sort of conclusion it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conclusion {
    /// A system probably runs on the account of a person: the place of its profile, none if it fits none.
    RunsOnPerson(Option<u16>),
    /// The account looks human but behaves like a machine.
    BehavesLikeMachine,
}

/// One conclusion about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The account.
    pub account: ResourceId,
    /// What is said of it.
    pub conclusion: Conclusion,
    /// The credential that shows it best, if one does.
    pub via: Option<ResourceId>,
    /// How sure one may be, of 100.
    pub confidence: u32,
    /// Everything that speaks for it.
    pub evidence: Vec<Signal>,
    /// What speaks against it: signs of a person at work.
    pub against: Vec<Signal>,
    /// What could not be looked for.
    pub untold: Vec<Untold>,
}

impl Inventory<'_> {
    /// What is said aloud of an account, the surest first.
    #[must_use]
    pub fn concluded(&self, account: &ResourceId) -> Vec<Finding> {
        let detections = self.detections();
        let Some(detection) = detections.account(account) else { return Vec::new() };
        let mut found = Vec::new();
        let uses = || self.credentials_of(account).filter_map(|one| Some((one, detections.credential(&one.id)?)));
        let person =
            || detection.signals.iter().filter(|one| speaks_for(one.clue, Side::Person)).cloned().collect::<Vec<_>>();
        let about = |system: Option<u16>, one: &Use| {
            let counts = |signal: &&Signal| {
                speaks_for(signal.clue, Side::System) && (signal.system.is_none() || signal.system == system)
            };
            one.signals.iter().filter(counts).cloned().collect::<Vec<Signal>>()
        };
        if detection.is_persons == Fact::Known(true) {
            for sure in detection.systems.iter().filter(|one| one.score.is_enough() == Fact::Known(true)) {
                let own = detection.signals.iter().filter(|one| one.system.is_some() && one.system == sure.system);
                let mut evidence: Vec<Signal> = own.cloned().collect();
                let mut untold = detection.untold.clone();
                if let Some(token) = sure.via.as_ref().and_then(|via| detections.credential(via)) {
                    evidence.extend(about(sure.system, token));
                    untold.extend(token.untold.iter().cloned());
                }
                found.push(Finding {
                    account: account.clone(),
                    conclusion: Conclusion::RunsOnPerson(sure.system),
                    via: sure.via.clone(),
                    confidence: sure.score.seen,
                    evidence,
                    against: person(),
                    untold: of_system(untold),
                });
            }
            let unnamed = |one: &Use| {
                let named = one.system.as_ref().is_some_and(|best| best.score.is_enough() == Fact::Known(true));
                one.on_person == Fact::Known(true) && !named
            };
            for (resource, one) in uses().filter(|(_, one)| unnamed(one)) {
                found.push(Finding {
                    account: account.clone(),
                    conclusion: Conclusion::RunsOnPerson(None),
                    via: Some(resource.id.clone()),
                    confidence: one.score.seen,
                    evidence: about(None, one),
                    against: person(),
                    untold: of_system(one.untold.clone()),
                });
            }
        }
        if detection.behaves_like_machine == Fact::Known(true) {
            let all = detection.signals.iter().chain(uses().flat_map(|(_, one)| &one.signals));
            let deeds = all.filter(|one| speaks_for(one.clue, Side::Machine) && is_deed(one.clue));
            found.push(Finding {
                account: account.clone(),
                conclusion: Conclusion::BehavesLikeMachine,
                via: None,
                confidence: detection.deeds.seen,
                evidence: deeds.cloned().collect(),
                against: person(),
                untold: detection.untold.clone(),
            });
        }
        for finding in &mut found {
            finding.evidence.sort_unstable();
            finding.evidence.dedup();
        }
        found.sort_by(|left, right| {
            right.confidence.cmp(&left.confidence).then_with(|| left.conclusion.cmp(&right.conclusion))
        });
        found
    }
}

fn of_system(mut untold: Vec<Untold>) -> Vec<Untold> {
    untold.retain(|one| speaks_for(one.clue, Side::System));
    untold.sort_unstable();
    untold.dedup();
    untold
}

/// “Jenkins probably runs on the account of Ada Muster”.
#[must_use]
pub fn sentence(inventory: &Inventory<'_>, finding: &Finding) -> String {
    let account = inventory.name(&finding.account);
    match finding.conclusion {
        Conclusion::RunsOnPerson(system) => {
            let profile = system.and_then(|system| inventory.knowledge().profile(system));
            let system = profile.map_or("A system of no known sort", |profile| profile.title.as_str());
            format!("{system} probably runs on the account of {account}")
        }
        Conclusion::BehavesLikeMachine => {
            format!("{account} looks like a person's account, but behaves like a machine's")
        }
    }
}

/// One line for a signal: “whole-label of API token “jenkins”: jenkins (0.7)”.
#[must_use]
pub fn evidence(inventory: &Inventory<'_>, signal: &Signal) -> String {
    let shown_by = inventory.get(&signal.shown_by).map_or_else(|| signal.shown_by.to_string(), described);
    let about = signal.clue.name().replace('-', " ");
    format!("{about}: {} ({shown_by}, weight {})", signal.seen, signal.weight())
}

fn described(resource: &Resource) -> String {
    use crate::model::Body;
    let sort = match &resource.body {
        Body::Principal(_) => "account",
        Body::Credential(credential) => credential.form.title(),
        Body::Automation(_) => "automation rule",
        body => body.kind().name(),
    };
    format!("{sort} “{}”", resource.title())
}
