//! What would come of a change, for a terminal and for machines.

mod json;

use chrono::{DateTime, Utc};

use super::layout::{Block, Ink, Look, Page, Words, dotted, words};
use super::say::{ago, fact, severity_ink};
use crate::model::{
    Certainty, Fact, FreedSeats, Harm, Harmed, Loss, Severity, Simulation, TalkTo, Turn, TurnedFinding, Untold,
};
use crate::text::{plural, shorten};

pub use json::{SimulationHead, simulation_json};

/// So many entries of a list are shown; the JSON has them all.
const MOST: usize = 12;
/// So many permissions of one account are shown.
const MOST_PERMISSIONS: usize = 5;
/// So many reasons of one open question are shown.
const MOST_REASONS: usize = 6;

/// The page for a terminal.
#[must_use]
pub fn simulation_page(simulation: &Simulation, now: DateTime<Utc>, look: Look) -> String {
    let mut page = Page::new(look);
    page.paragraph(0, &[words(Ink::Strong, "WHAT IF")]);
    for supposed in &simulation.supposed {
        page.paragraph(2, &[words(Ink::Plain, &supposed.words)]);
        if let Some(idle) = &supposed.idle {
            page.paragraph(6, &[words(Ink::Warn, &format!("changes nothing: {idle}"))]);
        }
    }
    let worst = |one: &&Harmed| one.harm != Harm::LeftAlone && one.may_be_in_use(now);
    let idle = |one: &&Harmed| one.harm != Harm::LeftAlone && !one.may_be_in_use(now);
    let breaking: Vec<&Harmed> = simulation.harmed.iter().filter(worst).collect();
    let unused: Vec<&Harmed> = simulation.harmed.iter().filter(idle).collect();
    let alone: Vec<&Harmed> = simulation.harmed.iter().filter(|one| one.harm == Harm::LeftAlone).collect();
    if breaking.is_empty() {
        page.heading("WOULD BREAK", "");
        let said = match simulation.untold.is_empty() {
            true => "Nothing that was seen.",
            false => "Nothing that was seen; see below what was not.",
        };
        page.paragraph(2, &[words(Ink::Plain, said)]);
    }
    harmed(&mut page, "WOULD BREAK", &breaking, now);
    harmed(&mut page, "WOULD STOP, AND WAS NOT USED LATELY", &unused, now);
    harmed(&mut page, "WOULD GO ON WITH NOBODY TO ANSWER FOR IT", &alone, now);
    findings(&mut page, &simulation.findings);
    losses(&mut page, simulation);
    seats(&mut page, &simulation.seats, &simulation.seat_notes);
    untold(&mut page, &simulation.untold);
    first(&mut page, &simulation.talk_to);
    page.into_text()
}

fn count(number: usize) -> String {
    format!("({number})")
}

fn more(page: &mut Page, shown: usize, all: usize) {
    if all > shown {
        let left = format!("and {} more: `--format json` has them all", all - shown);
        page.paragraph(2, &[words(Ink::Dim, &left)]);
    }
}

fn harmed(page: &mut Page, title: &str, list: &[&Harmed], now: DateTime<Utc>) {
    if list.is_empty() {
        return;
    }
    page.heading(title, &count(list.len()));
    let blocks: Vec<Block> = list.iter().take(MOST).map(|one| block(one, now)).collect();
    let shown = blocks.len();
    page.blocks(blocks);
    more(page, shown, list.len());
}

fn block(one: &Harmed, now: DateTime<Utc>) -> Block {
    let alone = one.harm == Harm::LeftAlone;
    let (label, ink) = match (alone, one.certainty) {
        (true, _) => ("goes on", Ink::Plain),
        (false, Certainty::Certain) => ("certain", Ink::Alarm),
        (false, Certainty::Likely) => ("likely", Ink::Bad),
        (false, Certainty::Possible) => ("possible", Ink::Warn),
    };
    let verb = match one.harm {
        Harm::Stops => "stops",
        Harm::LosesRights => "loses rights",
        Harm::LeftAlone => "",
    };
    let mut head = vec![words(Ink::Strong, &format!("{} “{}”", one.sort, shorten(&one.name, 60)))];
    head.push(words(Ink::Plain, verb));
    head.retain(|part| !part.text.is_empty());
    let mut details: Vec<Vec<Words>> =
        one.why.iter().map(|step| vec![words(Ink::Dim, "·"), words(Ink::Plain, step)]).collect();
    if let (Some(who), false) = (&one.talk_to, alone) {
        details.push(vec![words(Ink::Action, &format!("→ talk to {who}"))]);
    }
    Block { label: Some(words(ink, label)), head, id: (!alone).then(|| used(one, now)).flatten(), details }
}

/// “used yesterday”; of what keeps no record of use, nothing.
fn used(one: &Harmed, now: DateTime<Utc>) -> Option<String> {
    match (one.last_used_at, one.sort) {
        (Fact::Known(last), _) => Some(format!("used {}", ago(now, last))),
        (Fact::Absent, _) => Some("never used".to_owned()),
        (Fact::Unknown, "credential" | "system" | "integration") => Some("use not told".to_owned()),
        (Fact::Unknown, _) => None,
    }
}

fn findings(page: &mut Page, all: &[TurnedFinding]) {
    let titles = [
        (Turn::Opens, "FINDINGS THAT WOULD OPEN"),
        (Turn::Worsens, "FINDINGS THAT WOULD BE WORSE"),
        (Turn::BecomesUnknown, "WHAT NOBODY COULD TELL ANY MORE"),
        (Turn::Improves, "FINDINGS THAT WOULD BE LESS BAD"),
        (Turn::Closes, "FINDINGS THAT WOULD CLOSE"),
    ];
    if all.is_empty() {
        page.heading("FINDINGS", "");
        page.paragraph(2, &[words(Ink::Plain, "None would open, close or change.")]);
    }
    for (turn, title) in titles {
        let list: Vec<&TurnedFinding> = all.iter().filter(|finding| finding.turn == turn).collect();
        if list.is_empty() {
            continue;
        }
        page.heading(title, &count(list.len()));
        let blocks: Vec<Block> = list.iter().take(MOST).map(|finding| turned(finding)).collect();
        let shown = blocks.len();
        page.blocks(blocks);
        more(page, shown, list.len());
    }
    let known = all.iter().filter(|finding| finding.turn == Turn::BecomesKnown).count();
    if known > 0 {
        let said = format!("{} that nobody can answer now could be answered.", plural(known, "question", "questions"));
        page.blank();
        page.paragraph(2, &[words(Ink::Dim, &said)]);
    }
}

fn turned(finding: &TurnedFinding) -> Block {
    let label = match (finding.turn, finding.before, finding.after) {
        (Turn::Worsens | Turn::Improves, Some(before), Some(after)) => {
            words(severity_ink(after), &format!("{} → {}", before.name(), after.name()))
        }
        (_, before, after) => match after.or(before) {
            Some(severity) => words(ink(finding.turn, severity), severity.name()),
            None => words(Ink::Dim, "unknown"),
        },
    };
    let of_unknown = finding.before.is_none() && finding.after.is_none();
    let head = match of_unknown {
        true => vec![words(Ink::Plain, &format!("{} of “{}”", finding.rule, shorten(&finding.resource_name, 60)))],
        false => vec![words(Ink::Plain, &finding.message)],
    };
    let waived = finding.waiver.as_ref().map(|waiver| format!("waived by {waiver}")).unwrap_or_default();
    let drift = if finding.of_change { "tells of the change itself" } else { "" };
    let rule = if of_unknown { String::new() } else { finding.rule.to_string() };
    let mut details = vec![dotted([words(Ink::Dim, &rule), words(Ink::Warn, &waived), words(Ink::Dim, drift)])];
    if of_unknown {
        details.push(vec![words(Ink::Dim, &finding.message)]);
    }
    details.extend(finding.note.as_ref().map(|note| vec![words(Ink::Warn, note)]));
    Block { label: Some(label), head, id: Some(finding.finding.short().to_owned()), details }
}

fn ink(turn: Turn, severity: Severity) -> Ink {
    if turn == Turn::Closes { Ink::Good } else { severity_ink(severity) }
}

fn losses(page: &mut Page, simulation: &Simulation) {
    let Simulation { losses, further_accounts, everybody_loses, .. } = simulation;
    if losses.is_empty() && *further_accounts == 0 && everybody_loses.is_empty() {
        return;
    }
    page.heading("WHO LOSES WHAT", &count(losses.len() + further_accounts));
    for what in everybody_loses {
        let said = format!("everybody who has it by this grant alone loses {what}");
        page.paragraph(2, &[words(Ink::Warn, &said)]);
    }
    for loss in losses.iter().take(MOST) {
        page.paragraph(2, &[words(Ink::Strong, &loss.name), words(Ink::Plain, &summary(loss))]);
        for one in loss.permissions.iter().take(MOST_PERMISSIONS) {
            let perhaps = if one.certainty == Certainty::Certain { "" } else { "perhaps" };
            let place = format!("{} in {}", one.key, shorten(&one.container_name, 50));
            let line = dotted([words(Ink::Plain, &place), words(Ink::Dim, one.power), words(Ink::Warn, perhaps)]);
            page.paragraph(6, &line);
        }
        let all = loss.lost + loss.perhaps;
        let shown = loss.permissions.len().min(MOST_PERMISSIONS);
        if all > shown {
            page.paragraph(6, &[words(Ink::Dim, &format!("and {} more", all - shown))]);
        }
        if let Some(first) = loss.doubts.first() {
            let others = match loss.doubts.len() - 1 {
                0 => String::new(),
                others => format!(", and {}", plural(others, "other reason", "other reasons")),
            };
            page.paragraph(6, &[words(Ink::Warn, &format!("there may be more: {first}{others}"))]);
        }
    }
    more(page, losses.len().min(MOST), losses.len());
    if *further_accounts > 0 {
        let accounts = plural(*further_accounts, "further account is", "further accounts are");
        page.paragraph(2, &[words(Ink::Warn, &format!("{accounts} affected and not worked out one by one"))]);
    }
}

fn summary(loss: &Loss) -> String {
    let perhaps = match loss.perhaps {
        0 => String::new(),
        perhaps => format!(", perhaps {perhaps} more"),
    };
    let lost = format!(
        "{} in {}{perhaps}",
        plural(loss.lost, "permission", "permissions"),
        plural(loss.places, "place", "places")
    );
    match loss.shut_out {
        true => format!("is let in nowhere: {lost} of its own, until somebody lets it in again"),
        false => format!("loses {lost}"),
    }
}

fn seats(page: &mut Page, freed: &[FreedSeats], notes: &[String]) {
    if freed.is_empty() && notes.is_empty() {
        return;
    }
    page.heading("SEATS THAT WOULD BE FREE", "");
    for seats in freed {
        let perhaps = match (seats.freed, seats.perhaps) {
            (0, perhaps) => format!("perhaps {perhaps}"),
            (freed, 0) => freed.to_string(),
            (freed, perhaps) => format!("{freed}, perhaps {} ", freed + perhaps),
        };
        let total = match seats.total {
            Fact::Absent => "without limit".to_owned(),
            total => fact(&total, ToString::to_string),
        };
        let of = format!("{} taken of {total}", fact(&seats.used, ToString::to_string));
        let line = dotted([words(Ink::Plain, &seats.name), words(Ink::Good, perhaps.trim()), words(Ink::Dim, &of)]);
        page.paragraph(2, &line);
    }
    for note in notes {
        page.paragraph(2, &[words(Ink::Dim, note)]);
    }
}

fn untold(page: &mut Page, list: &[Untold]) {
    if list.is_empty() {
        return;
    }
    page.heading("CANNOT BE TOLD", &count(list.len()));
    for open in list.iter().take(MOST) {
        page.paragraph(2, &[words(Ink::Warn, &open.question)]);
        for reason in open.because.iter().take(MOST_REASONS) {
            page.paragraph(6, &[words(Ink::Dim, reason)]);
        }
        if open.because.len() > MOST_REASONS {
            let others = plural(open.because.len() - MOST_REASONS, "more reason", "more reasons");
            page.paragraph(6, &[words(Ink::Dim, &format!("and {others}"))]);
        }
    }
    more(page, list.len().min(MOST), list.len());
}

fn first(page: &mut Page, people: &[TalkTo]) {
    if people.is_empty() {
        return;
    }
    page.heading("WHAT TO DO FIRST", "");
    for (number, one) in people.iter().take(MOST).enumerate() {
        let about = about(&one.about);
        let said = match &one.who {
            Some(who) => format!("{}. Talk to {who}, about {about}.", number + 1),
            None => format!("{}. Find out who answers for {about}: nobody is named.", number + 1),
        };
        page.paragraph(2, &[words(Ink::Action, &said)]);
    }
    more(page, people.len().min(MOST), people.len());
}

fn about(things: &[String]) -> String {
    let shown: Vec<String> = things.iter().take(3).map(|thing| shorten(thing, 60)).collect();
    match things.len() - shown.len() {
        0 => crate::text::join_and(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
