//! What acts for an account, and when it was last seen in use, by whatever tells it: pages, log-ins, credentials.

use chrono::{DateTime, Utc};

use crate::inventory::Inventory;
use crate::model::{Body, Credential, Fact, Principal, Resource};
use crate::text::{plural, shorten};

/// The most credentials that are told by name.
const MOST: usize = 4;
/// Columns of a label before it is cut.
const LONGEST_LABEL: usize = 40;

/// How an account is used.
#[derive(Debug, Clone)]
pub(super) struct Use {
    /// Its credentials that are not known to have ended, in words.
    pub(super) credentials: Vec<String>,
    /// The latest sign of use; absent if it never was in use. Unknown where nothing was told.
    pub(super) last: Fact<DateTime<Utc>>,
    /// True if no later use can be out of sight.
    pub(super) told: bool,
}

impl Use {
    pub(super) fn of(inventory: &Inventory<'_>, account: &Resource, principal: &Principal, now: DateTime<Utc>) -> Self {
        let live: Vec<(&Resource, &Credential)> = inventory
            .credentials_of(&account.id)
            .filter_map(|resource| match &resource.body {
                Body::Credential(credential) if !credential.has_ended(now) => Some((resource, credential)),
                _ => None,
            })
            .collect();
        let mut signs: Vec<Fact<DateTime<Utc>>> = live.iter().map(|(_, one)| one.last_used_at).collect();
        match &principal.activity {
            Fact::Known(products) => signs.extend(products.iter().map(|product| product.last_active_at)),
            Fact::Absent => {}
            Fact::Unknown => signs.push(Fact::Unknown),
        }
        let latest = signs.iter().chain([&principal.last_login_at]).filter_map(Fact::known).max().copied();
        // The log-in is told of some accounts only, and a page that was viewed says as much.
        let told = !signs.iter().any(Fact::is_unknown) && !signs.is_empty() && inventory.tokens_told(account);
        let last = match (latest, told) {
            (Some(latest), _) => Fact::Known(latest),
            (None, true) => Fact::Absent,
            (None, false) => Fact::Unknown,
        };
        Self { credentials: words(&live), last, told }
    }
}

fn words(live: &[(&Resource, &Credential)]) -> Vec<String> {
    let mut told: Vec<String> =
        live.iter().take(MOST).map(|(resource, credential)| word(resource, credential)).collect();
    if live.len() > MOST {
        told.push(plural(live.len() - MOST, "other", "others"));
    }
    told
}

fn word(resource: &Resource, credential: &Credential) -> String {
    let used = match &credential.last_used_at {
        Fact::Known(last) => format!("used on {}", last.date_naive()),
        Fact::Absent => "no use on record".to_owned(),
        Fact::Unknown => "use not told".to_owned(),
    };
    format!("{} “{}”, {used}", credential.form.title(), shorten(resource.title(), LONGEST_LABEL))
}
