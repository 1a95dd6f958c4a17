//! Both nights on which the clocks change, in zones that do it in different ways, and a second opinion on crontab(5) that
//! looks at every minute.

use chrono::{Datelike, Timelike};
use proptest::prelude::*;

use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn line(text: &str) -> Crontab {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

/// The runs between two moments, as the clocks show them; and the same found backwards.
fn runs(text: &str, name: &str, from: &str, to: &str) -> Vec<String> {
    let (crontab, zone, from, to) = (line(text), zone(name), utc(from), utc(to));
    let runs = crontab.between(from, to, &zone, 10_000);
    let last = |at: &DateTime<Utc>| crontab.last_before_or_at(*at, &zone).filter(|run| *run > from);
    let mut back: Vec<_> =
        std::iter::successors(last(&to), |run| last(&(*run - TimeDelta::seconds(1)))).take(10_001).collect();
    back.reverse();
    assert_eq!(runs, back, "`{text}` forwards and backwards");
    runs.iter().map(|run| zone.local(*run).format("%d %H:%M %:z").to_string()).collect()
}

const SPRING: (&str, &str) = ("2026-03-27T23:00:00Z", "2026-03-30T21:59:00Z");
const AUTUMN: (&str, &str) = ("2026-10-23T22:00:00Z", "2026-10-26T22:59:00Z");

#[test]
fn a_time_that_is_skipped_runs_at_the_end_of_the_gap() {
    let berlin = |text| runs(text, "Europe/Berlin", SPRING.0, SPRING.1);
    assert_eq!(berlin("30 2 * * *"), ["28 02:30 +01:00", "29 03:00 +02:00", "30 02:30 +02:00"]);
    assert_eq!(
        berlin("0,30 2 * * *"),
        ["28 02:00 +01:00", "28 02:30 +01:00", "29 03:00 +02:00", "30 02:00 +02:00", "30 02:30 +02:00"]
    );
    assert_eq!(berlin("30 2 * * 7"), ["29 03:00 +02:00"]);
    assert_eq!(berlin("0 2,3 29 * *"), ["29 03:00 +02:00"], "two times that fall together are one run");
    let york = runs("30 2 8 3 *", "America/New_York", "2026-03-01T00:00:00Z", "2026-03-30T00:00:00Z");
    assert_eq!(york, ["08 03:00 -04:00"]);
    let howe = runs("15 2 4 10 *", "Australia/Lord_Howe", "2026-10-01T00:00:00Z", "2026-10-10T00:00:00Z");
    assert_eq!(howe, ["04 02:30 +11:00"], "half an hour is skipped there");
}

#[test]
fn a_time_that_comes_twice_runs_at_the_first() {
    let berlin = |text| runs(text, "Europe/Berlin", AUTUMN.0, AUTUMN.1);
    assert_eq!(berlin("30 2 * * *"), ["24 02:30 +02:00", "25 02:30 +02:00", "26 02:30 +01:00"]);
    assert_eq!(berlin("0,30 2 * * 7"), ["25 02:00 +02:00", "25 02:30 +02:00"]);
    assert_eq!(berlin("30 2 * * 7"), ["25 02:30 +02:00"]);
    assert_eq!(berlin("0 3 25 * *"), ["25 03:00 +01:00"]);
    let york = runs("30 1 1 11 *", "America/New_York", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z");
    assert_eq!(york, ["01 01:30 -04:00"]);
    let howe = runs("45 1 5 4 *", "Australia/Lord_Howe", "2026-04-01T00:00:00Z", "2026-04-10T00:00:00Z");
    assert_eq!(howe, ["05 01:45 +11:00"]);
}

#[test]
fn every_hour_follows_the_real_clock() {
    for (text, minutes) in [("0 * * * *", 60), ("*/15 * * * *", 15), ("30 */1 * * *", 60)] {
        for (from, to) in [SPRING, AUTUMN] {
            let found = line(text).between(utc(from), utc(to), &zone("Europe/Berlin"), 1000);
            let even = found.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::minutes(minutes));
            assert!(even && found.len() > 60, "{text}");
        }
    }
    let twice = runs("0 */2 * * *", "Europe/Berlin", "2026-10-24T22:30:00Z", "2026-10-25T03:30:00Z");
    assert_eq!(twice, ["25 02:00 +02:00", "25 02:00 +01:00", "25 04:00 +01:00"]);
    let skipped = runs("0 */2 * * *", "Europe/Berlin", "2026-03-28T23:30:00Z", "2026-03-29T03:30:00Z");
    assert_eq!(skipped, ["29 04:00 +02:00"]);
    let howe = runs("45 * * * *", "Australia/Lord_Howe", "2026-04-04T13:59:00Z", "2026-04-04T16:59:00Z");
    assert_eq!(howe, ["05 01:45 +11:00", "05 01:45 +10:30", "05 02:45 +10:30"]);
}

#[test]
fn midnights_and_days_that_do_not_exist_are_made_up_for() {
    let first = |text, name, from| {
        let zone = zone(name);
        zone.local(line(text).next_after(utc(from), &zone).unwrap()).format("%F %H:%M %:z").to_string()
    };
    assert_eq!(first("0 0 * * *", "America/Sao_Paulo", "2018-11-04T00:00:00Z"), "2018-11-04 01:00 -02:00");
    assert_eq!(first("0 0 * * 5", "Africa/Cairo", "2026-04-20T00:00:00Z"), "2026-04-24 01:00 +03:00");
    assert_eq!(first("@daily", "Asia/Beirut", "2026-03-28T12:00:00Z"), "2026-03-29 01:00 +03:00");
    assert_eq!(first("0 9 30 12 *", "Pacific/Apia", "2011-12-30T00:00:00Z"), "2011-12-31 00:00 +14:00");
    assert_eq!(first("0 * 30 12 *", "Pacific/Apia", "2011-12-20T00:00:00Z"), "2012-12-30 00:00 +14:00");
}

#[test]
fn either_day_matches_only_if_both_are_restricted() {
    let january = |text| runs(text, "Europe/Berlin", "2025-12-31T23:00:00Z", "2026-01-31T22:59:00Z");
    let days = |text| january(text).iter().map(|run| run.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(days("0 9 1 * 1"), ["01", "05", "12", "19", "26"]);
    assert_eq!(days("0 9 1 * MON"), ["01", "05", "12", "19", "26"]);
    assert_eq!(days("0 9 * * 1"), ["05", "12", "19", "26"]);
    assert_eq!(days("0 9 */2 * 1"), ["05", "19"], "a step over `*` still begins with `*`");
    assert_eq!(days("0 9 5-20 Jan */7"), ["11", "18"]);
    assert_eq!(days("0 9 * * 0"), days("0 9 * * 7"));
    assert_eq!(days("0 9 * * 6-7"), days("0 9 * * sat,Sun"));
    assert_eq!(days("0 9 * * 1-7/6"), days("0 9 * * 1,7"));
}

#[test]
fn what_is_no_line_is_told_with_what_would_be() {
    let told = |text: &str| text.parse::<Crontab>().unwrap_err().to_string();
    for (text, expected) in [
        ("60 * * * *", "the minute `60` is out of range; write 0 to 59"),
        ("0 24 * * *", "the hour `24` is out of range; write 0 to 23"),
        ("0 0 0 * *", "the day of the month `0` is out of range; write 1 to 31"),
        ("0 0 * 13 *", "the month `13` is out of range; write 1 to 12 or `jan` to `dec`"),
        ("0 0 * * 8", "the day of the week `8` is out of range; write 0 to 7 or `sun` to `sat`"),
        (
            "0 0 * * monday",
            "the day of the week `monday` is not understood; write 0 to 7 or `sun` to `sat`, `*`, a list, a range or a step",
        ),
        ("mon 0 * * *", "the minute `mon` is not understood; write 0 to 59, `*`, a list, a range or a step"),
        ("0 0 ? * *", "the day of the month `?` is not crontab syntax: “no value” is written `*`; write 1 to 31"),
        ("0 0 L * *", "the day of the month `L` is not crontab syntax: the last day cannot be said; write 1 to 31"),
        (
            "0 0 15W * *",
            "the day of the month `15W` is not crontab syntax: the nearest working day cannot be said; write 1 to 31",
        ),
        (
            "0 0 * * 5#2",
            "the day of the week `5#2` is not crontab syntax: the n-th weekday of a month cannot be said; write 0 to 7 or `sun` to `sat`",
        ),
        (
            "0 0 * * 5L",
            "the day of the week `5L` is not crontab syntax: the last day cannot be said; write 0 to 7 or `sun` to `sat`",
        ),
        (
            "H 2 * * *",
            "the minute `H` is not crontab syntax: there is no hashed time, the jitter of the schedule spreads runs; write 0 to 59",
        ),
        ("*/0 * * * *", "the step `0` of the minute must be a whole number from 1 up"),
        (
            "*/90 * * * *",
            "the step 90 of the minute `*/90` is larger than its range, so only its first number would count; write that number",
        ),
        ("5/15 * * * *", "the minute `5/15` has a step but no range; write `5-59/…` or `*/…`"),
        ("1,,2 * * * *", "the minute has an empty entry; write numbers with single commas between them"),
        ("0 22-6 * * *", "the hour `22-6` runs backwards; write it as a list, such as `22-23,0-6`"),
        ("0 0 * * fri-sun", "the day of the week `fri-sun` runs backwards; write it as a list, such as `5-7`"),
        ("0 0 * * fri-mon", "the day of the week `fri-mon` runs backwards; write it as a list, such as `5-6,0-1`"),
        ("0 0 * nov-feb *", "the month `nov-feb` runs backwards; write it as a list, such as `11-12,1-2`"),
        (
            "0 30 2 * * *",
            "there are 6 fields, a crontab line has no seconds or years; write five: minute, hour, day of the month, month, day of the week, such as `30 2 * * *`",
        ),
        (
            "30 2 * *",
            "there are 4 fields, a crontab line has five: minute, hour, day of the month, month, day of the week, such as `30 2 * * *`",
        ),
        (
            "@reboot",
            "`@reboot` is no short form of a schedule; write one of `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly`, `@annually`",
        ),
        ("0 0 30 2 *", "it never runs: none of these months has such a day; choose an earlier day of the month"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
    assert!(told("  ").starts_with("the schedule is empty"));
    assert!(told("+5 * * * *").contains("not understood"));
    assert!(told("0 0 31 2,4 *").starts_with("it never runs"));
    assert!(told("0 0 31 4 */2").starts_with("it never runs"));
    assert_eq!(line("0 0 30 2 1").to_string(), "0 0 30 2 1", "the Mondays of February match");
    assert_eq!(line(" 30\t2  29 2 * ").to_string(), "30 2 29 2 *");
}

#[test]
fn far_away_there_is_no_run_and_no_harm() {
    let (daily, utc) = (line("@daily"), Zone::UTC);
    assert_eq!(daily.next_after(DateTime::<Utc>::MAX_UTC, &utc), None);
    assert_eq!(daily.last_before_or_at(DateTime::<Utc>::MIN_UTC, &utc), None);
    assert!(daily.next_after(DateTime::<Utc>::MIN_UTC, &utc).is_some());
    assert_eq!(daily.last_before_or_at(DateTime::<Utc>::MAX_UTC, &utc).unwrap().year(), 2100);
    let late = zone("Europe/Berlin")
        .local(line("0 12 1 7 *").next_after("2090-01-01T00:00:00Z".parse().unwrap(), &zone("Europe/Berlin")).unwrap());
    assert_eq!(late.to_rfc3339(), "2090-07-01T12:00:00+02:00");
}

/// A field of the second opinion: whether it begins with `*`, and its parts as (first, last, step).
#[derive(Debug, Clone)]
struct Said {
    text: String,
    parts: Vec<(u32, u32, u32)>,
}

impl Said {
    fn has(&self, number: u32) -> bool {
        self.parts
            .iter()
            .any(|(first, last, step)| (*first..=*last).contains(&number) && (number - first).is_multiple_of(*step))
    }

    fn starred(&self) -> bool {
        self.text.starts_with('*')
    }
}

fn said(least: u32, most: u32) -> impl Strategy<Value = Said> {
    let single = (least..=most).prop_map(|number| (number.to_string(), (number, number, 1)));
    let range = (least..=most, least..=most).prop_map(|(one, other)| {
        let (first, last) = (one.min(other), one.max(other));
        (format!("{first}-{last}"), (first, last, 1))
    });
    let stepped = (least..most, 1..=(most - least)).prop_map(move |(first, step)| {
        let step = step.min(most - first);
        (format!("{first}-{most}/{step}"), (first, most, step))
    });
    let star_step = (1..=(most - least)).prop_map(move |step| (format!("*/{step}"), (least, most, step)));
    let star = Just(("*".to_owned(), (least, most, 1)));
    let list = proptest::collection::vec(prop_oneof![3 => single, 1 => range, 1 => stepped], 1..4);
    prop_oneof![4 => list, 1 => star_step.prop_map(|part| vec![part]), 4 => star.prop_map(|part| vec![part])].prop_map(
        |parts| Said {
            text: parts.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(","),
            parts: parts.into_iter().map(|(_, part)| part).collect(),
        },
    )
}

fn said_line() -> impl Strategy<Value = [Said; 5]> {
    (said(0, 59), said(0, 23), said(1, 31), said(1, 12), said(0, 7))
        .prop_map(|(minute, hour, day, month, weekday)| [minute, hour, day, month, weekday])
}

fn text_of(line: &[Said; 5]) -> String {
    line.iter().map(|field| field.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Whether the clocks show a time that a line means, by the words of crontab(5).
fn means([minute, hour, day, month, weekday]: &[Said; 5], wall: NaiveDateTime) -> bool {
    let number = wall.weekday().num_days_from_sunday();
    let on_weekday = weekday.has(number) || (number == 0 && weekday.has(7));
    let on_day = match (day.starred(), weekday.starred()) {
        (false, false) => day.has(wall.day()) || on_weekday,
        _ => day.has(wall.day()) && on_weekday,
    };
    minute.has(wall.minute()) && hour.has(wall.hour()) && month.has(wall.month()) && on_day
}

/// Goes through the minutes and looks at the clocks: a job runs when they come to a time that it means, or leap over one.
fn minute_by_minute(line: &[Said; 5], zone: &Zone, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let minute = TimeDelta::minutes(1);
    let (mut now, mut shown, mut runs) = (from, zone.wall(from), Vec::new());
    let mut before = from - TimeDelta::days(2);
    while before <= from {
        shown = shown.max(zone.wall(before));
        before += TimeDelta::minutes(10);
    }
    while now < to {
        now += minute;
        let wall = zone.wall(now);
        let due = if line[1].starred() {
            means(line, wall)
        } else {
            let passed = std::iter::successors(Some(shown + minute), |time| Some(*time + minute));
            passed.take_while(|time| *time <= wall).any(|time| means(line, time))
        };
        if due {
            runs.push(now);
        }
        shown = shown.max(wall);
    }
    runs
}

/// Days around which the clocks change, and ordinary ones.
const PLACES: [(&str, &str); 14] = [
    ("UTC", "2026-02-27T00:00:00Z"),
    ("Europe/Berlin", "2026-06-10T00:00:00Z"),
    ("Europe/Berlin", "2026-03-28T00:00:00Z"),
    ("Europe/Berlin", "2026-10-24T00:00:00Z"),
    ("America/New_York", "2026-03-07T00:00:00Z"),
    ("America/New_York", "2026-10-31T00:00:00Z"),
    ("Australia/Lord_Howe", "2026-04-03T20:00:00Z"),
    ("Australia/Lord_Howe", "2026-10-02T20:00:00Z"),
    ("Pacific/Apia", "2011-12-29T00:00:00Z"),
    ("America/Sao_Paulo", "2018-11-03T00:00:00Z"),
    ("America/Sao_Paulo", "2019-02-16T00:00:00Z"),
    ("Africa/Cairo", "2026-04-23T00:00:00Z"),
    ("Asia/Beirut", "2026-10-24T00:00:00Z"),
    ("Asia/Kathmandu", "2026-12-30T00:00:00Z"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_agrees_with_a_look_at_every_minute(line in said_line(), place in 0..PLACES.len(), shift in 0..2880_i64) {
        let (name, from) = PLACES[place];
        let (zone, from) = (zone(name), utc(from) + TimeDelta::minutes(shift - 1440));
        let to = from + TimeDelta::days(4);
        let Ok(crontab) = text_of(&line).parse::<Crontab>() else {
            prop_assert!(!line[2].has(1), "`{}` can run on a first", text_of(&line));
            return Ok(());
        };
        let expected = minute_by_minute(&line, &zone, from, to);
        let found = crontab.between(from, to, &zone, usize::MAX);
        prop_assert_eq!(&found, &expected, "`{}` in {}", text_of(&line), name);
        prop_assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(crontab.last_before_or_at(to, &zone).filter(|run| *run > from), expected.last().copied());
        let late = crontab.next_after(to, &zone);
        prop_assert!(late.is_none_or(|run| run > to));
        for at in [from + TimeDelta::minutes(shift), from + TimeDelta::seconds(shift * 61)] {
            let next = expected.iter().find(|run| **run > at).copied().or(late);
            prop_assert_eq!(crontab.next_after(at, &zone), next);
            let last = expected.iter().rfind(|run| **run <= at).copied();
            prop_assert_eq!(crontab.last_before_or_at(at, &zone).filter(|run| *run > from), last);
        }
    }
}
