//! What people say there should be: integrations of the register, people of the roster.

use super::{NAME, OBSERVED, Row, SEEN_BY, each_of_kind};
use crate::model::{Body, DeclaredAccount, Kind};
use crate::reports::csv::ColumnForm::{Id, List, Number, Text, Time, Word, YesNo};
use crate::reports::csv::cell::Cell;
use crate::reports::csv::{Column, CsvTable, column};

pub(in crate::reports::csv) const INTEGRATIONS: CsvTable = CsvTable {
    name: "integrations",
    about: "Every integration that the register declares",
    columns: &INTEGRATION_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Integration, &INTEGRATION_COLUMNS, assessment, put, integration_row),
    tells_findings: false,
};

static INTEGRATION_COLUMNS: [Column; 18] = [
    column("integration_id", Id, "The integration"),
    column("name", Text, NAME),
    column("system", Word, "The system, by the name of its profile; none if none is named"),
    column("purpose", Text, "What it is for"),
    column("environment", Word, "production, sandbox, or the register's own word; none if none is named"),
    column("owner_email", Text, "The person answerable for it; none if nobody is named"),
    column("team", Text, "The team answerable for it; none if none is named"),
    column("accounts", List, "The accounts it runs on, as the register names them; none if none is named"),
    column("account_ids", List, "Their ids, where the register gives them"),
    column("containers", List, "Keys of what it works in; none if it is not limited"),
    column("permissions", List, "Permissions it needs there; none if none is named"),
    column("credential_forms", List, "Forms of credential it may use; none if any"),
    column("longest_days", Number, "For how many days a credential of it may live; none if that is not limited"),
    column("webhook_hosts", List, "Hosts its webhooks may go to; none if none is named"),
    column("vendor_contact", Text, "Whom to ask at the vendor; none if nobody is named"),
    column("review_at", Time, "When somebody has to look at it again; none if never"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn integration_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 18]> {
    let Body::Integration(integration) = &row.resource.body else { return None };
    let accounts = |shown: fn(&DeclaredAccount) -> Option<&str>| {
        Cell::fact(&integration.accounts, |accounts| Cell::list(accounts.iter().filter_map(shown)))
    };
    Some([
        row.id(),
        row.name(),
        Cell::fact_text(&integration.system),
        Cell::fact_text(&integration.purpose),
        Cell::fact_text(&integration.environment),
        Cell::fact_text(&integration.owner_email),
        Cell::fact_text(&integration.team),
        accounts(|account| Some(&account.name)),
        accounts(|account| account.id.as_deref()),
        Cell::fact_list(&integration.containers),
        Cell::fact_list(&integration.permissions),
        Cell::fact_list(&integration.credential_forms),
        Cell::fact_number(&integration.longest_days),
        Cell::fact_list(&integration.webhook_hosts),
        Cell::fact_text(&integration.vendor_contact),
        Cell::fact_time(&integration.review_at),
        row.observed(),
        row.seen_by(),
    ])
}

pub(in crate::reports::csv) const PEOPLE: CsvTable = CsvTable {
    name: "people",
    about: "Every person of the roster",
    columns: &PERSON_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Person, &PERSON_COLUMNS, assessment, put, person_row),
    tells_findings: false,
};

static PERSON_COLUMNS: [Column; 9] = [
    column("person_id", Id, "The person"),
    column("name", Text, NAME),
    column("email", Text, "Mail address"),
    column("aliases", List, "Other addresses of theirs"),
    column("employed_until", Time, "The first moment at which they are no longer employed; none if no end is known"),
    column("manager", Text, "Mail address of their manager; none if they have none"),
    column("team", Text, "Their team; none if they are in none"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn person_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 9]> {
    let Body::Person(person) = &row.resource.body else { return None };
    Some([
        row.id(),
        row.name(),
        Cell::fact_text(&person.email),
        Cell::fact_list(&person.aliases),
        Cell::fact_time(&person.employed_until),
        Cell::fact_text(&person.manager),
        Cell::fact_text(&person.team),
        row.observed(),
        row.seen_by(),
    ])
}
