//! Conditions against an oracle: the interpreter of the `cel` crate, which shares nothing with our compiler but the
//! parser. On resources of which everything is known both give the same answer; where facts are unknown, our answer is
//! either “unknown” or right for everything the facts might be.

use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, Env, Program, Value, extensions};
use chrono::{DateTime, TimeDelta, Utc};
use keyroll::inventory::Inventory;
use keyroll::model::{
    Body, Credential, CredentialForm, Fact, Kind, Outcome, Principal, PrincipalType, Resource, ResourceId, Snapshot,
};
use keyroll::problem::{Problems, SourceText};
use keyroll::rules::{Overrides, RuleSet};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;

fn now() -> DateTime<Utc> {
    "2026-11-22T02:00:00Z".parse().unwrap()
}

/// A condition, and the fields in it that may be absent: whoever uses it must guard them.
type Written = (String, Vec<&'static str>);

fn guarded() -> impl Strategy<Value = String> {
    (atom(), any::<bool>()).prop_map(|((text, nullable), asked)| {
        let (sign, operator) = if asked { ("!=", "&&") } else { ("==", "||") };
        let guards: String = nullable.iter().map(|path| format!("{path} {sign} null {operator} ")).collect();
        format!("({guards}{text})")
    })
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![6 => guarded(), 1 => null_test(), 2 => quantified()];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|terms| format!("({})", terms.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|terms| format!("({})", terms.join(" || "))),
            inner.clone().prop_map(|term| format!("!({term})")),
            (inner.clone(), inner, select(vec!["==", "!="]))
                .prop_map(|(left, right, sign)| format!("(({left}) {sign} ({right}))")),
        ]
    })
}

fn atom() -> impl Strategy<Value = Written> {
    prop_oneof![bool_field(), comparison(), time_order(), text_test(), membership()]
}

fn null_test() -> impl Strategy<Value = String> {
    let fields = vec!["credential.expires_at", "credential.last_used_at", "owner.email", "owner.mfa"];
    (select(fields), select(vec!["==", "!="])).prop_map(|(field, sign)| format!("{field} {sign} null"))
}

fn bool_field() -> impl Strategy<Value = Written> {
    select(vec![
        ("owner.managed", vec![]),
        ("credential.form == 'api-token'", vec![]),
        ("credential.form in ['oauth-client', 'org-api-key']", vec![]),
        ("credential.form != credential.name", vec![]),
        ("owner.mfa", vec!["owner.mfa"]),
        ("owner.is_org_admin", vec![]),
        ("owner.billable == owner.managed", vec![]),
        ("owner.mfa != owner.managed", vec!["owner.mfa"]),
    ])
    .prop_map(|(text, nullable)| (text.to_owned(), nullable))
}

fn number() -> impl Strategy<Value = Written> {
    let plain = prop_oneof![
        (-40_i64..40).prop_map(|number| (number.to_string(), vec![])),
        Just(("size(credential.scopes)".to_owned(), vec![])),
        Just(("size(owner.name)".to_owned(), vec![])),
        select(vec!["credential.created_at", "credential.expires_at", "credential.last_used_at"])
            .prop_flat_map(|path| select(vec!["days_since", "days_until"])
                .prop_map(move |call| (format!("{call}({path})"), vec![path]))),
    ];
    plain.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone(), select(vec!["+", "-", "*"])).prop_map(|(left, right, sign)| {
                (format!("({} {sign} {})", left.0, right.0), [left.1, right.1].concat())
            }),
            inner.prop_map(|(text, nullable)| (format!("-({text})"), nullable)),
        ]
    })
}

fn comparison() -> impl Strategy<Value = Written> {
    (number(), number(), select(vec!["==", "!=", "<", "<=", ">", ">="]))
        .prop_map(|(left, right, sign)| (format!("{} {sign} {}", left.0, right.0), [left.1, right.1].concat()))
}

fn time_order() -> impl Strategy<Value = Written> {
    let times = || select(vec!["credential.created_at", "credential.expires_at", "credential.last_used_at"]);
    (times(), times(), select(vec!["==", "!=", "<", "<=", ">", ">="]))
        .prop_map(|(left, right, sign)| (format!("{left} {sign} {right}"), vec![left, right]))
}

fn text() -> impl Strategy<Value = Written> {
    let plain = select(vec![
        ("credential.name", vec![]),
        ("credential.status", vec![]),
        ("owner.name", vec![]),
        ("owner.email", vec!["owner.email"]),
        ("'Jenkins'", vec![]),
        ("'ä'", vec![]),
    ]);
    (plain, any::<bool>()).prop_map(|((text, nullable), lower)| {
        (if lower { format!("{text}.lowerAscii()") } else { text.to_owned() }, nullable)
    })
}

fn text_test() -> impl Strategy<Value = Written> {
    let two = || (text(), text());
    prop_oneof![
        (two(), select(vec!["==", "!="]))
            .prop_map(|((left, right), sign)| (format!("{} {sign} {}", left.0, right.0), [left.1, right.1].concat())),
        (two(), select(vec!["contains", "startsWith", "endsWith"])).prop_map(|((left, right), call)| {
            (format!("{}.{call}({})", left.0, right.0), [left.1, right.1].concat())
        }),
        (text(), select(vec!["^[a-z]+$", "(?i)jenkins|^svc", "ä", ""]))
            .prop_map(|((text, nullable), regex)| (format!("{text}.matches('{regex}')"), nullable)),
    ]
}

fn membership() -> impl Strategy<Value = Written> {
    prop_oneof![
        (text(), select(vec!["credential.scopes", "owner.platform_roles", "['ci', 'active', 'ä']"]))
            .prop_map(|((text, nullable), list)| (format!("{text} in {list}"), nullable)),
        number().prop_map(|(text, nullable)| (format!("{text} in [0, 1, 3]"), nullable)),
    ]
}

fn quantified() -> impl Strategy<Value = String> {
    let list = select(vec!["credential.scopes", "owner.platform_roles"]);
    let call = select(vec!["exists", "all"]);
    let body = select(vec![
        "x.startsWith('read')",
        "x == credential.status",
        "x in ['read:jira', 'ä']",
        "size(x) > 6 || owner.managed",
        "credential.expires_at != null && days_until(credential.expires_at) > size(x)",
        "owner.platform_roles.exists(y, y == x || y.contains('admin'))",
        "credential.scopes.all(y, size(y) >= size(x))",
    ]);
    (list, call, body).prop_map(|(list, call, body)| format!("{list}.{call}(x, {body})"))
}

/// Everything the conditions may name.
#[derive(Debug, Clone)]
struct Facts {
    name: String,
    form: CredentialForm,
    status: String,
    times: [Option<DateTime<Utc>>; 3],
    scopes: Vec<String>,
    owner_name: String,
    email: Option<String>,
    mfa: Option<bool>,
    managed: bool,
    billable: bool,
    roles: Vec<String>,
}

fn word() -> impl Strategy<Value = String> {
    select(vec!["Jenkins", "ci", "svc-ä", "active", "ä", "read:jira", "atlassian/org-admin"]).prop_map(str::to_owned)
}

fn facts() -> impl Strategy<Value = Facts> {
    let time =
        || prop::option::weighted(0.7, (-40_i64 * 24..40 * 24).prop_map(|hours| now() + TimeDelta::hours(hours)));
    let words = || prop::collection::vec(word(), 0..4);
    let credential = (word(), select(CredentialForm::ALL.to_vec()), word(), [time(), time(), time()], words());
    let owner =
        (word(), prop::option::of(word()), prop::option::of(any::<bool>()), any::<bool>(), any::<bool>(), words());
    (credential, owner).prop_map(|((name, form, status, times, scopes), owner)| {
        let (owner_name, email, mfa, managed, billable, roles) = owner;
        Facts { name, form, status, times, scopes, owner_name, email, mfa, managed, billable, roles }
    })
}

/// Which facts are hidden: a bit each, the last one for who the owner is.
#[derive(Debug, Clone, Copy)]
struct Hidden(u16);

impl Hidden {
    const OWNER: u32 = 10;

    fn hides(self, fact: u32) -> bool {
        self.0 & (1 << fact) != 0
    }

    fn fact<T>(self, number: u32, value: impl Into<Option<T>>) -> Fact<T> {
        if self.hides(number) { Fact::Unknown } else { Fact::from_option(value.into()) }
    }
}

impl Facts {
    /// The same where it is told, other facts where it is hidden.
    fn completed_by(&self, other: &Self, hidden: Hidden) -> Self {
        let mut whole = self.clone();
        let owner = hidden.hides(Hidden::OWNER);
        let mut take = |number: u32, copy: fn(&mut Self, &Self)| {
            if hidden.hides(number) || (owner && (5..10).contains(&number)) {
                copy(&mut whole, other);
            }
        };
        take(0, |whole, other| whole.status.clone_from(&other.status));
        take(1, |whole, other| whole.times[0] = other.times[0]);
        take(2, |whole, other| whole.times[1] = other.times[1]);
        take(3, |whole, other| whole.times[2] = other.times[2]);
        take(4, |whole, other| whole.scopes.clone_from(&other.scopes));
        take(5, |whole, other| whole.email.clone_from(&other.email));
        take(6, |whole, other| whole.mfa = other.mfa);
        take(7, |whole, other| whole.managed = other.managed);
        take(8, |whole, other| whole.billable = other.billable);
        take(9, |whole, other| whole.roles.clone_from(&other.roles));
        take(Hidden::OWNER, |whole, other| whole.owner_name.clone_from(&other.owner_name));
        whole
    }

    fn resources(&self, hidden: Hidden) -> Vec<Resource> {
        let owner = ResourceId::new("atlassian", Kind::Principal, "o");
        let body = Credential {
            owner: hidden.fact(Hidden::OWNER, owner.clone()),
            status: hidden.fact(0, self.status.clone()),
            created_at: hidden.fact(1, self.times[0]),
            expires_at: hidden.fact(2, self.times[1]),
            last_used_at: hidden.fact(3, self.times[2]),
            scopes: hidden.fact(4, self.scopes.clone()),
            ..Credential::unknown(self.form)
        };
        let principal = Principal {
            account_type: Fact::Known(PrincipalType::Person),
            email: hidden.fact(5, self.email.clone()),
            mfa: hidden.fact(6, self.mfa),
            managed: hidden.fact(7, self.managed),
            billable: hidden.fact(8, self.billable),
            platform_roles: hidden.fact(9, self.roles.clone()),
            ..Principal::default()
        };
        let resource = |id, name: &str, body| Resource { id, name: name.to_owned(), seen_by: Vec::new(), body };
        let id = ResourceId::new("atlassian", Kind::Credential, "c");
        vec![
            resource(id, &self.name, Body::Credential(body)),
            resource(owner, &self.owner_name, Body::Principal(principal)),
        ]
    }
}

fn load(condition: &str) -> Result<RuleSet, Problems> {
    let text = format!(
        "id: r\nversion: 1\ntitle: T\nseverity: low\napplies_to: credential\nrequire: >\n  {condition}\nmessage: M\n\
         why: W\nfix: F\nverify: V\ncases:\n  - {{ name: a, given: {{ form: api-token }}, expect: pass }}\n  \
         - {{ name: b, given: {{ form: api-token }}, expect: fail }}\n"
    );
    RuleSet::load(&[SourceText::new("r.yaml", &text)], &[], &Overrides::default())
}

/// Our answer: `None` is “unknown”.
fn ours(condition: &str, facts: &Facts, hidden: Hidden) -> Option<bool> {
    let set = load(condition).unwrap_or_else(|problems| panic!("{problems}"));
    let snapshot = Snapshot::of_sorted(facts.resources(hidden), Vec::new());
    let evaluation = set.evaluate(&Inventory::new(&snapshot), &[], now());
    match evaluation.verdicts.first().map(|verdict| &verdict.outcome) {
        None => Some(true),
        Some(Outcome::Fail(_)) => Some(false),
        Some(_) => None,
    }
}

struct Oracle {
    program: Program,
    env: Arc<Env>,
}

impl Oracle {
    fn new(condition: &str) -> Self {
        let mut env = Env::stdlib();
        env.add_extension(extensions::strings).unwrap();
        let program = env.compile(condition).unwrap();
        Self { program, env: Arc::new(env) }
    }

    fn answer(&self, facts: &Facts) -> bool {
        let mut context = Context::with_env(Arc::clone(&self.env));
        let whole_days = |span: TimeDelta| span.num_seconds().div_euclid(86_400);
        context
            .add_function("days_since", move |time: DateTime<chrono::FixedOffset>| whole_days(now() - time.to_utc()))
            .unwrap();
        context
            .add_function("days_until", move |time: DateTime<chrono::FixedOffset>| whole_days(time.to_utc() - now()))
            .unwrap();
        context.add_variable_from_value("credential", credential(facts));
        context.add_variable_from_value("owner", owner(facts));
        match self.program.execute(&context) {
            Ok(Value::Bool(answer)) => answer,
            other => panic!("the oracle says {other:?}"),
        }
    }
}

fn or_null<T>(value: Option<T>, then: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Null, then)
}

fn list(words: &[String]) -> Value {
    Value::from(words.iter().map(|word| Value::from(word.as_str())).collect::<Vec<_>>())
}

fn credential(facts: &Facts) -> HashMap<String, Value> {
    let time = |at: usize| or_null(facts.times[at], |time| Value::Timestamp(time.fixed_offset()));
    HashMap::from([
        ("name".to_owned(), Value::from(facts.name.as_str())),
        ("form".to_owned(), Value::from(facts.form.name())),
        ("status".to_owned(), Value::from(facts.status.as_str())),
        ("created_at".to_owned(), time(0)),
        ("expires_at".to_owned(), time(1)),
        ("last_used_at".to_owned(), time(2)),
        ("scopes".to_owned(), list(&facts.scopes)),
    ])
}

fn owner(facts: &Facts) -> HashMap<String, Value> {
    HashMap::from([
        ("name".to_owned(), Value::from(facts.owner_name.as_str())),
        ("email".to_owned(), or_null(facts.email.as_deref(), Value::from)),
        ("mfa".to_owned(), or_null(facts.mfa, Value::Bool)),
        ("managed".to_owned(), Value::Bool(facts.managed)),
        ("billable".to_owned(), Value::Bool(facts.billable)),
        ("platform_roles".to_owned(), list(&facts.roles)),
        ("is_org_admin".to_owned(), Value::Bool(facts.roles.iter().any(|role| role == "atlassian/org-admin"))),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_known_resources_we_answer_as_the_oracle(condition in condition(), facts in facts()) {
        prop_assert_eq!(ours(&condition, &facts, Hidden(0)), Some(Oracle::new(&condition).answer(&facts)), "{}", condition);
    }

    #[test]
    fn what_we_answer_with_facts_hidden_holds_whatever_they_are(
        condition in condition(),
        told in facts(),
        hidden in (0_u16..1 << 11).prop_map(Hidden),
        others in prop::collection::vec(facts(), 6),
    ) {
        if let Some(answer) = ours(&condition, &told, hidden) {
            let oracle = Oracle::new(&condition);
            for other in others.iter().chain([&told]) {
                let whole = told.completed_by(other, hidden);
                prop_assert_eq!(answer, oracle.answer(&whole), "{} on {:?}", condition, whole);
            }
        }
    }
}

/// Words of the language and odd letters, in any order.
fn rubbish() -> impl Strategy<Value = String> {
    let words = vec![
        "credential",
        ".",
        "owner",
        "expires_at",
        "status",
        "null",
        "==",
        "=",
        "&&",
        "||",
        "!",
        "-",
        "(",
        ")",
        "[",
        "]",
        "'a'",
        "'",
        "\\",
        "ä",
        "日",
        "@",
        "{",
        "}",
        "?",
        ":",
        ",",
        "3",
        "1.5",
        "exists",
        "x",
        "in",
        "matches",
        "'('",
        "size",
        "days_until",
        "params",
        "if",
        "\u{1f600}",
        "has",
        "true",
        "for",
    ];
    prop::collection::vec((select(words), select(vec!["", " "])), 1..14)
        .prop_map(|words| words.into_iter().map(|(word, gap)| format!("{word}{gap}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rubbish_is_refused_with_a_place_and_without_panic(condition in rubbish()) {
        if let Err(problems) = load(&condition) {
            for problem in &problems.0 {
                let text = &problem.file.as_ref().unwrap().text;
                prop_assert!(text.get(problem.span.clone()).is_some(), "{}", problem);
                prop_assert!(!problem.render(false).is_empty());
            }
        }
    }
}

/// The property about hidden facts says nothing if we never answer.
#[test]
fn hidden_facts_leave_answers_where_they_do_not_matter() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let sample = |runner: &mut proptest::test_runner::TestRunner| {
        let told = facts().new_tree(runner).unwrap().current();
        let condition = condition().new_tree(runner).unwrap().current();
        ours(&condition, &told, Hidden(0b101_0101_0101))
    };
    let answers: Vec<Option<bool>> = (0..200).map(|_| sample(&mut runner)).collect();
    let count = |wanted: Option<bool>| answers.iter().filter(|answer| **answer == wanted).count();
    assert!(count(Some(true)) > 10 && count(Some(false)) > 10 && count(None) > 10, "{answers:?}");
}
