//! How many requests a host answers in a second, and how it says that there were too many.

use std::time::{Duration, Instant};

/// A limit that each host keeps by itself, whatever it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a second.
    pub per_second: u32,
    /// How they are counted.
    pub counted: Counted,
    /// Whether every answer tells what is left. Otherwise only a refusal tells anything: when to come back.
    pub told: bool,
}

/// How requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Second by second: what one leaves over is lost. This is how the cloud tells its limits.
    BySecond,
    /// In a bucket that holds what flows into it in a second. This is how self-hosted products tell theirs.
    InBucket,
}

/// What became of the requests to a host while it kept a limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Taken {
    /// Requests that were let in.
    pub admitted: u32,
    /// Requests that were refused with 429.
    pub refused: u32,
    /// The time from the first one to the last one.
    pub span: Duration,
}

/// What a host knows of its limit.
#[derive(Debug)]
pub(super) struct Meter {
    limit: RateLimit,
    begin: Instant,
    /// The second since the beginning that is counted, and what is left of it.
    second: u64,
    left: f64,
    filled: Instant,
    first: Option<Instant>,
    taken: Taken,
}

/// Whether a request is let in, and how things stand then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) limit: RateLimit,
    pub(super) admitted: bool,
    /// Requests that would still be let in.
    pub(super) left: u32,
    /// The time until all may be asked again; of a bucket, until one request may.
    pub(super) reset: Duration,
}

impl Meter {
    /// A meter whose seconds begin now.
    pub(super) fn new(limit: RateLimit, now: Instant) -> Self {
        let left = f64::from(limit.per_second);
        Self { limit, begin: now, second: 0, left, filled: now, first: None, taken: Taken::default() }
    }

    /// Counts a request.
    pub(super) fn count(&mut self, now: Instant) -> Reading {
        self.refill(now);
        let first = *self.first.get_or_insert(now);
        self.taken.span = now - first;
        let admitted = self.left >= 1.0;
        if admitted {
            self.left -= 1.0;
            self.taken.admitted += 1;
        } else {
            self.taken.refused += 1;
        }
        let reset = match self.limit.counted {
            Counted::BySecond => self.begin + Duration::from_secs(self.second + 1) - now,
            Counted::InBucket if self.left >= 1.0 => Duration::ZERO,
            Counted::InBucket => Duration::from_secs_f64((1.0 - self.left) / f64::from(self.limit.per_second)),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "never negative, nor above the limit"
        )]
        let left = self.left as u32;
        Reading { limit: self.limit, admitted, left, reset }
    }

    /// What became of the requests so far.
    pub(super) fn taken(&self) -> Taken {
        self.taken
    }

    fn refill(&mut self, now: Instant) {
        let most = f64::from(self.limit.per_second);
        let second = (now - self.begin).as_secs();
        match self.limit.counted {
            Counted::BySecond if second > self.second => (self.second, self.left) = (second, most),
            Counted::BySecond => {}
            Counted::InBucket => self.left = most.min(self.left + most * (now - self.filled).as_secs_f64()),
        }
        self.filled = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(counted: Counted) -> (Meter, Instant) {
        let now = Instant::now();
        (Meter::new(RateLimit { per_second: 10, counted, told: true }, now), now)
    }

    #[test]
    fn a_second_admits_what_it_may_and_keeps_nothing() {
        let (mut meter, begin) = meter(Counted::BySecond);
        let at = |millis| begin + Duration::from_millis(millis);
        let admitted = (0..12).filter(|_| meter.count(at(900)).admitted).count();
        assert_eq!(admitted, 10);
        assert_eq!(meter.count(at(950)).reset, Duration::from_millis(50));
        assert_eq!((0..30).filter(|_| meter.count(at(3_100)).admitted).count(), 10, "idle seconds are lost");
        assert_eq!(meter.taken(), Taken { admitted: 20, refused: 23, span: Duration::from_millis(2_200) });
    }

    #[test]
    fn a_bucket_fills_evenly_and_holds_a_second() {
        let (mut meter, begin) = meter(Counted::InBucket);
        let at = |millis| begin + Duration::from_millis(millis);
        assert_eq!((0..12).filter(|_| meter.count(at(0)).admitted).count(), 10);
        assert_eq!(meter.count(at(0)).reset, Duration::from_millis(100));
        assert_eq!((0..12).filter(|_| meter.count(at(450)).admitted).count(), 4);
        assert_eq!((0..30).filter(|_| meter.count(at(9_000)).admitted).count(), 10);
    }
}
