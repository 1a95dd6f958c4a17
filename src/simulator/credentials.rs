//! Ordinary credentials: people's own tokens, organisation keys, service accounts and OAuth clients,
//! all of them in use, scoped where that can be, and far from their end.

use chrono::{DateTime, TimeDelta, Utc};

use super::estate::{App, Estate, Expiry, MachineToken, OauthClient, OrgKey, ServiceAccount, Standing, Token};
use super::names;
use super::random::Random;

/// How many user tokens the plants bring along, roughly.
const PLANTED: usize = 32;

/// Hands out the ordinary credentials.
pub(super) fn issue(estate: &mut Estate, random: &mut Random) {
    user_tokens(estate, random);
    reader_credentials(estate, random);
    org_keys(estate, random);
    service_accounts(estate, random);
    let created = estate.now - TimeDelta::days(120);
    estate.clients.push(OauthClient { id: random.uuid(), name: "data warehouse", created });
}

/// A token somebody uses on a machine of their own: 31 to 250 days old, made for a year, used within 30 days.
pub(super) fn own_token(estate: &Estate, owner: usize, random: &mut Random) -> Token {
    let created = estate.now - TimeDelta::minutes(random.between(31, 250) * 1440 + random.between(0, 1439));
    Token {
        id: random.uuid(),
        label: random.pick(names::OWN_LABELS).to_owned(),
        owner,
        blocked: false,
        created,
        expires: Expiry::At(created + TimeDelta::days(365)),
        last_active: Some(used_lately(estate.now, random)),
        scopes: random.chance(60).then(|| names::READ_SCOPES.iter().map(|scope| (*scope).to_owned()).collect()),
        nightly: false,
    }
}

fn used_lately(now: DateTime<Utc>, random: &mut Random) -> DateTime<Utc> {
    now - TimeDelta::minutes(random.between(30, 30 * 1440))
}

fn user_tokens(estate: &mut Estate, random: &mut Random) {
    let owners: Vec<usize> = (0..estate.people.len())
        .filter(|at| {
            let person = &estate.people[*at];
            person.managed && person.standing == Standing::Active && !estate.reserved.contains(at)
        })
        .collect();
    let wanted = (estate.people.len() * 45 / 100).saturating_sub(PLANTED);
    for number in 0..wanted.min(owners.len() * 3) {
        let token = own_token(estate, owners[number % owners.len()], random);
        estate.tokens.push(token);
    }
}

/// The scanner's own token and key are part of the estate, as they are in a real one.
fn reader_credentials(estate: &mut Estate, random: &mut Random) {
    let mut token = own_token(estate, estate.reader, random);
    token.label = "audit reading".to_owned();
    token.last_active = Some(estate.now - TimeDelta::hours(1));
    token.nightly = true;
    estate.tokens.push(token);
}

fn org_keys(estate: &mut Estate, random: &mut Random) {
    let mut add = |label: &str, age: i64, life: i64, scopes: &[&str]| {
        let created = estate.now - TimeDelta::days(age);
        estate.keys.push(OrgKey {
            id: random.uuid(),
            label: label.to_owned(),
            system_account: random.account_id(),
            creator: estate.steward,
            created,
            expires: created + TimeDelta::days(life),
            last_active: Some(estate.now - TimeDelta::hours(2)),
            scopes: Some(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        });
    };
    add("keyroll reading", 20, 300, &["read:directories:admin", "read:accounts:admin", "read:tokens:admin"]);
    add("audit log export", 90, 360, &["read:events:admin"]);
}

fn service_accounts(estate: &mut Estate, random: &mut Random) {
    let wanted: [(&str, &'static str, &'static str); 5] = [
        ("release-bot", "Creates versions from the pipeline", "release pipeline"),
        ("build-bot", "Transitions issues from builds", "jenkins"),
        ("sync-bot", "Copies planning data", "planning sync"),
        ("metrics-bot", "Reads issues for dashboards", "dashboards"),
        ("archive-bot", "Exports closed projects", "archive"),
    ];
    for (number, (name, description, label)) in wanted.into_iter().enumerate() {
        let app = estate.apps.len();
        estate.apps.push(App { id: random.account_id(), name: name.to_owned(), app_type: "service", active: true });
        let created = estate.now - TimeDelta::days(random.between(100, 200));
        estate.service_accounts.push(ServiceAccount {
            id: random.uuid(),
            app,
            email: format!("{name}-{:04x}@serviceaccount.atlassian.com", random.next() & 0xFFFF),
            description,
            creator: estate.steward,
            updated: created,
            tokens: vec![MachineToken {
                id: random.uuid(),
                label,
                created,
                expires: created + TimeDelta::days(360),
                last_active: Some(estate.now - TimeDelta::hours(random.between(1, 40))),
            }],
            clients: Vec::new(),
        });
        if number == 2 {
            let client = OauthClient { id: random.uuid(), name: "planning sync client", created };
            estate.service_accounts[number].clients.push(client);
        }
    }
}
