//! The answers as CSV: one row for each permission in each place, columns only ever added at the end.

use std::io;

use super::{AccessQuestion, Answer, WhoCanQuestion, who};
use crate::inventory::access::{ANY, Bound, Chains, Permission, Step, in_line};
use crate::model::{Body, Container, Resource, ResourceId};
use crate::reports::RenderError;
use crate::reports::csv::{Cell, Column, ColumnForm, column, write_rows};

const ACCESS: [Column; 16] = [
    column("subject_id", ColumnForm::Id, "The account or credential"),
    column("subject_name", ColumnForm::Text, "Its name or label"),
    column("container_id", ColumnForm::Id, "Where the permission is"),
    column("container_form", ColumnForm::Word, "Sort of container; empty if it was not seen itself"),
    column("container_key", ColumnForm::Text, "Its key; `none` if it has none; empty if it was not seen itself"),
    column("container_name", ColumnForm::Text, "Its name; empty if it was not seen itself"),
    column("permission", ColumnForm::Text, "The permission as the product calls it; * stands for any"),
    column("power", ColumnForm::Word, "read, write, destroy, administer or administer-all"),
    column(
        "bound",
        ColumnForm::Word,
        "held: certain; conditional: depends on the issue; possible: cannot be ruled out",
    ),
    column("of_everybody", ColumnForm::YesNo, "Everybody with an account has it there"),
    column("doubt", ColumnForm::Text, "Why it is not certain; empty if it is"),
    column("chain", ColumnForm::Text, "The shortest chain, in words; empty if there is none"),
    column("chain_ids", ColumnForm::List, "The ids of what the chain names, in its order; empty if there is none"),
    column("other_chains", ColumnForm::Number, "How many other chains give it"),
    column("boundless", ColumnForm::YesNo, "Nothing can be ruled out anywhere: these rows are not all that may be"),
    column("snapshot", ColumnForm::Id, "The snapshot that was asked"),
];

/// What an account or a credential may do, as CSV.
///
/// # Errors
/// When the place it is written to refuses.
pub fn access_csv(question: &AccessQuestion<'_, '_>, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let answer = Answer::of(question);
    let chosen = answer.chosen();
    let seen = chosen.iter().flat_map(|(container, permissions)| {
        permissions.iter().map(|one| row(&answer, &container.id, Some(*container), one))
    });
    let unseen = answer.reach.out_of_sight.iter().filter(|(id, one)| {
        question.on.is_none_or(|on| on.id == **id) && question.permission.is_none_or(|key| key == one.key)
    });
    let unseen = unseen.map(|(id, one)| row(&answer, id, None, one));
    // Without a row, that nothing can be ruled out would not be told at all.
    let none_but = answer.reach.boundless.then(|| anything(&answer));
    write_rows(&ACCESS, seen.chain(unseen).chain(none_but), out)
}

fn row<'a>(
    answer: &Answer<'_, 'a>,
    id: &'a ResourceId,
    container: Option<&'a Resource>,
    one: &Permission<'a>,
) -> [Cell<'a>; 16] {
    let question = answer.question;
    let body = container.and_then(|container| match &container.body {
        Body::Container(body) => Some(body),
        _ => None,
    });
    let (steps, others) = container.map_or((Vec::new(), 0), |container| shortest(answer, one.key, container));
    [
        Cell::foreign(question.subject.id.as_str()),
        Cell::foreign(question.subject.title()),
        Cell::foreign(id.as_str()),
        Cell::optional(body, |Container { form, .. }| Cell::own(form.name())),
        Cell::optional(body, |Container { key, .. }| Cell::fact_text(key)),
        Cell::optional(container, |container| Cell::foreign(&container.name)),
        Cell::foreign(one.key),
        Cell::own(one.power.name()),
        Cell::own(one.bound.name()),
        Cell::yes_no(one.of_everybody),
        Cell::optional(answer.doubt(one), Cell::foreign_owned),
        Cell::foreign_owned(&in_line(&steps)),
        Cell::list_or_blank(steps.iter().filter_map(|step| step.id).map(ResourceId::as_str)),
        Cell::number(others),
        Cell::yes_no(answer.reach.boundless),
        Cell::own(question.head.id.to_string()),
    ]
}

/// The row that says that anything is possible anywhere.
fn anything<'a>(answer: &Answer<'_, 'a>) -> [Cell<'a>; 16] {
    let question = answer.question;
    [
        Cell::foreign(question.subject.id.as_str()),
        Cell::foreign(question.subject.title()),
        Cell::empty(),
        Cell::empty(),
        Cell::empty(),
        Cell::empty(),
        Cell::own(ANY),
        Cell::own("administer-all"),
        Cell::own(Bound::Possible.name()),
        Cell::yes_no(false),
        Cell::foreign_owned(&answer.reach.doubts.join("; ")),
        Cell::empty(),
        Cell::empty(),
        Cell::number(0),
        Cell::yes_no(true),
        Cell::own(question.head.id.to_string()),
    ]
}

/// The steps of the shortest chain, and how many others there are.
fn shortest<'a>(answer: &Answer<'_, 'a>, key: &str, container: &'a Resource) -> (Vec<Step<'a>>, usize) {
    let subject = answer.question.subject;
    let chains = answer.access.chains(subject, key, container);
    match chains.own() {
        Some(first) => (answer.access.steps(&chains, first), chains.chains.len() - 1),
        None => (answer.access.opened(subject, container).unwrap_or_default(), 0),
    }
}

const WHO_CAN: [Column; 14] = [
    column("container_id", ColumnForm::Id, "The place that was asked about"),
    column("permission", ColumnForm::Text, "The permission that was asked about"),
    column("account_id", ColumnForm::Id, "The account; empty for everybody and for a doubt"),
    column("account_name", ColumnForm::Text, "Its name"),
    column("account_status", ColumnForm::Text, "Its status, as the source tells"),
    column(
        "way",
        ColumnForm::Word,
        "own, everybody, could-take (administers the product), or doubt (there may be more)",
    ),
    column(
        "bound",
        ColumnForm::Word,
        "held: certain; conditional: depends on the issue; possible: cannot be ruled out",
    ),
    column("doubt", ColumnForm::Text, "Why it is not certain, where one reason can be named"),
    column("chain", ColumnForm::Text, "The shortest chain, in words; empty if there is none"),
    column("chain_ids", ColumnForm::List, "The ids of what the chain names, in its order; empty if there is none"),
    column("other_chains", ColumnForm::Number, "How many other chains give it"),
    column("credentials", ColumnForm::List, "Ids of its credentials that are not known to have ended"),
    column("accounts", ColumnForm::Number, "How many accounts everybody is; empty elsewhere"),
    column("snapshot", ColumnForm::Id, "The snapshot that was asked"),
];

/// Who has a permission in a place, as CSV.
///
/// # Errors
/// When the place it is written to refuses.
pub fn who_can_csv(question: &WhoCanQuestion<'_, '_>, out: &mut dyn io::Write) -> Result<(), RenderError> {
    let access = question.inventory.access();
    let who = access.who_can(question.permission, question.on);
    let base = |account: Option<&Resource>, way: &'static str| Who {
        account_id: account.map(|account| account.id.clone()),
        account_name: account.map(|account| account.title().to_owned()),
        status: account.and_then(status),
        credentials: account
            .map(|account| who::live_credentials(question, account).map(|one| one.id.as_str().to_owned()).collect()),
        ..Who::of(way)
    };
    let mut rows = Vec::new();
    for one in &who.accounts {
        let mut row = Who { bound: Some(one.bound), others: one.others, ..base(Some(one.account), "own") };
        if let Some(chain) = &one.chain {
            let chains = Chains { account: Some(one.account), container: Some(question.on), ..Chains::default() };
            row.steps(&access.steps(&chains, chain));
            row.doubt = access.why(&chains, chain);
        }
        rows.push(row);
    }
    if let Some(everybody) = &who.everybody {
        let chains = Chains { container: Some(question.on), ..Chains::default() };
        let mut row = base(None, "everybody");
        row.bound = Some(everybody.chain.bound);
        row.accounts = Some(everybody.accounts);
        row.steps(&access.steps(&chains, &everybody.chain));
        rows.push(row);
    }
    rows.extend(who.could_take.iter().map(|account| base(Some(account), "could-take")));
    rows.extend(who.doubts.iter().map(|doubt| Who {
        bound: Some(Bound::Possible),
        doubt: Some(doubt.clone()),
        ..Who::of("doubt")
    }));
    write_rows(&WHO_CAN, rows.iter().map(|row| row.cells(question)), out)
}

fn status(account: &Resource) -> Option<crate::model::Fact<String>> {
    match &account.body {
        Body::Principal(principal) => Some(principal.status.clone()),
        _ => None,
    }
}

/// One row of the reverse question.
#[derive(Default)]
struct Who {
    account_id: Option<ResourceId>,
    account_name: Option<String>,
    status: Option<crate::model::Fact<String>>,
    way: &'static str,
    bound: Option<Bound>,
    doubt: Option<String>,
    chain: String,
    ids: Vec<String>,
    others: usize,
    credentials: Option<Vec<String>>,
    accounts: Option<usize>,
}

impl Who {
    fn of(way: &'static str) -> Self {
        Self { way, ..Self::default() }
    }

    fn steps(&mut self, steps: &[Step<'_>]) {
        self.chain = in_line(steps);
        self.ids = steps.iter().filter_map(|step| step.id).map(|id| id.as_str().to_owned()).collect();
    }

    fn cells<'a>(&'a self, question: &WhoCanQuestion<'a, 'a>) -> [Cell<'a>; 14] {
        [
            Cell::foreign(question.on.id.as_str()),
            Cell::foreign(question.permission),
            Cell::optional(self.account_id.as_ref(), |id| Cell::foreign(id.as_str())),
            Cell::optional(self.account_name.as_deref(), Cell::foreign),
            Cell::optional(self.status.as_ref(), Cell::fact_text),
            Cell::own(self.way),
            Cell::optional(self.bound, |bound| Cell::own(bound.name())),
            Cell::optional(self.doubt.as_deref(), Cell::foreign),
            Cell::foreign(&self.chain),
            Cell::list_or_blank(self.ids.iter()),
            Cell::number(self.others),
            Cell::optional(self.credentials.as_ref(), |ids| Cell::list_or_blank(ids.iter())),
            Cell::optional(self.accounts, Cell::number),
            Cell::own(question.head.id.to_string()),
        ]
    }
}
