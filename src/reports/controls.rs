//! The controls of frameworks for a terminal and for machines: where the estate stands towards each of them.

use super::json::{V1Framework, document};
use super::layout::{Ink, Look, Page, words};
use super::table::{Cell, Head, Table};
use crate::model::{ControlPosture, FrameworkPosture, PostureState};
use crate::text::{plural, shorten};

/// What has to be said wherever a gist is shown.
pub(super) const GIST_NOTE: &str = "gists in our words, not confirmed: compare them with the framework's own text";

/// Each framework with its controls.
#[must_use]
pub fn controls_table(postures: &[FrameworkPosture], look: Look) -> String {
    let mut text = String::new();
    for posture in postures {
        let mut page = Page::new(look);
        page.heading(&format!("{} ({})", posture.title, posture.version), &counts(posture));
        text.push_str(&page.into_text());
        text.push_str(&table(posture, look));
        text.push('\n');
    }
    let mut page = Page::new(look);
    page.paragraph(0, &[words(Ink::Dim, NOTE)]);
    text.push_str(&page.into_text());
    text
}

const NOTE: &str = "Gists are in our words and not confirmed: compare them with the framework's own text. Met means that \
                    every rule that serves the control judged all it speaks of and found nothing; rules see a part of \
                    what a control asks for. `--format csv` has the findings and all gaps.";

fn counts(posture: &FrameworkPosture) -> String {
    let counted = PostureState::ALL.into_iter().map(|state| (posture.count(state), state));
    let words: Vec<String> =
        counted.filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {}", state.words())).collect();
    words.join(" · ")
}

fn table(posture: &FrameworkPosture, look: Look) -> String {
    let heads = [
        Head::whole("CONTROL"),
        Head::whole("POSTURE"),
        Head::number("RULES"),
        Head::number("OPEN"),
        Head::flow("WHY"),
        Head::flow("GIST").shown_from(110),
    ];
    let mut table = Table::new(&heads, "No controls.");
    for control in &posture.controls {
        let id = control.id.as_str().split_once(':').map_or("", |(_, id)| id);
        table.row(vec![
            Cell::new(id),
            Cell::inked(ink(control.state), control.state.words()),
            Cell::new(&control.rules.len().to_string()),
            Cell::new(&control.open.count().to_string()),
            Cell::new(&why(control)),
            Cell::inked(Ink::Dim, &control.gist),
        ]);
    }
    table.render(look)
}

fn ink(state: PostureState) -> Ink {
    match state {
        PostureState::NotMet => Ink::Bad,
        PostureState::NotFullyAssessed | PostureState::MetButWaived => Ink::Warn,
        PostureState::Met => Ink::Good,
        PostureState::Manual => Ink::Dim,
    }
}

/// How much of the first gap is shown.
const GAP_COLUMNS: usize = 70;

pub(super) fn why(control: &ControlPosture) -> String {
    let mut parts = Vec::new();
    if !control.open.is_empty() {
        parts.push(plural(control.open.count(), "open finding", "open findings"));
    }
    if !control.waived.is_empty() {
        parts.push(plural(control.waived.count(), "waived finding", "waived findings"));
    }
    if let Some(gap) = control.gaps.first() {
        let more = control.gaps.len() - 1;
        let more = if more > 0 { format!(" and {}", plural(more, "more gap", "more gaps")) } else { String::new() };
        parts.push(format!("{}{more}", shorten(gap, GAP_COLUMNS)));
    }
    match (control.state, &control.by_hand) {
        (PostureState::Manual, Some(by_hand)) => parts.push(by_hand.clone()),
        (PostureState::Manual, None) => parts.push("no rule serves it".to_owned()),
        (PostureState::Met, _) if control.judged == 0 => {
            parts.push("there is nothing that its rules speak of".to_owned())
        }
        _ => {}
    }
    parts.join("; ")
}

/// Each framework with its controls, for machines: the same shape as in the report.
#[must_use]
pub fn controls_json(postures: &[FrameworkPosture]) -> String {
    let frameworks: Vec<V1Framework<'_>> = postures.iter().map(V1Framework::of).collect();
    document(&frameworks)
}
