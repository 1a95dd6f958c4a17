//! What to do where an integration may do more than it needs, or less, in words: what to take away and who else loses
//! something by it, and what to grant.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{covers, label};
use super::{Comparison, Inventory};
use crate::inventory::access::{Cut, Kept, Link, Loser, Losers};
use crate::model::{Body, Container, ContainerForm, Fact, Grant, GrantForm, Holder, Kind, Resource, ResourceId};
use crate::text::{join_and, plural};

/// How many steps are told one by one.
const MOST_STEPS: usize = 8;

/// How many of those who lose something are named, and how much of what each of them loses.
const MOST_NAMES: usize = 3;

/// What to do.
#[derive(Debug, Clone, Default)]
pub struct Remedy {
    /// What to take away, one step each; empty where nothing is known to be too much.
    pub steps: Vec<String>,
    /// What to grant, one step each; empty where nothing is known to be missing.
    pub grants: Vec<String>,
    /// How many others would lose something; none if not everybody was looked at.
    pub others: Option<usize>,
}

/// What to do about a comparison.
#[must_use]
pub fn remedy<'a>(inventory: &Inventory<'a>, comparison: &Comparison<'a>) -> Remedy {
    let words = Words { inventory };
    let grants = words.grants(comparison);
    let excess: Vec<_> =
        comparison.beyond.iter().chain(&comparison.outside).chain(&comparison.administers).cloned().collect();
    if excess.is_empty() && comparison.administers_unseen.is_empty() {
        return Remedy { steps: Vec::new(), grants, others: Some(0) };
    }
    let cuts = inventory.access().cut(&comparison.accounts, &excess, &comparison.met);
    let mut steps = words.steps(&cuts.best);
    for (account, product, role) in &comparison.administers_unseen {
        steps.push(format!("take the role {role} on {} from {}", product.native(), account.title()));
    }
    steps.extend(words.anew(&cuts.best, &comparison.met));
    for (container, key) in cuts.best.unexplained.iter().take(MOST_NAMES) {
        steps
            .push(format!("look where {key} on {} comes from: nothing that was read tells it", words.place(container)));
    }
    if !cuts.best.is_smallest {
        steps.push("(not proven to be the fewest steps: there are too many ways to try them all)".to_owned());
    }
    if let Some(apart) = &cuts.apart {
        let mut instead = words.bare_steps(apart);
        instead.extend(words.anew(apart, &comparison.met));
        steps.push(format!("or, so that nobody else loses anything: {}", join_and(&bounded(instead))));
    }
    let losers = &cuts.best.losers;
    Remedy { steps, grants, others: (!losers.may_be_more).then_some(losers.accounts.len()) }
}

struct Words<'w, 'a> {
    inventory: &'w Inventory<'a>,
}

/// What is missing in one place: the place, the account that should have it, and the permissions.
type Wanted<'a, 'w> = (Option<&'a Resource>, Option<&'a Resource>, BTreeSet<&'w str>);

impl<'a> Words<'_, 'a> {
    fn steps(&self, cut: &Cut<'a>) -> Vec<String> {
        let step = |(at, link): (usize, &Link<'a>)| format!("{} ({})", self.step(link), self.losers(&cut.losers, at));
        bounded(cut.links.iter().enumerate().map(step).collect())
    }

    fn bare_steps(&self, cut: &Cut<'a>) -> Vec<String> {
        cut.links.iter().map(|link| self.step(link)).collect()
    }

    fn name(&self, id: &ResourceId) -> String {
        let name = self.inventory.name(id);
        if id.kind() == Kind::Group { format!("group {name}") } else { name.to_owned() }
    }

    /// A place in words: `PAY`, `space:DOCS`, or the name of a whole product.
    fn place(&self, container: &Resource) -> String {
        match &container.body {
            Body::Container(Container { form: ContainerForm::PermissionScheme, .. }) => {
                format!("permission scheme {}", container.title())
            }
            Body::Container(body) if super::is_workplace(body.form) => label(container),
            _ => container.title().to_owned(),
        }
    }

    fn step(&self, link: &Link<'a>) -> String {
        match link {
            Link::Membership { member, group } => format!("take {} out of {}", self.name(member), self.name(group)),
            Link::Role { account, role } => format!("take the role {role} from {}", self.name(account)),
            Link::Container(container) => match self.inventory.get(container) {
                Some(project) => format!("have somebody else lead {}", self.place(project)),
                None => format!("have somebody else lead {}", container.native()),
            },
            Link::Grant(id) => match self.inventory.snapshot().get(id) {
                Some(Resource { body: Body::Grant(grant), name, .. }) => self.grant(grant, name),
                _ => format!("take away {}", id.native()),
            },
        }
    }

    fn grant(&self, grant: &Grant, name: &str) -> String {
        let place = match grant.container.known() {
            Some(id) => {
                self.inventory.get(id).map_or_else(|| id.native().to_owned(), |container| self.place(container))
            }
            None => "an unknown place".to_owned(),
        };
        let holder = match (&grant.principal, &grant.group) {
            (Fact::Known(account), _) => Some(self.name(account)),
            (_, Fact::Known(group)) => Some(self.name(group)),
            _ => None,
        };
        match (grant.form, holder) {
            (GrantForm::ProjectRole, Some(holder)) => format!("take {holder} out of role {} of {place}", grant.role),
            (GrantForm::ProductAccess, Some(holder)) => {
                format!("take access as {} to {place} from {holder}", grant.role)
            }
            (_, Some(holder)) => format!("take {} on {place} from {holder}", grant.role),
            (_, None) => format!("take “{name}” out of {place}"),
        }
    }

    /// Who else loses something by one of the links.
    fn losers(&self, losers: &Losers<'a>, link: usize) -> String {
        let through: Vec<&Loser<'a>> = losers.accounts.iter().filter(|loser| loser.links.contains(&link)).collect();
        if through.is_empty() {
            return if losers.may_be_more { "others may lose something" } else { "nobody else loses anything" }
                .to_owned();
        }
        let names = through.iter().take(MOST_NAMES).map(|loser| {
            let losses = loser.losses.iter().take(MOST_NAMES);
            let losses: Vec<String> = losses.map(|(key, place)| format!("{key} in {}", self.place(place))).collect();
            format!("{} {}", loser.account.title(), join_and(&losses))
        });
        let names: Vec<String> = names.collect();
        let more = if through.len() > names.len() { ", …" } else { "" };
        let at_least = if losers.may_be_more { "at least " } else { "" };
        let others = plural(through.len(), "other loses", "others lose");
        format!("{at_least}{others} something: {}{more}{}", names.join(", "), self.machines(&through))
    }

    /// What runs on those who lose something.
    fn machines(&self, through: &[&Loser<'a>]) -> String {
        let mut integrations: BTreeSet<&str> = BTreeSet::new();
        let mut credentials = 0;
        for loser in through {
            integrations.extend(self.inventory.integrations_on(&loser.account.id).map(Resource::title));
            credentials += self.inventory.credentials_of(&loser.account.id).count();
        }
        let mut words = String::new();
        if !integrations.is_empty() {
            let names: Vec<String> = integrations.iter().take(MOST_NAMES).map(|name| (*name).to_owned()).collect();
            let more = if integrations.len() > names.len() { ", …" } else { "" };
            words.push_str(&format!("; with them {}{more}", names.join(", ")));
        }
        if credentials > 0 {
            words.push_str(&format!("; {} with them", plural(credentials, "credential", "credentials")));
        }
        words
    }

    /// Needs that end and must be granted anew, place by place.
    fn anew(&self, cut: &Cut<'a>, met: &[Kept<'a>]) -> Vec<String> {
        let mut ended: BTreeMap<&ResourceId, (&Kept<'a>, BTreeSet<&str>)> = BTreeMap::new();
        for need in cut.ended.iter().filter_map(|at| met.get(*at)) {
            ended.entry(&need.container.id).or_insert((need, BTreeSet::new())).1.insert(need.permission);
        }
        let all_met = |container: &Resource| {
            let there = met.iter().filter(|need| need.container.id == container.id);
            there.map(|need| need.permission).collect::<BTreeSet<_>>()
        };
        let anew = ended.into_values().map(|(need, permissions)| {
            let how = self.how(need.container, &permissions, &all_met(need.container));
            let words: Vec<String> = permissions.iter().map(|one| (*one).to_owned()).collect();
            format!(
                "grant {} in {} to {} anew, {how}",
                join_and(&words),
                self.place(need.container),
                need.account.title()
            )
        });
        bounded(anew.collect())
    }

    /// How to grant what is missing, place by place.
    fn grants(&self, comparison: &Comparison<'a>) -> Vec<String> {
        let mut places: BTreeMap<&str, Wanted<'a, '_>> = BTreeMap::new();
        for lack in &comparison.missing {
            let account = lack.accounts.first().copied();
            let place = places.entry(&lack.label).or_insert((lack.container, account, BTreeSet::new()));
            place.2.extend(lack.permission);
        }
        let grant = |(label, (container, account, permissions)): (&str, Wanted<'a, '_>)| {
            let account = account.map_or("the account", |account| account.title());
            let Some(container) = container else { return format!("give it an account in the product of {label}") };
            let there = comparison.met.iter().filter(|need| need.container.id == container.id);
            let allowed: BTreeSet<&str> =
                there.map(|need| need.permission).chain(permissions.iter().copied()).collect();
            let words: Vec<String> = permissions.iter().map(|one| (*one).to_owned()).collect();
            format!(
                "grant {} in {label} to {account}, {}",
                join_and(&words),
                self.how(container, &permissions, &allowed)
            )
        };
        bounded(places.into_iter().map(grant).collect())
    }

    /// By a role that gives what is wanted and no more than is needed, if the project has one; otherwise by itself.
    fn how(&self, container: &'a Resource, wanted: &BTreeSet<&str>, needed: &BTreeSet<&str>) -> String {
        let Body::Container(body) = &container.body else { return "by itself".to_owned() };
        match body.form {
            ContainerForm::Project => match self.fitting_role(container, body, wanted, needed) {
                Some(role) => format!("by role {role} of the project, which gives nothing that is not needed"),
                None => "by a role of the project, or a group, that is there for it alone".to_owned(),
            },
            ContainerForm::Space => "to the account itself, in the permissions of the space".to_owned(),
            _ => "to the account itself, there".to_owned(),
        }
    }

    fn fitting_role(
        &self,
        project: &'a Resource,
        body: &'a Container,
        wanted: &BTreeSet<&str>,
        needed: &BTreeSet<&str>,
    ) -> Option<&'a str> {
        let mut roles: BTreeMap<&'a str, BTreeSet<&'a str>> = BTreeMap::new();
        for entry in self.inventory.grants_on(body.permission_scheme.known()?) {
            let Body::Grant(grant) = &entry.body else { continue };
            if let (Holder::ProjectRole, Fact::Known(role)) = (grant.holder, &grant.holder_detail) {
                roles.entry(role).or_default().insert(&grant.role);
            }
        }
        let allowed = |key: &&str| needed.iter().any(|needed| covers(needed, ContainerForm::Project, key));
        let fits = |keys: &BTreeSet<&'a str>| wanted.iter().all(|key| keys.contains(key)) && keys.iter().all(&allowed);
        let fitting: BTreeSet<&'a str> =
            roles.into_iter().filter(|(_, keys)| fits(keys)).map(|(role, _)| role).collect();
        // A role is named by who is in it.
        let places = self.inventory.grants_on(&project.id).filter_map(|place| match &place.body {
            Body::Grant(grant) if grant.form == GrantForm::ProjectRole => {
                let role = place.id.native().strip_prefix("project-role:")?.split('/').nth(1)?;
                fitting.contains(role).then_some(grant.role.as_str())
            }
            _ => None,
        });
        places.min()
    }
}

/// The first few steps, and how many more there are.
fn bounded(mut steps: Vec<String>) -> Vec<String> {
    let more = steps.len().saturating_sub(MOST_STEPS);
    if more > 1 {
        steps.truncate(MOST_STEPS);
        steps.push(format!("and {more} more of the same sort"));
    }
    steps
}
