//! Anything in the estate with an identity, and where it was seen.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    App, AppForm, Automation, Container, Credential, Fact, Grant, Group, Integration, Person, Principal, ResourceId,
    Setting, SourceName, Standing, Variable, Webhook, shared,
};

/// The sorts of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Who can act.
    Principal,
    /// A named set of principals.
    Group,
    /// What proves a principal.
    Credential,
    /// What holds content or licences.
    Container,
    /// A permission or role given to somebody on a container.
    Grant,
    /// What is installed or acts through OAuth.
    App,
    /// A message sent to another host when something happens.
    Webhook,
    /// A rule that acts by itself.
    Automation,
    /// A variable of build pipelines.
    Variable,
    /// One switch that holds for a whole tenant.
    Setting,
    /// What the register declares to run here.
    Integration,
    /// Who works here, as the roster says.
    Person,
}

impl Kind {
    /// All of them, in the order of the floor plan of a report.
    pub const ALL: [Self; 12] = [
        Self::Principal,
        Self::Group,
        Self::Credential,
        Self::Container,
        Self::Grant,
        Self::App,
        Self::Webhook,
        Self::Automation,
        Self::Variable,
        Self::Setting,
        Self::Integration,
        Self::Person,
    ];

    /// The word used in ids, rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Group => "group",
            Self::Credential => "credential",
            Self::Container => "container",
            Self::Grant => "grant",
            Self::App => "app",
            Self::Webhook => "webhook",
            Self::Automation => "automation",
            Self::Variable => "variable",
            Self::Setting => "setting",
            Self::Integration => "integration",
            Self::Person => "person",
        }
    }

    /// The kind with that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What is known about a resource, by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// An account.
    Principal(Principal),
    /// A group.
    Group(Group),
    /// A token, key or client.
    Credential(Credential),
    /// An organisation, site, project, …
    Container(Container),
    /// A role or permission.
    Grant(Grant),
    /// An installed or acting app.
    App(App),
    /// A webhook.
    Webhook(Webhook),
    /// An automation rule.
    Automation(Automation),
    /// A pipeline variable.
    Variable(Variable),
    /// A setting.
    Setting(Setting),
    /// A declared integration.
    Integration(Integration),
    /// A person.
    Person(Person),
}

impl Body {
    /// The ids of other resources in it, to be looked at or put in another form.
    pub(super) fn each_id(&mut self, each: &mut dyn FnMut(&mut ResourceId)) {
        let (ones, lists): (Vec<&mut Fact<ResourceId>>, Vec<&mut Fact<Vec<ResourceId>>>) = match self {
            Self::Principal(body) => (
                vec![&mut body.created_by],
                vec![
                    &mut body.groups,
                    &mut body.groups_at_least,
                    &mut body.workspace_groups,
                    &mut body.workspace_groups_at_least,
                ],
            ),
            Self::Group(body) => (Vec::new(), vec![&mut body.inside]),
            Self::Credential(body) => (
                vec![&mut body.owner, &mut body.created_by, &mut body.container, &mut body.last_used_by],
                vec![&mut body.acts_for],
            ),
            Self::Container(body) => (
                vec![&mut body.parent, &mut body.lead, &mut body.permission_scheme, &mut body.owner],
                vec![&mut body.licence_groups, &mut body.default_groups, &mut body.only_pushers],
            ),
            Self::Grant(body) => (vec![&mut body.principal, &mut body.group, &mut body.container], Vec::new()),
            Self::App(body) => (vec![&mut body.container], vec![&mut body.acts_for]),
            Self::Webhook(body) => (vec![&mut body.container, &mut body.changed_by], Vec::new()),
            Self::Automation(body) => (vec![&mut body.container, &mut body.author, &mut body.actor], Vec::new()),
            Self::Variable(body) => (vec![&mut body.container], Vec::new()),
            Self::Setting(body) => (vec![&mut body.container], Vec::new()),
            Self::Integration(_) | Self::Person(_) => (Vec::new(), Vec::new()),
        };
        for fact in ones {
            if let Fact::Known(id) = fact {
                each(id);
            }
        }
        for fact in lists {
            if let Fact::Known(ids) = fact {
                ids.iter_mut().for_each(&mut *each);
            }
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Principal(_) => Kind::Principal,
            Self::Group(_) => Kind::Group,
            Self::Credential(_) => Kind::Credential,
            Self::Container(_) => Kind::Container,
            Self::Grant(_) => Kind::Grant,
            Self::App(_) => Kind::App,
            Self::Webhook(_) => Kind::Webhook,
            Self::Automation(_) => Kind::Automation,
            Self::Variable(_) => Kind::Variable,
            Self::Setting(_) => Kind::Setting,
            Self::Integration(_) => Kind::Integration,
            Self::Person(_) => Kind::Person,
        }
    }

    /// Its form, as ledger entries name it; of a setting, its key stands for the form. `None` for kinds without forms.
    #[must_use]
    pub fn form(&self) -> Option<&str> {
        match self {
            Self::Credential(credential) => Some(credential.form.name()),
            Self::Container(container) => Some(container.form.name()),
            Self::Grant(grant) => Some(grant.form.name()),
            Self::App(app) => Some(app.form.name()),
            Self::Setting(setting) => Some(&setting.key),
            Self::Principal(_)
            | Self::Group(_)
            | Self::Webhook(_)
            | Self::Automation(_)
            | Self::Variable(_)
            | Self::Integration(_)
            | Self::Person(_) => None,
        }
    }
}

/// Where a resource was seen: when, is in the ledger entry of that source and endpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sighting {
    /// The source.
    pub source: SourceName,
    /// The endpoint's name in the ledger.
    #[serde(deserialize_with = "shared::deserialize")]
    pub endpoint: Arc<str>,
}

/// Anything in the estate with an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Stable across scans.
    pub id: ResourceId,
    /// What people call it. Empty where the source gives no name.
    pub name: String,
    /// Every endpoint that showed it, sorted.
    pub seen_by: Vec<Sighting>,
    /// What is known about it.
    pub body: Body,
}

impl Resource {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.body.kind()
    }

    /// Its name, or its native id where it has none.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.name.is_empty() { self.id.native() } else { &self.name }
    }

    /// What it is in or on, if that is known: where that is out of sight, so is this.
    #[must_use]
    pub fn place(&self) -> Option<&ResourceId> {
        match &self.body {
            Body::Container(container) => container.parent.known(),
            Body::Credential(credential) => credential.container.known(),
            Body::Grant(grant) => grant.container.known(),
            Body::App(app) => app.container.known(),
            Body::Webhook(webhook) => webhook.container.known(),
            Body::Automation(automation) => automation.container.known(),
            Body::Variable(variable) => variable.container.known(),
            Body::Setting(setting) => setting.container.known(),
            Body::Principal(_) | Body::Group(_) | Body::Integration(_) | Body::Person(_) => None,
        }
    }

    /// Whose it is, or who acts through it: the owner of a credential or container, the holder of a grant, the account that an
    /// automation acts as, whoever changed a webhook last. As far as that is an account or a group, and known.
    #[must_use]
    pub fn holder(&self) -> Option<&ResourceId> {
        match &self.body {
            Body::Credential(credential) => credential.owner.known(),
            Body::Webhook(webhook) => webhook.changed_by.known(),
            Body::Automation(automation) => automation.actor.known(),
            Body::Container(container) => container.owner.known(),
            Body::Grant(grant) => grant.principal.known().or(grant.group.known()),
            Body::Principal(_)
            | Body::Group(_)
            | Body::App(_)
            | Body::Variable(_)
            | Body::Setting(_)
            | Body::Integration(_)
            | Body::Person(_) => None,
        }
    }

    /// Gives back the room that lists keep for more than is in them: where many resources are held, that is much.
    pub fn tighten(&mut self) {
        fn each<'l, T: 'l>(lists: impl IntoIterator<Item = &'l mut Fact<Vec<T>>>) {
            for list in lists {
                if let Fact::Known(list) = list {
                    list.shrink_to_fit();
                }
            }
        }
        self.seen_by.shrink_to_fit();
        match &mut self.body {
            Body::Principal(body) => {
                each([&mut body.groups, &mut body.groups_at_least]);
                each([&mut body.workspace_groups, &mut body.workspace_groups_at_least]);
                each([&mut body.platform_roles, &mut body.other_emails]);
                each([&mut body.activity]);
                each([&mut body.standings]);
            }
            Body::Group(body) => each([&mut body.jira_access, &mut body.confluence_access]),
            Body::Credential(body) => {
                each([&mut body.scopes, &mut body.hosts]);
                each([&mut body.acts_for]);
                each([&mut body.used_on]);
            }
            Body::Grant(body) => each([&mut body.permits, &mut body.via]),
            Body::App(body) => each([&mut body.access]),
            Body::Webhook(body) => each([&mut body.events]),
            Body::Automation(body) => each([&mut body.limited_to]),
            Body::Container(_) | Body::Variable(_) | Body::Setting(_) | Body::Integration(_) | Body::Person(_) => {}
        }
    }

    /// The facts about it that come from news, which no later scan is told again: `None` if there are none.
    pub(super) fn told_once(&self) -> Option<Self> {
        let body = match &self.body {
            Body::Principal(Principal { last_login_at, .. }) if !last_login_at.is_unknown() => {
                Body::Principal(Principal { last_login_at: *last_login_at, ..Principal::default() })
            }
            Body::Credential(Credential { form, last_used_by, acts_for, auth_type, .. })
                if !(last_used_by.is_unknown() && acts_for.is_unknown() && auth_type.is_unknown()) =>
            {
                let (last_used_by, acts_for) = (last_used_by.clone(), acts_for.clone());
                Body::Credential(Credential {
                    last_used_by,
                    acts_for,
                    auth_type: auth_type.clone(),
                    ..Credential::unknown(*form)
                })
            }
            Body::App(app) if app.form == AppForm::ActingApp => Body::App(app.clone()),
            _ => return None,
        };
        // Of an app, events are the only ones to tell the name as well.
        let name = if body.kind() == Kind::App { self.name.clone() } else { String::new() };
        Some(Self { id: self.id.clone(), name, seen_by: Vec::new(), body })
    }

    /// Takes up what the scan before knew of it and no scan is told again: facts that come from news, and the days on which a
    /// credential was used. True if that may have made another of it.
    pub(super) fn remind(&mut self, before: &Self) -> bool {
        let told = before.told_once();
        let was_told = told.is_some();
        told.into_iter().for_each(|told| self.merge(told));
        self.note_use(Some(before)) || was_told
    }

    /// Adds the day of a credential's last use to those that the scan before knew. True if that made another of it.
    pub(super) fn note_use(&mut self, before: Option<&Self>) -> bool {
        let Body::Credential(credential) = &mut self.body else { return false };
        let earlier = before.and_then(|before| match &before.body {
            Body::Credential(credential) => Some(credential),
            _ => None,
        });
        let known = credential.used_on.clone();
        credential.note_use(earlier);
        credential.used_on != known
    }

    /// True if [`Resource::remind`] may make another of it though the scan before knew it just as it is.
    pub(super) fn takes_after_itself(&self) -> bool {
        self.kind() == Kind::Credential || self.told_once().is_some()
    }

    /// True if it is an app that was seen acting since then.
    pub(super) fn acted_since(&self, then: DateTime<Utc>) -> bool {
        match &self.body {
            Body::App(app) => {
                app.form == AppForm::ActingApp && app.last_used_at.known().is_none_or(|acted| *acted >= then)
            }
            _ => false,
        }
    }

    /// Takes up what another sighting of the same resource knows. Where both know something, this one's word stands:
    /// the caller merges in order of authority.
    pub fn merge(&mut self, other: Self) {
        if self.name.is_empty() {
            self.name = other.name;
        }
        self.seen_by.extend(other.seen_by);
        self.seen_by.sort_unstable();
        self.seen_by.dedup();
        match (&mut self.body, other.body) {
            (Body::Principal(mine), Body::Principal(theirs)) => merge_principal(mine, theirs),
            (Body::Group(mine), Body::Group(theirs)) => merge_group(mine, theirs),
            (Body::Credential(mine), Body::Credential(theirs)) => merge_credential(mine, theirs),
            (Body::Container(mine), Body::Container(theirs)) => merge_container(mine, theirs),
            (Body::Grant(mine), Body::Grant(theirs)) => merge_grant(mine, theirs),
            (Body::App(mine), Body::App(theirs)) => merge_app(mine, theirs),
            (Body::Webhook(mine), Body::Webhook(theirs)) => merge_webhook(mine, theirs),
            (Body::Automation(mine), Body::Automation(theirs)) => merge_automation(mine, theirs),
            (Body::Variable(mine), Body::Variable(theirs)) => {
                fill(&mut mine.container, theirs.container);
                fill(&mut mine.environment, theirs.environment);
                fill(&mut mine.secured, theirs.secured);
                fill(&mut mine.admin_only, theirs.admin_only);
            }
            (Body::Setting(mine), Body::Setting(theirs)) => {
                fill(&mut mine.value, theirs.value);
                fill(&mut mine.detail, theirs.detail);
                fill(&mut mine.container, theirs.container);
                fill(&mut mine.exceptions, theirs.exceptions);
            }
            (Body::Integration(mine), Body::Integration(theirs)) => merge_integration(mine, theirs),
            (Body::Person(mine), Body::Person(theirs)) => merge_person(mine, theirs),
            _ => unreachable!("internal: an id has one kind"),
        }
    }
}

fn fill<T>(mine: &mut Fact<T>, theirs: Fact<T>) {
    *mine = std::mem::take(mine).or(theirs);
}

/// Memberships, roles and activity add up: each source sees its own of the account.
fn merge_principal(mine: &mut Principal, theirs: Principal) {
    mine.account_type = best_type(mine.account_type, theirs.account_type);
    let differing = differing_emails(mine, &theirs);
    fill(&mut mine.status, theirs.status);
    mine.other_emails = union(union(std::mem::take(&mut mine.other_emails), theirs.other_emails), differing);
    fill(&mut mine.email, theirs.email);
    // An organisation knows only of itself that it manages the account, or does not.
    mine.managed = if theirs.managed == Fact::Known(true) { theirs.managed } else { mine.managed.or(theirs.managed) };
    fill(&mut mine.mfa, theirs.mfa);
    mine.platform_roles = union(std::mem::take(&mut mine.platform_roles), theirs.platform_roles);
    add_groups(&mut mine.groups, &mut mine.groups_at_least, theirs.groups, theirs.groups_at_least);
    let (whole, at_least) = (&mut mine.workspace_groups, &mut mine.workspace_groups_at_least);
    add_groups(whole, at_least, theirs.workspace_groups, theirs.workspace_groups_at_least);
    mine.activity = union(std::mem::take(&mut mine.activity), theirs.activity);
    fill(&mut mine.added_at, theirs.added_at);
    fill(&mut mine.deactivated_at, theirs.deactivated_at);
    fill(&mut mine.billable, theirs.billable);
    fill(&mut mine.management_source, theirs.management_source);
    fill(&mut mine.created_by, theirs.created_by);
    fill(&mut mine.description, theirs.description);
    mine.standings = merge_standings(std::mem::take(&mut mine.standings), theirs.standings);
    fill(&mut mine.auth_policy, theirs.auth_policy);
    mine.last_login_at = later(mine.last_login_at, theirs.last_login_at);
    fill(&mut mine.username, theirs.username);
    fill(&mut mine.directory, theirs.directory);
}

/// Memberships add up. Where somebody knows them all, the list of those that were merely seen is needed no more; what is
/// in it was seen all the same.
fn add_groups(
    mine: &mut Fact<Vec<ResourceId>>,
    mine_at_least: &mut Fact<Vec<ResourceId>>,
    theirs: Fact<Vec<ResourceId>>,
    theirs_at_least: Fact<Vec<ResourceId>>,
) {
    let known = union(std::mem::take(mine), theirs);
    let seen = union(std::mem::take(mine_at_least), theirs_at_least);
    (*mine, *mine_at_least) = match (known, seen) {
        (Fact::Unknown, seen) => (Fact::Unknown, seen),
        (Fact::Absent, Fact::Known(seen)) if !seen.is_empty() => (Fact::Known(seen), Fact::Unknown),
        (known @ Fact::Known(_), seen @ Fact::Known(_)) => (union(known, seen), Fact::Unknown),
        (known, _) => (known, Fact::Unknown),
    };
}

/// The other's mail address, if both show one and they are not the same.
fn differing_emails(mine: &Principal, theirs: &Principal) -> Fact<Vec<String>> {
    match (&mine.email, &theirs.email) {
        (Fact::Known(mine), Fact::Known(theirs)) if !mine.eq_ignore_ascii_case(theirs) => {
            Fact::Known(vec![theirs.clone()])
        }
        _ => Fact::Unknown,
    }
}

/// One standing for each source, with what any of its endpoints told.
fn merge_standings(mine: Fact<Vec<Standing>>, theirs: Fact<Vec<Standing>>) -> Fact<Vec<Standing>> {
    let (mut mine, theirs) = match (mine, theirs) {
        (Fact::Known(mine), Fact::Known(theirs)) => (mine, theirs),
        (mine, theirs) => return mine.or(theirs),
    };
    for one in theirs {
        match mine.iter_mut().find(|known| known.source == one.source && known.product == one.product) {
            // An endpoint that has no word on it does not outvote one that has.
            Some(known) => {
                known.active = either_known(known.active, one.active);
                known.shows_email = either_known(known.shows_email, one.shows_email);
            }
            None => mine.push(one),
        }
    }
    mine.sort_unstable();
    Fact::Known(mine)
}

fn either_known<T>(mine: Fact<T>, theirs: Fact<T>) -> Fact<T> {
    if mine.known().is_none() && theirs.known().is_some() { theirs } else { mine.or(theirs) }
}

/// The later of two moments.
fn later<T: Ord>(mine: Fact<T>, theirs: Fact<T>) -> Fact<T> {
    match (mine, theirs) {
        (Fact::Known(mine), Fact::Known(theirs)) => Fact::Known(mine.max(theirs)),
        (mine, theirs @ Fact::Known(_)) if mine.known().is_none() => theirs,
        (mine, theirs) => mine.or(theirs),
    }
}

/// A more telling type wins: Jira alone can say that an app account is a service account.
fn best_type(mine: Fact<super::PrincipalType>, theirs: Fact<super::PrincipalType>) -> Fact<super::PrincipalType> {
    use super::PrincipalType::{Agent, App, Other, ServiceAccount};
    match (mine, theirs) {
        (Fact::Known(App), Fact::Known(special @ (ServiceAccount | Agent))) => Fact::Known(special),
        (Fact::Known(Other), Fact::Known(other)) => Fact::Known(other),
        (mine, theirs) => mine.or(theirs),
    }
}

fn union<T: Ord>(mine: Fact<Vec<T>>, theirs: Fact<Vec<T>>) -> Fact<Vec<T>> {
    match (mine, theirs) {
        (Fact::Known(mut mine), Fact::Known(theirs)) => {
            mine.extend(theirs);
            mine.sort_unstable();
            mine.dedup();
            Fact::Known(mine)
        }
        (mine, theirs) => mine.or(theirs),
    }
}

fn merge_group(mine: &mut super::Group, theirs: super::Group) {
    fill(&mut mine.description, theirs.description);
    fill(&mut mine.managed_by, theirs.managed_by);
    fill(&mut mine.external, theirs.external);
    fill(&mut mine.member_count, theirs.member_count);
    mine.jira_access = union(std::mem::take(&mut mine.jira_access), theirs.jira_access);
    mine.confluence_access = union(std::mem::take(&mut mine.confluence_access), theirs.confluence_access);
    fill(&mut mine.administers, theirs.administers);
    fill(&mut mine.inside, theirs.inside);
    // Who read the list whole has told everybody in it, whatever another was refused.
    let told = [mine.members_told, theirs.members_told].contains(&Fact::Known(true));
    mine.members_told = if told { Fact::Known(true) } else { mine.members_told.or(theirs.members_told) };
}

fn merge_credential(mine: &mut Credential, theirs: Credential) {
    fill(&mut mine.owner, theirs.owner);
    fill(&mut mine.created_by, theirs.created_by);
    fill(&mut mine.status, theirs.status);
    fill(&mut mine.created_at, theirs.created_at);
    fill(&mut mine.expires_at, theirs.expires_at);
    fill(&mut mine.last_used_at, theirs.last_used_at);
    mine.used_on = union(std::mem::take(&mut mine.used_on), theirs.used_on);
    fill(&mut mine.scopes, theirs.scopes);
    fill(&mut mine.container, theirs.container);
    fill(&mut mine.fingerprint, theirs.fingerprint);
    fill(&mut mine.last_used_by, theirs.last_used_by);
    mine.acts_for = union(std::mem::take(&mut mine.acts_for), theirs.acts_for);
    fill(&mut mine.auth_type, theirs.auth_type);
    fill(&mut mine.impersonates, theirs.impersonates);
    mine.hosts = union(std::mem::take(&mut mine.hosts), theirs.hosts);
}

fn merge_app(mine: &mut App, theirs: App) {
    fill(&mut mine.container, theirs.container);
    fill(&mut mine.key, theirs.key);
    fill(&mut mine.vendor, theirs.vendor);
    fill(&mut mine.version, theirs.version);
    fill(&mut mine.enabled, theirs.enabled);
    fill(&mut mine.user_installed, theirs.user_installed);
    mine.acts_for = union(std::mem::take(&mut mine.acts_for), theirs.acts_for);
    fill(&mut mine.auth_type, theirs.auth_type);
    mine.last_used_at = later(mine.last_used_at, theirs.last_used_at);
    fill(&mut mine.address, theirs.address);
    mine.access = union(std::mem::take(&mut mine.access), theirs.access);
    fill(&mut mine.working, theirs.working);
}

fn merge_webhook(mine: &mut Webhook, theirs: Webhook) {
    fill(&mut mine.container, theirs.container);
    fill(&mut mine.address, theirs.address);
    fill(&mut mine.secret_in_url, theirs.secret_in_url);
    fill(&mut mine.signed, theirs.signed);
    fill(&mut mine.verifies_certificate, theirs.verifies_certificate);
    fill(&mut mine.enabled, theirs.enabled);
    fill(&mut mine.events, theirs.events);
    fill(&mut mine.changed_by, theirs.changed_by);
    fill(&mut mine.changed_at, theirs.changed_at);
    fill(&mut mine.created_at, theirs.created_at);
}

fn merge_automation(mine: &mut Automation, theirs: Automation) {
    fill(&mut mine.container, theirs.container);
    fill(&mut mine.status, theirs.status);
    fill(&mut mine.author, theirs.author);
    fill(&mut mine.actor, theirs.actor);
    fill(&mut mine.limited_to, theirs.limited_to);
    fill(&mut mine.description, theirs.description);
    fill(&mut mine.created_at, theirs.created_at);
    fill(&mut mine.changed_at, theirs.changed_at);
}

fn merge_container(mine: &mut Container, theirs: Container) {
    fill(&mut mine.parent, theirs.parent);
    fill(&mut mine.key, theirs.key);
    fill(&mut mine.url, theirs.url);
    fill(&mut mine.status, theirs.status);
    fill(&mut mine.seats_used, theirs.seats_used);
    fill(&mut mine.seats_total, theirs.seats_total);
    fill(&mut mine.plan, theirs.plan);
    fill(&mut mine.sandbox, theirs.sandbox);
    mine.licence_groups = union(std::mem::take(&mut mine.licence_groups), theirs.licence_groups);
    mine.default_groups = union(std::mem::take(&mut mine.default_groups), theirs.default_groups);
    fill(&mut mine.lead, theirs.lead);
    fill(&mut mine.permission_scheme, theirs.permission_scheme);
    fill(&mut mine.team_managed, theirs.team_managed);
    fill(&mut mine.owner, theirs.owner);
    fill(&mut mine.category, theirs.category);
    fill(&mut mine.public, theirs.public);
    fill(&mut mine.pipelines_enabled, theirs.pipelines_enabled);
    fill(&mut mine.only_pushers, theirs.only_pushers);
    fill(&mut mine.created_at, theirs.created_at);
    fill(&mut mine.version, theirs.version);
    fill(&mut mine.expires_at, theirs.expires_at);
}

fn merge_integration(mine: &mut Integration, theirs: Integration) {
    fill(&mut mine.system, theirs.system);
    fill(&mut mine.purpose, theirs.purpose);
    fill(&mut mine.environment, theirs.environment);
    fill(&mut mine.owner_email, theirs.owner_email);
    fill(&mut mine.team, theirs.team);
    fill(&mut mine.accounts, theirs.accounts);
    fill(&mut mine.containers, theirs.containers);
    fill(&mut mine.permissions, theirs.permissions);
    fill(&mut mine.credential_forms, theirs.credential_forms);
    fill(&mut mine.longest_days, theirs.longest_days);
    fill(&mut mine.webhook_hosts, theirs.webhook_hosts);
    fill(&mut mine.vendor_contact, theirs.vendor_contact);
    fill(&mut mine.review_at, theirs.review_at);
    fill(&mut mine.fingerprints, theirs.fingerprints);
}

fn merge_person(mine: &mut Person, theirs: Person) {
    fill(&mut mine.email, theirs.email);
    mine.aliases = union(std::mem::take(&mut mine.aliases), theirs.aliases);
    fill(&mut mine.employed_until, theirs.employed_until);
    fill(&mut mine.manager, theirs.manager);
    fill(&mut mine.team, theirs.team);
}

fn merge_grant(mine: &mut Grant, theirs: Grant) {
    fill(&mut mine.principal, theirs.principal);
    fill(&mut mine.group, theirs.group);
    fill(&mut mine.holder_detail, theirs.holder_detail);
    fill(&mut mine.container, theirs.container);
    mine.permits = union(std::mem::take(&mut mine.permits), theirs.permits);
    mine.via = union(std::mem::take(&mut mine.via), theirs.via);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PrincipalType;

    fn account(principal: Principal) -> Resource {
        Resource {
            id: ResourceId::new(ResourceId::CLOUD, Kind::Principal, "712020:1"),
            name: String::new(),
            seen_by: Vec::new(),
            body: Body::Principal(principal),
        }
    }

    #[test]
    fn what_one_source_does_not_know_the_other_fills_in() {
        let mut org = account(Principal { status: Fact::Known("suspended".into()), ..Principal::default() });
        let jira = account(Principal {
            status: Fact::Known("active".into()),
            account_type: Fact::Known(PrincipalType::ServiceAccount),
            ..Principal::default()
        });
        org.merge(jira);
        let Body::Principal(merged) = org.body else { panic!("a principal stays one") };
        assert_eq!(merged.status, Fact::Known("suspended".to_owned()));
        assert_eq!(merged.account_type, Fact::Known(PrincipalType::ServiceAccount));
    }

    #[test]
    fn what_two_organisations_know_of_an_account_adds_up() {
        let seen = |managed, role: &str| {
            let platform_roles = Fact::Known(vec![role.to_owned()]);
            account(Principal { managed: Fact::Known(managed), platform_roles, ..Principal::default() })
        };
        for (first, second) in [(true, false), (false, true)] {
            let mut org = seen(first, "b");
            org.merge(seen(second, "a"));
            let Body::Principal(merged) = org.body else { panic!("a principal stays one") };
            assert_eq!(merged.managed, Fact::Known(true));
            assert_eq!(merged.platform_roles, Fact::Known(vec!["a".to_owned(), "b".to_owned()]));
        }
    }

    #[test]
    fn memberships_that_were_seen_add_up_and_give_way_to_all_of_them() {
        let ids = |names: &[&str]| {
            let id = |name: &&str| ResourceId::new("jira", Kind::Group, name);
            Fact::Known(names.iter().map(id).collect::<Vec<_>>())
        };
        let (some, other, unknown) = (ids(&["a", "c"]), ids(&["b", "c"]), Fact::Unknown);
        for (mine, theirs, all, at_least) in [
            ((&unknown, &some), (&unknown, &other), unknown.clone(), ids(&["a", "b", "c"])),
            ((&unknown, &some), (&unknown, &unknown), unknown.clone(), some.clone()),
            ((&unknown, &some), (&other, &unknown), ids(&["a", "b", "c"]), unknown.clone()),
            ((&some, &unknown), (&unknown, &ids(&["c"])), some.clone(), unknown.clone()),
            ((&Fact::Absent, &unknown), (&unknown, &some), some.clone(), unknown.clone()),
            ((&Fact::Absent, &unknown), (&unknown, &ids(&[])), Fact::Absent, unknown.clone()),
            ((&unknown, &unknown), (&unknown, &unknown), unknown.clone(), unknown.clone()),
        ] {
            let of = |(groups, seen): (&Fact<Vec<ResourceId>>, &Fact<Vec<ResourceId>>)| Principal {
                groups: groups.clone(),
                groups_at_least: seen.clone(),
                workspace_groups: groups.clone(),
                workspace_groups_at_least: seen.clone(),
                ..Principal::default()
            };
            for (first, second) in [(mine, theirs), (theirs, mine)] {
                let mut resource = account(of(first));
                resource.merge(account(of(second)));
                let Body::Principal(merged) = resource.body else { panic!("a principal stays one") };
                assert_eq!((&merged.groups, &merged.groups_at_least), (&all, &at_least), "{first:?} {second:?}");
                let of_workspaces = (&merged.workspace_groups, &merged.workspace_groups_at_least);
                assert_eq!(of_workspaces, (&all, &at_least));
            }
        }
    }

    #[test]
    fn a_list_of_members_is_told_if_anybody_read_it_whole() {
        let (yes, no, unknown) = (Fact::Known(true), Fact::Known(false), Fact::Unknown);
        for (mine, theirs, expected) in
            [(no, yes, yes), (yes, no, yes), (no, unknown, no), (unknown, no, no), (unknown, unknown, unknown)]
        {
            let mut group = super::super::Group { members_told: mine, ..Default::default() };
            merge_group(&mut group, super::super::Group { members_told: theirs, ..Default::default() });
            assert_eq!(group.members_told, expected, "{mine:?} {theirs:?}");
        }
    }

    #[test]
    fn only_a_more_telling_sort_of_app_refines_an_app() {
        use PrincipalType::{Agent, App, Other, Person, ServiceAccount};
        for (mine, theirs, expected) in [
            (App, Person, App),
            (App, Other, App),
            (App, Agent, Agent),
            (App, ServiceAccount, ServiceAccount),
            (Other, Person, Person),
            (Person, ServiceAccount, Person),
        ] {
            assert_eq!(best_type(Fact::Known(mine), Fact::Known(theirs)), Fact::Known(expected), "{mine:?} {theirs:?}");
        }
    }

    fn at(day: &str) -> DateTime<Utc> {
        format!("{day}T00:00:00Z").parse().unwrap()
    }

    fn app(form: AppForm, last_used_at: Fact<DateTime<Utc>>) -> Resource {
        Resource {
            id: ResourceId::new("o1", Kind::App, "acting:7"),
            name: "Reporter".to_owned(),
            seen_by: vec![Sighting { source: "acme".into(), endpoint: "audit events".into() }],
            body: Body::App(App { last_used_at, ..App::unknown(form) }),
        }
    }

    #[test]
    fn of_an_account_only_the_log_in_is_told_once() {
        let body = Principal { last_login_at: Fact::Known(at("2026-11-03")), ..Principal::default() };
        let told = account(Principal { status: Fact::Known("active".into()), mfa: Fact::Known(true), ..body.clone() });
        assert_eq!(told.told_once().unwrap().body, Body::Principal(body));
        assert_eq!(account(Principal { mfa: Fact::Known(true), ..Principal::default() }).told_once(), None);
    }

    #[test]
    fn of_a_credential_only_its_use_is_told_once() {
        let form = super::super::CredentialForm::OrgApiKey;
        let resource = |body| Resource { body: Body::Credential(body), ..account(Principal::default()) };
        let used = Credential { auth_type: Fact::Known("container-token".into()), ..Credential::unknown(form) };
        let whole = Credential { last_used_at: Fact::Known(at("2026-11-03")), scopes: Fact::Absent, ..used.clone() };
        let told = resource(whole.clone()).told_once().unwrap();
        assert_eq!((told.body, told.seen_by, told.name), (Body::Credential(used), Vec::new(), String::new()));
        assert_eq!(resource(Credential { auth_type: Fact::Unknown, ..whole }).told_once(), None);
    }

    #[test]
    fn an_acting_app_is_told_once_with_its_name_and_an_installed_one_every_time() {
        let acting = app(AppForm::ActingApp, Fact::Unknown);
        let told = acting.told_once().unwrap();
        assert_eq!((told.name.as_str(), told.body, told.seen_by.len()), ("Reporter", acting.body, 0));
        assert_eq!(app(AppForm::InstalledApp, Fact::Unknown).told_once(), None);
    }

    #[test]
    fn an_app_acts_until_it_has_been_silent_for_too_long() {
        let then = at("2026-06-01");
        let acts = |form, last_used_at| app(form, last_used_at).acted_since(then);
        assert!(acts(AppForm::ActingApp, Fact::Known(at("2026-06-01"))));
        assert!(!acts(AppForm::ActingApp, Fact::Known(at("2026-05-31"))));
        assert!(acts(AppForm::ActingApp, Fact::Unknown), "when it acted is not known, that it did is");
        assert!(!acts(AppForm::InstalledApp, Fact::Known(at("2026-06-02"))));
        assert!(!account(Principal::default()).acted_since(then));
    }

    #[test]
    fn absent_is_not_overwritten_but_unknown_is() {
        assert_eq!(Fact::<u8>::Absent.or(Fact::Known(1)), Fact::Absent);
        assert_eq!(Fact::<u8>::Unknown.or(Fact::Absent), Fact::Absent);
    }
}
