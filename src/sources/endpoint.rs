//! One endpoint as data: its name in the ledger, the requests it takes, what it shows and the right it needs.
//! The same table is the list of requests that may leave the house.

use crate::http::{Allowed, Method, Request, segment};
use crate::model::{EndpointState, Kind, in_plain_words};

/// One thing that a source asks for. Its name is unique within the source.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// Its name in words: “user API tokens”.
    pub name: &'static str,
    /// The requests it takes: first the one that brings rows, then those that count them or stand in for it. None if a file
    /// on this machine is read.
    pub requests: &'static [Allowed],
    /// The kinds of resource that may be hidden, or known less of, while it is not read.
    pub shows: &'static [Kind],
    /// The forms of those kinds it is about; none if it can show any.
    pub forms: &'static [&'static str],
    /// The right that reading it takes, in the product's words.
    pub right: &'static str,
    /// What “not found” means: mostly that the credential may not see it, for some that the product has no such thing.
    pub missing: EndpointState,
    /// The plan that has it, where not every plan does.
    pub plan: Option<&'static str>,
    /// True if every site of the product answers it: no answer means that the address is wrong.
    pub always_there: bool,
    /// True if it shows only what the scanning account may view, and has no way of telling what else there is.
    pub visible_only: bool,
    /// True if a version of the product that has no such thing answers with a page for people: only what the API itself
    /// calls missing is then `missing`.
    pub varies: bool,
    /// How many requests it takes, in words: “1 per 100 accounts”.
    pub cost: &'static str,
}

impl Endpoint {
    /// An endpoint whose absence means that the credential may not see it.
    pub(super) const fn new(
        name: &'static str,
        requests: &'static [Allowed],
        shows: &'static [Kind],
        right: &'static str,
    ) -> Self {
        let (missing, plan, always_there) = (EndpointState::Denied, None, false);
        let (visible_only, varies, forms) = (false, false, &[]);
        Self { name, requests, shows, forms, right, missing, plan, always_there, cost: "1", visible_only, varies }
    }

    /// What is read from a file on this machine: it takes no request.
    pub(super) const fn of_file(name: &'static str, shows: &'static [Kind], right: &'static str) -> Self {
        Self { cost: "none: a file is read", ..Self::new(name, &[], shows, right) }
    }

    /// The same endpoint, for a product that may not offer it.
    pub(super) const fn may_be_missing(self) -> Self {
        Self { missing: EndpointState::NotOffered, ..self }
    }

    /// The same endpoint, which not every version of the product has.
    pub(super) const fn varies_by_version(self) -> Self {
        Self { varies: true, ..self }
    }

    /// The same endpoint, about these forms only of what it shows.
    pub(super) const fn only(self, forms: &'static [&'static str]) -> Self {
        Self { forms, ..self }
    }

    /// The same endpoint, which only a plan like this one has.
    pub(super) const fn needs_plan(self, plan: &'static str) -> Self {
        Self { plan: Some(plan), ..self }
    }

    /// The same endpoint, which every site of the product has.
    pub(super) const fn always_there(self) -> Self {
        Self { always_there: true, ..self }
    }

    /// The same endpoint, which shows only what the scanning account may view: its silence proves nothing.
    pub(super) const fn visible_only(self) -> Self {
        Self { visible_only: true, ..self }
    }

    /// The same endpoint, which takes this many requests.
    pub(super) const fn costs(self, cost: &'static str) -> Self {
        Self { cost, ..self }
    }

    /// What it shows, in words; what only adds facts to resources that others show says so.
    #[must_use]
    pub fn shows_in_words(&self) -> String {
        if self.shows.is_empty() {
            return "nothing of its own".to_owned();
        }
        in_plain_words(self.shows, self.forms).join(", ")
    }

    /// The right that reading it takes, and the plan, where not every plan has it.
    #[must_use]
    pub fn right_in_words(&self) -> String {
        match self.plan {
            Some(plan) => format!("{}; {plan}", self.right),
            None => self.right.to_owned(),
        }
    }

    /// The request that brings its rows, with `ids` in the places of `{}`.
    pub(super) fn request(&self, ids: &[&str]) -> Request {
        fill(self.main(), ids)
    }

    /// Method and path as the ledger shows them; of a file on this machine `FILE {}`.
    #[must_use]
    pub fn path(&self) -> String {
        self.requests.first().map_or_else(|| "FILE {}".to_owned(), |main| in_words(*main))
    }

    fn main(&self) -> Allowed {
        *self.requests.first().expect("internal: every endpoint has a request")
    }
}

/// A listed request as the ledger shows it.
pub(super) fn in_words(request: Allowed) -> String {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    format!("{method} {}", request.path)
}

/// A GET for the table.
pub(super) const fn get(path: &'static str) -> Allowed {
    Allowed { method: Method::Get, path }
}

/// A POST that reads, for the table.
pub(super) const fn post(path: &'static str) -> Allowed {
    Allowed { method: Method::Post, path }
}

/// A listed request with `ids` in the places of `{}`. A POST gets an empty body to begin with.
pub(super) fn fill(allowed: Allowed, ids: &[&str]) -> Request {
    let mut pieces = allowed.path.split("{}");
    let mut path = pieces.next().unwrap_or("").to_owned();
    let mut ids = ids.iter();
    for piece in pieces {
        path.push_str(&segment(ids.next().expect("internal: an id for every place in the path")));
        path.push_str(piece);
    }
    match allowed.method {
        Method::Get => Request::get(path),
        Method::Post => Request::post(path, serde_json::json!({})),
    }
}

/// The requests of all endpoints: what the client of a source lets through.
pub(super) fn allowed(endpoints: &[Endpoint]) -> Vec<Allowed> {
    endpoints.iter().flat_map(|endpoint| endpoint.requests.iter().copied()).collect()
}
