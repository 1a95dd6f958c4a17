//! Packs: choices of rules for a purpose, such as the first week. A pack leaves shipped rules out, and sets parameters and
//! severities of others; rules of the user's own folders are no matter of packs, and what the configuration says of a
//! single rule counts for more.

use std::collections::BTreeSet;

use super::builtin;
use super::file::stem;
use super::overrides::{Override, Overrides};
use crate::document::{self, Located, Section};
use crate::problem::{Problem, Problems, SourceText};
use crate::text::did_you_mean;

/// A choice of rules.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its short name, as the configuration writes it: `essential`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Whom it is for, and what it leaves out or sets otherwise.
    pub about: String,
    chosen: Chosen,
    pub(super) overrides: Overrides,
}

#[derive(Debug, Clone)]
enum Chosen {
    Only(Vec<Located<String>>),
    AllBut(Vec<Located<String>>),
}

impl Pack {
    /// Reads a pack. Whether its rules and their parameters exist, [`super::RuleSet::load`] tells.
    ///
    /// # Errors
    /// Everything that is wrong with its shape.
    pub fn read(file: &SourceText) -> Result<Self, Problems> {
        let mut section = document::parse(file)?;
        let id = section.need::<Located<String>>("id");
        if let Some(id) = &id
            && stem(file) != id.value
        {
            let help = format!("rename the file to `{}.yaml`, or the pack to `{}`", id.value, stem(file));
            section.wrong(id.span.clone(), format!("pack `{}` is in a file of another name", id.value), Some(help));
        }
        let (title, about) = (section.need("title"), section.need("about"));
        let chosen = chosen(&mut section);
        let overrides = section.section("override").map(Overrides::read);
        let overrides = overrides.and_then(|read| section.take(read)).unwrap_or_else(|| Overrides::nothing_in(file));
        for switched in overrides.rules.iter().filter(|one| one.enabled.is_some()) {
            let help = "name it under `rules:` or `leave_out:` instead";
            let what = format!("a pack does not switch `{}` on or off here", switched.rule.value);
            section.wrong(switched.rule.span.clone(), what, Some(help.to_owned()));
        }
        let pack = || Some(Self { id: id?.value, title: title?, about: about?, chosen, overrides });
        let pack = pack();
        section.finish(pack)
    }

    /// True if the pack leaves a rule out: a shipped one that it does not choose.
    #[must_use]
    pub fn leaves_out(&self, rule: &str) -> bool {
        let names = |list: &[Located<String>]| list.iter().any(|one| one.value == rule);
        match &self.chosen {
            Chosen::Only(rules) => !names(rules) && builtin::ships(rule),
            Chosen::AllBut(rules) => names(rules),
        }
    }

    pub(super) fn of(&self, rule: &str) -> Option<&Override> {
        self.overrides.of(rule)
    }

    /// Complains of rules that do not exist, and of settings for rules that the pack leaves out.
    pub(super) fn unknown_rules(&self, known: &[&str]) -> Problems {
        let (Chosen::Only(rules) | Chosen::AllBut(rules)) = &self.chosen;
        let file = &self.overrides.file;
        let mut problems = self.overrides.unknown_rules(known);
        for rule in rules.iter().filter(|rule| !known.contains(&rule.value.as_str())) {
            let problem = Problem::at(file, rule.span.clone(), format!("there is no rule `{}`", rule.value));
            problems.push(match did_you_mean(&rule.value, known.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("`keyroll rules list` shows those there are"),
            });
        }
        let idle = self.overrides.rules.iter().filter(|one| self.leaves_out(&one.rule.value));
        problems.0.extend(idle.map(|one| {
            let what = format!("the pack sets something for `{}` and leaves it out", one.rule.value);
            Problem::at(file, one.rule.span.clone(), what).help("choose the rule, or take the setting away")
        }));
        problems
    }
}

/// Reads packs.
///
/// # Errors
/// Everything that is wrong with any of them; two of the same id included.
pub fn read_packs(files: &[SourceText]) -> Result<Vec<Pack>, Problems> {
    let mut problems = Problems::default();
    let mut packs: Vec<Pack> = Vec::new();
    for file in files {
        let Some(pack) = problems.take(Pack::read(file)) else { continue };
        if packs.iter().any(|known| known.id == pack.id) {
            problems.push(Problem::at(file, 0..0, format!("there are two packs `{}`", pack.id)));
            continue;
        }
        packs.push(pack);
    }
    problems.or(packs)
}

fn chosen(section: &mut Section) -> Chosen {
    let both = section.has("rules") && section.has("leave_out");
    if both {
        let help = "write `rules:` with all that judge, or `leave_out:` with those that do not";
        section.wrong(section.span_of("leave_out"), "a pack has either `rules` or `leave_out`", Some(help.to_owned()));
    }
    let only = section.get::<Vec<Located<String>>>("rules");
    let without = section.get::<Vec<Located<String>>>("leave_out").unwrap_or_default();
    let mut seen = BTreeSet::new();
    for rule in only.iter().flatten().chain(&without) {
        if !seen.insert(rule.value.clone()) && !both {
            section.wrong(rule.span.clone(), format!("rule `{}` comes twice", rule.value), None);
        }
    }
    only.map_or(Chosen::AllBut(without), Chosen::Only)
}

#[cfg(test)]
mod tests;
