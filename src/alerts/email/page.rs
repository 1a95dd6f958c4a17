//! A notice as text of 72 columns and as HTML: both are filled from one page, so both say the same.

use std::sync::LazyLock;

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde};
use serde::Serialize;

use crate::model::{Action, Effect, Notice, Severity};
use crate::text::{columns, harmless, join_and, plural, shorten};

/// How wide the text is.
const WIDTH: usize = 72;

/// How long one field may be: whatever is longer is no help in a mail.
const FIELD_LIMIT: usize = 1000;

const TEXT: &str = "text.txt";
const HTML: &str = "html.html";

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    templates.set_syntax(syntax.expect("internal: the usual syntax is proper"));
    templates.add_filter("wrap", wrap);
    for (name, source) in [(TEXT, include_str!("text.txt")), (HTML, include_str!("html.html"))] {
        templates.add_template(name, source).expect("internal: the templates of mails are proper");
    }
    templates
});

/// All that a mail says, ready to be set.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    tag: String,
    severity: &'static str,
    colours: Colours,
    over: bool,
    title: String,
    lead: Vec<String>,
    groups: Vec<Group>,
    hidden: Option<String>,
    more: Option<Pointer>,
    estate: String,
    channel: String,
    to_owner: bool,
    notice: String,
    cause: String,
    made_at: String,
    snapshot: Option<String>,
}

/// Effects of one sort.
#[derive(Debug, Serialize)]
struct Group {
    what: String,
    rule: String,
    count: usize,
    /// What to do first, where that is the same for all of them.
    remedy: String,
    items: Vec<Item>,
}

#[derive(Debug, Serialize)]
struct Item {
    severity: &'static str,
    colours: Colours,
    name: String,
    finding: Option<String>,
    text: String,
    note: String,
    owner: Option<String>,
    place: String,
    since: Option<String>,
    remedy: String,
    link: Option<Pointer>,
}

/// An address to follow, or a command to type.
#[derive(Debug, Serialize)]
struct Pointer {
    text: String,
    is_address: bool,
}

/// Colours of a severity that can be read on white.
#[derive(Debug, Clone, Copy, Serialize)]
struct Colours {
    strong: &'static str,
    pale: &'static str,
}

/// What stands before a title in a list of mails: the estate, and how bad it is where it is bad.
pub(super) fn tag(notice: &Notice) -> String {
    let loud = match notice.action {
        Action::Raise | Action::Tell => notice.severity >= Severity::High,
        Action::Update | Action::Settle => false,
    };
    let estate = shorten(harmless(&notice.estate).trim(), 40);
    let words = if estate.is_empty() { "keyroll".to_owned() } else { format!("keyroll {estate}") };
    if loud { format!("{words}: {}", notice.severity) } else { words }
}

impl Page {
    /// The page of a notice.
    pub(super) fn of(notice: &Notice) -> Self {
        Self {
            tag: field(&notice.estate),
            severity: notice.severity.name(),
            colours: colours(notice.severity),
            over: notice.action == Action::Settle,
            title: field(&notice.title),
            lead: notice.lead.iter().map(|paragraph| field(paragraph)).filter(|text| !text.is_empty()).collect(),
            groups: groups(&notice.effects),
            hidden: (notice.hidden > 0)
                .then(|| format!("And {} not listed here.", plural(notice.hidden, "more", "more"))),
            more: pointer(&notice.more),
            estate: field(&notice.estate),
            channel: field(notice.channel.as_str()),
            to_owner: !notice.recipients.is_empty(),
            notice: field(notice.id.as_str()),
            cause: field(notice.cause.as_str()),
            made_at: notice.created_at.format("%-d %b %Y, %H:%M UTC").to_string(),
            snapshot: notice.snapshot.map(|id| id.to_string()),
        }
    }

    /// As plain text.
    pub(super) fn text(&self) -> String {
        self.fill(TEXT)
    }

    /// As one HTML page that loads nothing.
    pub(super) fn html(&self) -> String {
        self.fill(HTML)
    }

    fn fill(&self, name: &str) -> String {
        let template = TEMPLATES.get_template(name).expect("internal: the template is embedded");
        template.render(Serde(self)).expect("internal: the templates of mails name what a page has")
    }
}

fn groups(effects: &[Effect]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for effect in effects {
        let (what, rule) = (field(&effect.what), field(&effect.rule_title));
        let item = Item::of(effect);
        match groups.iter_mut().find(|group| group.what == what && group.rule == rule) {
            Some(group) => group.items.push(item),
            None => groups.push(Group { what, rule, count: 0, remedy: String::new(), items: vec![item] }),
        }
    }
    groups.iter_mut().for_each(Group::settle);
    groups
}

impl Group {
    /// Counts, and says once what is the same for all.
    fn settle(&mut self) {
        self.count = self.items.len();
        let Some(first) = self.items.first() else { return };
        if self.count > 1 && self.items.iter().all(|item| item.remedy == first.remedy) {
            self.remedy.clone_from(&first.remedy);
            self.items.iter_mut().for_each(|item| item.remedy.clear());
        }
    }
}

impl Item {
    fn of(effect: &Effect) -> Self {
        Self {
            severity: effect.severity.name(),
            colours: colours(effect.severity),
            name: field(&effect.resource_name),
            finding: effect.finding.as_ref().map(|id| field(id.short())),
            text: field(&effect.text),
            note: field(&effect.note),
            owner: effect.owner.as_deref().map(field).filter(|owner| !owner.is_empty()),
            place: place(effect),
            since: effect.since.map(|at| at.format("%-d %b %Y").to_string()),
            remedy: field(&effect.remedy),
            link: pointer(&effect.link),
        }
    }
}

fn place(effect: &Effect) -> String {
    let sources: Vec<String> = effect.sources.iter().map(|name| field(name.as_str())).collect();
    let environments: Vec<String> = effect.environments.iter().map(|name| field(name)).collect();
    match (sources.is_empty(), environments.is_empty()) {
        (_, true) => join_and(&sources),
        (true, false) => join_and(&environments),
        (false, false) => format!("{} ({})", join_and(&sources), join_and(&environments)),
    }
}

/// Only web addresses become links: anything else is shown to be typed.
fn pointer(text: &str) -> Option<Pointer> {
    let text = field(text);
    let is_address = (text.starts_with("https://") || text.starts_with("http://")) && !text.contains(' ');
    (!text.is_empty()).then_some(Pointer { text, is_address })
}

fn field(text: &str) -> String {
    shorten(harmless(text).trim(), FIELD_LIMIT)
}

fn colours(severity: Severity) -> Colours {
    let (strong, pale) = match severity {
        Severity::Critical => ("#8f1320", "#fbe6e8"),
        Severity::High => ("#a8430a", "#fdeee2"),
        Severity::Medium => ("#7a5b00", "#fbf3d6"),
        Severity::Low => ("#1d5c8a", "#e5f1f9"),
        Severity::Info => ("#4a5563", "#eef0f3"),
    };
    Colours { strong, pale }
}

/// Breaks a paragraph into lines of the text's width. `first` begins the first line and `rest` all others. A word
/// that is longer than a line, such as an address, stays whole.
fn wrap(text: String, options: Kwargs) -> Result<String, minijinja::Error> {
    let first: Option<String> = options.get("first")?;
    let rest: Option<String> = options.get("rest")?;
    options.assert_all_used()?;
    let rest = rest.unwrap_or_default();
    let mut lines = vec![first.unwrap_or_else(|| rest.clone())];
    let mut begun = false;
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("internal: there is always a line");
        if begun && columns(line) + 1 + columns(word) > WIDTH {
            lines.push(format!("{rest}{word}"));
            continue;
        }
        if begun {
            line.push(' ');
        }
        line.push_str(word);
        begun = true;
    }
    Ok(lines.join("\n"))
}
