//! A walk that was broken off, by a scan that was killed, goes on where it was, or from the front: never with a hole, and
//! never with rows of two different days beside each other that do not belong together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use keyroll::clock::FixedClock;
use keyroll::digest::Digest;
use keyroll::http::{
    CursorPlace, End, Factory, HttpError, Journal, Kept, Leaf, Paging, Request, Settings, Trail, Walk,
};
use serde_json::json as object;

use super::server::{Server, json, status};
use super::{Bean, clock, hurried, settings};

const LINKS: Paging = Paging::Links { cursor: "cursor", place: CursorPlace::QueryBeside };
const OFFSET: Paging = Paging::Offset { start: "startAt", size: "maxResults", rows: 10 };

/// A journal in memory, which outlives the factory that writes to it as the one on disk outlives a process.
#[derive(Debug, Default)]
struct Shelf(Mutex<BTreeMap<Digest, Kept>>);

impl Journal for Shelf {
    fn recall(&self, walk: Digest) -> Kept {
        self.0.lock().unwrap().get(&walk).cloned().unwrap_or_default()
    }

    fn keep(&self, source: &str, walk: Digest, number: u32, page: Leaf) {
        assert_eq!(source, "jira");
        let mut walks = self.0.lock().unwrap();
        let leaves = &mut walks.entry(walk).or_default().leaves;
        let number = usize::try_from(number).unwrap();
        assert!(number <= leaves.len(), "no page is kept behind a hole");
        leaves.truncate(number);
        leaves.push(page);
    }

    fn conclude(&self, _source: &str, walk: Digest, ending: Vec<u8>, _ended_at: DateTime<Utc>) {
        self.0.lock().unwrap().entry(walk).or_default().ending = Some(ending);
    }

    fn forget(&self, walk: Digest) {
        self.0.lock().unwrap().remove(&walk);
    }
}

impl Shelf {
    fn pages(&self) -> usize {
        self.0.lock().unwrap().values().map(|kept| kept.leaves.len()).sum()
    }
}

/// What a server does with the page of this number, the how-manieth request it is.
type Answer = fn(page: u32, asked: usize) -> Option<axum::http::Response<axum::body::Body>>;

/// Six pages of one row that name the next, unless the answer to one of them is another.
async fn linked(other: Answer) -> Server {
    Server::answering(move |asked| {
        let page = asked.number_of("cursor");
        let next = (page < 5).then(|| (page + 1).to_string());
        other(page, asked.number).unwrap_or_else(|| json(&object!({"values": [page], "next": next})))
    })
    .await
}

/// One scan's walk. Each has a factory of its own, as each process has.
async fn walk_as(journal: &Arc<Shelf>, settings: Settings, paging: Paging) -> (Walk<u32>, Trail) {
    let factory = Factory::new(Arc::new(clock())).with_limits(hurried()).of_source("jira");
    factory.memory().open(journal.clone());
    let trail = Trail::default();
    (factory.client(settings).unwrap().walk::<Bean>(Request::get("/rows"), paging, &trail).await, trail)
}

async fn walk(journal: &Arc<Shelf>, server: &Server, paging: Paging) -> (Walk<u32>, Trail) {
    walk_as(journal, settings(&server.url), paging).await
}

fn cursors(server: &Server) -> Vec<u32> {
    server.asked().iter().map(|asked| asked.number_of("cursor")).collect()
}

fn whole(walk: &Walk<u32>) -> bool {
    matches!(walk.end, End::Complete) && walk.rows == [0, 1, 2, 3, 4, 5]
}

/// Breaks off at page 3 (the line is cut for good) until somebody has asked so often.
fn broken_until(asked: usize, page: u32, number: usize) -> Option<axum::http::Response<axum::body::Body>> {
    (page == 3 && number < asked).then(|| status(503, &object!({})))
}

#[tokio::test]
async fn a_walk_goes_on_behind_its_last_page_once_that_is_still_what_it_was() {
    // Four tries at page 3.
    let server = linked(|page, number| broken_until(7, page, number)).await;
    let journal = Arc::new(Shelf::default());
    let (first, _) = walk(&journal, &server, LINKS).await;
    assert!(matches!(first.end, End::Partial(_)) && first.rows == [0, 1, 2], "{first:?}");
    let (second, trail) = walk(&journal, &server, LINKS).await;
    assert!(whole(&second), "{second:?}");
    assert_eq!(cursors(&server), [0, 1, 2, 3, 3, 3, 3, 2, 3, 4, 5], "page 2 is looked at once more");
    let counts = trail.counts();
    assert_eq!((counts.pages, counts.since), (6, Some(keyroll::clock::Clock::now(&clock()))));
    let (third, _) = walk(&journal, &server, LINKS).await;
    assert!(whole(&third));
    assert_eq!(server.asked().len(), 11, "what is whole is not asked for again");
    assert_eq!(third.last_cursor, second.last_cursor);
}

#[tokio::test]
async fn a_walk_whose_last_page_has_changed_begins_from_the_front() {
    let server = linked(|page, number| match (page, number) {
        (2, 2) => Some(json(&object!({"values": [9], "next": "3"}))),
        _ => broken_until(7, page, number),
    })
    .await;
    let journal = Arc::new(Shelf::default());
    assert_eq!(walk(&journal, &server, LINKS).await.0.rows, [0, 1, 9]);
    let (second, trail) = walk(&journal, &server, LINKS).await;
    assert!(whole(&second), "{second:?}");
    assert_eq!(trail.counts().since, None, "nothing of it is of another day");
}

#[tokio::test]
async fn a_cursor_that_the_server_has_forgotten_begins_from_the_front() {
    for forgotten in [400, 404, 410] {
        let server = Server::answering(move |asked| {
            let page = asked.number_of("cursor");
            match (page, asked.number) {
                (3, 0..7) => status(503, &object!({})),
                (2, 7) => status(forgotten, &object!({"message": "no such cursor"})),
                // Once a page is withdrawn it is asked for a second time.
                (2, 8) if forgotten == 410 => status(410, &object!({})),
                _ => json(&object!({"values": [page], "next": (page < 5).then(|| (page + 1).to_string())})),
            }
        })
        .await;
        let journal = Arc::new(Shelf::default());
        walk(&journal, &server, LINKS).await;
        let (second, _) = walk(&journal, &server, LINKS).await;
        assert!(whole(&second), "{forgotten}: {second:?}");
    }
}

#[tokio::test]
async fn what_was_read_stays_where_the_walk_cannot_go_on() {
    let server =
        linked(|page, number| ((3..11).contains(&number) && page > 0).then(|| status(503, &object!({})))).await;
    let journal = Arc::new(Shelf::default());
    assert_eq!(walk(&journal, &server, LINKS).await.0.rows, [0, 1, 2]);
    let (second, _) = walk(&journal, &server, LINKS).await;
    assert!(matches!(&second.end, End::Partial(reason) if reason.contains("503")), "{:?}", second.end);
    assert_eq!(second.rows, [0, 1], "the page that could not be looked at again is not believed");
    assert!(whole(&walk(&journal, &server, LINKS).await.0), "and when all is well it goes on");
    assert_eq!(cursors(&server).iter().filter(|page| **page == 0).count(), 1);
}

#[tokio::test]
async fn rows_that_are_counted_by_their_place_are_read_from_the_front() {
    let server = Server::answering(|asked| {
        let start = asked.number_of("startAt");
        match (start, asked.number) {
            (20, 0..7) => status(503, &object!({})),
            _ => json(&object!({"values": (start..start + 10).collect::<Vec<_>>(), "total": 40})),
        }
    })
    .await;
    let journal = Arc::new(Shelf::default());
    assert!(matches!(walk(&journal, &server, OFFSET).await.0.end, End::Partial(_)));
    assert!(journal.pages() > 0);
    let asked = server.asked().len();
    let (second, _) = walk(&journal, &server, OFFSET).await;
    assert!(matches!(second.end, End::Complete) && second.rows.iter().copied().eq(0..40), "{second:?}");
    assert_eq!(server.asked().len() - asked, 4);
    let (third, _) = walk(&journal, &server, OFFSET).await;
    assert!(third.rows.iter().copied().eq(0..40) && third.expected == Some(40), "{third:?}");
    assert_eq!(server.asked().len() - asked, 4, "what is whole is not asked for again");
}

/// However often a walk is broken off, its pages stay as old as they are: else they would be believed for ever.
#[tokio::test]
async fn a_page_that_was_taken_up_is_still_of_the_time_it_was_read() {
    let server = linked(|page, number| broken_until(12, page, number)).await;
    let journal = Arc::new(Shelf::default());
    let mut since = Vec::new();
    for hour in ["02", "03", "04"] {
        let at: DateTime<Utc> = format!("2026-11-22T{hour}:00:00Z").parse().unwrap();
        let factory = Factory::new(Arc::new(FixedClock::at(at))).with_limits(hurried()).of_source("jira");
        factory.memory().open(journal.clone());
        let trail = Trail::default();
        let client = factory.client(settings(&server.url)).unwrap();
        let last = client.walk::<Bean>(Request::get("/rows"), LINKS, &trail).await;
        since.push((whole(&last), trail.counts().since.map(|since| since.format("%H").to_string())));
    }
    let of = |hour: &str| Some(hour.to_owned());
    assert_eq!(since, [(false, None), (false, of("02")), (true, of("02"))]);
    let kept = journal.0.lock().unwrap().values().next().unwrap().clone();
    let hours: Vec<String> = kept.leaves.iter().map(|leaf| leaf.read_at.format("%H").to_string()).collect();
    assert_eq!(hours, ["02", "02", "04", "04", "04", "04"], "the third was looked at once more each time");
}

#[tokio::test]
async fn a_walk_in_circles_is_not_taken_up() {
    let server = linked(|page, _| (page == 2).then(|| json(&object!({"values": [2], "next": "1"})))).await;
    let journal = Arc::new(Shelf::default());
    let (first, _) = walk(&journal, &server, LINKS).await;
    assert!(matches!(&first.end, End::Partial(reason) if reason.contains("cursor came twice")), "{:?}", first.end);
    assert_eq!(journal.pages(), 0);
}

#[tokio::test]
async fn a_refusal_is_asked_again() {
    let server = linked(|_, number| (number == 0).then(|| status(403, &object!({})))).await;
    let journal = Arc::new(Shelf::default());
    let (first, _) = walk(&journal, &server, LINKS).await;
    assert!(matches!(first.end, End::Failed(HttpError::Denied { .. })), "{:?}", first.end);
    assert!(whole(&walk(&journal, &server, LINKS).await.0));
}

/// What one account was shown is no word on what another one would be.
#[tokio::test]
async fn another_reader_reads_for_itself() {
    let server = linked(|_, _| None).await;
    let journal = Arc::new(Shelf::default());
    let users = ["kim", "robin", "kim"];
    for user in users {
        let auth = keyroll::http::Auth::Basic {
            user: user.to_owned(),
            password: keyroll::secret::Secret::new("s".to_owned()),
        };
        assert!(whole(&walk_as(&journal, Settings { auth, ..settings(&server.url) }, LINKS).await.0));
    }
    assert_eq!(server.asked().len(), 12, "kim's pages are kim's");
    let keys: BTreeSet<Digest> = journal.0.lock().unwrap().keys().copied().collect();
    assert_eq!(keys.len(), 2);
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_as_good_as_none() {
    let server = linked(|_, _| None).await;
    let journal = Arc::new(Shelf::default());
    walk(&journal, &server, LINKS).await;
    for spoil in [
        |kept: &mut Kept| kept.leaves[2].bytes.truncate(1),
        |kept: &mut Kept| kept.leaves.truncate(4),
        |kept: &mut Kept| kept.ending = Some(vec![0xff; 3]),
    ] {
        journal.0.lock().unwrap().values_mut().for_each(spoil);
        let before = server.asked().len();
        assert!(whole(&walk(&journal, &server, LINKS).await.0));
        assert_eq!(server.asked().len() - before, 6);
    }
}
