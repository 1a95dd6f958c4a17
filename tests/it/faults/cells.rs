//! The faults that every endpoint meets, and what each leaves unseen. What no scanner can notice stands in a list, with
//! the reason.

use std::io::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chrono::TimeDelta;
use flate2::Compression;
use flate2::write::GzEncoder;
use keyroll::simulator::Fault;

/// How much of an estate can be seen in spite of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// All: the fault passes, or shows nothing but itself.
    Whole,
    /// Not all, and the ledger says so.
    Less,
    /// Either: where it does harm, the ledger says so; where nothing depends on what it spoils, all is told as ever.
    Either,
    /// What is there is told otherwise than it is, but nothing is hidden.
    Moved,
}

/// A fault in all endpoints: a column of the matrix.
pub(super) struct Cell {
    pub(super) name: &'static str,
    /// What goes wrong, in a few words for the legend.
    pub(super) what: &'static str,
    /// The fault; the address is one where nobody must ask.
    pub(super) fault: fn(&str) -> Fault,
    pub(super) sight: Sight,
    /// Whether the client remembers it, as a limit that was met for an hour: then it is not asked again with it.
    pub(super) lasts: bool,
}

const fn cell(name: &'static str, what: &'static str, sight: Sight, fault: fn(&str) -> Fault) -> Cell {
    Cell { name, what, fault, sight, lasts: false }
}

const fn lasting(name: &'static str, what: &'static str, sight: Sight, fault: fn(&str) -> Fault) -> Cell {
    Cell { lasts: true, ..cell(name, what, sight, fault) }
}

fn of_one(fault: Fault) -> Fault {
    Fault::OfOne(None, Box::new(fault))
}

fn from_page_2(fault: Fault) -> Fault {
    Fault::OnPage(2, Box::new(fault))
}

/// Sixteen megabytes of blanks in sixteen kilobytes.
static BOMB: LazyLock<Arc<[u8]>> = LazyLock::new(|| {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..256 {
        packer.write_all(&[b' '; 64 * 1024]).unwrap();
    }
    packer.finish().unwrap().into()
});

/// By how much a wrong clock is ahead.
const AHEAD: TimeDelta = TimeDelta::hours(2);

/// The columns of the matrix.
pub(super) const CELLS: &[Cell] = &[
    cell("401", "the credential is not accepted", Sight::Less, |_| Fault::Status(401)),
    cell("403", "a right is missing", Sight::Less, |_| Fault::Status(403)),
    cell("404", "not found, as the API words it", Sight::Less, |_| Fault::Status(404)),
    cell("404 page", "not found, with a page for people", Sight::Less, |_| Fault::HtmlNotFound),
    lasting("captcha", "403: the account must solve a puzzle first", Sight::Less, |_| Fault::Captcha),
    cell("login", "200 and a log-in page", Sight::Less, |_| Fault::LoginPage),
    cell("elsewhere", "302 to another host", Sight::Less, |host| Fault::Redirect(format!("{host}/rest/users"))),
    lasting("429 once", "throttled once", Sight::Whole, |_| Fault::Throttle {
        times: 1,
        retry_after: Some(Duration::ZERO),
    }),
    lasting("429 storm", "throttled for ever, each time for no time at all", Sight::Less, |_| Fault::ThrottleForever {
        retry_after: Some(Duration::ZERO),
    }),
    lasting("429 hour", "throttled for an hour", Sight::Less, |_| Fault::ThrottleForever {
        retry_after: Some(Duration::from_secs(3600)),
    }),
    cell("5xx once", "500 once", Sight::Whole, |_| Fault::ServerError { times: 1 }),
    cell("5xx burst", "500 twice in a row", Sight::Whole, |_| Fault::ServerError { times: 2 }),
    cell("5xx", "500 for ever", Sight::Less, |_| Fault::Status(500)),
    cell("slow", "answers that take their time", Sight::Whole, |_| Fault::Latency(Duration::from_millis(15))),
    lasting("stalled", "half of one answer, then silence", Sight::Less, |_| of_one(Fault::Stall)),
    cell("cut", "the connection ends within the answer", Sight::Less, |_| Fault::CutConnection),
    cell("truncated", "the JSON ends in the middle", Sight::Less, |_| Fault::TruncatedBody),
    cell("wrong kind", "the right JSON, called HTML", Sight::Less, |_| Fault::ContentType("text/html")),
    cell("no page", "a text in place of the page", Sight::Either, |_| Fault::WrongPage("\"maintenance\"")),
    cell("empty page", "`{}` in place of the page", Sight::Either, |_| Fault::WrongPage("{}")),
    cell("wrong id", "an id is an object", Sight::Either, |_| Fault::WrongType),
    cell("deep", "lists 100,000 deep in one answer", Sight::Either, |_| of_one(Fault::Nested(100_000))),
    cell("bomb", "gzip that unpacks to more than the limit", Sight::Less, |_| of_one(Fault::Gzip(Arc::clone(&BOMB)))),
    cell("flood", "an answer of a gigabyte", Sight::Less, |_| of_one(Fault::Flood(1 << 30))),
    cell("cursor", "each page is the first and names a second", Sight::Either, |_| Fault::RepeatedCursor),
    cell("link", "the link to the next page names another host", Sight::Either, |_| Fault::ForeignLink),
    cell("403 later", "refused from page 2 on", Sight::Less, |_| from_page_2(Fault::Status(403))),
    cell("cut later", "cut from page 2 on", Sight::Less, |_| from_page_2(Fault::CutConnection)),
    cell("dropped", "the last row of each page is missing", Sight::Either, |_| Fault::DropRows(1)),
    cell("doubled", "the first row of each page comes twice", Sight::Either, |_| Fault::DoubledRow),
    cell("shifted", "the first row comes twice, the last not at all", Sight::Either, |_| Fault::ShiftedRows),
    cell("count", "counts and totals tell one more", Sight::Either, |_| Fault::CountOff(1)),
    lasting("skew", "`Date` and resets of limits are ahead", Sight::Whole, |_| Fault::Skewed(AHEAD)),
    cell("times", "every time in the rows is two hours later", Sight::Moved, |_| Fault::LaterTimes(AHEAD)),
];

/// Endpoints that only spare other requests, or only show what is accepted as out of sight: nothing is unseen without
/// them.
///
/// Of a self-hosted Confluence two endpoints tell the version, each in place of the other; of a self-hosted Jira the search
/// for users and the roles of single projects are asked only where the better way fails.
pub(super) const SPARED: &[&str] = &[
    "bb-ssh-keys",
    "confluence-dc-server-information",
    "confluence-dc-manifest",
    "jira-dc-user-search",
    "jira-dc-project-roles",
    "align-swagger",
];

/// What looks like a fault and is an answer: pipelines that were never set up are not found.
///
/// A self-hosted Jira that does not list users, or not to this account, is searched for them, and the search is proven whole.
pub(super) const ANSWERS: &[(&str, &str)] = &[
    ("bb-pipelines-config", "404"),
    ("jira-dc-user-list", "403"),
    ("jira-dc-user-list", "404"),
    ("jira-dc-user-list", "404 page"),
];

/// Counts that are what is told, and prove nothing: a licence for one seat more is another licence.
pub(super) const TOLD: &[(&str, &str)] =
    &[("confluence-dc-most-users", "count"), ("confluence-dc-user-count", "count")];

/// Faults that nobody can notice where no count stands beside the rows: a row that the server leaves out is one that is not
/// there. Where it is so, the document says `unnoticed`.
pub(super) const SILENT: &[&str] = &["dropped"];

/// Listings with a count beside them: rows that are dropped must be noticed.
pub(super) const COUNTED: &[&str] = &[
    "user-search",
    "api-tokens",
    "api-keys",
    "service-accounts",
    "managed-accounts",
    "project-search",
    "group-bulk",
    "group-member",
];
