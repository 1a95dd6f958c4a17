//! Every way of paging to its end, and every way of not getting there.

use std::sync::Arc;

use keyroll::http::{CursorPlace, End, Factory, HttpError, Limits, Paging, Request, Trail, Walk};
use serde_json::{Value, json as object};

use super::server::{Asked, Server, json, status};
use super::{Bare, Bean, client, clock, hurried, settings};

const LINKS: Paging = Paging::Links { cursor: "cursor", place: CursorPlace::QueryBeside };
const OFFSET: Paging = Paging::Offset { start: "startAt", size: "maxResults", rows: 10 };
const UNTIL_EMPTY: Paging = Paging::UntilEmpty { start: "startAt", size: "maxResults", rows: 10 };

/// The slice of rows 0..count that a request asks for, at most `largest` long.
fn slice(asked: &Asked, count: u32, largest: u32) -> Vec<u32> {
    let start = asked.number_of("startAt").min(count);
    let size = asked.number_of("maxResults").min(largest);
    (start..(start + size).min(count)).collect()
}

async fn walk(server: &Server, paging: Paging) -> (Walk<u32>, Trail) {
    let trail = Trail::default();
    (client(&server.url).walk::<Bean>(Request::get("/rows"), paging, &trail).await, trail)
}

async fn walk_bare(server: &Server) -> Walk<u32> {
    client(&server.url).walk::<Bare>(Request::get("/rows"), UNTIL_EMPTY, &Trail::default()).await
}

fn partial(walk: &Walk<u32>) -> &str {
    match &walk.end {
        End::Partial(reason) => reason,
        other => panic!("{other:?} with {} rows", walk.rows.len()),
    }
}

fn assert_whole(walk: &Walk<u32>, count: u32) {
    assert!(matches!(walk.end, End::Complete), "{:?}", walk.end);
    assert!(walk.rows.iter().copied().eq(0..count), "{:?}", walk.rows);
}

/// Pages of one row that name the next by its number, in the form that `link` gives it.
async fn linked(pages: u32, link: impl Fn(u32) -> String + Send + Sync + 'static) -> Server {
    Server::answering(move |asked| {
        let page = asked.number_of("cursor");
        let next = (page + 1 < pages).then(|| link(page + 1));
        json(&object!({"values": [page], "next": next}))
    })
    .await
}

#[tokio::test]
async fn links_are_followed_in_every_form_and_never_to_another_host() {
    let forms: [fn(u32) -> String; 4] = [
        |page| page.to_string(),
        |page| format!("?cursor={page}"),
        |page| format!("/rows?cursor={page}"),
        |page| format!("https://elsewhere.example.com/rows?cursor={page}"),
    ];
    for form in forms {
        let server = linked(4, form).await;
        let (walk, trail) = walk(&server, LINKS).await;
        assert_whole(&walk, 4);
        let counts = trail.counts();
        assert_eq!((counts.requests, counts.pages, counts.retries), (4, 4, 0));
        assert_eq!(walk.last_cursor, Some(form(3)));
        assert_eq!(counts.statuses.get(&200), Some(&4));
    }
}

#[tokio::test]
async fn the_prefix_of_a_gateway_may_be_in_the_link_or_not() {
    for link in ["/ex/jira/c1/rows?cursor=1", "/rows?cursor=1"] {
        let server = linked(2, move |_| link.to_owned()).await;
        let gateway = client(&format!("{}/ex/jira/c1", server.url));
        assert_whole(&gateway.walk::<Bean>(Request::get("/rows"), LINKS, &Trail::default()).await, 2);
        assert!(server.asked().iter().all(|asked| asked.path == "/ex/jira/c1/rows"), "{:?}", server.asked());
    }
}

#[tokio::test]
async fn a_link_off_the_list_is_not_followed() {
    let server = linked(3, |page| format!("https://evil.example.com/admin/delete?cursor={page}")).await;
    let (walk, _) = walk(&server, LINKS).await;
    assert!(partial(&walk).contains("not on the list"), "{}", partial(&walk));
    assert_eq!(walk.rows, [0]);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_opaque_cursor_arrives_as_it_was_told() {
    let told = "a+b/c==&limit=9 ü";
    let server = Server::answering(move |asked| {
        let next = (asked.number == 0).then_some(told);
        json(&object!({"values": [asked.number], "next": next}))
    })
    .await;
    let request = Request::get("/rows").query("limit", 5);
    let walk = client(&server.url).walk::<Bean>(request, LINKS, &Trail::default()).await;
    assert_whole(&walk, 2);
    let second = server.asked()[1].parameters();
    assert_eq!((second["cursor"].as_str(), second["limit"].as_str()), (told, "5"));
}

#[tokio::test]
async fn a_search_takes_its_cursor_in_the_body() {
    let server = Server::answering(|asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(body["limit"], 1);
        let page = body["cursor"].as_str().map_or(0, |cursor| cursor.parse::<u32>().unwrap());
        json(&object!({"values": [page], "next": (page < 2).then(|| (page + 1).to_string())}))
    })
    .await;
    let paging = Paging::Links { cursor: "cursor", place: CursorPlace::Body };
    let request = Request::post("/search", object!({"limit": 1}));
    assert_whole(&client(&server.url).walk::<Bean>(request, paging, &Trail::default()).await, 3);
}

#[tokio::test]
async fn a_cursor_that_comes_twice_is_no_end() {
    let server = linked(u32::MAX, |page| if page == 3 { "1".to_owned() } else { page.to_string() }).await;
    let (walk, _) = walk(&server, LINKS).await;
    assert!(partial(&walk).contains("cursor came twice"), "{}", partial(&walk));
    assert_eq!(walk.rows, [0, 1, 2]);
}

#[tokio::test]
async fn a_stream_that_always_has_a_cursor_ends_by_its_own_word() {
    let server = Server::answering(|asked| {
        let last = asked.number == 2;
        json(&object!({"values": [asked.number], "next": asked.number.to_string(), "isLast": last}))
    })
    .await;
    assert_whole(&walk(&server, LINKS).await.0, 3);
}

#[tokio::test]
async fn a_walk_without_end_is_stopped_and_never_complete() {
    let limits = Limits { most_pages: 5, ..hurried() };
    let factory = Factory::new(Arc::new(clock())).with_limits(limits);
    let endless = linked(u32::MAX, |page| page.to_string()).await;
    let slices = Server::answering(|asked| json(&object!(slice(&asked, u32::MAX, 10)))).await;
    let beans =
        Server::answering(|asked| json(&object!({"values": slice(&asked, u32::MAX, 10), "total": u64::MAX}))).await;
    let trail = Trail::default();
    let request = || Request::get("/rows");
    let client = |server: &Server| factory.client(settings(&server.url)).unwrap();
    for walk in [
        client(&endless).walk::<Bean>(request(), LINKS, &trail).await,
        client(&slices).walk::<Bare>(request(), UNTIL_EMPTY, &trail).await,
        client(&beans).walk::<Bean>(request(), OFFSET, &trail).await,
    ] {
        assert!(partial(&walk).contains("stopped after 5 pages"), "{}", partial(&walk));
    }
}

/// A page on which a row comes twice has one row more than places: the walk must not step over the next one.
#[tokio::test]
async fn a_row_that_comes_twice_hides_no_other() {
    let doubled = |asked: &Asked| {
        let mut rows = slice(asked, 35, 10);
        rows.extend(rows.first().copied());
        rows
    };
    let slices = Server::answering(move |asked| json(&object!(doubled(&asked)))).await;
    let beans = Server::answering(move |asked| {
        json(&object!({"values": doubled(&asked), "isLast": asked.number_of("startAt") >= 30}))
    })
    .await;
    for walk in [walk_bare(&slices).await, walk(&beans, OFFSET).await.0] {
        assert!(matches!(walk.end, End::Complete), "{:?}", walk.end);
        let all: std::collections::BTreeSet<u32> = walk.rows.into_iter().collect();
        assert!(all.into_iter().eq(0..35));
    }
}

#[tokio::test]
async fn offsets_are_walked_side_by_side_and_stay_in_order() {
    // Four of the later pages must be under way together, or nobody gets past the barrier; and the page at 10 is
    // held back until the one at 40 is there.
    let barrier = Arc::new(tokio::sync::Barrier::new(4));
    let later_page_came = Arc::new(tokio::sync::Notify::new());
    let server = Server::serving(move |asked| {
        let (barrier, later_page_came) = (barrier.clone(), later_page_came.clone());
        async move {
            if asked.number > 0 {
                barrier.wait().await;
            }
            match asked.number_of("startAt") {
                10 => later_page_came.notified().await,
                40 => later_page_came.notify_one(),
                _ => {}
            }
            json(&object!({"values": slice(&asked, 90, 10), "total": 90, "isLast": asked.number_of("startAt") == 80}))
        }
    })
    .await;
    let (walk, trail) = walk(&server, OFFSET).await;
    assert_whole(&walk, 90);
    assert_eq!((walk.expected, trail.counts().requests), (Some(90), 9));
}

#[tokio::test]
async fn offsets_without_a_total_go_on_to_the_last_or_an_empty_page() {
    let marked =
        Server::answering(|asked| json(&object!({"values": slice(&asked, 25, 10), "isLast": asked.number == 2}))).await;
    assert_whole(&walk(&marked, OFFSET).await.0, 25);
    let unmarked = Server::answering(|asked| json(&object!({"values": slice(&asked, 25, 10)}))).await;
    assert_whole(&walk(&unmarked, OFFSET).await.0, 25);
    let contradictory =
        Server::answering(|asked| json(&object!({"values": slice(&asked, 25, 10), "isLast": false}))).await;
    assert!(partial(&walk(&contradictory, OFFSET).await.0).contains("more follows"));
}

#[tokio::test]
async fn a_server_that_grants_smaller_pages_loses_no_row() {
    let counted = Server::answering(|asked| json(&object!({"values": slice(&asked, 25, 4), "total": 25}))).await;
    assert_whole(&walk(&counted, OFFSET).await.0, 25);
    let bare = Server::answering(|asked| json(&object!(slice(&asked, 25, 4)))).await;
    assert_whole(&walk_bare(&bare).await, 25);
}

#[tokio::test]
async fn a_total_that_moves_is_compared_as_it_was_told_last() {
    let server = Server::answering(|asked| {
        let total = if asked.number == 0 { 20 } else { 25 };
        json(&object!({"values": slice(&asked, total, 10), "total": total}))
    })
    .await;
    let (walk, _) = walk(&server, OFFSET).await;
    assert_whole(&walk, 25);
    assert_eq!(walk.expected, Some(25));
}

#[tokio::test]
async fn rows_that_are_missing_against_the_total_are_told() {
    let dropping = |asked: Asked| {
        let rows: Vec<u32> = slice(&asked, 30, 10).into_iter().filter(|row| *row != 17).collect();
        json(&object!({"values": rows, "total": 30}))
    };
    let server = Server::answering(dropping).await;
    assert_eq!(partial(&walk(&server, OFFSET).await.0), "the server counts 30, 29 arrived");
    let linked = Server::answering(|_| json(&object!({"values": [1], "total": 2}))).await;
    assert_eq!(partial(&walk(&linked, LINKS).await.0), "the server counts 2, 1 arrived");
    assert_eq!(partial(&walk(&linked, Paging::Single).await.0), "the server counts 2, 1 arrived");
}

#[tokio::test]
async fn an_answer_expected_to_be_whole_may_not_name_a_next_page() {
    let server = linked(2, |page| page.to_string()).await;
    assert!(partial(&walk(&server, Paging::Single).await.0).contains("more follows"));
}

#[tokio::test]
async fn bare_arrays_end_at_an_empty_page_and_not_at_a_short_one() {
    let full = Server::answering(|asked| json(&object!(slice(&asked, 60, 10)))).await;
    assert_whole(&walk_bare(&full).await, 60);
    let filtered = Server::answering(|asked| {
        let rows: Vec<u32> = slice(&asked, 40, 10).into_iter().filter(|row| row % 10 != 5).collect();
        json(&object!(rows))
    })
    .await;
    let walk = walk_bare(&filtered).await;
    assert!(matches!(walk.end, End::Complete));
    for row in (0..40).filter(|row| row % 10 != 5) {
        assert!(walk.rows.contains(&row), "{row} was stepped over");
    }
}

#[tokio::test]
async fn a_refusal_fails_the_first_page_and_cuts_a_later_one() {
    let denying = |from: usize| {
        Server::answering(move |asked| match asked.number {
            number if number >= from => status(403, &object!({"message": "no right"})),
            number => json(&object!({"values": [number], "next": (number + 1).to_string()})),
        })
    };
    let first = denying(0).await;
    let (failed, trail) = walk(&first, LINKS).await;
    assert!(matches!(failed.end, End::Failed(HttpError::Denied { status: 403, .. })), "{:?}", failed.end);
    assert_eq!((trail.counts().requests, trail.counts().pages), (1, 0));
    let third = denying(2).await;
    let (cut, _) = walk(&third, LINKS).await;
    assert_eq!(cut.rows, [0, 1]);
    assert_eq!(partial(&cut), "page 3: refused with 403: no right");
}
