//! What can be reached, and who may: containers, grants, settings.

use super::{NAME, OBSERVED, Row, SEEN_BY, each_of_kind, ids, if_it_applies};
use crate::model::ContainerForm::{
    Application, Dashboard, Filter, Instance, Organisation, Product, Project, Repository, Site, Space, Workspace,
};
use crate::model::GrantForm::{PlatformRole, ProjectRole, SpaceRole, WorkspaceRole};
use crate::model::{Body, Fact, Holder, Kind, ResourceId};
use crate::reports::csv::ColumnForm::{Id, List, Number, Text, Time, Word, YesNo};
use crate::reports::csv::cell::Cell;
use crate::reports::csv::{Column, CsvTable, column};

pub(in crate::reports::csv) const CONTAINERS: CsvTable = CsvTable {
    name: "containers",
    about: "What holds content, people or licences: organisations, sites, projects, spaces, repositories and more",
    columns: &CONTAINER_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Container, &CONTAINER_COLUMNS, assessment, put, container_row),
    tells_findings: false,
};

static CONTAINER_COLUMNS: [Column; 30] = [
    column("container_id", Id, "The container"),
    column("name", Text, NAME),
    column(
        "form",
        Word,
        "organisation, directory, product, site, application, project, permission-scheme, service-desk, filter, \
         dashboard, space, workspace, repository-project, repository or instance",
    ),
    column("key", Text, "Short key, such as a project's"),
    column("status", Word, "online, live, archived, or the source's own word"),
    column("parent_id", Id, "What it is in; none at the top"),
    column("parent_name", Text, "The name of that; unknown if it was not seen"),
    column("url", Text, "Where people open it"),
    column(
        "plan",
        Word,
        "Of an organisation, product, application or instance: free, paid, unlicensed, or the source's own word; empty for other forms",
    ),
    column("seats_used", Number, "Licensed accounts of an organisation, product or application; empty for other forms"),
    column("seats_total", Number, "Seats that were bought; none if unlimited, empty for other forms"),
    column("sandbox", YesNo, "yes for a sandbox; empty for anything but products and sites"),
    column(
        "licence_groups",
        List,
        "Names of the groups whose members take a seat of an application; empty cell for other forms",
    ),
    column("default_groups", List, "Names of the groups that new accounts are put into; empty cell for other forms"),
    column("lead_id", Id, "Who leads a project; empty for other forms"),
    column("lead_name", Text, "That account's name; unknown if it was not seen"),
    column("permission_scheme_id", Id, "The permission scheme a project uses; empty for other forms"),
    column(
        "team_managed",
        YesNo,
        "yes for a team-managed project, whose access cannot be read in full; empty for other forms",
    ),
    column(
        "owner_id",
        Id,
        "Whose it is: the owner of a filter or dashboard, the author of a space; empty for other forms",
    ),
    column("owner_name", Text, "That account's name; unknown if it was not seen"),
    column("category", Word, "What the product sorts a space or project under; empty for other forms"),
    column("public", YesNo, "yes if anyone on the web can read a repository or workspace; empty for other forms"),
    column("pipelines_enabled", YesNo, "yes if pipelines run in a repository; empty for other forms"),
    column(
        "only_pushers",
        List,
        "Names of those who alone may push to any branch of a repository; none if all with write access may push to one",
    ),
    column("only_pusher_ids", List, "The ids of those accounts and groups"),
    column("created_at", Time, "When it was made"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
    column("version", Text, "The version of an instance; empty for other forms"),
    column("expires_at", Time, "When the licence of an application ends; none if it never does, empty for other forms"),
];

fn container_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 30]> {
    let Body::Container(container) = &row.resource.body else { return None };
    let licensed = matches!(container.form, Organisation | Product | Application | Instance);
    let hosted = matches!(container.form, Product | Site);
    let project = container.form == Project;
    let owned = matches!(container.form, Filter | Dashboard | Space);
    let sorted = matches!(container.form, Space | Project);
    let opened = matches!(container.form, Repository | Workspace);
    let repository = container.form == Repository;
    Some([
        row.id(),
        row.name(),
        Cell::own(container.form.name()),
        Cell::fact_text(&container.key),
        Cell::fact_text(&container.status),
        Cell::fact_id(&container.parent),
        row.name_of(&container.parent),
        Cell::fact_text(&container.url),
        if_it_applies(licensed, &container.plan, Cell::fact_text),
        if_it_applies(licensed, &container.seats_used, Cell::fact_number),
        if_it_applies(licensed, &container.seats_total, Cell::fact_number),
        if_it_applies(hosted, &container.sandbox, Cell::fact_yes_no),
        if_it_applies(licensed, &container.licence_groups, |groups| row.names_of(groups)),
        if_it_applies(licensed, &container.default_groups, |groups| row.names_of(groups)),
        if_it_applies(project, &container.lead, Cell::fact_id),
        if_it_applies(project, &container.lead, |id| row.name_of(id)),
        if_it_applies(project, &container.permission_scheme, Cell::fact_id),
        if_it_applies(project, &container.team_managed, Cell::fact_yes_no),
        if_it_applies(owned, &container.owner, Cell::fact_id),
        if_it_applies(owned, &container.owner, |id| row.name_of(id)),
        if_it_applies(sorted, &container.category, Cell::fact_text),
        if_it_applies(opened, &container.public, Cell::fact_yes_no),
        if_it_applies(repository, &container.pipelines_enabled, Cell::fact_yes_no),
        if_it_applies(repository, &container.only_pushers, |pushers| row.names_of(pushers)),
        if_it_applies(repository, &container.only_pushers, ids),
        Cell::fact_time(&container.created_at),
        row.observed(),
        row.seen_by(),
        if_it_applies(container.form == Instance, &container.version, Cell::fact_text),
        if_it_applies(container.form == Application, &container.expires_at, Cell::fact_time),
    ])
}

pub(in crate::reports::csv) const GRANTS: CsvTable = CsvTable {
    name: "grants",
    about: "Who holds which role or permission on what",
    columns: &GRANT_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Grant, &GRANT_COLUMNS, assessment, put, grant_row),
    tells_findings: false,
};

static GRANT_COLUMNS: [Column; 16] = [
    column("grant_id", Id, "The grant"),
    column("name", Text, NAME),
    column(
        "form",
        Word,
        "platform-role, product-access, project-role, permission (of a permission scheme), global-permission, share, space-permission, \
         space-role, workspace-role, repository-project-permission, repository-permission or \
         effective-repository-permission (what an account may do in the end)",
    ),
    column("role", Text, "The role or permission, as the source names it"),
    column(
        "holder",
        Word,
        "anyone, logged-in, application-role, group, project, project-role, principal, conditional, portal-customers or \
         other",
    ),
    column("principal_id", Id, "The account, where the holder is one; empty where it is not"),
    column("principal_name", Text, "That account's name; unknown if it was not seen"),
    column("group_id", Id, "The group, where the holder is one; empty where it is not"),
    column("group_name", Text, "That group's name; unknown if it was not seen"),
    column("holder_detail", Text, "What the source says beside the holder's type"),
    column("container_id", Id, "What the grant is on"),
    column("container_name", Text, "The name of that; unknown if it was not seen"),
    column(
        "permits",
        List,
        "What a role brings in single permissions, where the source tells; empty cell for a permission",
    ),
    column("via", List, "How an account came by it, as the organisation tells"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn grant_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 16]> {
    let Body::Grant(grant) = &row.resource.body else { return None };
    let account = |say: &dyn Fn(&'a Fact<ResourceId>) -> Cell<'a>| {
        if_it_applies(grant.holder == Holder::Principal, &grant.principal, say)
    };
    let group = |say: &dyn Fn(&'a Fact<ResourceId>) -> Cell<'a>| {
        if_it_applies(grant.holder == Holder::Group, &grant.group, say)
    };
    let role = matches!(grant.form, PlatformRole | ProjectRole | SpaceRole | WorkspaceRole);
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
        if_it_applies(role, &grant.permits, Cell::fact_list),
        Cell::fact_list(&grant.via),
        row.observed(),
        row.seen_by(),
    ])
}

pub(in crate::reports::csv) const SETTINGS: CsvTable = CsvTable {
    name: "settings",
    about: "Switches and values that hold for a whole tenant",
    columns: &SETTING_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Setting, &SETTING_COLUMNS, assessment, put, setting_row),
    tells_findings: false,
};

static SETTING_COLUMNS: [Column; 10] = [
    column("setting_id", Id, "The setting"),
    column("name", Text, NAME),
    column("key", Word, "What is set"),
    column("value", Text, "Its value"),
    column("detail", Text, "How it came about"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
    column("container_id", Id, "Where it holds, if that is less than the whole tenant"),
    column("container_name", Text, "The name of that; unknown if it was not seen"),
    column("exceptions", List, "What it does not hold for: users and paths that basic authentication is still open to"),
];

fn setting_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 10]> {
    let Body::Setting(setting) = &row.resource.body else { return None };
    Some([
        row.id(),
        row.name(),
        Cell::foreign(&setting.key),
        Cell::fact_text(&setting.value),
        Cell::fact_text(&setting.detail),
        row.observed(),
        row.seen_by(),
        Cell::fact_id(&setting.container),
        row.name_of(&setting.container),
        Cell::fact_list(&setting.exceptions),
    ])
}
