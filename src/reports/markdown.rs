//! The scan as Markdown, for tickets, wikis and the summaries of pipelines: what could not be seen stands before what was found.

use std::io;

use super::morning::unseen_in_words;
use super::{Format, RenderError, order, say};
use crate::model::{Assessment, Finding, LedgerEntry, Severity, Status, Step, WaiverUse};
use crate::text::{self, harmless};

pub(super) const FORMAT: Format = Format {
    name: "markdown",
    extension: "md",
    media_type: "text/markdown; charset=utf-8",
    summary: "for tickets and wikis: what could not be seen, what is new, what is open, what is waived",
    render,
    stream: None,
};

/// Findings of one table before the rest is counted.
const MOST: usize = 200;

fn render(assessment: &Assessment, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let head = &assessment.head;
    writeln!(out, "# keyroll: {}\n", escaped(&head.estate))?;
    writeln!(
        out,
        "Scan {} of {} to {} UTC. keyroll {}.\n",
        head.id,
        say::minute(head.started_at),
        say::minute(head.ended_at),
        escaped(&head.tool_version)
    )?;
    if let Some(set_aside) = &assessment.set_aside {
        let shown = text::plural(set_aside.len(), "waived finding is", "waived findings are");
        writeln!(out, "**Without waivers: {shown} shown as open.**\n")?;
    }
    summary(assessment, out)?;
    could_not_see(assessment, out)?;
    let open: Vec<&Finding> =
        order::findings(assessment).into_iter().filter(|finding| finding.status == Status::Open).collect();
    let steps = assessment.steps();
    let is_new = |finding: &&Finding| steps.get(&finding.id).is_some_and(|steps| steps.iter().any(|step| step.calls()));
    let (new, old): (Vec<&Finding>, Vec<&Finding>) = open.into_iter().partition(is_new);
    findings("New, back or worse", &new, out)?;
    findings("Open since before", &old, out)?;
    over(assessment, out)?;
    waivers(assessment, out)
}

fn summary(assessment: &Assessment, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let count = |severity: Severity| {
        let open = |finding: &&Finding| finding.severity == severity && finding.status == Status::Open;
        assessment.findings.iter().filter(open).count()
    };
    writeln!(out, "| critical | high | medium | low | info |\n|---:|---:|---:|---:|---:|")?;
    let row: Vec<String> = Severity::ALL.into_iter().map(|severity| text::thousands(count(severity))).collect();
    writeln!(out, "| {} |\n", row.join(" | "))?;
    let unseen = unseen_in_words(assessment);
    if unseen.is_empty() {
        writeln!(out, "Every endpoint was read whole, and every rule could judge.\n")?;
    } else {
        writeln!(out, "**There may be more: {}.**\n", escaped(&text::join_and(&unseen)))?;
    }
    Ok(())
}

fn could_not_see(assessment: &Assessment, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let gaps: Vec<&LedgerEntry> = order::ledger(assessment).into_iter().filter(|entry| entry.is_gap()).collect();
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Could not see ({})\n", gaps.len())?;
    writeln!(out, "| source | endpoint | state | why | to close it |\n|---|---|---|---|---|")?;
    for entry in gaps {
        let why = match &entry.declared {
            Some(declared) => format!("{} (declared: {declared})", entry.reason),
            None => entry.reason.clone(),
        };
        row(out, &[entry.source.as_str(), &entry.endpoint, say::state(entry.state), &why, &entry.right])?;
    }
    Ok(writeln!(out)?)
}

fn findings(title: &str, findings: &[&Finding], out: &mut dyn io::Write) -> Result<(), RenderError> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "## {title} ({})\n", text::thousands(findings.len()))?;
    writeln!(out, "| severity | finding | what | owner | since | to do |\n|---|---|---|---|---|---|")?;
    for finding in findings.iter().take(MOST) {
        let unsure = finding.unconfirmed.as_ref().map(|why| format!(" (could not be confirmed: {})", why.reason));
        let what = format!("{}{}", finding.message, unsure.unwrap_or_default());
        let owner = finding.owner.as_deref().unwrap_or("unknown");
        let cells =
            [finding.severity.name(), finding.id.short(), &what, owner, &say::day(finding.first_seen), &finding.remedy];
        row(out, &cells)?;
    }
    if findings.len() > MOST {
        writeln!(out, "\n… and {} more: `keyroll findings`", text::thousands(findings.len() - MOST))?;
    }
    Ok(writeln!(out)?)
}

fn over(assessment: &Assessment, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let steps = assessment.steps();
    let over = |finding: &&Finding| steps.get(&finding.id).is_some_and(|steps| steps.contains(&Step::Resolved));
    let over: Vec<&Finding> = order::findings(assessment).into_iter().filter(over).collect();
    if over.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Over since the scan before ({})\n", text::thousands(over.len()))?;
    writeln!(out, "| severity | finding | what | why |\n|---|---|---|---|")?;
    for finding in over.iter().take(MOST) {
        let why = match finding.status {
            Status::Resolved(resolution) => resolution.text(),
            Status::Open | Status::Waived(_) => "",
        };
        row(out, &[finding.severity.name(), finding.id.short(), &finding.message, why])?;
    }
    if over.len() > MOST {
        writeln!(out, "\n… and {} more", text::thousands(over.len() - MOST))?;
    }
    Ok(writeln!(out)?)
}

fn waivers(assessment: &Assessment, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let waivers: Vec<&WaiverUse> = order::waivers(assessment);
    if waivers.is_empty() {
        return Ok(());
    }
    let waived = assessment.findings.iter().filter(|finding| matches!(finding.status, Status::Waived(_))).count();
    writeln!(out, "## Waivers ({}), covering {}\n", waivers.len(), text::plural(waived, "finding", "findings"))?;
    writeln!(out, "| waiver | state | rule | until | approved by | why |\n|---|---|---|---|---|---|")?;
    for used in waivers {
        let waiver = &used.waiver;
        let until = waiver.until.to_string();
        let cells =
            [waiver.id.as_str(), used.state.name(), waiver.rule.as_str(), &until, &waiver.approver, &waiver.reason];
        row(out, &cells)?;
    }
    Ok(writeln!(out)?)
}

fn row(out: &mut dyn io::Write, cells: &[&str]) -> io::Result<()> {
    let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
    writeln!(out, "| {} |", cells.join(" | "))
}

/// Text of others that stays text: nothing in it is markup, a link, a table's border or a mention.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in harmless(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' => safe.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~' | '$' | ':' => {
                safe.push('\\');
                safe.push(letter);
            }
            letter => safe.push(letter),
        }
    }
    safe
}
