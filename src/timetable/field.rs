//! The five fields of a crontab line: the numbers that each of them means, and precise words for what it cannot mean.

use std::collections::BTreeSet;

/// What may stand in a field.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) least: u32,
    pub(super) most: u32,
    /// Names for the numbers, beginning with that of `least`.
    names: &'static [&'static str],
}

/// The fields in the order of the line.
pub(super) const KINDS: [Kind; 5] = [
    Kind { name: "minute", least: 0, most: 59, names: &[] },
    Kind { name: "hour", least: 0, most: 23, names: &[] },
    Kind { name: "day of the month", least: 1, most: 31, names: &[] },
    Kind { name: "month", least: 1, most: 12, names: &MONTHS },
    Kind { name: "day of the week", least: 0, most: 7, names: &WEEKDAYS },
];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Names of weekdays by the numbers of crontab(5).
pub(super) const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// What a field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) numbers: BTreeSet<u32>,
    /// It begins with `*`. For days and hours that means more than the numbers tell.
    pub(super) starred: bool,
}

impl Field {
    /// Reads one field.
    pub(super) fn read(kind: &Kind, text: &str) -> Result<Self, String> {
        let mut numbers = BTreeSet::new();
        for part in text.split(',') {
            numbers.extend(read_part(kind, part)?);
        }
        Ok(Self { numbers, starred: text.starts_with('*') })
    }
}

/// One entry of a list: a number, a range, or either of `*` and a range with a step.
fn read_part(kind: &Kind, part: &str) -> Result<Vec<u32>, String> {
    let name = kind.name;
    if part.is_empty() {
        return Err(format!("the {name} has an empty entry; write numbers with single commas between them"));
    }
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (part, None),
    };
    let (first, last) = match range.split_once('-') {
        _ if range == "*" => (kind.least, kind.most),
        Some((first, last)) => (read_number(kind, first)?, read_number(kind, last)?),
        None => {
            let number = read_number(kind, range)?;
            if step.is_some() {
                let right = format!("`{range}-{}/…` or `*/…`", kind.most);
                return Err(format!("the {name} `{part}` has a step but no range; write {right}"));
            }
            (number, number)
        }
    };
    if first > last {
        return Err(format!(
            "the {name} `{range}` runs backwards; write it as a list, such as `{}`",
            forwards(kind, first, last)
        ));
    }
    let step = step.map_or(Ok(1), |step| read_step(kind, part, step, last - first))?;
    Ok((first..=last).step_by(step).collect())
}

fn read_step(kind: &Kind, part: &str, step: &str, span: u32) -> Result<usize, String> {
    let name = kind.name;
    let number = step.parse::<u32>().ok().filter(|number| *number > 0 && is_digits(step));
    let Some(number) = number else {
        return Err(format!("the step `{step}` of the {name} must be a whole number from 1 up"));
    };
    if number > span {
        return Err(format!(
            "the step {number} of the {name} `{part}` is larger than its range, so only its first number would count; \
             write that number"
        ));
    }
    usize::try_from(number).map_err(|error| error.to_string())
}

fn read_number(kind: &Kind, text: &str) -> Result<u32, String> {
    let Kind { name, least, most, names } = kind;
    let right = if let (Some(first), Some(last)) = (names.first(), names.last()) {
        format!("{least} to {most} or `{first}` to `{last}`")
    } else {
        format!("{least} to {most}")
    };
    if let Some(place) = names.iter().position(|known| known.eq_ignore_ascii_case(text)) {
        return u32::try_from(place).map(|place| place + least).map_err(|error| error.to_string());
    }
    if let Some(meant) = special(text) {
        return Err(format!("the {name} `{text}` is not crontab syntax: {meant}; write {right}"));
    }
    if !is_digits(text) {
        return Err(format!("the {name} `{text}` is not understood; write {right}, `*`, a list, a range or a step"));
    }
    let number = text.parse().ok().filter(|number| (least..=most).contains(&number));
    number.ok_or_else(|| format!("the {name} `{text}` is out of range; write {right}"))
}

/// What other schedulers add to the syntax.
fn special(text: &str) -> Option<&'static str> {
    let upper = text.to_uppercase();
    match upper.as_str() {
        "?" => Some("“no value” is written `*`"),
        "H" => Some("there is no hashed time, the jitter of the schedule spreads runs"),
        _ if upper.contains('#') => Some("the n-th weekday of a month cannot be said"),
        _ if upper == "LW" || upper.ends_with('W') => Some("the nearest working day cannot be said"),
        _ if upper.ends_with('L') => Some("the last day cannot be said"),
        _ => None,
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The list that somebody meant who wrote a range over the end.
fn forwards(kind: &Kind, first: u32, last: u32) -> String {
    let range = |from: u32, to: u32| if from == to { from.to_string() } else { format!("{from}-{to}") };
    // Of the weekdays, 7 is another name of 0.
    let sunday = kind.most == 7;
    if sunday && last == 0 {
        return range(first, 7);
    }
    let most = if sunday { 6 } else { kind.most };
    format!("{},{}", range(first.min(most), most), range(kind.least, last))
}
