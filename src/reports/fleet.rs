//! The tenants of a fleet, and how each of them stands.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::json::document;
use super::layout::{Ink, Look, Page, words};
use super::say;
use super::table::{Cell, Head, Table};
use crate::model::{Delay, FindingCounts, Overdue, Run, Severity, SnapshotHead, Tenancy, TenantState, TenantStatus};
use crate::text::plural;

/// A line for each tenant, in the order they are given; then why one is unknown and what is overdue, and all in a line.
#[must_use]
pub fn fleet_table(tenants: &[Tenancy], now: DateTime<Utc>, look: Look) -> String {
    let mut heads = vec![
        Head::whole("TENANT"),
        Head::whole("STATE"),
        Head::whole("LAST COMPLETE"),
        Head::number("GAPS"),
        Head::number("CRIT"),
        Head::number("HIGH"),
        Head::number("MEDIUM"),
    ];
    heads.extend([Head::number("LOW").shown_from(90), Head::number("INFO").shown_from(90)]);
    heads.extend([Head::whole("LATEST (UTC)").shown_from(110), Head::flow("ESTATE").shown_from(140)]);
    let mut table = Table::new(&heads, "No tenants.");
    for tenancy in tenants {
        let state = tenancy.state();
        let mut cells = vec![Cell::new(&tenancy.tenant), Cell::inked(ink(state), state.name())];
        match &tenancy.status {
            Err(_) => cells.extend((2..heads.len()).map(|_| Cell::inked(Ink::Dim, "?"))),
            Ok(status) => {
                let ago = |head: &SnapshotHead| say::ago(now, head.ended_at);
                let complete = status.complete.as_ref().map_or_else(|| "never".to_owned(), ago);
                let is_latest = status.complete == status.latest;
                cells.push(Cell::inked(if is_latest { Ink::Plain } else { Ink::Warn }, &complete));
                cells.push(counted(status, status.gaps, Ink::Warn));
                for severity in Severity::ALL {
                    let open = status.findings.open.get(&severity).copied().unwrap_or(0);
                    cells.push(counted(status, open, say::severity_ink(severity)));
                }
                let latest =
                    status.latest.as_ref().map_or_else(|| "never".to_owned(), |head| say::minute(head.ended_at));
                cells.extend([Cell::new(&latest), Cell::new(&status.estate)]);
            }
        }
        table.row(cells);
    }
    let mut page = Page::new(look);
    page.blank();
    for tenancy in tenants {
        for note in notes(tenancy) {
            page.paragraph(
                0,
                &[words(ink(tenancy.state()), &format!("{}:", tenancy.tenant)), words(Ink::Plain, &note)],
            );
        }
    }
    page.paragraph(0, &[words(Ink::Strong, &total(tenants))]);
    format!("{}{}", table.render(look), page.into_text())
}

/// A count; of a tenant without a scan, nothing is counted.
fn counted(status: &TenantStatus, count: usize, ink: Ink) -> Cell {
    match (&status.latest, count) {
        (None, _) => Cell::inked(Ink::Dim, "?"),
        (Some(_), 0) => Cell::inked(Ink::Dim, "0"),
        (Some(_), count) => Cell::inked(ink, &count.to_string()),
    }
}

fn ink(state: TenantState) -> Ink {
    match state {
        TenantState::Unknown | TenantState::Overdue => Ink::Bad,
        TenantState::NeverScanned | TenantState::Incomplete => Ink::Warn,
        TenantState::Complete => Ink::Good,
    }
}

/// What a line of a table has no room for.
fn notes(tenancy: &Tenancy) -> Vec<String> {
    match &tenancy.status {
        Err(why) => vec![format!("nobody can say how it stands: {why}")],
        Ok(status) => {
            let none = "it has no schedule, so that nobody can say whether a scan is overdue".to_owned();
            let without = (status.schedules == 0).then_some(none);
            status.overdue.iter().map(overdue_words).chain(without).collect()
        }
    }
}

/// What should have happened and did not, in words.
#[must_use]
pub fn overdue_words(overdue: &Overdue) -> String {
    let on = match overdue.schedule.as_str() {
        Run::BY_HAND => Run::BY_HAND.to_owned(),
        schedule => format!("on schedule `{schedule}`"),
    };
    match &overdue.what {
        Delay::NeverBegun => format!("no daemon has ever looked at its schedule `{}`", overdue.schedule),
        Delay::NotBegun(due) => format!("the scan of {} UTC {on} has not begun", say::minute(*due)),
        Delay::NotEnded(due, began) => {
            format!("the scan of {} UTC {on} began at {} and has not ended", say::minute(*due), say::minute(*began))
        }
        Delay::Failed(due, why) => format!("the scan of {} UTC {on} stored nothing: {why}", say::minute(*due)),
    }
}

fn total(tenants: &[Tenancy]) -> String {
    let counted = TenantState::ALL.map(|state| {
        let count = tenants.iter().filter(|tenancy| tenancy.state() == state).count();
        (count > 0).then(|| format!("{count} {}", state.name()))
    });
    let states: Vec<String> = counted.into_iter().flatten().collect();
    let known = tenants.iter().filter_map(|tenancy| tenancy.status.as_ref().ok());
    let open: usize = known.map(|status| status.findings.all_open()).sum();
    let open = plural(open, "open finding", "open findings");
    let told = if tenants.iter().any(|tenancy| tenancy.state() <= TenantState::NeverScanned) {
        format!("{open} in those that are known")
    } else {
        open
    };
    format!("{}: {}; {told}.", plural(tenants.len(), "tenant", "tenants"), states.join(", "))
}

/// The same for programs.
#[must_use]
pub fn fleet_json(tenants: &[Tenancy]) -> String {
    let tenants: Vec<V1Tenant<'_>> = tenants.iter().map(V1Tenant::of).collect();
    document(&tenants)
}

#[derive(Serialize)]
struct V1Tenant<'a> {
    tenant: &'a str,
    state: &'static str,
    /// Why nobody can say how it stands.
    unknown_because: Option<&'a str>,
    /// `null` if that is not known.
    status: Option<V1Status<'a>>,
}

#[derive(Serialize)]
struct V1Status<'a> {
    estate: &'a str,
    latest: Option<V1Scan>,
    last_complete: Option<V1Scan>,
    /// Without any, nothing is ever overdue.
    schedules: usize,
    overdue: Vec<String>,
    /// `null` if there was no scan: nothing was looked at.
    gaps: Option<V1Gaps>,
    findings: Option<V1Counts>,
}

#[derive(Serialize)]
struct V1Scan {
    id: String,
    ended_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct V1Gaps {
    undeclared: usize,
    declared: usize,
}

#[derive(Serialize)]
struct V1Counts {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    info: usize,
    waived: usize,
    unconfirmed: usize,
}

impl<'a> V1Tenant<'a> {
    fn of(tenancy: &'a Tenancy) -> Self {
        Self {
            tenant: &tenancy.tenant,
            state: tenancy.state().name(),
            unknown_because: tenancy.status.as_ref().err().map(String::as_str),
            status: tenancy.status.as_ref().ok().map(V1Status::of),
        }
    }
}

impl<'a> V1Status<'a> {
    fn of(status: &'a TenantStatus) -> Self {
        let scan = |head: &SnapshotHead| V1Scan { id: head.id.to_string(), ended_at: head.ended_at };
        let seen = status.latest.as_ref();
        Self {
            estate: &status.estate,
            latest: seen.map(scan),
            last_complete: status.complete.as_ref().map(scan),
            schedules: status.schedules,
            overdue: status.overdue.iter().map(overdue_words).collect(),
            gaps: seen.map(|_| V1Gaps { undeclared: status.gaps, declared: status.declared }),
            findings: seen.map(|_| V1Counts::of(&status.findings)),
        }
    }
}

impl V1Counts {
    fn of(counts: &FindingCounts) -> Self {
        let open = |severity| counts.open.get(&severity).copied().unwrap_or(0);
        Self {
            critical: open(Severity::Critical),
            high: open(Severity::High),
            medium: open(Severity::Medium),
            low: open(Severity::Low),
            info: open(Severity::Info),
            waived: counts.waived,
            unconfirmed: counts.unconfirmed,
        }
    }
}
