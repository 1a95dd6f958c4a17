//! The shape of a rule file: which keys it has and of what sort their values are. What the expressions in it mean,
//! is found out when the rule is compiled.

use std::path::Path;

use super::params::Param;
use crate::document::{self, Located, Node, Section};
use crate::model::{Kind, Severity};
use crate::problem::{Problem, Problems, SourceText};
use crate::text::did_you_mean;

/// A rule as it is written.
#[derive(Debug, Clone)]
pub(super) struct RuleFile {
    pub(super) file: SourceText,
    pub(super) id: Located<String>,
    pub(super) version: u32,
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) severity_when: Vec<(Located<String>, Severity)>,
    pub(super) kind: Kind,
    pub(super) on_change: bool,
    pub(super) scope: Option<Located<String>>,
    pub(super) require: Located<String>,
    pub(super) message: Located<String>,
    pub(super) params: Vec<Param>,
    pub(super) controls: Vec<Located<String>>,
    pub(super) why: String,
    pub(super) fix: String,
    pub(super) verify: String,
    pub(super) references: Vec<String>,
    pub(super) replaces: Option<Located<String>>,
    pub(super) equivalent: Vec<Equivalent>,
    pub(super) cases: Vec<CaseText>,
}

/// A mistake that the mutation check may put into the conditions although it changes nothing, as the author says.
#[derive(Debug, Clone)]
pub(super) struct Equivalent {
    /// The mistake, in the words of the check.
    pub(super) change: Located<String>,
    /// Why no resource can tell the difference.
    pub(super) reason: Located<String>,
}

/// A case as it is written.
#[derive(Debug, Clone)]
pub(super) struct CaseText {
    pub(super) name: Located<String>,
    pub(super) given: Option<Node>,
    pub(super) with: Option<Node>,
    pub(super) before: Option<Node>,
    pub(super) what: Option<Located<String>>,
    pub(super) params: Option<Node>,
    pub(super) expect: Expect,
    pub(super) severity: Option<Severity>,
}

/// What a case expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// The rule holds.
    Pass,
    /// The rule does not hold.
    Fail,
    /// The rule does not speak of it.
    NotApplicable,
    /// It cannot be told.
    Unknown,
}

impl Expect {
    const ALL: [Self; 4] = [Self::Pass, Self::Fail, Self::NotApplicable, Self::Unknown];

    /// The word in rule files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
            Self::Unknown => "unknown",
        }
    }
}

impl std::str::FromStr for Expect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|expect| expect.name() == text)
            .ok_or_else(|| "a case expects pass, fail, not-applicable or unknown".to_owned())
    }
}

/// Reads a rule file.
pub(super) fn read(file: &SourceText) -> Result<RuleFile, Problems> {
    let mut section = document::parse(file)?;
    let id = section.need::<Located<String>>("id");
    if let Some(id) = &id {
        check_id(&mut section, id);
    }
    let version = section.need::<i64>("version");
    let title = section.need("title");
    let severity = section.need_parsed("severity");
    let severity_when = severity_when(&mut section);
    let subject = subject(&mut section);
    let scope = section.get("scope");
    let require = section.need("require");
    let message = section.need("message");
    let params = params(&mut section);
    let controls = section.get::<Vec<Located<String>>>("controls").unwrap_or_default();
    let why = section.need("why");
    let fix = section.need("fix");
    let verify = section.need("verify");
    let references = section.get("references").unwrap_or_default();
    let replaces = section.get("replaces");
    let equivalent = equivalent(&mut section);
    let cases = cases(&mut section);
    let version = version.and_then(|version| match u32::try_from(version) {
        Ok(version) if version > 0 => Some(version),
        _ => {
            section.wrong(section.span_of("version"), "a version counts from 1", None);
            None
        }
    });
    let rule = || {
        let (kind, on_change) = subject?;
        Some(RuleFile {
            file: file.clone(),
            id: id?,
            version: version?,
            title: title?,
            severity: severity?,
            severity_when,
            kind,
            on_change,
            scope,
            require: require?,
            message: message?,
            params,
            controls,
            why: why?,
            fix: fix?,
            verify: verify?,
            references,
            replaces,
            equivalent,
            cases,
        })
    };
    let rule = rule();
    section.finish(rule)
}

fn check_id(section: &mut Section, id: &Located<String>) {
    let words = id.value.split('-');
    let kebab = words.clone().all(|word| {
        !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    });
    if !kebab {
        let help = "small letters, digits and dashes, such as `token-without-expiry`";
        section.wrong(id.span.clone(), format!("`{}` is no rule id", id.value), Some(help.to_owned()));
    }
    let file = section.file().clone();
    let stem = stem(&file);
    if stem != id.value {
        let help = format!("rename the file to `{}.yaml`, or the rule to `{stem}`", id.value);
        section.wrong(id.span.clone(), format!("rule `{}` is in a file of another name", id.value), Some(help));
    }
}

fn severity_when(section: &mut Section) -> Vec<(Located<String>, Severity)> {
    let mut whens = Vec::new();
    for mut when in section.sections("severity_when") {
        let condition = when.need("if");
        let severity = when.need_parsed("then");
        let whole = condition.zip(severity);
        whens.extend(section.take(when.finish(whole)));
    }
    whens
}

fn subject(section: &mut Section) -> Option<(Kind, bool)> {
    let applies_to = section.need::<Located<String>>("applies_to");
    let of = section.get::<Located<String>>("of");
    let applies_to = applies_to?;
    if applies_to.value == "change" {
        let Some(of) = of else {
            let help = "add `of:` with the kind of the changed resource";
            section.wrong(applies_to.span, "a rule on changes speaks of one kind", Some(help.to_owned()));
            return None;
        };
        return kind(section, &of).map(|kind| (kind, true));
    }
    if let Some(of) = of {
        let help = "leave it out, or write `applies_to: change`";
        section.wrong(of.span, "`of` goes with `applies_to: change`", Some(help.to_owned()));
    }
    kind(section, &applies_to).map(|kind| (kind, false))
}

fn kind(section: &mut Section, name: &Located<String>) -> Option<Kind> {
    let kind = Kind::named(&name.value);
    if kind.is_none() {
        let names = Kind::ALL.map(Kind::name);
        let help = match did_you_mean(&name.value, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of {}", names.join(", ")),
        };
        section.wrong(name.span.clone(), format!("there is no kind `{}`", name.value), Some(help));
    }
    kind
}

fn params(section: &mut Section) -> Vec<Param> {
    let Some(mut declared) = section.section("params") else { return Vec::new() };
    let mut params = Vec::new();
    for (name, node) in declared.rest() {
        let span = node.span.clone();
        match Section::of(declared.file(), node) {
            Some(param) => params.extend(declared.take(Param::read(name, param))),
            None => {
                let help = "write `{ type: int, default: 90, about: \"…\" }`";
                declared.wrong(span, format!("parameter `{}` is no section", name.value), Some(help.to_owned()));
            }
        }
    }
    section.take(declared.finish(Some(()))).map(|()| params).unwrap_or_default()
}

fn equivalent(section: &mut Section) -> Vec<Equivalent> {
    let mut equivalent = Vec::new();
    for mut entry in section.sections("equivalent") {
        let change = entry.need("change");
        let reason = entry.need::<Located<String>>("reason");
        if let Some(reason) = &reason
            && reason.value.trim().is_empty()
        {
            let help = "say why no resource can tell the difference, or add a case that does";
            entry.wrong(reason.span.clone(), "this reason is empty", Some(help.to_owned()));
        }
        let whole = change.zip(reason).map(|(change, reason)| Equivalent { change, reason });
        equivalent.extend(section.take(entry.finish(whole)));
    }
    equivalent
}

fn cases(section: &mut Section) -> Vec<CaseText> {
    let mut cases = Vec::new();
    for mut case in section.sections("cases") {
        let name = case.need("name");
        let expect = case.need_parsed("expect");
        let rest = (case.get("given"), case.get("with"), case.get("before"), case.get("what"), case.get("params"));
        let severity = case.get_parsed("severity");
        let whole = name.zip(expect).map(|(name, expect)| {
            let (given, with, before, what, params) = rest;
            CaseText { name, given, with, before, what, params, expect, severity }
        });
        cases.extend(section.take(case.finish(whole)));
    }
    cases
}

/// A rule is shown to work by at least one case that passes and one that fails.
pub(super) fn missing_cases(rule: &RuleFile) -> Problems {
    let mut problems = Problems::default();
    for (expect, help) in [
        (Expect::Pass, "add a case with `expect: pass`: a resource that is as it should be"),
        (Expect::Fail, "add a case with `expect: fail`: a resource that the scope lets through and the rule catches"),
    ] {
        if !rule.cases.iter().any(|case| case.expect == expect) {
            let what = format!("rule `{}` has no case that is expected to {}", rule.id.value, expect.name());
            problems.push(Problem::at(&rule.file, rule.id.span.clone(), what).help(help));
        }
    }
    problems
}

/// The id that a rule file's name promises.
pub(super) fn stem(file: &SourceText) -> &str {
    Path::new(file.name.as_ref()).file_stem().and_then(|stem| stem.to_str()).unwrap_or("")
}
