//! Spans of time as people write them: `90s`, `10m`, `2 days`, `1h 30m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::TimetableError;

/// Longer spans are mistakes: a hundred years of days.
const LONGEST: u64 = 36_525 * 86_400;

/// Units, the largest first: the short form, seconds, and the longer forms.
const UNITS: [(&str, u64, &[&str]); 5] = [
    ("w", 7 * 86_400, &["week", "weeks"]),
    ("d", 86_400, &["day", "days"]),
    ("h", 3_600, &["hr", "hour", "hours"]),
    ("m", 60, &["min", "mins", "minute", "minutes"]),
    ("s", 1, &["sec", "secs", "second", "seconds"]),
];

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub Duration);

impl Span {
    /// As the standard library has it.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = TimetableError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(TimetableError::new(
                "the span is empty; write a number and a unit, such as `90s`, `10m` or `2 days`",
            ));
        }
        let mut seconds = 0_u64;
        while !rest.is_empty() {
            let (number, behind) = cut(rest, |letter| letter.is_ascii_digit());
            let (unit, behind) = cut(behind.trim_start(), char::is_alphabetic);
            let part = read_number(number, text)?.checked_mul(seconds_of(unit, text)?);
            let sum = part.and_then(|part| seconds.checked_add(part)).filter(|sum| *sum <= LONGEST);
            seconds = sum.ok_or_else(|| TimetableError::new("the span is longer than a hundred years"))?;
            rest = behind.trim_start();
        }
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl fmt::Display for Span {
    /// In the largest unit that needs no fraction: `90m`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let unit = UNITS.iter().find(|(_, worth, _)| seconds > 0 && seconds.is_multiple_of(*worth));
        let (unit, worth) = unit.map_or(("s", 1), |(unit, worth, _)| (*unit, *worth));
        write!(out, "{}{unit}", seconds / worth)
    }
}

fn cut(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !belongs(letter)).unwrap_or(text.len()))
}

fn read_number(number: &str, text: &str) -> Result<u64, TimetableError> {
    if number.is_empty() && text.trim_start().starts_with('-') {
        return Err(TimetableError::new("a span cannot be negative; write a number and a unit, such as `10m`"));
    }
    if number.is_empty() {
        return Err(TimetableError::new("a unit needs a number before it, such as `10m`"));
    }
    number.parse().map_err(|_too_large| TimetableError::new("the span is longer than a hundred years"))
}

fn seconds_of(unit: &str, text: &str) -> Result<u64, TimetableError> {
    let lower = unit.to_lowercase();
    let known = UNITS.iter().find(|(short, _, long)| *short == lower || long.contains(&lower.as_str()));
    if let Some((_, seconds, _)) = known {
        return Ok(*seconds);
    }
    Err(TimetableError::new(match lower.as_str() {
        "" if text.contains(['.', ',']) => "only whole numbers; write `90m` rather than `1.5h`".to_owned(),
        "" => "the number needs a unit: `s`, `m`, `h`, `d` or `w`, such as `10m`".to_owned(),
        "mo" | "month" | "months" | "y" | "yr" | "year" | "years" => {
            format!("`{unit}` has no fixed length; count in days, such as `30d`")
        }
        "ms" => "nothing shorter than a second; write `1s`".to_owned(),
        _ => format!("unknown unit `{unit}`; write `s`, `m`, `h`, `d` or `w`, such as `10m`"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let seconds = |text: &str| text.parse::<Span>().unwrap().duration().as_secs();
        for (text, expected) in [
            ("10m", 600),
            ("3h", 10_800),
            ("2 days", 172_800),
            ("90s", 90),
            ("1 Week", 604_800),
            (" 1h 30m ", 5_400),
            ("1h30min", 5_400),
            ("0s", 0),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_span_is_told_with_what_would_be() {
        let told = |text: &str| text.parse::<Span>().unwrap_err().to_string();
        assert_eq!(told("10"), "the number needs a unit: `s`, `m`, `h`, `d` or `w`, such as `10m`");
        assert_eq!(told("1.5h"), "only whole numbers; write `90m` rather than `1.5h`");
        assert_eq!(told("3 months"), "`months` has no fixed length; count in days, such as `30d`");
        assert_eq!(told("m"), "a unit needs a number before it, such as `10m`");
        assert_eq!(told("-5m"), "a span cannot be negative; write a number and a unit, such as `10m`");
        assert_eq!(told("5 fortnights"), "unknown unit `fortnights`; write `s`, `m`, `h`, `d` or `w`, such as `10m`");
        assert_eq!(told("99999999999999999999s"), "the span is longer than a hundred years");
        assert_eq!(told("999999999w"), "the span is longer than a hundred years");
        assert!(told("  ").starts_with("the span is empty"));
        assert!(told("5m, 3s").starts_with("a unit needs a number"));
    }

    #[test]
    fn a_span_is_written_in_its_largest_whole_unit() {
        for (text, expected) in [("90m", "90m"), ("120m", "2h"), ("14d", "2w"), ("0m", "0s"), ("1h 1s", "3601s")] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), expected);
        }
    }
}
