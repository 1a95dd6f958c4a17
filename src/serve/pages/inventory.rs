//! What was seen: the kinds of things, the things of a kind, and one of them with all that is known.

use axum::response::{Html, Response};
use serde::Serialize;

use super::paging::{Paging, has};
use super::{Frame, Inquiry, Laid, Miss, page};
use crate::app::Notes;
use crate::model::{Body, Fact, Kind, Resource, ResourceId};
use crate::reports::{Grid, Parts, inventory_grid, resource_note_parts};

/// Things beside one that are named.
const MOST_BESIDE: usize = 40;

#[derive(Serialize)]
struct Kinds {
    kinds: Vec<KindView>,
}

#[derive(Serialize)]
struct KindView {
    link: String,
    name: String,
    count: usize,
    /// Things that were seen before, and are out of sight now.
    carried: usize,
    whole: bool,
}

pub(in crate::serve) async fn kinds(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, _inquiry| {
            let kinds = Kind::ALL.into_iter().map(|kind| KindView {
                link: frame.link(&format!("inventory/{}s", kind.name()), &[]),
                name: format!("{}s", kind.name()),
                count: laid.inventory.of_kind(kind).count(),
                carried: carried(laid, kind),
                whole: laid.inventory.seen_whole(kind),
            });
            let view = Kinds { kinds: kinds.collect() };
            Ok(Html(page(laid, frame, ("kinds.html", "inventory"), "Inventory", &view)))
        })
        .await
}

/// How many things of a kind were seen before, and are out of sight now.
fn carried(laid: &Laid<'_>, kind: Kind) -> usize {
    let snapshot = laid.inventory.snapshot();
    let out_of_sight = |one: &&Resource| one.kind() == kind && snapshot.get(&one.id).is_none();
    snapshot.carried.iter().filter(out_of_sight).count()
}

#[derive(Serialize)]
struct List<'a> {
    kind: String,
    grid: Grid,
    /// Where the first cell of each row leads.
    links: Vec<String>,
    paging: Paging,
    q: &'a str,
    whole: bool,
    carried: usize,
    csv: String,
}

pub(in crate::serve) async fn inventory(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, inquiry| {
            let kind = inquiry.name.strip_suffix('s').and_then(Kind::named);
            let kind = kind.ok_or_else(|| Miss::NotThere("There is no such kind of thing.".to_owned()))?;
            let q = inquiry.word("q");
            let words = q.to_lowercase();
            let fits = |one: &&Resource| {
                let own = [one.title(), one.name.as_str(), one.id.as_str()];
                let holder = one.holder().map(|holder| laid.inventory.name(holder));
                has(&words, own.into_iter().chain(mails(one)).chain(holder))
            };
            let fitting: Vec<&Resource> = laid.inventory.of_kind(kind).filter(fits).collect();
            let path = format!("inventory/{}s", kind.name());
            let (paging, rows) = Paging::of(frame, &path, &[("q", q)], &inquiry.asked, fitting.len())?;
            let shown = fitting.get(rows).unwrap_or_default();
            let view = List {
                kind: format!("{}s", kind.name()),
                grid: inventory_grid(kind, shown, laid.inventory),
                links: shown.iter().map(|one| frame.link("resource", &[("id", one.id.as_str())])).collect(),
                paging,
                q,
                whole: laid.inventory.seen_whole(kind),
                carried: carried(laid, kind),
                csv: if kind == Kind::Person { "people.csv".to_owned() } else { format!("{}s.csv", kind.name()) },
            };
            let title = format!("Inventory: {}s", kind.name());
            Ok(Html(page(laid, frame, ("inventory.html", "inventory"), &title, &view)))
        })
        .await
}

/// By what an account is known beside its name.
pub(super) fn mails(resource: &Resource) -> Vec<&str> {
    match &resource.body {
        Body::Principal(account) => {
            let others = account.other_emails.known().into_iter().flatten().map(String::as_str);
            let own = [&account.username, &account.email].into_iter().filter_map(Fact::known).map(String::as_str);
            own.chain(others).collect()
        }
        _ => Vec::new(),
    }
}

#[derive(Serialize)]
struct One {
    id: String,
    parts: Parts,
    to: String,
    history_link: String,
    findings_link: String,
    access_link: Option<String>,
    who_can_link: Option<String>,
    beside: Vec<Beside>,
    more_beside: usize,
}

#[derive(Serialize)]
struct Beside {
    what: &'static str,
    name: String,
    link: String,
}

pub(in crate::serve) async fn resource(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, inquiry| {
            let written = inquiry.word("id");
            let nothing = || Miss::NotThere("There is no resource with this id in the store.".to_owned());
            let id = ResourceId::parse(written).ok_or_else(nothing)?;
            let store = laid.store()?;
            if store.known(&id)?.is_none() {
                return Err(nothing());
            }
            let findings = &laid.assessment.findings;
            let notes = Notes { store: &store, rules: &laid.source.rules, knowledge: &laid.source.knowledge, findings };
            let parts = notes.of_resource(&id, resource_note_parts)?;
            let here = laid.inventory.get(&id);
            let acts = matches!(id.kind(), Kind::Principal | Kind::Credential) && here.is_some();
            let mut beside = here.map(|one| beside(laid, frame, one)).unwrap_or_default();
            let more_beside = beside.len().saturating_sub(MOST_BESIDE);
            beside.truncate(MOST_BESIDE);
            let view = One {
                parts,
                to: frame.link("findings/", &[]),
                history_link: frame.link("history", &[("id", id.as_str())]),
                findings_link: frame.link("findings", &[("q", id.as_str()), ("status", "all")]),
                access_link: acts.then(|| frame.link("access", &[("id", id.as_str())])),
                who_can_link: (id.kind() == Kind::Container && here.is_some())
                    .then(|| frame.link("who-can", &[("on", id.as_str())])),
                beside,
                more_beside,
                id: id.as_str().to_owned(),
            };
            let name = here.map_or_else(|| id.native().to_owned(), |one| one.title().to_owned());
            Ok(Html(page(laid, frame, ("resource.html", "inventory"), &name, &view)))
        })
        .await
}

/// Whose a thing is, where it is, and what belongs to it.
fn beside(laid: &Laid<'_>, frame: &Frame, one: &Resource) -> Vec<Beside> {
    let inventory = laid.inventory;
    let to = |what, id: &ResourceId| Beside {
        what,
        name: inventory.name(id).to_owned(),
        link: frame.link("resource", &[("id", id.as_str())]),
    };
    let mut beside = Vec::new();
    beside.extend(one.holder().filter(|id| **id != one.id).map(|id| to("held by", id)));
    beside.extend(one.place().map(|id| to("in", id)));
    beside.extend(inventory.credentials_of(&one.id).map(|credential| to("credential", &credential.id)));
    beside.extend(inventory.grants_of(&one.id).map(|grant| to("grant", &grant.id)));
    beside.extend(inventory.grants_on(&one.id).map(|grant| to("grant on it", &grant.id)));
    beside
}
