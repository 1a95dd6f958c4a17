//! Facts as they are now, held against those that were accepted: what is there now and was not accepted has come. What
//! became less is no matter. What nobody tells now and somebody told then is neither: it cannot be checked.

use super::access::LEVELS;
use super::{EVERY, Facts, MANY, UNTOLD};
use crate::model::{Accepted, Severity};

/// How facts stand to those that were accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::findings) enum Standing {
    /// Nothing came.
    Intact,
    /// Something came: what, a fragment each.
    Widened(Vec<String>),
    /// Nothing is known to have come, and not everything could be told: what not, with the reason.
    Unchecked(Vec<String>),
}

/// What becomes of one line.
enum Ruling {
    Accepted,
    Came(String),
    Unclear(String),
}

/// Compares facts with those that were accepted.
pub(in crate::findings) fn compare(accepted: &Accepted, now: &Facts) -> Standing {
    let (mut came, mut unclear) = (Vec::new(), Vec::new());
    for (line, said) in &now.lines {
        match rule(line, &accepted.facts, now) {
            Ruling::Accepted => {}
            Ruling::Came(what) => came.push(said.words.as_ref().map_or(what, |words| format!("{words} came"))),
            Ruling::Unclear(reason) => unclear.push(reason),
        }
    }
    match (came.is_empty(), unclear.is_empty()) {
        (false, _) => Standing::Widened(came),
        (true, false) => Standing::Unchecked(unclear),
        (true, true) => Standing::Intact,
    }
}

fn rule(line: &str, accepted: &[String], now: &Facts) -> Ruling {
    if accepted.iter().any(|known| known == line) {
        return Ruling::Accepted;
    }
    let (topic, value) = line.split_once(' ').unwrap_or((line, ""));
    let values: Vec<&str> = of_topic(topic, accepted).collect();
    match topic {
        UNTOLD => {
            let reason = now.untold.get(value).map_or("nobody told", String::as_str);
            Ruling::Unclear(format!("{value}: {reason}"))
        }
        "severity" => ordered(topic, value, &values, |text| text.parse::<Severity>().ok()),
        // A day sorts as it is written, and never is behind all of them.
        "ends" => ordered(topic, value, &values, |text| Some(text.to_owned())),
        "projects" => ordered(topic, value, &values, |text| text.parse::<usize>().ok()),
        _ if values.contains(&"*") => Ruling::Accepted,
        _ => match LEVELS.iter().position(|level| *level == topic) {
            Some(level) => place(level, value, accepted),
            None => listed(topic, value, &values),
        },
    }
}

/// The values that were accepted of a topic.
fn of_topic<'a>(topic: &str, accepted: &'a [String]) -> impl Iterator<Item = &'a str> {
    accepted.iter().filter_map(move |line| line.strip_prefix(topic)?.strip_prefix(' '))
}

/// More of something of which there is more and less.
fn ordered<T: Ord>(topic: &str, value: &str, accepted: &[&str], read: impl Fn(&str) -> Option<T>) -> Ruling {
    let most = accepted.iter().filter_map(|text| Some((read(text)?, *text))).max();
    match (most, read(value)) {
        (Some((most, _)), Some(is)) if is <= most => Ruling::Accepted,
        (Some((_, most)), _) => Ruling::Came(format!("{topic} {value} came, {most} was accepted")),
        (None, _) => Ruling::Came(format!("{topic} {value} came")),
    }
}

/// A thing, or a number of things, of a topic.
fn listed(topic: &str, value: &str, accepted: &[&str]) -> Ruling {
    let many = accepted.iter().find_map(|text| Many::read(text));
    match (Many::read(value), many) {
        (Some(now), Some(then)) => now.against(&then, topic),
        (Some(now), None) => Ruling::Came(format!("{topic}: {} came", now.what())),
        (None, Some(then)) => Ruling::Unclear(then.only_their_number(topic)),
        (None, None) => Ruling::Came(format!("{topic} {value} came")),
    }
}

/// A place, or many, in which something may be done: whoever accepted more there accepted this.
fn place(level: usize, value: &str, accepted: &[String]) -> Ruling {
    let topic = LEVELS.get(level).copied().unwrap_or_default();
    let now = Many::read(value);
    let sort = match (&now, value.strip_prefix(EVERY)) {
        (Some(many), _) => many.sort.to_owned(),
        (None, Some(sort)) => sort.to_owned(),
        // `project acme/container/10002` is a `project of acme`.
        (None, None) => value
            .split_once(' ')
            .map_or_else(String::new, |(form, id)| format!("{form} of {}", id.split('/').next().unwrap_or_default())),
    };
    let (mut doubt, mut more) = (None, None);
    for (at, wider) in LEVELS.iter().enumerate().take(level + 1) {
        for then in of_topic(wider, accepted) {
            if then == value || then.strip_prefix(EVERY) == Some(sort.as_str()) {
                return Ruling::Accepted;
            }
            let Some(then) = Many::read(then).filter(|many| many.sort == sort) else { continue };
            match &now {
                // Of fewer places than were accepted at a higher level it is not known whether they are among those.
                Some(now) if at < level && now.count <= then.count => doubt = Some(then.only_their_number(topic)),
                Some(now) if at == level => match now.against(&then, topic) {
                    Ruling::Accepted => return Ruling::Accepted,
                    Ruling::Unclear(reason) => doubt = Some(reason),
                    Ruling::Came(what) => more = Some(what),
                },
                Some(_) => {}
                None if value.starts_with(EVERY) => {}
                None => doubt = Some(then.only_their_number(topic)),
            }
        }
    }
    match (doubt, more, now) {
        (Some(reason), _, _) => Ruling::Unclear(reason),
        (None, Some(what), _) => Ruling::Came(what),
        (None, None, Some(now)) => Ruling::Came(format!("{topic}: {} came", now.what())),
        (None, None, None) => Ruling::Came(format!("{topic} {value} came")),
    }
}

/// A line that counts: `many: 214 project of acme (7QK2M0A1B2C3)`.
struct Many<'l> {
    count: usize,
    sort: &'l str,
    which: &'l str,
}

impl<'l> Many<'l> {
    fn read(value: &'l str) -> Option<Self> {
        let (count, rest) = value.strip_prefix(MANY)?.split_once(' ')?;
        let (sort, which) = rest.rsplit_once(" (")?;
        Some(Self { count: count.parse().ok()?, sort, which: which.strip_suffix(')')? })
    }

    fn what(&self) -> String {
        format!("{} {}", self.count, self.sort)
    }

    fn against(&self, then: &Many<'_>, topic: &str) -> Ruling {
        if self.which == then.which {
            Ruling::Accepted
        } else if self.count > then.count {
            Ruling::Came(format!("{topic}: {} came, {} were accepted", self.what(), then.count))
        } else {
            Ruling::Unclear(then.only_their_number(topic))
        }
    }

    fn only_their_number(&self, topic: &str) -> String {
        format!("{topic}: which they are has changed, and of {} only the number was accepted", self.what())
    }
}
