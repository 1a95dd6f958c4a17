//! Who can act, and what proves it: principals, groups, credentials.

use super::{NAME, OBSERVED, Row, SEEN_BY, each_of_kind, ids, if_it_applies};
use crate::model::{Body, CredentialForm, Fact, Kind, Principal};
use crate::reports::csv::ColumnForm::{Id, List, Number, Text, Time, Word, YesNo};
use crate::reports::csv::cell::Cell;
use crate::reports::csv::{Column, CsvTable, column};

pub(in crate::reports::csv) const PRINCIPALS: CsvTable = CsvTable {
    name: "principals",
    about: "Every account: people, service accounts, apps, agents, portal customers",
    columns: &PRINCIPAL_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Principal, &PRINCIPAL_COLUMNS, assessment, put, principal_row),
    tells_findings: false,
};

static PRINCIPAL_COLUMNS: [Column; 29] = [
    column("principal_id", Id, "The account"),
    column("name", Text, NAME),
    column("account_type", Word, "person, service-account, app, agent, customer or other"),
    column(
        "status",
        Word,
        "active, suspended, deactivated, or the source's own word; only the organisation and self-hosted products tell",
    ),
    column("email", Text, "Mail address; unknown where the owner hides it"),
    column("managed", YesNo, "yes if the organisation has claimed the account, or it is one of a self-hosted product"),
    column("mfa", YesNo, "yes if two-step verification is on; told for managed accounts only"),
    column("platform_roles", List, "Roles on the organisation, such as atlassian/org-admin"),
    column("groups", List, "Names of the groups it is a direct member of"),
    column("group_ids", List, "The ids of those groups"),
    column("workspace_groups", List, "Names of the groups of Bitbucket workspaces it is in"),
    column("last_active_at", Time, "Latest page view in any product; none if never. Use of the API does not count"),
    column("let_in_by", List, "Products that let it in, as each of them tells"),
    column("kept_out_by", List, "Products that do not let it in"),
    column("other_emails", List, "Mail addresses that other sources show for it, where they differ"),
    column("auth_policy", Text, "The authentication policy it is in; told for managed accounts only"),
    column("last_login_at", Time, "When it last logged in, as the audit log or a self-hosted product tells"),
    column("billable", YesNo, "yes if it counts towards the Guard subscription"),
    column("added_at", Time, "When it came into the organisation"),
    column("deactivated_at", Time, "When it was deactivated; none if it was not"),
    column("management_source", Word, "How a managed account came to be"),
    column("created_by_id", Id, "Who made a service account"),
    column("description", Text, "What somebody wrote about it"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
    column("username", Text, "The name it logs in with, of an account of a self-hosted product"),
    column("directory", Text, "The user directory it comes from, of an account of a self-hosted product"),
    column("groups_at_least", List, "Names of groups it was seen in, where it may be in more"),
    column("workspace_groups_at_least", List, "The same for groups of Bitbucket workspaces"),
];

fn principal_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 29]> {
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
        row.names_of(&principal.workspace_groups),
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
        Cell::fact_text(&principal.username),
        Cell::fact_text(&principal.directory),
        row.names_of(&principal.groups_at_least),
        row.names_of(&principal.workspace_groups_at_least),
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

pub(in crate::reports::csv) const GROUPS: CsvTable = CsvTable {
    name: "groups",
    about: "Every group",
    columns: &GROUP_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Group, &GROUP_COLUMNS, assessment, put, group_row),
    tells_findings: false,
};

static GROUP_COLUMNS: [Column; 13] = [
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
    column("confluence_access", List, "What membership opens in Confluence: user, admin, site-admin"),
    column("description", Text, "Its description"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
    column("administers", YesNo, "yes if membership makes an administrator of the self-hosted product that has it"),
    column("inside", List, "Names of the groups it is a direct member of; none where those inside count as members"),
    column("members_told", YesNo, "yes if the list of its members was read whole in this scan"),
];

fn group_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 13]> {
    let Body::Group(group) = &row.resource.body else { return None };
    Some([
        row.id(),
        row.name(),
        Cell::fact_number(&group.member_count),
        Cell::fact_text(&group.managed_by),
        Cell::fact_yes_no(&group.external),
        Cell::fact_list(&group.jira_access),
        Cell::fact_list(&group.confluence_access),
        Cell::fact_text(&group.description),
        row.observed(),
        row.seen_by(),
        Cell::fact_yes_no(&group.administers),
        row.names_of(&group.inside),
        Cell::fact_yes_no(&group.members_told),
    ])
}

pub(in crate::reports::csv) const CREDENTIALS: CsvTable = CsvTable {
    name: "credentials",
    about: "Every token, key and client; their values are never read",
    columns: &CREDENTIAL_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Credential, &CREDENTIAL_COLUMNS, assessment, put, credential_row),
    tells_findings: false,
};

static CREDENTIAL_COLUMNS: [Column; 25] = [
    column("credential_id", Id, "The credential"),
    column("name", Text, "Its label; empty where the source gives none"),
    column(
        "form",
        Word,
        "api-token, org-api-key, oauth-client, ssh-key, deploy-key, personal-access-token, access-token, oauth-consumer or incoming-link",
    ),
    column("owner_id", Id, "The account whose rights it has; none for a key of an organisation, repository or project"),
    column("owner_name", Text, "That account's name; unknown if it was not seen"),
    column("owner_status", Word, "That account's status; unknown if it was not seen"),
    column("created_by_id", Id, "Who made it, where that is told apart"),
    column("created_by_name", Text, "That account's name; unknown if it was not seen"),
    column("status", Word, "active, blocked, or the source's own word"),
    column("created_at", Time, "When it was made"),
    column("expires_at", Time, "When it ends; none if it never does"),
    column("last_used_at", Time, "When it was last used; none if no use was ever recorded. May be a day behind"),
    column("scopes", List, "What it is limited to. On an organisation key, empty means that it may do everything"),
    column(
        "container_id",
        Id,
        "What a deploy key or access token opens, and the instance that a token of a self-hosted product is for; empty for other forms",
    ),
    column("container_name", Text, "The name of that; unknown if it was not seen"),
    column("fingerprint", Id, "Digest of a public key: equal ones are the same key; empty for other forms"),
    column("last_used_by_id", Id, "The account last seen acting with it, as the audit log tells"),
    column("last_used_by_name", Text, "That account's name; unknown if it was not seen"),
    column("acts_for", List, "Names of the accounts it was seen acting for, as the audit log tells"),
    column("acts_for_ids", List, "The ids of those accounts"),
    column("auth_type", Word, "How it was presented when it was last seen in the audit log"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
    column("impersonates", YesNo, "yes if it may act as any account of the product"),
    column("hosts", List, "Where an OAuth client or consumer sends people back to: scheme and host"),
];

fn credential_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 25]> {
    let Body::Credential(credential) = &row.resource.body else { return None };
    let deploy_key = credential.form == CredentialForm::DeployKey;
    let public_key = deploy_key || credential.form == CredentialForm::SshKey;
    let placed = deploy_key || credential.container.known().is_some();
    Some([
        row.id(),
        row.name(),
        Cell::own(credential.form.name()),
        Cell::fact_id(&credential.owner),
        row.name_of(&credential.owner),
        row.status_of(&credential.owner),
        Cell::fact_id(&credential.created_by),
        row.name_of(&credential.created_by),
        Cell::fact_text(&credential.status),
        Cell::fact_time(&credential.created_at),
        Cell::fact_time(&credential.expires_at),
        Cell::fact_time(&credential.last_used_at),
        Cell::fact_list(&credential.scopes),
        if_it_applies(placed, &credential.container, Cell::fact_id),
        if_it_applies(placed, &credential.container, |id| row.name_of(id)),
        if_it_applies(public_key, &credential.fingerprint, Cell::fact_text),
        Cell::fact_id(&credential.last_used_by),
        row.name_of(&credential.last_used_by),
        row.names_of(&credential.acts_for),
        ids(&credential.acts_for),
        Cell::fact_text(&credential.auth_type),
        row.observed(),
        row.seen_by(),
        Cell::fact_yes_no(&credential.impersonates),
        Cell::fact_list(&credential.hosts),
    ])
}
