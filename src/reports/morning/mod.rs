//! What a security engineer reads at eight in the morning: what is new, how bad, whose it is, what to do, and what nobody
//! could see. It never looks green while something was out of sight.
//!
//! This file sets the order of the sections; each section lives in the file of its noun.

mod drift;
mod expiring;
mod findings;
mod sight;
mod undelivered;
mod waivers;

pub(super) use sight::unseen_in_words;
pub use sight::{blind_spots, coverage_in_words, may_be_more};

use super::layout::{Ink, Look, Page, Words, dotted, words};
use super::say;
use crate::inventory::Inventory;
use crate::model::{Assessment, Body, ContainerForm, Kind, Resource, Severity, Status, Step, in_plain_words};
use crate::text;

/// Entries of one section before it is cut.
const SHOWN: usize = 8;
/// Columns of one text before it is cut: a few lines.
const LONGEST: usize = 300;

/// The assessment of one scan as the first thing to read in the morning.
#[must_use]
pub fn morning_view(assessment: &Assessment, look: Look) -> String {
    morning_page(assessment, look).into_text()
}

/// The same for other media than a terminal.
pub(super) fn morning_page(assessment: &Assessment, look: Look) -> Page {
    let mut page = Page::new(look);
    let inventory = Inventory::new(&assessment.snapshot);
    header(&mut page, assessment, &inventory);
    news(&mut page, assessment);
    if assessment.previous.is_some() {
        findings::came_up(&mut page, assessment);
    } else {
        findings::first_scan(&mut page, assessment);
    }
    undelivered::section(&mut page, assessment);
    expiring::section(&mut page, assessment, &inventory);
    findings::settled(&mut page, assessment);
    waivers::section(&mut page, assessment);
    drift::section(&mut page, assessment, &inventory);
    sight::section(&mut page, assessment, SHOWN);
    footer(&mut page, assessment);
    page
}

fn header(page: &mut Page, assessment: &Assessment, inventory: &Inventory<'_>) {
    let head = &assessment.head;
    let (from, to) = (head.started_at, head.ended_at);
    let end = match (from.date_naive() == to.date_naive(), say::minute(from) == say::minute(to)) {
        (_, true) => String::new(),
        (true, false) => to.format("–%H:%M").to_string(),
        (false, false) => to.format("–%-d %b %H:%M").to_string(),
    };
    let when = format!("{}, {}{end} UTC", say::long_day(from), from.format("%H:%M"));
    page.paragraph(
        0,
        &dotted([words(Ink::Strong, "keyroll"), words(Ink::Strong, &head.estate), words(Ink::Plain, &when)]),
    );
    for line in COUNTED {
        let counts = dotted(line.iter().filter_map(|counted| count(inventory, counted)));
        if !counts.is_empty() {
            page.paragraph(0, &counts);
        }
    }
    page.paragraph(0, &sight::coverage_line(assessment));
    if let Some(set_aside) = &assessment.set_aside {
        let shown = text::plural(set_aside.len(), "waived finding is", "waived findings are");
        page.paragraph(0, &[words(Ink::Warn, &format!("WITHOUT WAIVERS: {shown} shown as open."))]);
    }
}

/// What the header counts: who can act and on what, then what acts by itself. Of the kinds that are always counted it says
/// “unknown” even where no source shows them: without those an estate is not known at all.
const COUNTED: [&[Counted]; 2] = [
    &[
        Counted { kind: Kind::Principal, form: None, one: "account", always: true },
        Counted { kind: Kind::Credential, form: None, one: "credential", always: true },
        Counted { kind: Kind::Container, form: Some(ContainerForm::Project), one: "project", always: false },
        Counted { kind: Kind::Container, form: Some(ContainerForm::Space), one: "space", always: false },
        Counted { kind: Kind::Container, form: Some(ContainerForm::Repository), one: "repository", always: false },
    ],
    &[
        Counted { kind: Kind::App, form: None, one: "app", always: false },
        Counted { kind: Kind::Webhook, form: None, one: "webhook", always: false },
        Counted { kind: Kind::Automation, form: None, one: "automation", always: false },
        Counted { kind: Kind::Variable, form: None, one: "variable", always: false },
        Counted { kind: Kind::Integration, form: None, one: "integration", always: false },
    ],
];

/// Resources that the header counts.
struct Counted {
    kind: Kind,
    form: Option<ContainerForm>,
    one: &'static str,
    always: bool,
}

/// How many there are; “at least” where some may be out of sight, and “unknown” where that may be all of them.
fn count(inventory: &Inventory<'_>, counted: &Counted) -> Option<Words> {
    let Counted { kind, form, one, always } = *counted;
    let forms: Vec<&str> = form.into_iter().map(ContainerForm::name).collect();
    let many = in_plain_words(&[kind], &forms).concat();
    let meant = |resource: &&Resource| match &resource.body {
        Body::Container(container) => form.is_none_or(|form| container.form == form),
        _ => true,
    };
    let number = inventory.of_kind(kind).filter(meant).count();
    let shown = inventory.coverage().0.iter().any(|entry| entry.can_show(kind, &forms));
    let said = match (number, inventory.all_seen(kind, &forms)) {
        (number, true) => text::plural(number, one, &many),
        (0, false) if !always && !shown => return None,
        (0, false) => format!("{many} unknown"),
        (number, false) => format!("at least {}", text::plural(number, one, &many)),
    };
    Some(words(Ink::Plain, &said))
}

/// What happened, in a sentence, and what stands against relying on it, in another. They are glad only when everything
/// was seen and judged and nothing stands open.
fn news(page: &mut Page, assessment: &Assessment) {
    let steps = |wanted: &[Step]| wanted.iter().map(|step| findings::that_took(assessment, *step).len()).sum::<usize>();
    let open = assessment.findings.iter().filter(|finding| finding.status == Status::Open).count();
    let new = steps(&[Step::Opened]);
    let worse = steps(&[Step::Reopened, Step::Worsened, Step::WaiverEnded]);
    let resolved = steps(&[Step::Resolved]);
    let unseen = text::join_and(&sight::unseen_in_words(assessment));
    page.blank();
    let news = match (&assessment.previous, new + worse) {
        (None, _) if open > 0 => {
            format!("First scan: {} open.", text::plural(open, "finding stands", "findings stand"))
        }
        (None, _) => "First scan: nothing was found".to_owned(),
        (Some(_), 0) => "Nothing new was found".to_owned(),
        (Some(_), _) => {
            let mut parts = Vec::new();
            if new > 0 {
                parts.push(text::plural(new, "new finding", "new findings"));
            }
            for (count, what) in [(worse, "back or worse"), (resolved, "resolved")] {
                if count > 0 {
                    parts.push(format!("{} {what}", text::thousands(count)));
                }
            }
            format!("{}.", parts.join(" · "))
        }
    };
    // A sentence that found nothing goes on with how much that is worth.
    match (news.ends_with('.'), unseen.is_empty()) {
        (true, true) => page.paragraph(0, &[words(Ink::Strong, &news)]),
        (true, false) => {
            page.paragraph(0, &[words(Ink::Strong, &news)]);
            page.paragraph(0, &[words(Ink::Warn, &format!("There may be more: {unseen}."))]);
        }
        (false, true) => {
            let ink = if open == 0 { Ink::Good } else { Ink::Plain };
            let whole = "every endpoint was read whole, and every rule could judge";
            page.paragraph(0, &[words(ink, &format!("{news}: {whole}."))]);
        }
        (false, false) => {
            page.paragraph(0, &[words(Ink::Warn, &format!("{news} in what could be seen; {unseen}."))]);
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
    let mut line = vec![words(Ink::Strong, "Open:")];
    line.extend(dotted(totals));
    page.paragraph(0, &line);
    if assessment.trend.len() > 1 {
        let latest = assessment.trend.get(assessment.trend.len().saturating_sub(SPARKS)..).unwrap_or_default();
        let ends = [latest.first(), latest.last()].map(|end| text::thousands(end.copied().unwrap_or(0)));
        let label = format!("Last {} scans:", latest.len());
        let range = format!("{} → {} open", ends[0], ends[1]);
        page.paragraph(0, &[words(Ink::Dim, &label), words(Ink::Plain, &sparkline(latest)), words(Ink::Dim, &range)]);
    }
}

/// Scans that the trend shows at most.
const SPARKS: usize = 30;

/// One bar for each number, from nothing to the greatest of them.
fn sparkline(numbers: &[usize]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let greatest = numbers.iter().copied().max().unwrap_or(0).max(1);
    numbers.iter().map(|number| BARS[number * (BARS.len() - 1) / greatest]).collect()
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
    }
}
