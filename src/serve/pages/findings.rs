//! Findings: the list with its filters, and one with all there is to know.

use axum::response::{Html, Response};
use serde::Serialize;

use super::paging::{Paging, has};
use super::{Frame, Inquiry, Laid, Miss, page};
use crate::app::Notes;
use crate::model::{Finding, Severity, Status, Tally};
use crate::reports::{Parts, finding_note_parts};
use crate::text::plural;

/// Which findings a list has, by how they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Open,
    Waived,
    Unconfirmed,
    Resolved,
    All,
}

impl Standing {
    const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Open, "open", "open"),
        (Self::Waived, "waived", "waived"),
        (Self::Unconfirmed, "unconfirmed", "could not be confirmed"),
        (Self::Resolved, "resolved", "resolved"),
        (Self::All, "all", "all"),
    ];

    fn named(word: &str) -> Result<Self, Miss> {
        let found = Self::ALL.into_iter().find(|(_, name, _)| *name == word || word.is_empty());
        found.map(|(standing, ..)| standing).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(_, name, _)| *name).collect();
            Miss::Odd(format!("There is no such status; it is one of {}.", names.join(", ")))
        })
    }

    fn fits(self, finding: &Finding) -> bool {
        match self {
            Self::Open => finding.status == Status::Open,
            Self::Waived => matches!(finding.status, Status::Waived(_)),
            Self::Unconfirmed => finding.unconfirmed.is_some() && !matches!(finding.status, Status::Resolved(_)),
            Self::Resolved => matches!(finding.status, Status::Resolved(_)),
            Self::All => true,
        }
    }
}

#[derive(Serialize)]
struct List<'a> {
    rows: Vec<Row<'a>>,
    paging: Paging,
    severities: Vec<Choice<'a>>,
    standings: Vec<Choice<'a>>,
    rules: Vec<Choice<'a>>,
    q: &'a str,
    /// What is wrong with what the rule that was chosen could judge; empty if it judged everything, or none was chosen.
    doubt: String,
    csv: String,
}

/// One entry of a list to choose from.
#[derive(Serialize)]
struct Choice<'a> {
    value: &'a str,
    words: String,
    chosen: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    link: String,
    id: &'a str,
    short: &'a str,
    severity: &'static str,
    /// The place of the severity, the worst first, which decides its colour.
    rank: usize,
    status: &'static str,
    unconfirmed: bool,
    message: &'a str,
    owner: &'a str,
    rule: &'a str,
    resource: &'a str,
    resource_link: String,
    since: String,
}

pub(in crate::serve) async fn findings(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, inquiry| {
            let view = list(laid, frame, inquiry)?;
            Ok(Html(page(laid, frame, ("findings.html", "findings"), "Findings", &view)))
        })
        .await
}

fn list<'a>(laid: &Laid<'a>, frame: &Frame, inquiry: &'a Inquiry) -> Result<List<'a>, Miss> {
    let word = |key: &str| inquiry.word(key);
    let (severity, status, rule, q) = (word("severity"), word("status"), word("rule"), word("q"));
    let standing = Standing::named(status)?;
    let least: Option<Severity> = match severity {
        "" => None,
        written => Some(written.parse().map_err(|_none| Miss::Odd("There is no such severity.".to_owned()))?),
    };
    let assessment = laid.assessment;
    let known = |id: &str| {
        assessment.rules.iter().any(|known| known.id.as_str() == id)
            || assessment.findings.iter().any(|finding| finding.rule.as_str() == id)
    };
    // A misspelt rule must not look like a rule without findings.
    if !rule.is_empty() && !known(rule) {
        return Err(Miss::NotThere(format!("No rule `{rule}` judged this scan, and it has no findings.")));
    }
    let words = q.to_lowercase();
    let fitting: Vec<&Finding> = assessment
        .findings
        .iter()
        .filter(|finding| standing.fits(finding))
        .filter(|finding| least.is_none_or(|least| finding.severity >= least))
        .filter(|finding| rule.is_empty() || finding.rule.as_str() == rule)
        .filter(|finding| {
            let owner = finding.owner.as_deref().unwrap_or_default();
            let texts = [&finding.message, &finding.resource_name, owner, finding.id.as_str(), finding.rule.as_str()];
            has(&words, texts.into_iter().chain([finding.resource.as_str()]))
        })
        .collect();
    let query = [("severity", severity), ("status", status), ("rule", rule), ("q", q)];
    let (paging, rows) = Paging::of(frame, "findings", &query, &inquiry.asked, fitting.len())?;
    let judged: Vec<&str> = {
        let mut ids: Vec<&str> = assessment.findings.iter().map(|finding| finding.rule.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        if !rule.is_empty() && !ids.contains(&rule) {
            ids.push(rule);
        }
        ids
    };
    let choice = |value, words: String, chosen| Choice { value, words, chosen };
    let any = |chosen| choice("", "all".to_owned(), chosen);
    let severities = Severity::ALL.map(|one| {
        choice(
            one.name(),
            if one == Severity::Critical { one.to_string() } else { format!("{one} or worse") },
            least == Some(one),
        )
    });
    Ok(List {
        rows: fitting.get(rows).unwrap_or_default().iter().map(|finding| Row::of(finding, frame)).collect(),
        paging,
        severities: std::iter::once(any(least.is_none())).chain(severities).collect(),
        standings: Standing::ALL
            .map(|(one, name, words)| choice(name, words.to_owned(), one == standing))
            .into_iter()
            .collect(),
        rules: std::iter::once(any(rule.is_empty()))
            .chain(judged.into_iter().map(|id| choice(id, id.to_owned(), id == rule)))
            .collect(),
        q,
        doubt: doubt(laid, rule),
        csv: frame.link("files/findings.csv", &[]),
    })
}

/// What a rule could not judge, as a sentence.
fn doubt(laid: &Laid<'_>, rule: &str) -> String {
    let judged = laid.assessment.rules.iter().find(|known| known.id.as_str() == rule);
    let Some(judged) = judged else { return String::new() };
    match laid.assessment.tallies.get(&judged.id) {
        None => "This rule did not judge: that it has no findings says nothing.".to_owned(),
        Some(tally) if !Tally::is_whole(tally) => {
            let unknown = match tally.unknown {
                0 => "some of what it speaks of was out of sight".to_owned(),
                unknown => format!("of {} it could not tell", plural(unknown, "resource", "resources")),
            };
            format!("This rule could not judge everything: {unknown}. There may be more.")
        }
        Some(_) => String::new(),
    }
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding, frame: &Frame) -> Self {
        Self {
            link: frame.link(&format!("findings/{}", finding.id.as_str()), &[]),
            id: finding.id.as_str(),
            short: finding.id.short(),
            severity: finding.severity.name(),
            rank: Severity::ALL.iter().position(|one| *one == finding.severity).unwrap_or_default(),
            status: finding.status.name(),
            unconfirmed: finding.unconfirmed.is_some(),
            message: &finding.message,
            owner: finding.owner.as_deref().unwrap_or_default(),
            rule: finding.rule.as_str(),
            resource: &finding.resource_name,
            resource_link: frame.link("resource", &[("id", finding.resource.as_str())]),
            since: finding.since.format("%Y-%m-%d").to_string(),
        }
    }
}

#[derive(Serialize)]
struct One<'a> {
    parts: Parts,
    /// Where ids of findings lead.
    to: String,
    resource: &'a str,
    resource_link: String,
    history_link: String,
    rule: &'a str,
    rule_link: String,
}

pub(in crate::serve) async fn finding(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, inquiry| {
            let findings = &laid.assessment.findings;
            let finding = called(findings, &inquiry.name)?;
            let store = laid.store()?;
            let notes = Notes { store: &store, rules: &laid.source.rules, knowledge: &laid.source.knowledge, findings };
            let view = One {
                parts: notes.of_finding(finding, finding_note_parts)?,
                to: frame.link("findings/", &[]),
                resource: &finding.resource_name,
                resource_link: frame.link("resource", &[("id", finding.resource.as_str())]),
                history_link: frame.link("history", &[("id", finding.id.as_str())]),
                rule: finding.rule.as_str(),
                rule_link: frame.link("findings", &[("rule", finding.rule.as_str())]),
            };
            Ok(Html(page(laid, frame, ("finding.html", "findings"), finding.id.short(), &view)))
        })
        .await
}

/// The one finding whose id begins so.
pub(super) fn called<'a>(findings: &'a [Finding], id: &str) -> Result<&'a Finding, Miss> {
    let wanted = id.to_ascii_uppercase();
    let mut fitting = findings.iter().filter(|finding| wanted.len() > 2 && finding.id.as_str().starts_with(&wanted));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Miss::NotThere("There is no finding with this id in the store.".to_owned())),
        (Some(_), Some(_)) => Err(Miss::NotThere("This is the beginning of several ids: write more of it.".to_owned())),
    }
}
