//! The report as one page for a browser: it loads nothing, and works from a file share. What is said without a script stands in
//! the page (`report.html`, filled here); the findings are data that the page's own script shows (`data`, `report.js`).
//!
//! Nothing that an estate calls its things can run, break out or mislead: texts are written out by `shown`, escaped by the template,
//! and the page's policy lets nothing run but the one script and style whose digests it names.

mod calendar;
mod chart;
mod data;
mod parts;
mod shown;
mod systems;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, escape_formatter};
use serde::Serialize;

use self::chart::{Bar, Chart};
pub use self::data::Histories;
pub(super) use self::parts::Inked;
pub use self::parts::Parts;
pub use self::shown::shown;
use super::morning::{morning_page, unseen_in_words};
use super::{RenderError, RuleText, controls, order, say};
use crate::digest::Digest;
use crate::inventory::Inventory;
use crate::model::{
    Assessment, FrameworkPosture, LedgerEntry, PostureState, RuleId, Severity, Status, Tally, WaiverUse, in_plain_words,
};
use crate::text::{join_and, plural, thousands};

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const PARTS: &str = include_str!("parts.html");
const SCRIPT: &str = include_str!("report.js");
/// Stands in the template where the data go: no text of others can hold it, since they are escaped.
const DATA: &str = "<!-- data -->";

/// The style of pages for a browser.
#[must_use]
pub fn page_style() -> &'static str {
    STYLE
}

/// What every page holds, whatever the estate: its template, its style and its script.
#[must_use]
pub fn page_texts() -> [&'static str; 3] {
    [TEMPLATE, STYLE, SCRIPT]
}

/// What the page is made from.
pub struct HtmlReport<'a> {
    /// The scan, and all that is said about it.
    pub assessment: &'a Assessment,
    /// What it saw, with what is known about systems.
    pub inventory: &'a Inventory<'a>,
    /// The texts of the rules.
    pub rules: &'a BTreeMap<RuleId, RuleText<'a>>,
    /// The steps that each finding took up to this scan.
    pub histories: &'a Histories,
}

/// Writes the page.
///
/// # Errors
/// When the place it is written to refuses.
///
/// # Panics
/// When the template names something that is not there, which is a bug of ours.
pub fn html_report(report: &HtmlReport<'_>, out: &mut dyn Write) -> Result<(), RenderError> {
    let (findings, left_out) = data::shown_findings(report);
    let view = View::of(report, findings.len(), left_out);
    let template = PAGE.get_template("report.html").expect("internal: the template is embedded");
    let page = template.render(Serde(&view)).expect("internal: the template names what the page has");
    let (before, after) = page.split_once(DATA).expect("internal: the template says where the data go");
    out.write_all(before.as_bytes())?;
    data::write(report, &findings, out)?;
    out.write_all(after.as_bytes())?;
    Ok(())
}

static PAGE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = page_templates();
    environment.add_template("report.html", TEMPLATE).expect("internal: the template is well formed");
    environment
});

/// Where templates of pages are kept that show what an estate calls its things: whatever they print is written out by [`shown()`] and
/// escaped, unless a template says that it is ours. `parts.html`, which shows [`Parts`], is among them already.
///
/// # Panics
/// Never: what it sets is ours.
#[must_use]
pub fn page_templates() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("internal: the usual syntax is proper"));
    // Whatever is printed is written out and escaped, unless the template says that it is ours.
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => escape_formatter(out, state, &Value::from(shown::shown(text))),
        _ => escape_formatter(out, state, value),
    });
    environment.add_filter("count", |number: usize| thousands(number));
    environment.add_template("parts.html", PARTS).expect("internal: the template is well formed");
    environment
}

/// What the template is filled with.
#[derive(Serialize)]
struct View<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    estate: &'a str,
    snapshot: String,
    day: String,
    from: String,
    to: String,
    complete: bool,
    digest: String,
    tool_version: &'a str,
    compared_with: Option<String>,
    /// What stands against calling it clean, as a sentence; empty if nothing does.
    unseen: String,
    /// How many waived findings are shown as open.
    set_aside: Option<usize>,
    tiles: Vec<Tile>,
    trend: Option<Chart>,
    severities: Chart,
    ages: Chart,
    morning: Parts,
    findings: usize,
    left_out: usize,
    calendar: calendar::Calendar,
    systems: systems::Systems,
    matrix: systems::Matrix,
    frameworks: Vec<Framework<'a>>,
    gists: &'static str,
    /// How many endpoints were asked.
    asked: usize,
    gaps: Vec<Gap<'a>>,
    doubts: Vec<Doubt<'a>>,
    waivers: Vec<WaiverView<'a>>,
}

#[derive(Serialize)]
struct Tile {
    number: String,
    label: String,
    class: &'static str,
}

#[derive(Serialize)]
struct Framework<'a> {
    id: &'a str,
    title: &'a str,
    version: &'a str,
    counts: Vec<StateCount>,
    controls: Vec<Control<'a>>,
}

#[derive(Serialize)]
struct StateCount {
    state: &'static str,
    words: &'static str,
    count: usize,
}

#[derive(Serialize)]
struct Control<'a> {
    id: &'a str,
    gist: &'a str,
    state: &'static str,
    words: &'static str,
    note: String,
}

#[derive(Serialize)]
struct Gap<'a> {
    source: &'a str,
    endpoint: &'a str,
    state: &'static str,
    reason: &'a str,
    declared: Option<&'a str>,
    right: &'a str,
    hides: String,
    rules: usize,
}

/// A rule that could not judge everything.
#[derive(Serialize)]
struct Doubt<'a> {
    rule: &'a str,
    title: &'a str,
    unknown: usize,
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct WaiverView<'a> {
    id: &'a str,
    state: &'static str,
    rule: &'a str,
    resource: &'a str,
    reason: &'a str,
    approver: &'a str,
    ticket: &'a str,
    until: String,
    covers: usize,
    trouble: Vec<String>,
}

impl<'a> View<'a> {
    fn of(report: &HtmlReport<'a>, findings: usize, left_out: usize) -> Self {
        let HtmlReport { assessment, inventory, .. } = *report;
        let head = &assessment.head;
        let hashed = |text: &str| STANDARD.encode(Digest::of_bytes(text.as_bytes()).as_bytes());
        Self {
            policy: format!(
                "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
                hashed(SCRIPT),
                hashed(STYLE)
            ),
            style: STYLE,
            script: SCRIPT,
            estate: &head.estate,
            snapshot: head.id.to_string(),
            day: say::long_day(head.started_at),
            from: say::minute(head.started_at),
            to: say::minute(head.ended_at),
            complete: head.complete,
            digest: head.digest.to_string(),
            tool_version: &head.tool_version,
            compared_with: assessment
                .previous
                .as_ref()
                .map(|one| format!("{} of {}", one.id, say::minute(one.started_at))),
            unseen: unseen_words(assessment),
            set_aside: assessment.set_aside.as_ref().map(BTreeMap::len),
            tiles: tiles(assessment),
            trend: trend(assessment),
            severities: severities(assessment),
            ages: ages(assessment),
            morning: morning(assessment),
            findings,
            left_out,
            calendar: calendar::calendar(assessment, inventory),
            systems: systems::systems(inventory),
            matrix: systems::matrix(inventory),
            frameworks: assessment.postures.iter().map(Framework::of).collect(),
            gists: controls::GIST_NOTE,
            asked: assessment.snapshot.ledger.len(),
            gaps: gaps(assessment),
            doubts: doubts(assessment),
            waivers: order::waivers(assessment).into_iter().map(WaiverView::of).collect(),
        }
    }
}

fn open(assessment: &Assessment, severity: Severity) -> usize {
    let is_open = |finding: &&crate::model::Finding| finding.severity == severity && finding.status == Status::Open;
    assessment.findings.iter().filter(is_open).count()
}

/// Open findings by severity, what is waived, and what could not be seen.
fn tiles(assessment: &Assessment) -> Vec<Tile> {
    let tile = |number: usize, label: &str, class| Tile { number: thousands(number), label: label.to_owned(), class };
    let mut tiles: Vec<Tile> = Severity::ALL
        .into_iter()
        .map(|severity| tile(open(assessment, severity), severity.name(), severity.name()))
        .collect();
    let waived = assessment.findings.iter().filter(|finding| matches!(finding.status, Status::Waived(_))).count();
    tiles.push(tile(waived, "waived", "waived"));
    let ledger = &assessment.snapshot.ledger;
    let gaps = ledger.iter().filter(|entry| entry.is_gap()).count();
    tiles.push(match (ledger.len(), gaps) {
        (0, _) => tile(0, "endpoints asked", "unseen"),
        (_, 0) => tile(0, "blind spots", "seen"),
        (_, 1) => tile(1, "blind spot", "unseen"),
        (_, gaps) => tile(gaps, "blind spots", "unseen"),
    });
    tiles
}

fn trend(assessment: &Assessment) -> Option<Chart> {
    let (first, last) = (assessment.trend.first()?, assessment.trend.last()?);
    let scans = plural(assessment.trend.len(), "scan", "scans");
    let words = format!("Open findings over the last {scans}: from {} to {}", thousands(*first), thousands(*last));
    (assessment.trend.len() > 1).then(|| chart::line(&assessment.trend, words))
}

fn severities(assessment: &Assessment) -> Chart {
    let bars = Severity::ALL.map(|severity| Bar {
        label: severity.name(),
        number: open(assessment, severity),
        class: severity.name(),
    });
    chart::bars(&bars, said("Open findings by severity", &bars))
}

/// How long open findings have been known.
fn ages(assessment: &Assessment) -> Chart {
    const AGES: [(i64, &str); 5] =
        [(7, "up to 7 days"), (30, "to 30 days"), (90, "to 90 days"), (365, "to a year"), (i64::MAX, "longer")];
    let now = assessment.head.ended_at;
    let mut counts = [0; AGES.len()];
    for finding in assessment.findings.iter().filter(|finding| finding.status == Status::Open) {
        let days = (now - finding.first_seen).num_days();
        let at = AGES.iter().position(|(most, _)| days <= *most).unwrap_or(AGES.len() - 1);
        counts[at] += 1;
    }
    let bars: Vec<Bar<'_>> =
        AGES.iter().zip(counts).map(|((_, label), number)| Bar { label, number, class: "age" }).collect();
    chart::bars(&bars, said("Open findings by age", &bars))
}

/// What a page of a scan begins with: figures, the trend, and the morning view.
#[derive(Serialize)]
pub struct Overview {
    tiles: Vec<Tile>,
    trend: Option<Chart>,
    severities: Chart,
    ages: Chart,
    morning: Parts,
}

impl Overview {
    /// That of a scan.
    #[must_use]
    pub fn of(assessment: &Assessment) -> Self {
        Self {
            tiles: tiles(assessment),
            trend: trend(assessment),
            severities: severities(assessment),
            ages: ages(assessment),
            morning: morning(assessment),
        }
    }
}

/// What stands against calling a scan clean, as part of a sentence; empty only if nothing does.
#[must_use]
pub fn unseen_words(assessment: &Assessment) -> String {
    join_and(&unseen_in_words(assessment))
}

/// A chart of bars in words.
fn said(what: &str, bars: &[Bar<'_>]) -> String {
    let parts: Vec<String> = bars.iter().map(|bar| format!("{} {}", bar.label, thousands(bar.number))).collect();
    format!("{what}: {}", parts.join(", "))
}

fn morning(assessment: &Assessment) -> Parts {
    // Its first line names the estate and the day, which the page has said already.
    Parts::without_first(morning_page(assessment, Parts::LOOK))
}

impl<'a> Framework<'a> {
    fn of(posture: &'a FrameworkPosture) -> Self {
        let counted = PostureState::ALL.map(|state| StateCount {
            state: state.name(),
            words: state.words(),
            count: posture.count(state),
        });
        Self {
            id: &posture.id,
            title: &posture.title,
            version: &posture.version,
            counts: counted.into_iter().filter(|one| one.count > 0).collect(),
            controls: posture
                .controls
                .iter()
                .map(|control| Control {
                    id: control.id.as_str(),
                    gist: &control.gist,
                    state: control.state.name(),
                    words: control.state.words(),
                    note: controls::why(control),
                })
                .collect(),
        }
    }
}

/// What could not be seen, what nobody declared first.
fn gaps(assessment: &Assessment) -> Vec<Gap<'_>> {
    let mut waiting: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for unseen in assessment.tallies.values().flat_map(|tally| &tally.unseen) {
        *waiting.entry((unseen.source.as_str(), &*unseen.endpoint)).or_default() += 1;
    }
    let mut gaps: Vec<&LedgerEntry> = order::ledger(assessment).into_iter().filter(|entry| entry.is_gap()).collect();
    gaps.sort_by_key(|entry| entry.declared.is_some());
    let gap = |entry: &'_ LedgerEntry| in_plain_words(&entry.shows, &entry.forms);
    gaps.into_iter()
        .map(|entry| Gap {
            source: entry.source.as_str(),
            endpoint: &entry.endpoint,
            state: say::state(entry.state),
            reason: &entry.reason,
            declared: entry.declared.as_deref(),
            right: &entry.right,
            hides: join_and(&gap(entry).into_iter().map(str::to_owned).collect::<Vec<_>>()),
            rules: waiting.get(&(entry.source.as_str(), &*entry.endpoint)).copied().unwrap_or(0),
        })
        .collect()
}

/// Reasons of one rule before the rest is counted.
const REASONS: usize = 8;

/// The rules that could not judge everything, with the reasons.
fn doubts(assessment: &Assessment) -> Vec<Doubt<'_>> {
    let unsure = |tally: Option<&Tally>| !tally.is_some_and(Tally::is_whole);
    let rules = order::rules(assessment).into_iter();
    rules
        .filter(|rule| unsure(assessment.tallies.get(&rule.id)))
        .map(|rule| {
            let tally = assessment.tallies.get(&rule.id);
            let mut reasons = say::why_undecided(tally);
            let more = reasons.len().saturating_sub(REASONS);
            reasons.truncate(REASONS);
            if more > 0 {
                reasons.push(format!("and {}", plural(more, "more reason", "more reasons")));
            }
            let unknown = tally.map_or(0, |tally| tally.unknown);
            Doubt { rule: rule.id.as_str(), title: &rule.title, unknown, reasons }
        })
        .collect()
}

impl<'a> WaiverView<'a> {
    fn of(used: &'a WaiverUse) -> Self {
        let waiver = &used.waiver;
        let lapsed = used.void_for.iter().chain(&used.unchecked);
        Self {
            id: waiver.id.as_str(),
            state: used.state.name(),
            rule: waiver.rule.as_str(),
            resource: &waiver.resource,
            reason: &waiver.reason,
            approver: &waiver.approver,
            ticket: waiver.ticket.as_deref().unwrap_or_default(),
            until: waiver.until.to_string(),
            covers: used.covers,
            trouble: lapsed.map(|lapse| format!("{}: {}", lapse.resource.native(), lapse.why.join("; "))).collect(),
        }
    }
}
