//! What a condition may name: every field of every kind with its type, whether it may be absent, and how to reach it;
//! and the neighbours of each kind. One line a field: the documents and the checker both read this table.

use chrono::{DateTime, Utc};

use super::{declared, derived, detected, reach, reach_of, reviewed};
use crate::inventory::Inventory;
use crate::inventory::access::Power;
use crate::model::Kind::{
    App as AP, Automation as AU, Container as CT, Credential as CR, Grant as GR, Group as GP, Integration as IN,
    Person as PE, Principal as PR, Setting as SE, Variable as VA, Webhook as WH,
};
use crate::model::{
    App, AppForm, Automation, Body, Change, Container, ContainerForm, ControlId, Credential, CredentialForm, Fact,
    Finding, Grant, GrantForm, Group, Holder, Integration, Kind, Person, Principal, PrincipalType, Resource,
    ResourceId, Setting, Severity, Status, Variable, VariableLevel, Webhook, What,
};

/// What a field is read from.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) resource: &'a Resource,
    pub(super) inventory: &'a Inventory<'a>,
    pub(super) change: Option<&'a Change>,
    pub(super) finding: Option<&'a Finding>,
    pub(super) now: DateTime<Utc>,
}

/// A list of text: kept by the resource, gathered for the question, or worded for it.
pub(super) enum Texts<'a> {
    Kept(&'a [String]),
    Made(Vec<&'a str>),
    Worded(Vec<String>),
}

impl Texts<'_> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let (kept, made): (&[String], &[&str]) = match self {
            Self::Kept(kept) => (kept, &[]),
            Self::Made(made) => (&[], made),
            Self::Worded(worded) => (worded, &[]),
        };
        kept.iter().map(String::as_str).chain(made.iter().copied())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Kept(kept) => kept.len(),
            Self::Made(made) => made.len(),
            Self::Worded(worded) => worded.len(),
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

/// Resources that a field is worked out from: a kind, and the forms of it that matter; no forms mean all.
pub(super) type Need = (Kind, &'static [&'static str]);

/// One thing a condition may name.
pub struct Field {
    /// The kind that has it; `None` for a field of the change itself, or of the finding.
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
    /// What else it is worked out from: gaps there can leave it unknown.
    pub(super) needs: &'static [Need],
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

    const fn derived(mut self, needs: &'static [Need]) -> Self {
        self.derived = true;
        self.needs = needs;
        self
    }
}

const fn field(of: Kind, name: &'static str, get: Get, doc: &'static str) -> Field {
    Field { of: Some(of), name, nullable: false, derived: false, doc, words: None, needs: &[], get }
}

/// A field of what stands beside a resource: a change of it, or a finding about it.
const fn of_what_is_beside(name: &'static str, get: Get, doc: &'static str) -> Field {
    Field { of: None, name, nullable: false, derived: false, doc, words: None, needs: &[], get }
}

/// Credentials that act with the rights of an account.
const TOKENS: Need = (CR, &["api-token", "oauth-client", "org-api-key"]);
/// Everything that acts for an account.
const ACCOUNT_TOKENS: Need = (CR, &["api-token", "oauth-client", "personal-access-token", "align-token"]);
/// What the detector looks at: of an account.
const DETECTED: &[Need] = &[ACCOUNT_TOKENS, AUDIT_LOG, (AU, &[]), (WH, &[]), (VA, &[]), (IN, &[]), (PE, &[])];
/// What it looks at: of a credential.
const USED: &[Need] = &[(PR, &[]), AUDIT_LOG, (VA, &[]), (IN, &[])];
/// Jira applications, with the groups that take their seats.
const APPLICATIONS: Need = (CT, &["application"]);
/// Projects, with the permission schemes they use.
const PROJECTS: Need = (CT, &["project", "permission-scheme"]);
/// Repositories, with what protects their branches.
const REPOSITORIES: Need = (CT, &["repository"]);
/// What makes repositories, and so reaches the variables of a workspace.
const MAKING_REPOSITORIES: Need = (GR, &["workspace-role", "repository-project-permission"]);
/// The log that tells who logged in, and who used what.
const AUDIT_LOG: Need = (AP, &["acting-app"]);
/// What accounts may do with repositories.
const REPOSITORY_ACCESS: Need = (GR, &["effective-repository-permission"]);
/// All that says what accounts may do where, with a whole product as well.
const RIGHTS: &[Need] = &[
    (PR, &[]),
    (GP, &[]),
    (
        CT,
        &["project", "permission-scheme", "space", "workspace", "repository-project", "repository", "site", "instance"],
    ),
    (
        GR,
        &[
            "permission",
            "project-role",
            "space-permission",
            "space-role",
            "workspace-role",
            "repository-project-permission",
            "repository-permission",
            "global-permission",
            "product-access",
            "platform-role",
        ],
    ),
];
/// What groups open.
const GROUP_ACCESS: Need = (GP, &["jira-access", "confluence-access"]);

/// What decides how far accounts and credentials reach.
const ACCESS: &[Need] =
    &[(GR, &[]), (GP, &[]), (PR, &[]), (CT, &["project", "permission-scheme", "application", "space", "repository"])];

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
    field(PR, "other_emails", Get::Texts(|v| list(&principal(v).other_emails)), "Mail addresses that other sources show for it, where they differ."),
    field(PR, "auth_policy", Get::Text(|v| text(&principal(v).auth_policy)), "The authentication policy it is in; told for managed accounts only.").nullable(),
    field(PR, "last_login_at", Get::Time(|v| principal(v).last_login_at), "When it last logged in, as the audit log tells.").nullable(),
    field(PR, "username", Get::Text(|v| text(&principal(v).username)), "The name it logs in with, of an account of a self-hosted product.").nullable(),
    field(PR, "directory", Get::Text(|v| text(&principal(v).directory)), "The user directory it comes from, of an account of a self-hosted product.").nullable(),
    field(PR, "employed", Get::Bool(declared::employed), "The roster says that the person is employed; null if a whole roster has nobody with its mail address.").nullable().derived(&[(PE, &[])]),
    field(PR, "left_at", Get::Time(declared::left_at), "When the person left, as the roster tells; null if they did not, or nobody in a whole roster has its mail address.").nullable().derived(&[(PE, &[])]),
    field(PR, "roster_team", Get::Text(declared::roster_team), "The person's team, as the roster tells.").nullable().derived(&[(PE, &[])]),
    field(PR, "closed_elsewhere", Get::Texts(declared::closed_elsewhere), "Other accounts with the same mail address that may not be used any more, with their places. A closed one that hides its address leaves this open if it bears the same name.").derived(&[(PR, &[])]),
    field(PR, "names", Get::Texts(derived::principal_names), "What it goes by: its displayed name, and the name it logs in with where there is one.").derived(&[]),
    field(PR, "self_hosted", Get::Bool(derived::is_self_hosted), "It is an account of a product outside of the cloud, which has a name to log in with.").derived(&[]),
    field(PR, "log_ins_told", Get::Bool(derived::log_ins_told), "The audit log was read up to this scan, so that no later log-in is missed: true or not known.").derived(&[AUDIT_LOG]),
    field(PR, "active_in_jira", Get::Bool(derived::active_in_jira), "It may log in to a Jira site that was seen.").derived(&[]),
    field(PR, "let_in_by", Get::Texts(derived::let_in_by), "Products that let it in.").derived(&[]),
    field(PR, "in_organisation", Get::Bool(derived::in_organisation), "The organisation lists it among its accounts.").derived(&[(PR, &[]), (CT, &["organisation"])]),
    field(PR, "disagreements", Get::Texts(derived::disagreements), "What its sources disagree about: who lets it in, and its mail address.").derived(&[]),
    field(PR, "open_though_closed", Get::Texts(derived::open_though_closed), "Products that let it in though the organisation does not.").derived(&[]),
    field(PR, "hides_email_in", Get::Texts(derived::hides_email_in), "Products where its mail address is hidden while another shows it.").derived(&[]),
    field(PR, "email_domain", Get::Text(derived::email_domain), "The mail address behind the @, in its own letters.").nullable().derived(&[]),
    field(PR, "group_names", Get::Texts(derived::group_names), "Names of the groups it is a direct member of.").derived(&[(GP, &[])]),
    field(PR, "last_active_at", Get::Time(derived::last_active_at), "Latest page view in any product; null if never.").nullable().derived(&[]),
    field(PR, "is_org_admin", Get::Bool(derived::is_org_admin), "It administers the organisation.").derived(&[]),
    field(PR, "is_admin", Get::Bool(derived::is_admin), "It has an administrator's role, or is in a group that opens the administration of Jira or Confluence.").derived(&[GROUP_ACCESS]),
    field(PR, "seats", Get::Texts(derived::seats), "Jira applications it takes a seat of.").derived(&[APPLICATIONS]),
    field(PR, "takes_seat", Get::Bool(derived::takes_seat), "It takes a seat of at least one Jira application.").derived(&[APPLICATIONS]),
    field(PR, "live_credentials", Get::Int(derived::live_credentials), "Its tokens and OAuth clients that are neither expired nor blocked.").derived(&[TOKENS]),
    field(PR, "readable", Get::Int(reach_of::readable), "Projects, spaces and repositories that it may see; not known where more could not be ruled out.").derived(ACCESS),
    field(PR, "readable_at_least", Get::Int(reach_of::readable_at_least), "As many of these are certain.").derived(ACCESS),
    field(PR, "readable_at_most", Get::Int(reach_of::readable_at_most), "More than these are ruled out; not known where nothing is.").derived(ACCESS),
    field(PR, "writable", Get::Int(reach_of::writable), "Projects, spaces and repositories in which it may change something; not known where more could not be ruled out.").derived(ACCESS),
    field(PR, "writable_at_least", Get::Int(reach_of::writable_at_least), "As many of these are certain.").derived(ACCESS),
    field(PR, "writable_at_most", Get::Int(reach_of::writable_at_most), "More than these are ruled out; not known where nothing is.").derived(ACCESS),
    field(PR, "destroyable", Get::Int(reach_of::destroyable), "Projects, spaces and repositories in which it may delete what others made, or act in their name; not known where more could not be ruled out.").derived(ACCESS),
    field(PR, "destroyable_at_least", Get::Int(reach_of::destroyable_at_least), "As many of these are certain.").derived(ACCESS),
    field(PR, "destroyable_at_most", Get::Int(reach_of::destroyable_at_most), "More than these are ruled out; not known where nothing is.").derived(ACCESS),
    field(PR, "administered", Get::Int(reach_of::administered), "Projects, spaces and repositories that it decides on; not known where more could not be ruled out.").derived(ACCESS),
    field(PR, "administered_at_least", Get::Int(reach_of::administered_at_least), "As many of these are certain.").derived(ACCESS),
    field(PR, "administered_at_most", Get::Int(reach_of::administered_at_most), "More than these are ruled out; not known where nothing is.").derived(ACCESS),
    field(PR, "writable_percent", Get::Int(reach_of::writable_percent), "In how many hundredths of the projects, the spaces or the repositories of one site, server or workspace, whichever are the most, it may change something for certain; where there are fewer than five they are left out.").derived(ACCESS),
    field(PR, "writable_percent_at_most", Get::Int(reach_of::writable_percent_at_most), "The same with all that could not be ruled out; not known where nothing is.").derived(ACCESS),
    field(PR, "widest", Get::Texts(reach_of::widest), "That share in words, as “9 of 10 projects”.").derived(ACCESS),
    field(PR, "writable_chain", Get::Text(reach_of::writable_chain), "The shortest chain to a permission to change something in one of those places; null if there is proven to be none.").nullable().derived(ACCESS),
    field(PR, "destroyable_chain", Get::Text(reach_of::destroyable_chain), "The same of a permission to delete what others made.").nullable().derived(ACCESS),
    field(PR, "administered_chain", Get::Text(reach_of::administered_chain), "The same of a permission to decide.").nullable().derived(ACCESS),
    field(PR, "administers", Get::Texts(reach_of::administers), "Whole products and organisations that it administers for certain, each with the chain that leads there; none only if that is proven.").derived(ACCESS),
    field(PR, "gravest", Get::Text(reach_of::gravest), "The most dangerous permission that it has for certain, and where; null if it is proven to have none.").nullable().derived(ACCESS),
    field(PR, "gravest_power", Get::Text(reach_of::gravest_power), "How much can be done with that.").words_of(|| Power::ALL.map(Power::name).to_vec()).nullable().derived(ACCESS),
    field(PR, "gravest_chain", Get::Text(reach_of::gravest_chain), "The shortest chain to that permission, from the credential or account to the place.").nullable().derived(ACCESS),
    field(PR, "permissions", Get::Texts(reach_of::permissions), "Permissions that it has anywhere and not just as everybody has them; not known where more could not be ruled out.").derived(ACCESS),
    field(PR, "permissions_at_least", Get::Texts(reach_of::permissions_at_least), "Those of them that are certain.").derived(ACCESS),
    field(PR, "permissions_at_most", Get::Texts(reach_of::permissions_at_most), "Those, and all that could not be ruled out or depend on the single issue; not known where that may be any.").derived(ACCESS),

    field(PR, "machine_score", Get::Int(detected::machine_score), "How sure one may be that a machine uses it, of 100; not known where what was not told could decide.").derived(DETECTED),
    field(PR, "person_score", Get::Int(detected::person_score), "How sure one may be that a person uses it, of 100.").derived(DETECTED),
    field(PR, "machine_signs", Get::Texts(detected::machine_signs), "What speaks for a machine, each sign with where it was seen.").derived(DETECTED),
    field(PR, "person_signs", Get::Texts(detected::person_signs), "What speaks for a person.").derived(DETECTED),
    field(PR, "is_persons", Get::Bool(detected::is_persons), "It is a person's account, by all that it looks like and is used for.").derived(DETECTED),
    field(PR, "looks_human_behaves_like_machine", Get::Bool(detected::behaves_like_machine), "It looks like a person's account, nobody is at work with it, and it is used as machines use one.").derived(DETECTED),
    field(PR, "systems", Get::Texts(detected::systems), "Systems that run on it, as far as one may be sure.").derived(DETECTED),
    field(PR, "several_systems", Get::Bool(detected::several_systems), "More than one system runs on it.").derived(DETECTED),
    field(PR, "systems_undeclared", Get::Texts(detected::systems_undeclared), "Those that the register does not name on it; null where there is no register.").nullable().derived(DETECTED),

    field(PR, "revocations_ordered", Get::Texts(reviewed::revocations_ordered), "What reviews decided to take away from it, with who decided it when; not known where nobody said what reviews decided.").derived(&[]),
    field(PR, "revocations_not_done", Get::Texts(reviewed::revocations_not_done), "What of that is still there for certain, each with the shortest chain; none only if that is proven.").derived(ACCESS),
    field(PR, "revocation_days", Get::Int(reviewed::revocation_days), "For how many days the oldest of these waits; null if none does, not known where more could not be ruled out.").nullable().derived(ACCESS),
    field(PR, "revocation_days_at_least", Get::Int(reviewed::revocation_days_at_least), "The same of what is certain; null if nothing is.").nullable().derived(ACCESS),
    field(PR, "revocation_days_at_most", Get::Int(reviewed::revocation_days_at_most), "The same with what could not be ruled out; null if all is proven to be gone.").nullable().derived(ACCESS),

    field(GP, "name", Get::Text(name), "The group's name."),
    field(GP, "id", Get::Text(id), "Its id in keyroll."),
    field(GP, "description", Get::Text(|v| text(&group(v).description)), "Its description.").nullable(),
    field(GP, "managed_by", Get::Text(|v| text(&group(v).managed_by)), "Who decides on members: `admins`, `external`, `team-members`, `open`.").nullable(),
    field(GP, "external", Get::Bool(|v| group(v).external), "An identity provider feeds it."),
    field(GP, "member_count", Get::Int(|v| group(v).member_count), "Members, as the source counts them."),
    field(GP, "jira_access", Get::Texts(|v| list(&group(v).jira_access)), "What membership opens in Jira: `user`, `admin`, `site-admin`."),
    field(GP, "confluence_access", Get::Texts(|v| list(&group(v).confluence_access)), "What membership opens in Confluence: `user`, `admin`, `site-admin`."),
    field(GP, "administers", Get::Bool(|v| group(v).administers), "Membership makes an administrator of the self-hosted product that has the group."),
    field(GP, "members_told", Get::Bool(|v| group(v).members_told), "The list of its members was read whole in this scan."),
    field(GP, "inside_names", Get::Texts(derived::group_inside), "Names of the groups that it is itself a direct member of; no entries where the product has no groups in groups, or counts those inside among the members.").derived(&[(GP, &[])]),
    field(GP, "takes_new_accounts", Get::Bool(derived::takes_new_accounts), "New accounts are put into it, as an application of Jira says.").derived(&[APPLICATIONS]),
    field(GP, "opens_administration", Get::Bool(derived::group_opens_administration), "Membership makes an administrator of Jira or Confluence.").derived(&[GROUP_ACCESS]),
    field(GP, "self_hosted", Get::Bool(derived::group_is_self_hosted), "It is a group of a self-hosted product, and opens nothing of the cloud.").derived(&[]),
    field(GP, "platform_roles", Get::Texts(derived::group_platform_roles), "Roles of the organisation, its sites and products that are granted to it.").derived(&[(GR, &["group-platform-role"])]),
    field(GP, "roles", Get::Texts(derived::group_roles), "Roles and permissions granted to it.").derived(&[(GR, &[])]),

    field(CR, "name", Get::Text(name), "The credential's label."),
    field(CR, "id", Get::Text(id), "Its id in keyroll."),
    field(CR, "form", Get::Text(|v| Fact::Known(credential(v).form.name())), "Sort of credential.").words_of(|| CredentialForm::ALL.map(CredentialForm::name).to_vec()),
    field(CR, "status", Get::Text(|v| text(&credential(v).status)), "`active`, `blocked`, or the source's own word."),
    field(CR, "created_at", Get::Time(|v| credential(v).created_at), "When it was made.").nullable(),
    field(CR, "expires_at", Get::Time(|v| credential(v).expires_at), "When it ends; null if it never does.").nullable(),
    field(CR, "last_used_at", Get::Time(|v| credential(v).last_used_at), "When it was last used; null if no use was ever recorded.").nullable(),
    field(CR, "scopes", Get::Texts(|v| list(&credential(v).scopes)), "What it is limited to; no entries where such a credential cannot be limited, or is not."),
    field(CR, "fingerprint", Get::Text(|v| text(&credential(v).fingerprint)), "The digest of a public key; null for what is no key.").nullable(),
    field(CR, "auth_type", Get::Text(|v| text(&credential(v).auth_type)), "How it was presented when it was last seen in the audit log.").nullable(),
    field(CR, "impersonates", Get::Bool(|v| credential(v).impersonates), "It may act as any account of the product.").nullable(),
    field(CR, "hosts", Get::Texts(|v| list(&credential(v).hosts)), "Where an OAuth client or consumer sends people back to: scheme and host."),
    field(CR, "acts_for_names", Get::Texts(derived::credential_acts_for), "Accounts on whose behalf the audit log saw it acting.").derived(&[]),
    field(CR, "used_by_other", Get::Bool(derived::used_by_other), "The audit log saw another account than its owner acting with it.").derived(&[AUDIT_LOG]),
    field(CR, "same_key", Get::Int(derived::same_key), "Other places where the same public key is, of a deploy key other deploy keys; 0 for what is no key.").derived(&[(CR, &["deploy-key"])]),
    field(CR, "owner_exists", Get::Bool(derived::owner_exists), "The account it acts as was seen.").derived(&[(PR, &[])]),
    field(CR, "ended", Get::Bool(derived::ended), "It opens nothing any more: it was blocked or revoked, or its end has passed. Not so where nobody told.").derived(&[]),
    field(CR, "owner_names", Get::Texts(derived::owner_names), "What the account it acts as goes by; no entries if that was not seen.").derived(&[]),
    field(CR, "readable", Get::Int(reach_of::readable), "Projects, spaces and repositories that it may see; not known where more could not be ruled out.").derived(ACCESS),
    field(CR, "readable_at_least", Get::Int(reach_of::readable_at_least), "As many of these are certain.").derived(ACCESS),
    field(CR, "readable_at_most", Get::Int(reach_of::readable_at_most), "More than these are ruled out; not known where nothing is.").derived(ACCESS),
    field(CR, "writable", Get::Int(reach_of::writable), "Projects, spaces and repositories in which it may change something; not known where more could not be ruled out.").derived(ACCESS),
    field(CR, "writable_at_least", Get::Int(reach_of::writable_at_least), "As many of these are certain.").derived(ACCESS),
    field(CR, "writable_at_most", Get::Int(reach_of::writable_at_most), "More than these are ruled out; not known where nothing is.").derived(ACCESS),
    field(CR, "destroyable", Get::Int(reach_of::destroyable), "Projects, spaces and repositories in which it may delete what others made, or act in their name; not known where more could not be ruled out.").derived(ACCESS),
    field(CR, "destroyable_at_least", Get::Int(reach_of::destroyable_at_least), "As many of these are certain.").derived(ACCESS),
    field(CR, "destroyable_at_most", Get::Int(reach_of::destroyable_at_most), "More than these are ruled out; not known where nothing is.").derived(ACCESS),
    field(CR, "administered", Get::Int(reach_of::administered), "Projects, spaces and repositories that it decides on; not known where more could not be ruled out.").derived(ACCESS),
    field(CR, "administered_at_least", Get::Int(reach_of::administered_at_least), "As many of these are certain.").derived(ACCESS),
    field(CR, "administered_at_most", Get::Int(reach_of::administered_at_most), "More than these are ruled out; not known where nothing is.").derived(ACCESS),
    field(CR, "writable_percent", Get::Int(reach_of::writable_percent), "In how many hundredths of the projects, the spaces or the repositories of one site, server or workspace, whichever are the most, it may change something for certain; where there are fewer than five they are left out.").derived(ACCESS),
    field(CR, "writable_percent_at_most", Get::Int(reach_of::writable_percent_at_most), "The same with all that could not be ruled out; not known where nothing is.").derived(ACCESS),
    field(CR, "widest", Get::Texts(reach_of::widest), "That share in words, as “9 of 10 projects”.").derived(ACCESS),
    field(CR, "writable_chain", Get::Text(reach_of::writable_chain), "The shortest chain to a permission to change something in one of those places; null if there is proven to be none.").nullable().derived(ACCESS),
    field(CR, "destroyable_chain", Get::Text(reach_of::destroyable_chain), "The same of a permission to delete what others made.").nullable().derived(ACCESS),
    field(CR, "administered_chain", Get::Text(reach_of::administered_chain), "The same of a permission to decide.").nullable().derived(ACCESS),
    field(CR, "administers", Get::Texts(reach_of::administers), "Whole products and organisations that it administers for certain, each with the chain that leads there; none only if that is proven.").derived(ACCESS),
    field(CR, "gravest", Get::Text(reach_of::gravest), "The most dangerous permission that it has for certain, and where; null if it is proven to have none.").nullable().derived(ACCESS),
    field(CR, "gravest_power", Get::Text(reach_of::gravest_power), "How much can be done with that.").words_of(|| Power::ALL.map(Power::name).to_vec()).nullable().derived(ACCESS),
    field(CR, "gravest_chain", Get::Text(reach_of::gravest_chain), "The shortest chain to that permission, from the credential or account to the place.").nullable().derived(ACCESS),
    field(CR, "permissions", Get::Texts(reach_of::permissions), "Permissions that it has anywhere and not just as everybody has them; not known where more could not be ruled out.").derived(ACCESS),
    field(CR, "permissions_at_least", Get::Texts(reach_of::permissions_at_least), "Those of them that are certain.").derived(ACCESS),
    field(CR, "permissions_at_most", Get::Texts(reach_of::permissions_at_most), "Those, and all that could not be ruled out or depend on the single issue; not known where that may be any.").derived(ACCESS),

    field(CR, "nights_in_a_row", Get::Int(detected::nights_in_a_row), "Days in a row, up to this scan, on which a use of it was seen; 0 if it rests.").derived(&[]),
    field(CR, "system", Get::Text(detected::system), "The system that uses it, as far as one may be sure; null if none shows.").nullable().derived(USED),
    field(CR, "system_score", Get::Int(detected::system_score), "How sure one may be that a system uses it, known or not, of 100; not known where what was not told could decide.").derived(USED),
    field(CR, "system_score_at_least", Get::Int(detected::system_score_at_least), "How sure one may be at least that a system uses it, of 100: by what was told alone.").derived(USED),
    field(CR, "system_signs", Get::Texts(detected::system_signs), "What speaks for a system, each sign with where it was seen.").derived(USED),
    field(CR, "runs_on_person", Get::Bool(detected::runs_on_person), "A system uses it, and it acts as a person's account.").derived(USED),
    field(CR, "same_system_elsewhere", Get::Texts(detected::same_system_elsewhere), "Other places where the same system runs on an account of the same person, found by mail address.").derived(USED),

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
    field(CT, "category", Get::Text(|v| text(&container(v).category)), "What the product sorts it under: a space's type (`global`, `personal`), a project's.").nullable(),
    field(CT, "public", Get::Bool(|v| container(v).public), "A repository or workspace that anyone on the web can read."),
    field(CT, "pipelines_enabled", Get::Bool(|v| container(v).pipelines_enabled), "Pipelines run in the repository.").nullable(),
    field(CT, "pipelines_may_run", Get::Bool(derived::pipelines_may_run), "Pipelines run in the repository, or nobody told whether they do.").derived(&[]),
    field(CT, "created_at", Get::Time(|v| container(v).created_at), "When it was made.").nullable(),
    field(CT, "version", Get::Text(|v| text(&container(v).version)), "The version of an instance, such as `10.3.5`.").nullable(),
    field(CT, "expires_at", Get::Time(|v| container(v).expires_at), "When the licence of an application ends; null if it never does.").nullable(),
    field(CT, "version_number", Get::Int(derived::version_number), "The version of an instance as a number: major × 1000 + minor, 10003 for `10.3.5`.").derived(&[]),
    field(CT, "push_limited", Get::Bool(derived::push_limited), "Only some of those with write access may push to any branch of the repository.").derived(&[]),
    field(CT, "administrators", Get::Texts(derived::administrators), "Accounts and groups that administer a space, repository or repository project.").derived(&[(GR, &["space-permission", "space-role", "repository-permission", "repository-project-permission"])]),
    field(CT, "active_administrators", Get::Int(derived::active_administrators), "At least so many groups and accounts that may log in are among those; none only if that is proven.").derived(&[(GR, &["space-permission", "space-role", "repository-permission", "repository-project-permission"]), (PR, &[]), (GP, &[])]),
    field(CT, "shares", Get::Int(derived::shares), "Shares of a filter or dashboard.").derived(&[(GR, &["share"])]),
    field(CT, "external_people", Get::Int(derived::external_people), "People with active accounts that the organisation does not manage; known for organisations alone.").derived(&[(PR, &[])]),
    field(CT, "unseen_projects", Get::Int(derived::unseen_projects), "Team-managed projects, whose access cannot be read in full; known for sites alone, null for one of Confluence.").nullable().derived(&[(CT, &["project"])]),
    field(CT, "service_account_quota", Get::Int(derived::service_account_quota), "Service accounts that the organisation's plan allows; known where the plan is.").derived(&[]),
    field(CT, "quota_told", Get::Bool(derived::quota_told), "The configuration states a plan of which the quota of service accounts is known.").derived(&[]),
    field(CT, "seats_free", Get::Int(derived::seats_free), "Seats bought and not used; null if unlimited.").nullable().derived(&[]),
    field(CT, "org_admins", Get::Int(derived::org_admins), "Accounts that may log in and administer the organisation; known for organisations alone.").derived(&[(PR, &[])]),
    field(CT, "service_accounts", Get::Int(derived::service_accounts), "Service accounts of the organisation; known for organisations alone.").derived(&[(PR, &[])]),
    field(CT, "projects", Get::Int(derived::container_projects), "Projects that use a permission scheme; known for schemes alone.").derived(&[PROJECTS]),
    field(CT, "licence_group_names", Get::Texts(derived::licence_group_names), "Groups whose members take a seat.").derived(&[(GP, &[])]),
    field(CT, "writable_by", Get::Int(reach_of::writable_by), "Accounts that may change something in a project, space or repository, and not just as everybody may; those that are not let in are left out. Not known where more could not be ruled out.").derived(ACCESS),
    field(CT, "writable_by_at_least", Get::Int(reach_of::writable_by_at_least), "As many of these are certain.").derived(ACCESS),
    field(CT, "decided_by", Get::Int(reach_of::decided_by), "Accounts that decide on a project, space or repository, however they come by it; those that are not let in are left out. Not known where more could not be ruled out.").derived(ACCESS),
    field(CT, "decided_by_at_least", Get::Int(reach_of::decided_by_at_least), "As many of these are certain.").derived(ACCESS),
    field(CT, "decided_by_at_most", Get::Int(reach_of::decided_by_at_most), "More than these are ruled out; not known where nothing is.").derived(ACCESS),

    field(GR, "name", Get::Text(name), "The grant in words."),
    field(GR, "id", Get::Text(id), "Its id in keyroll."),
    field(GR, "form", Get::Text(|v| Fact::Known(grant(v).form.name())), "Sort of grant.").words_of(|| GrantForm::ALL.map(GrantForm::name).to_vec()),
    field(GR, "role", Get::Text(|v| Fact::Known(&grant(v).role)), "The role or permission, as the source names it."),
    field(GR, "holder", Get::Text(|v| Fact::Known(grant(v).holder.name())), "Who is meant.").words_of(|| Holder::ALL.map(Holder::name).to_vec()),
    field(GR, "holder_detail", Get::Text(|v| text(&grant(v).holder_detail)), "What the source says beside the holder.").nullable(),
    field(GR, "permits", Get::Texts(|v| list(&grant(v).permits)), "Permissions that a role brings, such as `administer space`, where the source tells."),
    field(GR, "via", Get::Texts(|v| list(&grant(v).via)), "How the holder came by it: `direct`, `group_direct`, `inferred`."),
    field(GR, "in_new_projects", Get::Bool(derived::in_new_projects), "It is a place in a project role that every new project begins with.").derived(&[]),
    field(GR, "projects", Get::Int(derived::grant_projects), "Projects it reaches: 1 for a role of a project, for a scheme those that use it.").derived(&[PROJECTS]),

    field(AP, "name", Get::Text(name), "The app's name."),
    field(AP, "id", Get::Text(id), "Its id in keyroll."),
    field(AP, "form", Get::Text(|v| Fact::Known(app(v).form.name())), "Sort of app.").words_of(|| AppForm::ALL.map(AppForm::name).to_vec()),
    field(AP, "key", Get::Text(|v| text(&app(v).key)), "Its key, such as `is.origo.jira.tempo-plugin`.").nullable(),
    field(AP, "vendor", Get::Text(|v| text(&app(v).vendor)), "Who makes it.").nullable(),
    field(AP, "version", Get::Text(|v| text(&app(v).version)), "Its version.").nullable(),
    field(AP, "enabled", Get::Bool(|v| app(v).enabled), "It is switched on."),
    field(AP, "user_installed", Get::Bool(|v| app(v).user_installed), "Somebody installed it; it did not come with the product."),
    field(AP, "auth_type", Get::Text(|v| text(&app(v).auth_type)), "How it proved itself when it was last seen acting.").nullable(),
    field(AP, "last_used_at", Get::Time(|v| app(v).last_used_at), "When it was last seen acting.").nullable(),
    field(AP, "address", Get::Text(|v| text(&app(v).address)), "The other end of an application link: scheme and host.").nullable(),
    field(AP, "access", Get::Texts(|v| list(&app(v).access)), "How the ends of a link let each other in: `incoming` or `outgoing`, a dash, and `three-legged`, `two-legged`, `impersonation`, `basic` or `trusted`."),
    field(AP, "working", Get::Bool(|v| app(v).working), "The other end of a link answers.").nullable(),
    field(AP, "acts_for_names", Get::Texts(derived::app_acts_for), "Accounts on whose behalf it was seen acting.").derived(&[]),
    field(AP, "acts_for_people", Get::Int(derived::acts_for_people), "At least so many of them are people; none only if that is proven.").derived(&[AUDIT_LOG, (PR, &[])]),

    field(WH, "name", Get::Text(name), "The webhook's name."),
    field(WH, "id", Get::Text(id), "Its id in keyroll."),
    field(WH, "address", Get::Text(|v| text(&webhook(v).address)), "Scheme and host it sends to; the rest of the address may be a secret and is not kept."),
    field(WH, "secret_in_url", Get::Bool(|v| webhook(v).secret_in_url), "Its address carries a password or a parameter that reads like a secret."),
    field(WH, "signed", Get::Bool(|v| webhook(v).signed), "Its messages are signed with a shared secret."),
    field(WH, "verifies_certificate", Get::Bool(|v| webhook(v).verifies_certificate), "The host's certificate is checked."),
    field(WH, "enabled", Get::Bool(|v| webhook(v).enabled), "It is switched on."),
    field(WH, "events", Get::Texts(|v| list(&webhook(v).events)), "What it is sent for."),
    field(WH, "changed_at", Get::Time(|v| webhook(v).changed_at), "When it was changed last.").nullable(),
    field(WH, "created_at", Get::Time(|v| webhook(v).created_at), "When it was made.").nullable(),
    field(WH, "plain_http", Get::Bool(derived::plain_http), "It sends without encryption.").derived(&[]),
    field(WH, "host", Get::Text(derived::webhook_host), "The host it sends to.").derived(&[]),

    field(AU, "name", Get::Text(name), "The rule's name."),
    field(AU, "id", Get::Text(id), "Its id in keyroll."),
    field(AU, "status", Get::Text(|v| text(&automation(v).status)), "`enabled`, `disabled`, or the source's own word."),
    field(AU, "description", Get::Text(|v| text(&automation(v).description)), "What somebody wrote about it.").nullable(),
    field(AU, "limited_to", Get::Texts(|v| list(&automation(v).limited_to)), "Projects or spaces it is limited to."),
    field(AU, "created_at", Get::Time(|v| automation(v).created_at), "When it was made.").nullable(),
    field(AU, "changed_at", Get::Time(|v| automation(v).changed_at), "When it was changed last.").nullable(),

    field(VA, "name", Get::Text(name), "The variable's name. Its value is never read."),
    field(VA, "id", Get::Text(id), "Its id in keyroll."),
    field(VA, "level", Get::Text(|v| Fact::Known(variable(v).level.name())), "How far it reaches.").words_of(|| VariableLevel::ALL.map(VariableLevel::name).to_vec()),
    field(VA, "environment", Get::Text(|v| text(&variable(v).environment)), "The deployment environment; null on other levels.").nullable(),
    field(VA, "secured", Get::Bool(|v| variable(v).secured), "Its value is hidden from people and masked in logs; pipelines can use it all the same."),
    field(VA, "admin_only", Get::Bool(|v| variable(v).admin_only), "Only administrators of the repository may run what can use it."),
    field(VA, "reachable_by", Get::Texts(reach::reachable_by), "Accounts that can get at the value by editing the pipeline: all who can push to a branch that runs it. For a variable of the workspace those of whom it is known, who may make a repository included.").derived(&[REPOSITORY_ACCESS, REPOSITORIES, MAKING_REPOSITORIES, (GP, &[]), (PR, &[])]),
    field(VA, "reachable_count", Get::Int(reach::reachable_count), "How many accounts these are; of a workspace's variable at least.").derived(&[REPOSITORY_ACCESS, REPOSITORIES, MAKING_REPOSITORIES, (GP, &[]), (PR, &[])]),
    field(VA, "reach_told", Get::Bool(reach::reach_told), "Nobody else can get at it: true or not known, and never known of a workspace's variable, for nothing tells who may make a repository there.").derived(&[REPOSITORY_ACCESS, REPOSITORIES, (GP, &[]), (PR, &[])]),
    field(VA, "matching_credentials", Get::Texts(reach::matching_credentials), "API tokens whose label says that the variable may hold them, with their owners.").derived(&[TOKENS]),
    field(VA, "matching_personal_tokens", Get::Texts(reach::matching_personal_tokens), "Those of them whose owner is a person, or nobody that was seen.").derived(&[TOKENS, (PR, &[])]),
    field(VA, "accounts_beside", Get::Texts(reach::accounts_beside), "Variables in the same place whose names say that they hold the account it belongs to, such as `JIRA_USER` beside `JIRA_TOKEN`.").derived(&[(VA, &[])]),

    field(SE, "name", Get::Text(name), "What the setting is about."),
    field(SE, "id", Get::Text(id), "Its id in keyroll."),
    field(SE, "key", Get::Text(|v| Fact::Known(&setting(v).key)), "What is set, such as `domain`."),
    field(SE, "value", Get::Text(|v| text(&setting(v).value)), "Its value.").nullable(),
    field(SE, "detail", Get::Text(|v| text(&setting(v).detail)), "How it came about.").nullable(),
    field(SE, "exceptions", Get::Texts(|v| list(&setting(v).exceptions)), "What it does not hold for: users and paths that basic authentication is still open to."),

    field(IN, "name", Get::Text(name), "What the register calls the integration."),
    field(IN, "id", Get::Text(id), "Its id in keyroll."),
    field(IN, "system", Get::Text(|v| text(&integration(v).system)), "The system, by the name of its profile.").nullable(),
    field(IN, "purpose", Get::Text(|v| text(&integration(v).purpose)), "What it is for.").nullable(),
    field(IN, "environment", Get::Text(|v| text(&integration(v).environment)), "`production`, `sandbox`, or the register's own word.").nullable(),
    field(IN, "owner_email", Get::Text(|v| text(&integration(v).owner_email)), "Mail address of the person answerable for it.").nullable(),
    field(IN, "team", Get::Text(|v| text(&integration(v).team)), "The team answerable for it.").nullable(),
    field(IN, "containers", Get::Texts(|v| list(&integration(v).containers)), "Keys of what it works in."),
    field(IN, "permissions", Get::Texts(|v| list(&integration(v).permissions)), "Permissions it needs there."),
    field(IN, "credential_forms", Get::Texts(|v| list(&integration(v).credential_forms)), "Forms of credential it may use."),
    field(IN, "longest_days", Get::Int(|v| integration(v).longest_days), "For how many days a credential of it may live; null if that is not limited.").nullable(),
    field(IN, "webhook_hosts", Get::Texts(|v| list(&integration(v).webhook_hosts)), "Hosts its webhooks may go to, with `*` for any run of characters."),
    field(IN, "vendor_contact", Get::Text(|v| text(&integration(v).vendor_contact)), "Whom to ask at the vendor.").nullable(),
    field(IN, "review_at", Get::Time(|v| integration(v).review_at), "When somebody has to look at it again; null if never.").nullable(),
    field(IN, "accounts", Get::Texts(declared::declared_accounts), "Accounts it runs on, as the register names them."),
    field(IN, "accounts_missing", Get::Texts(declared::accounts_missing), "Those of them that no source shows.").derived(&[(PR, &[])]),
    field(IN, "accounts_renamed", Get::Texts(declared::accounts_renamed), "Those that the register knows by id and that have another name now.").derived(&[(PR, &[])]),
    field(IN, "accounts_closed", Get::Texts(declared::accounts_closed), "Those that are no longer active.").derived(&[(PR, &[])]),
    field(IN, "administrator_accounts", Get::Texts(declared::administrator_accounts), "Those that administer a product or the organisation.").derived(&[(PR, &[]), GROUP_ACCESS]),
    field(IN, "personal_accounts", Get::Texts(declared::personal_accounts), "Those that belong to a person of the roster.").derived(&[(PR, &[]), (PE, &[])]),
    field(IN, "shares_account_with", Get::Texts(declared::shares_account_with), "Other integrations that run on one of its accounts.").derived(&[(PR, &[]), (IN, &[])]),
    field(IN, "other_environments", Get::Texts(declared::other_environments), "Those of them that are declared for another environment.").derived(&[(PR, &[]), (IN, &[])]),
    field(IN, "owner_gone", Get::Bool(declared::owner_gone), "The person answerable for it has left: by the roster, or by their accounts where that does not know them; null if nobody is named.").nullable().derived(&[(PE, &[]), (PR, &[])]),
    field(IN, "credentials", Get::Int(declared::credential_count), "Live tokens and clients of its accounts; public keys are not counted.").derived(&[(PR, &[]), ACCOUNT_TOKENS]),
    field(IN, "forms_not_allowed", Get::Texts(declared::forms_not_allowed), "Live credentials of its accounts in a form that it may not use.").derived(&[(PR, &[]), ACCOUNT_TOKENS]),
    field(IN, "living_too_long", Get::Texts(declared::living_too_long), "Live credentials of its accounts that live longer than it allows, or never end.").derived(&[(PR, &[]), ACCOUNT_TOKENS]),
    field(IN, "sandboxes", Get::Texts(declared::sandboxes), "Sandboxes, by the organisation's word, in which one of its accounts has rights that not everybody has.").derived(RIGHTS),
    field(IN, "production_sites", Get::Texts(declared::production_sites), "Sites of the cloud that are no sandboxes in which one of its accounts has such rights.").derived(RIGHTS),
    field(IN, "servers", Get::Texts(declared::servers), "Self-hosted products in which one of its accounts has such rights, as `Jira at jira.acme.example`.").derived(RIGHTS),
    field(IN, "keys_of_others", Get::Texts(declared::keys_of_others), "Public keys of its accounts that other accounts or repositories have too, with whose they are.").derived(&[(PR, &[]), (CR, &["ssh-key", "deploy-key"])]),
    field(IN, "person_seen_at", Get::Time(declared::person_seen_at), "When a person was last seen on one of its accounts in the cloud: a page was viewed, or somebody logged in; null if never.").nullable().derived(&[(PR, &[]), AUDIT_LOG]),
    field(IN, "person_signs_told", Get::Bool(declared::person_signs_told), "No later sign of a person can be out of sight: true or not known.").derived(&[(PR, &[]), AUDIT_LOG]),
    field(IN, "containers_missing", Get::Texts(declared::containers_missing), "Places that it is declared for and that no source shows.").derived(&[(CT, &[])]),
    field(IN, "containers_beyond", Get::Texts(declared::containers_beyond), "Projects, spaces, repositories and workspaces that it is not declared for and in which one of its accounts has permissions of its own. What lies inside of another is not named apart.").derived(RIGHTS),
    field(IN, "permissions_missing", Get::Texts(declared::permissions_missing), "What none of its accounts has for certain though it needs it, as `PAY: LINK_ISSUES` or `space:DOCS: read space`.").derived(RIGHTS),
    field(IN, "permissions_beyond", Get::Texts(declared::permissions_beyond), "What one of its accounts has and it does not need in the places it is declared for; what comes only as everybody has it is not counted.").derived(RIGHTS),
    field(IN, "administers_beyond", Get::Texts(declared::administers_beyond), "Whole products, workspaces and organisations that one of its accounts administers and it does not need to, as `ADMINISTER on Jira`.").derived(RIGHTS),
    field(IN, "remedy", Get::Texts(declared::remedy), "The fewest things to take away so that it may do no more than it needs and still all that, each with who else loses something by it.").derived(RIGHTS),
    field(IN, "others_affected", Get::Int(declared::others_affected), "How many other accounts would lose a permission altogether by the remedy; not known if there are too many to look at.").derived(RIGHTS),
    field(IN, "grants_to_add", Get::Texts(declared::grants_to_add), "How to grant what is missing, place by place.").derived(RIGHTS),

    field(PE, "gone", Get::Bool(declared::has_gone), "They are no longer employed.").derived(&[]),
    field(PE, "open_accounts", Get::Texts(declared::open_accounts), "Accounts with one of their mail addresses that may still be used.").derived(&[(PR, &[])]),
    field(PE, "live_tokens", Get::Texts(declared::live_tokens), "Live tokens and clients of accounts with one of their mail addresses.").derived(&[(PR, &[]), ACCOUNT_TOKENS]),
    field(PE, "integrations", Get::Texts(declared::integrations_owned), "Integrations that they are answerable for.").derived(&[(IN, &[])]),
    field(PE, "name", Get::Text(name), "The person's name."),
    field(PE, "id", Get::Text(id), "Their id in keyroll."),
    field(PE, "email", Get::Text(|v| text(&person(v).email)), "Mail address, in small letters."),
    field(PE, "aliases", Get::Texts(|v| list(&person(v).aliases)), "Other addresses of theirs."),
    field(PE, "employed_until", Get::Time(|v| person(v).employed_until), "The first moment at which they are no longer employed; null if no end is known.").nullable(),
    field(PE, "manager", Get::Text(|v| text(&person(v).manager)), "Mail address of their manager.").nullable(),
    field(PE, "team", Get::Text(|v| text(&person(v).team)), "Their team.").nullable(),

    of_what_is_beside("what", Get::Text(what_happened), "What happened. What is seen for the first time and may be old counts as added; a rule that catches it cannot tell.").words_of(|| What::ALL.map(What::name).to_vec()),
    of_what_is_beside("fields", Get::Texts(|v| Fact::from_option(v.change.map(changed_fields))), "Names of the fields that differ."),
];

/// The fields of a kind, or of the change itself.
pub(super) fn fields_of(of: Option<Kind>) -> impl Iterator<Item = &'static Field> + Clone {
    FIELDS.iter().filter(move |field| field.of == of)
}

/// What may be asked of a finding, beside its resource: by questions, not by rules, which know no findings.
#[rustfmt::skip]
pub static FINDING_FIELDS: &[Field] = &[
    of_what_is_beside("id", Get::Text(|v| finding(v, |f| f.id.as_str())), "Its id."),
    of_what_is_beside("rule", Get::Text(|v| finding(v, |f| f.rule.as_str())), "The rule that failed."),
    of_what_is_beside("severity", Get::Text(|v| finding(v, |f| f.severity.name())), "How bad it is.").words_of(|| Severity::ALL.map(Severity::name).to_vec()),
    of_what_is_beside("status", Get::Text(|v| finding(v, |f| f.status.name())), "How it stands.").words_of(|| Status::NAMES.to_vec()),
    of_what_is_beside("title", Get::Text(|v| finding(v, |f| f.title.as_str())), "The rule's title."),
    of_what_is_beside("message", Get::Text(|v| finding(v, |f| f.message.as_str())), "One sentence about the resource."),
    of_what_is_beside("resource_kind", Get::Text(|v| finding(v, |f| f.resource.kind().name())), "The kind of the resource.").words_of(|| Kind::ALL.map(Kind::name).to_vec()),
    of_what_is_beside("resource_id", Get::Text(|v| finding(v, |f| f.resource.as_str())), "The resource."),
    of_what_is_beside("resource_name", Get::Text(|v| finding(v, |f| f.resource_name.as_str())), "The resource's name when it was last seen."),
    of_what_is_beside("owner", Get::Text(|v| v.finding.map_or(Fact::Unknown, |f| Fact::from_option(f.owner.as_deref()))), "Whose the resource is, in words.").nullable(),
    of_what_is_beside("controls", Get::Texts(|v| finding(v, |f| Texts::Made(f.controls.iter().map(ControlId::as_str).collect()))), "The controls that the rule serves, as `framework:id`."),
    of_what_is_beside("confirmed", Get::Bool(|v| finding(v, |f| f.unconfirmed.is_none())), "The latest scan could look at it again."),
    of_what_is_beside("first_seen", Get::Time(|v| finding(v, |f| f.first_seen)), "The scan that found it first."),
    of_what_is_beside("since", Get::Time(|v| finding(v, |f| f.since)), "The scan since which it stands as it does."),
    of_what_is_beside("last_seen", Get::Time(|v| finding(v, |f| f.last_seen)), "The last scan that confirmed it."),
];

/// The fields of a finding.
pub(super) fn finding_fields() -> impl Iterator<Item = &'static Field> + Clone {
    FINDING_FIELDS.iter()
}

fn finding<'a, T>(view: &View<'a>, of: impl FnOnce(&'a Finding) -> T) -> Fact<T> {
    view.finding.map_or(Fact::Unknown, |finding| Fact::Known(of(finding)))
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
pub(super) const MOST_NEIGHBOURS: usize = 4;

/// Every neighbour, by kind.
#[rustfmt::skip]
pub static NEIGHBOURS: &[Neighbour] = &[
    Neighbour { of: CR, name: "owner", kind: PR, doc: "The account whose rights the credential has.", slot: 0, link: |r| match &r.body { Body::Credential(c) => c.owner.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: CR, name: "creator", kind: PR, doc: "Who made it.", slot: 1, link: |r| match &r.body { Body::Credential(c) => c.created_by.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: CR, name: "container", kind: CT, doc: "The repository or project that a deploy key opens.", slot: 2, link: |r| match &r.body { Body::Credential(c) => c.container.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: CR, name: "last_user", kind: PR, doc: "The account that the audit log last saw acting with it.", slot: 3, link: |r| match &r.body { Body::Credential(c) => c.last_used_by.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: CT, name: "lead", kind: PR, doc: "Who leads the project.", slot: 0, link: |r| match &r.body { Body::Container(c) => c.lead.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: CT, name: "owner", kind: PR, doc: "Whose filter, dashboard or space it is.", slot: 1, link: |r| match &r.body { Body::Container(c) => c.owner.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: CT, name: "parent", kind: CT, doc: "What it is in.", slot: 2, link: |r| match &r.body { Body::Container(c) => c.parent.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: GR, name: "holder_principal", kind: PR, doc: "The account that holds the grant.", slot: 0, link: |r| match &r.body { Body::Grant(g) => g.principal.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: GR, name: "holder_group", kind: GP, doc: "The group that holds the grant.", slot: 1, link: |r| match &r.body { Body::Grant(g) => g.group.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: GR, name: "container", kind: CT, doc: "What the grant is on.", slot: 2, link: |r| match &r.body { Body::Grant(g) => g.container.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: AP, name: "container", kind: CT, doc: "Where it is installed.", slot: 0, link: |r| match &r.body { Body::App(a) => a.container.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: WH, name: "container", kind: CT, doc: "The site, workspace or repository that sends.", slot: 0, link: |r| match &r.body { Body::Webhook(w) => w.container.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: WH, name: "changer", kind: PR, doc: "Who changed it last.", slot: 1, link: |r| match &r.body { Body::Webhook(w) => w.changed_by.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: AU, name: "container", kind: CT, doc: "The site it runs on.", slot: 0, link: |r| match &r.body { Body::Automation(a) => a.container.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: AU, name: "author", kind: PR, doc: "Who wrote it.", slot: 1, link: |r| match &r.body { Body::Automation(a) => a.author.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: AU, name: "actor", kind: PR, doc: "The account it acts as.", slot: 2, link: |r| match &r.body { Body::Automation(a) => a.actor.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: SE, name: "container", kind: CT, doc: "Where it holds, if that is less than the whole tenant.", slot: 0, link: |r| match &r.body { Body::Setting(s) => s.container.as_ref(), _ => Fact::Unknown } },
    Neighbour { of: VA, name: "container", kind: CT, doc: "The workspace or repository that has it.", slot: 0, link: |r| match &r.body { Body::Variable(v) => v.container.as_ref(), _ => Fact::Unknown } },
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

/// A list that there is none of has no entries.
fn list(fact: &Fact<Vec<String>>) -> Fact<Texts<'_>> {
    match fact {
        Fact::Known(list) => Fact::Known(Texts::Kept(list)),
        Fact::Absent => Fact::Known(Texts::Kept(&[])),
        Fact::Unknown => Fact::Unknown,
    }
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

pub(super) fn app<'a>(view: &View<'a>) -> &'a App {
    if let Body::App(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

pub(super) fn webhook<'a>(view: &View<'a>) -> &'a Webhook {
    if let Body::Webhook(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

fn automation<'a>(view: &View<'a>) -> &'a Automation {
    if let Body::Automation(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

pub(super) fn variable<'a>(view: &View<'a>) -> &'a Variable {
    if let Body::Variable(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

pub(super) fn integration<'a>(view: &View<'a>) -> &'a Integration {
    if let Body::Integration(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
}

pub(super) fn person<'a>(view: &View<'a>) -> &'a Person {
    if let Body::Person(body) = &view.resource.body { body } else { unreachable!("{OF_ITS_KIND}") }
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
            let view = View { resource, inventory: &inventory, change: None, finding: None, now: DateTime::UNIX_EPOCH };
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
            "groups_at_least",
            "workspace_groups",
            "workspace_groups_at_least",
            "inside",
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
            "standings",
            "last_used_by",
            "acts_for",
            "only_pushers",
            "changed_by",
            "author",
            "actor",
            "fingerprints",
            "used_on",
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
