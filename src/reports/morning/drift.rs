//! What changed since the scan before: counts, and the few things that tell most.

use super::{SHOWN, and_more};
use crate::inventory::Inventory;
use crate::model::{Assessment, What};
use crate::reports::drift::{Cluster, Writer, clusters, count, is_of_the_estate};
use crate::reports::layout::{Block, Ink, Page, dotted, words};
use crate::reports::order;
use crate::text;

/// The section; left out when nothing changed.
pub(super) fn section(page: &mut Page, assessment: &Assessment, inventory: &Inventory<'_>) {
    let changes = order::changes(assessment);
    if changes.is_empty() && assessment.flapping.is_empty() {
        return;
    }
    page.heading("DRIFT", "");
    let (telling, of_sight): (Vec<What>, Vec<What>) = What::ALL.into_iter().partition(|what| is_of_the_estate(*what));
    for kinds in [telling, of_sight] {
        let counts = dotted(kinds.into_iter().filter_map(|what| count(what, &changes)));
        if !counts.is_empty() {
            page.paragraph(2, &counts);
        }
    }
    if !assessment.flapping.is_empty() {
        let things = text::plural(assessment.flapping.len(), "thing goes", "things go");
        page.paragraph(2, &[words(Ink::Warn, &format!("{things} back and forth (keyroll drift)"))]);
    }
    let clusters = clusters(&changes, &assessment.flapping);
    let telling: Vec<&Cluster<'_>> = clusters.iter().filter(|cluster| cluster.is_of_the_estate()).collect();
    let writer = Writer::new(inventory, &clusters);
    let blocks: Vec<Block> = telling.iter().take(SHOWN).map(|cluster| writer.block(cluster)).collect();
    let shown = blocks.len();
    page.blocks(blocks);
    and_more(page, telling.len() - shown, "keyroll drift");
}
