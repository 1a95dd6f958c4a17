//! `keyroll rules`: list them, show one with everything it says, run the cases inside their files.

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::complain::Complaint;
use super::{Context, exit};
use crate::config::Config;
use crate::reports::rules_table;
use crate::rules::RuleSet;
use crate::text::{did_you_mean, plural};

#[derive(Debug, clap::Subcommand)]
pub(super) enum RulesCommand {
    /// All rules, with the controls they serve.
    List,
    /// One rule: what it asks, why, how to mend it, which facts it needs.
    Show {
        /// The rule's id.
        id: String,
    },
    /// Run the cases inside the rule files.
    Test {
        /// Only this rule.
        id: Option<String>,
    },
}

pub(super) fn run(context: &Context, command: &RulesCommand) -> Result<ExitCode, Complaint> {
    let rules = load(context)?;
    match command {
        RulesCommand::List => context.terminal.result(&rules_table(&rules.summaries().iter().collect::<Vec<_>>(), &BTreeMap::new(), context.terminal.look)),
        RulesCommand::Show { id } => {
            let rule = find(&rules, id)?;
            context.terminal.result(&rule.describe());
        }
        RulesCommand::Test { id } => return test(context, &rules, id.as_deref()),
    }
    Ok(ExitCode::from(exit::COMPLETE))
}

/// The rules of the configuration, or the shipped ones where there is none.
pub(super) fn load(context: &Context) -> Result<RuleSet, Complaint> {
    let config = if context.config.exists() { context.load()? } else { Config::shipped() };
    Ok(config.rules()?)
}

fn find<'a>(rules: &'a RuleSet, id: &str) -> Result<&'a crate::rules::Rule, Complaint> {
    rules.rule(id).ok_or_else(|| {
        let complaint = Complaint::failed(format!("there is no rule `{id}`"));
        match did_you_mean(id, rules.rules().iter().map(|rule| rule.id().as_str())) {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None => complaint.help("`keyroll rules list` lists them"),
        }
    })
}

fn test(context: &Context, rules: &RuleSet, id: Option<&str>) -> Result<ExitCode, Complaint> {
    if let Some(id) = id {
        find(rules, id)?;
    }
    let results: Vec<_> =
        rules.run_cases().into_iter().filter(|result| id.is_none_or(|id| result.rule.as_str() == id)).collect();
    let mut wrong = 0;
    let mut text = String::new();
    for result in results.iter().filter(|result| result.problem.is_some()) {
        wrong += 1;
        let problem = result.problem.as_deref().unwrap_or_default();
        text.push_str(&format!("{}: case “{}”: {problem}\n", result.rule, result.name));
    }
    let tested = if id.is_some() { 1 } else { rules.rules().len() };
    text.push_str(&format!(
        "{} of {} passed",
        plural(results.len() - wrong, "case", "cases"),
        plural(tested, "rule", "rules")
    ));
    if wrong > 0 {
        text.push_str(&format!(", {wrong} failed"));
    }
    context.terminal.result(&text);
    Ok(ExitCode::from(if wrong == 0 { exit::COMPLETE } else { exit::FAILED }))
}
