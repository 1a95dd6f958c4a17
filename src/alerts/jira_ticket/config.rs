//! The settings of the ticket channel, and the fields of a new ticket by them.

use serde_json::{Map, Value, json};

use super::desk::{CLOUD, DATA_CENTER, Desk};
use super::words;
use crate::alerts::{Template, Tools, phrase, settings};
use crate::document::{self, Located, Node, Section, secrets};
use crate::http::{Auth, Errand, Outlet};
use crate::model::Notice;

/// Fields that have a key of their own, or are made by us.
const OWN_FIELDS: [&str; 5] = ["project", "issuetype", "summary", "description", "labels"];

/// What Jira takes as a summary.
const LONGEST_SUMMARY: usize = 255;

/// Where Jira runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deployment {
    /// Atlassian's cloud: rich text as a document, a user with an API token.
    Cloud,
    /// A server of one's own: wiki text, a personal access token.
    DataCenter,
}

impl Deployment {
    /// The requests it takes.
    pub(super) fn errands(self) -> &'static [Errand; 7] {
        match self {
            Self::Cloud => &CLOUD,
            Self::DataCenter => &DATA_CENTER,
        }
    }
}

/// What to write into tickets, and where.
pub(super) struct Config {
    pub(super) deployment: Deployment,
    pub(super) project: String,
    pub(super) resolve_transition: Option<String>,
    issue_type: String,
    title: Option<Template>,
    labels: Vec<String>,
    fields: Vec<(String, Field)>,
}

/// The value of a further field.
enum Field {
    Fixed(Value),
    Text(Template),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

/// Reads the section. Mistakes are noted in it; `None` if it cannot be used.
pub(super) fn read(section: &mut Section, tools: &Tools) -> Option<(Config, Desk)> {
    let line = settings::outlet(section, tools);
    let deployment = deployment(section);
    let base = settings::base_url(section, None);
    let auth = auth(section, deployment);
    let project = project(section);
    let issue_type = section.get("issue_type").unwrap_or_else(|| "Task".to_owned());
    let resolve_transition = section.get("resolve_transition");
    let title = Template::read(section, "title");
    let labels = labels(section);
    let fields = fields(section);
    let outlet = Outlet::new(&base?, &auth?, deployment?.errands(), &[], &line);
    let outlet = settings::built(section, "base_url", outlet)?;
    let deployment = deployment?;
    let config = Config { deployment, project: project?, resolve_transition, issue_type, title, labels, fields };
    Some((config, Desk::new(outlet, deployment)))
}

impl Config {
    /// The fields of a new ticket. `note` are sentences to begin with.
    pub(super) fn fields(&self, notice: &Notice, note: &[String]) -> Value {
        let mut fields: Map<String, Value> =
            self.fields.iter().map(|(id, field)| (id.clone(), field.print(notice))).collect();
        let title = self.title.as_ref().map_or_else(|| notice.title.clone(), |title| title.print(notice));
        let title = phrase::clean(&title, LONGEST_SUMMARY);
        let mut labels = words::labels(notice);
        labels.extend(self.labels.iter().cloned());
        fields.insert("project".into(), json!({ "key": self.project }));
        fields.insert("issuetype".into(), json!({ "name": self.issue_type }));
        fields.insert("summary".into(), if title.is_empty() { "keyroll".into() } else { title.into() });
        fields.insert("description".into(), words::text(self.deployment, notice, note));
        fields.insert("labels".into(), labels.into());
        fields.into()
    }
}

impl Field {
    fn read(section: &mut Section, name: &str, node: &Node) -> Option<Self> {
        match &node.value {
            document::Value::Text(text) => {
                let written = Located { value: text.clone(), span: node.span.clone() };
                Template::parse(section, name, &written).map(Self::Text)
            }
            document::Value::List(items) => {
                let items: Vec<_> = items.iter().map(|item| Self::read(section, name, item)).collect();
                items.into_iter().collect::<Option<_>>().map(Self::List)
            }
            document::Value::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(key, item)| Self::read(section, name, item).map(|field| (key.value.clone(), field)))
                    .collect();
                entries.into_iter().collect::<Option<_>>().map(Self::Map)
            }
            fixed @ (document::Value::Null
            | document::Value::Bool(_)
            | document::Value::Int(_)
            | document::Value::Float(_)) => Some(Self::Fixed(fixed.to_json())),
        }
    }

    fn print(&self, notice: &Notice) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => phrase::clean(&template.print(notice), 1000).into(),
            Self::List(items) => items.iter().map(|item| item.print(notice)).collect(),
            Self::Map(entries) => entries.iter().map(|(key, item)| (key.clone(), item.print(notice))).collect(),
        }
    }
}

fn deployment(section: &mut Section) -> Option<Deployment> {
    let Some(written) = section.get::<Located<String>>("deployment") else {
        return (!section.has("deployment")).then_some(Deployment::Cloud);
    };
    match written.value.as_str() {
        "cloud" => Some(Deployment::Cloud),
        "data-center" => Some(Deployment::DataCenter),
        other => {
            let what = format!("`deployment` cannot be `{other}`");
            section.wrong(written.span, what, Some("write `cloud` or `data-center`".to_owned()));
            None
        }
    }
}

fn auth(section: &mut Section, deployment: Option<Deployment>) -> Option<Auth> {
    let token = secrets::need_secret(section, "token", "token_command");
    match deployment {
        Some(Deployment::DataCenter) => token.map(Auth::Bearer),
        Some(Deployment::Cloud) => {
            let user = section.need("user");
            Some(Auth::Basic { user: user?, password: token? })
        }
        None => {
            // Whether a user belongs here is not known; that it is unknown must not be told on top.
            section.get::<String>("user").and(None)
        }
    }
}

/// The key stands in a search, so that it has to be one.
fn project(section: &mut Section) -> Option<String> {
    let written: Located<String> = section.need("project")?;
    let proper = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    if !written.value.starts_with(|letter: char| letter.is_ascii_uppercase()) || !written.value.chars().all(proper) {
        let help = "write the key, which tickets begin with, such as `SEC`".to_owned();
        section.wrong(written.span, "`project` is no project key", Some(help));
        return None;
    }
    Some(written.value)
}

fn labels(section: &mut Section) -> Vec<String> {
    let written: Vec<Located<String>> = section.get("labels").unwrap_or_default();
    let mut labels = Vec::new();
    for label in written {
        if label.value.is_empty() || label.value.len() > 255 || label.value.contains(char::is_whitespace) {
            section.wrong(label.span, "a label has 1 to 255 characters and no spaces", None);
        } else {
            labels.push(label.value);
        }
    }
    labels
}

fn fields(section: &mut Section) -> Vec<(String, Field)> {
    let Some(mut written) = section.section("fields") else { return Vec::new() };
    let mut fields = Vec::new();
    for (id, node) in written.rest() {
        if OWN_FIELDS.contains(&id.value.as_str()) {
            let help = "`project`, `issue_type`, `title` and `labels` are keys of the channel".to_owned();
            written.wrong(id.span, format!("the field `{}` is set by keyroll itself", id.value), Some(help));
        } else if let Some(field) = Field::read(&mut written, &id.value, &node) {
            fields.push((id.value, field));
        }
    }
    section.take(written.finish(Some(fields))).unwrap_or_default()
}
