//! What acts without a person: apps, webhooks, automations, and the variables that pipelines use.

use super::{NAME, OBSERVED, Row, SEEN_BY, each_of_kind, ids, if_it_applies};
use crate::model::{AppForm, Body, Kind, VariableLevel};
use crate::reports::csv::ColumnForm::{Id, List, Text, Time, Word, YesNo};
use crate::reports::csv::cell::Cell;
use crate::reports::csv::{Column, CsvTable, column};

pub(in crate::reports::csv) const APPS: CsvTable = CsvTable {
    name: "apps",
    about: "What is installed in a product, and what was seen acting through OAuth",
    columns: &APP_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::App, &APP_COLUMNS, assessment, put, app_row),
    tells_findings: false,
};

static APP_COLUMNS: [Column; 19] = [
    column("app_id", Id, "The app"),
    column("name", Text, NAME),
    column(
        "form",
        Word,
        "installed-app, application-link, or acting-app: one that was only seen acting in the audit log",
    ),
    column("key", Text, "Its key, such as com.example.sync"),
    column("vendor", Text, "Who makes it"),
    column("version", Text, "Its version; empty for acting apps"),
    column("enabled", YesNo, "yes if it is switched on; empty for acting apps"),
    column(
        "user_installed",
        YesNo,
        "yes if somebody installed it, no if it came with the product; empty for acting apps",
    ),
    column("container_id", Id, "Where it is installed"),
    column("container_name", Text, "The name of that; unknown if it was not seen"),
    column("acts_for", List, "Names of the accounts it was seen acting for; empty cell for installed apps"),
    column("acts_for_ids", List, "The ids of those accounts"),
    column("auth_type", Word, "How it proved itself when it was last seen acting; empty for installed apps"),
    column("last_used_at", Time, "When it was last seen acting; empty for installed apps"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
    column("address", Text, "The other end of an application link: scheme and host; empty for other forms"),
    column(
        "access",
        List,
        "How the ends of a link let each other in, such as incoming-two-legged; empty for other forms",
    ),
    column("working", YesNo, "yes if the other end of a link answers; empty for other forms"),
];

fn app_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 19]> {
    let Body::App(app) = &row.resource.body else { return None };
    let (installed, acting) = (app.form == AppForm::InstalledApp, app.form == AppForm::ActingApp);
    let linked = app.form == AppForm::ApplicationLink;
    Some([
        row.id(),
        row.name(),
        Cell::own(app.form.name()),
        Cell::fact_text(&app.key),
        Cell::fact_text(&app.vendor),
        if_it_applies(installed, &app.version, Cell::fact_text),
        if_it_applies(installed, &app.enabled, Cell::fact_yes_no),
        if_it_applies(installed, &app.user_installed, Cell::fact_yes_no),
        Cell::fact_id(&app.container),
        row.name_of(&app.container),
        if_it_applies(acting, &app.acts_for, |accounts| row.names_of(accounts)),
        if_it_applies(acting, &app.acts_for, ids),
        if_it_applies(acting, &app.auth_type, Cell::fact_text),
        if_it_applies(acting, &app.last_used_at, Cell::fact_time),
        row.observed(),
        row.seen_by(),
        if_it_applies(linked, &app.address, Cell::fact_text),
        if_it_applies(linked, &app.access, Cell::fact_list),
        if_it_applies(linked, &app.working, Cell::fact_yes_no),
    ])
}

pub(in crate::reports::csv) const WEBHOOKS: CsvTable = CsvTable {
    name: "webhooks",
    about: "Messages that products send to other hosts; paths and secrets of their addresses are never kept",
    columns: &WEBHOOK_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Webhook, &WEBHOOK_COLUMNS, assessment, put, webhook_row),
    tells_findings: false,
};

static WEBHOOK_COLUMNS: [Column; 16] = [
    column("webhook_id", Id, "The webhook"),
    column("name", Text, NAME),
    column("container_id", Id, "The site, workspace or repository that sends"),
    column("container_name", Text, "The name of that; unknown if it was not seen"),
    column("address", Text, "Scheme and host it sends to"),
    column("secret_in_url", YesNo, "yes if its address carries a password or what reads like a secret"),
    column("signed", YesNo, "yes if messages are signed with a shared secret"),
    column("verifies_certificate", YesNo, "yes if the certificate of the host is checked"),
    column("enabled", YesNo, "yes if it is switched on"),
    column("events", List, "What it is sent for"),
    column("changed_by_id", Id, "Who changed it last"),
    column("changed_by_name", Text, "That account's name; unknown if it was not seen"),
    column("changed_at", Time, "When it was changed last"),
    column("created_at", Time, "When it was made"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn webhook_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 16]> {
    let Body::Webhook(webhook) = &row.resource.body else { return None };
    Some([
        row.id(),
        row.name(),
        Cell::fact_id(&webhook.container),
        row.name_of(&webhook.container),
        Cell::fact_text(&webhook.address),
        Cell::fact_yes_no(&webhook.secret_in_url),
        Cell::fact_yes_no(&webhook.signed),
        Cell::fact_yes_no(&webhook.verifies_certificate),
        Cell::fact_yes_no(&webhook.enabled),
        Cell::fact_list(&webhook.events),
        Cell::fact_id(&webhook.changed_by),
        row.name_of(&webhook.changed_by),
        Cell::fact_time(&webhook.changed_at),
        Cell::fact_time(&webhook.created_at),
        row.observed(),
        row.seen_by(),
    ])
}

pub(in crate::reports::csv) const AUTOMATIONS: CsvTable = CsvTable {
    name: "automations",
    about: "Rules of a product's automation, and the accounts they act as",
    columns: &AUTOMATION_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Automation, &AUTOMATION_COLUMNS, assessment, put, automation_row),
    tells_findings: false,
};

static AUTOMATION_COLUMNS: [Column; 16] = [
    column("automation_id", Id, "The rule"),
    column("name", Text, NAME),
    column("container_id", Id, "The site it runs on"),
    column("container_name", Text, "The name of that; unknown if it was not seen"),
    column("status", Word, "enabled, disabled, or the source's own word"),
    column("actor_id", Id, "The account it acts as"),
    column("actor_name", Text, "That account's name; unknown if it was not seen"),
    column("actor_status", Word, "That account's status; unknown if it was not seen"),
    column("author_id", Id, "Who wrote it"),
    column("author_name", Text, "That account's name; unknown if it was not seen"),
    column("limited_to", List, "The projects or spaces it is limited to, as the source names them"),
    column("description", Text, "What somebody wrote about it"),
    column("created_at", Time, "When it was made"),
    column("changed_at", Time, "When it was changed last"),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn automation_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 16]> {
    let Body::Automation(automation) = &row.resource.body else { return None };
    Some([
        row.id(),
        row.name(),
        Cell::fact_id(&automation.container),
        row.name_of(&automation.container),
        Cell::fact_text(&automation.status),
        Cell::fact_id(&automation.actor),
        row.name_of(&automation.actor),
        row.status_of(&automation.actor),
        Cell::fact_id(&automation.author),
        row.name_of(&automation.author),
        Cell::fact_list(&automation.limited_to),
        Cell::fact_text(&automation.description),
        Cell::fact_time(&automation.created_at),
        Cell::fact_time(&automation.changed_at),
        row.observed(),
        row.seen_by(),
    ])
}

pub(in crate::reports::csv) const VARIABLES: CsvTable = CsvTable {
    name: "variables",
    about: "Variables of build pipelines; their values are never read",
    columns: &VARIABLE_COLUMNS,
    rows: |assessment, _, put| each_of_kind(Kind::Variable, &VARIABLE_COLUMNS, assessment, put, variable_row),
    tells_findings: false,
};

static VARIABLE_COLUMNS: [Column; 10] = [
    column("variable_id", Id, "The variable"),
    column("name", Text, NAME),
    column("level", Word, "workspace, repository or deployment: how far it reaches"),
    column("container_id", Id, "The workspace or repository that has it"),
    column("container_name", Text, "The name of that; unknown if it was not seen"),
    column("environment", Text, "The environment of a deployment variable; empty on other levels"),
    column(
        "secured",
        YesNo,
        "yes if its value is hidden from people and masked in logs; pipelines can use it all the same",
    ),
    column(
        "admin_only",
        YesNo,
        "yes if only administrators of the repository may run the deployments that use it; empty on other levels",
    ),
    column("observed", YesNo, OBSERVED),
    column("seen_by", List, SEEN_BY),
];

fn variable_row<'a>(row: &Row<'a, '_>) -> Option<[Cell<'a>; 10]> {
    let Body::Variable(variable) = &row.resource.body else { return None };
    let deployment = variable.level == VariableLevel::Deployment;
    Some([
        row.id(),
        row.name(),
        Cell::own(variable.level.name()),
        Cell::fact_id(&variable.container),
        row.name_of(&variable.container),
        if_it_applies(deployment, &variable.environment, Cell::fact_text),
        Cell::fact_yes_no(&variable.secured),
        if_it_applies(deployment, &variable.admin_only, Cell::fact_yes_no),
        row.observed(),
        row.seen_by(),
    ])
}
