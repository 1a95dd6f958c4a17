//! What a notice is about as OCSF 1.5: findings as Compliance Finding, whatever else needs attention as Detection
//! Finding, a sample as Base Event, so that it sets off nothing. What the schema has no place for is under `unmapped`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::{Action, Effect, Notice, Severity, Topic};
use crate::ocsf::{COMPLIANCE_FINDING, SCHEMA, millis, product, pruned, severity_id, severity_name};
use crate::text::harmless;

/// A class of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Base,
    Compliance,
    Detection,
}

impl Class {
    fn of(notice: &Notice, effect: Option<&Effect>) -> Self {
        match (notice.topic, effect) {
            (Topic::Sample, _) => Self::Base,
            (_, Some(effect)) if effect.finding.is_some() => Self::Compliance,
            (_, Some(_) | None) => Self::Detection,
        }
    }

    fn uid(self) -> u32 {
        match self {
            Self::Base => 0,
            Self::Compliance => COMPLIANCE_FINDING,
            Self::Detection => 2004,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Base => "Base Event",
            Self::Compliance => "Compliance Finding",
            Self::Detection => "Detection Finding",
        }
    }

    fn category(self) -> (u32, &'static str) {
        match self {
            Self::Base => (0, "Uncategorized"),
            Self::Compliance | Self::Detection => (2, "Findings"),
        }
    }
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Activity {
    Create,
    Update,
    Close,
    Other,
}

impl Activity {
    fn of(notice: &Notice, class: Class, what: &str) -> Self {
        if class == Class::Base {
            return Self::Other;
        }
        match (notice.action, what) {
            (_, "resolved") | (Action::Settle, _) => Self::Close,
            (_, "opened") => Self::Create,
            (Action::Update, _) => Self::Update,
            (Action::Raise | Action::Tell, _) if class == Class::Compliance => Self::Update,
            (Action::Raise | Action::Tell, _) => Self::Create,
        }
    }

    fn id(self) -> u32 {
        match self {
            Self::Create => 1,
            Self::Update => 2,
            Self::Close => 3,
            Self::Other => 99,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Close => "Close",
            Self::Other => "Other",
        }
    }

    fn status(self) -> (u32, &'static str) {
        match self {
            Self::Create | Self::Update => (1, "New"),
            Self::Close => (4, "Resolved"),
            Self::Other => (99, "Other"),
        }
    }
}

/// How many events a notice makes: one an effect, and one for a notice without any.
pub(super) fn count(notice: &Notice) -> usize {
    notice.effects.len().max(1)
}

/// One event of a notice. No text in it is longer than `longest` letters, and no list than a twentieth of that.
pub(super) fn event(notice: &Notice, at: usize, longest: usize) -> Value {
    let effect = notice.effects.get(at);
    let maker = Maker { notice, effect, at, class: Class::of(notice, effect), longest };
    let mut event = maker.common();
    match maker.class {
        Class::Base => {}
        Class::Compliance => {
            event.insert("finding_info".to_owned(), maker.finding());
            event.insert("compliance".to_owned(), maker.compliance());
        }
        Class::Detection => {
            event.insert("finding_info".to_owned(), maker.finding());
        }
    }
    if let (Some(effect), true) = (effect, maker.class != Class::Base) {
        event.insert("resources".to_owned(), maker.resources(effect));
        event.insert("remediation".to_owned(), maker.remediation(effect));
        event.insert("start_time".to_owned(), json!(effect.since.map(millis)));
    }
    pruned(Value::Object(event))
}

struct Maker<'a> {
    notice: &'a Notice,
    effect: Option<&'a Effect>,
    at: usize,
    class: Class,
    longest: usize,
}

impl Maker<'_> {
    fn activity(&self) -> Activity {
        Activity::of(self.notice, self.class, self.effect.map_or("", |effect| effect.what.as_str()))
    }

    fn severity(&self) -> Severity {
        self.effect.map_or(self.notice.severity, |effect| effect.severity)
    }

    fn message(&self) -> &str {
        self.effect.map(|effect| effect.text.as_str()).filter(|text| !text.is_empty()).unwrap_or(&self.notice.title)
    }

    fn common(&self) -> Map<String, Value> {
        let (class, activity) = (self.class, self.activity());
        let ((category, category_name), (status, status_name)) = (class.category(), activity.status());
        let fields = json!({
            "class_uid": class.uid(),
            "class_name": class.name(),
            "category_uid": category,
            "category_name": category_name,
            "activity_id": activity.id(),
            "activity_name": activity.name(),
            "type_uid": class.uid() * 100 + activity.id(),
            "type_name": format!("{}: {}", class.name(), activity.name()),
            "severity_id": severity_id(self.severity()),
            "severity": severity_name(self.severity()),
            "status_id": if class == Class::Base { Value::Null } else { json!(status) },
            "status": if class == Class::Base { Value::Null } else { json!(status_name) },
            "time": millis(self.notice.created_at),
            "timezone_offset": 0,
            "message": self.clip(self.message()),
            "metadata": self.metadata(),
            "unmapped": self.unmapped(),
        });
        if let Value::Object(fields) = fields { fields } else { Map::new() }
    }

    /// The event's uid is the same however often it is sent.
    fn metadata(&self) -> Value {
        let rule = self.effect.and_then(|effect| effect.rule.as_ref());
        json!({
            "version": SCHEMA,
            "uid": format!("{}-{}", self.notice.id, self.at + 1),
            "correlation_uid": self.notice.cause.as_str(),
            "event_code": self.clip(rule.map_or(self.notice.topic.name(), |rule| rule.as_str())),
            "sequence": self.at + 1,
            "tenant_uid": self.clip(&self.notice.estate),
            "log_name": "keyroll",
            "product": product(env!("CARGO_PKG_VERSION")),
        })
    }

    fn finding(&self) -> Value {
        let notice = self.notice;
        let Some(effect) = self.effect else {
            let lead = notice.lead.join(" ");
            return json!({
                "uid": notice.cause.as_str(),
                "title": self.clip(&notice.title),
                "desc": self.clip(&lead),
                "types": [notice.topic.name()],
            });
        };
        let title = [&effect.rule_title, &effect.text, &notice.title].into_iter().find(|text| !text.is_empty());
        json!({
            "uid": self.finding_uid(effect),
            "title": self.clip(title.map_or("", |title| title)),
            "desc": self.clip(&effect.text),
            "types": [notice.topic.name()],
            "first_seen_time": effect.since.map(millis),
            "modified_time": millis(notice.created_at),
            "data_sources": self.list(effect.sources.iter().map(|name| name.as_str())),
            "analytic": effect.rule.as_ref().map(|rule| json!({
                "uid": self.clip(rule.as_str()),
                "name": self.clip(if effect.rule_title.is_empty() { rule.as_str() } else { &effect.rule_title }),
                "type_id": 1,
                "type": "Rule",
            })),
            "src_url": effect.link.starts_with("https://").then(|| self.clip(&effect.link)),
        })
    }

    /// What is no finding of a rule is known by its cause and the thing it is about.
    fn finding_uid(&self, effect: &Effect) -> Value {
        match (&effect.finding, &effect.resource) {
            (Some(finding), _) => json!(finding.as_str()),
            (None, Some(resource)) => self.clip(&format!("{}/{resource}", self.notice.cause)),
            (None, None) => self.clip(&format!("{}/{}", self.notice.cause, effect.resource_name)),
        }
    }

    /// Resolved is not yet passed: what is gone, for one, passes nothing.
    fn compliance(&self) -> Value {
        let Some(effect) = self.effect else { return Value::Null };
        let closed = self.activity() == Activity::Close;
        let frameworks: BTreeSet<&str> = effect.controls.iter().map(|control| control.framework()).collect();
        let rule = effect.rule.as_ref().map(|rule| rule.as_str());
        let first = effect.controls.first().map(|control| control.as_str());
        json!({
            "control": first.or(rule).map(|control| self.clip(control)),
            "requirements": self.list(effect.controls.iter().map(|control| control.as_str())),
            "standards": self.list(frameworks.into_iter()),
            "status_id": if closed { 99 } else { 3 },
            "status": if closed { "resolved" } else { "Fail" },
        })
    }

    fn resources(&self, effect: &Effect) -> Value {
        let id = effect.resource.as_ref();
        let named = !effect.resource_name.is_empty();
        if id.is_none() && !named {
            return Value::Null;
        }
        json!([{
            "uid": id.map(|id| self.clip(id.as_str())),
            "name": named.then(|| self.clip(&effect.resource_name)),
            "type": id.map(|id| id.kind().name()),
            "namespace": id.map(|id| self.clip(id.tenant())),
            "labels": self.list(effect.environments.iter().map(String::as_str)),
        }])
    }

    fn remediation(&self, effect: &Effect) -> Value {
        if effect.remedy.is_empty() { Value::Null } else { json!({ "desc": self.clip(&effect.remedy) }) }
    }

    fn unmapped(&self) -> Value {
        let notice = self.notice;
        let of_effect = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(|text| self.clip(text));
        json!({
            "notice": notice.id.as_str(),
            "notice_title": self.clip(&notice.title),
            "topic": notice.topic.name(),
            "action": notice.action.name(),
            "what": of_effect(self.effect.map(|effect| effect.what.as_str())),
            "note": of_effect(self.effect.map(|effect| effect.note.as_str())),
            "owner": of_effect(self.effect.and_then(|effect| effect.owner.as_deref())),
            "how_to_see": of_effect(self.effect.map(|effect| effect.link.as_str())),
            "snapshot": notice.snapshot.map(|id| id.to_string()),
            "count": notice.count(),
            "hidden": notice.hidden,
            "how_to_see_all": of_effect(Some(&notice.more)),
        })
    }

    fn clip(&self, text: &str) -> Value {
        let text = harmless(text);
        if text.chars().nth(self.longest).is_none() {
            return text.into();
        }
        let kept: String = text.chars().take(self.longest).collect();
        format!("{kept}…").into()
    }

    fn list<'a>(&self, words: impl Iterator<Item = &'a str>) -> Value {
        words.take(self.longest / 20).map(|word| self.clip(word)).collect()
    }
}
