//! Texts that people set for their channels, such as the subject of a mail: `[{{ severity }}] {{ title }}`.
//! A misspelt field is a mistake in the file, found when the configuration is loaded.

use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, context};

use crate::document::{Located, Section};
use crate::model::{Action, CauseId, Effect, Notice, NoticeId, Severity, Topic};
use crate::text::{did_you_mean, harmless};

/// What a template may name, with what it stands for.
pub const TEMPLATE_FIELDS: [(&str, &str); 15] = [
    ("title", "the notice in one line"),
    ("severity", "info, low, medium, high or critical"),
    ("estate", "the estate's name"),
    ("topic", "findings, adoption, expiry, coverage, schedule, reminder, escalation, digest or sample"),
    ("action", "raise, update, settle or tell"),
    ("cause", "the id that all notices of one cause share"),
    ("id", "the notice's own id"),
    ("count", "how many things it is about"),
    ("what", "what happened to the first of them: opened, resolved, …"),
    ("rule", "the rule behind the first of them, if it is a finding"),
    ("finding", "the id of the first of them, if it is a finding"),
    ("resource", "the name of the first of them"),
    ("owner", "whose the first of them is"),
    ("source", "the source that showed the first of them"),
    ("environment", "the environment of that source"),
];

/// A text with fields of a notice in it.
#[derive(Debug, Clone)]
pub struct Template {
    environment: Arc<Environment<'static>>,
}

impl Template {
    const NAME: &'static str = "text";

    /// The text under a key, if there is one. Mistakes are noted in the section.
    pub fn read(section: &mut Section, key: &'static str) -> Option<Self> {
        let written: Located<String> = section.get(key)?;
        Self::parse(section, key, &written)
    }

    /// A template from its text. Mistakes are noted in the section: `name` is what to call it.
    pub fn parse(section: &mut Section, name: &str, written: &Located<String>) -> Option<Self> {
        let template = match Self::compile(&written.value) {
            Ok(template) => template,
            Err(error) => {
                let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
                section.wrong(written.span.clone(), format!("`{name}` is no template: {why}"), None);
                return None;
            }
        };
        let known = || TEMPLATE_FIELDS.iter().map(|(field, _)| *field);
        let mut unknown: Vec<String> =
            template.fields().into_iter().filter(|name| !known().any(|field| field == name)).collect();
        unknown.sort();
        for field in &unknown {
            let help = did_you_mean(field, known()).map_or_else(
                || format!("known here: {}", known().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let at = written.value.find(field.as_str()).unwrap_or(0);
            let place = crate::document::place_inside(section.file(), written, at..at + field.len());
            section.wrong(place, format!("`{name}` names an unknown field `{field}`"), Some(help));
        }
        if !unknown.is_empty() {
            return None;
        }
        // What cannot be told without a notice, such as an unknown filter, is found by trying it on one.
        if let Err(error) = template.try_print(&sample()) {
            let why = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            section.wrong(written.span.clone(), format!("`{name}` cannot be filled in: {why}"), None);
            return None;
        }
        Some(template)
    }

    /// The text about a notice, in one line and without control characters.
    #[must_use]
    pub fn print(&self, notice: &Notice) -> String {
        // It was tried when it was loaded; should a value still be too much for it, the title says what happened.
        self.try_print(notice).unwrap_or_else(|_failed| harmless(&notice.title))
    }

    fn compile(text: &str) -> Result<Self, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_name| minijinja::AutoEscape::None);
        environment.add_template_owned(Self::NAME, text.to_owned())?;
        Ok(Self { environment: Arc::new(environment) })
    }

    fn fields(&self) -> std::collections::HashSet<String> {
        self.environment.get_template(Self::NAME).map(|text| text.undeclared_variables(false)).unwrap_or_default()
    }

    fn try_print(&self, notice: &Notice) -> Result<String, minijinja::Error> {
        let first = notice.effects.first();
        let of_first = |text: fn(&Effect) -> Option<&str>| first.and_then(text).unwrap_or_default();
        let text = self.environment.get_template(Self::NAME)?.render(context! {
            title => notice.title.as_str(),
            severity => notice.severity.name(),
            estate => notice.estate.as_str(),
            topic => notice.topic.name(),
            action => notice.action.name(),
            cause => notice.cause.as_str(),
            id => notice.id.as_str(),
            count => notice.count(),
            what => of_first(|effect| Some(&effect.what)),
            rule => of_first(|effect| effect.rule.as_ref().map(|rule| rule.as_str())),
            finding => of_first(|effect| effect.finding.as_ref().map(|finding| finding.as_str())),
            resource => of_first(|effect| Some(&effect.resource_name)),
            owner => of_first(|effect| effect.owner.as_deref()),
            source => of_first(|effect| effect.sources.first().map(|source| source.as_str())),
            environment => of_first(|effect| effect.environments.first().map(String::as_str)),
        })?;
        Ok(harmless(text.trim()))
    }
}

/// A notice without anything in it: to try a template on.
fn sample() -> Notice {
    Notice {
        id: NoticeId::from("N-0"),
        channel: "sample".into(),
        recipients: Vec::new(),
        topic: Topic::Sample,
        action: Action::Tell,
        cause: CauseId::from("C-0"),
        severity: Severity::Info,
        title: String::new(),
        lead: Vec::new(),
        effects: Vec::new(),
        hidden: 0,
        more: String::new(),
        estate: String::new(),
        snapshot: None,
        created_at: chrono::DateTime::UNIX_EPOCH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;
    use crate::problem::SourceText;

    fn read(text: &str) -> (Option<Template>, String) {
        let file = SourceText::new("keyroll.yaml", &format!("title: {text}\n"));
        let mut section = document::parse(&file).unwrap();
        let template = Template::read(&mut section, "title");
        (template, section.finish(Some(())).err().map_or_else(String::new, |problems| problems.to_string()))
    }

    #[test]
    fn a_template_prints_fields_in_one_harmless_line() {
        let (template, told) = read("'[{{ severity | upper }}] {{ title }} ({{ count }})'");
        assert_eq!(told, "");
        let notice = Notice { title: "two\nlines\u{202e}".to_owned(), ..sample() };
        assert_eq!(template.unwrap().print(&notice), "[INFO] two lines\u{fffd} (0)");
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (text, expected) in [
            ("'{{ titel }}'", "keyroll.yaml:1:12: `title` names an unknown field `titel` (did you mean `title`?)"),
            ("'{{ title '", "keyroll.yaml:1:8: `title` is no template"),
            ("'{{ title | shout }}'", "keyroll.yaml:1:8: `title`"),
        ] {
            let (template, told) = read(text);
            assert!(template.is_none() && told.starts_with(expected), "{told}");
        }
    }
}
