//! `keyroll report`: a scan's reports, written whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit};
use crate::app::{AppError, AsOf, WaiverView, assess_stored, read_reviews, rule_text, scan_as_of, without_waivers};
use crate::config::Config;
use crate::inventory::detector::Knowledge;
use crate::inventory::{Inventory, Revocations};
use crate::model::{Assessment, RuleId, SnapshotId, Transition};
use crate::reports::{
    FORMATS, Findings, Format, Histories, HtmlReport, Look, RenderError, RuleText, calendar_ics, html_report,
    morning_view, write_column_list, write_csv_set, write_data_package,
};
use crate::rules::RuleSet;
use crate::store::Store;

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ReportName {
    /// The morning view, as text.
    Table,
    /// A folder of CSV files with a dictionary of their columns.
    Csv,
    /// One versioned JSON file.
    Json,
    /// The records of the JSON file, one on a line.
    Ndjson,
    /// One page for a browser, which loads nothing.
    Html,
    /// For tickets and wikis.
    Markdown,
    /// SARIF 2.1.0, for pipelines and code hosts.
    Sarif,
    /// JUnit, for pipelines that show tests.
    Junit,
    /// OCSF 1.5 events, one on a line.
    Ocsf,
    /// OSCAL assessment results.
    Oscal,
    /// What ends when, for calendar programs; of the latest scan only.
    Ics,
}

impl ReportName {
    /// The format, of reports that are one file for machines or documents.
    fn format(self) -> Option<&'static Format> {
        let name = match self {
            Self::Table | Self::Csv | Self::Html | Self::Ics => return None,
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Markdown => "markdown",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Ocsf => "ocsf",
            Self::Oscal => "oscal",
        };
        let format = FORMATS.iter().find(|format| format.name == name);
        Some(format.expect("internal: every report of one file is one of the formats"))
    }

    /// True if it is written without having all findings at hand.
    fn streams(self) -> bool {
        self == Self::Csv || self.format().is_some_and(|format| format.stream.is_some())
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// Which, separated by commas.
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "csv,json")]
    format: Vec<ReportName>,
    /// The folder to write to; the configuration's `reports` folder if left out. `-` writes one report to standard output.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Of an earlier scan: its number (`s12`), its day (`2026-11-20`) or a moment.
    #[arg(long, value_name = "WHEN")]
    as_of: Option<AsOf>,
    /// Show what is waived as open; the files say so, in their names, too.
    #[arg(long)]
    no_waivers: bool,
}

pub(super) fn run(context: &Context, args: &ReportArgs) -> Result<ExitCode, Complaint> {
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let past = Past { config: &config, store: &store };
    if args.format.iter().all(|name| name.streams()) {
        one_by_one(context, past, args)?;
    } else {
        let assessment = context.assess_in(&config, &store, args.as_of)?;
        let mut assessment = if args.no_waivers { without_waivers(assessment)? } else { assessment };
        read_what_they_need(past, &mut assessment, &args.format)?;
        write_out(context, past, (&assessment, &assessment), args)?;
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

/// Writes reports that tell findings one after the other, which stay in the store until then.
fn one_by_one(context: &Context, past: Past<'_>, args: &ReportArgs) -> Result<(), Complaint> {
    let scan = match args.as_of {
        Some(as_of) => scan_as_of(past.store, as_of)?,
        None => {
            let latest = past.store.latest()?.ok_or(AppError::NoScan)?;
            context.warn_of_delay(past.config, past.store, &latest)?;
            latest
        }
    };
    let waivers = if args.no_waivers { WaiverView::SetAside } else { WaiverView::Applied };
    let mut stored = assess_stored(past.store, scan, waivers)?;
    if args.as_of.is_some() {
        context.say_as_of(&stored.assessment);
    }
    read_what_they_need(past, &mut stored.assessment, &args.format)?;
    write_out(context, past, (&stored.assessment, &stored.findings), args)
}

/// A scan, and its findings as reports that can tell them one by one have them.
type Scan<'a> = (&'a Assessment, &'a dyn Findings);

fn write_out(context: &Context, past: Past<'_>, scan: Scan<'_>, args: &ReportArgs) -> Result<(), Complaint> {
    match args.out.as_deref() {
        Some(out) if out == Path::new("-") => to_standard_output(context, scan, &args.format),
        out => {
            let folder = out.unwrap_or(&past.config.reports);
            write_files(past, scan, &args.format, folder)?;
            context.terminal.say(&format!("Reports are in {}", folder.display()));
            Ok(())
        }
    }
}

fn to_standard_output(context: &Context, scan: Scan<'_>, names: &[ReportName]) -> Result<(), Complaint> {
    let (assessment, findings) = scan;
    match names {
        [ReportName::Table] => {
            context.terminal.result(&morning_view(assessment, context.terminal.look));
            Ok(())
        }
        [name] if let Some(format) = name.format() => {
            match context.terminal.result_of(|out| format.write(assessment, findings, out)) {
                Ok(()) => Ok(()),
                Err(RenderError::Write(error)) => {
                    context.terminal.check(Err(error));
                    Ok(())
                }
                Err(error) => Err(cannot_write(Path::new("-"), &error)),
            }
        }
        _ => {
            let complaint = Complaint::failed("`--out -` takes one report that is one file");
            Err(complaint
                .help("`--format table`, json, ndjson, markdown, sarif, junit, ocsf or oscal; CSV is a folder, HTML and the calendar are files"))
        }
    }
}

/// What reports need beside the assessment: texts of rules, reviews, what happened before.
#[derive(Clone, Copy)]
pub(super) struct Past<'a> {
    pub(super) config: &'a Config,
    pub(super) store: &'a Store,
}

/// Writes reports and says where they are.
pub(super) fn write_all(
    context: &Context,
    past: Past<'_>,
    assessment: &mut Assessment,
    names: &[ReportName],
    folder: &Path,
) -> Result<(), Complaint> {
    write_quietly(past, assessment, names, folder)?;
    context.terminal.say(&format!("Reports are in {}", folder.display()));
    Ok(())
}

/// Writes reports.
pub(super) fn write_quietly(
    past: Past<'_>,
    assessment: &mut Assessment,
    names: &[ReportName],
    folder: &Path,
) -> Result<(), Complaint> {
    read_what_they_need(past, assessment, names)?;
    write_files(past, (assessment, assessment), names, folder)
}

/// Reads from the store what only some of the reports tell.
fn read_what_they_need(past: Past<'_>, assessment: &mut Assessment, names: &[ReportName]) -> Result<(), Complaint> {
    if names.contains(&ReportName::Csv) {
        read_reviews(past.store, assessment)?;
    }
    Ok(())
}

fn write_files(past: Past<'_>, scan: Scan<'_>, names: &[ReportName], folder: &Path) -> Result<(), Complaint> {
    let (assessment, findings) = scan;
    // A view without waivers must not be taken for the report of a night.
    let label = if assessment.set_aside.is_some() { "-without-waivers" } else { "" };
    for name in names {
        match name {
            ReportName::Table => {
                let text = morning_view(assessment, Look { width: 100, colour: false });
                write_file(&folder.join(format!("report{label}.txt")), |out| Ok(out.write_all(text.as_bytes())?))?;
            }
            ReportName::Csv => {
                let csv = folder.join(format!("csv{label}"));
                write_csv_set(assessment, findings, |table, write| {
                    write_file(&csv.join(format!("{}.csv", table.name)), write)
                })?;
                write_file(&csv.join("columns.csv"), write_column_list)?;
                write_file(&csv.join("datapackage.json"), write_data_package)?;
            }
            ReportName::Html => {
                let path = folder.join(format!("report{label}.html"));
                let around = Around::of(past, assessment)?;
                around.with_html(assessment, |report| write_file(&path, |out| html_report(report, out)))?;
            }
            ReportName::Ics => {
                let text = past.calendar(assessment)?;
                let path = folder.join(format!("report{label}.ics"));
                write_file(&path, |out| Ok(out.write_all(text.as_bytes())?))?;
            }
            name => {
                let Some(format) = name.format() else { continue };
                let path = folder.join(format!("report{label}.{}", format.extension));
                write_file(&path, |out| format.write(assessment, findings, out))?;
            }
        }
    }
    Ok(())
}

impl Past<'_> {
    /// What ends when, of the latest scan: what ended after an earlier one is not kept.
    fn calendar(self, assessment: &Assessment) -> Result<String, Complaint> {
        let head = &assessment.head;
        if self.store.latest()?.is_some_and(|latest| latest.id != head.id) {
            let complaint = Complaint::failed("the calendar is of the latest scan only");
            return Err(complaint.help("leave out `--as-of`, or `ics` from the list of reports"));
        }
        Ok(calendar_ics(&self.store.expiries()?, &head.estate, head.ended_at))
    }
}

/// What the page for a browser is made from, beside the assessment.
pub(super) struct Around {
    pub(super) rules: RuleSet,
    pub(super) histories: Histories,
    pub(super) knowledge: Knowledge,
    pub(super) revocations: Revocations,
}

impl Around {
    pub(super) fn of(past: Past<'_>, assessment: &Assessment) -> Result<Self, Complaint> {
        let head = &assessment.head;
        Ok(Self {
            rules: past.config.rules()?,
            histories: Self::histories(past.store.transitions_between(SnapshotId(0), head.id)?),
            knowledge: past.config.knowledge()?,
            revocations: Revocations::of(past.store.decided_access(head.started_at)?),
        })
    }

    /// Steps by finding.
    pub(super) fn histories(steps: Vec<Transition>) -> Histories {
        let mut histories = Histories::new();
        for step in steps {
            histories.entry(step.finding.clone()).or_default().push(step);
        }
        histories
    }

    pub(super) fn with_html(
        &self,
        assessment: &Assessment,
        write: impl FnOnce(&HtmlReport<'_>) -> Result<(), Complaint>,
    ) -> Result<(), Complaint> {
        let texts: BTreeMap<RuleId, RuleText<'_>> = assessment
            .findings
            .iter()
            .filter_map(|finding| self.rules.rule(finding.rule.as_str()))
            .map(|rule| (rule.id().clone(), rule_text(rule)))
            .collect();
        let inventory = Inventory::knowing(&assessment.snapshot, &self.knowledge).after_reviews(&self.revocations);
        write(&HtmlReport { assessment, inventory: &inventory, rules: &texts, histories: &self.histories })
    }
}

/// Writes to a file beside the final one and renames it, so that nobody ever reads half a report.
fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), RenderError>) -> Result<(), Complaint> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let draft = path.with_extension("partial");
    let written = fs::create_dir_all(folder).map_err(RenderError::from).and_then(|()| {
        let mut out = BufWriter::new(fs::File::create(&draft)?);
        write(&mut out)?;
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        Ok(fs::rename(&draft, path)?)
    });
    written.map_err(|error| {
        // The draft may not even exist; the error that is told is the one that matters.
        drop(fs::remove_file(&draft));
        cannot_write(path, &error)
    })
}

pub(super) fn cannot_write(path: &Path, error: &RenderError) -> Complaint {
    // The cause says why; that something could not be written is said already.
    let why = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let complaint = Complaint::failed(format!("cannot write `{}`: {why}", path.display()));
    complaint.help("nothing half is left under that name; make room, or choose another place")
}
