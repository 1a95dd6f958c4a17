//! Questions to the store: findings, coverage, waivers. No network, no secrets.

use std::cmp::Reverse;
use std::process::ExitCode;

use chrono::{NaiveDate, TimeDelta};

use super::complain::{Complaint, chain};
use super::lists::{self, Answers, Form, Grounds, ListFormat, Only, one_csv};
use super::{Context, exit, fleet, rules};
use crate::app::{AsOf, assess, assess_after, newer_expected, rule_text, scan_as_of};
use crate::config::{Config, Fleet, Tenant};
use crate::inventory::Inventory;
use crate::model::{Acknowledgement, Assessment, Finding, Severity, SnapshotHead, Status, WaiverUse};
use crate::reports::{
    Evidence, FleetFindings, History, List, ListHead, Listable, RuleText, coverage_table, finding_detail,
    findings_table, fleet_findings_table, overdue_words, waivers_table,
};
use crate::rules::Question;
use crate::store::Store;
use crate::text::{did_you_mean, plural};

#[derive(Debug, clap::Args)]
pub(super) struct FindingsArgs {
    #[command(subcommand)]
    command: Option<FindingsCommand>,
    /// Only those at least this bad: info, low, medium, high, critical.
    #[arg(long, value_name = "SEVERITY")]
    severity: Option<Severity>,
    /// Only those of this rule.
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Only those that came up with this cause, as messages name it; also the beginning of it.
    #[arg(long, value_name = "ID")]
    cause: Option<String>,
    /// Waived and resolved ones too.
    #[arg(long)]
    all: bool,
    /// As they stood then: after a scan (`s12`), on a day (`2026-11-20`) or at a moment.
    #[arg(long, value_name = "WHEN")]
    as_of: Option<AsOf>,
    /// Show what is waived as open.
    #[arg(long)]
    no_waivers: bool,
    /// Those of all tenants in a folder of configurations (`--config FOLDER`). The exit code is 20 if a tenant cannot be asked.
    #[arg(long, conflicts_with = "cause")]
    all_tenants: bool,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, clap::Subcommand)]
enum FindingsCommand {
    /// One finding, with everything there is to know.
    Show {
        /// Its id, or the beginning of it.
        id: String,
    },
    /// Say that somebody deals with a finding: until that day nobody is reminded of it, nor called for it.
    Ack {
        /// Its id, or the beginning of it.
        id: String,
        /// Who deals with it.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// The last day on which nobody is reminded (2026-12-31).
        #[arg(long, value_name = "DAY")]
        until: NaiveDate,
        /// What is being done.
        #[arg(long)]
        note: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// As it was then: of a scan (`s12`), on a day (`2026-11-20`) or at a moment.
    #[arg(long, value_name = "WHEN")]
    as_of: Option<AsOf>,
    #[command(flatten)]
    form: Form,
}

impl Context {
    /// All that is to be said about the latest scan, or about the one that is asked for.
    pub(super) fn assess(&self, as_of: Option<AsOf>) -> Result<Assessment, Complaint> {
        let config = self.load()?;
        self.assess_in(&config, &Store::open(&config.store)?, as_of)
    }

    /// The same of a store that is open. Which scan it is, is said where somebody asked for another than the latest, and where there
    /// should be a later one.
    pub(super) fn assess_in(
        &self,
        config: &Config,
        store: &Store,
        as_of: Option<AsOf>,
    ) -> Result<Assessment, Complaint> {
        let Some(as_of) = as_of else {
            let assessment = assess(store)?;
            self.warn_of_delay(config, store, &assessment.head)?;
            return Ok(assessment);
        };
        let assessment = assess_after(store, scan_as_of(store, as_of)?)?;
        self.say_as_of(&assessment);
        Ok(assessment)
    }

    /// Says that the latest scan is not as new as it should be, if so.
    pub(super) fn warn_of_delay(&self, config: &Config, store: &Store, latest: &SnapshotHead) -> Result<(), Complaint> {
        let why = self.newer_expected(config, store, latest)?;
        if !why.is_empty() {
            let head = format!("scan {} of {}", latest.id, latest.ended_at.format("%Y-%m-%d %H:%M UTC"));
            self.terminal.note(&format!("This is of {head}. There should be a newer one: {}.", why.join("; ")));
        }
        Ok(())
    }

    /// Why there should be a newer scan than the latest, as clauses; none if there need not be.
    pub(super) fn newer_expected(
        &self,
        config: &Config,
        store: &Store,
        latest: &SnapshotHead,
    ) -> Result<Vec<String>, Complaint> {
        let overdue = newer_expected(store, &config.estate, latest, config.schedules(), self.clock.now())?;
        Ok(overdue.iter().map(overdue_words).collect())
    }

    /// Says which scan it is.
    pub(super) fn say_as_of(&self, assessment: &Assessment) {
        let head = &assessment.head;
        self.terminal.say(&format!("As of scan {} of {}.", head.id, head.ended_at.format("%Y-%m-%d %H:%M UTC")));
    }
}

pub(super) fn findings(context: &Context, args: &FindingsArgs) -> Result<ExitCode, Complaint> {
    if args.all_tenants && args.command.is_some() {
        let help = "name the configuration of its tenant: `--config FOLDER/acme.yaml`";
        return Err(Complaint::failed("`--all-tenants` lists findings; one finding is of one tenant").help(help));
    }
    match &args.command {
        Some(FindingsCommand::Show { id }) => return show(context, id),
        Some(FindingsCommand::Ack { id, by, until, note }) => {
            return acknowledge(context, id, by, *until, note.as_deref());
        }
        None if args.all_tenants => return findings_of_all(context, args),
        None => {}
    }
    let Some(mut list) = args.list(context)? else { return Ok(ExitCode::from(exit::COMPLETE)) };
    let question = args.only.question(Question::of_findings)?;
    let config = context.load()?;
    let store = Store::open(&config.store)?;
    let mut assessment = context.assess_in(&config, &store, args.as_of)?;
    if args.no_waivers {
        assessment = assessment.without_waivers();
    }
    if let Some(rule) = &args.rule {
        known_rule(&assessment, rule)?;
    }
    if let Some(cause) = &args.cause {
        let causes = store.causes()?;
        let wanted = cause.to_ascii_uppercase();
        let of_cause = |finding: &Finding| causes.get(&finding.id).is_some_and(|id| id.as_str().starts_with(&wanted));
        assessment.findings.retain(of_cause);
        if assessment.findings.is_empty() {
            return Err(Complaint::failed(format!("no finding came up with cause `{cause}`")));
        }
    }
    assessment.findings.retain(|finding| args.picks(finding));
    let mut answers = Answers::new(&args.only);
    if let Some(question) = &question {
        ask(question, (&config, &store), &mut assessment, "", &mut answers)?;
    }
    let form = &args.form;
    let pick = |id: &str| question.as_ref().map_or(Some(""), |_| answers.wants(id));
    let text = match form.format {
        ListFormat::Csv if form.is_usual() && !args.only.undecided => one_csv(&assessment, "findings")?,
        ListFormat::Table if form.is_whole() && !args.only.undecided => {
            let mut findings: Vec<&Finding> = assessment.findings.iter().collect();
            if form.is_sorted() {
                list.fill(None, &assessment, &pick).map_err(lists::unwritten)?;
                list.sort();
                list.arrange(&mut findings, |finding| vec![finding.id.as_str()]);
            }
            format!("{}{}", without_waivers(&assessment), findings_table(&findings, context.terminal.look))
        }
        _ => {
            list.fill(None, &assessment, &pick).map_err(lists::unwritten)?;
            let undecided = question.as_ref().map(|_| answers.undecided());
            let gaps = assessment.snapshot.ledger.iter().filter(|entry| entry.is_gap()).count();
            let head = ListHead { scan: Some(&assessment.head), gaps, ..args.only.head(undecided.as_ref()) };
            let heading = if form.format == ListFormat::Table { without_waivers(&assessment) } else { String::new() };
            format!("{heading}{}", form.written(context, &mut list, &head)?)
        }
    };
    context.terminal.result(&text);
    context.terminal.warn_of_gaps(&assessment);
    if let Some(question) = &question {
        answers.tell(context, question, CALLED);
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

/// What people call one finding, and several.
const CALLED: (&str, &str) = ("finding", "findings");

/// Asks a question of the findings of a scan, and keeps those that are wanted. What `answers` are told of a finding is called by
/// its id behind `before`, which tells those of several tenants apart.
fn ask(
    question: &Question,
    (config, store): (&Config, &Store),
    assessment: &mut Assessment,
    before: &str,
    answers: &mut Answers,
) -> Result<(), Complaint> {
    let grounds = Grounds::of(config, store, &assessment.head)?;
    let inventory = grounds.inventory(&assessment.snapshot);
    let asking = question.ask(&inventory, assessment.head.ended_at);
    assessment
        .findings
        .retain(|finding| answers.take(&format!("{before}{}", finding.id.as_str()), asking.finding(finding)));
    Ok(())
}

impl FindingsArgs {
    /// The list that is asked for, without rows yet; `None` if only its columns were asked for, which are told.
    fn list(&self, context: &Context) -> Result<Option<List>, Complaint> {
        let few: &[&str] = match self.all_tenants {
            true => &["severity", "tenant", "finding_id", "message", "undecided_because"],
            false => &["severity", "finding_id", "message", "undecided_because"],
        };
        let listable = Listable::of("findings", self.all_tenants, self.only.undecided);
        self.form.begin(context, listable, self.only.undecided.then_some(few))
    }

    fn picks(&self, finding: &Finding) -> bool {
        (self.all || finding.status == Status::Open)
            && self.severity.is_none_or(|least| finding.severity >= least)
            && self.rule.as_deref().is_none_or(|rule| finding.rule.as_str() == rule)
    }
}

/// The findings of all tenants: one of whom nothing can be said is named, and changes the exit code.
fn findings_of_all(context: &Context, args: &FindingsArgs) -> Result<ExitCode, Complaint> {
    let Some(mut list) = args.list(context)? else { return Ok(ExitCode::from(exit::COMPLETE)) };
    let question = args.only.question(Question::of_findings)?;
    let mut answers = Answers::new(&args.only);
    let form = &args.form;
    // What is not written as it always is, is gathered as a list.
    let as_list = form.format == ListFormat::Json || !form.is_usual() || args.only.undecided;
    let fleet = Fleet::load(&context.config)?;
    let mut scans: Vec<(&str, SnapshotHead)> = Vec::new();
    let (mut found, mut silent, mut gaps) = (Vec::new(), Vec::new(), 0);
    let mut late = Vec::new();
    let mut judged = args.rule.is_none();
    let mut rows = Vec::new();
    let mut table = FleetFindings::begin(&mut rows).map_err(lists::unwritten)?;
    let mut set_aside = 0;
    for tenant in &fleet.tenants {
        let (config, store, mut assessment) = match assess_tenant(context, tenant, args) {
            Ok((assessed, is_late)) => {
                late.extend(is_late.then_some(tenant.name.as_str()));
                assessed
            }
            Err(why) => {
                silent.push((tenant.name.as_str(), why));
                continue;
            }
        };
        judged |= args.rule.as_deref().is_some_and(|rule| known_rule(&assessment, rule).is_ok());
        gaps += assessment.snapshot.ledger.iter().filter(|entry| entry.is_gap()).count();
        set_aside += assessment.set_aside.as_ref().map_or(0, |set_aside| set_aside.len());
        assessment.findings.retain(|finding| args.picks(finding));
        let called = format!("{}/", tenant.name);
        if let Some(question) = &question {
            ask(question, (config, &store), &mut assessment, &called, &mut answers)?;
        }
        if as_list {
            let wants = |id: &str| question.as_ref().map_or(Some(""), |_| answers.wants(&format!("{called}{id}")));
            list.fill(Some(&tenant.name), &assessment, &wants).map_err(lists::unwritten)?;
        } else if form.format == ListFormat::Csv {
            table.put(&tenant.name, &assessment).map_err(lists::unwritten)?;
        }
        scans.push((tenant.name.as_str(), assessment.head));
        if form.format == ListFormat::Table {
            found.extend(assessment.findings.into_iter().map(|finding| (tenant.name.as_str(), finding)));
        }
    }
    table.end().map_err(lists::unwritten)?;
    if let Some(rule) = args.rule.as_deref().filter(|_| !judged) {
        let help = "`keyroll rules list` lists the shipped ones";
        return Err(Complaint::failed(format!("no rule `{rule}` judged the latest scan of any tenant")).help(help));
    }
    // Each tenant's are in order already; the worst of all come first.
    found.sort_by_key(|(_, finding)| Reverse(finding.severity));
    let heading =
        if args.no_waivers && form.format == ListFormat::Table { counted_as_open(set_aside) } else { String::new() };
    let text = match form.format {
        ListFormat::Table if form.is_whole() && !args.only.undecided => {
            if form.is_sorted() {
                list.sort();
                list.arrange(&mut found, |(tenant, finding)| vec![*tenant, finding.id.as_str()]);
            }
            fleet_findings_table(&found, context.terminal.look)
        }
        ListFormat::Csv if !as_list => String::from_utf8_lossy(&rows).into_owned(),
        _ => {
            let undecided = question.as_ref().map(|_| answers.undecided());
            let seen = scans.iter().map(|(tenant, head)| (*tenant, Ok(head)));
            let unknown = silent.iter().map(|(tenant, why)| (*tenant, Err(why.as_str())));
            let mut tenants: Vec<_> = seen.chain(unknown).collect();
            tenants.sort_by_key(|(tenant, _)| *tenant);
            let head = ListHead { tenants, gaps, ..args.only.head(undecided.as_ref()) };
            form.written(context, &mut list, &head)?
        }
    };
    context.terminal.result(&format!("{heading}{text}"));
    context.terminal.warn_of(gaps);
    if let Some(question) = &question {
        answers.tell(context, question, CALLED);
    }
    if !late.is_empty() {
        let tenants = late.join(", ");
        context.terminal.note(&format!("There should be newer scans of {tenants} (keyroll fleet status says why)."));
    }
    for (tenant, why) in &silent {
        context.terminal.note(&format!("Nothing is known of tenant `{tenant}`: {why}."));
    }
    Ok(ExitCode::from(if silent.is_empty() { exit::COMPLETE } else { exit::INCOMPLETE }))
}

/// What is to be said about the scan of a tenant, with where that is from, and whether there should be a later one; or why nothing
/// can be said.
fn assess_tenant<'t>(
    context: &Context,
    tenant: &'t Tenant,
    args: &FindingsArgs,
) -> Result<((&'t Config, Store, Assessment), bool), String> {
    let (config, store) = fleet::open(tenant)?;
    let store = store.ok_or_else(|| "it was never scanned".to_owned())?;
    let assessment = match args.as_of {
        Some(as_of) => scan_as_of(&store, as_of).and_then(|scan| assess_after(&store, scan)),
        None => assess(&store),
    };
    let assessment = assessment.map_err(|error| chain(&error))?;
    let expected = newer_expected(&store, &config.estate, &assessment.head, config.schedules(), context.clock.now());
    let is_late = args.as_of.is_none() && !expected.map_err(|error| chain(&error))?.is_empty();
    Ok(((config, store, if args.no_waivers { assessment.without_waivers() } else { assessment }), is_late))
}

/// The line that tells a list without waivers from the list of a night.
fn without_waivers(assessment: &Assessment) -> String {
    assessment.set_aside.as_ref().map_or_else(String::new, |set_aside| counted_as_open(set_aside.len()))
}

fn counted_as_open(waived: usize) -> String {
    let shown = plural(waived, "waived finding counts", "waived findings count");
    format!("WITHOUT WAIVERS: {shown} as open.\n\n")
}

/// A misspelt rule must not look like a rule without findings.
fn known_rule(assessment: &Assessment, wanted: &str) -> Result<(), Complaint> {
    let judged = assessment.rules.iter().map(|rule| rule.id.as_str());
    let known: Vec<&str> = judged.chain(assessment.findings.iter().map(|finding| finding.rule.as_str())).collect();
    if known.contains(&wanted) {
        return Ok(());
    }
    let complaint = Complaint::failed(format!("no rule `{wanted}` judged the latest scan"));
    Err(match did_you_mean(wanted, known) {
        Some(near) => complaint.help(format!("did you mean `{near}`?")),
        None => complaint.help("`keyroll rules list` lists them"),
    })
}

fn show(context: &Context, id: &str) -> Result<ExitCode, Complaint> {
    let store = context.store()?;
    let findings = store.findings()?;
    let finding = finding_called(&findings, id)?;
    let rules = rules::load(context)?;
    let rule = rules.rule(finding.rule.as_str());
    let text = rule.map_or_else(RuleText::default, rule_text);
    let snapshot = match store.latest()? {
        Some(head) => store.snapshot(head.id)?,
        None => None,
    };
    let inventory = snapshot.as_ref().map(Inventory::new);
    let evidence = inventory.as_ref().and_then(|inventory| Evidence::of(&finding.resource, inventory));
    let acknowledgements = store.acknowledgements()?;
    let acknowledged = acknowledgements.iter().find(|one| one.finding == finding.id);
    let history = History { steps: &store.history(&finding.id)?, acknowledged };
    let detail = finding_detail(finding, history, text, evidence, context.terminal.look);
    context.terminal.result(&detail);
    Ok(ExitCode::from(exit::COMPLETE))
}

/// The longest time for which somebody can ask to be left in peace: beyond it a finding wants a waiver.
const LONGEST_ACK_DAYS: i64 = 92;

fn acknowledge(
    context: &Context,
    id: &str,
    by: &str,
    until: NaiveDate,
    note: Option<&str>,
) -> Result<ExitCode, Complaint> {
    let mut store = context.store()?;
    let findings = store.findings()?;
    let finding = finding_called(&findings, id)?;
    let now = context.clock.now();
    if finding.status != Status::Open {
        let what =
            format!("finding {} is {}: there is nothing to acknowledge", finding.id.short(), finding.status.name());
        return Err(Complaint::failed(what));
    }
    let last = now.date_naive() + TimeDelta::days(LONGEST_ACK_DAYS);
    if by.trim().is_empty() || until < now.date_naive() || until > last {
        let complaint =
            Complaint::failed(format!("`--until {until}` is not between today and {last}, or nobody is named"));
        return Err(complaint.help("to accept a finding for longer, write a waiver"));
    }
    let (finding_id, by, note) = (finding.id.clone(), by.trim().to_owned(), note.map(str::to_owned));
    store.acknowledge(&Acknowledgement { finding: finding_id, by: by.clone(), at: now, until, note })?;
    context.terminal.result(&format!(
        "{by} deals with {}: {}. Nobody is reminded of it until {until}.",
        finding.id.short(),
        finding.message
    ));
    Ok(ExitCode::from(exit::COMPLETE))
}

/// The one finding whose id begins so.
pub(super) fn finding_called<'a>(findings: &'a [Finding], id: &str) -> Result<&'a Finding, Complaint> {
    let wanted = id.to_ascii_uppercase();
    let wanted = wanted.strip_prefix("F-").unwrap_or(&wanted);
    let matching: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.id.as_str().strip_prefix("F-").is_some_and(|own| own.starts_with(wanted)))
        .collect();
    match matching.as_slice() {
        [one] => Ok(one),
        [] => Err(Complaint::failed(format!("there is no finding `{id}`")).help("`keyroll findings --all` lists them")),
        several => {
            let ids: Vec<&str> = several.iter().take(5).map(|finding| finding.id.as_str()).collect();
            let what = format!("`{id}` is the beginning of {} findings", several.len());
            Err(Complaint::failed(what).help(format!("write more of it: {}", ids.join(", "))))
        }
    }
}

pub(super) fn coverage(context: &Context, args: &ListArgs) -> Result<ExitCode, Complaint> {
    listed(context, args, "coverage", |assessment, list| {
        if let Some(list) = list {
            list.arrange(&mut assessment.snapshot.ledger, |entry| vec![entry.source.as_str(), &*entry.endpoint]);
        }
        coverage_table(&assessment.snapshot.ledger, context.terminal.look)
    })
}

pub(super) fn waivers(context: &Context, args: &ListArgs) -> Result<ExitCode, Complaint> {
    listed(context, args, "waivers", |assessment, list| {
        let mut waivers: Vec<&WaiverUse> = assessment.waivers.iter().collect();
        if let Some(list) = list {
            list.arrange(&mut waivers, |used| vec![used.waiver.id.as_str()]);
        }
        waivers_table(&waivers, context.terminal.look)
    })
}

/// Shows a list of all that a table of the CSV set has. `table` makes the one for people, in the order of a list if one is given.
fn listed(
    context: &Context,
    args: &ListArgs,
    name: &str,
    table: impl FnOnce(&mut Assessment, Option<&List>) -> String,
) -> Result<ExitCode, Complaint> {
    let form = &args.form;
    let Some(mut list) = form.begin(context, Listable::of(name, false, false), None)? else {
        return Ok(ExitCode::from(exit::COMPLETE));
    };
    let mut assessment = context.assess(args.as_of)?;
    let text = match form.format {
        ListFormat::Table if form.is_usual() => table(&mut assessment, None),
        ListFormat::Csv if form.is_usual() => one_csv(&assessment, name)?,
        _ => {
            list.fill(None, &assessment, &|_| Some("")).map_err(lists::unwritten)?;
            list.sort();
            if form.format == ListFormat::Table && form.is_whole() {
                table(&mut assessment, Some(&list))
            } else {
                let gaps = assessment.snapshot.ledger.iter().filter(|entry| entry.is_gap()).count();
                form.written(
                    context,
                    &mut list,
                    &ListHead { scan: Some(&assessment.head), gaps, ..ListHead::default() },
                )?
            }
        }
    };
    context.terminal.result(&text);
    Ok(ExitCode::from(exit::COMPLETE))
}
