//! The scan as a JUnit report, for pipelines that show tests: a case for each rule, and one for each endpoint.
//!
//! A rule that found something fails; one that could not judge everything is an error, and never passed. So is an endpoint that
//! was not read whole, unless somebody declared it as a blind spot: then it is skipped, with the reason. A rule of which all
//! findings are waived is skipped too: somebody accepted them, and that is not the same as none.

use std::collections::BTreeMap;
use std::io;

use super::{Format, RenderError, order, say};
use crate::model::{Assessment, Finding, LedgerEntry, RuleId, RuleSummary, Status, Tally};
use crate::text::{self, harmless};

pub(super) const FORMAT: Format = Format {
    name: "junit",
    extension: "junit.xml",
    media_type: "application/xml",
    summary: "for pipelines that show tests: a case for each rule and each endpoint; what is unknown is an error",
    render,
    stream: None,
};

/// Findings that a case tells before it only counts them.
const MOST: usize = 100;

/// One case, and what came of it.
struct Case {
    class: String,
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed { message: String, text: String },
    Unknown { message: String, text: String },
    Skipped(String),
}

fn render(assessment: &Assessment, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let seconds = (assessment.head.ended_at - assessment.head.started_at).num_milliseconds().max(0) as f64 / 1000.0;
    let mut by_rule: BTreeMap<&RuleId, Found<'_>> = BTreeMap::new();
    for finding in order::findings(assessment) {
        let found = by_rule.entry(&finding.rule).or_default();
        match finding.status {
            Status::Open => found.open.push(finding),
            Status::Waived(_) => found.waived += 1,
            Status::Resolved(_) => {}
        }
    }
    let none = Found::default();
    let of_rule =
        |rule: &RuleSummary| of_rule(rule, by_rule.get(&rule.id).unwrap_or(&none), assessment.tallies.get(&rule.id));
    let suites = [
        ("rules", order::rules(assessment).into_iter().map(of_rule).collect::<Vec<_>>()),
        ("coverage", order::ledger(assessment).into_iter().map(of_endpoint).collect()),
    ];
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    let [tests, failures, errors, _] = counts(all());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"keyroll {}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds:.3}\">",
        escaped(&assessment.head.estate)
    )?;
    for (name, cases) in &suites {
        let [tests, failures, errors, skipped] = counts(cases.iter());
        let at = assessment.head.started_at.format("%Y-%m-%dT%H:%M:%S");
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
             skipped=\"{skipped}\" timestamp=\"{at}\" time=\"{seconds:.3}\" hostname=\"keyroll\">"
        )?;
        for case in cases {
            case.write(out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")?;
    Ok(())
}

/// Cases, failures, errors, and those that were skipped.
fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> [usize; 4] {
    cases.fold([0; 4], |[tests, failures, errors, skipped], case| match case.outcome {
        Outcome::Passed => [tests + 1, failures, errors, skipped],
        Outcome::Failed { .. } => [tests + 1, failures + 1, errors, skipped],
        Outcome::Unknown { .. } => [tests + 1, failures, errors + 1, skipped],
        Outcome::Skipped(_) => [tests + 1, failures, errors, skipped + 1],
    })
}

impl Case {
    fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (class, name) = (escaped(&self.class), escaped(&self.name));
        write!(out, "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\"")?;
        match &self.outcome {
            Outcome::Passed => writeln!(out, "/>"),
            Outcome::Failed { message, text } => {
                let (message, text) = (escaped(message), escaped(text));
                writeln!(
                    out,
                    ">\n      <failure type=\"finding\" message=\"{message}\">{text}</failure>\n    </testcase>"
                )
            }
            Outcome::Unknown { message, text } => {
                let (message, text) = (escaped(message), escaped(text));
                writeln!(out, ">\n      <error type=\"unknown\" message=\"{message}\">{text}</error>\n    </testcase>")
            }
            Outcome::Skipped(message) => {
                writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escaped(message))
            }
        }
    }
}

/// What a rule found.
#[derive(Default)]
struct Found<'a> {
    open: Vec<&'a Finding>,
    waived: usize,
}

fn of_rule(rule: &RuleSummary, found: &Found<'_>, tally: Option<&Tally>) -> Case {
    let outcome = match (found.open.as_slice(), unknown(tally)) {
        ([], None) if found.waived > 0 => {
            Outcome::Skipped(text::plural(found.waived, "finding is waived", "findings are waived"))
        }
        ([], None) => Outcome::Passed,
        ([], Some(text)) => Outcome::Unknown { message: "could not judge everything".to_owned(), text },
        (open, unknown) => {
            let mut lines: Vec<String> = open
                .iter()
                .take(MOST)
                .map(|finding| format!("{} {}: {}", finding.severity, finding.id.short(), finding.message))
                .collect();
            if open.len() > MOST {
                lines.push(format!("… and {} more", text::thousands(open.len() - MOST)));
            }
            lines.extend(unknown.map(|text| format!("and could not judge everything: {text}")));
            let message = text::plural(open.len(), "open finding", "open findings");
            Outcome::Failed { message, text: lines.join("\n") }
        }
    };
    Case { class: format!("rules.{}", rule.id), name: rule.title.clone(), outcome }
}

/// Why a rule could not judge everything; `None` if it could.
fn unknown(tally: Option<&Tally>) -> Option<String> {
    (!tally.is_some_and(Tally::is_whole)).then(|| say::why_undecided(tally).join("\n"))
}

fn of_endpoint(entry: &LedgerEntry) -> Case {
    let outcome = match &entry.declared {
        _ if !entry.is_gap() => Outcome::Passed,
        Some(why) => Outcome::Skipped(format!("declared blind spot: {why} ({}, {})", entry.state.name(), entry.reason)),
        None => Outcome::Unknown {
            message: entry.state.name().to_owned(),
            text: format!("{}. To close it: {}", entry.reason, entry.right),
        },
    };
    Case { class: format!("coverage.{}", entry.source), name: entry.endpoint.to_string(), outcome }
}

/// Text that is safe in XML 1.0, as content and in quotes: markup is escaped, and what XML cannot hold is shown as a stand-in.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.split('\n').map(harmless).collect::<Vec<_>>().join("\n").chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            '\n' => safe.push_str("&#10;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}
