//! `keyroll rules test --mutate`: which small mistakes in the rules no case would notice.

use std::process::ExitCode;

use crate::cli::complain::Complaint;
use crate::cli::{Context, exit};
use crate::rules::{Mutant, MutationResult, RuleSet, score};
use crate::text::plural;

/// The score below which the check fails.
const LEAST_SCORE: usize = 95;

/// Runs the check, for one rule or for all of them.
pub(super) fn run(context: &Context, rules: &RuleSet, id: Option<&str>) -> Result<ExitCode, Complaint> {
    let results = rules.run_mutations();
    let results: Vec<_> = results.iter().filter(|result| id.is_none_or(|id| result.rule.as_str() == id)).collect();
    let mut text = String::new();
    for result in &results {
        text.push_str(&of_rule(result, id.is_some()));
    }
    let count = |of: fn(&MutationResult) -> usize| results.iter().map(|result| of(result)).sum::<usize>();
    let (killed, survived) = (count(|result| result.killed), count(|result| result.survivors.len()));
    let score = score(killed, survived);
    text.push_str(&format!(
        "{}: {} of {} noticed, {score} %",
        plural(results.len(), "rule", "rules"),
        killed,
        plural(killed + survived, "mistake", "mistakes")
    ));
    let equivalent = count(|result| result.equivalent.len());
    if equivalent > 0 {
        text.push_str(&format!("; {equivalent} more are said to change nothing"));
    }
    context.terminal.result(&text);
    if score < LEAST_SCORE {
        context.terminal.say(&format!("Fewer than {LEAST_SCORE} % are noticed: add cases that tell the difference."));
    }
    Ok(ExitCode::from(if score < LEAST_SCORE { exit::FAILED } else { exit::COMPLETE }))
}

fn of_rule(result: &MutationResult, alone: bool) -> String {
    let mut text = String::new();
    if result.survivors.is_empty() && !alone {
        return text;
    }
    let tried = result.killed + result.survivors.len();
    text.push_str(&format!("{}: {} of {tried} noticed, {} %\n", result.rule, result.killed, result.score()));
    result.survivors.iter().for_each(|mutant| text.push_str(&survivor(mutant)));
    if alone {
        for (words, reason) in &result.equivalent {
            text.push_str(&format!("  said to change nothing: {words}\n    {}\n", reason.trim()));
        }
    }
    text.push('\n');
    text
}

/// What no case notices, with the condition in one line and a caret under what differs.
fn survivor(mutant: &Mutant) -> String {
    let problem = &mutant.problem;
    let file = problem.file.as_ref().map_or("", |file| file.name.as_ref());
    let line = problem.line_and_column().map_or(0, |(line, _)| line);
    let put = if mutant.put.is_empty() { "left out" } else { &mutant.put };
    format!(
        "  {file}:{line}: {}\n    {}\n    {}{} {put}\n",
        problem.what,
        mutant.excerpt,
        " ".repeat(mutant.marked.start),
        "^".repeat(mutant.marked.len())
    )
}
