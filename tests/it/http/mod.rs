//! The HTTP layer against real servers on the loopback interface that misbehave on purpose.

mod door;
mod faults;
mod identity;
mod journal;
mod pages;
pub(crate) mod server;
mod stop;

use std::sync::Arc;
use std::time::Duration;

use keyroll::clock::FixedClock;
use keyroll::http::{Allowed, Auth, Client, Factory, Limits, Method, Page, Position, Settings};
use serde::Deserialize;

/// What the tests' clients may ask for.
const ALLOWED: &[Allowed] = &[
    Allowed { method: Method::Get, path: "/rows" },
    Allowed { method: Method::Get, path: "/orgs/{}/tokens" },
    Allowed { method: Method::Post, path: "/search" },
];

/// A page with every key that says something about the rest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bean {
    values: Vec<u32>,
    next: Option<String>,
    is_last: Option<bool>,
    total: Option<u64>,
}

impl Page for Bean {
    type Row = u32;

    fn position(&self) -> Position {
        Position { next: self.next.clone(), is_last: self.is_last, total: self.total }
    }

    fn into_rows(self) -> Vec<u32> {
        self.values
    }
}

/// A page that is a bare array.
#[derive(Debug, Deserialize)]
struct Bare(Vec<u32>);

impl Page for Bare {
    type Row = u32;

    fn position(&self) -> Position {
        Position::default()
    }

    fn into_rows(self) -> Vec<u32> {
        self.0
    }
}

/// A clock that stands still.
fn clock() -> FixedClock {
    FixedClock::at("2026-11-22T02:00:00Z".parse().unwrap())
}

/// Limits that do not keep a test waiting.
fn hurried() -> Limits {
    Limits { first_pause: Duration::from_millis(1), ..Limits::default() }
}

/// A factory in a hurry.
fn factory() -> Factory {
    Factory::new(Arc::new(clock())).with_limits(hurried())
}

fn settings(base_url: &str) -> Settings {
    Settings {
        auth_header: None,
        base_url: base_url.to_owned(),
        auth: Auth::None,
        tenant: "acme".to_owned(),
        allowed: ALLOWED,
        ca_file: None,
        proxy: None,
        timeout: Duration::from_secs(10),
        concurrency: 4,
        requests_per_second: None,
    }
}

fn client(base_url: &str) -> Client {
    factory().client(settings(base_url)).unwrap()
}
