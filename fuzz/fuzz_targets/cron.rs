//! Whatever somebody writes for a time: a schedule that is taken runs later than now, and last ran no later.
//!
//! Input: a moment in eight bytes, then lines: a schedule, a time zone, a span, a time of the day.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use chrono::{DateTime, TimeDelta};
use keyroll::timetable::{Crontab, Span, TimeOfDay, Zone};
use libfuzzer_sys::fuzz_target;

/// The year 2100 begins, with which the calendar ends.
const END: i64 = 4_102_444_800;

fuzz_target!(|bytes: &[u8]| {
    let Some((moment, text)) = bytes.split_first_chunk::<8>() else { return };
    let seconds = i64::from_le_bytes(*moment);
    keyroll_fuzz::read_text(text, |text| {
        let mut lines = text.split('\n');
        let mut line = || lines.next().unwrap_or_default();
        let crontab = read_back::<Crontab>(line());
        let zone = read_back::<Zone>(line()).unwrap_or(Zone::UTC);
        read_back::<Span>(line());
        read_back::<TimeOfDay>(line());
        let Some(crontab) = crontab else { return };
        // Any moment there is, and as often one from 1970 to 2100.
        let at = if seconds % 2 == 0 { Some(seconds) } else { Some(seconds.rem_euclid(END)) };
        let Some(at) = at.and_then(|at| DateTime::from_timestamp(at, 0)) else { return };
        let next = crontab.next_after(at, &zone);
        if let Some(next) = next {
            assert!(next > at, "the next run of `{crontab}` is {next}, and now it is {at}");
            let again = crontab.last_before_or_at(next, &zone);
            assert_eq!(again, Some(next), "a run of `{crontab}` in {} is one from both sides", zone.name());
            assert_eq!(crontab.next_after(next - TimeDelta::seconds(1), &zone), Some(next), "`{crontab}`");
        }
        if let Some(last) = crontab.last_before_or_at(at, &zone) {
            assert!(last <= at, "the last run of `{crontab}` was {last}, and now it is {at}");
            // In its last year, 2100, the calendar looks forward farther than back.
            if at.timestamp() < END {
                let upcoming = crontab.next_after(last, &zone);
                assert_eq!(upcoming, next, "nothing of `{crontab}` in {} is between", zone.name());
            }
        }
    });
});

/// What is taken is shown in a way that is taken again, as the same.
fn read_back<T: FromStr<Err: Display> + Display + Debug + PartialEq>(text: &str) -> Option<T> {
    match text.parse::<T>() {
        Ok(taken) => {
            assert_eq!(taken.to_string().parse::<T>().ok().as_ref(), Some(&taken), "`{text}` is shown as `{taken}`");
            Some(taken)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}
