//! How fast conditions are judged: 200,000 credentials with their owners, 20 conditions, three ways in one run: closures
//! written by hand, our compiled conditions, and the interpreter of the `cel` crate (on a share, scaled up).
//!
//! `cargo bench --bench conditions`. All three must find the same number of offenders.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its figures and fails where it stands"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cel::{Context, Env, Program, Value};
use chrono::{DateTime, TimeDelta, Utc};
use keyroll::inventory::Inventory;
use keyroll::model::{
    Body, Collection, Credential, CredentialForm, Fact, Kind, Principal, PrincipalType, Resource, ResourceId, Snapshot,
};
use keyroll::problem::SourceText;
use keyroll::rules::{Overrides, RuleSet};
use regex::Regex;

const CREDENTIALS: usize = 200_000;
const INTERPRETED: usize = 4_000;
const ROUNDS: usize = 7;

/// The conditions, in the rule language and by hand.
#[rustfmt::skip]
const CONDITIONS: [&str; 20] = [
    r#"credential.expires_at != null"#,
    r#"credential.expires_at == null || days_until(credential.expires_at) > 30"#,
    r#"credential.created_at == null || days_since(credential.created_at) < 365"#,
    r#"credential.last_used_at != null && days_since(credential.last_used_at) <= 90"#,
    r#"credential.form == "api-token""#,
    r#"credential.status in ["active", "blocked"]"#,
    r#"owner.status == "active""#,
    r#"!(owner.status in ["deactivated", "suspended"]) || credential.status == "blocked""#,
    r#"owner.managed || credential.status == "blocked""#,
    r#"!("atlassian/org-admin" in owner.platform_roles)"#,
    r#"!credential.scopes.exists(s, s.startsWith("manage:"))"#,
    r#"size(credential.scopes) < 3"#,
    r#"!credential.name.matches("(?i)(jenkins|gitlab|power ?bi|zapier|align)")"#,
    r#"credential.name != """#,
    r#"!credential.name.contains("tmp") && !credential.name.endsWith("-old")"#,
    r#"owner.email == null || owner.email.endsWith("@acme.example")"#,
    r#"owner.account_type == "person" || credential.expires_at != null"#,
    r#"credential.form != "api-token" || owner.status == "active" || credential.status != "active""#,
    r#"credential.created_at == null || credential.expires_at == null || days_until(credential.expires_at) + days_since(credential.created_at) <= 366"#,
    r#"owner.mfa == null || owner.mfa || !("atlassian/site-admin" in owner.platform_roles)"#,
];

type ByHand = Box<dyn Fn(&Credential, &str, &Principal, DateTime<Utc>) -> bool + Send + Sync>;

fn now() -> DateTime<Utc> {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

fn by_hand() -> Vec<ByHand> {
    fn is(fact: &Fact<String>, word: &str) -> bool {
        fact.known().is_some_and(|value| value == word)
    }
    fn days(span: TimeDelta) -> i64 {
        span.num_seconds().div_euclid(86_400)
    }
    fn has(fact: &Fact<Vec<String>>, word: &str) -> bool {
        fact.known().is_some_and(|words| words.iter().any(|entry| entry == word))
    }
    let systems = Regex::new("(?i)(jenkins|gitlab|power ?bi|zapier|align)").unwrap();
    vec![
        Box::new(|c, _, _, _| c.expires_at.known().is_some()),
        Box::new(|c, _, _, now| c.expires_at.known().is_none_or(|at| days(*at - now) > 30)),
        Box::new(|c, _, _, now| c.created_at.known().is_none_or(|at| days(now - *at) < 365)),
        Box::new(|c, _, _, now| c.last_used_at.known().is_some_and(|at| days(now - *at) <= 90)),
        Box::new(|c, _, _, _| c.form == CredentialForm::ApiToken),
        Box::new(|c, _, _, _| is(&c.status, "active") || is(&c.status, "blocked")),
        Box::new(|_, _, o, _| is(&o.status, "active")),
        Box::new(|c, _, o, _| {
            !(is(&o.status, "deactivated") || is(&o.status, "suspended")) || is(&c.status, "blocked")
        }),
        Box::new(|c, _, o, _| o.managed == Fact::Known(true) || is(&c.status, "blocked")),
        Box::new(|_, _, o, _| !has(&o.platform_roles, "atlassian/org-admin")),
        Box::new(|c, _, _, _| {
            !c.scopes.known().is_some_and(|all| all.iter().any(|scope| scope.starts_with("manage:")))
        }),
        Box::new(|c, _, _, _| c.scopes.known().is_some_and(|all| all.len() < 3)),
        Box::new(move |_, name, _, _| !systems.is_match(name)),
        Box::new(|_, name, _, _| !name.is_empty()),
        Box::new(|_, name, _, _| !name.contains("tmp") && !name.ends_with("-old")),
        Box::new(|_, _, o, _| o.email.known().is_none_or(|email| email.ends_with("@acme.example"))),
        Box::new(|c, _, o, _| o.account_type == Fact::Known(PrincipalType::Person) || c.expires_at.known().is_some()),
        Box::new(|c, _, o, _| {
            c.form != CredentialForm::ApiToken || is(&o.status, "active") || !is(&c.status, "active")
        }),
        Box::new(|c, _, _, now| match (c.created_at.known(), c.expires_at.known()) {
            (Some(from), Some(to)) => days(*to - now) + days(now - *from) <= 366,
            _ => true,
        }),
        Box::new(|_, _, o, _| o.mfa.known().is_none_or(|mfa| *mfa) || !has(&o.platform_roles, "atlassian/site-admin")),
    ]
}

fn main() {
    let snapshot = Snapshot::seal(vec![Collection { authority: 0, resources: resources(), ledger: Vec::new() }]);
    let inventory = Inventory::new(&snapshot);
    let rules = rules();
    let (hand, programs) = (by_hand(), programs());
    let mut times: [Vec<Duration>; 3] = Default::default();
    let mut counts = [0; 3];
    for _ in 0..ROUNDS {
        counts[0] = timed(&mut times[0], || judge_by_hand(&inventory, &hand));
        counts[1] = timed(&mut times[1], || judge_compiled(&inventory, &rules));
        counts[2] = timed(&mut times[2], || judge_interpreted(&inventory, &programs));
    }
    assert_eq!(counts[0], counts[1], "compiled conditions find other offenders than those written by hand");
    let sampled = judge_some_by_hand(&inventory, &hand);
    assert_eq!(sampled, counts[2], "the interpreter finds other offenders");
    let whole = CREDENTIALS * CONDITIONS.len();
    let median = |times: &mut Vec<Duration>, evaluations: usize| {
        times.sort();
        times[ROUNDS / 2].as_secs_f64() * 1e9 / evaluations as f64
    };
    let hand = median(&mut times[0], whole);
    let compiled = median(&mut times[1], whole);
    let interpreted = median(&mut times[2], INTERPRETED * CONDITIONS.len());
    println!("{CREDENTIALS} credentials, {} conditions, {} offenders", CONDITIONS.len(), counts[0]);
    println!("by hand        {hand:>9.1} ns an evaluation");
    println!("compiled       {compiled:>9.1} ns   {:.2} x by hand", compiled / hand);
    println!("interpreted    {interpreted:>9.1} ns   {:.1} x compiled", interpreted / compiled);
}

fn timed(times: &mut Vec<Duration>, run: impl FnOnce() -> usize) -> usize {
    let begin = Instant::now();
    let count = black_box(run());
    times.push(begin.elapsed());
    count
}

/// The same sharing out among processors as the rule engine has, so that only the conditions are compared.
fn shared_out(inventory: &Inventory<'_>, judge: impl Fn(&Resource) -> usize + Sync) -> usize {
    let resources = &inventory.snapshot().resources;
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let shares = resources.chunks(resources.len().div_ceil(processors));
        let judge = &judge;
        let workers: Vec<_> = shares.map(|share| scope.spawn(move || share.iter().map(judge).sum::<usize>())).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

fn offenders(inventory: &Inventory<'_>, conditions: &[ByHand], resource: &Resource, now: DateTime<Utc>) -> usize {
    let Body::Credential(credential) = &resource.body else { return 0 };
    let owner = inventory.principal(credential.owner.known().unwrap()).unwrap();
    conditions.iter().filter(|condition| !condition(credential, &resource.name, owner, now)).count()
}

fn judge_by_hand(inventory: &Inventory<'_>, conditions: &[ByHand]) -> usize {
    let now = now();
    shared_out(inventory, |resource| offenders(inventory, conditions, resource, now))
}

fn judge_some_by_hand(inventory: &Inventory<'_>, conditions: &[ByHand]) -> usize {
    sample(inventory).map(|resource| offenders(inventory, conditions, resource, now())).sum()
}

fn sample<'a>(inventory: &'a Inventory<'_>) -> impl Iterator<Item = &'a Resource> {
    inventory.of_kind(Kind::Credential).take(INTERPRETED)
}

fn judge_compiled(inventory: &Inventory<'_>, rules: &RuleSet) -> usize {
    rules.evaluate(inventory, &[], now()).tallies.values().map(|tally| tally.fail).sum()
}

fn rules() -> RuleSet {
    let files: Vec<SourceText> = CONDITIONS
        .iter()
        .enumerate()
        .map(|(at, condition)| {
            let text = format!(
                "id: c{at}\nversion: 1\ntitle: T\nseverity: low\napplies_to: credential\nrequire: |\n  {condition}\n\
                 message: M\nwhy: W\nfix: F\nverify: V\ncases:\n  - {{ name: a, given: {{ form: api-token }}, expect: pass }}\n  \
                 - {{ name: b, given: {{ form: api-token }}, expect: fail }}\n"
            );
            SourceText::new(&format!("c{at}.yaml"), &text)
        })
        .collect();
    RuleSet::load(&files, &[], &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

fn programs() -> (Arc<Env>, Vec<Program>) {
    let env = Env::stdlib();
    let programs = CONDITIONS.iter().map(|condition| env.compile(condition).unwrap()).collect();
    (Arc::new(env), programs)
}

/// The interpreter is shared out as well, over the sample.
fn judge_interpreted(inventory: &Inventory<'_>, (env, programs): &(Arc<Env>, Vec<Program>)) -> usize {
    let sample: Vec<&Resource> = sample(inventory).collect();
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = sample
            .chunks(sample.len().div_ceil(processors))
            .map(|share| {
                scope.spawn(move || {
                    share
                        .iter()
                        .map(|resource| interpreted_offenders(inventory, env, programs, resource))
                        .sum::<usize>()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

fn interpreted_offenders(
    inventory: &Inventory<'_>,
    env: &Arc<Env>,
    programs: &[Program],
    resource: &Resource,
) -> usize {
    let Body::Credential(credential) = &resource.body else { return 0 };
    let owner = inventory.principal(credential.owner.known().unwrap()).unwrap();
    let mut context = Context::with_env(Arc::clone(env));
    let now = now();
    let whole_days = |span: TimeDelta| span.num_seconds().div_euclid(86_400);
    context.add_function("days_since", move |at: DateTime<chrono::FixedOffset>| whole_days(now - at.to_utc())).unwrap();
    context.add_function("days_until", move |at: DateTime<chrono::FixedOffset>| whole_days(at.to_utc() - now)).unwrap();
    let text = |fact: &Fact<String>| fact.known().map_or(Value::Null, |text| Value::from(text.as_str()));
    let time = |fact: &Fact<DateTime<Utc>>| fact.known().map_or(Value::Null, |at| Value::Timestamp(at.fixed_offset()));
    let flag = |fact: &Fact<bool>| fact.known().map_or(Value::Null, |flag| Value::Bool(*flag));
    let list = |fact: &Fact<Vec<String>>| {
        Value::from(fact.known().into_iter().flatten().map(|word| Value::from(word.as_str())).collect::<Vec<_>>())
    };
    context.add_variable_from_value(
        "credential",
        HashMap::from([
            ("name".to_owned(), Value::from(resource.name.as_str())),
            ("form".to_owned(), Value::from(credential.form.name())),
            ("status".to_owned(), text(&credential.status)),
            ("created_at".to_owned(), time(&credential.created_at)),
            ("expires_at".to_owned(), time(&credential.expires_at)),
            ("last_used_at".to_owned(), time(&credential.last_used_at)),
            ("scopes".to_owned(), list(&credential.scopes)),
        ]),
    );
    context.add_variable_from_value(
        "owner",
        HashMap::from([
            ("status".to_owned(), text(&owner.status)),
            ("email".to_owned(), text(&owner.email)),
            ("mfa".to_owned(), flag(&owner.mfa)),
            ("managed".to_owned(), flag(&owner.managed)),
            (
                "account_type".to_owned(),
                owner.account_type.known().map_or(Value::Null, |kind| Value::from(kind.name())),
            ),
            ("platform_roles".to_owned(), list(&owner.platform_roles)),
        ]),
    );
    programs.iter().filter(|program| matches!(program.execute(&context), Ok(Value::Bool(false)))).count()
}

/// 50,000 owners with four credentials each. Offenders are rare, as in an estate that is looked after: what is measured is
/// the conditions, not the wording of findings.
fn resources() -> Vec<Resource> {
    let days = |days: usize| TimeDelta::days(i64::try_from(days).unwrap());
    let text = |odd: bool, strange: &str, usual: &str| if odd { strange.to_owned() } else { usual.to_owned() };
    let owner_id = |at: usize| ResourceId::new(ResourceId::CLOUD, Kind::Principal, &format!("712020:{at:08x}"));
    let owners = (0..CREDENTIALS / 4).map(|at| Resource {
        id: owner_id(at),
        name: format!("First Last {at}"),
        seen_by: Vec::new(),
        body: Body::Principal(Principal {
            account_type: Fact::Known(PrincipalType::Person),
            status: Fact::Known(text(at % 500 == 0, "deactivated", "active")),
            email: Fact::Known(format!("first.last{at}@{}", text(at % 400 == 0, "vendor.example", "acme.example"))),
            managed: Fact::Known(at % 300 != 0),
            mfa: Fact::Known(at % 25 != 0),
            platform_roles: Fact::Known(if at % 200 == 0 {
                vec!["atlassian/org-admin".to_owned()]
            } else {
                Vec::new()
            }),
            ..Principal::default()
        }),
    });
    let labels =
        ["nightly export", "reporting", "dashboard sync", "my laptop", "ci runner", "backup", "editor", "phone"];
    let credentials = (0..CREDENTIALS).map(|at| {
        let mut credential = Credential::unknown(CredentialForm::ApiToken);
        let age = at % 330;
        credential.owner = Fact::Known(owner_id(at / 4));
        credential.status = Fact::Known(text(at % 70 == 0, "blocked", "active"));
        credential.created_at = Fact::Known(now() - days(age));
        credential.expires_at = if at % 400 == 0 { Fact::Absent } else { Fact::Known(now() + days(365 - age)) };
        credential.last_used_at = if at % 200 == 0 { Fact::Absent } else { Fact::Known(now() - days(at % 80)) };
        let scopes = ["read:jira-work", "write:jira-work", "manage:jira-project"];
        let count = at % 3 + usize::from(at % 310 == 0);
        credential.scopes = Fact::Known(scopes.iter().take(count).map(|scope| (*scope).to_owned()).collect());
        Resource {
            id: ResourceId::new(ResourceId::CLOUD, Kind::Credential, &format!("f2c1{at:08x}")),
            name: text(at % 200 == 0, "jenkins", labels[at % labels.len()]),
            seen_by: Vec::new(),
            body: Body::Credential(credential),
        }
    });
    owners.chain(credentials).collect()
}
