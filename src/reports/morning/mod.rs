//! What a security engineer reads at eight in the morning: what is new, how bad, whose it is, what to do, and what nobody
//! could see. It never looks green while something was out of sight.
//!
//! This file sets the order of the sections; each section lives in the file of its noun.

mod drift;
mod expiring;
mod findings;
mod sight;
mod waivers;

use super::layout::{Ink, Look, Page, Words, dotted, words};
use super::say;
use crate::inventory::Inventory;
use crate::model::{Assessment, Body, ContainerForm, Kind, Severity, Status, Step};
use crate::text;

/// Entries of one section before it is cut.
const SHOWN: usize = 8;

/// The assessment of one scan as the first thing to read in the morning.
#[must_use]
pub fn morning_view(assessment: &Assessment, look: &Look) -> String {
    let mut page = Page::new(*look);
    let inventory = Inventory::new(&assessment.snapshot);
    header(&mut page, assessment, &inventory);
    if assessment.previous.is_some() {
        page.blank();
        page.paragraph(0, &[news(assessment)]);
        findings::came_up(&mut page, assessment);
    } else {
        findings::first_scan(&mut page, assessment);
    }
    expiring::section(&mut page, assessment, &inventory);
    findings::settled(&mut page, assessment);
    waivers::section(&mut page, assessment);
    drift::section(&mut page, assessment);
    sight::section(&mut page, assessment);
    footer(&mut page, assessment);
    page.into_text()
}

fn header(page: &mut Page, assessment: &Assessment, inventory: &Inventory<'_>) {
    let head = &assessment.head;
    let (from, to) = (head.started_at, head.ended_at);
    let end = if from.date_naive() == to.date_naive() { to.format("%H:%M") } else { to.format("%-d %b %H:%M") };
    let when = format!("{}, {}–{end} UTC", say::long_day(from), from.format("%H:%M"));
    page.paragraph(
        0,
        &dotted([words(Ink::Strong, "keyroll"), words(Ink::Strong, &head.estate), words(Ink::Plain, &when)]),
    );
    let counts = [
        (Kind::Principal, "account", "accounts"),
        (Kind::Credential, "credential", "credentials"),
        (Kind::Container, "project", "projects"),
    ];
    page.paragraph(0, &dotted(counts.map(|(kind, one, many)| words(Ink::Plain, &count(inventory, kind, one, many)))));
    page.paragraph(0, &sight::coverage_line(assessment));
}

/// How many there are; “at least” where some may be out of sight.
fn count(inventory: &Inventory<'_>, kind: Kind, one: &str, many: &str) -> String {
    let counted = inventory.of_kind(kind).filter(|resource| match &resource.body {
        Body::Container(container) => container.form == ContainerForm::Project,
        _ => true,
    });
    let counted = text::plural(counted.count(), one, many);
    if inventory.seen_whole(kind) { counted } else { format!("at least {counted}") }
}

/// The one sentence that says whether there is anything to do. It is glad only when everything was seen and judged.
fn news(assessment: &Assessment) -> Words {
    let steps = |wanted: &[Step]| assessment.transitions.iter().filter(|t| wanted.contains(&t.step)).count();
    let new = steps(&[Step::Opened]);
    let worse = steps(&[Step::Reopened, Step::Worsened, Step::WaiverEnded]);
    let unseen = sight::unseen_in_words(assessment);
    match (new + worse, unseen.is_empty()) {
        (0, true) => words(Ink::Good, "Nothing new. Every endpoint was read whole, and every rule could judge."),
        (0, false) => {
            let unseen = text::join_and(&unseen);
            words(Ink::Warn, &format!("Nothing new was found in what could be seen; {unseen}."))
        }
        (_, whole) => {
            let mut parts = Vec::new();
            if new > 0 {
                parts.push(format!("{} new", text::plural(new, "finding is", "findings are")));
            }
            if worse > 0 {
                parts.push(format!("{} or got worse", text::plural(worse, "came back", "came back")));
            }
            let beyond = if whole { String::new() } else { format!("; {}", text::join_and(&unseen)) };
            words(Ink::Strong, &format!("{}{beyond}.", text::join_and(&parts)))
        }
    }
}

/// Open findings by severity, and how their number went.
fn footer(page: &mut Page, assessment: &Assessment) {
    let open = |severity: Severity| {
        assessment.findings.iter().filter(|f| f.severity == severity && f.status == Status::Open).count()
    };
    let mut totals: Vec<Words> = Severity::ALL
        .into_iter()
        .map(|severity| (severity, open(severity)))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| {
            words(say::severity_ink(severity), &format!("{} {}", text::thousands(count), severity.name()))
        })
        .collect();
    if totals.is_empty() {
        totals.push(words(Ink::Plain, "none found"));
    }
    let waived = assessment.findings.iter().filter(|finding| matches!(finding.status, Status::Waived(_))).count();
    if waived > 0 {
        totals.push(words(Ink::Dim, &format!("{} waived", text::thousands(waived))));
    }
    page.blank();
    let mut line = vec![words(Ink::Strong, "Open")];
    line.extend(dotted(totals));
    page.paragraph(0, &line);
    if assessment.trend.len() > 1 {
        let label = format!("Last {} scans", assessment.trend.len().min(SPARKS));
        page.paragraph(0, &[words(Ink::Dim, &label), words(Ink::Plain, &sparkline(&assessment.trend))]);
    }
}

/// Scans that the trend shows at most.
const SPARKS: usize = 30;

/// One bar for each number, from nothing to the greatest of them.
fn sparkline(numbers: &[usize]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let latest = numbers.get(numbers.len().saturating_sub(SPARKS)..).unwrap_or(numbers);
    let greatest = latest.iter().copied().max().unwrap_or(0).max(1);
    latest.iter().map(|number| BARS[number * (BARS.len() - 1) / greatest]).collect()
}

/// “… and 12 more (keyroll findings)”.
fn and_more(page: &mut Page, hidden: usize, command: &str) {
    if hidden > 0 {
        page.paragraph(2, &[words(Ink::Dim, &format!("… and {} more ({command})", text::thousands(hidden)))]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trend_is_drawn_from_nothing_to_the_greatest() {
        assert_eq!(sparkline(&[0, 5, 10]), "▁▄█");
        assert_eq!(sparkline(&[0, 0]), "▁▁");
        assert_eq!(sparkline(&[7; 40]).chars().count(), SPARKS);
    }
}
