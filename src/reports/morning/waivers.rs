//! Waivers that need a decision: void, ended, about to end, not to be checked, too broad, or covering nothing.

use super::{LONGEST, SHOWN, and_more};
use crate::model::{Assessment, Lapse, WaiverState, WaiverUse};
use crate::reports::layout::{Block, Ink, Page, dotted, words};
use crate::reports::{order, say};
use crate::text;

/// The section; left out while every waiver is simply in force.
pub(super) fn section(page: &mut Page, assessment: &Assessment) {
    let mut uses: Vec<&WaiverUse> =
        order::waivers(assessment).into_iter().filter(|used| used.state != WaiverState::InForce).collect();
    if uses.is_empty() {
        return;
    }
    uses.sort_by_key(|used| (urgency(used.state), used.waiver.until));
    page.heading("WAIVERS", &format!("({})", text::thousands(uses.len())));
    let blocks: Vec<Block> = uses.iter().take(SHOWN).map(|used| block(used, assessment)).collect();
    let shown = blocks.len();
    page.blocks(blocks);
    and_more(page, uses.len() - shown, "keyroll waivers");
}

fn urgency(state: WaiverState) -> u8 {
    match state {
        WaiverState::Void => 0,
        WaiverState::Expired => 1,
        WaiverState::Expiring => 2,
        WaiverState::Unchecked => 3,
        WaiverState::TooBroad => 4,
        WaiverState::Unused => 5,
        WaiverState::InForce => 6,
    }
}

fn block(used: &WaiverUse, assessment: &Assessment) -> Block {
    let waiver = &used.waiver;
    let findings = match used.covers {
        0 => "nothing".to_owned(),
        covers => text::plural(covers, "finding", "findings"),
    };
    let (ink, effect) = match used.state {
        WaiverState::Expired if used.covers == 0 => (Ink::Bad, format!("ended on {}, covered nothing", waiver.until)),
        WaiverState::Expired => (Ink::Bad, format!("ended on {}, {findings} no longer covered", waiver.until)),
        WaiverState::Expiring => {
            let left = say::days_until(assessment.head.started_at, waiver.until);
            (Ink::Warn, format!("ends on {} ({left}), covers {findings}", waiver.until))
        }
        WaiverState::Unused => (Ink::Dim, format!("covers nothing, holds until {}", waiver.until)),
        WaiverState::Void => (Ink::Bad, format!("{}, covers {findings}", first(&used.void_for))),
        WaiverState::Unchecked => (Ink::Warn, format!("{}, covers {findings}", first(&used.unchecked))),
        WaiverState::TooBroad => (Ink::Warn, format!("covers {findings}, more than one decision should")),
        WaiverState::InForce => (Ink::Plain, format!("covers {findings} until {}", waiver.until)),
    };
    let remark = match used.state {
        WaiverState::Unused if used.never_seen => "no such resource was ever seen",
        _ if !waiver.is_bound() => "bound to no facts",
        _ => "",
    };
    Block {
        label: Some(words(ink, used.state.name())),
        head: vec![words(Ink::Plain, &format!("{}: {} on {}", waiver.id, waiver.rule, waiver.resource))],
        id: None,
        details: vec![dotted([
            words(ink, &text::shorten(&effect, LONGEST)),
            words(Ink::Dim, remark),
            words(Ink::Dim, &format!("approved by {}", waiver.approver)),
        ])],
    }
}

/// What lapsed first, with how many more did.
fn first(lapses: &[Lapse]) -> String {
    let more = lapses.len().saturating_sub(1);
    let told = lapses.first().map(Lapse::in_words).unwrap_or_default();
    if more == 0 { told } else { format!("{told} (and {} like it)", text::plural(more, "other", "others")) }
}
