//! What was paid for, and which apps are installed. Neither interface was ever described: paths and fields are those
//! that public clients rely on.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::endpoints::{Family, Host};
use super::super::estate::Estate;
use super::super::exchange::{Ask, Reply};
use super::super::installed_apps::MEDIA_TYPE;
use super::super::random::Random;
use super::{ServerEstate, family};

#[derive(Debug, Clone)]
pub(crate) struct Licence {
    pub(crate) application: &'static str,
    pub(crate) seats: usize,
    pub(crate) ends: DateTime<Utc>,
    /// The licence itself, which opens the product to whoever has it.
    text: String,
}

/// Buys licences with room enough, for a year.
pub(crate) fn buy(servers: &mut ServerEstate, random: &mut Random, now: DateTime<Utc>) {
    for (host, application) in
        [(Host::JiraDc, "jira-software"), (Host::JiraDc, "jira-servicedesk"), (Host::ConfluenceDc, "confluence")]
    {
        let text = format!("AAABplanted{:016x}{:016x}", random.next(), random.next());
        servers.secrets.push(text.clone());
        let seats = (servers.seats_used(application) * 2).max(50);
        let licence = Licence { application, seats, ends: now + TimeDelta::days(210), text };
        servers.installation_mut(host).licences.push(licence);
    }
}

/// A licence, with the text that opens the product.
fn shown(estate: &Estate, host: Host, licence: &Licence) -> Value {
    json!({
        "valid": true, "evaluation": false, "maximumNumberOfUsers": licence.seats, "licenseType": "COMMERCIAL",
        "creationDateString": "1/2/24", "expiryDate": licence.ends.timestamp_millis(),
        "expiryDateString": licence.ends.format("%d/%b/%y").to_string(), "organizationName": "Acme AG",
        "dataCenter": estate.servers.installation(host).release.is_data_center(), "subscription": true,
        "rawLicense": licence.text, "expired": licence.ends < estate.now, "supportEntitlementNumber": "SEN-0000000",
        "enterprise": true, "active": true, "autoRenewal": false,
    })
}

/// The licence of one application of Jira.
pub(super) fn of_application(estate: &Estate, ask: &Ask) -> Reply {
    let found = estate.servers.jira.licences.iter().find(|licence| licence.application == ask.segment(0));
    match found {
        Some(licence) => Reply::ok(shown(estate, Host::JiraDc, licence)),
        None => Reply::refusal(Family::JiraDc, 404, "There is no licence for this application."),
    }
}

pub(super) fn of_wiki(estate: &Estate, _ask: &Ask) -> Reply {
    let licence = &estate.servers.confluence.licences[0];
    let mut body = shown(estate, Host::ConfluenceDc, licence);
    body["productName"] = json!("Confluence (Data Center)");
    body["maintenanceExpiryDate"] = body["expiryDate"].clone();
    Reply::ok(body)
}

pub(super) fn wiki_user_count(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"count": estate.servers.seats_used("confluence")}))
}

pub(super) fn wiki_remaining_seats(estate: &Estate, _ask: &Ask) -> Reply {
    let seats = estate.servers.confluence.licences[0].seats;
    Reply::ok(json!({"count": seats.saturating_sub(estate.servers.seats_used("confluence"))}))
}

pub(super) fn wiki_most_users(estate: &Estate, _ask: &Ask) -> Reply {
    Reply::ok(json!({"count": estate.servers.confluence.licences[0].seats}))
}

/// Apps: product, key, name, version, whether somebody installed it, vendor.
const INSTALLED: &[(Host, &str, &str, &str, bool, &str)] = &[
    (Host::JiraDc, "com.atlassian.pats.pats-plugin", "Personal Access Tokens", "3.4.2", false, "Atlassian"),
    (Host::JiraDc, "com.onresolve.jira.groovy.groovyrunner", "ScriptRunner for Jira", "9.11.0", true, "Adaptavist"),
    (Host::JiraDc, "com.eazybi.jira.plugins.eazybi-jira", "eazyBI Reports and Charts", "8.0.2", true, "eazyBI"),
    (Host::JiraDc, "is.origo.jira.tempo-plugin", "Tempo Timesheets", "21.3.0", true, "Tempo"),
    (Host::ConfluenceDc, "com.atlassian.pats.pats-plugin", "Personal Access Tokens", "3.4.2", false, "Atlassian"),
    (Host::ConfluenceDc, "com.mxgraph.confluence.plugins.diagramly", "draw.io", "14.1.1", true, "draw.io"),
];

pub(super) fn plugins(_estate: &Estate, ask: &Ask) -> Reply {
    let host = ask.caller.host;
    if !ask.accept.split(',').any(|kind| kind.trim().starts_with(MEDIA_TYPE)) {
        return Reply::refusal(family(host), 406, "Not Acceptable");
    }
    let rows: Vec<Value> = INSTALLED
        .iter()
        .filter(|(product, ..)| *product == host)
        .map(|(_, key, name, version, user_installed, vendor)| {
            let link = format!("/rest/plugins/1.0/{key}-key");
            json!({"enabled": true, "userInstalled": user_installed, "optional": true, "static": false, "key": key,
                "name": name, "version": version, "vendor": {"name": vendor}, "usesLicensing": user_installed,
                "links": {"self": link}})
        })
        .collect();
    Reply::ok(json!({"plugins": rows}))
}
