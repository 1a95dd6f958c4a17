//! How often somebody may ask, and how often try to sign in: each client has so many at once, and gets one back after a while. Of tries,
//! all clients together have so many, too.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

/// So many at once, and how long it takes until one comes back.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    at_once: u32,
    each: Duration,
}

/// The tries of one client.
const TRIES: Allowance = Allowance { at_once: 10, each: Duration::from_secs(30) };

/// The tries of all together, so that many machines are no faster than a few.
const TRIES_OF_ALL: Allowance = Allowance { at_once: 100, each: Duration::from_secs(1) };

/// The requests of one client: a page with what belongs to it is three, and a file may take a while to make.
const REQUESTS: Allowance = Allowance { at_once: 300, each: Duration::from_millis(100) };

/// Clients that are remembered. Those who have all of theirs again need not be.
const MOST_CLIENTS: usize = 10_000;

/// What is left of an allowance, which fills up again with time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: DateTime<Utc>,
}

impl Bucket {
    fn full(allowance: Allowance, now: DateTime<Utc>) -> Self {
        Self { left: f64::from(allowance.at_once), at: now }
    }

    /// How full it is now. A clock that was put back fills nothing.
    fn level(&self, allowance: Allowance, now: DateTime<Utc>) -> f64 {
        let since = (now - self.at).to_std().unwrap_or_default();
        (self.left + since.as_secs_f64() / allowance.each.as_secs_f64()).min(f64::from(allowance.at_once))
    }

    /// How long until there is a whole one.
    fn wait(&self, allowance: Allowance, now: DateTime<Utc>) -> Option<Duration> {
        let missing = 1.0 - self.level(allowance, now);
        (missing > 0.0).then(|| allowance.each.mul_f64(missing))
    }

    fn take(&mut self, allowance: Allowance, now: DateTime<Utc>) {
        *self = Self { left: (self.level(allowance, now) - 1.0).max(0.0), at: now };
    }
}

/// What all clients have left.
#[derive(Debug)]
pub(super) struct Limit {
    of_one: Allowance,
    of_all: Option<Allowance>,
    left: Mutex<Left>,
}

#[derive(Debug)]
struct Left {
    all: Option<Bucket>,
    clients: HashMap<IpAddr, Bucket>,
}

impl Limit {
    pub(super) fn of_tries(now: DateTime<Utc>) -> Self {
        Self::new(TRIES, Some(TRIES_OF_ALL), now)
    }

    pub(super) fn of_requests(now: DateTime<Utc>) -> Self {
        Self::new(REQUESTS, None, now)
    }

    fn new(of_one: Allowance, of_all: Option<Allowance>, now: DateTime<Utc>) -> Self {
        let all = of_all.map(|allowance| Bucket::full(allowance, now));
        Self { of_one, of_all, left: Mutex::new(Left { all, clients: HashMap::new() }) }
    }

    /// How long a client has to wait; `None` if it need not.
    pub(super) fn wait(&self, client: IpAddr, now: DateTime<Utc>) -> Option<Duration> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let own = left.clients.get(&line_of(client)).and_then(|bucket| bucket.wait(self.of_one, now));
        own.max(left.all.zip(self.of_all).and_then(|(all, allowance)| all.wait(allowance, now)))
    }

    /// Takes one of a client's.
    pub(super) fn take(&self, client: IpAddr, now: DateTime<Utc>) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(all), Some(allowance)) = (&mut left.all, self.of_all) {
            all.take(allowance, now);
        }
        if left.clients.len() >= MOST_CLIENTS {
            left.clients.retain(|_, bucket| bucket.level(self.of_one, now) < f64::from(self.of_one.at_once));
        }
        // Whoever tries from so many addresses is held up by what all have together.
        if left.clients.len() < MOST_CLIENTS || left.clients.contains_key(&line_of(client)) {
            let bucket = left.clients.entry(line_of(client)).or_insert_with(|| Bucket::full(self.of_one, now));
            bucket.take(self.of_one, now);
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
        let tries = Limit::of_tries(now());
        let client: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..TRIES.at_once {
            assert_eq!(tries.wait(client, now()), None);
            tries.take(client, now());
        }
        assert_eq!(tries.wait(client, now()), Some(TRIES.each));
        assert_eq!(tries.wait("192.0.2.2".parse().unwrap(), now()), None, "others may");
        assert_eq!(tries.wait(client, now() + TimeDelta::seconds(31)), None);
        assert_eq!(tries.wait(client, now() - TimeDelta::hours(1)), Some(TRIES.each), "a clock that was put back");
    }

    #[test]
    fn many_clients_are_no_faster_than_all_may_be() {
        let tries = Limit::of_tries(now());
        for at in 0..TRIES_OF_ALL.at_once {
            tries.take(IpAddr::from(at.to_be_bytes()), now());
        }
        assert!(tries.wait("192.0.2.7".parse().unwrap(), now()).is_some());
        assert_eq!(tries.wait("192.0.2.7".parse().unwrap(), now() + TimeDelta::seconds(2)), None);
    }

    #[test]
    fn whoever_asks_too_fast_waits_and_nobody_else_does() {
        let requests = Limit::of_requests(now());
        let [fast, slow]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|client| client.parse().unwrap());
        for _ in 0..REQUESTS.at_once {
            assert_eq!(requests.wait(fast, now()), None);
            requests.take(fast, now());
        }
        assert_eq!(requests.wait(fast, now()), Some(REQUESTS.each));
        assert_eq!(requests.wait(slow, now()), None);
        assert_eq!(requests.wait(fast, now() + TimeDelta::milliseconds(150)), None);
    }

    #[test]
    fn one_line_has_one_allowance() {
        let line = |text: &str| line_of(text.parse().unwrap());
        assert_eq!(line("2001:db8:1:2:3::4"), line("2001:db8:1:2::9"));
        assert_ne!(line("2001:db8:1:2::"), line("2001:db8:1:3::"));
        assert_eq!(line("::ffff:192.0.2.1"), line("192.0.2.1"));
    }
}
