//! How long the detector of integrations takes over a large estate.
//!
//! `cargo bench --bench detector` looks at 100,000 accounts with 200,000 tokens, by all shipped profiles. `-- ACCOUNTS` sets
//! another size.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

use std::time::Instant;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use keyroll::inventory::Inventory;
use keyroll::inventory::detector::Knowledge;
use keyroll::model::{
    Body, Collection, Credential, CredentialForm, EndpointState, Fact, Kind, LedgerEntry, Principal, PrincipalType,
    ProductActivity, Resource, ResourceId, Snapshot,
};

const LABELS: [&str; 8] =
    ["laptop", "jenkins", "vs code", "zapier prod", "month end", "jira align", "home office", "ci deploy"];

fn main() {
    let accounts = std::env::args().skip(1).find(|word| word != "--bench");
    let accounts: usize = accounts.map_or(100_000, |accounts| accounts.parse().expect("a number of accounts"));
    let snapshot = generate(accounts);
    let begin = Instant::now();
    let inventory = Inventory::new(&snapshot);
    println!("index, s        {:>9.3}", begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    inventory.detections();
    println!("detections, s   {:>9.3}", begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    let said: usize = inventory.of_kind(Kind::Principal).map(|account| inventory.concluded(&account.id).len()).sum();
    println!("conclusions, s  {:>9.3}   {said} said aloud", begin.elapsed().as_secs_f64());
    println!("{accounts} accounts, {} tokens, {} profiles", accounts * 2, Knowledge::shipped().profiles().len());
}

fn now() -> DateTime<Utc> {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

/// Accounts with two tokens each, one in four of which is used every night.
fn generate(accounts: usize) -> Snapshot {
    let yesterday = (now() - TimeDelta::days(1)).date_naive();
    let nights: Vec<NaiveDate> = (0..18).rev().filter_map(|days| yesterday.checked_sub_days(Days::new(days))).collect();
    let mut resources = Vec::with_capacity(accounts * 3);
    for at in 0..accounts {
        let id = ResourceId::new(ResourceId::CLOUD, Kind::Principal, &format!("p{at}"));
        let last_active_at = Fact::Known(now() - TimeDelta::days(i64::try_from(at % 120).unwrap()));
        let account = Principal {
            account_type: Fact::Known(PrincipalType::Person),
            status: Fact::Known("active".to_owned()),
            email: Fact::Known(format!("ada.muster{at}@acme.example")),
            managed: Fact::Known(true),
            mfa: Fact::Known(true),
            added_at: Fact::Known(now() - TimeDelta::days(700)),
            activity: Fact::Known(vec![ProductActivity {
                product: "jira-software".to_owned(),
                site: None,
                last_active_at,
            }]),
            ..Principal::default()
        };
        resources.push(Resource {
            id: id.clone(),
            name: format!("Ada Muster{at}"),
            seen_by: Vec::new(),
            body: Body::Principal(account),
        });
        for number in 0..2 {
            let every_night = (at + number) % 4 == 0;
            let token = Credential {
                owner: Fact::Known(id.clone()),
                status: Fact::Known("active".to_owned()),
                created_at: Fact::Known(now() - TimeDelta::days(300)),
                expires_at: Fact::Known(now() + TimeDelta::days(60)),
                last_used_at: Fact::Known(now() - TimeDelta::days(1)),
                used_on: Fact::Known(if every_night { nights.clone() } else { vec![yesterday] }),
                ..Credential::unknown(CredentialForm::ApiToken)
            };
            resources.push(Resource {
                id: ResourceId::new("org", Kind::Credential, &format!("t{at}-{number}")),
                name: format!("{} {at}", LABELS[(at + number) % LABELS.len()]),
                seen_by: Vec::new(),
                body: Body::Credential(token),
            });
        }
    }
    let ledger = [Kind::Principal, Kind::Credential, Kind::App].map(|kind| {
        let endpoint = kind.name().into();
        let entry = LedgerEntry::not_asked("org".into(), endpoint, String::new(), vec![kind], String::new(), now());
        LedgerEntry { state: EndpointState::Complete, ..entry }
    });
    Snapshot::seal(vec![Collection { authority: 0, resources, ledger: ledger.to_vec() }])
}
