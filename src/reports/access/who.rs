//! Who may do something in a place, for a terminal.

use super::{WhoCanQuestion, bound_words, described, subject};
use crate::inventory::access::{Bound, Chains, WhoCan, WhoHolds};
use crate::model::{Body, Fact, Resource};
use crate::reports::html::Parts;
use crate::reports::layout::{Block, Ink, Look, Page, Words, dotted, words};
use crate::text::{plural, thousands};

/// The most accounts that are shown unless all are asked for.
const MOST: usize = 30;
/// The most credentials of one account that are told by name.
const MOST_CREDENTIALS: usize = 4;
/// The most accounts told by name in one line.
const MOST_NAMES: usize = 8;

/// Who has a permission in a place, for a terminal.
#[must_use]
pub fn who_can_page(question: &WhoCanQuestion<'_, '_>, look: Look) -> String {
    laid_out(question, look).into_text()
}

/// The same for a browser.
#[must_use]
pub fn who_can_parts(question: &WhoCanQuestion<'_, '_>) -> Parts {
    Parts::of(laid_out(question, Parts::LOOK))
}

fn laid_out(question: &WhoCanQuestion<'_, '_>, look: Look) -> Page {
    let who = question.inventory.access().who_can(question.permission, question.on);
    let mut page = Page::new(look);
    page.paragraph(
        0,
        &[
            words(Ink::Strong, question.permission),
            words(Ink::Plain, "on"),
            words(Ink::Strong, &described(question.on)),
        ],
    );
    page.paragraph(0, &[words(Ink::Plain, &headline(&who))]);
    everybody(&mut page, question, &who);
    accounts(&mut page, question, &who);
    could_take(&mut page, question, &who);
    doubts(&mut page, &who);
    page
}

/// “3 accounts for certain, 1 depending on the issue; of 12 more it cannot be ruled out.”
fn headline(who: &WhoCan<'_>) -> String {
    let of = |bound| who.accounts.iter().filter(|one| one.bound == bound).count();
    let (held, conditional, possible) = (of(Bound::Held), of(Bound::Conditional), of(Bound::Possible));
    let beside = if who.everybody.is_some() { " beside everybody" } else { "" };
    let mut said = match held {
        0 => format!("Nobody for certain{beside}"),
        held => format!("{} for certain{beside}", plural(held, "account", "accounts")),
    };
    if conditional > 0 {
        said.push_str(&format!(", {} depending on the issue", thousands(conditional)));
    }
    match (possible, who.doubts.is_empty()) {
        (0, true) => said.push('.'),
        (0, false) => said.push_str("; there may be more."),
        (possible, _) => said.push_str(&format!("; of {} more it cannot be ruled out.", thousands(possible))),
    }
    said
}

fn everybody(page: &mut Page, question: &WhoCanQuestion<'_, '_>, who: &WhoCan<'_>) {
    let Some(everybody) = &who.everybody else { return };
    page.blank();
    let chain = Chains { container: Some(question.on), ..Chains::default() };
    let words_of = question.inventory.access().words(&chain, &everybody.chain);
    let count = plural(everybody.accounts, "account", "accounts");
    page.paragraph(
        0,
        &[
            words(Ink::Warn, "Everybody:"),
            words(Ink::Plain, &words_of),
            words(Ink::Dim, &format!("({count}, {})", bound_words(everybody.chain.bound))),
        ],
    );
}

fn accounts(page: &mut Page, question: &WhoCanQuestion<'_, '_>, who: &WhoCan<'_>) {
    // What cannot be ruled out of many is told once.
    let (told, hidden): (Vec<&WhoHolds<'_>>, Vec<&WhoHolds<'_>>) =
        who.accounts.iter().partition(|one| question.all || one.bound != Bound::Possible);
    let most = if question.all { usize::MAX } else { MOST };
    if !told.is_empty() {
        page.heading("WHO", &format!("({})", thousands(told.len())));
        let blocks: Vec<Block> = told.iter().take(most).map(|one| account(question, one)).collect();
        page.blocks(blocks);
    }
    if told.len() > most {
        let more = format!("… and {} more (--all, --format csv)", thousands(told.len() - most));
        page.paragraph(2, &[words(Ink::Dim, &more)]);
    }
    if !hidden.is_empty() {
        page.heading("CANNOT BE RULED OUT", &format!("({})", thousands(hidden.len())));
        page.paragraph(2, &[words(Ink::Plain, &names(hidden.iter().map(|one| one.account)))]);
        // The way of one of them shows what it hangs on.
        if let Some(first) = hidden.iter().find(|one| one.chain.is_some()) {
            let details = account(question, first).details;
            for line in details.iter().take(2) {
                page.paragraph(6, line);
            }
        }
    }
}

fn account(question: &WhoCanQuestion<'_, '_>, one: &WhoHolds<'_>) -> Block {
    let Body::Principal(body) = &one.account.body else { return Block::default() };
    let status = body.status.known().filter(|status| *status != "active").map_or("", String::as_str);
    let ink = if one.bound == Bound::Held { Ink::Bad } else { Ink::Warn };
    let head = dotted([
        words(Ink::Strong, one.account.title()),
        words(Ink::Plain, &subject::sort_of(body)),
        words(Ink::Warn, status),
    ]);
    let mut details = Vec::new();
    if let Some(chain) = &one.chain {
        let chains = Chains { account: Some(one.account), container: Some(question.on), ..Chains::default() };
        let mut line = vec![words(Ink::Dim, &question.inventory.access().words(&chains, chain))];
        if one.others > 0 {
            let others = plural(one.others, "other chain", "other chains");
            line.push(words(Ink::Dim, &format!("(and {others})")));
        }
        details.push(line);
        if let Some(why) = question.inventory.access().why(&chains, chain) {
            details.push(vec![words(Ink::Warn, "because"), words(Ink::Dim, &why)]);
        }
    }
    details.extend(acting(question, one.account));
    Block { label: Some(words(ink, label(one.bound))), head, id: None, details }
}

fn label(bound: Bound) -> &'static str {
    match bound {
        Bound::Held => "certain",
        Bound::Conditional => "depends",
        Bound::Possible => "possible",
    }
}

/// The credentials that act for an account and have not ended.
fn acting(question: &WhoCanQuestion<'_, '_>, account: &Resource) -> Option<Vec<Words>> {
    let live: Vec<&Resource> = live_credentials(question, account).collect();
    if live.is_empty() {
        return None;
    }
    let mut named: Vec<String> = live.iter().take(MOST_CREDENTIALS).map(|one| credential_words(one)).collect();
    if live.len() > MOST_CREDENTIALS {
        named.push(format!("{} more", thousands(live.len() - MOST_CREDENTIALS)));
    }
    Some(vec![words(Ink::Plain, "acted for by"), words(Ink::Plain, &crate::text::join_and(&named))])
}

/// The credentials of an account that are not known to have ended.
pub(super) fn live_credentials<'a>(
    question: &WhoCanQuestion<'_, 'a>,
    account: &Resource,
) -> impl Iterator<Item = &'a Resource> {
    let credentials: Vec<&'a Resource> = question.inventory.credentials_of(&account.id).collect();
    let now = question.now;
    credentials.into_iter().filter(move |one| match &one.body {
        Body::Credential(credential) => credential.is_live(now) != Fact::Known(false),
        _ => false,
    })
}

fn credential_words(credential: &Resource) -> String {
    match &credential.body {
        Body::Credential(body) => format!("{} “{}”", body.form.title(), crate::text::shorten(credential.title(), 40)),
        _ => credential.title().to_owned(),
    }
}

fn could_take(page: &mut Page, question: &WhoCanQuestion<'_, '_>, who: &WhoCan<'_>) {
    if who.could_take.is_empty() {
        return;
    }
    page.heading("HAVE IT NOT, AND COULD GIVE IT TO THEMSELVES", &format!("({})", thousands(who.could_take.len())));
    let accounts = who.could_take.iter().copied();
    let said = if question.all { all_names(accounts) } else { names(accounts) };
    page.paragraph(2, &[words(Ink::Plain, &said), words(Ink::Dim, "(they administer the product)")]);
}

fn all_names<'a>(accounts: impl Iterator<Item = &'a Resource>) -> String {
    accounts.map(Resource::title).collect::<Vec<_>>().join(", ")
}

fn names<'a>(accounts: impl Iterator<Item = &'a Resource>) -> String {
    let names: Vec<&str> = accounts.map(Resource::title).collect();
    if names.len() <= MOST_NAMES {
        return names.join(", ");
    }
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).copied().collect();
    format!("{} and {} more (--all, --format csv)", shown.join(", "), thousands(names.len() - MOST_NAMES))
}

fn doubts(page: &mut Page, who: &WhoCan<'_>) {
    if who.doubts.is_empty() {
        return;
    }
    page.heading("WHAT COULD NOT BE RULED OUT", &format!("({})", who.doubts.len()));
    for doubt in &who.doubts {
        page.paragraph(2, &[words(Ink::Plain, doubt)]);
    }
}
