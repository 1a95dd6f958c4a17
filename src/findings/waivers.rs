//! The waiver file: read with all its mistakes at once, and asked which findings it covers on a day.

use std::collections::{BTreeMap, HashMap};

use chrono::{NaiveDate, TimeDelta};

use crate::document::{self, Located, Section};
use crate::model::{Finding, Kind, ResourceId, RuleId, RuleSummary, Status, Waiver, WaiverId, WaiverState, WaiverUse};
use crate::problem::{Problem, Problems, SourceText};
use crate::text::{did_you_mean, fits_pattern, plural};

/// How long a waiver may last, and how early its end is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaiverLimits {
    /// The days from today within which a waiver must end.
    pub ceiling_days: u16,
    /// The days before its end from which a waiver is reported as expiring.
    pub warning_days: u16,
}

impl Default for WaiverLimits {
    fn default() -> Self {
        Self { ceiling_days: 366, warning_days: 14 }
    }
}

/// The waivers of an estate. The default has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waivers {
    /// Sorted by id.
    waivers: Vec<Waiver>,
    limits: WaiverLimits,
}

impl Waivers {
    /// Reads a waiver file. A waiver that ran out is no mistake: it covers nothing any more, and is reported.
    ///
    /// # Errors
    /// With every mistake in the file: a missing, improper or too distant end, a rule that is not among `rules`,
    /// an id that comes twice, a resource that is neither id nor pattern, an empty text, an unknown key.
    pub fn parse(
        file: &SourceText,
        rules: &[RuleSummary],
        today: NaiveDate,
        limits: WaiverLimits,
    ) -> Result<Self, Problems> {
        let reader = Reader { rules, today, limits };
        let mut document = document::parse(file)?;
        let mut waivers: BTreeMap<WaiverId, Waiver> = BTreeMap::new();
        for mut section in document.sections("waivers") {
            let waiver = reader.read(&mut section);
            if let Some(waiver) = &waiver
                && waivers.contains_key(&waiver.id)
            {
                section.wrong(section.span_of("id"), format!("waiver `{}` is in the file already", waiver.id), None);
            }
            if let Some(waiver) = document.take(section.finish(waiver)) {
                waivers.insert(waiver.id.clone(), waiver);
            }
        }
        document.finish(Some(Self { waivers: waivers.into_values().collect(), limits }))
    }

    /// The waivers, sorted by id.
    #[must_use]
    pub fn all(&self) -> &[Waiver] {
        &self.waivers
    }

    /// What they cover on a day.
    pub(super) fn on(&self, today: NaiveDate) -> Cover<'_> {
        let mut by_rule: HashMap<&RuleId, Vec<&Waiver>> = HashMap::new();
        for waiver in &self.waivers {
            by_rule.entry(&waiver.rule).or_default().push(waiver);
        }
        Cover { waivers: self, by_rule, today }
    }
}

/// What the waivers cover on a day.
pub(super) struct Cover<'a> {
    waivers: &'a Waivers,
    by_rule: HashMap<&'a RuleId, Vec<&'a Waiver>>,
    today: NaiveDate,
}

impl<'a> Cover<'a> {
    /// The waiver that covers a finding; of several, the one that ends last.
    pub(super) fn covering(&self, finding: &Finding) -> Option<&'a Waiver> {
        // Of waivers that end on the same day the first in the order of ids is meant, so that it stays the same one.
        let in_force = self.fitting(finding).filter(|waiver| self.today <= waiver.until);
        in_force.reduce(|best, waiver| if waiver.until > best.until { waiver } else { best })
    }

    /// Why a waiver that covered a finding does so no longer.
    pub(super) fn why_ended(&self, id: &WaiverId) -> String {
        match self.waivers.waivers.iter().find(|waiver| waiver.id == *id) {
            Some(waiver) if waiver.until < self.today => format!("waiver {id} ended on {}", waiver.until),
            Some(_) => format!("waiver {id} does not speak of it any more"),
            None => format!("waiver {id} was withdrawn"),
        }
    }

    /// Every waiver and what it does for the findings that are not over.
    pub(super) fn uses(&self, findings: &[Finding]) -> Vec<WaiverUse> {
        let mut covers: HashMap<&WaiverId, usize> = HashMap::new();
        for finding in findings.iter().filter(|finding| !matches!(finding.status, Status::Resolved(_))) {
            for waiver in self.fitting(finding) {
                *covers.entry(&waiver.id).or_default() += 1;
            }
        }
        let waivers = self.waivers.waivers.iter();
        waivers
            .map(|waiver| {
                let covers = covers.get(&waiver.id).copied().unwrap_or(0);
                WaiverUse { waiver: waiver.clone(), state: self.state(waiver, covers), covers }
            })
            .collect()
    }

    fn state(&self, waiver: &Waiver, covers: usize) -> WaiverState {
        if waiver.until < self.today {
            WaiverState::Expired
        } else if covers == 0 {
            WaiverState::Unused
        } else if waiver.until - self.today <= TimeDelta::days(self.waivers.limits.warning_days.into()) {
            WaiverState::Expiring
        } else {
            WaiverState::InForce
        }
    }

    fn fitting(&self, finding: &Finding) -> impl Iterator<Item = &'a Waiver> {
        let of_rule = self.by_rule.get(&finding.rule).into_iter().flatten().copied();
        of_rule.filter(|waiver| fits_pattern(&waiver.resource, finding.resource.as_str()))
    }
}

/// Reads waivers one by one.
struct Reader<'a> {
    rules: &'a [RuleSummary],
    today: NaiveDate,
    limits: WaiverLimits,
}

impl Reader<'_> {
    fn read(&self, section: &mut Section) -> Option<Waiver> {
        let id = text(section, "id");
        let rule = self.rule(section);
        let resource = resource(section);
        let reason = text(section, "reason");
        let approver = text(section, "approver");
        let ticket = section.get("ticket");
        let until = self.until(section);
        Some(Waiver {
            id: WaiverId::from(id?.as_str()),
            rule: rule?,
            resource: resource?,
            reason: reason?,
            approver: approver?,
            ticket,
            until: until?,
        })
    }

    fn rule(&self, section: &mut Section) -> Option<RuleId> {
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
        known.map(|rule| rule.id.clone())
    }

    fn until(&self, section: &mut Section) -> Option<NaiveDate> {
        let last = self.today + TimeDelta::days(self.limits.ceiling_days.into());
        if !section.has("until") {
            // Asked for all the same, so that the key is known.
            let _: Option<String> = section.get("until");
            let help = format!("add `until:` with its last day, {last} at the latest");
            section.wrong(section.span(), "the waiver has no end", Some(help));
            return None;
        }
        let written: Located<String> = section.get("until")?;
        let date = written.value.parse().ok().filter(|date: &NaiveDate| date.to_string() == written.value);
        match date {
            None => {
                let help = format!("a day is written as year, month and day: `{last}`");
                section.wrong(written.span, format!("`until` is no day: `{}`", written.value), Some(help));
            }
            Some(date) if date > last => {
                let days = plural(self.limits.ceiling_days.into(), "day", "days");
                let help = format!("a waiver may last {days} from today: until {last} at the latest");
                section.wrong(written.span, format!("`until` is too far off: `{date}`"), Some(help));
            }
            Some(_) => {}
        }
        date
    }
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
    const FORM: &str = "an id as reports show it, `tenant/kind/id`, in which `*` may stand for any characters";
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
