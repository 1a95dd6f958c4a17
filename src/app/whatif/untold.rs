//! What the scan cannot answer. An endpoint that was not read whole may hide tokens, automations or grants that the change
//! would touch as well, and some things no product lists at all.

use std::collections::BTreeSet;

use super::Sides;
use crate::model::{Body, Fact, Kind, LedgerEntry, PrincipalType, ResourceId, Untold};

pub(super) fn untold(sides: &Sides<'_>, behind_rules: &BTreeSet<(String, String, String)>) -> Vec<Untold> {
    let mut untold = sides.trail.untold.clone();
    untold.extend(rules(sides, behind_rules));
    if !sides.trail.deactivated.is_empty() {
        untold.extend(more(sides, "which further tokens and keys would stop", &[Kind::Credential], &NO_KEYS_OF_PLACES));
        untold.extend(more(
            sides,
            "what else acts for the accounts, or was set up by them",
            &[Kind::Automation, Kind::Webhook, Kind::App],
            &[],
        ));
        untold.extend(unmanaged(sides));
        untold.extend(consents(sides));
    }
    if !sides.trail.accounts.is_empty() {
        let kinds = [Kind::Grant];
        untold.extend(more(sides, "which further permissions would be lost, or are kept in another way", &kinds, &[]));
    }
    let touches_tokens = !sides.trail.revoked.is_empty() || !sides.trail.expired.is_empty();
    if touches_tokens || !sides.trail.deactivated.is_empty() {
        untold.extend(more(sides, "which pipelines hold the tokens", &[Kind::Variable], &[]));
    }
    untold
}

/// Keys and tokens that belong to a repository stop with no account.
const NO_KEYS_OF_PLACES: [&str; 5] = ["api-token", "oauth-client", "personal-access-token", "align-token", "ssh-key"];

fn because(entry: &LedgerEntry) -> String {
    let accepted = entry.declared.as_ref().map(|reason| format!(" (accepted: {reason})")).unwrap_or_default();
    format!("{}{accepted}", entry.gap_text())
}

/// The question that the gaps over some kinds leave open.
fn more(sides: &Sides<'_>, question: &str, kinds: &[Kind], forms: &[&str]) -> Option<Untold> {
    let coverage = sides.before.coverage();
    let gaps: Vec<&LedgerEntry> = coverage
        .gaps()
        .filter(|gap| kinds.iter().any(|kind| gap.can_show(*kind, forms)))
        .filter(|gap| may_show_of(sides, gap))
        .collect();
    if gaps.is_empty() {
        return None;
    }
    let accepted = gaps.iter().all(|gap| gap.declared.is_some());
    let mut because: Vec<String> = gaps.into_iter().map(because).collect();
    because.sort();
    because.dedup();
    Some(Untold { question: question.to_owned(), because, accepted })
}

/// True unless the source is known to have nothing to do with the accounts that are affected: a self-hosted product knows
/// its own alone.
fn may_show_of(sides: &Sides<'_>, gap: &LedgerEntry) -> bool {
    let tenants: BTreeSet<&str> = sides.trail.accounts.iter().map(ResourceId::tenant).collect();
    let all = ["atlassian"];
    let tenants = if tenants.is_empty() { all.into_iter().collect() } else { tenants };
    let foreign = sides
        .before
        .of_kind(Kind::Principal)
        .filter(|account| account.seen_by.iter().any(|sighting| sighting.source == gap.source))
        .map(|account| account.id.tenant())
        .collect::<BTreeSet<_>>();
    foreign.is_empty() || foreign.iter().any(|tenant| tenants.contains(tenant))
}

fn rules(sides: &Sides<'_>, gaps: &BTreeSet<(String, String, String)>) -> Option<Untold> {
    if gaps.is_empty() {
        return None;
    }
    let ledger = sides.before.coverage().0;
    let declared = |source: &str, endpoint: &str| {
        let entry = ledger.iter().find(|entry| entry.source.as_str() == source && &*entry.endpoint == endpoint);
        entry.is_some_and(|entry| entry.declared.is_some())
    };
    let accepted = gaps.iter().all(|(source, endpoint, _)| declared(source, endpoint));
    let line = |(source, endpoint, reason): &(String, String, String)| {
        let accepted = if declared(source, endpoint) { " (accepted)" } else { "" };
        format!("{endpoint} of {source}: {reason}{accepted}")
    };
    let because = gaps.iter().map(line).collect();
    Some(Untold { question: "whether further findings would open or close".to_owned(), because, accepted })
}

/// Nobody lists the tokens of people whose accounts others manage.
fn unmanaged(sides: &Sides<'_>) -> Option<Untold> {
    let names: Vec<String> = sides
        .trail
        .deactivated
        .iter()
        .filter(|account| account.tenant() == ResourceId::CLOUD)
        .filter(|account| {
            sides.before.principal(account).is_some_and(|principal| {
                let person = !matches!(principal.account_type, Fact::Known(sort) if sort != PrincipalType::Person);
                person && principal.managed != Fact::Known(true)
            })
        })
        .map(|account| sides.before.name(account).to_owned())
        .collect();
    (!names.is_empty()).then(|| Untold {
        question: format!("which tokens of {} would stop", names.join(", ")),
        because: vec!["no API lists tokens of accounts that the organisation does not manage".to_owned()],
        accepted: true,
    })
}

/// What people allowed apps to do in their name, no product lists.
fn consents(sides: &Sides<'_>) -> Option<Untold> {
    let in_cloud = sides.trail.deactivated.iter().any(|account| account.tenant() == ResourceId::CLOUD);
    let seen = sides
        .before
        .of_kind(Kind::App)
        .any(|app| matches!(&app.body, Body::App(app) if app.acts_for.known().is_some()));
    in_cloud.then(|| Untold {
        question: "which apps were allowed to act in their name (OAuth) and would stop".to_owned(),
        because: vec![
            match seen {
                true => "nothing lists them: only the audit log shows those that acted while it goes back",
                false => "nothing lists them, and the audit log showed none",
            }
            .to_owned(),
        ],
        accepted: true,
    })
}
