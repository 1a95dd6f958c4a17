//! What a condition may name: every field of every kind with its type, whether it may be absent, and how to reach it;
//! and the neighbours of each kind. One line a field: the documents and the checker both read this table.

use chrono::{DateTime, Utc};

use super::derived;
use crate::inventory::Inventory;
use crate::model::Kind::{Container as CT, Credential as CR, Grant as GR, Group as GP, Principal as PR, Setting as SE};
use crate::model::{
    Body, Change, Container, ContainerForm, Credential, CredentialForm, Fact, Grant, GrantForm, Group, Holder, Kind,
    Principal, PrincipalType, Resource, ResourceId, Setting, What,
};

/// What a field is read from.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) resource: &'a Resource,
    pub(super) inventory: &'a Inventory<'a>,
    pub(super) change: Option<&'a Change>,
    pub(super) now: DateTime<Utc>,
}

/// A list of text: kept by the resource, or made for the question.
pub(super) enum Texts<'a> {
    Kept(&'a [String]),
    Made(Vec<&'a str>),
}

impl Texts<'_> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let (kept, made): (&[String], &[&str]) = match self {
            Self::Kept(kept) => (kept, &[]),
            Self::Made(made) => (&[], made),
        };
        kept.iter().map(String::as_str).chain(made.iter().copied())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Kept(kept) => kept.len(),
            Self::Made(made) => made.len(),
        }
    }
}

/// How a field is reached, by type.
#[derive(Clone, Copy)]
pub(super) enum Get {
    Bool(fn(&View<'_>) -> Fact<bool>),
    Int(fn(&View<'_>) -> Fact<i64>),
    Time(fn(&View<'_>) -> Fact<DateTime<Utc>>),
    Text(for<'a> fn(&View<'a>) -> Fact<&'a str>),
    Texts(for<'a> fn(&View<'a>) -> Fact<Texts<'a>>),
}

/// One thing a condition may name.
pub struct Field {
    /// The kind that has it; `None` for a field of the change itself.
    pub of: Option<Kind>,
    /// Its name behind the dot.
    pub name: &'static str,
    /// True if it may be absent, so that a condition must ask before it uses the value.
    pub nullable: bool,
    /// True if it is worked out from more than the resource itself.
    pub derived: bool,
    /// What it says.
    pub doc: &'static str,
    /// The words it can be, where they are fixed.
    pub(super) words: Option<fn() -> Vec<&'static str>>,
    /// Further kinds it is worked out from: their gaps can leave it unknown.
    pub(super) needs: &'static [Kind],
    pub(super) get: Get,
}

impl Field {
    /// Its type, in the words of the documents.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.get {
            Get::Bool(_) => "bool",
            Get::Int(_) => "int",
            Get::Time(_) => "time",
            Get::Text(_) => "text",
            Get::Texts(_) => "list of text",
        }
    }

    /// The words it can be; empty if any text will do.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        self.words.map_or_else(Vec::new, |words| words())
    }

    const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    const fn words_of(mut self, words: fn() -> Vec<&'static str>) -> Self {
        self.words = Some(words);
        self
    }

    const fn derived(mut self, needs: &'static [Kind]) -> Self {
        self.derived = true;
        self.needs = needs;
        self
    }
}

const fn field(of: Kind, name: &'static str, get: Get, doc: &'static str) -> Field {
    Field { of: Some(of), name, nullable: false, derived: false, doc, words: None, needs: &[], get }
}

const fn of_change(name: &'static str, get: Get, doc: &'static str) -> Field {
    Field { of: None, name, nullable: false, derived: false, doc, words: None, needs: &[], get }
}

/// Every field, by kind.
#[rustfmt::skip]
pub static FIELDS: &[Field] = &[
    field(PR, "name", Get::Text(name), "What people call the account."),
    field(PR, "id", Get::Text(id), "Its id in keyroll."),
    field(PR, "account_type", Get::Text(|v| principal(v).account_type.map(PrincipalType::name)), "Sort of account.").words_of(|| PrincipalType::ALL.map(PrincipalType::name).to_vec()),
    field(PR, "status", Get::Text(|v| text(&principal(v).status)), "`active`, `suspended`, `deactivated`, or the source's own word."),
    field(PR, "email", Get::Text(|v| text(&principal(v).email)), "Mail address.").nullable(),
    field(PR, "managed", Get::Bool(|v| principal(v).managed), "The organisation has claimed the account."),
    field(PR, "mfa", Get::Bool(|v| principal(v).mfa), "Two-step verification is on; told for managed accounts only.").nullable(),
    field(PR, "platform_roles", Get::Texts(|v| list(&principal(v).platform_roles)), "Platform roles such as `atlassian/org-admin`."),
    field(PR, "added_at", Get::Time(|v| principal(v).added_at), "When it came into the organisation.").nullable(),
    field(PR, "deactivated_at", Get::Time(|v| principal(v).deactivated_at), "When it was deactivated.").nullable(),
    field(PR, "billable", Get::Bool(|v| principal(v).billable), "It counts towards the Guard subscription."),
    field(PR, "management_source", Get::Text(|v| text(&principal(v).management_source)), "`invited` or `synced`.").nullable(),
    field(PR, "description", Get::Text(|v| text(&principal(v).description)), "What somebody wrote about it.").nullable(),
    field(PR, "active_in_jira", Get::Bool(|v| principal(v).active_in_jira), "It may log in to the Jira site it was seen on."),
    field(PR, "email_domain", Get::Text(derived::email_domain), "The mail address behind the @, in its own letters.").nullable().derived(&[]),
    field(PR, "group_names", Get::Texts(derived::group_names), "Names of the groups it is a direct member of.").derived(&[GP]),
    field(PR, "last_active_at", Get::Time(derived::last_active_at), "Latest page view in any product; null if never.").nullable().derived(&[]),
    field(PR, "is_org_admin", Get::Bool(derived::is_org_admin), "It administers the organisation.").derived(&[]),
    field(PR, "is_admin", Get::Bool(derived::is_admin), "It has an administrator's role, or is in a group that opens the administration of Jira.").derived(&[GP]),
    field(PR, "seats", Get::Texts(derived::seats), "Jira applications it takes a seat of.").derived(&[CT]),
    field(PR, "takes_seat", Get::Bool(derived::takes_seat), "It takes a seat of at least one Jira application.").derived(&[CT]),
    field(PR, "live_credentials", Get::Int(derived::live_credentials), "Its credentials that are neither expired nor blocked.").derived(&[CR]),

    field(GP, "name", Get::Text(name), "The group's name."),
    field(GP, "id", Get::Text(id), "Its id in keyroll."),
    field(GP, "description", Get::Text(|v| text(&group(v).description)), "Its description.").nullable(),
    field(GP, "managed_by", Get::Text(|v| text(&group(v).managed_by)), "Who decides on members: `admins`, `external`, `team-members`, `open`.").nullable(),
    field(GP, "external", Get::Bool(|v| group(v).external), "An identity provider feeds it."),
    field(GP, "member_count", Get::Int(|v| group(v).member_count), "Members, as the source counts them."),
    field(GP, "jira_access", Get::Texts(|v| list(&group(v).jira_access)), "What membership opens in Jira: `user`, `admin`, `site-admin`."),
    field(GP, "roles", Get::Texts(derived::group_roles), "Roles and permissions granted to it.").derived(&[GR]),

    field(CR, "name", Get::Text(name), "The credential's label."),
    field(CR, "id", Get::Text(id), "Its id in keyroll."),
    field(CR, "form", Get::Text(|v| Fact::Known(credential(v).form.name())), "Sort of credential.").words_of(|| CredentialForm::ALL.map(CredentialForm::name).to_vec()),
    field(CR, "status", Get::Text(|v| text(&credential(v).status)), "`active`, `blocked`, or the source's own word."),
    field(CR, "created_at", Get::Time(|v| credential(v).created_at), "When it was made.").nullable(),
    field(CR, "expires_at", Get::Time(|v| credential(v).expires_at), "When it ends; null if it never does.").nullable(),
    field(CR, "last_used_at", Get::Time(|v| credential(v).last_used_at), "When it was last used; null if no use was ever recorded.").nullable(),
    field(CR, "scopes", Get::Texts(|v| list(&credential(v).scopes)), "What it is limited to."),
    field(CR, "owner_exists", Get::Bool(derived::owner_exists), "The account it acts as was seen.").derived(&[PR]),

    field(CT, "name", Get::Text(name), "The container's name."),
    field(CT, "id", Get::Text(id), "Its id in keyroll."),
    field(CT, "form", Get::Text(|v| Fact::Known(container(v).form.name())), "Sort of container.").words_of(|| ContainerForm::ALL.map(ContainerForm::name).to_vec()),
    field(CT, "key", Get::Text(|v| text(&container(v).key)), "Short key, such as `PAY` or `jira-software`.").nullable(),
    field(CT, "url", Get::Text(|v| text(&container(v).url)), "Where people open it.").nullable(),
    field(CT, "status", Get::Text(|v| text(&container(v).status)), "`online`, `live`, `archived`, or the source's own word."),
    field(CT, "seats_used", Get::Int(|v| container(v).seats_used), "Licensed accounts."),
    field(CT, "seats_total", Get::Int(|v| container(v).seats_total), "Licensed accounts that were bought; null if unlimited.").nullable(),
    field(CT, "plan", Get::Text(|v| text(&container(v).plan)), "`free`, `paid`, `unlicensed`, or the source's own word.").nullable(),
    field(CT, "sandbox", Get::Bool(|v| container(v).sandbox), "It is a sandbox."),
    field(CT, "team_managed", Get::Bool(|v| container(v).team_managed), "A team-managed project."),
    field(CT, "created_at", Get::Time(|v| container(v).created_at), "When it was made.").nullable(),
    field(CT, "seats_free", Get::Int(derived::seats_free), "Seats bought and not used; null if unlimited.").nullable().derived(&[]),
    field(CT, "org_admins", Get::Int(derived::org_admins), "Accounts that may log in and administer the organisation; known for organisations alone.").derived(&[PR]),
    field(CT, "service_accounts", Get::Int(derived::service_accounts), "Service accounts of the organisation; known for organisations alone.").derived(&[PR]),
    field(CT, "projects", Get::Int(derived::container_projects), "Projects that use a permission scheme; known for schemes alone.").derived(&[CT]),
    field(CT, "licence_group_names", Get::Texts(derived::licence_group_names), "Groups whose members take a seat.").derived(&[GP]),

    field(GR, "name", Get::Text(name), "The grant in words."),
    field(GR, "id", Get::Text(id), "Its id in keyroll."),
    field(GR, "form", Get::Text(|v| Fact::Known(grant(v).form.name())), "Sort of grant.").words_of(|| GrantForm::ALL.map(GrantForm::name).to_vec()),
    field(GR, "role", Get::Text(|v| Fact::Known(&grant(v).role)), "The role or permission, as the source names it."),
    field(GR, "holder", Get::Text(|v| Fact::Known(grant(v).holder.name())), "Who is meant.").words_of(|| Holder::ALL.map(Holder::name).to_vec()),
    field(GR, "holder_detail", Get::Text(|v| text(&grant(v).holder_detail)), "What the source says beside the holder.").nullable(),
    field(GR, "via", Get::Texts(|v| list(&grant(v).via)), "How the holder came by it: `direct`, `group_direct`, `inferred`."),
    field(GR, "projects", Get::Int(derived::grant_projects), "Projects it reaches: 1 for a project role, for a scheme those that use it.").derived(&[CT]),

    field(SE, "name", Get::Text(name), "What the setting is about."),
    field(SE, "id", Get::Text(id), "Its id in keyroll."),
    field(SE, "key", Get::Text(|v| Fact::Known(&setting(v).key)), "What is set, such as `domain`."),
    field(SE, "value", Get::Text(|v| text(&setting(v).value)), "Its value.").nullable(),
    field(SE, "detail", Get::Text(|v| text(&setting(v).detail)), "How it came about.").nullable(),

    of_change("what", Get::Text(what_happened), "What happened. What is seen for the first time and may be old counts as added; a rule that catches it cannot tell.").words_of(|| What::ALL.map(What::name).to_vec()),
    of_change("fields", Get::Texts(|v| Fact::from_option(v.change.map(changed_fields))), "Names of the fields that differ."),
];

/// The fields of a kind, or of the change itself.
pub(super) fn fields_of(of: Option<Kind>) -> impl Iterator<Item = &'static Field> + Clone {
    FIELDS.iter().filter(move |field| field.of == of)
}

/// How a resource names another one.
pub struct Neighbour {
    /// The kind that has it.
    pub of: Kind,
    /// Its name in conditions.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it is to the resource.
    pub doc: &'static str,
    /// Its number among the neighbours of the kind.
    pub(super) slot: usize,
    pub(super) link: fn(&Resource) -> Fact<&ResourceId>,
}

/// The most neighbours any kind has.
pub(super) const MOST_NEIGHBOURS: usize = 3;

/// Every neighbour, by kind.
#[rustfmt::skip]
pub static NEIGHBOURS: &[Neighbour] = &[
    Neighbour { of: CR, name: "owner", kind: PR, doc: "The account whose rights the credential has.", slot: 0, link: |r| match &r.body { Body::Credential(c) => c.owner.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: CR, name: "creator", kind: PR, doc: "Who made it.", slot: 1, link: |r| match &r.body { Body::Credential(c) => c.created_by.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: CT, name: "lead", kind: PR, doc: "Who leads the project.", slot: 0, link: |r| match &r.body { Body::Container(c) => c.lead.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: GR, name: "holder_principal", kind: PR, doc: "The account that holds the grant.", slot: 0, link: |r| match &r.body { Body::Grant(g) => g.principal.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: GR, name: "holder_group", kind: GP, doc: "The group that holds the grant.", slot: 1, link: |r| match &r.body { Body::Grant(g) => g.group.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: GR, name: "container", kind: CT, doc: "What the grant is on.", slot: 2, link: |r| match &r.body { Body::Grant(g) => g.container.as_ref(), _ => Fact::Unknown } },
];

/// The neighbours of a kind.
pub(super) fn neighbours_of(kind: Kind) -> impl Iterator<Item = &'static Neighbour> {
    NEIGHBOURS.iter().filter(move |neighbour| neighbour.of == kind)
}

fn what_happened<'a>(view: &View<'a>) -> Fact<&'a str> {
    let what = view.change.map(|change| if change.what == What::FirstSeen { What::Added } else { change.what });
    Fact::from_option(what.map(What::name))
}

fn name<'a>(view: &View<'a>) -> Fact<&'a str> {
    Fact::Known(view.resource.title())
}

fn id<'a>(view: &View<'a>) -> Fact<&'a str> {
    Fact::Known(view.resource.id.as_str())
}

fn text(fact: &Fact<String>) -> Fact<&str> {
    fact.as_ref().map(String::as_str)
}

fn list(fact: &Fact<Vec<String>>) -> Fact<Texts<'_>> {
    fact.as_ref().map(|list| Texts::Kept(list))
}

fn changed_fields(change: &Change) -> Texts<'_> {
    Texts::Made(change.fields.iter().map(|field| field.field.as_str()).collect())
}

const OF_ITS_KIND: &str = "internal: a field is read from a resource of its kind";

pub(super) fn principal<'a>(view: &View<'a>) -> &'a Principal {
    if let Body::Principal(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

pub(super) fn group<'a>(view: &View<'a>) -> &'a Group {
    if let Body::Group(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

pub(super) fn credential<'a>(view: &View<'a>) -> &'a Credential {
    if let Body::Credential(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

pub(super) fn container<'a>(view: &View<'a>) -> &'a Container {
    if let Body::Container(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

pub(super) fn grant<'a>(view: &View<'a>) -> &'a Grant {
    if let Body::Grant(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

fn setting<'a>(view: &View<'a>) -> &'a Setting {
    if let Body::Setting(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Snapshot, sample};

    #[test]
    fn every_field_of_the_samples_can_be_read_and_none_is_listed_twice() {
        let snapshot = Snapshot::of_sorted(sample::resources(), Vec::new());
        let inventory = Inventory::new(&snapshot);
        for resource in &snapshot.resources {
            let view = View { resource, inventory: &inventory, change: None, now: DateTime::UNIX_EPOCH };
            let mut names = Vec::new();
            for field in fields_of(Some(resource.kind())) {
                let unknown = match field.get {
                    Get::Bool(get) => get(&view).is_unknown(),
                    Get::Int(get) => get(&view).is_unknown(),
                    Get::Time(get) => get(&view).is_unknown(),
                    Get::Text(get) => get(&view).is_unknown(),
                    Get::Texts(get) => get(&view).is_unknown(),
                };
                assert!(field.derived || !unknown, "{} is unknown in its sample", field.name);
                names.push(field.name);
            }
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), fields_of(Some(resource.kind())).count());
        }
    }

    #[test]
    fn every_field_of_the_model_is_named_or_a_link() {
        const LINKS: &[&str] = &[
            "groups",
            "activity",
            "created_by",
            "owner",
            "parent",
            "licence_groups",
            "default_groups",
            "lead",
            "permission_scheme",
            "principal",
            "group",
            "container",
        ];
        for resource in sample::resources() {
            let body = serde_json::to_value(&resource.body).unwrap();
            for name in body[resource.kind().name()].as_object().unwrap().keys() {
                let listed = fields_of(Some(resource.kind())).any(|field| field.name == name && !field.derived);
                assert!(listed || LINKS.contains(&name.as_str()), "{name} is in no table");
            }
        }
    }
}
