//! How fast a tenant may be asked. One budget is shared by all clients of the tenant.
//!
//! It keeps five promises: no more requests at once than configured, no more in a second than configured,
//! silence while a 429's pause lasts, a slower pace where a limit that the server tells runs low, and one below that at
//! which the server refused where it tells nothing (`pace`).
//! Servers count each endpoint for itself, so what they tell is kept by endpoint. A refusal does not say what it counted,
//! so what is learned from it holds for the whole tenant, and so does a limit that is told for a second: that is how bursts
//! are limited, and several endpoints side by side make one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::pace::{Learned, Pace};
use super::retry::{header, time_until};

/// The distance between requests while a server says that its limit is near, but not how near.
const NEAR_LIMIT_GAP: Duration = Duration::from_millis(100);

/// Two resets this close together are told of the same window; the dates in headers have whole seconds.
const SAME_WINDOW: Duration = Duration::from_secs(2);

/// The window of a limit on bursts, and the share of it that is used: what is sent in one second may arrive in the next.
const SECOND: Duration = Duration::from_secs(1);
const SHARE: f64 = 0.97;

/// How much a learned pace may catch up: timers ring late, and more so on a busy machine.
const CATCH_UP: Duration = Duration::from_millis(20);

/// How long after one process asked last the next one begins: servers count by the second.
const HANDED_ON: Duration = Duration::from_secs(1);

/// The longest silence that is taken over from another process.
const LONGEST_SILENCE: Duration = Duration::from_secs(3600);

/// What one process learned of a budget, for the next that uses it: never two at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Memo {
    /// When it was written.
    at: DateTime<Utc>,
    /// How long nobody asks from then on.
    silence: Duration,
    /// The pace that refusals taught.
    pace: Option<Learned>,
}

/// A tenant's budget.
#[derive(Debug)]
pub(super) struct Budget {
    at_once: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    permits: usize,
    own_gap: Duration,
    next_slot: Option<Instant>,
    paused_until: Option<Instant>,
    windows: HashMap<&'static str, Window>,
    /// The distance between requests at which a server's bucket no longer runs empty, while it is low.
    refill_gap: Duration,
    next_refill: Option<Instant>,
    /// Until when that bucket is empty.
    empty_until: Option<Instant>,
    /// What a server tells of a limit on bursts.
    burst: Option<Burst>,
    /// What refusals taught.
    pace: Pace,
    next_paced: Option<Instant>,
    /// Requests that were sent and have no answer yet.
    under_way: u64,
}

/// A limit that is told for a second at a time.
#[derive(Debug, Clone, Copy)]
struct Burst {
    limit: u64,
    reset: Instant,
    /// Whether one second was seen to follow the other. Until then it may be the end of a longer window.
    seen: bool,
}

/// The turn of a request, which is under way for as long as this is held.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    budget: &'a Budget,
    /// When it is sent.
    pub(super) began: Instant,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.under_way = state.under_way.saturating_sub(1);
    }
}

/// What a server told of one endpoint's limit.
#[derive(Debug, Default)]
struct Window {
    limit: Option<u64>,
    left: Option<u64>,
    reset: Option<Instant>,
    /// When the request was sent whose answer told this.
    told_to: Option<Instant>,
    near: bool,
    next_slot: Option<Instant>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { at_once: Semaphore::new(0), state: Mutex::default() }
    }
}

impl Budget {
    /// A further client joins: more may run at once if it says so, and the pace is the slowest that anyone asks for.
    pub(super) fn welcome(&self, concurrency: usize, requests_per_second: Option<f64>) {
        let mut state = self.state();
        let more = concurrency.clamp(1, Semaphore::MAX_PERMITS).saturating_sub(state.permits);
        state.permits += more;
        self.at_once.add_permits(more);
        let gap = requests_per_second.map(|pace| Duration::try_from_secs_f64(1.0 / pace).unwrap_or_default());
        state.own_gap = state.own_gap.max(gap.unwrap_or_default());
    }

    /// Waits for the turn of a request.
    pub(super) async fn turn(&self, endpoint: &'static str, longest_pause: Duration) -> Turn<'_> {
        let permit = self.at_once.acquire().await.expect("internal: a budget is never closed");
        loop {
            let began = Instant::now();
            let earliest = self.state().start(endpoint, began, longest_pause);
            match earliest {
                None => return Turn { budget: self, began, _permit: permit },
                Some(moment) => tokio::time::sleep_until(moment).await,
            }
        }
    }

    /// A request that was sent at that time was refused for the limit's sake. Nobody asks for so long.
    pub(super) fn pause(&self, sent: Instant, span: Duration) {
        let now = Instant::now();
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Some(now + span));
        let told = state.burst.map(Burst::per_second);
        state.pace.refused(sent, now, span, told);
    }

    /// An answer came that is no refusal for the limit's sake.
    pub(super) fn answered(&self) {
        self.state().pace.answered(Instant::now());
    }

    /// Learns from the headers of the answer to a request that was sent at that time.
    pub(super) fn learn(&self, endpoint: &'static str, sent: Instant, headers: &HeaderMap, now: DateTime<Utc>) {
        let number = |name| header(headers, name).and_then(|text| text.parse::<u64>().ok());
        let left = number("ratelimit-remaining");
        let near = header(headers, "ratelimit-nearlimit").map(|text| text.eq_ignore_ascii_case("true"));
        if left.is_none() && near.is_none() {
            return;
        }
        if let (Some(left), Some(interval)) = (left, number("ratelimit-interval-seconds")) {
            let limit = number("ratelimit-limit");
            self.learn_bucket(left, limit, number("ratelimit-fillrate"), interval, headers, now);
            return;
        }
        let until_reset = header(headers, "ratelimit-reset").and_then(|text| time_until(text, now));
        let reset = until_reset.and_then(|span| Instant::now().checked_add(span));
        let mut state = self.state();
        let limit = number("ratelimit-limit");
        state.burst = Burst::told(state.burst, limit, reset, Instant::now());
        // At the even pace of a burst's limit, a window ends before what is under way could count.
        let under_way = if state.burst.is_some_and(|burst| burst.seen) { 0 } else { state.under_way };
        let window = state.windows.entry(endpoint).or_default();
        window.limit = limit.or(window.limit);
        window.near = near.unwrap_or(false);
        window.tell(left, under_way, sent, reset);
    }

    /// Self-hosted products keep one bucket for all that a user asks of a node, and tell at which pace it fills. With
    /// several nodes behind one address the number is a hint: it slows the pace, and only an empty bucket makes a pause.
    fn learn_bucket(
        &self,
        left: u64,
        limit: Option<u64>,
        fill: Option<u64>,
        interval: u64,
        headers: &HeaderMap,
        now: DateTime<Utc>,
    ) {
        let interval = Duration::from_secs(interval.min(3600));
        let low = limit.is_some_and(|limit| left.saturating_mul(5) < limit);
        let share = u32::try_from(fill.unwrap_or(1).max(1)).unwrap_or(u32::MAX);
        let asked = header(headers, "retry-after").and_then(|text| time_until(text, now));
        let pause = asked.filter(|pause| !pause.is_zero()).unwrap_or(interval / share);
        let mut state = self.state();
        state.refill_gap = if low { interval / share } else { Duration::ZERO };
        state.empty_until = (left == 0).then(|| Instant::now().checked_add(pause)).flatten();
    }

    /// What is to be known of it by whoever uses it next, as text.
    pub(super) fn memo(&self, at: DateTime<Utc>) -> String {
        let (now, state) = (Instant::now(), self.state());
        let pause = state.paused_until.max(state.empty_until);
        let silence = pause.map_or(Duration::ZERO, |until| until.saturating_duration_since(now)).max(HANDED_ON);
        let memo = Memo { at, silence, pace: state.pace.found(now) };
        serde_json::to_string(&memo).expect("internal: our own types can be written as JSON")
    }

    /// Goes by what another process wrote. What cannot be read is as good as nothing: the server will tell.
    pub(super) fn go_by(&self, memo: &str, at: DateTime<Utc>) {
        let Ok(Memo { at: written, silence, pace }) = serde_json::from_str::<Memo>(memo) else { return };
        // The clocks of two machines may differ: a pause is never longer than it was told to be.
        let ago = (at - written).to_std().unwrap_or_default();
        let (now, mut state) = (Instant::now(), self.state());
        let silence = silence.min(LONGEST_SILENCE).saturating_sub(ago);
        state.paused_until = state.paused_until.max(Some(now + silence));
        if let Some(learned) = pace {
            state.pace.go_by(learned.after(ago), now);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Starts a request, or says when it is worth asking again.
    fn start(&mut self, endpoint: &'static str, now: Instant, longest_pause: Duration) -> Option<Instant> {
        let window = self.windows.entry(endpoint).or_default();
        window.refresh(now);
        let empty_until = self.empty_until.filter(|until| *until <= now + longest_pause);
        let own = [self.paused_until, self.next_slot, self.next_refill, self.next_paced, empty_until];
        let earliest = own.into_iter().chain([window.earliest(now, longest_pause)]);
        if let Some(moment) = earliest.flatten().max().filter(|moment| *moment > now) {
            return Some(moment);
        }
        self.next_slot = advance(self.next_slot, self.own_gap, now);
        self.next_refill = advance(self.next_refill, self.refill_gap.min(longest_pause), now);
        let even = self.burst.map_or(Duration::ZERO, Burst::gap);
        let paced = self.pace.gap(now).max(even).min(longest_pause);
        self.next_paced = catch_up(self.next_paced, paced, CATCH_UP, now);
        let spread = !self.burst.is_some_and(|burst| burst.seen);
        let gap = if spread { window.gap(now, longest_pause) } else { Duration::ZERO };
        window.next_slot = advance(window.next_slot, gap, now);
        window.left = window.left.map(|left| left.saturating_sub(1));
        self.under_way += 1;
        None
    }
}

impl Burst {
    /// What is known of it after an answer that told this.
    fn told(known: Option<Self>, limit: Option<u64>, reset: Option<Instant>, now: Instant) -> Option<Self> {
        let (Some(limit), Some(reset)) = (limit.filter(|limit| *limit > 0), reset) else { return known };
        if reset > now + SECOND * 2 {
            return None;
        }
        let Some(known) = known.filter(|known| known.limit == limit) else {
            return (reset <= now + SECOND * 3 / 2).then_some(Self { limit, reset, seen: false });
        };
        let step = reset.saturating_duration_since(known.reset);
        let follows = step > SECOND / 2 && step < SECOND * 3 / 2;
        Some(Self { limit, reset: reset.max(known.reset), seen: known.seen || follows })
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody admits more requests a second than a float can count")]
    fn per_second(self) -> f64 {
        self.limit as f64 * SHARE
    }

    fn gap(self) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.per_second()).unwrap_or_default()
    }
}

impl Window {
    /// Requests under way may not be counted by the server yet, so they are taken off what is left. Answers overtake each
    /// other: within one window, the answer to an older request may only lower the number.
    fn tell(&mut self, left: Option<u64>, under_way: u64, sent: Instant, reset: Option<Instant>) {
        let same = match (self.reset, reset) {
            (Some(before), Some(after)) => after.max(before) - after.min(before) < SAME_WINDOW,
            _ => false,
        };
        let surely = left.map(|left| left.saturating_sub(under_way));
        let overtaken = self.told_to.is_some_and(|latest| sent < latest);
        self.left = match (same, overtaken) {
            (true, true) => self.left.min(left).or(surely),
            (true, false) => self.left.max(surely).min(left).or(surely),
            (false, _) => surely,
        };
        self.told_to = self.told_to.max(Some(sent));
        self.reset = if same { self.reset } else { reset };
    }

    /// Forgets a window that is over.
    fn refresh(&mut self, now: Instant) {
        if self.reset.is_some_and(|reset| reset <= now) {
            *self = Self { limit: self.limit, ..Self::default() };
        }
    }

    /// A window that is used up is waited out, unless that takes too long: then the server's own 429 shall tell.
    fn earliest(&self, now: Instant, longest_pause: Duration) -> Option<Instant> {
        let used_up = self.reset.filter(|reset| self.left == Some(0) && *reset <= now + longest_pause);
        used_up.max(self.next_slot)
    }

    /// Full speed while there is plenty; the last fifth is spread over the time that it has to last.
    fn gap(&self, now: Instant, longest_pause: Duration) -> Duration {
        let low = match (self.left, self.limit) {
            (Some(left), Some(limit)) => left.saturating_mul(5) < limit,
            _ => false,
        };
        match (self.left, self.reset) {
            (Some(left), Some(reset)) if low || self.near => {
                let share = u32::try_from(left.max(1)).unwrap_or(u32::MAX);
                (reset.saturating_duration_since(now) / share).min(longest_pause)
            }
            _ if self.near => NEAR_LIMIT_GAP,
            _ => Duration::ZERO,
        }
    }
}

/// The slot after this one. A timer that rang late may catch up by one gap, so that the pace is reached on average.
fn advance(slot: Option<Instant>, gap: Duration, now: Instant) -> Option<Instant> {
    catch_up(slot, gap, Duration::ZERO, now)
}

/// The same, where the slots of some time may be caught up with.
fn catch_up(slot: Option<Instant>, gap: Duration, by: Duration, now: Instant) -> Option<Instant> {
    let on_time = slot.filter(|slot| now.saturating_duration_since(*slot) < gap.max(by)).unwrap_or(now);
    (!gap.is_zero()).then(|| on_time + gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(60);

    fn budget(requests_per_second: Option<f64>) -> Budget {
        let budget = Budget::default();
        budget.welcome(8, requests_per_second);
        budget
    }

    fn tell(budget: &Budget, pairs: &[(&'static str, &str)]) {
        let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        budget.learn("/a", Instant::now(), &headers, DateTime::UNIX_EPOCH);
    }

    async fn time_for(budget: &Budget, endpoint: &'static str, turns: u32) -> Duration {
        let began = Instant::now();
        for _ in 0..turns {
            drop(budget.turn(endpoint, LONGEST).await);
        }
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn the_configured_pace_is_kept_and_reached() {
        let budget = budget(Some(10.0));
        budget.welcome(2, Some(50.0));
        let taken = time_for(&budget, "/a", 101).await;
        assert!(taken >= Duration::from_secs(10) && taken < Duration::from_millis(10_500), "{taken:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody() {
        let budget = budget(None);
        budget.pause(Instant::now(), Duration::from_secs(5));
        budget.pause(Instant::now(), Duration::from_secs(1));
        assert!(time_for(&budget, "/b", 1).await >= Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_next_keeps_the_pause_and_the_pace_of_whoever_asked_before() {
        let (at, first) = (DateTime::UNIX_EPOCH, budget(None));
        for _ in 0..100 {
            first.answered();
        }
        first.pause(Instant::now(), Duration::from_secs(20));
        let next = budget(None);
        next.go_by(&first.memo(at), at + chrono::TimeDelta::seconds(5));
        let waited = time_for(&next, "/a", 1).await;
        assert!((Duration::from_millis(14_900)..Duration::from_secs(16)).contains(&waited), "{waited:?}");
        let hundred = time_for(&next, "/a", 100).await;
        assert!(hundred >= Duration::from_millis(950), "it was found out before: {hundred:?}");
        for odd in [
            "",
            "{}",
            r#"{"at":"2026-01-01T00:00:00Z","silence":{"secs":0,"nanos":0},"pace":{"since":{"secs":1,"nanos":0},"start":-1.0,"hold":0.0,"pause":{"secs":0,"nanos":0}}}"#,
        ] {
            budget(None).go_by(odd, at);
        }
        let untold = budget(None);
        let later = budget(None);
        later.go_by(&untold.memo(at), at);
        assert!(time_for(&later, "/a", 1).await >= Duration::from_millis(900), "servers count by the second");
    }

    #[tokio::test(start_paused = true)]
    async fn plenty_is_used_at_full_speed_and_the_rest_is_spread() {
        let budget = budget(None);
        tell(&budget, &[("X-RateLimit-Limit", "100"), ("X-RateLimit-Remaining", "90"), ("X-RateLimit-Reset", "20")]);
        assert!(time_for(&budget, "/a", 50).await < Duration::from_millis(10));
        tell(&budget, &[("X-RateLimit-Limit", "100"), ("X-RateLimit-Remaining", "10"), ("X-RateLimit-Reset", "20")]);
        assert!(time_for(&budget, "/b", 50).await < Duration::from_millis(10), "another endpoint is not concerned");
        let taken = time_for(&budget, "/a", 11).await;
        assert!(taken >= Duration::from_secs(19) && taken <= Duration::from_secs(21), "{taken:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_used_up_window_is_waited_out_only_if_that_is_soon() {
        let soon = budget(None);
        tell(&soon, &[("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "30")]);
        assert!(time_for(&soon, "/a", 1).await >= Duration::from_secs(30));
        let late = budget(None);
        tell(&late, &[("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1970-01-01T01:00:00Z")]);
        assert!(time_for(&late, "/a", 1).await < Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_that_runs_low_is_used_no_faster_than_it_fills() {
        let bucket = |left| {
            [
                ("X-RateLimit-Limit", "100"),
                ("X-RateLimit-Remaining", left),
                ("X-RateLimit-FillRate", "10"),
                ("X-RateLimit-Interval-Seconds", "5"),
                ("Retry-After", "0"),
            ]
        };
        let budget = budget(None);
        tell(&budget, &bucket("90"));
        assert!(time_for(&budget, "/a", 50).await < Duration::from_millis(10));
        tell(&budget, &bucket("10"));
        let taken = time_for(&budget, "/b", 11).await;
        assert!(taken >= Duration::from_millis(4_900) && taken < Duration::from_secs(6), "{taken:?}");
        tell(&budget, &bucket("80"));
        time_for(&budget, "/a", 1).await;
        assert!(time_for(&budget, "/a", 50).await < Duration::from_millis(10), "it has filled again");
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_bucket_is_waited_for_as_long_as_the_server_asks() {
        for (asked, at_least, at_most) in [("7", 7_000, 7_600), ("0", 500, 1_100)] {
            let budget = budget(None);
            tell(
                &budget,
                &[
                    ("X-RateLimit-Limit", "100"),
                    ("X-RateLimit-Remaining", "0"),
                    ("X-RateLimit-FillRate", "10"),
                    ("X-RateLimit-Interval-Seconds", "5"),
                    ("Retry-After", asked),
                ],
            );
            let taken = time_for(&budget, "/any", 1).await.as_millis();
            assert!(taken >= at_least && taken < at_most, "{taken} ms after {asked} s were asked for");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_not_left() {
        let budget = budget(None);
        let window = |left| [("X-RateLimit-Limit", "5"), ("X-RateLimit-Remaining", left), ("X-RateLimit-Reset", "20")];
        let first = budget.turn("/a", LONGEST).await;
        let (second, third) = (budget.turn("/a", LONGEST).await, budget.turn("/a", LONGEST).await);
        drop(first);
        // The server has counted the first only.
        tell(&budget, &window("4"));
        let began = Instant::now();
        for _ in 0..2 {
            drop(budget.turn("/a", LONGEST).await);
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
        drop((second, third));
        assert!(time_for(&budget, "/a", 1).await > Duration::ZERO);
        assert!(began.elapsed() >= Duration::from_secs(20), "the sixth is of the next window");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_a_second_is_used_evenly_and_by_all_endpoints_together() {
        let budget = budget(None);
        let window =
            |reset| [("X-RateLimit-Limit", "100"), ("X-RateLimit-Remaining", "90"), ("X-RateLimit-Reset", reset)];
        tell(&budget, &window("1970-01-01T00:00:01Z"));
        tell(&budget, &window("1970-01-01T00:00:02Z"));
        let began = Instant::now();
        for number in 0..195 {
            let endpoint = if number % 2 == 0 { "/a" } else { "/b" };
            drop(budget.turn(endpoint, LONGEST).await);
        }
        let taken = began.elapsed();
        assert!(taken >= Duration::from_millis(1_950) && taken < Duration::from_millis(2_100), "{taken:?}");
        // It was one of a longer window after all.
        tell(&budget, &window("30"));
        assert!(
            time_for(&budget, "/c", 50).await < Duration::from_millis(30),
            "nothing is spread while there is plenty"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_slows_the_whole_tenant() {
        let budget = budget(None);
        for _ in 0..100 {
            drop(budget.turn("/a", LONGEST).await);
            budget.answered();
        }
        budget.pause(Instant::now(), Duration::from_secs(1));
        // Three quarters of what was too fast, from the end of the pause on.
        let taken = time_for(&budget, "/b", 76).await;
        assert!(taken > Duration::from_millis(1_900) && taken < Duration::from_millis(2_100), "{taken:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_near_limit_without_numbers_slows_down_until_it_is_over() {
        let budget = budget(None);
        tell(&budget, &[("X-RateLimit-NearLimit", "true")]);
        assert!(time_for(&budget, "/a", 11).await >= NEAR_LIMIT_GAP * 10);
        tell(&budget, &[("X-RateLimit-NearLimit", "false")]);
        assert!(time_for(&budget, "/a", 11).await <= NEAR_LIMIT_GAP);
    }
}
