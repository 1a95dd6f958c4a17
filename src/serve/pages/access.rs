//! What an account or a credential may do, with the chains by which it may; and who may do something in a place.

use axum::response::{Html, Response};
use serde::Serialize;

use super::inventory::mails;
use super::{Frame, Inquiry, Laid, Miss, page};
use crate::model::{Body, Container, Kind, Resource, ResourceId};
use crate::reports::{AccessQuestion, Parts, WhoCanQuestion, access_parts, who_can_parts};

/// Things of one name that are listed.
const MOST: usize = 50;

/// Both questions, with the answer to one of them.
#[derive(Serialize, Default)]
struct View<'a> {
    /// What was asked.
    id: &'a str,
    on: &'a str,
    permission: &'a str,
    all: bool,
    why: bool,
    answer: Option<Parts>,
    /// Where ids of findings lead.
    to: String,
    /// What could be meant, where a name is not one thing's alone.
    candidates: Vec<Candidate>,
    /// Why there is no answer.
    trouble: String,
    everything_link: Option<String>,
    chains_link: Option<String>,
    /// Permissions that are given in the place that is asked about.
    permissions: Vec<Candidate>,
}

#[derive(Serialize)]
struct Candidate {
    name: String,
    beside: String,
    link: String,
}

/// What somebody wrote names one thing, several, or none.
enum Named<'a> {
    One(&'a Resource),
    Several(Vec<&'a Resource>),
    None,
}

/// What is called so: by id, native id, name, user name, mail address, or key. Nothing is guessed.
fn named<'a>(laid: &Laid<'a>, kinds: &[Kind], written: &str) -> Named<'a> {
    let exact = ResourceId::parse(written).and_then(|id| laid.inventory.get(&id));
    if let Some(one) = exact.filter(|one| kinds.contains(&one.kind())) {
        return Named::One(one);
    }
    let words = written.to_lowercase();
    let key = |one: &'a Resource| match &one.body {
        Body::Container(Container { key, .. }) => key.known().map(String::as_str),
        _ => None,
    };
    let bears = |one: &&'a Resource| {
        let names = [one.id.native(), one.name.as_str(), one.title()].into_iter();
        names.chain(mails(one)).chain(key(one)).any(|name| name.to_lowercase() == words)
    };
    let all = kinds.iter().flat_map(|kind| laid.inventory.of_kind(*kind));
    let found: Vec<&Resource> = all.filter(bears).collect();
    match found.as_slice() {
        [] => Named::None,
        [one] => Named::One(one),
        _ => Named::Several(found),
    }
}

fn candidates(laid: &Laid<'_>, found: &[&Resource], link: impl Fn(&str) -> String) -> Vec<Candidate> {
    let candidate = |one: &&Resource| {
        let whose = one.holder().filter(|holder| **holder != one.id).map(|holder| laid.inventory.name(holder));
        let whose = whose.map(|name| format!(" of {name}")).unwrap_or_default();
        let beside = format!("{}{whose}, {}", one.kind().name(), one.id);
        Candidate { name: one.title().to_owned(), beside, link: link(one.id.as_str()) }
    };
    found.iter().take(MOST).map(candidate).collect()
}

const ACTING: [Kind; 2] = [Kind::Principal, Kind::Credential];

pub(in crate::serve) async fn access(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, inquiry| {
            let view = may_do(laid, frame, inquiry);
            Ok(Html(page(laid, frame, ("access.html", "access"), "Access", &view)))
        })
        .await
}

fn may_do<'a>(laid: &Laid<'_>, frame: &Frame, inquiry: &'a Inquiry) -> View<'a> {
    let word = |key: &str| inquiry.word(key);
    let (id, on) = (word("id"), word("on"));
    let is_on = |key: &str| word(key) == "1";
    let (all, why) = (is_on("all"), is_on("why"));
    let mut view = View { id, on, all, why, to: frame.link("findings/", &[]), ..View::default() };
    if id.is_empty() {
        return view;
    }
    let subject = match named(laid, &ACTING, id) {
        Named::One(one) => one,
        Named::Several(found) => {
            view.candidates = candidates(laid, &found, |id| frame.link("access", &[("id", id), ("on", on)]));
            view.trouble = format!("This is the name of {} accounts and credentials. Which?", found.len());
            return view;
        }
        Named::None => {
            view.trouble = "No account or credential that was seen is called so. The inventory lists them.".to_owned();
            return view;
        }
    };
    let place = match (on.is_empty(), named(laid, &[Kind::Container], on)) {
        (true, _) => None,
        (false, Named::One(place)) => Some(place),
        (false, Named::Several(found)) => {
            view.candidates = candidates(laid, &found, |on| frame.link("access", &[("id", id), ("on", on)]));
            view.trouble = format!("This is the name of {} places. Which?", found.len());
            return view;
        }
        (false, Named::None) => {
            view.trouble = "No place that was seen is called so. The inventory lists containers.".to_owned();
            return view;
        }
    };
    let (inventory, head) = (laid.inventory, &laid.assessment.head);
    let question = AccessQuestion { inventory, head, subject, on: place, permission: None, why, all, now: frame.now };
    view.answer = Some(access_parts(&question));
    let ask = |all: &str, why: &str| frame.link("access", &[("id", id), ("on", on), ("all", all), ("why", why)]);
    view.everything_link = (!all).then(|| ask("1", if why { "1" } else { "" }));
    view.chains_link = (!why).then(|| ask(if all { "1" } else { "" }, "1"));
    view
}

pub(in crate::serve) async fn who_can(inquiry: Inquiry) -> Response {
    inquiry
        .answer(|laid, frame, inquiry| {
            let view = who(laid, frame, inquiry)?;
            Ok(Html(page(laid, frame, ("access.html", "access"), "Who can", &view)))
        })
        .await
}

fn who<'a>(laid: &Laid<'_>, frame: &Frame, inquiry: &'a Inquiry) -> Result<View<'a>, Miss> {
    let word = |key: &str| inquiry.word(key);
    let (permission, on, all) = (word("permission"), word("on"), word("all") == "1");
    let mut view = View { on, permission, all, to: frame.link("findings/", &[]), ..View::default() };
    if on.is_empty() {
        return Err(Miss::Odd("Name the place: a project, space, repository or site.".to_owned()));
    }
    let place = match named(laid, &[Kind::Container], on) {
        Named::One(place) => place,
        Named::Several(found) => {
            let to = |on: &str| frame.link("who-can", &[("permission", permission), ("on", on)]);
            view.candidates = candidates(laid, &found, to);
            view.trouble = format!("This is the name of {} places. Which?", found.len());
            return Ok(view);
        }
        Named::None => {
            view.trouble = "No place that was seen is called so. The inventory lists containers.".to_owned();
            return Ok(view);
        }
    };
    let access = laid.inventory.access();
    let given: Vec<&str> = access.permissions_on(place).into_iter().map(|(key, _)| key).collect();
    view.permissions = given
        .iter()
        .map(|key| Candidate {
            name: (*key).to_owned(),
            beside: String::new(),
            link: frame.link("who-can", &[("permission", key), ("on", place.id.as_str())]),
        })
        .collect();
    if permission.is_empty() {
        return Ok(view);
    }
    // A misspelt permission must not look like one that nobody has.
    if !given.contains(&permission) && !access.permission_keys().contains(&permission) {
        view.trouble = "No grant that was seen gives a permission of this name.".to_owned();
        return Ok(view);
    }
    let question = WhoCanQuestion {
        inventory: laid.inventory,
        head: &laid.assessment.head,
        permission,
        on: place,
        all,
        now: frame.now,
    };
    view.answer = Some(who_can_parts(&question));
    view.everything_link =
        (!all).then(|| frame.link("who-can", &[("permission", permission), ("on", on), ("all", "1")]));
    Ok(view)
}
