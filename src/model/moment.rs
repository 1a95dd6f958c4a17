//! Moments and days as they lie in JSON: as chrono writes and reads them, byte for byte, but of the usual form without its
//! general way of doing it. A large estate has millions of them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, Timelike, Utc};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Fact;

/// For a fact about a moment: `#[serde(with = "moment")]`.
pub(super) fn serialize<S: Serializer>(fact: &Fact<DateTime<Utc>>, to: S) -> Result<S::Ok, S::Error> {
    fact.as_ref().map(Moment::of).serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Fact<DateTime<Utc>>, D::Error> {
    Ok(Fact::<Moment>::deserialize(from)?.map(|Moment(at)| at))
}

/// The same of a list of days.
pub(super) mod days {
    use super::*;

    pub(in crate::model) fn serialize<S: Serializer>(fact: &Fact<Vec<NaiveDate>>, to: S) -> Result<S::Ok, S::Error> {
        let days = fact.as_ref().map(|days| days.iter().copied().map(Day).collect::<Vec<_>>());
        days.serialize(to)
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Fact<Vec<NaiveDate>>, D::Error> {
        let days = Fact::<Vec<Day>>::deserialize(from)?;
        Ok(days.map(|days| days.into_iter().map(|Day(day)| day).collect()))
    }
}

struct Moment(DateTime<Utc>);

impl Moment {
    fn of(at: &DateTime<Utc>) -> Self {
        Self(*at)
    }
}

struct Day(NaiveDate);

const MOMENT: &[u8; 20] = b"0000-00-00T00:00:00Z";
const DAY: &[u8; 10] = b"0000-00-00";

/// Writes a number with leading zeros.
fn put(text: &mut [u8], mut number: u32) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// A number of nothing but digits.
fn number(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}

/// Puts a day of the usual years.
fn put_day(text: &mut [u8], day: NaiveDate) -> Option<()> {
    let year = u32::try_from(day.year()).ok().filter(|year| *year <= 9999)?;
    for (range, number) in [(0..4, year), (5..7, day.month()), (8..10, day.day())] {
        put(text.get_mut(range)?, number);
    }
    Some(())
}

/// A moment of the usual years, to the second.
fn usual(at: DateTime<Utc>) -> Option<[u8; 20]> {
    let mut text = *MOMENT;
    put_day(&mut text, at.date_naive())?;
    for (range, number) in [(11..13, at.hour()), (14..16, at.minute()), (17..19, at.second())] {
        put(text.get_mut(range)?, number);
    }
    Some(text)
}

/// A moment to the second, as RFC 3339 has it: `2026-11-22T02:00:00Z`.
#[must_use]
pub fn to_the_second(at: DateTime<Utc>) -> String {
    let usual = usual(at).filter(|_| at.nanosecond() < 1_000_000_000);
    usual
        .and_then(|text| String::from_utf8(text.to_vec()).ok())
        .unwrap_or_else(|| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

fn read_day(text: &[u8]) -> Option<NaiveDate> {
    let [year @ .., b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = (year.len() == 4).then(|| number(year)).flatten()?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(&[*m1, *m2])?, number(&[*d1, *d2])?)
}

fn read_moment(text: &[u8]) -> Option<DateTime<Utc>> {
    let (day, time) = text.split_at_checked(10)?;
    let [b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'Z'] = time else { return None };
    let time = NaiveTime::from_hms_opt(number(&[*h1, *h2])?, number(&[*m1, *m2])?, number(&[*s1, *s2])?)?;
    Some(read_day(day)?.and_time(time).and_utc())
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self(at) = self;
        match usual(*at).filter(|_| at.nanosecond() == 0) {
            Some(text) => to.serialize_str(std::str::from_utf8(&text).unwrap_or_default()),
            None => at.serialize(to),
        }
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut text = *DAY;
        match put_day(&mut text, self.0) {
            Some(()) => to.serialize_str(std::str::from_utf8(&text).unwrap_or_default()),
            None => self.0.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Moment;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an RFC 3339 formatted date and time string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Moment, E> {
                let usual = read_moment(text.as_bytes());
                usual.map_or_else(|| text.parse(), Ok).map(Moment).map_err(E::custom)
            }
        }
        from.deserialize_str(Read)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Day;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a formatted date string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Day, E> {
                let usual = read_day(text.as_bytes());
                usual.map_or_else(|| text.parse(), Ok).map(Day).map_err(E::custom)
            }
        }
        from.deserialize_str(Read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_written_and_read_is_what_chrono_writes_and_reads(
            seconds in prop_oneof![-70_000_000_000_i64..300_000_000_000, 0_i64..4_000_000_000],
            nanos in prop_oneof![3 => Just(0_u32), 1 => 0_u32..2_000_000_000],
        ) {
            let Some(at) = DateTime::from_timestamp(seconds, nanos) else { return Ok(()) };
            prop_assert_eq!(json(&Moment(at)), json(&at));
            prop_assert_eq!(to_the_second(at), at.to_rfc3339_opts(SecondsFormat::Secs, true));
            prop_assert_eq!(json(&Day(at.date_naive())), json(&at.date_naive()));
            let Moment(read) = serde_json::from_str(&json(&at)).unwrap();
            prop_assert_eq!(read, at);
            let Day(read) = serde_json::from_str(&json(&at.date_naive())).unwrap();
            prop_assert_eq!(read, at.date_naive());
        }

        #[test]
        fn what_chrono_refuses_is_refused(text in "[0-9]{3,5}-[0-9]{2}-[0-9]{1,3}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,3})?(Z|\\+[0-9]{2}:[0-9]{2})?") {
            let text = json(&text);
            let read = serde_json::from_str(&text).ok().map(|Moment(at)| at);
            prop_assert_eq!(read, serde_json::from_str::<DateTime<Utc>>(&text).ok());
        }
    }

    #[test]
    fn none_and_nothing_stay_what_they_are() {
        use crate::model::{Credential, CredentialForm};
        let form = CredentialForm::ApiToken;
        let known =
            Credential { expires_at: Fact::Absent, used_on: Fact::Known(Vec::new()), ..Credential::unknown(form) };
        assert_eq!(json(&known), r#"{"form":"api-token","expires_at":null,"used_on":[]}"#);
        assert_eq!(serde_json::from_str::<Credential>(&json(&known)).unwrap(), known);
    }
}
