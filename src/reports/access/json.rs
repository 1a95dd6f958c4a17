//! The answers as JSON: versioned documents with shapes of their own. Within a version, fields are only added.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{AccessQuestion, Answer, WhoCanQuestion, count_words, subject, who};
use crate::inventory::access::{Access, Ceiling, Chain, Chains, Count, Permission, Step, in_line};
use crate::model::{Body, Container, Fact, LedgerEntry, Principal, Resource, ResourceId, SnapshotHead};
use crate::reports::RenderError;
use crate::reports::json::write_document;

/// What an account or a credential may do, as JSON.
///
/// # Errors
/// When the place it is written to refuses.
pub fn access_json(question: &AccessQuestion<'_, '_>, out: &mut dyn io::Write) -> Result<(), RenderError> {
    write_document(&V1Access::of(&Answer::of(question)), out)
}

/// Who has a permission in a place, as JSON.
///
/// # Errors
/// When the place it is written to refuses.
pub fn who_can_json(question: &WhoCanQuestion<'_, '_>, out: &mut dyn io::Write) -> Result<(), RenderError> {
    write_document(&V1WhoCan::of(question), out)
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[derive(Serialize)]
struct V1Access {
    keyroll_access: u32,
    scan: V1Scan,
    subject: V1Subject,
    ceiling: V1Ceiling,
    boundless: bool,
    doubts: Vec<String>,
    summary: V1Summary,
    permissions: Vec<V1Permission>,
}

impl V1Access {
    fn of(answer: &Answer<'_, '_>) -> Self {
        let question = answer.question;
        let mut permissions = Vec::new();
        for (container, chosen) in answer.chosen() {
            permissions.extend(chosen.iter().map(|one| V1Permission::of(answer, container, one)));
        }
        let unseen = answer.reach.out_of_sight.iter().filter(|(id, one)| {
            question.on.is_none_or(|on| on.id == **id) && question.permission.is_none_or(|key| key == one.key)
        });
        permissions.extend(unseen.map(|(id, one)| V1Permission::unseen(answer, id, one)));
        Self {
            keyroll_access: 1,
            scan: V1Scan::of(question.head),
            subject: V1Subject::of(question),
            ceiling: V1Ceiling::of(&answer.reach.ceiling),
            boundless: answer.reach.boundless,
            doubts: answer.reach.doubts.clone(),
            summary: V1Summary::of(answer),
            permissions,
        }
    }
}

#[derive(Serialize)]
struct V1Scan {
    snapshot: String,
    started_at: String,
    ended_at: String,
    complete: bool,
}

impl V1Scan {
    fn of(head: &SnapshotHead) -> Self {
        Self {
            snapshot: head.id.to_string(),
            started_at: time(head.started_at),
            ended_at: time(head.ended_at),
            complete: head.complete,
        }
    }
}

#[derive(Serialize)]
struct V1Named {
    id: String,
    name: String,
}

impl V1Named {
    fn of(resource: &Resource) -> Self {
        Self { id: resource.id.as_str().to_owned(), name: resource.title().to_owned() }
    }
}

#[derive(Serialize)]
struct V1Subject {
    id: String,
    kind: &'static str,
    name: String,
    about: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<V1Named>,
    /// Why nothing of this can be used at present; null where it can, or nobody told.
    shut: Option<String>,
}

impl V1Subject {
    fn of(question: &AccessQuestion<'_, '_>) -> Self {
        let (subject, inventory) = (question.subject, question.inventory);
        let owner = match &subject.body {
            Body::Credential(credential) => credential.owner.known(),
            _ => None,
        };
        let about = subject::about(subject, inventory, question.now);
        Self {
            id: subject.id.as_str().to_owned(),
            kind: subject.kind().name(),
            name: subject.title().to_owned(),
            about: about.into_iter().filter(|part| !part.is_empty()).collect(),
            owner: owner.map(|id| V1Named { id: id.as_str().to_owned(), name: inventory.name(id).to_owned() }),
            shut: subject::shut(subject, inventory, question.now),
        }
    }
}

#[derive(Serialize)]
struct V1Ceiling {
    limited_by: &'static str,
    scopes: Option<Vec<String>>,
}

impl V1Ceiling {
    fn of(ceiling: &Ceiling) -> Self {
        let (limited_by, scopes) = match ceiling {
            Ceiling::Nothing => ("nothing", None),
            Ceiling::NotRevealed => ("not-revealed", None),
            Ceiling::Scopes(scopes) => ("scopes", Some(scopes.clone())),
            Ceiling::OneThing => ("one-thing", None),
            Ceiling::Organisation => ("organisation", None),
        };
        Self { limited_by, scopes }
    }
}

#[derive(Serialize)]
struct V1Summary {
    places: usize,
    readable: V1Count,
    writable: V1Count,
    destroyable: V1Count,
    administered: V1Count,
    administers: Vec<String>,
    may_administer_more: bool,
    gravest: Option<V1Gravest>,
}

#[derive(Serialize)]
struct V1Gravest {
    permission: String,
    power: &'static str,
    container: V1Named,
    chain: Option<String>,
}

impl V1Summary {
    fn of(answer: &Answer<'_, '_>) -> Self {
        let breadth = &answer.breadth;
        let gravest = answer.reach.gravest().map(|(one, container)| V1Gravest {
            permission: one.key.to_owned(),
            power: one.power.name(),
            container: V1Named::of(container),
            chain: answer.access.shortest(answer.question.subject, one.key, container).map(|chain| chain.words),
        });
        Self {
            places: breadth.places,
            readable: V1Count::of(breadth.readable, breadth.places),
            writable: V1Count::of(breadth.writable, breadth.places),
            destroyable: V1Count::of(breadth.destroyable, breadth.places),
            administered: V1Count::of(breadth.administered, breadth.places),
            administers: breadth.administers.clone(),
            may_administer_more: breadth.may_administer_more,
            gravest,
        }
    }
}

#[derive(Serialize)]
struct V1Count {
    at_least: usize,
    /// Null where there may be any number more.
    at_most: Option<usize>,
    words: String,
}

impl V1Count {
    fn of(count: Count, places: usize) -> Self {
        Self {
            at_least: count.at_least,
            at_most: (!count.boundless).then_some(count.at_most),
            words: count_words(count, places),
        }
    }
}

#[derive(Serialize)]
struct V1Permission {
    container: V1Container,
    permission: String,
    power: &'static str,
    bound: &'static str,
    of_everybody: bool,
    doubt: Option<String>,
    /// The shortest alone, unless all were asked for.
    chains: Vec<V1Chain>,
    other_chains: usize,
}

#[derive(Serialize)]
struct V1Container {
    id: String,
    form: Option<&'static str>,
    key: Option<String>,
    name: Option<String>,
}

impl V1Permission {
    fn of(answer: &Answer<'_, '_>, container: &Resource, one: &Permission<'_>) -> Self {
        let Some(container) = answer.question.inventory.get(&container.id) else {
            return Self::unseen(answer, &container.id, one);
        };
        let body = match &container.body {
            Body::Container(body) => Some(body),
            _ => None,
        };
        let (subject, ledger) = (answer.question.subject, &answer.question.inventory.snapshot().ledger);
        let chains = answer.access.chains(subject, one.key, container);
        let shown: Vec<&Chain<'_>> =
            if answer.question.why { chains.chains.iter().collect() } else { chains.own().into_iter().collect() };
        let mut told: Vec<V1Chain> =
            shown.iter().map(|chain| V1Chain::of(answer.access, &chains, chain, ledger)).collect();
        if let (true, Some(steps)) = (told.is_empty(), answer.access.opened(subject, container)) {
            told.push(V1Chain::opened(&steps, one, ledger));
        }
        Self {
            container: V1Container {
                id: container.id.as_str().to_owned(),
                form: body.map(|Container { form, .. }| form.name()),
                key: body.and_then(|body| body.key.known().cloned()),
                name: Some(container.name.clone()),
            },
            other_chains: chains.chains.len().saturating_sub(told.len()),
            chains: told,
            ..Self::bare(answer, &container.id, one)
        }
    }

    fn unseen(answer: &Answer<'_, '_>, id: &ResourceId, one: &Permission<'_>) -> Self {
        Self::bare(answer, id, one)
    }

    fn bare(answer: &Answer<'_, '_>, id: &ResourceId, one: &Permission<'_>) -> Self {
        Self {
            container: V1Container { id: id.as_str().to_owned(), form: None, key: None, name: None },
            permission: one.key.to_owned(),
            power: one.power.name(),
            bound: one.bound.name(),
            of_everybody: one.of_everybody,
            doubt: answer.doubt(one).map(str::to_owned),
            chains: Vec::new(),
            other_chains: 0,
        }
    }
}

#[derive(Serialize)]
struct V1Chain {
    bound: &'static str,
    of_everybody: bool,
    words: String,
    why_not_certain: Option<String>,
    steps: Vec<V1Step>,
}

impl V1Chain {
    fn of<'a>(access: Access<'_, 'a>, chains: &Chains<'a>, chain: &Chain<'a>, ledger: &[LedgerEntry]) -> Self {
        let steps = access.steps(chains, chain);
        Self {
            bound: chain.bound.name(),
            of_everybody: chain.of_everybody,
            words: in_line(&steps),
            why_not_certain: access.why(chains, chain),
            steps: steps.iter().map(|step| V1Step::of(step, ledger)).collect(),
        }
    }

    fn opened(steps: &[Step<'_>], one: &Permission<'_>, ledger: &[LedgerEntry]) -> Self {
        Self {
            bound: one.bound.name(),
            of_everybody: one.of_everybody,
            words: in_line(steps),
            why_not_certain: None,
            steps: steps.iter().map(|step| V1Step::of(step, ledger)).collect(),
        }
    }
}

#[derive(Serialize)]
struct V1Step {
    sort: &'static str,
    words: String,
    id: Option<String>,
    seen_by: Vec<V1Sighting>,
}

#[derive(Serialize)]
struct V1Sighting {
    source: String,
    endpoint: String,
    at: Option<String>,
}

impl V1Step {
    fn of(step: &Step<'_>, ledger: &[LedgerEntry]) -> Self {
        let seen_by = step.proof.map_or(&[][..], |proof| &proof.seen_by).iter().map(|by| {
            let entry = ledger.iter().find(|entry| entry.source == by.source && entry.endpoint == by.endpoint);
            V1Sighting {
                source: by.source.as_str().to_owned(),
                endpoint: by.endpoint.to_string(),
                at: entry.map(|entry| time(entry.ended_at)),
            }
        });
        Self {
            sort: step.sort.name(),
            words: step.words.clone(),
            id: step.id.map(|id| id.as_str().to_owned()),
            seen_by: seen_by.collect(),
        }
    }
}

#[derive(Serialize)]
struct V1WhoCan {
    keyroll_who_can: u32,
    scan: V1Scan,
    container: V1Named,
    permission: String,
    everybody: Option<V1Everybody>,
    accounts: Vec<V1Account>,
    could_take: Vec<V1Named>,
    doubts: Vec<String>,
}

#[derive(Serialize)]
struct V1Everybody {
    accounts: usize,
    chain: V1Chain,
}

#[derive(Serialize)]
struct V1Account {
    id: String,
    name: String,
    status: Option<String>,
    bound: &'static str,
    chain: Option<V1Chain>,
    other_chains: usize,
    credentials: Vec<V1Credential>,
}

#[derive(Serialize)]
struct V1Credential {
    id: String,
    name: String,
    form: &'static str,
    /// Null where nobody told.
    live: Option<bool>,
}

impl V1WhoCan {
    fn of(question: &WhoCanQuestion<'_, '_>) -> Self {
        let access = question.inventory.access();
        let ledger = &question.inventory.snapshot().ledger;
        let who = access.who_can(question.permission, question.on);
        let accounts = who.accounts.iter().map(|one| {
            let chains = Chains { account: Some(one.account), container: Some(question.on), ..Chains::default() };
            V1Account {
                id: one.account.id.as_str().to_owned(),
                name: one.account.title().to_owned(),
                status: match &one.account.body {
                    Body::Principal(Principal { status, .. }) => status.known().cloned(),
                    _ => None,
                },
                bound: one.bound.name(),
                chain: one.chain.as_ref().map(|chain| V1Chain::of(access, &chains, chain, ledger)),
                other_chains: one.others,
                credentials: credentials(question, one.account),
            }
        });
        let everybody = who.everybody.as_ref().map(|everybody| {
            let chains = Chains { container: Some(question.on), ..Chains::default() };
            V1Everybody { accounts: everybody.accounts, chain: V1Chain::of(access, &chains, &everybody.chain, ledger) }
        });
        Self {
            keyroll_who_can: 1,
            scan: V1Scan::of(question.head),
            container: V1Named::of(question.on),
            permission: question.permission.to_owned(),
            everybody,
            accounts: accounts.collect(),
            could_take: who.could_take.iter().map(|account| V1Named::of(account)).collect(),
            doubts: who.doubts.clone(),
        }
    }
}

fn credentials(question: &WhoCanQuestion<'_, '_>, account: &Resource) -> Vec<V1Credential> {
    let live = who::live_credentials(question, account).filter_map(|one| match &one.body {
        Body::Credential(body) => Some(V1Credential {
            id: one.id.as_str().to_owned(),
            name: one.title().to_owned(),
            form: body.form.name(),
            live: match body.is_live(question.now) {
                Fact::Known(live) => Some(live),
                Fact::Absent | Fact::Unknown => None,
            },
        }),
        _ => None,
    });
    live.collect()
}
