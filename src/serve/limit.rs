//! How often somebody may try to sign in: each client has so many tries, and all together have so many. A try comes back after a
//! while.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// So many tries at once, and how long it takes until one comes back.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    tries: u32,
    each: Duration,
}

/// What one client has.
const CLIENT: Allowance = Allowance { tries: 10, each: Duration::from_secs(30) };

/// What all have together, so that many machines are no faster than a few.
const ALL: Allowance = Allowance { tries: 100, each: Duration::from_secs(1) };

/// Clients that are remembered. Those whose tries have all come back need not be.
const MOST_CLIENTS: usize = 10_000;

/// A store of tries that fills up again with time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: DateTime<Utc>,
}

impl Bucket {
    fn full(allowance: Allowance, now: DateTime<Utc>) -> Self {
        Self { left: f64::from(allowance.tries), at: now }
    }

    /// How full it is now. A clock that was put back fills nothing.
    fn level(&self, allowance: Allowance, now: DateTime<Utc>) -> f64 {
        let since = (now - self.at).to_std().unwrap_or_default();
        (self.left + since.as_secs_f64() / allowance.each.as_secs_f64()).min(f64::from(allowance.tries))
    }

    /// How long until there is a whole try.
    fn wait(&self, allowance: Allowance, now: DateTime<Utc>) -> Option<Duration> {
        let missing = 1.0 - self.level(allowance, now);
        (missing > 0.0).then(|| allowance.each.mul_f64(missing))
    }

    fn take(&mut self, allowance: Allowance, now: DateTime<Utc>) {
        *self = Self { left: (self.level(allowance, now) - 1.0).max(0.0), at: now };
    }
}

/// The tries of all.
#[derive(Debug)]
pub(super) struct Tries(Mutex<State>);

#[derive(Debug)]
struct State {
    all: Bucket,
    clients: HashMap<IpAddr, Bucket>,
}

impl Tries {
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(State { all: Bucket::full(ALL, now), clients: HashMap::new() }))
    }

    /// How long a client has to wait before it may try; `None` if it may.
    pub(super) fn wait(&self, client: IpAddr, now: DateTime<Utc>) -> Option<Duration> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = state.clients.get(&line_of(client)).and_then(|bucket| bucket.wait(CLIENT, now));
        own.max(state.all.wait(ALL, now))
    }

    /// A client has tried and failed.
    pub(super) fn failed(&self, client: IpAddr, now: DateTime<Utc>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.all.take(ALL, now);
        if state.clients.len() >= MOST_CLIENTS {
            state.clients.retain(|_, bucket| bucket.level(CLIENT, now) < f64::from(CLIENT.tries));
        }
        // Whoever comes from so many addresses is held up by what all have together.
        if state.clients.len() < MOST_CLIENTS || state.clients.contains_key(&line_of(client)) {
            let bucket = state.clients.entry(line_of(client)).or_insert_with(|| Bucket::full(CLIENT, now));
            bucket.take(CLIENT, now);
        }
    }
}

/// The address by which a client is told: of IPv6, one line has many.
fn line_of(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T02:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_client_runs_out_of_tries_and_gets_one_back() {
        let tries = Tries::new(now());
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..CLIENT.tries {
            assert_eq!(tries.wait(client, now()), None);
            tries.failed(client, now());
        }
        assert_eq!(tries.wait(client, now()), Some(CLIENT.each));
        assert_eq!(tries.wait("192.0.2.2".parse().unwrap(), now()), None, "others may");
        assert_eq!(tries.wait(client, now() + TimeDelta::seconds(31)), None);
        assert_eq!(tries.wait(client, now() - TimeDelta::hours(1)), Some(CLIENT.each), "a clock that was put back");
    }

    #[test]
    fn many_clients_are_no_faster_than_all_may_be() {
        let tries = Tries::new(now());
        for at in 0..ALL.tries {
            tries.failed(IpAddr::from(at.to_be_bytes()), now());
        }
        assert!(tries.wait("192.0.2.7".parse().unwrap(), now()).is_some());
        assert_eq!(tries.wait("192.0.2.7".parse().unwrap(), now() + TimeDelta::seconds(2)), None);
    }

    #[test]
    fn one_line_has_one_allowance() {
        let line = |text: &str| line_of(text.parse().unwrap());
        assert_eq!(line("2001:db8:1:2:3::4"), line("2001:db8:1:2::9"));
        assert_ne!(line("2001:db8:1:2::"), line("2001:db8:1:3::"));
        assert_eq!(line("::ffff:192.0.2.1"), line("192.0.2.1"));
    }
}
