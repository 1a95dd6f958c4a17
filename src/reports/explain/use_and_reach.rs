//! What is added to a note about an account or a credential: how far it reaches and by which chain, who seems to use it,
//! and how an integration is moved away without breaking it.

use super::Section;
use crate::inventory::Inventory;
use crate::inventory::access::{Breadth, Count};
use crate::inventory::detector::{evidence, remedy, sentence};
use crate::model::{Body, Kind, Resource, ResourceId};
use crate::text::plural;

/// How many reasons of one sort are written out.
const MOST_LINES: usize = 6;

/// The sections about the use and reach of a resource; none for what is neither an account nor a credential.
#[must_use]
pub fn use_and_reach(inventory: &Inventory<'_>, id: &ResourceId) -> Vec<Section> {
    let Some(resource) = inventory.get(id).filter(|one| matches!(one.kind(), Kind::Principal | Kind::Credential))
    else {
        return Vec::new();
    };
    let mut sections = vec![reach(inventory, resource)];
    sections.extend(usage(inventory, resource));
    sections
}

fn reach(inventory: &Inventory<'_>, resource: &Resource) -> Section {
    let access = inventory.access();
    // The snapshot's own resource lives as long as its chains.
    let mut lines = Vec::new();
    if let Some(subject) = inventory.snapshot().get(&resource.id) {
        let reach = access.of(subject);
        let breadth = access.breadth_of(&reach);
        lines.push(places_words(&breadth));
        for whole in breadth.administers.iter().take(MOST_LINES) {
            lines.push(format!("It administers a whole product: {whole}."));
        }
        if let Some((one, container)) = reach.gravest() {
            let chain = access.shortest(subject, one.key, container).map(|chain| format!(": {}", chain.words));
            lines.push(format!("At worst {} on {}{}", one.key, container.title(), chain.unwrap_or_default()));
        }
        lines.extend(reach.doubts.iter().take(MOST_LINES).map(|doubt| format!("Not certain: {doubt}.")));
        lines.push(format!("All of it: keyroll access {}", resource.id));
    }
    Section { title: "WHAT IT MAY DO".to_owned(), lines }
}

/// In how many places it may do what.
fn places_words(breadth: &Breadth) -> String {
    match breadth.places {
        0 => "No project, space or repository was seen, so how many it reaches cannot be told.".to_owned(),
        places => format!(
            "It may see {}, change something in {}, delete in {}, and decides on {}, of {} that were seen.",
            number(breadth.readable),
            number(breadth.writable),
            number(breadth.destroyable),
            number(breadth.administered),
            plural(places, "project, space or repository", "projects, spaces and repositories"),
        ),
    }
}

/// The same with the whole products that it administers, in one paragraph.
pub(in crate::reports) fn reach_words(breadth: &Breadth) -> String {
    let mut said = places_words(breadth);
    for whole in &breadth.administers {
        said.push_str(&format!(" It administers a whole product: {whole}."));
    }
    if breadth.may_administer_more {
        said.push_str(" That it administers more cannot be ruled out.");
    }
    said
}

/// “12”, “at least 12”, “between 8 and 12”.
fn number(count: Count) -> String {
    match (count.exact(), count.boundless) {
        (Some(exact), _) => exact.to_string(),
        (None, true) => format!("at least {}", count.at_least),
        (None, false) => format!("between {} and {}", count.at_least, count.at_most),
    }
}

/// What speaks for a machine, and what then has to be done in which order.
fn usage(inventory: &Inventory<'_>, resource: &Resource) -> Vec<Section> {
    let account = match &resource.body {
        Body::Credential(credential) => credential.owner.known(),
        _ => Some(&resource.id),
    };
    let concluded = account.map(|account| inventory.concluded(account)).unwrap_or_default();
    // Of a token only what it shows itself.
    let about = |via: &Option<ResourceId>| resource.kind() == Kind::Principal || via.as_ref() == Some(&resource.id);
    let mut sections = Vec::new();
    for finding in concluded.iter().filter(|finding| about(&finding.via)) {
        let mut lines = vec![format!("{} (confidence {} of 100).", sentence(inventory, finding), finding.confidence)];
        lines.extend(finding.evidence.iter().map(|signal| format!("For it: {}", evidence(inventory, signal))));
        lines.extend(finding.against.iter().map(|signal| format!("A person: {}", evidence(inventory, signal))));
        let untold = finding.untold.iter().take(MOST_LINES);
        lines.extend(untold.map(|one| format!("Not looked for: {}, {}", one.clue.name().replace('-', " "), one.why)));
        sections.push(Section { title: "WHO SEEMS TO USE IT".to_owned(), lines });
        let steps = remedy(inventory, finding).steps;
        let lines = (1..).zip(steps).map(|(number, step)| format!("{number}. {step}")).collect();
        sections.push(Section { title: "HOW TO MOVE IT SO THAT NOTHING BREAKS".to_owned(), lines });
    }
    sections
}
