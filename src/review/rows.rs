//! The rows of a review: for each account in it and each place where it may do something of its own, one thing to decide on.
//!
//! What everybody has is no row, nor is what depends on the single issue, nor what people made for themselves. What could
//! merely not be ruled out is a row where a grant was seen that may mean the account, and these are few; otherwise it is told
//! among what was not seen.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::key::key;
use super::left_out::Gathered;
use super::reviewer::{Reviewers, known_as, mails};
use super::scope::{Place as InScope, Sort, principal};
use super::suggest::{Known, suggest};
use super::used::Use;
use crate::inventory::access::{Bound, Permission, Place, Power, Reach, place};
use crate::inventory::needs::compare;
use crate::inventory::{Inventory, may_be_used};
use crate::model::{
    AccessLevel, Body, Container, ContainerForm, Fact, Integration, Kind, LeftOut, NotSeen, Principal, PrincipalType,
    Resource, ResourceId, ReviewRow, ReviewScope, Sureness,
};

/// Of an account with more places than these in which something is merely possible, no such place is a row.
const MOST_POSSIBLE: usize = 10;

/// What a review is asked to be about.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'q> {
    /// Its name.
    pub review: &'q str,
    /// Whose access.
    pub scope: ReviewScope,
    /// The moment at which the snapshot was judged: use is counted from there.
    pub now: DateTime<Utc>,
}

/// What a review is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// Its rows, sorted by who is asked, account and place.
    pub rows: Vec<ReviewRow>,
    /// Accounts that it is about, those without access of their own included.
    pub accounts: usize,
    /// What was left out on purpose.
    pub left_out: Vec<LeftOut>,
    /// What could not be seen.
    pub not_seen: Vec<NotSeen>,
}

/// Makes the rows of a review.
#[must_use]
pub fn draw(inventory: &Inventory<'_>, asked: &Asked<'_>) -> Drawn {
    let mut draft =
        Draft { inventory, asked, beyond: beyond(inventory), gathered: Gathered::default(), rows: Vec::new() };
    let mut accounts = 0;
    for account in inventory.of_kind(Kind::Principal) {
        let Some(body) = principal(account) else { continue };
        if body.account_type == Fact::Known(PrincipalType::Customer) && asked.scope != ReviewScope::All {
            draft.gathered.leave_out("portal customers", 1);
            continue;
        }
        let sort = Sort::of(inventory, account, body);
        match sort.place(asked.scope) {
            InScope::In => {
                accounts += 1;
                draft.account(account, body, sort);
            }
            InScope::Out => draft.gathered.leave_out("accounts outside the scope", 1),
            InScope::Perhaps => draft.perhaps(account, sort),
        }
    }
    let Draft { gathered, mut rows, .. } = draft;
    rows.sort_by(|left, right| order(left).cmp(&order(right)));
    let (left_out, not_seen) = gathered.told(inventory);
    Drawn { rows, accounts, left_out, not_seen }
}

/// Whom nobody answers for comes last.
fn order(row: &ReviewRow) -> impl Ord + use<'_> {
    (row.asked == ReviewRow::UNASSIGNED, &row.asked, &row.account, &row.container)
}

/// The places in which accounts may do something although the register, which says where they work, does not name them.
fn beyond(inventory: &Inventory<'_>) -> BTreeSet<(ResourceId, ResourceId)> {
    let mut beyond = BTreeSet::new();
    for integration in inventory.of_kind(Kind::Integration) {
        let comparison = compare(inventory, integration);
        for excess in comparison.outside.iter().chain(&comparison.administers) {
            beyond.insert((excess.account.id.clone(), excess.container.id.clone()));
        }
    }
    beyond
}

struct Draft<'d, 'a> {
    inventory: &'d Inventory<'a>,
    asked: &'d Asked<'d>,
    beyond: BTreeSet<(ResourceId, ResourceId)>,
    gathered: Gathered,
    rows: Vec<ReviewRow>,
}

/// What the rows of one account share.
struct Subject<'a> {
    account: &'a Resource,
    body: &'a Principal,
    sort: Sort,
    usage: Use,
    active: Fact<bool>,
    known_as: Vec<String>,
    /// Whoever answers for it wherever it goes.
    asked: Option<String>,
    /// Whoever answers for it by the register, and has left.
    owner_left: Option<String>,
    declared: bool,
    left: bool,
}

/// The most that an account may do of its own in one place.
struct Own<'p, 'a> {
    gravest: &'p Permission<'a>,
    /// What may be there above that.
    more: Option<&'p Permission<'a>>,
}

impl<'a> Draft<'_, 'a> {
    /// An account that is out for what was told, and may belong in.
    fn perhaps(&mut self, account: &Resource, sort: Sort) {
        let name = account.title();
        if sort.external.is_unknown() && self.asked.scope == ReviewScope::Default {
            self.gathered.cannot_tell(
                "whether accounts are from outside, and so belong into the review",
                "no source says whether the organisation manages them",
                name,
            );
        }
        if sort.admin.is_unknown() {
            let why = "that they do could not be ruled out";
            self.gathered.cannot_tell(
                "whether accounts administer a whole product, and so belong into the review",
                why,
                name,
            );
        }
    }

    fn account(&mut self, account: &'a Resource, body: &'a Principal, sort: Sort) {
        let subject = self.subject(account, body, sort);
        let reach = self.inventory.access().of_account(account);
        if reach.boundless {
            self.gathered.cannot_tell(
                "which further access accounts of the review have",
                &reach.doubts.join("; "),
                account.title(),
            );
        }
        let (mut possible, mut doubts) = (Vec::new(), BTreeSet::new());
        for found in &reach.places {
            let Body::Container(Container { form, .. }) = &found.container.body else { continue };
            let Some(own) = own(found) else {
                self.gathered.leave_out("accesses that everybody has, or that depend on the single issue", 1);
                continue;
            };
            doubts.extend(own.more.and_then(|more| more.doubt));
            if matches!(form, ContainerForm::Filter | ContainerForm::Dashboard) {
                self.gathered.leave_out("accesses to filters and dashboards", 1);
            } else if own.gravest.bound == Bound::Held {
                let row = self.row(&subject, &reach, found.container, &own);
                self.rows.push(row);
            } else {
                possible.push((found.container, own));
            }
        }
        self.possible(&subject, &reach, possible, &mut doubts);
        for doubt in doubts.into_iter().filter_map(|doubt| reach.doubts.get(usize::from(doubt))) {
            self.gathered.cannot_tell("which further access accounts of the review have", doubt, account.title());
        }
        self.out_of_sight(&subject, &reach);
    }

    /// Where something is merely possible.
    fn possible(
        &mut self,
        subject: &Subject<'a>,
        reach: &Reach<'a>,
        places: Vec<(&'a Resource, Own<'_, 'a>)>,
        doubts: &mut BTreeSet<u16>,
    ) {
        let access = self.inventory.access();
        let granted = |(container, own): &(&'a Resource, Own<'_, 'a>)| {
            access.chains(subject.account, own.gravest.key, container).own().is_some()
        };
        let few = places.len() <= MOST_POSSIBLE;
        for found in places {
            if few && granted(&found) {
                let row = self.row(subject, reach, found.0, &found.1);
                self.rows.push(row);
            } else {
                doubts.extend(found.1.gravest.doubt);
            }
        }
    }

    fn subject(&self, account: &'a Resource, body: &'a Principal, sort: Sort) -> Subject<'a> {
        let reviewers = self.reviewers();
        let integrations: Vec<&Resource> = self.inventory.integrations_on(&account.id).collect();
        let owner_left = integrations.iter().find_map(|integration| match &integration.body {
            Body::Integration(Integration { owner_email: Fact::Known(mail), .. }) if reviewers.has_left(mail) => {
                Some(mail.clone())
            }
            _ => None,
        });
        Subject {
            account,
            body,
            sort,
            usage: Use::of(self.inventory, account, body, self.asked.now),
            active: may_be_used(account),
            known_as: known_as(account, body),
            asked: reviewers.of_account(account, body),
            owner_left,
            declared: !integrations.is_empty(),
            left: mails(body).any(|mail| reviewers.has_left(mail)),
        }
    }

    fn reviewers(&self) -> Reviewers<'_, 'a> {
        Reviewers { inventory: self.inventory, now: self.asked.now }
    }

    fn row(&self, subject: &Subject<'a>, reach: &Reach<'a>, container: &'a Resource, own: &Own<'_, 'a>) -> ReviewRow {
        let why = |one: &Permission<'_>| {
            one.doubt
                .and_then(|doubt| reach.doubts.get(usize::from(doubt)))
                .map_or("it could not be ruled out", String::as_str)
        };
        let held = own.gravest.bound == Bound::Held;
        let doubt = match own.more {
            _ if !held => why(own.gravest).to_owned(),
            Some(more) => format!("may be more ({}): {}", level_of(more.power).name(), why(more)),
            None => String::new(),
        };
        let chain = self.inventory.access().shortest(subject.account, own.gravest.key, container);
        let asked = subject.asked.clone().unwrap_or_else(|| self.reviewers().of_place(subject.account, container));
        let of = OfPlace {
            id: &container.id,
            words: place(container),
            seen: true,
            asked,
            level: level_of(own.gravest.power),
            permission: own.gravest.key,
            sureness: if held { Sureness::Certain } else { Sureness::Possible },
            doubt,
        };
        let (chain, other_chains) = chain.map_or_else(Default::default, |chain| (chain.words, chain.others));
        ReviewRow { chain, other_chains, ..self.bare_row(subject, of) }
    }

    /// What was granted on things that were not seen themselves, and is certain; the rest is told as a doubt.
    fn out_of_sight(&mut self, subject: &Subject<'a>, reach: &Reach<'a>) {
        let mut by_place: BTreeMap<&ResourceId, &Permission<'_>> = BTreeMap::new();
        for (id, one) in reach.out_of_sight.iter().filter(|(_, one)| !one.of_everybody) {
            if one.bound != Bound::Held {
                let what = "which access accounts of the review have to places that were not seen themselves";
                self.gathered.cannot_tell(what, "what is granted there was not told in full", subject.account.title());
                continue;
            }
            let known = by_place.entry(id).or_insert(one);
            if one.power > known.power {
                *known = one;
            }
        }
        for (id, one) in by_place {
            let of = OfPlace {
                id,
                words: format!("{} (not seen itself)", id.native()),
                seen: false,
                asked: subject.asked.clone().unwrap_or_else(|| ReviewRow::UNASSIGNED.to_owned()),
                level: level_of(one.power),
                permission: one.key,
                sureness: Sureness::Certain,
                doubt: String::new(),
            };
            let row = self.bare_row(subject, of);
            self.rows.push(row);
        }
    }

    fn bare_row(&self, subject: &Subject<'a>, of: OfPlace<'_>) -> ReviewRow {
        let Subject { account, body, sort, usage, .. } = subject;
        let known = Known {
            machine: sort.machine,
            external: sort.external == Fact::Known(true) && !sort.machine,
            active: subject.active,
            left: subject.left,
            owner_left: subject.owner_left.as_deref(),
            declared: subject.declared || body.account_type == Fact::Known(PrincipalType::App),
            beyond: self.beyond.contains(&(account.id.clone(), of.id.clone())),
            usage,
            level: of.level,
            sureness: of.sureness,
            now: self.asked.now,
        };
        let (suggestion, reasons) = suggest(&known);
        ReviewRow {
            key: key(self.asked.review, &account.id, of.id),
            asked: of.asked,
            account: account.id.clone(),
            account_name: account.title().to_owned(),
            known_as: subject.known_as.clone(),
            sort: sort.words().to_owned(),
            active: subject.active,
            container: of.id.clone(),
            place: of.words,
            place_seen: of.seen,
            level: of.level,
            permission: of.permission.to_owned(),
            sureness: of.sureness,
            doubt: of.doubt,
            chain: String::new(),
            other_chains: 0,
            credentials: usage.credentials.clone(),
            last_used: usage.last,
            suggestion,
            reasons,
        }
    }
}

/// What a row says of its place.
struct OfPlace<'p> {
    id: &'p ResourceId,
    words: String,
    seen: bool,
    asked: String,
    level: AccessLevel,
    permission: &'p str,
    sureness: Sureness,
    doubt: String,
}

/// The gravest of what is the account's own there: what is certain before what is possible.
fn own<'p, 'a>(place: &'p Place<'a>) -> Option<Own<'p, 'a>> {
    let gravest = |fits: fn(&Permission<'_>) -> bool| {
        let own = place.permissions.iter().filter(|one| fits(one) && !one.of_everybody);
        // Of equals the first by name.
        own.rev().max_by_key(|one| one.power)
    };
    match (gravest(|one| one.bound == Bound::Held), gravest(|one| one.is_possible())) {
        (Some(held), possible) => Some(Own { gravest: held, more: possible.filter(|more| more.power > held.power) }),
        (None, Some(possible)) => Some(Own { gravest: possible, more: None }),
        (None, None) => None,
    }
}

fn level_of(power: Power) -> AccessLevel {
    match power {
        Power::Read => AccessLevel::Reads,
        Power::Write => AccessLevel::Changes,
        Power::Destroy => AccessLevel::Deletes,
        Power::Administer => AccessLevel::Decides,
        Power::AdministerAll => AccessLevel::Administers,
    }
}
