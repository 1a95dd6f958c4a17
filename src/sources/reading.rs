//! Reading one endpoint: its answers become resources and one honest entry of the ledger.
//!
//! A [`Gatherer`] is one visit of a source; it starts a [`Reading`] for each endpoint. An endpoint that is asked
//! once for each project or group has one entry too, whose state is that of all its calls together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream;

use super::Depth;
use super::endpoint::{Endpoint, in_words};
use super::pages::Count;
use super::row::{Row, Rows, Wire, repeated};
use crate::clock::Clock;
use crate::http::{Allowed, Client, End, HttpError, Page, Paging, Request, Trail, Walk};
use crate::model::{
    Collection, EndpointState, Fact, LedgerEntry, Product, Resource, Sighting, SourceName, Standing, Watermarks,
};
use crate::text::{plural, thousands};

/// Why an endpoint is not asked that stands under `skip`.
pub const LEFT_OUT: &str = "left out by the configuration";

/// So many calls of an endpoint in a row that a server does not answer, each after all tries, and it is not asked for the
/// rest: with ten thousand projects that would take days.
const UNANSWERED: usize = 20;

/// One visit of a source.
#[derive(Debug)]
pub(super) struct Gatherer {
    pub(super) source: SourceName,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) depth: Depth,
    /// Where endpoints that tell news read on.
    pub(super) since: Watermarks,
    /// What to do where the credential or the address is of the wrong kind.
    pub(super) hints: Hints,
    /// Endpoints that the configuration leaves out.
    pub(super) skip: Vec<&'static str>,
    /// Calls under way at once for an endpoint that is asked for each of many parents.
    pub(super) concurrency: usize,
    /// Why nothing can be asked, if nothing can: the tenant's own id is not known.
    pub(super) blocked: Option<String>,
}

/// What to say where the door is the wrong one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hints {
    /// Which credential is needed here: said when one is not accepted.
    pub(super) credential: &'static str,
    /// Which address is needed here: said when the product does not answer.
    pub(super) address: &'static str,
}

/// What one endpoint brought.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) resources: Vec<Resource>,
    pub(super) entry: LedgerEntry,
    /// True if a call failed or broke off, which may go better the next time.
    pub(super) interrupted: bool,
}

/// What one call of an endpoint brought.
#[derive(Debug)]
pub(super) struct Answer<X, T> {
    /// What was asked for.
    pub(super) of: X,
    /// The rows that could be read.
    pub(super) rows: Vec<T>,
    /// True if these are all rows there are.
    pub(super) whole: bool,
}

/// One endpoint while it is read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    gatherer: &'a Gatherer,
    endpoint: &'static Endpoint,
    trail: Trail,
    /// The request as the ledger shows it.
    path: String,
    /// Calls under way at once.
    at_once: usize,
    started_at: DateTime<Utc>,
    /// Set where nothing is asked at all.
    closed: Option<(EndpointState, String)>,
    calls: usize,
    failures: Vec<(EndpointState, String)>,
    shortfalls: Vec<String>,
    rows: u64,
    /// Rows that could not be read, or have no id.
    lost: u64,
    /// Elements of lists inside rows that could not be read, or only in part.
    marred: u64,
    /// Rows, and entries of lists inside rows, that were there before in the same list.
    repeated: u64,
    expected: Option<u64>,
    watermark: Option<String>,
    last_cursor: Option<String>,
    unreadable: Vec<String>,
    resources: Vec<Resource>,
}

/// Everything that the parts of a visit brought. Where sources know different things, the higher authority's word stands.
pub(super) fn gathered(authority: u8, parts: Vec<Part>) -> Collection {
    let mut collection = Collection { authority, ..Collection::default() };
    for part in parts {
        collection.resources.extend(part.resources);
        collection.ledger.push(part.entry);
    }
    collection
}

impl Gatherer {
    /// How this source sees an account: whether it lets it in, and whether it shows its mail address. A product that has
    /// no word on one of them says so with `Absent`.
    pub(super) fn standing(
        &self,
        product: Product,
        active: Fact<bool>,
        email: Option<&Fact<String>>,
    ) -> Fact<Vec<Standing>> {
        let shows_email = email.map_or(Fact::Absent, |email| Fact::Known(email.known().is_some()));
        Fact::Known(vec![Standing { product, source: self.source.clone(), active, shows_email }])
    }

    /// Begins to read an endpoint. Where it is left out, or nothing can be asked, the reading sends no request.
    pub(super) fn start(&self, endpoint: &'static Endpoint) -> Reading<'_> {
        let closed = if self.skip.contains(&endpoint.name) {
            Some((EndpointState::Skipped, LEFT_OUT.to_owned()))
        } else {
            self.blocked.clone().map(|reason| (EndpointState::Failed, reason))
        };
        Reading {
            gatherer: self,
            endpoint,
            trail: Trail::default(),
            path: endpoint.path(),
            at_once: self.concurrency.max(1),
            started_at: self.clock.now(),
            closed,
            calls: 0,
            failures: Vec::new(),
            shortfalls: Vec::new(),
            rows: 0,
            lost: 0,
            marred: 0,
            repeated: 0,
            expected: None,
            watermark: None,
            last_cursor: None,
            unreadable: Vec::new(),
            resources: Vec::new(),
        }
    }
}

impl Reading<'_> {
    /// Reads one collection.
    pub(super) async fn walk<P, T>(&mut self, client: &Client, request: Request, paging: Paging) -> Answer<(), T>
    where
        P: Page<Row = Row<T>>,
        T: Wire,
    {
        let answers = self.walk_each::<P, (), T>(client, vec![((), request)], paging).await;
        answers.into_iter().next().unwrap_or(Answer { of: (), rows: Vec::new(), whole: false })
    }

    /// Reads one collection for each of many parents, several at once. The answers come in the order of the calls.
    pub(super) async fn walk_each<P, X, T>(
        &mut self,
        client: &Client,
        calls: Vec<(X, Request)>,
        paging: Paging,
    ) -> Vec<Answer<X, T>>
    where
        P: Page<Row = Row<T>>,
        X: Send,
        T: Wire,
    {
        let mut answers = Vec::new();
        self.walk_all::<P, X, T>(client, calls, paging, false, |answer| answers.push(answer)).await;
        answers
    }

    /// The same where all answers would be too many to hold: hands over each as it is complete, in the order of the calls.
    pub(super) async fn walk_each_through<P, X, T>(
        &mut self,
        client: &Client,
        calls: Vec<(X, Request)>,
        paging: Paging,
        each: impl FnMut(Answer<X, T>) + Send,
    ) where
        P: Page<Row = Row<T>>,
        X: Send,
        T: Wire,
    {
        self.walk_all::<P, X, T>(client, calls, paging, false, each).await;
    }

    /// The same for parents that are known to be there: “not found” says that such a parent has nothing of the kind.
    pub(super) async fn walk_each_or_none<P, X, T>(
        &mut self,
        client: &Client,
        calls: Vec<(X, Request)>,
        paging: Paging,
    ) -> Vec<Answer<X, T>>
    where
        P: Page<Row = Row<T>>,
        X: Send,
        T: Wire,
    {
        let mut answers = Vec::new();
        self.walk_all::<P, X, T>(client, calls, paging, true, |answer| answers.push(answer)).await;
        answers
    }

    /// Once a limit stays shut after all tries, all asking is to stop, or nothing was answered for long, the rest of the calls
    /// is not sent: they would only meet the same.
    async fn walk_all<P, X, T>(
        &mut self,
        client: &Client,
        mut calls: Vec<(X, Request)>,
        paging: Paging,
        none_if_missing: bool,
        mut each: impl FnMut(Answer<X, T>) + Send,
    ) where
        P: Page<Row = Row<T>>,
        X: Send,
        T: Wire,
    {
        if self.closed.is_some() {
            return;
        }
        let depth = self.gatherer.depth;
        if depth == Depth::FirstPage {
            calls.truncate(1);
        }
        let trail = self.trail.clone();
        let (shut, unanswered) = (AtomicBool::new(false), AtomicUsize::new(0));
        let walks = stream::iter(calls)
            .map(|(of, request)| {
                let (trail, paging, shut, unanswered) = (trail.clone(), paging.clone(), &shut, &unanswered);
                async move {
                    if shut.load(Ordering::Relaxed) {
                        return (of, None);
                    }
                    let walk = walk_once::<P>(client, request, paging, depth, &trail).await;
                    let in_vain = match &walk.end {
                        End::Failed(HttpError::Throttled { .. } | HttpError::Stopped { .. }) => UNANSWERED,
                        End::Failed(HttpError::Broken { .. } | HttpError::Status { status: 500.., .. }) => {
                            unanswered.fetch_add(1, Ordering::Relaxed) + 1
                        }
                        End::Failed(_) | End::Partial(_) | End::Complete => {
                            unanswered.store(0, Ordering::Relaxed);
                            0
                        }
                    };
                    if in_vain >= UNANSWERED {
                        shut.store(true, Ordering::Relaxed);
                    }
                    (of, Some(walk))
                }
            })
            .buffered(self.at_once);
        let mut walks = std::pin::pin!(walks);
        while let Some((of, walk)) = walks.next().await {
            each(match walk {
                Some(walk) => self.take_in(of, walk, none_if_missing),
                None => self.leave_out(of),
            });
        }
    }

    /// Reads one collection that may be too large to hold: hands over its rows as they come. True if these were all.
    pub(super) async fn walk_through<P, T>(
        &mut self,
        client: &Client,
        request: Request,
        paging: Paging,
        mut each: impl FnMut(T) + Send,
    ) -> bool
    where
        P: Page<Row = Row<T>>,
        T: Wire,
    {
        if self.closed.is_some() {
            return false;
        }
        let (depth, trail, lost_before) = (self.gatherer.depth, self.trail.clone(), self.lost);
        let mut take = |rows: Vec<Row<T>>| rows.into_iter().filter_map(|row| self.take_row(row)).for_each(&mut each);
        let walk = match depth {
            Depth::Whole => client.walk_through::<P>(request, paging, &trail, &mut take).await,
            Depth::FirstPage => {
                let mut walk = walk_once::<P>(client, request, paging, depth, &trail).await;
                take(std::mem::take(&mut walk.rows));
                walk
            }
        };
        self.last_cursor = walk.last_cursor.or(self.last_cursor.take());
        self.take_end(walk.expected, walk.resume, walk.end) && self.lost == lost_before
    }

    /// Asks for the first page of a collection, and for no more: to see whether it can be read.
    pub(super) async fn glance<P, T>(&mut self, client: &Client, request: Request) -> Answer<(), T>
    where
        P: Page<Row = Row<T>>,
        T: Wire,
    {
        if self.closed.is_some() {
            return Answer { of: (), rows: Vec::new(), whole: false };
        }
        let walk = walk_once::<P>(client, request, Paging::Single, Depth::FirstPage, &self.trail).await;
        self.take_in((), Walk { expected: None, ..walk }, false)
    }

    /// Asks how many rows there are, where the product has a counter. One that does not answer proves nothing.
    pub(super) async fn count(&mut self, client: &Client, request: Request) {
        if self.closed.is_some() || self.gatherer.depth == Depth::FirstPage || self.failed_whole() {
            return;
        }
        let counts = self.trail.counts();
        if counts.recalled < counts.pages {
            // A count of another time proves nothing of rows that were read now.
            client.forget(&request, &Paging::Single);
        }
        let Some(&count) = client.walk::<Count>(request, Paging::Single, &self.trail).await.rows.first() else {
            return;
        };
        self.expected = Some(count);
        if count != self.rows {
            self.fall_short(format!(
                "the server counts {} rows and sent {}",
                thousands(small(count)),
                thousands(small(self.rows))
            ));
        }
    }

    /// Asks for what spares other requests. Where it is not told whole nothing is missing: they are sent after all.
    pub(super) async fn shortcut<P, T>(&self, client: &Client, request: Request) -> Option<Vec<T>>
    where
        P: Page<Row = Row<T>>,
    {
        if self.closed.is_some() || self.gatherer.depth == Depth::FirstPage {
            return None;
        }
        let rows = client.fetch::<P>(&request, &self.trail).await.ok()?.into_rows();
        rows.into_iter().map(|row| row.value.filter(|_| row.unreadable.is_empty())).collect()
    }

    /// True if no field of any row was odd.
    pub(super) fn read_clearly(&self) -> bool {
        self.unreadable.is_empty()
    }

    /// Where the scan before stopped reading, of an endpoint that tells news.
    pub(super) fn read_up_to(&self) -> Option<&str> {
        self.gatherer.since.get(&self.gatherer.source, self.endpoint.name)
    }

    /// Keeps the resource that a row was read as; a row that is none, for want of an id, leaves the endpoint partly read.
    pub(super) fn push(&mut self, resource: Option<Resource>) {
        let Some(mut resource) = resource else {
            self.lost += 1;
            return;
        };
        resource.seen_by = vec![Sighting { source: self.gatherer.source.clone(), endpoint: self.endpoint.name.into() }];
        self.resources.push(resource);
    }

    /// Keeps a resource that this endpoint asked for because of what else was found tonight. Another night the same resource
    /// would be the other endpoint's to show: it is gone only where neither shows it.
    pub(super) fn push_as_shown_by_either(&mut self, resource: Resource, other: &'static Endpoint) {
        self.push(Some(resource));
        let Some(resource) = self.resources.last_mut() else { return };
        resource.seen_by.push(Sighting { source: self.gatherer.source.clone(), endpoint: other.name.into() });
        resource.seen_by.sort_unstable();
    }

    /// Keeps facts about a resource that another endpoint of this visit showed. They are no sighting: that this endpoint
    /// is silent another day says nothing about whether the resource is there.
    pub(super) fn enrich(&mut self, facts: Resource) {
        self.resources.push(Resource { seen_by: Vec::new(), ..facts });
    }

    /// The elements of a list inside a row, which notes call `list`: “permission scheme 10000”. One that could not be
    /// read whole leaves the endpoint partly read, for it may be the very one that matters.
    pub(super) fn elements<T>(&mut self, list: &str, rows: Rows<T>) -> Vec<T> {
        self.repeated += repeated(&rows.0);
        let mut elements = Vec::with_capacity(rows.0.len());
        for row in rows.0 {
            self.marred += u64::from(row.value.is_none() || !row.unreadable.is_empty());
            self.note(row.unreadable.into_iter().map(|note| format!("{note} (in {list})")).collect());
            elements.extend(row.value);
        }
        elements
    }

    /// Notes why not everything can be there, though every answer was whole.
    pub(super) fn fall_short(&mut self, reason: String) {
        if !self.shortfalls.contains(&reason) {
            self.shortfalls.push(reason);
        }
    }

    /// Makes the reading depend on another endpoint, which names what to ask for.
    pub(super) fn lean_on(&mut self, other: &LedgerEntry) {
        if !other.is_gap() || self.closed.is_some() {
            return;
        }
        let reason = format!("needs {}, which is {}", other.endpoint, other.state.name());
        match other.state {
            EndpointState::Partial => self.fall_short(reason),
            EndpointState::Skipped => self.close(EndpointState::Skipped, reason),
            EndpointState::Complete | EndpointState::Denied | EndpointState::NotOffered | EndpointState::Failed => {
                self.close(EndpointState::Failed, reason)
            }
        }
    }

    /// Settles the state of the reading whatever the answers were; nothing more is asked.
    pub(super) fn close(&mut self, state: EndpointState, reason: impl Into<String>) {
        if self.closed.is_none() {
            self.closed = Some((state, reason.into()));
        }
    }

    /// Settles the state once the endpoint has answered, or said that there is no such thing: a refusal or a failure stands.
    pub(super) fn settle(&mut self, state: EndpointState, reason: impl Into<String>) {
        let answered = self.failures.iter().all(|(each, _)| *each == EndpointState::NotOffered);
        if answered && self.closed.is_none() {
            self.closed = Some((state, reason.into()));
        }
    }

    /// Says what a 403 probably comes from: the credential is good, a right is missing.
    pub(super) fn explain_forbidden(&mut self, explanation: &str) {
        if self.trail.counts().statuses.contains_key(&403) {
            self.fall_short(explanation.to_owned());
        }
    }

    /// True if no call brought anything, in the state `state`.
    pub(super) fn ended_as(&self, state: EndpointState) -> bool {
        self.failed_whole() && self.failures.iter().all(|(each, _)| *each == state)
    }

    /// True if the call before was refused for want of a right.
    pub(super) fn was_refused(&self) -> bool {
        matches!(self.failures.last(), Some((EndpointState::Denied, _)))
    }

    /// True if the server stumbled before the first row.
    pub(super) fn met_server_error(&self) -> bool {
        self.ended_as(EndpointState::Failed) && self.trail.counts().statuses.keys().any(|status| *status >= 500)
    }

    /// True if the server took offence at the very first request: a parameter, or a cursor it no longer knows.
    pub(super) fn met_bad_request(&self) -> bool {
        self.ended_as(EndpointState::Failed) && self.trail.counts().statuses.contains_key(&400)
    }

    /// Changes what is kept of the place where the next scan reads on, if there is one. With `None` the scan before has
    /// the last word.
    pub(super) fn amend_mark(&mut self, amended: impl FnOnce(String) -> Option<String>) {
        self.watermark = self.watermark.take().and_then(amended);
    }

    /// True if no call brought anything, and the server answered with one of these statuses.
    pub(super) fn met_any(&self, statuses: &[u16]) -> bool {
        self.failed_whole() && self.trail.counts().statuses.keys().any(|status| statuses.contains(status))
    }

    /// True if only first pages are asked for.
    pub(super) fn only_glances(&self) -> bool {
        self.gatherer.depth == Depth::FirstPage
    }

    /// Writes down by which of the endpoint's requests its rows came, where that is not certain beforehand.
    pub(super) fn went_by(&mut self, request: Allowed, more: &str) {
        if self.closed.is_none() {
            self.path = format!("{}{more}", in_words(request));
        }
    }

    /// True if the call before led to a place that this version of the product does not have.
    pub(super) fn was_not_offered(&self) -> bool {
        matches!(self.failures.last(), Some((EndpointState::NotOffered, _)))
    }

    /// Has no more than `most` calls under way at once: for what is hard work for the server.
    pub(super) fn at_once(&mut self, most: usize) {
        self.at_once = self.at_once.min(most.max(1));
    }

    /// Keeps where the next scan reads on, of an endpoint that tells news without a cursor that lasts.
    pub(super) fn mark(&mut self, mark: String) {
        self.watermark = Some(mark);
    }

    /// Forgets the calls so far, because another way to ask follows. Requests and statuses stay counted.
    pub(super) fn try_again(&mut self) {
        self.calls = 0;
        self.failures.clear();
        self.shortfalls.clear();
        self.rows = 0;
        self.lost = 0;
        self.marred = 0;
        self.repeated = 0;
        self.expected = None;
        self.watermark = None;
    }

    /// Writes the entry of the ledger.
    pub(super) fn finish(self) -> Part {
        let (state, reason) = self.outcome();
        let counts = self.trail.counts();
        let entry = LedgerEntry {
            source: self.gatherer.source.clone(),
            endpoint: self.endpoint.name.into(),
            path: self.path,
            shows: self.endpoint.shows.to_vec(),
            forms: self.endpoint.forms.iter().map(|form| (*form).into()).collect(),
            visible_only: self.endpoint.visible_only,
            state,
            reason,
            right: self.endpoint.right.to_owned(),
            declared: None,
            requests: counts.requests,
            pages: counts.pages,
            rows: self.rows,
            rows_expected: self.expected,
            last_cursor: self.last_cursor,
            watermark: self.watermark,
            statuses: counts.statuses,
            retries: counts.retries,
            unreadable: self.unreadable,
            started_at: counts.since.map_or(self.started_at, |since| since.min(self.started_at)),
            ended_at: self.gatherer.clock.now(),
        };
        let for_now = |state: &EndpointState| matches!(state, EndpointState::Failed | EndpointState::Partial);
        let interrupted = state == EndpointState::Failed || self.failures.iter().any(|(state, _)| for_now(state));
        Part { resources: self.resources, entry, interrupted }
    }

    /// A call that was not sent because of what another one met.
    fn leave_out<X, T>(&mut self, of: X) -> Answer<X, T> {
        self.calls += 1;
        self.expected = None;
        self.failures.push((EndpointState::Failed, "not asked any more".to_owned()));
        Answer { of, rows: Vec::new(), whole: false }
    }

    fn take_in<X, T: Wire>(&mut self, of: X, walk: Walk<Row<T>>, none_if_missing: bool) -> Answer<X, T> {
        let lost_before = self.lost;
        self.last_cursor = walk.last_cursor.or(self.last_cursor.take());
        let repeated = repeated(&walk.rows);
        self.repeated += repeated;
        let rows = walk.rows.into_iter().filter_map(|row| self.take_row(row)).collect();
        let end = match walk.end {
            // A page for people is the word of something on the way, which knows of no such thing.
            End::Failed(HttpError::Missing { status: 404, page: false, .. }) if none_if_missing => End::Complete,
            end => end,
        };
        let complete = self.take_end(walk.expected, walk.resume, end);
        Answer { of, rows, whole: complete && repeated == 0 && self.lost == lost_before }
    }

    /// Counts a row, and notes what could not be read of it.
    fn take_row<T>(&mut self, row: Row<T>) -> Option<T> {
        self.rows += 1;
        self.note(row.unreadable);
        if row.value.is_none() {
            self.lost += 1;
        }
        row.value
    }

    /// Counts a call. True if it brought everything.
    fn take_end(&mut self, expected: Option<u64>, resume: Option<String>, end: End) -> bool {
        let first = self.calls == 0;
        self.calls += 1;
        self.expected = match (self.expected, expected) {
            (None, expected) if first => expected,
            (Some(before), Some(expected)) => Some(before + expected),
            (None | Some(_), None) | (None, Some(_)) => None,
        };
        self.watermark = resume.or(self.watermark.take());
        let failure = match end {
            End::Complete => return true,
            End::Partial(reason) => (EndpointState::Partial, reason),
            End::Failed(error) => self.judge(&error),
        };
        self.failures.push(failure);
        false
    }

    /// A few notes are enough to find the cause.
    fn note(&mut self, unreadable: Vec<String>) {
        const NOTES: usize = 10;
        let room = NOTES.saturating_sub(self.unreadable.len());
        self.unreadable.extend(unreadable.into_iter().take(room));
    }

    fn judge(&self, error: &HttpError) -> (EndpointState, String) {
        let hints = self.gatherer.hints;
        match error {
            HttpError::Denied { status: 401, .. } => (EndpointState::Denied, format!("{error}; {}", hints.credential)),
            HttpError::Missing { status: 410, message, .. } if message.starts_with("CHANGE-") => {
                (EndpointState::NotOffered, format!("withdrawn by the product: {error}"))
            }
            HttpError::Denied { message, .. } | HttpError::Missing { message, .. } if speaks_of_a_plan(message) => {
                match self.endpoint.plan {
                    Some(plan) => (EndpointState::NotOffered, format!("needs {plan}: {error}")),
                    None => (EndpointState::Denied, error.to_string()),
                }
            }
            HttpError::Denied { .. } => (EndpointState::Denied, error.to_string()),
            HttpError::Missing { status: 410, .. } => {
                (EndpointState::NotOffered, format!("not available here: {error}"))
            }
            HttpError::Missing { .. } | HttpError::Unreadable { .. } if self.endpoint.always_there => {
                (EndpointState::Failed, format!("{error}; {}", hints.address))
            }
            HttpError::Missing { page, message, .. }
                if self.endpoint.varies && (*page || message.starts_with("null for uri")) =>
            {
                (EndpointState::NotOffered, format!("this version has no such thing: {error}"))
            }
            HttpError::NotOffered { .. } => (EndpointState::NotOffered, error.to_string()),
            HttpError::Missing { .. } if self.endpoint.missing == EndpointState::Denied => {
                (EndpointState::Denied, format!("cannot be seen with this credential: {error}"))
            }
            HttpError::Missing { .. } => (self.endpoint.missing, format!("not available here: {error}")),
            HttpError::Throttled { .. }
            | HttpError::Status { .. }
            | HttpError::Broken { .. }
            | HttpError::Unreadable { .. }
            | HttpError::Refused { .. }
            | HttpError::Stopped { .. }
            | HttpError::Settings { .. } => (EndpointState::Failed, error.to_string()),
        }
    }

    /// True if there were calls and none of them brought anything.
    pub(super) fn failed_whole(&self) -> bool {
        self.calls > 0
            && self.failures.len() == self.calls
            && self.failures.iter().all(|(state, _)| *state != EndpointState::Partial)
    }

    fn outcome(&self) -> (EndpointState, String) {
        if let Some(closed) = &self.closed {
            return closed.clone();
        }
        let mut reasons = Vec::new();
        if let Some((state, reason)) = self.failures.first() {
            let alike = self.failures.iter().all(|(each, _)| each == state);
            reasons.push(match (self.calls, alike, state) {
                (1, _, _) => reason.clone(),
                (calls, true, EndpointState::Denied) => {
                    format!("{} of {} refused: {reason}", thousands(self.failures.len()), thousands(calls))
                }
                (calls, _, _) => {
                    let missed = thousands(self.failures.len());
                    format!("{missed} of {} could not be read whole, the first: {reason}", thousands(calls))
                }
            });
        }
        reasons.extend(self.shortfalls.iter().cloned());
        if self.lost > 0 {
            reasons.push(format!("{} could not be read", plural(small(self.lost), "row", "rows")));
        }
        if self.repeated > 0 {
            let rows = plural(small(self.repeated), "row", "rows");
            reasons.push(format!("{rows} came twice, so that others may be missing"));
        }
        if self.marred > 0 {
            let elements = plural(small(self.marred), "entry of a list", "entries of lists");
            reasons.push(format!("{elements} could not be read whole"));
        }
        let state = match self.failures.first() {
            Some((state, _)) if self.ended_as(*state) => *state,
            Some(_) if self.failed_whole() => EndpointState::Failed,
            None if reasons.is_empty() => EndpointState::Complete,
            Some(_) | None => EndpointState::Partial,
        };
        (state, reasons.join("; "))
    }
}

/// Whether a refusal says that the plan lacks something, and not the credential.
fn speaks_of_a_plan(message: &str) -> bool {
    const WORDS: [&str; 11] = [
        "guard",
        "subscription",
        "your plan",
        "current plan",
        "free plan",
        "paid plan",
        "premium",
        "enterprise plan",
        "upgrade",
        "not entitled",
        "atlassian access",
    ];
    let message = message.to_ascii_lowercase();
    WORDS.iter().any(|word| message.contains(word))
}

async fn walk_once<P: Page>(
    client: &Client,
    request: Request,
    paging: Paging,
    depth: Depth,
    trail: &Trail,
) -> Walk<P::Row> {
    match depth {
        Depth::Whole => client.walk::<P>(request, paging, trail).await,
        Depth::FirstPage => match client.fetch::<P>(&request, trail).await {
            Ok(page) => {
                let expected = page.position().total;
                Walk { rows: page.into_rows(), expected, end: End::Complete, resume: None, last_cursor: None }
            }
            Err(error) => {
                Walk { rows: Vec::new(), expected: None, end: End::Failed(error), resume: None, last_cursor: None }
            }
        },
    }
}

fn small(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
