//! Integrations of the register: by the accounts they run on, the credentials of these, and what they declare to need.

use std::collections::BTreeMap;

use super::{Search, last_use, lost_in_words, why_of};
use crate::app::whatif::people::accounts_of;
use crate::model::{
    Body, Certainty, Container, ContainerForm, Fact, Harm, Harmed, Integration, Kind, Resource, ResourceId,
};

/// An account with what it loses.
type Losing<'l> = (&'l Resource, &'l BTreeMap<(String, ResourceId), Certainty>);

/// What would happen to one integration.
struct Blow {
    harm: Harm,
    certainty: Certainty,
    why: Vec<String>,
}

impl<'s> Search<'s> {
    pub(super) fn integrations(&mut self) {
        let declared: Vec<&'s Resource> = self.sides.before.of_kind(Kind::Integration).collect();
        for resource in declared {
            let Body::Integration(integration) = &resource.body else { continue };
            let accounts = accounts_of(self.sides.before, resource);
            self.owner_leaves(resource, integration);
            let live: Vec<&'s Resource> =
                accounts.iter().flat_map(|account| self.live_credentials(&account.id)).collect();
            let Some(blow) = self.blow(integration, &accounts, &live) else { continue };
            let harmed = Harmed {
                harm: blow.harm,
                certainty: blow.certainty,
                sort: "integration",
                name: resource.title().to_owned(),
                resource: resource.id.clone(),
                why: blow.why,
                last_used_at: last_use(live.iter().copied()),
                talk_to: self.answerable.of_integration(resource),
            };
            self.add(harmed);
        }
    }

    /// The worst that happens to an integration.
    fn blow(&self, integration: &Integration, accounts: &[&'s Resource], live: &[&'s Resource]) -> Option<Blow> {
        let shut: Vec<&&Resource> =
            accounts.iter().filter(|one| self.sides.trail.deactivated.contains(&one.id)).collect();
        if let Some(first) = shut.first() {
            let all = shut.len() == accounts.len();
            let mut why = vec![format!("it runs on {}", first.title()), format!("{} is deactivated", first.title())];
            if !all {
                let others = accounts.len() - shut.len();
                why.push(format!("{others} other of its accounts would still be let in"));
            }
            let certainty = if all { Certainty::Certain } else { Certainty::Likely };
            return Some(Blow { harm: Harm::Stops, certainty, why });
        }
        let stopping: Vec<&&Resource> = live.iter().filter(|one| self.stopped.contains_key(&one.id)).collect();
        if let Some(first) = stopping.first() {
            let mut why = vec![format!("it may use “{}”, a credential of its account", first.title())];
            why.extend(why_of(&self.stopped, &first.id));
            let left = live.len() - stopping.len();
            let certainty = if left == 0 { Certainty::Likely } else { Certainty::Possible };
            if left > 0 {
                why.push(format!("{left} other of its credentials would still work; which one it uses nobody tells"));
            }
            return Some(Blow { harm: Harm::Stops, certainty, why });
        }
        self.loses_rights(integration, accounts)
    }

    fn loses_rights(&self, integration: &Integration, accounts: &[&'s Resource]) -> Option<Blow> {
        let losing: Vec<Losing<'_>> = accounts
            .iter()
            .filter_map(|account| Some((*account, self.reaches.get(&account.id)?)))
            .filter(|(_, lost)| !lost.is_empty())
            .collect();
        let (first, lost) = *losing.first()?;
        let needed = self.needed(integration, accounts, &losing);
        if let Some((key, place, certainty)) = needed.first() {
            let more = match needed.len() - 1 {
                0 => String::new(),
                more => format!(", and {more} more of what it needs"),
            };
            let verb = if *certainty == Certainty::Certain { "loses" } else { "may lose" };
            let why = vec![
                format!("it runs on {}", first.title()),
                format!("it {verb} {key} in {}, which it is declared to need{more}", self.sides.before.name(place)),
            ];
            return Some(Blow { harm: Harm::LosesRights, certainty: *certainty, why });
        }
        let tells_needs = integration.permissions.known().is_some() && integration.containers.known().is_some();
        let mut why = vec![format!("it runs on {}", first.title()), lost_in_words(first, lost, &self.sides)];
        why.push(
            match tells_needs {
                true => "none of that is among what it is declared to need",
                false => "the register does not say what it needs, so whether it needs that cannot be told",
            }
            .to_owned(),
        );
        Some(Blow { harm: Harm::LosesRights, certainty: Certainty::Possible, why })
    }

    /// What is lost of what it is declared to need, the certain first. Another of its accounts may still have it.
    fn needed(
        &self,
        integration: &Integration,
        accounts: &[&'s Resource],
        losing: &[Losing<'_>],
    ) -> Vec<(String, ResourceId, Certainty)> {
        let Fact::Known(permissions) = &integration.permissions else { return Vec::new() };
        let mut needed = Vec::new();
        for (_, lost) in losing {
            for ((key, place), certainty) in *lost {
                if !permissions.contains(key) || !works_in(integration, self.sides.before.get(place)) {
                    continue;
                }
                let kept = accounts.iter().any(|account| {
                    let (Some(account), Some(place)) = (self.sides.after.get(&account.id), self.sides.after.get(place))
                    else {
                        return false;
                    };
                    let held = Some(crate::inventory::access::Bound::Held);
                    self.sides.after.access().of_account(account).may(key, place) == held
                });
                if !kept {
                    needed.push((key.clone(), place.clone(), *certainty));
                }
            }
        }
        needed.sort_by(|left, right| (left.2, &left.0, &left.1).cmp(&(right.2, &right.0, &right.1)));
        needed.dedup();
        needed
    }

    /// Whoever answers for an integration is deactivated.
    fn owner_leaves(&mut self, resource: &'s Resource, integration: &Integration) {
        let Fact::Known(mail) = &integration.owner_email else { return };
        let accounts = self.sides.before.accounts_of_mail(mail);
        let Some(gone) = accounts.into_iter().find(|account| self.sides.trail.deactivated.contains(&account.id)) else {
            return;
        };
        let harmed = Harmed {
            harm: Harm::LeftAlone,
            certainty: Certainty::Certain,
            sort: "integration",
            name: resource.title().to_owned(),
            resource: resource.id.clone(),
            why: vec![format!("{} answers for it and is deactivated", gone.title())],
            last_used_at: Fact::Unknown,
            talk_to: integration.team.known().map(|team| format!("team {team}")),
        };
        self.add(harmed);
    }
}

/// True if an integration is declared to work in a place, by its key; where it names none, in any.
fn works_in(integration: &Integration, place: Option<&Resource>) -> bool {
    let Some(Body::Container(Container { form, key, .. })) = place.map(|place| &place.body) else { return false };
    let content = matches!(form, ContainerForm::Project | ContainerForm::Space | ContainerForm::Repository);
    match &integration.containers {
        Fact::Known(keys) => {
            let name = place.map_or("", |place| place.title());
            content && keys.iter().any(|wanted| key.known().is_some_and(|key| key == wanted) || wanted == name)
        }
        Fact::Absent => content,
        Fact::Unknown => true,
    }
}
