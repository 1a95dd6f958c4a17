//! Reads the waivers of a file one by one, each with all that is wrong with it.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};

use super::WaiverLimits;
use crate::document::{Located, Section};
use crate::model::{Accepted, Kind, ResourceId, RuleSummary, Waiver, WaiverId};
use crate::problem::Problem;
use crate::text::{did_you_mean, fits_pattern, plural};

/// What a resource looks like in a waiver.
const FORM: &str = "an id as reports show it, `tenant/kind/id`, in which `*` may stand for any characters";
/// The most days that a message speaks of where the rule is not known.
const MOST_DAYS: u16 = 366;

/// Reads waivers one by one.
pub(super) struct Reader<'a> {
    pub(super) rules: &'a [RuleSummary],
    pub(super) today: NaiveDate,
    pub(super) limits: WaiverLimits,
}

impl Reader<'_> {
    /// One waiver; what is wrong in it, its section knows.
    pub(super) fn read(&self, section: &mut Section) -> Option<Waiver> {
        let id = text(section, "id");
        let rule = self.rule(section);
        let resource = resource(section);
        let reason = text(section, "reason");
        let approver = text(section, "approver");
        let ticket = section.get("ticket");
        let until = self.until(section, rule);
        let accepted = self.accepted(section, resource.as_deref());
        Some(Waiver {
            id: WaiverId::from(id?.as_str()),
            rule: rule?.id.clone(),
            resource: resource?,
            reason: reason?,
            approver: approver?,
            ticket,
            until: until?,
            accepted: accepted?,
        })
    }

    fn rule(&self, section: &mut Section) -> Option<&RuleSummary> {
        let written: Located<String> = section.need("rule")?;
        let known = self.rules.iter().find(|rule| rule.id.as_str() == written.value);
        if known.is_none() {
            let ids = self.rules.iter().map(|rule| rule.id.as_str());
            let help = did_you_mean(&written.value, ids).map_or_else(
                || "`keyroll rules list` shows the rules there are".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            section.wrong(written.span, format!("there is no rule `{}`", written.value), Some(help));
        }
        known
    }

    fn until(&self, section: &mut Section, rule: Option<&RuleSummary>) -> Option<NaiveDate> {
        let days = rule.map_or(MOST_DAYS, |rule| self.limits.longest.of(rule.severity));
        let last = self.today + TimeDelta::days(days.into());
        if !section.has("until") {
            // Asked for all the same, so that the key is known.
            let _: Option<String> = section.get("until");
            let help = format!("add `until:` with its last day, {last} at the latest");
            section.wrong(section.span(), "the waiver has no end", Some(help));
            return None;
        }
        let written: Located<String> = section.get("until")?;
        let date = written.value.parse().ok().filter(|date: &NaiveDate| date.to_string() == written.value);
        match (date, rule) {
            (None, _) => {
                let help = format!("a day is written as year, month and day: `{last}`");
                section.wrong(written.span, format!("`until` is no day: `{}`", written.value), Some(help));
            }
            (Some(date), Some(rule)) if date > last => {
                let days = plural(days.into(), "day", "days");
                let what = format!(
                    "what is {} may be waived for {days} from today: until {last} at the latest",
                    rule.severity
                );
                section.wrong(written.span, format!("`until` is too far off: `{date}`"), Some(what));
            }
            (Some(_), _) => {}
        }
        date
    }

    /// The facts accepted, resource by resource; `None` if something is wrong with them.
    fn accepted(&self, section: &mut Section, pattern: Option<&str>) -> Option<Vec<Accepted>> {
        let mut all: BTreeMap<ResourceId, Accepted> = BTreeMap::new();
        let mut whole = true;
        for mut part in section.sections("accepted") {
            let accepted = one_accepted(&mut part, pattern);
            if let Some(accepted) = &accepted
                && all.contains_key(&accepted.resource)
            {
                part.wrong(part.span_of("resource"), format!("`{}` is accepted twice", accepted.resource), None);
            }
            match section.take(part.finish(accepted)) {
                Some(accepted) => drop(all.insert(accepted.resource.clone(), accepted)),
                None => whole = false,
            }
        }
        if self.limits.must_be_bound && whole && all.is_empty() {
            let help = "the configuration demands it (`require_facts`): `keyroll waivers add` writes them, and \
                        `keyroll waivers check --bind ID` shows the lines for one that is there";
            section.wrong(section.span(), "the waiver does not say which facts were accepted", Some(help.to_owned()));
        }
        whole.then(|| all.into_values().collect())
    }
}

/// What was accepted of one resource. The seal must fit: facts that were changed by hand were accepted by nobody.
fn one_accepted(part: &mut Section, pattern: Option<&str>) -> Option<Accepted> {
    let written: Located<String> = part.need("resource")?;
    let facts: Option<Vec<String>> = part.need("facts");
    let digest: Option<Located<String>> = part.need("digest");
    let resource = ResourceId::parse(&written.value);
    match &resource {
        None => part.wrong(written.span, format!("no resource has the id `{}`", written.value), Some(FORM.to_owned())),
        Some(id) if pattern.is_some_and(|pattern| !fits_pattern(pattern, id.as_str())) => {
            let what = format!("`{id}` is accepted, and the waiver does not speak of it");
            part.wrong(written.span, what, pattern.map(|pattern| format!("it speaks of `{pattern}`")));
        }
        Some(_) => {}
    }
    let (resource, mut facts, digest) = (resource?, facts?, digest?);
    facts.sort_unstable();
    facts.dedup();
    let accepted = Accepted { resource, facts };
    if accepted.digest() != digest.value {
        let help = "they were changed since they were accepted: take them back as they were, or have them accepted anew with \
                    `keyroll waivers add`";
        part.wrong(digest.span, "the facts are not those of this digest", Some(help.to_owned()));
    }
    Some(accepted)
}

/// A text that must be there and say something.
fn text(section: &mut Section, key: &'static str) -> Option<String> {
    let written: Located<String> = section.need(key)?;
    let text = written.value.trim();
    if text.is_empty() {
        section.wrong(written.span, format!("`{key}` is empty"), None);
        return None;
    }
    Some(text.to_owned())
}

fn resource(section: &mut Section) -> Option<String> {
    let written: Located<String> = section.need("resource")?;
    let Err(problem) = check_pattern(&written.value) else { return Some(written.value) };
    section.wrong(written.span, problem.what, problem.help);
    None
}

/// A pattern that can fit no id at all is a mistake, since it would cover nothing in silence.
fn check_pattern(pattern: &str) -> Result<(), Problem> {
    let (start, is_pattern) = pattern.split_once('*').map_or((pattern, false), |(start, _)| (start, true));
    let mut parts = start.splitn(3, '/');
    let (tenant, kind, native) = (parts.next().unwrap_or(""), parts.next(), parts.next());
    if let (Some(kind), Some(_)) = (kind, native)
        && Kind::named(kind).is_none()
    {
        let kinds = Kind::ALL.map(Kind::name);
        let help = did_you_mean(kind, kinds)
            .map_or_else(|| format!("kinds are {}", kinds.join(", ")), |near| format!("did you mean `{near}`?"));
        return Err(Problem::general(format!("`{kind}` in `{pattern}` is no kind of resource")).help(help));
    }
    let can_fit = if is_pattern {
        let begins_a_kind = |kind: &str| Kind::ALL.iter().any(|known| known.name().starts_with(kind));
        (kind.is_none() || !tenant.is_empty()) && kind.is_none_or(begins_a_kind)
    } else {
        ResourceId::parse(pattern).is_some()
    };
    if can_fit { Ok(()) } else { Err(Problem::general(format!("no resource has the id `{pattern}`")).help(FORM)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_must_be_able_to_fit_an_id() {
        for good in
            ["*", "acme/*", "acme/cred*", "*/credential/t-1", "acme/credential/*", "acme/credential/t-1", "*t-1"]
        {
            assert!(check_pattern(good).is_ok(), "{good}");
        }
        for bad in ["", "t-1", "acme/credential", "acme/credential/", "acme/token*", "acme/token/*", "/credential/*"] {
            assert!(check_pattern(bad).is_err(), "{bad}");
        }
    }
}
