//! Finding all users by a search that shows no more than its first hundred or thousand hits.
//!
//! Each piece of a name that still meets the cap is made longer by one letter, until every piece brings less than the
//! cap. Then the union is proven: of any user, the pieces that their name begins with were all asked for, down to one
//! that was read whole, or to the whole name, which is asked for by itself. Names are taken to be made of plain letters,
//! digits and the signs of mail addresses, and of whatever other letters were met on the way; members of groups, whom the
//! search did not find, prove that this does not hold.

use std::collections::{BTreeMap, BTreeSet};

use super::wire;
use crate::http::{Client, Paging, Request};
use crate::sources::endpoint::fill;
use crate::sources::pages::{Bare, One};
use crate::sources::reading::Reading;
use crate::sources::row::{id, value};
use crate::text::{plural, thousands};

use super::endpoints::{ONE_USER, USER_SEARCH};

/// What is asked for first: on most versions it finds everybody.
const EVERYBODY: &str = ".";

/// The letters with which names begin and go on, beside those that were met.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789_.-@+";

/// A piece this long that still meets the cap is given up.
const LONGEST: usize = 24;

/// Searches that may be made in all.
const MOST: usize = 5_000;

/// Caps are round numbers. A search that really has so many hits is asked for in pieces for nothing, which costs requests
/// and no truth.
const ROUND: usize = 10;

/// One search, page by page.
struct Search {
    piece: String,
    found: BTreeSet<String>,
    start: usize,
    /// True if the server showed the same users again: it does not heed where a page begins.
    in_circles: bool,
    whole: bool,
}

/// Everybody who was found, by key.
pub(super) struct Found {
    pub(super) users: BTreeMap<String, wire::User>,
    /// Rows without a key.
    pub(super) nameless: usize,
}

/// All users, and in the reading why these may not be all. `known` are users that something else showed.
pub(super) async fn all_users(
    reading: &mut Reading<'_>,
    client: &Client,
    page: usize,
    known: &BTreeMap<String, wire::User>,
) -> Found {
    let mut hunt = Hunt { client, page, found: Found { users: BTreeMap::new(), nameless: 0 }, made: 0, most: 0 };
    let first = hunt.run(reading, vec![EVERYBODY.to_owned()]).await;
    let Some(first) = first.into_iter().next() else { return hunt.found };
    let missed = known.keys().any(|key| !hunt.found.users.contains_key(key));
    if reading.only_glances() {
        return hunt.found;
    }
    if first.whole && !first.is_capped(hunt.most, hunt.page) && !missed && hunt.found.users.values().any(has_no_dot) {
        return hunt.found;
    }
    reading.went_by(USER_SEARCH, "?username={}");
    if first.whole {
        hunt.split(reading, known).await;
    }
    let missed = known.keys().filter(|key| !hunt.found.users.contains_key(*key)).count();
    if missed > 0 {
        let members = plural(missed, "member of a group was", "members of groups were");
        reading.fall_short(format!("{members} not found by the search, which may hide others that are in no group"));
    }
    hunt.found
}

struct Hunt<'a> {
    client: &'a Client,
    page: usize,
    found: Found,
    made: usize,
    /// The most hits that any search had: the cap is no lower.
    most: usize,
}

impl Hunt<'_> {
    /// Asks for longer and longer pieces until none meets the cap. Letters that only names found on the way have are
    /// tried behind every piece, however early that was.
    async fn split(&mut self, reading: &mut Reading<'_>, known: &BTreeMap<String, wire::User>) {
        let mut tried: BTreeMap<String, BTreeSet<char>> = BTreeMap::from([(String::new(), BTreeSet::new())]);
        loop {
            let letters = letters(self.found.users.values().chain(known.values()));
            let mut longer = Vec::new();
            for (piece, tried) in &mut tried {
                let new: Vec<char> = letters.difference(tried).copied().collect();
                longer.extend(new.iter().map(|letter| format!("{piece}{letter}")));
                tried.extend(new);
            }
            if longer.is_empty() {
                return;
            }
            if self.made + longer.len() > MOST {
                let searches = thousands(self.made);
                reading.fall_short(format!("stopped after {searches} searches, of which many still met the cap"));
                return;
            }
            let before = self.found.users.len();
            let searches = self.run(reading, longer).await;
            let all = searches.len();
            let capped = searches.into_iter().filter(|search| search.is_capped(self.most, self.page));
            let capped: Vec<String> = capped.map(|search| search.piece).collect();
            if capped.len() == all && self.found.users.len() == before {
                let what = "the search shows the same users whatever is asked for, and no more than its cap of them";
                reading.fall_short(what.to_owned());
                return;
            }
            if let Some(piece) = capped.iter().find(|piece| piece.chars().count() >= LONGEST) {
                reading.fall_short(format!("more users than the search shows begin with “{piece}”"));
                return;
            }
            self.ask_for_exactly(reading, &capped).await;
            tried.extend(capped.into_iter().map(|piece| (piece, BTreeSet::new())));
        }
    }

    /// A user whose whole name is such a piece is in none of the longer ones.
    async fn ask_for_exactly(&mut self, reading: &mut Reading<'_>, names: &[String]) {
        let calls = names.iter().map(|name| ((), fill(ONE_USER, &[]).query("username", name))).collect();
        let answers = reading.walk_each_or_none::<One<wire::User>, _, _>(self.client, calls, Paging::Single).await;
        answers.into_iter().flat_map(|answer| answer.rows).for_each(|user| {
            self.take(user);
        });
    }

    /// Makes searches side by side, each until it brings nothing more.
    async fn run(&mut self, reading: &mut Reading<'_>, pieces: Vec<String>) -> Vec<Search> {
        self.made += pieces.len();
        let mut under_way: Vec<Search> = pieces.into_iter().map(Search::new).collect();
        let mut ended = Vec::new();
        while !under_way.is_empty() {
            let calls = under_way.drain(..).map(|search| {
                let request = self.request(&search);
                (search, request)
            });
            let calls: Vec<(Search, Request)> = calls.collect();
            let answers = reading.walk_each::<Bare<wire::User>, _, _>(self.client, calls, Paging::Single).await;
            for answer in answers {
                let (mut search, length) = (answer.of, answer.rows.len());
                let before = search.found.len();
                search.found.extend(answer.rows.into_iter().filter_map(|user| self.take(user)));
                search.whole = answer.whole;
                search.in_circles = length > 0 && search.found.len() == before;
                if !search.in_circles {
                    search.start += length;
                }
                self.most = self.most.max(search.start);
                if length == 0 || search.in_circles || !search.whole || reading.only_glances() {
                    ended.push(search);
                } else {
                    under_way.push(search);
                }
            }
        }
        ended
    }

    fn request(&self, search: &Search) -> Request {
        fill(USER_SEARCH, &[])
            .query("username", &search.piece)
            .query("includeActive", "true")
            .query("includeInactive", "true")
            .query("startAt", search.start)
            .query("maxResults", self.page)
    }

    /// Keeps a user, and tells the key.
    fn take(&mut self, user: wire::User) -> Option<String> {
        let Some(key) = id(user.key.clone()) else {
            self.found.nameless += 1;
            return None;
        };
        self.found.users.insert(key.clone(), user);
        Some(key)
    }
}

impl Search {
    fn new(piece: String) -> Self {
        Self { piece, found: BTreeSet::new(), start: 0, in_circles: false, whole: false }
    }

    /// Whether it may have met the cap: one with fewer hits than another had is below it. Of a server that does not heed
    /// where a page begins, only a page with room left is all there is.
    fn is_capped(&self, most: usize, page: usize) -> bool {
        let stuck = self.in_circles && self.start >= page;
        stuck || self.start > 0 && self.start >= most && self.start.is_multiple_of(ROUND)
    }
}

/// Whether a user was found although there is no dot in anything that the search looks at: then it stands for
/// everything. An address that is hidden may have one.
fn has_no_dot(user: &wire::User) -> bool {
    [&user.name, &user.display_name, &user.email_address]
        .into_iter()
        .all(|field| field.known().is_some_and(|text| !text.contains('.')))
}

/// The letters of all names that are known, and those that any name may have.
fn letters<'a>(users: impl Iterator<Item = &'a wire::User>) -> BTreeSet<char> {
    let met =
        users.filter_map(|user| value(user.name.as_ref())).flat_map(|name| name.chars()).flat_map(char::to_lowercase);
    LETTERS.chars().chain(met).collect()
}
