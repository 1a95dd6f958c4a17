//! A calendar of what ends, for the programs in which people keep their days: one event a day for each thing, on the last
//! day it can be used.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use icalendar::{Calendar, Component, Event, EventLike, Property};

use crate::digest::Digest;
use crate::model::Expiry;
use crate::text::harmless;

/// The expiries of an estate in the iCalendar format (RFC 5545), in the order of their days. The same expiry on the same
/// day is the same event in every calendar, so that a program that fetches it again moves nothing and doubles nothing.
#[must_use]
pub fn calendar_ics(expiries: &[Expiry], estate: &str, now: DateTime<Utc>) -> String {
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//keyroll//what ends//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(("METHOD", "PUBLISH"));
    calendar.append_property(("X-WR-CALNAME", format!("keyroll: what ends in {}", harmless(estate)).as_str()));
    let by_day: BTreeMap<(NaiveDate, &str, &str), &Expiry> =
        expiries.iter().map(|expiry| ((last_day(expiry), expiry.what.as_str(), expiry.id.as_str()), expiry)).collect();
    for ((day, ..), expiry) in by_day {
        calendar.push(event(expiry, estate, day, now));
    }
    calendar.to_string()
}

fn event(expiry: &Expiry, estate: &str, day: NaiveDate, now: DateTime<Utc>) -> Event {
    Event::new()
        .uid(&uid(expiry, estate, day))
        .timestamp(now)
        // Without an end, an event on a date takes that whole day (RFC 5545, section 3.6.1).
        .starts(day)
        .summary(&format!("Ends: {}", harmless(&expiry.what)))
        .description(&description(expiry, estate))
        // It shall not make anybody look busy.
        .append_property(Property::new("TRANSP", "TRANSPARENT"))
        .done()
}

/// The last day (UTC) on which it can be used: what ends at midnight is of no use on the day that begins then.
fn last_day(expiry: &Expiry) -> NaiveDate {
    let day = expiry.ends_at.checked_sub_signed(TimeDelta::milliseconds(1)).unwrap_or(expiry.ends_at);
    day.date_naive()
}

fn uid(expiry: &Expiry, estate: &str, day: NaiveDate) -> String {
    format!("{}@keyroll", Digest::of(&(estate, &expiry.id, day)).base32(26))
}

fn description(expiry: &Expiry, estate: &str) -> String {
    let said = |label: &str, text: &str| (!text.is_empty()).then(|| format!("{label}: {}", harmless(text)));
    let owner = match (expiry.owner.as_deref(), expiry.owner_note.as_str()) {
        (Some(owner), "") => owner.to_owned(),
        (Some(owner), note) => format!("{owner} ({note})"),
        (None, "") => "not known".to_owned(),
        (None, note) => format!("not known ({note})"),
    };
    let moment = expiry.ends_at.format("%Y-%m-%d %H:%M UTC").to_string();
    let lines = [
        said("Ends", &moment),
        said("Owner", &owner),
        said("Use", &expiry.use_note),
        said("To do", &expiry.remedy),
        (!expiry.observed).then(|| "The last scan could not look for it: it is told as it was seen before.".to_owned()),
        said("Estate", estate),
    ];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiry(id: &str, what: &str, ends_at: &str) -> Expiry {
        Expiry {
            id: id.to_owned(),
            what: what.to_owned(),
            ends_at: ends_at.parse().unwrap(),
            resource: None,
            owner: Some("Ada Park".to_owned()),
            owner_email: None,
            owner_note: String::new(),
            use_note: "used yesterday".to_owned(),
            remedy: "create a new one, and revoke this one".to_owned(),
            sources: Vec::new(),
            environments: Vec::new(),
            own: false,
            observed: true,
        }
    }

    fn written(expiries: &[Expiry]) -> String {
        calendar_ics(expiries, "acme", "2026-11-22T02:00:00Z".parse().unwrap())
    }

    /// The text without the folds of long lines.
    fn unfolded(text: &str) -> String {
        text.replace("\r\n ", "")
    }

    #[test]
    fn an_expiry_is_one_event_on_its_last_day() {
        let text = unfolded(&written(&[expiry("acme:token:1", "API token “jenkins”", "2026-12-01T10:30:00Z")]));
        for line in [
            "DTSTART;VALUE=DATE:20261201\r\n",
            "DTSTAMP:20261122T020000Z\r\n",
            "SUMMARY:Ends: API token “jenkins”\r\n",
            "DESCRIPTION:Ends: 2026-12-01 10:30 UTC\\nOwner: Ada Park\\nUse: used yesterday\\nTo do: create a new one\\, and revoke this one\\nEstate: acme\r\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains("DTEND"), "{text}");
        let midnight = written(&[expiry("x", "x", "2026-12-01T00:00:00Z")]);
        assert!(midnight.contains("DTSTART;VALUE=DATE:20261130\r\n"), "{midnight}");
    }

    #[test]
    fn bytes_depend_on_nothing_but_the_expiries() {
        let (one, other) = (expiry("a", "a", "2026-12-02T10:00:00Z"), expiry("b", "b", "2026-12-01T10:00:00Z"));
        let text = written(&[one.clone(), other.clone()]);
        assert_eq!(text, written(&[other.clone(), one.clone(), other.clone()]));
        assert!(text.find("SUMMARY:Ends: b") < text.find("SUMMARY:Ends: a"));
        let uids = |text: &str| {
            text.lines()
                .filter(|line| line.starts_with("UID:"))
                .map(str::to_owned)
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert_eq!(uids(&text).len(), 2);
        let moved = written(&[Expiry { ends_at: one.ends_at + TimeDelta::days(1), ..one.clone() }, other.clone()]);
        assert_eq!(uids(&text).intersection(&uids(&moved)).count(), 1, "another day is another event");
        let renamed = written(&[Expiry { what: "c".to_owned(), ..one }, other]);
        assert_eq!(uids(&text), uids(&renamed));
    }

    #[test]
    fn hostile_text_stays_inside_its_property() {
        let evil = "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\nATTACH:http://evil.example\\n;VALUE=URI,\u{202e}\u{85}";
        let text = written(&[Expiry {
            owner: Some(evil.to_owned()),
            owner_note: evil.repeat(20),
            remedy: evil.to_owned(),
            ..expiry(evil, evil, "2026-12-01T10:00:00Z")
        }]);
        let names: Vec<&str> = text
            .split("\r\n")
            .filter(|line| !line.starts_with(' ') && !line.is_empty())
            .map(|line| line.split([':', ';']).next().unwrap())
            .collect();
        let expected = ["BEGIN", "VERSION", "PRODID", "CALSCALE", "METHOD", "X-WR-CALNAME", "BEGIN"];
        assert_eq!(names[..7], expected);
        assert_eq!(names.iter().filter(|name| ["BEGIN", "END"].contains(name)).count(), 4, "{text}");
        assert!(!names.contains(&"ATTACH"));
        assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])), "{text}");
    }
}
