//! The credentials of the accounts that integrations run on, held against what was agreed.

use super::{Finds, credentials_of, none_declared};
use crate::model::{Credential, Fact, Resource};
use crate::rules::derived::{count, is_live};
use crate::rules::fields::{Texts, View, integration};

/// Its live credentials: those of the accounts it runs on, and whether these are all.
fn live_credentials<'a>(view: &View<'a>) -> (Vec<(&'a Resource, &'a Credential)>, bool) {
    let (accounts, mut told) = view.inventory.runs_on(view.resource);
    let mut live = Vec::new();
    for account in accounts {
        told &= view.inventory.tokens_told(account);
        for (resource, credential) in credentials_of(view.inventory, account) {
            match is_live(credential, view.now) {
                Fact::Known(true) => live.push((resource, credential)),
                Fact::Known(false) | Fact::Absent => {}
                Fact::Unknown => told = false,
            }
        }
    }
    (live, told)
}

pub(in crate::rules) fn credential_count(view: &View<'_>) -> Fact<i64> {
    match live_credentials(view) {
        (live, true) => Fact::Known(count(live.len())),
        _ => Fact::Unknown,
    }
}

pub(in crate::rules) fn forms_not_allowed<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let allowed = match &integration(view).credential_forms {
        Fact::Known(allowed) => allowed,
        Fact::Absent => return none_declared(),
        Fact::Unknown => return Fact::Unknown,
    };
    let (live, told) = live_credentials(view);
    let mut odd = Finds::default();
    for (resource, credential) in live {
        if !allowed.iter().any(|form| form == credential.form.name()) {
            odd.found(format!("{} “{}”", credential.form.title(), resource.title()));
        }
    }
    odd.doubt_unless(told);
    odd.told()
}

/// Credentials that live longer than it may, and those that never end. Where it is not told when one was made, the days
/// that are left can be too many by themselves.
pub(in crate::rules) fn living_too_long<'a>(view: &View<'a>) -> Fact<Texts<'a>> {
    let longest = match integration(view).longest_days {
        Fact::Known(longest) => longest,
        Fact::Absent => return none_declared(),
        Fact::Unknown => return Fact::Unknown,
    };
    let (live, told) = live_credentials(view);
    let mut long = Finds::default();
    for (resource, credential) in live {
        match (&credential.created_at, &credential.expires_at) {
            (_, Fact::Absent) => long.found(format!("“{}” never ends", resource.title())),
            (made, Fact::Known(end)) => {
                let from = made.known().copied().unwrap_or(view.now);
                let days = (*end - from).num_days();
                if days > longest {
                    long.found(format!("“{}” lives for {days} days", resource.title()));
                }
                long.doubt_unless(made.known().is_some());
            }
            (_, Fact::Unknown) => long.in_doubt(),
        }
    }
    long.doubt_unless(told);
    long.told()
}
