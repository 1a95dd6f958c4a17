//! Which accounts are machines'.

use super::Inventory;
use super::detector::{Clue, Detection};
use crate::model::{Body, Fact, PrincipalType, Resource};

impl Inventory<'_> {
    /// True for an account that is a machine's, by its kind, its name, its use or the register. What systems run on is a
    /// machine's, whoever's account it looks like: that is what is to be looked at.
    #[must_use]
    pub fn is_machine(&self, account: &Resource) -> bool {
        let Body::Principal(principal) = &account.body else { return false };
        let by_kind = matches!(
            principal.account_type,
            Fact::Known(PrincipalType::ServiceAccount | PrincipalType::App | PrincipalType::Agent)
        );
        let by_signs = |found: &Detection| {
            let shows = |clues: &[Clue]| found.signals.iter().any(|signal| clues.contains(&signal.clue));
            let by_name = shows(&[Clue::MailDomain, Clue::MachineName, Clue::Name]) && !shows(&[Clue::Roster]);
            let runs = found.sure().known().is_some_and(|systems| !systems.is_empty());
            by_name || runs || found.behaves_like_machine == Fact::Known(true)
        };
        by_kind
            || self.integrations_on(&account.id).next().is_some()
            || self.detections().account(&account.id).is_some_and(by_signs)
    }
}
