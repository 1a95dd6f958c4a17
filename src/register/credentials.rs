//! The credentials of the accounts that integrations run on: their forms, and how long they live.

use std::collections::{HashMap, HashSet};

use super::accounts::{Declared, tenants_of_sources};
use super::check::Findings;
use super::found::{described, is_in_use, moment};
use super::report::What;
use crate::inventory::Inventory;
use crate::model::{Body, Credential, Fact, Kind, LedgerEntry, Resource, SourceName};
use crate::text::plural;

/// Compares what is declared of credentials with those that the accounts have.
pub(super) fn compare(inventory: &Inventory<'_>, declared: &[Declared<'_>], findings: &mut Findings) {
    let (tenants, now) = (tenants_of_sources(inventory), moment(inventory));
    for integration in declared {
        let forms = integration.body.credential_forms.known();
        let days = integration.body.longest_days.known().copied();
        if forms.is_none() && days.is_none() {
            continue;
        }
        for account in integration.found() {
            for resource in inventory.credentials_of(&account.id) {
                let Body::Credential(credential) = &resource.body else { continue };
                if !is_in_use(credential, now) {
                    continue;
                }
                if let Some(forms) = forms {
                    form(integration, forms, resource, credential, findings);
                }
                if let Some(days) = days {
                    life(integration, days, resource, credential, findings);
                }
            }
            let (hidden, accepted) = why_hidden(inventory, &tenants, account);
            if !hidden.is_empty() {
                let question = "whether there are more credentials than were seen".to_owned();
                findings.open(question, Some(integration.id), hidden, accepted);
            }
        }
    }
}

fn form(
    integration: &Declared<'_>,
    forms: &[String],
    resource: &Resource,
    credential: &Credential,
    findings: &mut Findings,
) {
    if forms.iter().any(|form| form == credential.form.name()) {
        return;
    }
    let allowed = if forms.is_empty() { "none at all".to_owned() } else { forms.join(", ") };
    let message = format!("integration `{}` has {}, and may use {allowed}", integration.id, described(resource));
    findings.note(What::FormNotAllowed, &[integration.id], &[resource], message);
}

fn life(integration: &Declared<'_>, days: i64, resource: &Resource, credential: &Credential, findings: &mut Findings) {
    let most = plural(usize::try_from(days).unwrap_or(0), "day", "days");
    let lives = match (&credential.created_at, &credential.expires_at) {
        (_, Fact::Absent) => Some("never ends".to_owned()),
        (Fact::Known(from), Fact::Known(until)) => {
            let lives = (*until - *from).num_days();
            (lives > days).then(|| format!("lives for {lives} days"))
        }
        _ => {
            let because = vec![format!("{} does not tell when it was made or when it ends", described(resource))];
            let question = format!("whether its credentials live longer than {most}");
            findings.open(question, Some(integration.id), because, false);
            None
        }
    };
    if let Some(lives) = lives {
        let message =
            format!("{} of integration `{}` {lives}; {most} are allowed", described(resource), integration.id);
        findings.note(What::LivesTooLong, &[integration.id], &[resource], message);
    }
}

/// The gaps behind which further credentials of an account may be, and whether all of them were accepted. Sources that
/// show accounts of other tenants only have none of this one's.
fn why_hidden(
    inventory: &Inventory<'_>,
    tenants: &HashMap<&SourceName, HashSet<&str>>,
    account: &Resource,
) -> (Vec<String>, bool) {
    let tenant = account.id.tenant();
    let concerns = |entry: &&LedgerEntry| {
        let shown = tenants.get(&entry.source);
        entry.shows.contains(&Kind::Credential) && shown.is_none_or(|shown| shown.contains(tenant))
    };
    let ledger = inventory.coverage().0;
    if !ledger.iter().any(|entry| concerns(&entry)) {
        return (vec![format!("no source that was scanned shows credentials of accounts of {tenant}")], false);
    }
    let gaps: Vec<&LedgerEntry> = ledger.iter().filter(concerns).filter(|entry| entry.is_gap()).collect();
    let accepted = gaps.iter().all(|entry| entry.declared.is_some());
    (gaps.into_iter().map(LedgerEntry::gap_text).collect(), accepted)
}
