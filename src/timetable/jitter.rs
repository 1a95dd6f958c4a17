//! A delay that spreads runs which are due at the same moment. It is no chance: whoever works it out gets the same one.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// How long a run that is due at `due` is put off: up to and including `at_most`, in whole milliseconds, and the same for
/// the same seed and moment, on every machine and in every version.
#[must_use]
pub fn jitter(seed: &str, due: DateTime<Utc>, at_most: Duration) -> Duration {
    let choices = u64::try_from(at_most.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    Duration::from_millis(scattered(seed.bytes().chain(due.timestamp_millis().to_be_bytes())) % choices)
}

/// FNV-1a, and a last stir: its own upper bits hardly depend on the bytes that come last. The hashers of the standard
/// library may change with its versions.
fn scattered(bytes: impl Iterator<Item = u8>) -> u64 {
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_the_same_keeps_its_limit_and_spreads() {
        let due: DateTime<Utc> = "2026-11-22T02:00:00Z".parse().unwrap();
        let most = Duration::from_secs(600);
        let of = |seed: &str| jitter(seed, due, most);
        assert_eq!(of("acme/nightly"), Duration::from_millis(274_113), "it must not change between versions");
        assert_ne!(of("acme/nightly"), jitter("acme/nightly", due + chrono::TimeDelta::days(1), most));
        assert_eq!(jitter("acme", due, Duration::ZERO), Duration::ZERO);
        let all: Vec<Duration> = (0..1000).map(|number| of(&format!("tenant {number}"))).collect();
        assert!(all.iter().all(|delay| *delay <= most));
        for minute in 0..10 {
            let (from, to) = (Duration::from_secs(minute * 60), Duration::from_secs(minute * 60 + 60));
            let share = all.iter().filter(|delay| (from..to).contains(delay)).count();
            assert!((60..=140).contains(&share), "minute {minute} has {share} of 1000");
        }
    }
}
