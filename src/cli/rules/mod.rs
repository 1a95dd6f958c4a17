//! `keyroll rules`: list them, show one with everything it says, run the cases inside their files, try one on stored scans,
//! and find those that are weak.

mod controls;
mod lint;
mod mutate;

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit, try_rule};
use crate::app::rule_page;
use crate::config::Config;
use crate::inventory::detector::Knowledge;
use crate::reports::{rule_detail, rules_table};
use crate::rules::{Rule, RuleSet, builtin, read_packs};
use crate::text::{did_you_mean, plural};

#[derive(Debug, clap::Subcommand)]
pub(super) enum RulesCommand {
    /// All rules, with the controls they serve.
    List {
        /// Only those that judge with this pack: essential or strict.
        #[arg(long, value_name = "NAME")]
        pack: Option<String>,
    },
    /// One rule: what it asks, why, how to mend it, which facts it needs.
    Show {
        /// The rule's id.
        id: String,
    },
    /// Try a rule, or other parameters, on the scans that are stored: what it would have found night by night, and told.
    Try(try_rule::TryArgs),
    /// Run the cases inside the rule files.
    Test {
        /// Only this rule.
        id: Option<String>,
        /// Put small mistakes into the conditions, one at a time, and tell which of them no case notices.
        #[arg(long)]
        mutate: bool,
    },
    /// Find weak rules: what they miss, whom they leave without help, which say the same.
    Lint(lint::LintArgs),
    /// Where the estate stands towards the controls of frameworks, by the latest scan.
    Controls(controls::ControlsArgs),
}

pub(super) fn run(context: &Context, command: &RulesCommand) -> Result<ExitCode, Complaint> {
    let rules = load(context)?;
    match command {
        RulesCommand::Try(args) => return try_rule::run(context, args),
        RulesCommand::List { pack } => list(context, &rules, pack.as_deref())?,
        RulesCommand::Show { id } => {
            let rule = find(&rules, id)?;
            context.terminal.result(&rule_detail(&rule_page(rule), context.terminal.look));
        }
        RulesCommand::Test { id, mutate } => return test(context, &rules, id.as_deref(), *mutate),
        RulesCommand::Controls(args) => return controls::run(context, args),
        RulesCommand::Lint(args) => return lint::run(context, &rules, args),
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

fn list(context: &Context, rules: &RuleSet, pack: Option<&str>) -> Result<(), Complaint> {
    let mut summaries = rules.summaries();
    if let Some(name) = pack {
        let packs = read_packs(&builtin::packs())?;
        let pack = packs.iter().find(|pack| pack.id == name).ok_or_else(|| {
            let names: Vec<&str> = packs.iter().map(|pack| pack.id.as_str()).collect();
            Complaint::failed(format!("there is no pack `{name}`")).help(format!("there are {}", names.join(" and ")))
        })?;
        context.terminal.say(&format!("{}: {}", pack.title, pack.about.trim()));
        let chosen = rules.rules().iter().filter(|rule| !pack.leaves_out(rule.id().as_str()));
        summaries = chosen.map(Rule::summary).collect();
    }
    let summaries: Vec<_> = summaries.iter().collect();
    context.terminal.result(&rules_table(&summaries, &BTreeMap::new(), context.terminal.look));
    Ok(())
}

/// The rules of the configuration, or the shipped ones where there is none.
pub(super) fn load(context: &Context) -> Result<RuleSet, Complaint> {
    let config = if context.config.exists() { context.load()? } else { Config::shipped() };
    Ok(config.rules()?)
}

/// What is known about systems, as the configuration says.
pub(super) fn knowledge(context: &Context) -> Result<Knowledge, Complaint> {
    let config = if context.config.exists() { context.load()? } else { Config::shipped() };
    Ok(config.knowledge()?)
}

fn find<'a>(rules: &'a RuleSet, id: &str) -> Result<&'a Rule, Complaint> {
    rules.rule(id).ok_or_else(|| {
        let complaint = Complaint::failed(format!("there is no rule `{id}`"));
        match did_you_mean(id, rules.rules().iter().map(|rule| rule.id().as_str())) {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None => complaint.help("`keyroll rules list` lists them"),
        }
    })
}

fn test(context: &Context, rules: &RuleSet, id: Option<&str>, mutate: bool) -> Result<ExitCode, Complaint> {
    if let Some(id) = id {
        find(rules, id)?;
    }
    let results = rules.run_cases();
    let results: Vec<_> = results.iter().filter(|result| id.is_none_or(|id| result.rule.as_str() == id)).collect();
    let mut text = String::new();
    let wrong: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
    for result in &wrong {
        text.push_str(&format!(
            "{}:{}: case “{}” expects {}, and it is {}\n",
            result.file.name,
            result.line,
            result.name,
            result.expected.name(),
            result.said()
        ));
    }
    let tested = if id.is_some() { 1 } else { rules.rules().len() };
    let passed = plural(results.len() - wrong.len(), "case", "cases");
    text.push_str(&format!("{}: {passed} passed, {} failed", plural(tested, "rule", "rules"), wrong.len()));
    context.terminal.result(&text);
    if mutate && wrong.is_empty() {
        return mutate::run(context, rules, id);
    }
    Ok(ExitCode::from(if wrong.is_empty() { exit::COMPLETE } else { exit::FAILED }))
}
