//! Who an account or credential is, in a few words.

use chrono::{DateTime, Utc};

use crate::inventory::Inventory;
use crate::inventory::access::{Ceiling, Reach};
use crate::model::{Body, Credential, CredentialForm, Fact, Principal, PrincipalType, Resource};
use crate::reports::say;
use crate::text;

/// The most scopes that are told one by one.
const MOST_SCOPES: usize = 12;

/// Sort, status and names, each to stand between dots.
pub(super) fn about(subject: &Resource, inventory: &Inventory<'_>, now: DateTime<Utc>) -> Vec<String> {
    match &subject.body {
        Body::Principal(account) => of_account(account),
        Body::Credential(credential) => of_credential(credential, inventory, now),
        _ => vec![subject.kind().name().to_owned()],
    }
}

fn of_account(account: &Principal) -> Vec<String> {
    let mut about = vec![sort_of(account), say::fact(&account.status, |status| status.clone())];
    if let Some(last) = about.last_mut().filter(|status| matches!(status.as_str(), "unknown" | "none")) {
        "status not told".clone_into(last);
    }
    about.extend(account.username.known().cloned());
    about.extend(account.email.known().cloned());
    about
}

/// The sort of an account in words.
pub(super) fn sort_of(account: &Principal) -> String {
    match account.account_type {
        Fact::Known(PrincipalType::ServiceAccount) => "service account".to_owned(),
        Fact::Known(sort) => sort.name().to_owned(),
        Fact::Absent | Fact::Unknown => "account of a sort not told".to_owned(),
    }
}

fn of_credential(credential: &Credential, inventory: &Inventory<'_>, now: DateTime<Utc>) -> Vec<String> {
    let owner = match &credential.owner {
        Fact::Known(owner) => format!("of {}", inventory.name(owner)),
        Fact::Absent => "of no account".to_owned(),
        Fact::Unknown => "owner not told".to_owned(),
    };
    let end = match (&credential.expires_at, credential.has_ended(now)) {
        (_, true) => String::new(),
        (Fact::Known(end), false) => format!("ends {}", say::day(*end)),
        (Fact::Absent, false) => "never ends".to_owned(),
        (Fact::Unknown, false) => "end not told".to_owned(),
    };
    let used = match &credential.last_used_at {
        Fact::Known(used) => format!("used {}", say::ago(now, *used)),
        Fact::Absent => "no use on record".to_owned(),
        Fact::Unknown => String::new(),
    };
    vec![credential.form.title().to_owned(), owner, end, used]
}

/// Why nothing of this can be used at present, as a sentence.
pub(super) fn shut(subject: &Resource, inventory: &Inventory<'_>, now: DateTime<Utc>) -> Option<String> {
    let of_account = |account: &Principal| {
        let status = account.status.known()?;
        (Principal::lets_in(status) == Some(false)).then(|| status.clone())
    };
    match &subject.body {
        Body::Principal(account) => {
            let status = of_account(account)?;
            Some(format!("{status}: none of this can be used until somebody lets it in again."))
        }
        Body::Credential(credential) if credential.has_ended(now) => {
            let status = credential.status.known().filter(|status| *status != "active");
            let word = status.map_or("expired", String::as_str);
            Some(format!("{word}: none of this can be used with it any more."))
        }
        Body::Credential(credential) => {
            let owner = credential.owner.known()?;
            let status = inventory.principal(owner).and_then(of_account)?;
            let name = inventory.name(owner);
            Some(format!("{name} is {status}: none of this can be used until somebody lets the account in again."))
        }
        _ => None,
    }
}

/// What limits a credential, as a sentence; `None` for an account.
pub(super) fn limits(subject: &Resource, reach: &Reach<'_>) -> Option<String> {
    let Body::Credential(credential) = &subject.body else { return None };
    let nobody = credential.owner.known().is_none();
    Some(match &reach.ceiling {
        _ if credential.form == CredentialForm::SshKey => {
            "With it one reads and writes repositories, whatever else its owner may do.".to_owned()
        }
        Ceiling::Nothing if nobody => return None,
        Ceiling::Nothing => "It has no limits of its own: it may do all that its owner may.".to_owned(),
        Ceiling::NotRevealed => {
            "Its scopes were not revealed: this is the most that it may do, all that its owner may.".to_owned()
        }
        Ceiling::Scopes(scopes) => {
            format!("It may do what its owner may within its scopes: {}.", scope_list(scopes))
        }
        Ceiling::OneThing => "It opens the one thing that it was made for, and what lies inside.".to_owned(),
        Ceiling::Organisation => match &credential.scopes {
            Fact::Known(scopes) if scopes.is_empty() => "It acts as the organisation, without any limit.".to_owned(),
            Fact::Known(scopes) => format!("It acts as the organisation within its scopes: {}.", scope_list(scopes)),
            Fact::Absent | Fact::Unknown => {
                "It acts as the organisation; nobody told its scopes, so it may be without any limit.".to_owned()
            }
        },
    })
}

fn scope_list(scopes: &[String]) -> String {
    let mut shown: Vec<String> = scopes.iter().take(MOST_SCOPES).map(|scope| text::shorten(scope, 60)).collect();
    if scopes.len() > MOST_SCOPES {
        shown.push(format!("{} more", text::thousands(scopes.len() - MOST_SCOPES)));
    }
    text::join_and(&shown)
}
