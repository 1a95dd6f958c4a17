//! Working days: Monday to Friday without the holidays that somebody lists.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};

/// Which days people work on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkingDays {
    holidays: BTreeSet<NaiveDate>,
}

impl WorkingDays {
    /// Monday to Friday without these days.
    #[must_use]
    pub fn new(holidays: impl IntoIterator<Item = NaiveDate>) -> Self {
        Self { holidays: holidays.into_iter().collect() }
    }

    /// Whether people work on a day.
    #[must_use]
    pub fn is_working(&self, day: NaiveDate) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !self.holidays.contains(&day)
    }

    /// The day itself if people work on it, otherwise the last one before it on which they do: what falls due on a free
    /// day has to be told by then.
    #[must_use]
    pub fn last_working_day_on_or_before(&self, day: NaiveDate) -> NaiveDate {
        let back = std::iter::successors(Some(day), NaiveDate::pred_opt);
        back.into_iter().find(|day| self.is_working(*day)).unwrap_or(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_and_holidays_are_stepped_over() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let days = WorkingDays::new([day("2026-12-25"), day("2026-12-24")]);
        assert!(days.is_working(day("2026-12-23")) && !days.is_working(day("2026-12-24")));
        for (asked, expected) in
            [("2026-12-27", "2026-12-23"), ("2026-12-28", "2026-12-28"), ("2026-11-22", "2026-11-20")]
        {
            assert_eq!(days.last_working_day_on_or_before(day(asked)), day(expected));
        }
        assert_eq!(days.last_working_day_on_or_before(NaiveDate::MIN), NaiveDate::MIN);
    }
}
