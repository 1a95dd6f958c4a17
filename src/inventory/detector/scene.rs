//! What an account or token is looked at with: the snapshot, what speaks of it from elsewhere, and what nobody told.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::knowledge::Knowledge;
use super::links::Links;
use super::weights::weights;
use crate::inventory::Inventory;
use crate::model::{Body, Credential, CredentialForm, Fact, Kind, Principal, Resource, ResourceId};

/// A snapshot while it is searched for machines.
pub(super) struct Scene<'i, 'a> {
    pub(super) inventory: &'i Inventory<'a>,
    pub(super) knowledge: &'a Knowledge,
    pub(super) links: Links<'a>,
    /// When the scan was; none if no ledger tells.
    pub(super) now: Option<DateTime<Utc>>,
    /// The audit log of the cloud was read up to now.
    pub(super) log: bool,
    /// What a gap may hide.
    pub(super) gaps: Gaps,
    /// There is a roster.
    pub(super) has_roster: bool,
    /// Nobody is missing in it.
    pub(super) roster_whole: bool,
}

/// True of what may be hidden behind a gap. What no source shows at all is not asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gaps {
    pub(super) automations: bool,
    pub(super) webhooks: bool,
    pub(super) variables: bool,
    pub(super) register: bool,
}

impl<'i, 'a> Scene<'i, 'a> {
    /// Sets it.
    pub(super) fn of(inventory: &'i Inventory<'a>) -> Self {
        let ledger = inventory.coverage();
        let gap = |kind| ledger.gaps_of(kind).next().is_some();
        Self {
            inventory,
            knowledge: inventory.knowledge(),
            links: Links::of(inventory),
            now: inventory.moment(),
            log: inventory.log_in_sight(),
            gaps: Gaps {
                automations: gap(Kind::Automation),
                webhooks: gap(Kind::Webhook),
                variables: gap(Kind::Variable),
                register: gap(Kind::Integration),
            },
            has_roster: ledger.0.iter().any(|entry| entry.shows.contains(&Kind::Person)),
            roster_whole: inventory.roster_is_whole(),
        }
    }

    /// The day of the scan.
    pub(super) fn today(&self) -> Option<NaiveDate> {
        self.now.map(|now| now.date_naive())
    }

    /// True if a moment is at most so many days before the scan.
    pub(super) fn is_within(&self, at: DateTime<Utc>, days: i64) -> bool {
        self.now.is_some_and(|now| now - at <= TimeDelta::days(days))
    }

    /// True if the audit log might tell of an account, and was not read to its end. Self-hosted products have none of
    /// that sort.
    pub(super) fn misses_log(&self, id: &ResourceId) -> bool {
        id.tenant() == ResourceId::CLOUD && !self.log
    }

    /// The same of a credential: it is of the cloud if its account is, or if there is nothing of its form elsewhere.
    pub(super) fn misses_log_of(&self, credential: &Credential) -> bool {
        !self.log && is_of_cloud(credential)
    }

    /// True unless a credential is known to open nothing any more.
    pub(super) fn is_usable(&self, credential: &Credential) -> bool {
        let has_ended = match (&credential.expires_at, self.now) {
            (Fact::Known(end), Some(now)) => *end <= now,
            _ => false,
        };
        !has_ended && credential.status.known().is_none_or(|status| status == "active")
    }
}

/// True for a credential that opens the cloud.
pub(super) fn is_of_cloud(credential: &Credential) -> bool {
    use CredentialForm::{ApiToken, OauthClient, OrgApiKey};
    match &credential.owner {
        Fact::Known(owner) => owner.tenant() == ResourceId::CLOUD,
        Fact::Absent | Fact::Unknown => matches!(credential.form, ApiToken | OauthClient | OrgApiKey),
    }
}

/// True unless an account is known to be let in nowhere.
pub(super) fn may_act(account: &Principal) -> bool {
    let standings = account.standings.known().map_or(&[][..], Vec::as_slice);
    if standings.iter().any(|standing| standing.active == Fact::Known(true)) {
        return true;
    }
    if let Fact::Known(status) = &account.status {
        return status == "active";
    }
    standings.is_empty() || standings.iter().any(|standing| standing.active != Fact::Known(false))
}

/// Page views of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pages {
    /// The last one that is known; there may be later ones if not all were told.
    Last(DateTime<Utc>, bool),
    /// None, ever.
    Never,
    /// The product does not count them.
    NotCounted,
    /// Nobody told.
    Untold,
}

/// When pages were viewed last.
pub(super) fn pages(account: &Principal) -> Pages {
    match &account.activity {
        Fact::Unknown => Pages::Untold,
        Fact::Absent => Pages::NotCounted,
        Fact::Known(products) => {
            let whole = products.iter().all(|product| !product.last_active_at.is_unknown());
            let last = products.iter().filter_map(|product| product.last_active_at.known().copied()).max();
            match (last, whole) {
                (Some(last), whole) => Pages::Last(last, whole),
                (None, true) => Pages::Never,
                (None, false) => Pages::Untold,
            }
        }
    }
}

/// The account of a resource.
pub(super) fn principal(resource: &Resource) -> Option<&Principal> {
    match &resource.body {
        Body::Principal(account) => Some(account),
        _ => None,
    }
}

/// True if pages were viewed lately, false if it is known that they were not; absent where nobody counts them.
pub(super) fn opened_lately(scene: &Scene<'_, '_>, account: &Principal) -> Fact<bool> {
    let days = weights().recent_days;
    match pages(account) {
        Pages::Last(last, _) if scene.is_within(last, days) => Fact::Known(true),
        Pages::Last(_, true) | Pages::Never => Fact::Known(false),
        Pages::NotCounted => Fact::Absent,
        Pages::Last(_, false) | Pages::Untold => Fact::Unknown,
    }
}
