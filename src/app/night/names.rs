//! Who is named in a night: accounts of people, people, and whoever decided something.

use std::collections::BTreeSet;

use super::Night;
use crate::model::{Body, Fact, Integration, Person, Principal, PrincipalType, Resource, WaiverUse};

impl Night<'_> {
    /// The names and mail addresses of people, sorted; those of waivers are told beside it. Accounts of installed apps, agents and
    /// service accounts are nobody.
    #[must_use]
    pub fn names_of_people<'n>(&'n self, waivers: &'n [WaiverUse]) -> BTreeSet<&'n str> {
        let mut names = BTreeSet::new();
        let before = self.before.as_ref().map(|before| &before.snapshot);
        for snapshot in [Some(self.snapshot.as_ref()), before].into_iter().flatten() {
            snapshot.resources.iter().chain(&snapshot.carried).for_each(|resource| of_resource(resource, &mut names));
        }
        let findings = self.before.iter().flat_map(|before| &before.findings);
        names.extend(findings.filter_map(|finding| finding.owner.as_deref()));
        let beside = &self.beside;
        names.extend(self.baseline.iter().chain(&beside.baseline).map(|baseline| baseline.accepted_by.as_str()));
        names.extend(beside.acknowledgements.iter().map(|one| one.by.as_str()));
        names.extend(waivers.iter().map(|used| used.waiver.approver.as_str()));
        for reviewed in &beside.reviewed {
            names.insert(&reviewed.review.started_by);
            names.extend([reviewed.row.asked.as_str(), &reviewed.row.account_name]);
            names.extend(reviewed.row.known_as.iter().map(String::as_str));
            names.extend(reviewed.decision.as_ref().map(|decision| decision.reviewer.as_str()));
        }
        for decided in &self.decided {
            names.extend([decided.row.asked.as_str(), &decided.row.account_name, &decided.decision.reviewer]);
            names.extend(decided.row.known_as.iter().map(String::as_str));
        }
        names
    }
}

fn of_resource<'r>(resource: &'r Resource, names: &mut BTreeSet<&'r str>) {
    let mut add = |fact: &'r Fact<String>| names.extend(fact.known().map(String::as_str));
    match &resource.body {
        Body::Principal(principal) if !is_nobody(principal) => {
            [&principal.email, &principal.username].into_iter().for_each(&mut add);
            names.extend(principal.other_emails.known().into_iter().flatten().map(String::as_str));
            names.insert(&resource.name);
        }
        Body::Person(Person { email, aliases, manager, .. }) => {
            [email, manager].into_iter().for_each(&mut add);
            names.extend(aliases.known().into_iter().flatten().map(String::as_str));
            names.insert(&resource.name);
        }
        Body::Integration(Integration { owner_email, vendor_contact, .. }) => {
            [owner_email, vendor_contact].into_iter().for_each(&mut add);
        }
        _ => {}
    }
}

fn is_nobody(principal: &Principal) -> bool {
    let machines = [PrincipalType::App, PrincipalType::Agent, PrincipalType::ServiceAccount];
    principal.account_type.known().is_some_and(|sort| machines.contains(sort))
}
