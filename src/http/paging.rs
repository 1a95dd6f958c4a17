//! Walks a paged collection from its first request to its proven end.
//!
//! A walk is complete only when the protocol's end marker was seen and the rows agree with the server's count.
//! Whatever else stops it leaves it partial, with the reason and the rows that came before.

use std::collections::{HashSet, VecDeque};

use futures::stream::{self, StreamExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::journal::{Ending, Recalled, Sheet, Shelf, lost_its_place};
use super::links::{bare, follow};
use super::{Client, HttpError, Request, Trail};
use crate::text::thousands;

/// Pages that are asked for at once where the end is not known.
const AHEAD: usize = 4;

/// One page of an answer.
pub trait Page: DeserializeOwned + Send + 'static {
    /// What it holds. A journal keeps rows as they were read: `Serialize` writes just what `Deserialize` reads, in a form
    /// without names.
    type Row: Serialize + DeserializeOwned + Send;
    /// Where the collection stands after this page.
    fn position(&self) -> Position;
    /// The rows.
    fn into_rows(self) -> Vec<Self::Row>;
}

/// What a page says about the rest. Keys that the page does not have stay `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Link or cursor of the next page: absolute URL, relative URL, `?query`, or a bare cursor.
    pub next: Option<String>,
    /// The page's own word that it is the last.
    pub is_last: Option<bool>,
    /// Rows in the whole collection, as the server counts them.
    pub total: Option<u64>,
}

/// How a collection is walked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// One answer holds everything.
    Single,
    /// Each page names the next; the end is a page that names none, or calls itself the last.
    Links {
        /// The parameter for a next page that is given as a bare cursor.
        cursor: &'static str,
        /// Where a cursor goes: into the query alone, beside the other parameters, or into the JSON body.
        place: CursorPlace,
    },
    /// A stream of news in pages, each of which names the next even if nothing has happened yet: the end is a page
    /// without rows, and the cursor that led there is where to read on another day.
    Stream {
        /// The parameter for the cursor.
        cursor: &'static str,
    },
    /// Offset and size; the end is `is_last`, or the total reached. Later pages are fetched side by side.
    Offset {
        /// The parameter for the offset of the first row.
        start: &'static str,
        /// The parameter for the number of rows.
        size: &'static str,
        /// Rows to ask for at once.
        rows: u32,
    },
    /// Numbered pages from 0, the number in the JSON body; the end is an empty page. A page's `next` tells how it begins:
    /// one that begins like another shows that the server does not count.
    Numbered {
        /// The member of the body for the number of the page.
        page: &'static str,
        /// Rows that were asked for in each page.
        rows: u32,
    },
    /// Offset and size over bare arrays; the end is an empty page. Pages are fetched a few ahead.
    UntilEmpty {
        /// The parameter for the offset of the first row.
        start: &'static str,
        /// The parameter for the number of rows.
        size: &'static str,
        /// Rows to ask for at once.
        rows: u32,
    },
}

/// Where a bare cursor is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorPlace {
    /// Alone in the query: the API drops all other parameters anyway.
    QueryAlone,
    /// In the query, the other parameters repeated beside it.
    QueryBeside,
    /// In the JSON body, beside its other members.
    Body,
}

/// What walking a collection brought.
#[derive(Debug)]
pub struct Walk<Row> {
    /// The rows of all pages that arrived, in the collection's order.
    pub rows: Vec<Row>,
    /// Rows in the whole collection as the server counted them last, if it did.
    pub expected: Option<u64>,
    /// How it ended.
    pub end: End,
    /// Where a stream goes on: the cursor that was named last. Of other collections there is none.
    pub resume: Option<String>,
    /// The cursor, link or offset that was followed last.
    pub last_cursor: Option<String>,
}

/// How a walk ended.
#[derive(Debug)]
pub enum End {
    /// The protocol's end marker was seen, and a total, if there was one, agrees with the rows.
    Complete,
    /// Rows arrived but the end was not proven: counts disagree, a cursor came twice, too many pages, an error on the way.
    Partial(String),
    /// The very first request failed.
    Failed(HttpError),
}

impl Client {
    /// Walks a paged collection from its first request to its proven end.
    pub async fn walk<P: Page>(&self, first: Request, paging: Paging, trail: &Trail) -> Walk<P::Row> {
        let mut rows = Vec::new();
        let walk = self.walk_through::<P>(first, paging, trail, &mut |page| rows.extend(page)).await;
        Walk { rows, ..walk }
    }

    /// Walks a paged collection and hands over the rows of each page as it arrives, keeping none: for collections that
    /// are too large to hold.
    pub async fn walk_through<P: Page>(
        &self,
        first: Request,
        paging: Paging,
        trail: &Trail,
        each: &mut (dyn FnMut(Vec<P::Row>) + Send),
    ) -> Walk<P::Row> {
        let shelf = self.shelf(&first, &paging);
        let mut road = Road::<P> {
            client: self,
            trail,
            each,
            shelf: shelf.as_ref(),
            recalled: VecDeque::new(),
            rows: 0,
            pages: 0,
            latest: Position::default(),
            total: None,
            resume: None,
            last_cursor: None,
        };
        let outcome = match road.recall(&first, &paging).await {
            Ok(Some(ending)) => return ending.into(),
            Ok(None) => road.go(first, paging).await,
            Err(error) => road.stay_where_it_was(error),
        };
        let end = match outcome {
            Ok(()) => road.compare_counts(),
            Err(Stop::Failure(error)) if road.pages == 0 => End::Failed(error),
            Err(Stop::Failure(error)) => End::Partial(format!("page {}: {error}", road.pages + 1)),
            Err(Stop::Doubt(reason)) => {
                road.begin_anew();
                End::Partial(reason)
            }
        };
        road.conclude(&end);
        Walk { rows: Vec::new(), expected: road.total, end, resume: road.resume, last_cursor: road.last_cursor }
    }
}

impl Client {
    /// Keeps nothing of an earlier walk of these pages: whoever walks them now asks for them anew.
    pub fn forget(&self, first: &Request, paging: &Paging) {
        if let Some(shelf) = self.shelf(first, paging) {
            shelf.forget();
        }
    }
}

impl<Row> From<Ending> for Walk<Row> {
    fn from(ending: Ending) -> Self {
        let Ending { pages: _, expected, resume, last_cursor } = ending;
        Self { rows: Vec::new(), expected, end: End::Complete, resume, last_cursor }
    }
}

impl Paging {
    /// How the next page is found where each page names it: a walk that was broken off can go on there.
    fn chain(&self) -> Option<(&'static str, CursorPlace)> {
        match *self {
            Self::Links { cursor, place } => Some((cursor, place)),
            Self::Stream { cursor } => Some((cursor, CursorPlace::QueryBeside)),
            Self::Single | Self::Offset { .. } | Self::Numbered { .. } | Self::UntilEmpty { .. } => None,
        }
    }
}

/// Why a walk did not get to a marked end.
enum Stop {
    Failure(HttpError),
    Doubt(String),
}

impl From<HttpError> for Stop {
    fn from(error: HttpError) -> Self {
        Self::Failure(error)
    }
}

/// A request that is asked slice by slice.
struct Slicing {
    first: Request,
    start: &'static str,
    size: &'static str,
    rows: u32,
}

impl Slicing {
    fn at(&self, offset: u64) -> Request {
        let mut request = self.first.clone();
        request.query.retain(|(key, _)| key != self.start && key != self.size);
        request.query(self.start, offset).query(self.size, self.rows)
    }

    /// Where a slice ends. One of more rows than were asked for may have some of them twice, and then fewer places are behind
    /// it than it has rows.
    fn behind(&self, offset: u64, length: u64) -> u64 {
        offset.saturating_add(length.min(self.rows.into()))
    }
}

/// A walk under way.
struct Road<'a, P: Page> {
    client: &'a Client,
    trail: &'a Trail,
    each: &'a mut (dyn FnMut(Vec<P::Row>) + Send),
    /// Where its pages are kept, while there is a journal.
    shelf: Option<&'a Shelf>,
    /// Pages that an earlier walk had read, and this one has yet to pass.
    recalled: VecDeque<Sheet<P::Row>>,
    /// Rows handed over.
    rows: u64,
    pages: u32,
    latest: Position,
    total: Option<u64>,
    /// The bare cursor with which a stream goes on.
    resume: Option<String>,
    /// Where the page that came last, or did not, was asked for.
    last_cursor: Option<String>,
}

impl<P: Page> Road<'_, P> {
    async fn go(&mut self, first: Request, paging: Paging) -> Result<(), Stop> {
        match paging {
            Paging::Single => self.single(first).await,
            Paging::Links { cursor, place } => self.links(&first, cursor, place).await,
            Paging::Stream { cursor } => self.stream(&first, cursor).await,
            Paging::Numbered { page, rows } => self.numbered(&first, page, rows).await,
            Paging::Offset { start, size, rows } => {
                self.offset(&Slicing { first, start, size, rows: rows.max(1) }).await
            }
            Paging::UntilEmpty { start, size, rows } => {
                self.until_empty(&Slicing { first, start, size, rows: rows.max(1) }).await
            }
        }
    }

    /// Takes up what a scan that was killed had read of the same walk: all of it, if it had come to its end, and then
    /// there is nothing left to ask. Otherwise the pages before the last one are believed if that one is still what it
    /// was; if it is not, the walk begins from the front.
    ///
    /// # Errors
    /// When the last page does not come for a reason that says nothing about its place.
    async fn recall(&mut self, first: &Request, paging: &Paging) -> Result<Option<Ending>, HttpError> {
        let Some(shelf) = self.shelf else { return Ok(None) };
        let Some(Recalled { mut sheets, since, ending }) = shelf.recall::<P::Row>() else {
            shelf.forget();
            return Ok(None);
        };
        if let Some(ending) = ending {
            self.client.recall(sheets.len(), since, self.trail);
            sheets.into_iter().for_each(|sheet| (self.each)(sheet.rows));
            return Ok(Some(ending));
        }
        let last = sheets.pop();
        let next = sheets.last().and_then(|sheet| sheet.position.next.as_deref());
        let (Some(last), Some(next), Some((cursor, place))) = (last, next, paging.chain()) else {
            shelf.forget();
            return Ok(None);
        };
        let request = follow(first, next, self.client.prefix(), cursor, place);
        let page = match request {
            Ok(request) => self.client.fetch::<P>(&request, self.trail).await.map(Sheet::of),
            Err(error) => Err(error),
        };
        match page {
            Ok(page) if page.is_like(&last) => {
                self.client.recall(sheets.len(), since, self.trail);
                sheets.push(page);
                self.recalled = sheets.into();
            }
            Err(error) if !lost_its_place(&error) => {
                self.client.recall(sheets.len(), since, self.trail);
                self.recalled = sheets.into();
                return Err(error);
            }
            Ok(_) | Err(_) => shelf.forget(),
        }
        Ok(None)
    }

    /// Hands over what was recalled where the walk cannot go on just now.
    fn stay_where_it_was(&mut self, error: HttpError) -> Result<(), Stop> {
        while let Some(sheet) = self.recalled.pop_front() {
            self.last_cursor = sheet.position.next.clone();
            self.take(sheet)?;
        }
        Err(error.into())
    }

    /// Keeps nothing of this walk: another scan shall not take it up.
    fn begin_anew(&self) {
        if let Some(shelf) = self.shelf {
            shelf.forget();
        }
    }

    fn conclude(&self, end: &End) {
        match (self.shelf, end) {
            (Some(shelf), End::Complete) => {
                let ending = Ending {
                    pages: self.pages,
                    expected: self.total,
                    resume: self.resume.clone(),
                    last_cursor: self.last_cursor.clone(),
                };
                shelf.conclude(&ending, self.client.now());
            }
            (None, _) | (_, End::Partial(_) | End::Failed(_)) => {}
        }
    }

    /// The page that comes next in a chain: one that is known from before, or the answer to a request.
    async fn sheet(&mut self, request: &Request) -> Result<Sheet<P::Row>, HttpError> {
        match self.recalled.pop_front() {
            Some(sheet) => Ok(sheet),
            None => self.client.fetch::<P>(request, self.trail).await.map(Sheet::of),
        }
    }

    async fn single(&mut self, request: Request) -> Result<(), Stop> {
        let page = self.client.fetch::<P>(&request, self.trail).await?;
        self.take(Sheet::of(page))?;
        if self.next().is_some() || self.latest.is_last == Some(false) {
            return Err(Stop::Doubt("the answer was expected to be whole, but says that more follows".to_owned()));
        }
        Ok(())
    }

    async fn links(&mut self, first: &Request, cursor: &str, place: CursorPlace) -> Result<(), Stop> {
        let mut request = first.clone();
        let mut seen = HashSet::new();
        loop {
            let page = self.sheet(&request).await?;
            self.take(page)?;
            if self.latest.is_last == Some(true) {
                return Ok(());
            }
            let Some(next) = self.next() else { break };
            if !seen.insert(next.clone()) {
                return Err(Stop::Doubt(format!("a cursor came twice after {} pages", self.pages)));
            }
            request = follow(first, &next, self.client.prefix(), cursor, place)?;
            self.last_cursor = Some(next);
        }
        match self.latest.is_last {
            Some(false) => Err(Stop::Doubt("the last page says that more follows, but not where".to_owned())),
            _ => Ok(()),
        }
    }

    async fn stream(&mut self, first: &Request, cursor: &str) -> Result<(), Stop> {
        let mut request = first.clone();
        let mut seen = HashSet::new();
        loop {
            let page = self.sheet(&request).await?;
            let length = self.take(page)?;
            let next = self.next();
            self.resume = next.as_deref().map(|next| bare(next, cursor)).transpose()?.flatten().or(self.resume.take());
            match (length, next) {
                (0, _) | (_, None) => return Ok(()),
                (_, Some(next)) if !seen.insert(next.clone()) => {
                    return Err(Stop::Doubt(format!("a cursor came twice after {} pages", self.pages)));
                }
                (_, Some(next)) => {
                    request = follow(first, &next, self.client.prefix(), cursor, CursorPlace::QueryBeside)?;
                    self.last_cursor = Some(next);
                }
            }
        }
    }

    /// A page that is not full may be the last, or cut by a server that grants less than was asked for: only the empty
    /// one behind it tells. A server that shows its last page once more instead has no more.
    async fn numbered(&mut self, first: &Request, page: &str, rows: u32) -> Result<(), Stop> {
        let mut begun = HashSet::new();
        let mut full = true;
        for number in 0_u64.. {
            let mut request = first.clone();
            let members = request.body.as_mut().and_then(serde_json::Value::as_object_mut);
            members.expect("internal: pages are numbered in a body").insert(page.to_owned(), number.into());
            let answer = Sheet::of(self.client.fetch::<P>(&request, self.trail).await?);
            if answer.position.next.clone().is_some_and(|begin| !begun.insert(begin)) {
                return match full {
                    true => Err(Stop::Doubt(format!("page {} begins like an earlier one", number + 1))),
                    false => Ok(()),
                };
            }
            self.last_cursor = Some(number.to_string());
            let length = self.take(answer)?;
            if length == 0 {
                return Ok(());
            }
            full = length >= u64::from(rows);
        }
        Ok(())
    }

    async fn offset(&mut self, slicing: &Slicing) -> Result<(), Stop> {
        let mut length = self.slice(slicing, 0).await?;
        // A server that grants fewer rows than were asked for is walked in steps of what it grants.
        let step = length.clamp(1, slicing.rows.into());
        let mut offset = if self.total.is_some() { length } else { slicing.behind(0, length) };
        while !self.ended(length, offset)? {
            let known = self.total.filter(|total| *total > offset).map(|total| (total - offset).div_ceil(step));
            let offsets: Vec<u64> = (0..known.unwrap_or(1).min(self.client.most_pages().into()))
                .map(|page| offset.saturating_add(page.saturating_mul(step)))
                .collect();
            let mut pages =
                fetch_ahead::<P>(self.client, self.trail, slicing, offsets.into_iter(), self.client.concurrency());
            while let Some((at, page)) = pages.next().await {
                self.last_cursor = Some(at.to_string());
                length = self.take(Sheet::of(page?))?;
                offset = if known.is_some() { at.saturating_add(step) } else { slicing.behind(at, length) };
                if length == 0 || self.latest.is_last == Some(true) {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether the page that came last, of so many rows and ending at `offset`, is the end.
    fn ended(&self, length: u64, offset: u64) -> Result<bool, Stop> {
        let reached = self.total.is_some_and(|total| offset >= total);
        match self.latest.is_last {
            Some(true) => Ok(true),
            Some(false) if length == 0 => Err(Stop::Doubt("an empty page says that more follows".to_owned())),
            Some(false) => Ok(false),
            None => Ok(length == 0 || reached),
        }
    }

    /// After a short page the walk goes on right behind its last row, for it may be a server's own smaller page size:
    /// a row that comes twice is harmless, one that is stepped over is lost.
    async fn until_empty(&mut self, slicing: &Slicing) -> Result<(), Stop> {
        let step = u64::from(slicing.rows);
        let mut length = self.slice(slicing, 0).await?;
        let mut offset = slicing.behind(0, length);
        let mut ahead = if length < step { 1 } else { AHEAD.min(self.client.concurrency()) };
        while length > 0 {
            let from = offset;
            let offsets = (0..).map(move |page: u64| from.saturating_add(page.saturating_mul(step)));
            let mut pages = fetch_ahead::<P>(self.client, self.trail, slicing, offsets, ahead);
            while let Some((at, page)) = pages.next().await {
                self.last_cursor = Some(at.to_string());
                length = self.take(Sheet::of(page?))?;
                offset = slicing.behind(at, length);
                if length < step {
                    ahead = 1;
                    break;
                }
            }
        }
        Ok(())
    }

    async fn slice(&mut self, slicing: &Slicing, offset: u64) -> Result<u64, Stop> {
        let page = self.client.fetch::<P>(&slicing.at(offset), self.trail).await?;
        self.take(Sheet::of(page))
    }

    /// Adds a page, unless there have been so many that the walk would never end. Tells how many rows it had.
    fn take(&mut self, page: Sheet<P::Row>) -> Result<u64, Stop> {
        if self.pages >= self.client.most_pages() {
            let pages = thousands(usize::try_from(self.pages).unwrap_or(usize::MAX));
            return Err(Stop::Doubt(format!("stopped after {pages} pages without an end")));
        }
        if let Some(shelf) = self.shelf.filter(|_| !page.recalled) {
            shelf.keep(self.pages, &page, self.client.now());
        }
        self.latest = page.position;
        self.total = self.latest.total.or(self.total);
        let length = count(page.rows.len());
        (self.each)(page.rows);
        self.rows += length;
        self.pages += 1;
        Ok(length)
    }

    fn next(&self) -> Option<String> {
        self.latest.next.clone().filter(|next| !next.is_empty())
    }

    fn compare_counts(&self) -> End {
        match self.total {
            Some(total) if total != self.rows => {
                End::Partial(format!("the server counts {total}, {} arrived", self.rows))
            }
            _ => End::Complete,
        }
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// The slices at these offsets, a few at once, in order.
fn fetch_ahead<P: Page>(
    client: &Client,
    trail: &Trail,
    slicing: &Slicing,
    offsets: impl Iterator<Item = u64> + Send,
    at_once: usize,
) -> impl StreamExt<Item = (u64, Result<P, HttpError>)> + Unpin + Send {
    let requests = offsets.map(|offset| {
        let (client, trail, request) = (client.clone(), trail.clone(), slicing.at(offset));
        async move { (offset, client.fetch(&request, &trail).await) }
    });
    Box::pin(stream::iter(requests).buffered(at_once))
}
