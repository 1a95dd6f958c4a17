//! What is there: one table for each kind of resource, with everything known about it.
//!
//! Resources that an earlier scan saw and this one could not look for are listed too, as they were then, and say so:
//! unseen is not gone.

use super::ColumnForm::{Id, List, Number, Text, Time, Word, YesNo};
use super::cell::Cell;
use super::{Column, CsvTable, column, write_rows};
use crate::inventory::Inventory;
use crate::model::{Assessment, Body, Fact, Holder, Principal, Resource, ResourceId};
use crate::reports::RenderError;

const NAME: &str = "What people call it; empty where the source gives no name";
const OBSERVED: &str = "yes if this scan saw it; no if it was out of sight and the row tells how it was when last seen";
const SEEN_BY: &str = "The endpoints that showed it, as source: endpoint";

/// Writes the resources for which `row` has an answer, sorted by id.
fn write_kind<const N: usize>(
    columns: &[Column; N],
    assessment: &Assessment,
    out: &mut dyn std::io::Write,
    row: for<'a> fn(&Row<'a, '_>) -> Option<[Cell<'a>; N]>,
) -> Result<(), RenderError> {
    let inventory = Inventory::new(&assessment.snapshot);
    // What was seen in part has the row of what was seen: the rest of it is unknown now.
    let out_of_sight = |carried: &&Resource| inventory.get(&carried.id).is_none();
    let mut carried: Vec<&Resource> = assessment.snapshot.carried.iter().filter(out_of_sight).collect();
    carried.sort_by(|left, right| left.id.cmp(&right.id));
    let mut carried = carried.into_iter().peekable();
    let mut seen = assessment.snapshot.resources.iter().peekable();
    let merged = std::iter::from_fn(|| {
        let unseen_first = match (seen.peek(), carried.peek()) {
            (Some(seen), Some(carried)) => carried.id < seen.id,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let next = if unseen_first { carried.next() } else { seen.next() };
        next.map(|resource| Row { resource, observed: !unseen_first, inventory: &inventory })
    });
    write_rows(columns, merged.filter_map(|resource| row(&resource)), out)
}

/// A resource, and what else its row needs.
struct Row<'a, 'b> {
    resource: &'a Resource,
    observed: bool,
    inventory: &'b Inventory<'a>,
}

impl<'a> Row<'a, '_> {
    fn id(&self) -> Cell<'a> {
        Cell::foreign(self.resource.id.as_str())
    }

    fn name(&self) -> Cell<'a> {
        Cell::foreign(&self.resource.name)
    }

    fn observed(&self) -> Cell<'a> {
        Cell::yes_no(self.observed)
    }

    fn seen_by(&self) -> Cell<'a> {
        Cell::sightings(&self.resource.seen_by)
    }

    fn name_of(&self, id: &'a Fact<ResourceId>) -> Cell<'a> {
        Cell::name_of(id, self.inventory)
    }

    /// Ids, each followed by its name where one is known.
    fn names_of(&self, ids: &'a Fact<Vec<ResourceId>>) -> Cell<'a> {
        Cell::fact(ids, |ids| Cell::list(ids.iter().map(|id| self.inventory.name(id))))
    }
}

fn ids(ids: &Fact<Vec<ResourceId>>) -> Cell<'_> {
    Cell::fact(ids, |ids| Cell::list(ids.iter().map(ResourceId::as_str)))
}

pub(super) const PRINCIPALS: CsvTable = CsvTable {
    name: "principals",
    about: "Every account: people, service accounts, apps, agents, portal customers",
    columns: &PRINCIPAL_COLUMNS,
    write: |assessment, out| write_kind(&PRINCIPAL_COLUMNS, assessment, out, principal_row),
};

static PRINCIPAL_COLUMNS: [Column; 24] = [
    column("principal_id", Id, "The account"),
    column("name", Text, NAME),
    column("account_type", Word, "person, service-account, app, agent, customer or other"),
    column("status", Word, "active, suspended, deactivated, or the source's own word"),
    column("email", Text, "Mail address; unknown where the owner hides it"),
    column("managed", YesNo, "yes if the organisation has claimed the account"),
    column("mfa", YesNo, "yes if two-step verification is on; told for managed accounts only"),
    column("platform_roles", List, "Roles on the organisation, such as atlassian/org-admin"),
    column("groups", List, "Names of the groups it is a direct member of"),
    column("group_ids", List, "The ids of those groups"),
    column("last_active_at", Time, "Latest page view in any product; none if never. Use of the API does not count"),
    column("let_in_by", List, "Products that let it in, as each of them tells"),
    column("kept_out_by", List, "Products that do not let it in"),
    column("other_emails", List, "Mail addresses that other sources show for it, where they differ"),
    column("auth_policy", Text, "The authentication policy it is in; told for managed accounts only"),
    column("last_login_at", Time, "When it last logged in, as the audit log tells"),
    column("billable", YesNo, "yes if it counts towards the Guard subscription"),
    column("added_at", Time, "When it came into the organisation"),
    column("deactivated_at", Time, "When it was deactivated; none if it was not"),
    column("management_source", Word, "How a managed account came to be"),
    column("created_by_id", Id, "Who made a service account"),
    column("description", Text, "What somebody wrote about it"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn principal_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 24]> {
    let Body::Principal(principal) = &row.resource.body else { return None };
    Some([
        row.id(),
        row.name(),
        Cell::fact(&principal.account_type, |form| Cell::own(form.name())),
        Cell::fact_text(&principal.status),
        Cell::fact_text(&principal.email),
        Cell::fact_yes_no(&principal.managed),
        Cell::fact_yes_no(&principal.mfa),
        Cell::fact_list(&principal.platform_roles),
        row.names_of(&principal.groups),
        ids(&principal.groups),
        last_active(principal),
        doors(principal, true),
        doors(principal, false),
        Cell::fact_list(&principal.other_emails),
        Cell::fact_text(&principal.auth_policy),
        Cell::fact_time(&principal.last_login_at),
        Cell::fact_yes_no(&principal.billable),
        Cell::fact_time(&principal.added_at),
        Cell::fact_time(&principal.deactivated_at),
        Cell::fact_text(&principal.management_source),
        Cell::fact_id(&principal.created_by),
        Cell::fact_text(&principal.description),
        row.observed(),
        row.seen_by(),
    ])
}

/// The products that let the account in, or those that do not.
fn doors(principal: &Principal, open: bool) -> Cell<'_> {
    Cell::fact(&principal.standings, |standings| {
        let doors = standings.iter().filter(|standing| standing.active == Fact::Known(open));
        Cell::list(doors.map(|standing| standing.product.title()))
    })
}

/// The latest page view over all products; `none` only if every product says never.
fn last_active(principal: &Principal) -> Cell<'_> {
    Cell::fact(&principal.activity, |products| {
        let views = products.iter().map(|product| &product.last_active_at);
        match views.clone().filter_map(Fact::known).max() {
            Some(latest) => Cell::time(*latest),
            None if views.clone().any(Fact::is_unknown) => Cell::own("unknown"),
            None => Cell::own("none"),
        }
    })
}

pub(super) const GROUPS: CsvTable = CsvTable {
    name: "groups",
    about: "Every group",
    columns: &GROUP_COLUMNS,
    write: |assessment, out| write_kind(&GROUP_COLUMNS, assessment, out, group_row),
};

static GROUP_COLUMNS: [Column; 9] = [
    column("group_id", Id, "The group"),
    column("name", Text, NAME),
    column("member_count", Number, "Members, as the source counts them"),
    column(
        "managed_by",
        Word,
        "Who decides on members: admins, external, team-members, open, or the source's own word",
    ),
    column("external", YesNo, "yes if an identity provider feeds it"),
    column("jira_access", List, "What membership opens in Jira: user, admin, site-admin"),
    column("description", Text, "Its description"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn group_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 9]> {
    let Body::Group(group) = &row.resource.body else { return None };
    Some([
        row.id(),
        row.name(),
        Cell::fact_number(&group.member_count),
        Cell::fact_text(&group.managed_by),
        Cell::fact_yes_no(&group.external),
        Cell::fact_list(&group.jira_access),
        Cell::fact_text(&group.description),
        row.observed(),
        row.seen_by(),
    ])
}

pub(super) const CREDENTIALS: CsvTable = CsvTable {
    name: "credentials",
    about: "Every token, key and client; their values are never read",
    columns: &CREDENTIAL_COLUMNS,
    write: |assessment, out| write_kind(&CREDENTIAL_COLUMNS, assessment, out, credential_row),
};

static CREDENTIAL_COLUMNS: [Column; 15] = [
    column("credential_id", Id, "The credential"),
    column("name", Text, "Its label; empty where the source gives none"),
    column("form", Word, "api-token, org-api-key or oauth-client"),
    column("owner_id", Id, "The account whose rights it has; none for an organisation key"),
    column("owner_name", Text, "That account's name; unknown if it was not seen"),
    column("owner_status", Word, "That account's status; unknown if it was not seen"),
    column("created_by_id", Id, "Who made it, where that is told apart"),
    column("created_by_name", Text, "That account's name; unknown if it was not seen"),
    column("status", Word, "active, blocked, or the source's own word"),
    column("created_at", Time, "When it was made"),
    column("expires_at", Time, "When it ends; none if it never does"),
    column("last_used_at", Time, "When it was last used; none if no use was ever recorded. May be a day behind"),
    column("scopes", List, "What it is limited to. On an organisation key, empty means that it may do everything"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn credential_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 15]> {
    let Body::Credential(credential) = &row.resource.body else { return None };
    let owner_status = Cell::fact(&credential.owner, |id| {
        row.inventory.get(id).map_or_else(
            || Cell::own("unknown"),
            |owner| match &owner.body {
                Body::Principal(principal) => Cell::fact_text(&principal.status),
                _ => Cell::own("unknown"),
            },
        )
    });
    Some([
        row.id(),
        row.name(),
        Cell::own(credential.form.name()),
        Cell::fact_id(&credential.owner),
        row.name_of(&credential.owner),
        owner_status,
        Cell::fact_id(&credential.created_by),
        row.name_of(&credential.created_by),
        Cell::fact_text(&credential.status),
        Cell::fact_time(&credential.created_at),
        Cell::fact_time(&credential.expires_at),
        Cell::fact_time(&credential.last_used_at),
        Cell::fact_list(&credential.scopes),
        row.observed(),
        row.seen_by(),
    ])
}

pub(super) const CONTAINERS: CsvTable = CsvTable {
    name: "containers",
    about: "Organisations, sites, products, applications, projects and permission schemes",
    columns: &CONTAINER_COLUMNS,
    write: |assessment, out| write_kind(&CONTAINER_COLUMNS, assessment, out, container_row),
};

static CONTAINER_COLUMNS: [Column; 21] = [
    column("container_id", Id, "The container"),
    column("name", Text, NAME),
    column("form", Word, "organisation, directory, product, site, application, project or permission-scheme"),
    column("key", Text, "Short key, such as a project's"),
    column("status", Word, "online, live, archived, or the source's own word"),
    column("parent_id", Id, "What it is in; none at the top"),
    column("parent_name", Text, "The name of that; unknown if it was not seen"),
    column("url", Text, "Where people open it"),
    column("plan", Word, "free, paid, unlicensed, or the source's own word"),
    column("seats_used", Number, "Licensed accounts"),
    column("seats_total", Number, "Seats that were bought; none if unlimited"),
    column("sandbox", YesNo, "yes for a sandbox"),
    column("licence_groups", List, "Names of the groups whose members take a seat"),
    column("default_groups", List, "Names of the groups that new accounts are put into"),
    column("lead_id", Id, "Who leads a project"),
    column("lead_name", Text, "That account's name; unknown if it was not seen"),
    column("permission_scheme_id", Id, "The permission scheme a project uses"),
    column("team_managed", YesNo, "yes for a team-managed project, whose access cannot be read in full"),
    column("created_at", Time, "When it was made"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn container_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 21]> {
    let Body::Container(container) = &row.resource.body else { return None };
    Some([
        row.id(),
        row.name(),
        Cell::own(container.form.name()),
        Cell::fact_text(&container.key),
        Cell::fact_text(&container.status),
        Cell::fact_id(&container.parent),
        row.name_of(&container.parent),
        Cell::fact_text(&container.url),
        Cell::fact_text(&container.plan),
        Cell::fact_number(&container.seats_used),
        Cell::fact_number(&container.seats_total),
        Cell::fact_yes_no(&container.sandbox),
        row.names_of(&container.licence_groups),
        row.names_of(&container.default_groups),
        Cell::fact_id(&container.lead),
        row.name_of(&container.lead),
        Cell::fact_id(&container.permission_scheme),
        Cell::fact_yes_no(&container.team_managed),
        Cell::fact_time(&container.created_at),
        row.observed(),
        row.seen_by(),
    ])
}

pub(super) const GRANTS: CsvTable = CsvTable {
    name: "grants",
    about: "Who holds which role or permission on what",
    columns: &GRANT_COLUMNS,
    write: |assessment, out| write_kind(&GRANT_COLUMNS, assessment, out, grant_row),
};

static GRANT_COLUMNS: [Column; 15] = [
    column("grant_id", Id, "The grant"),
    column("name", Text, NAME),
    column("form", Word, "platform-role, project-role, permission or global-permission"),
    column("role", Text, "The role or permission, as the source names it"),
    column(
        "holder",
        Word,
        "anyone, logged-in, application-role, group, project-role, principal, conditional, portal-customers or other",
    ),
    column("principal_id", Id, "The account, where the holder is one; empty where it is not"),
    column("principal_name", Text, "That account's name; unknown if it was not seen"),
    column("group_id", Id, "The group, where the holder is one; empty where it is not"),
    column("group_name", Text, "That group's name; unknown if it was not seen"),
    column("holder_detail", Text, "What the source says beside the holder's type"),
    column("container_id", Id, "What the grant is on"),
    column("container_name", Text, "The name of that; unknown if it was not seen"),
    column("via", List, "How an account came by it, as the organisation tells"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn grant_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 15]> {
    let Body::Grant(grant) = &row.resource.body else { return None };
    let account = |say: &dyn Fn(&'a Fact<ResourceId>) -> Cell<'a>| match &grant.principal {
        Fact::Unknown | Fact::Absent if grant.holder != Holder::Principal => Cell::empty(),
        principal => say(principal),
    };
    let group = |say: &dyn Fn(&'a Fact<ResourceId>) -> Cell<'a>| match &grant.group {
        Fact::Unknown | Fact::Absent if grant.holder != Holder::Group => Cell::empty(),
        group => say(group),
    };
    Some([
        row.id(),
        row.name(),
        Cell::own(grant.form.name()),
        Cell::foreign(&grant.role),
        Cell::own(grant.holder.name()),
        account(&Cell::fact_id),
        account(&|id| row.name_of(id)),
        group(&Cell::fact_id),
        group(&|id| row.name_of(id)),
        Cell::fact_text(&grant.holder_detail),
        Cell::fact_id(&grant.container),
        row.name_of(&grant.container),
        Cell::fact_list(&grant.via),
        row.observed(),
        row.seen_by(),
    ])
}

pub(super) const SETTINGS: CsvTable = CsvTable {
    name: "settings",
    about: "Switches and values that hold for a whole tenant",
    columns: &SETTING_COLUMNS,
    write: |assessment, out| write_kind(&SETTING_COLUMNS, assessment, out, setting_row),
};

static SETTING_COLUMNS: [Column; 7] = [
    column("setting_id", Id, "The setting"),
    column("name", Text, NAME),
    column("key", Word, "What is set"),
    column("value", Text, "Its value"),
    column("detail", Text, "How it came about"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn setting_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 7]> {
    let Body::Setting(setting) = &row.resource.body else { return None };
    Some([
        row.id(),
        row.name(),
        Cell::foreign(&setting.key),
        Cell::fact_text(&setting.value),
        Cell::fact_text(&setting.detail),
        row.observed(),
        row.seen_by(),
    ])
}
