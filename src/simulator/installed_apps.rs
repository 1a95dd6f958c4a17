//! The Jira site: installed apps, as the plugin manager lists them. The list is older than the published
//! description and not part of it.

use serde_json::{Value, json};

use super::endpoints::Family;
use super::estate::Estate;
use super::exchange::{Ask, Reply};

/// The only media type in which the plugin manager lists apps.
pub(super) const MEDIA_TYPE: &str = "application/vnd.atl.plugins.installed+json";

#[derive(Debug, Clone)]
pub(super) struct InstalledApp {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) version: &'static str,
    pub(super) enabled: bool,
    /// Whether somebody installed it, not Atlassian.
    pub(super) user_installed: bool,
    pub(super) vendor: &'static str,
}

const INSTALLED: &[(&str, &str, &str, bool, &str)] = &[
    ("com.atlassian.jira.jira-project-config-plugin", "Jira Project Config", "10.4.1", false, "Atlassian"),
    ("com.atlassian.troubleshooting.plugin-jira", "Troubleshooting", "1.55.0", false, "Atlassian"),
    ("com.codebarrel.addons.automation", "Automation for Jira", "1001.0.0", false, "Atlassian"),
    ("com.eazybi.atlassian-connect.eazybi-jira", "eazyBI Reports and Charts", "1.4.0-AC", true, "eazyBI"),
    ("com.mxgraph.jira.plugins.drawio", "draw.io Diagrams", "2.1.7-AC", true, "draw.io"),
    ("com.slack.jira", "Slack for Jira", "1.0.9-AC", true, "Slack"),
    ("io.tempo.jira", "Tempo Timesheets", "1.8.2-AC", true, "Tempo"),
];

/// Installs what an ordinary site has.
pub(super) fn install(estate: &mut Estate) {
    estate.installed = INSTALLED
        .iter()
        .map(|(key, name, version, user_installed, vendor)| InstalledApp {
            key: (*key).to_owned(),
            name: (*name).to_owned(),
            version,
            enabled: true,
            user_installed: *user_installed,
            vendor,
        })
        .collect();
}

pub(super) fn installed_apps(estate: &Estate, ask: &Ask) -> Reply {
    if !ask.accept.split(',').any(|kind| kind.trim().starts_with(MEDIA_TYPE)) {
        return Reply::refusal(Family::Jira, 406, "Not Acceptable");
    }
    let plugins: Vec<Value> = estate.installed.iter().map(row).collect();
    Reply::ok(json!({"plugins": plugins, "links": {"self": "/rest/plugins/1.0/?user-installed=false"}}))
}

fn row(app: &InstalledApp) -> Value {
    let link = format!("/rest/plugins/1.0/{}-key", app.key);
    json!({
        "key": app.key, "name": app.name, "version": app.version, "enabled": app.enabled,
        "userInstalled": app.user_installed, "vendor": {"name": app.vendor, "link": "https://vendor.example"},
        "links": {"self": link, "modify": link},
    })
}
