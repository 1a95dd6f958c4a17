//! An examination of keyroll itself: a checklist for people, in which every line that is not well ends with the step that mends
//! it, and the same for programs.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::json::document;
use super::layout::{Block, Ink, Look, Page, dotted, words};
use crate::model::{Area, Check, Checkup, Health};
use crate::text::{join_and, plural};

/// Rules that a line names before it only counts them.
const NAMED: usize = 3;

/// The checklist, by area.
#[must_use]
pub fn checkup_page(checkup: &Checkup, look: Look) -> String {
    let mut page = Page::new(look);
    let estate = checkup.estate.as_deref().unwrap_or("configuration not readable");
    let at = checkup.at.format("%Y-%m-%d %H:%M UTC").to_string();
    page.paragraph(
        0,
        &dotted([words(Ink::Strong, "keyroll doctor"), words(Ink::Strong, estate), words(Ink::Dim, &at)]),
    );
    for area in Area::ALL {
        let checks: Vec<&Check> = checkup.checks.iter().filter(|check| check.area == area).collect();
        if !checks.is_empty() {
            page.heading(&area.name().to_uppercase(), "");
            page.blocks(checks.into_iter().map(block));
        }
    }
    page.blank();
    page.paragraph(0, &dotted(counts(checkup)));
    page.into_text()
}

fn block(check: &Check) -> Block {
    let mut details = Vec::new();
    // The line about the rules has said how many they are.
    if !check.rules.is_empty() && check.area != Area::Rules {
        let named: Vec<String> = check.rules.iter().take(NAMED).map(ToString::to_string).collect();
        let rest = check.rules.len().saturating_sub(NAMED);
        let named = if rest > 0 {
            format!("{} and {}", named.join(", "), plural(rest, "other", "others"))
        } else {
            join_and(&named)
        };
        let leaves = format!("leaves {} incomplete: {named}", plural(check.rules.len(), "rule", "rules"));
        details.push(vec![words(Ink::Dim, &leaves)]);
    }
    if let Some(remedy) = &check.remedy {
        details.push(vec![words(Ink::Action, &format!("→ {remedy}"))]);
    }
    Block {
        label: Some(words(ink(check.health), check.health.name())),
        head: vec![words(Ink::Strong, &format!("{}:", check.about)), words(Ink::Plain, &check.found)],
        id: None,
        details,
    }
}

fn counts(checkup: &Checkup) -> Vec<super::layout::Words> {
    let counted = Health::ALL.into_iter().rev().map(|health| (health, checkup.count(health)));
    let counted = counted.filter(|(_, count)| *count > 0);
    counted.map(|(health, count)| words(ink(health), &format!("{count} {}", health.name()))).collect()
}

fn ink(health: Health) -> Ink {
    match health {
        Health::Well => Ink::Good,
        Health::Known | Health::Unchecked => Ink::Dim,
        Health::Weak | Health::Unseen => Ink::Warn,
        Health::Broken => Ink::Bad,
    }
}

/// The same for programs: one document with a version, in which fields are only added.
#[must_use]
pub fn checkup_json(checkup: &Checkup) -> String {
    document(&V1Checkup {
        version: 1,
        estate: checkup.estate.as_deref(),
        at: checkup.at,
        counts: Health::ALL.map(|health| V1Count { state: word(health), checks: checkup.count(health) }),
        checks: checkup.checks.iter().map(V1Check::of).collect(),
    })
}

#[derive(Serialize)]
struct V1Checkup<'a> {
    version: u32,
    /// `null` if the configuration could not be read.
    estate: Option<&'a str>,
    at: DateTime<Utc>,
    counts: [V1Count; 6],
    checks: Vec<V1Check<'a>>,
}

#[derive(Serialize)]
struct V1Count {
    state: &'static str,
    checks: usize,
}

#[derive(Serialize)]
struct V1Check<'a> {
    area: &'static str,
    about: &'a str,
    state: &'static str,
    found: &'a str,
    /// `null` where nothing is to be done.
    remedy: Option<&'a str>,
    endpoints: &'a [String],
    rules: Vec<&'a str>,
}

impl<'a> V1Check<'a> {
    fn of(check: &'a Check) -> Self {
        Self {
            area: check.area.name(),
            about: &check.about,
            state: word(check.health),
            found: &check.found,
            remedy: check.remedy.as_deref(),
            endpoints: &check.endpoints,
            rules: check.rules.iter().map(|rule| rule.as_str()).collect(),
        }
    }
}

/// How something stands, as programs read it.
fn word(health: Health) -> &'static str {
    match health {
        Health::Unchecked => "not-checked",
        other => other.name(),
    }
}
