//! The pace that a server is found to bear, where it tells its limit by nothing but refusals.
//!
//! A refusal shows a pace that is too fast. From the end of one pause to the end of the next so many answers came, and
//! the server bears at least that. The new pace begins between the two, climbs to just below what was too fast, and
//! holds there. After long it goes beyond, ever faster: limits are raised, and others stop using what is left. What is long
//! is counted in pauses: a server that asks for a second of silence is tried again after a minute, one that asks for a
//! minute after an hour.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// How far back the fastest second is looked for.
const LOOK_BACK: Duration = Duration::from_secs(5);

/// Answers a second at the least that a first refusal is put down to: what comes in a quiet moment has another cause, or
/// many small steps will find it.
const QUIET: f64 = 20.0;

/// Answers that must have come in between for a further refusal to say something about the pace.
const ENOUGH: u32 = 10;

/// How close to the pace that was too fast the next one goes.
const BELOW: f64 = 0.97;

/// Where the next one begins if the server tells what it bears: what was refused then was hardly more, or others ask too.
const TOLD: f64 = 0.9;

/// Pauses for which it stays there.
const HOLD: f64 = 60.0;

/// Growth within the time of one pause, up to that point and after that time.
const CLIMB: f64 = 1.03;

/// What was found out about one tenant.
#[derive(Debug, Default)]
pub(super) struct Pace {
    found: Option<Found>,
    /// When answers came, as far back as is looked.
    answers: VecDeque<Instant>,
    /// Answers since the end of the pause at which the present stretch begins.
    taken: u32,
    begin: Option<Instant>,
    /// When the last pause ends, or ended. A request that was sent before tells nothing new.
    quiet_until: Option<Instant>,
}

/// A pace that was found so long ago, in requests a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Learned {
    since: Duration,
    start: f64,
    hold: f64,
    pause: Duration,
}

impl Learned {
    /// The same some time later.
    pub(super) fn after(self, time: Duration) -> Self {
        Self { since: self.since.saturating_add(time), ..self }
    }
}

/// A pace, in requests a second.
#[derive(Debug)]
struct Found {
    since: Instant,
    start: f64,
    hold: f64,
    /// The length of the pause that the server asked for.
    pause: Duration,
}

impl Pace {
    /// An answer came that is no refusal.
    pub(super) fn answered(&mut self, now: Instant) {
        self.taken = self.taken.saturating_add(1);
        while self.answers.front().is_some_and(|first| now.saturating_duration_since(*first) > LOOK_BACK) {
            self.answers.pop_front();
        }
        self.answers.push_back(now);
    }

    /// A request that was sent at that time was refused, and `pause` of silence begins. `told` is the pace that the server
    /// says it bears.
    pub(super) fn refused(&mut self, sent: Instant, now: Instant, pause: Duration, told: Option<f64>) {
        let until = now + pause;
        let known = self.quiet_until.is_some_and(|quiet| sent < quiet);
        self.quiet_until = self.quiet_until.max(Some(until));
        if known || (self.begin.is_some() && self.taken < ENOUGH) {
            return;
        }
        let most = told.unwrap_or_else(|| self.fastest_second().max(QUIET));
        let too_fast = self.limit(now).map_or(most, |limit| limit.min(most));
        let borne = self.begin.map_or(0.0, |begin| f64::from(self.taken) / until.duration_since(begin).as_secs_f64());
        let (start, hold) = match told {
            Some(_) => (too_fast * TOLD, too_fast),
            None => {
                let between = f64::midpoint(borne.clamp(too_fast / 2.0, too_fast), too_fast);
                (between.min(too_fast * BELOW), too_fast * BELOW)
            }
        };
        tracing::info!(too_fast, borne, start, "a limit was reached; the pace is taken back");
        self.found = Some(Found { since: until, start, hold, pause: pause.max(Duration::from_millis(1)) });
        (self.begin, self.taken) = (Some(until), 0);
    }

    /// What was found, for another process that asks the same host next; `None` if nothing was.
    pub(super) fn found(&self, now: Instant) -> Option<Learned> {
        let Found { since, start, hold, pause } = self.found.as_ref()?;
        let since = now.saturating_duration_since(*since);
        Some(Learned { since, start: *start, hold: *hold, pause: *pause })
    }

    /// Goes by what another process found.
    pub(super) fn go_by(&mut self, learned: Learned, now: Instant) {
        let Learned { since, start, hold, pause } = learned;
        let Some(since) = now.checked_sub(since) else { return };
        let is_pace = |pace: f64| pace.is_finite() && pace > 0.0;
        if is_pace(start) && is_pace(hold) && !pause.is_zero() {
            self.found = Some(Found { since, start, hold, pause });
        }
    }

    /// The distance between requests; none while no limit was reached.
    pub(super) fn gap(&self, now: Instant) -> Duration {
        let gap = self.limit(now).map(|limit| Duration::try_from_secs_f64(1.0 / limit).unwrap_or_default());
        gap.unwrap_or_default()
    }

    /// Requests a second that are tried now.
    fn limit(&self, now: Instant) -> Option<f64> {
        let found = self.found.as_ref()?;
        let pauses = now.saturating_duration_since(found.since).as_secs_f64() / found.pause.as_secs_f64();
        Some(if pauses <= HOLD {
            (found.start * CLIMB.powf(pauses)).min(found.hold)
        } else {
            found.hold * CLIMB.powf(pauses - HOLD)
        })
    }

    /// The most answers in any second that was looked back to.
    fn fastest_second(&self) -> f64 {
        let (mut first, mut most) = (0, 0);
        for (last, answer) in self.answers.iter().enumerate() {
            while answer.saturating_duration_since(self.answers[first]) >= Duration::from_secs(1) {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        u32::try_from(most).map_or(f64::INFINITY, f64::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that counts, and what asks it.
    struct Trial {
        now: Instant,
        pace: Pace,
        taken: u32,
        refused: u32,
    }

    /// How a server counts.
    #[derive(Debug, Clone, Copy)]
    enum Counted {
        /// A bucket that holds what flows into it in a second.
        Bucket,
        /// Second by second.
        Window,
    }

    impl Trial {
        /// Asks for so long, never faster than `fastest` a second, and heeds every pause of one second.
        fn run(rate: f64, fastest: f64, counted: Counted, span: Duration) -> Self {
            let begin = Instant::now();
            let mut trial = Self { now: begin, pace: Pace::default(), taken: 0, refused: 0 };
            let (mut left, mut window, mut last) = (rate, 0, begin);
            while trial.now < begin + span {
                let now = trial.now;
                match counted {
                    Counted::Bucket => left = rate.min(left + rate * (now - last).as_secs_f64()),
                    Counted::Window if (now - begin).as_secs() > window => {
                        (left, window) = (rate, (now - begin).as_secs());
                    }
                    Counted::Window => {}
                }
                last = now;
                if left >= 1.0 {
                    left -= 1.0;
                    trial.taken += 1;
                    trial.pace.answered(now);
                    trial.now += trial.pace.gap(now).max(Duration::from_secs_f64(1.0 / fastest));
                } else {
                    trial.refused += 1;
                    trial.pace.refused(now, now, Duration::from_secs(1), None);
                    trial.now += Duration::from_secs(1);
                }
            }
            trial
        }
    }

    #[test]
    fn a_limit_that_nobody_tells_is_found_and_used() {
        let span = Duration::from_secs(120);
        for (counted, least) in [(Counted::Bucket, 0.95), (Counted::Window, 0.9)] {
            for (rate, fastest) in [(100.0, 160.0), (350.0, 640.0), (100.0, 2_000.0), (20.0, 160.0)] {
                let trial = Trial::run(rate, fastest, counted, span);
                let reached = f64::from(trial.taken) / (rate * span.as_secs_f64());
                assert!(reached >= least, "{reached:.3} of {rate} by {counted:?}");
                assert!(trial.refused * 100 < trial.taken, "{} of {} refused", trial.refused, trial.taken);
            }
        }
    }

    #[test]
    fn what_was_too_fast_is_tried_again_only_after_long() {
        let begin = Instant::now();
        let mut pace = Pace::default();
        for number in 0..100_u32 {
            pace.answered(begin + Duration::from_millis(10) * number);
        }
        let refused_at = begin + Duration::from_secs(1);
        pace.refused(refused_at, refused_at, Duration::from_secs(2), None);
        let at = |seconds| refused_at + Duration::from_secs(seconds);
        let rate = |seconds| 1.0 / pace.gap(at(seconds)).as_secs_f64();
        assert!((70.0..80.0).contains(&rate(2)), "{}", rate(2));
        assert!(rate(60) > rate(2) && rate(60) < 100.0, "{}", rate(60));
        assert!(rate(122) < 100.0 && rate(134) > 100.0, "{} then {}", rate(122), rate(134));
        assert!(rate(600) > 10_000.0, "{}", rate(600));
    }

    #[test]
    fn where_the_server_tells_what_it_bears_little_is_taken_back() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut pace = Pace::default();
        pace.answered(now);
        pace.refused(now, now, second, Some(340.0));
        let rate = |pace: &Pace, seconds: u32| 1.0 / pace.gap(now + second * seconds).as_secs_f64();
        assert!((300.0..310.0).contains(&rate(&pace, 1)), "{}", rate(&pace, 1));
        assert!((335.0..341.0).contains(&rate(&pace, 10)), "{}", rate(&pace, 10));
        // Somebody else uses it too.
        for number in 10..20 {
            (0..20).for_each(|_| pace.answered(now + second * number));
            pace.refused(now + second * number, now + second * number, second, Some(340.0));
        }
        assert!(rate(&pace, 20) < 200.0, "{}", rate(&pace, 20));
    }

    #[test]
    fn refusals_of_what_was_sent_before_the_pause_are_one() {
        let begin = Instant::now();
        let mut pace = Pace::default();
        for number in 0..200_u32 {
            pace.answered(begin + Duration::from_millis(5) * number);
        }
        let now = begin + Duration::from_secs(1);
        pace.refused(now, now, Duration::from_millis(500), None);
        let gap = pace.gap(now);
        for late in [10, 200, 900] {
            pace.answered(now);
            let (sent, came) = (now - Duration::from_millis(40), now + Duration::from_millis(late));
            pace.refused(sent, came, Duration::from_millis(500), None);
        }
        assert_eq!(pace.gap(now), gap);
    }

    #[test]
    fn a_refusal_in_a_quiet_moment_does_not_bring_everything_to_a_halt() {
        let mut pace = Pace::default();
        let now = Instant::now();
        pace.refused(now, now, Duration::from_secs(1), None);
        assert!(pace.gap(now) <= Duration::from_millis(70), "{:?}", pace.gap(now));
        for number in 1..10 {
            let later = now + Duration::from_secs(2 * number);
            pace.refused(later, later, Duration::from_secs(1), None);
        }
        assert!(pace.gap(now) <= Duration::from_millis(70), "nothing was learned, for nothing was answered");
    }
}
