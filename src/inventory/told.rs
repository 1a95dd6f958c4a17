//! What was told: whether a question about tokens or the audit log has an answer, or only a gap.

use chrono::{DateTime, Utc};

use super::Inventory;
use crate::model::{Body, Fact, Kind, LedgerEntry, PrincipalType, Resource, ResourceId, SourceName};

impl Inventory<'_> {
    /// True if no token of an account can be out of sight. No API lists the tokens of people whom the organisation does not
    /// manage; those of a self-hosted product's account are listed by a source that shows the account.
    #[must_use]
    pub fn tokens_told(&self, account: &Resource) -> bool {
        let Body::Principal(principal) = &account.body else { return false };
        if account.id.tenant() == ResourceId::CLOUD {
            let person = !matches!(principal.account_type, Fact::Known(kind) if kind != PrincipalType::Person);
            let hidden = person && principal.managed != Fact::Known(true);
            return !hidden && self.all_seen(Kind::Credential, &["api-token", "oauth-client"]);
        }
        let own = |source: &SourceName| account.seen_by.iter().any(|sighting| sighting.source == *source);
        let ledger = self.coverage().0;
        let shows = |entry: &&LedgerEntry| {
            own(&entry.source) && entry.can_show(Kind::Credential, &["personal-access-token", "align-token"])
        };
        let mut lists = ledger.iter().filter(shows).peekable();
        lists.peek().is_some() && !lists.any(LedgerEntry::is_gap)
    }

    /// Whether the audit log was read up to this scan. What it told before stays told, but is no longer the latest word.
    #[must_use]
    pub fn log_in_sight(&self) -> bool {
        self.all_seen(Kind::App, &["acting-app"])
    }

    /// The moment that the snapshot speaks of: when the last of its endpoints was read; none without a ledger.
    #[must_use]
    pub fn moment(&self) -> Option<DateTime<Utc>> {
        self.coverage().0.iter().map(|entry| entry.ended_at).max()
    }
}
