//! Waivers that need a decision: ended, about to end, or covering nothing.

use super::{SHOWN, and_more};
use crate::model::{Assessment, WaiverState, WaiverUse};
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
    page.blocks(&blocks);
    and_more(page, uses.len() - blocks.len(), "keyroll waivers");
}

fn urgency(state: WaiverState) -> u8 {
    match state {
        WaiverState::Expired => 0,
        WaiverState::Expiring => 1,
        WaiverState::Unused => 2,
        WaiverState::InForce => 3,
    }
}

fn block(used: &WaiverUse, assessment: &Assessment) -> Block {
    let waiver = &used.waiver;
    let findings = text::plural(used.covers, "finding", "findings");
    let (ink, effect) = match used.state {
        WaiverState::Expired => (Ink::Bad, format!("ended on {}, {findings} no longer covered", waiver.until)),
        WaiverState::Expiring => {
            let left = say::days_until(assessment.head.started_at, waiver.until);
            (Ink::Warn, format!("ends on {} ({left}), covers {findings}", waiver.until))
        }
        WaiverState::Unused => (Ink::Dim, format!("covers nothing, holds until {}", waiver.until)),
        WaiverState::InForce => (Ink::Plain, format!("covers {findings} until {}", waiver.until)),
    };
    Block {
        label: Some(words(ink, used.state.name())),
        head: vec![words(Ink::Plain, &format!("{}: {} on {}", waiver.id, waiver.rule, waiver.resource))],
        id: None,
        details: vec![dotted([words(ink, &effect), words(Ink::Dim, &format!("approved by {}", waiver.approver))])],
    }
}
