//! Whatever comes back as a table: a review's file, an export that is mapped, delimited text as such. It is read whole or refused.
//!
//! Input: a byte for the sort of table, one for its form, then the file.
#![no_main]

use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use keyroll::clock::FixedClock;
use keyroll::document::{self, delimited::Records, sheet::Sheet};
use keyroll::http::Factory;
use keyroll::model::{Collection, EndpointState, Kind, Review, ReviewRow, sample};
use keyroll::problem::SourceText;
use keyroll::review::{Returned, import};
use keyroll::sources::{Depth, SOURCES};
use keyroll_fuzz::are_told;
use libfuzzer_sys::fuzz_target;

static REVIEW: LazyLock<Review> = LazyLock::new(|| sample::review("q4"));

/// The rows that were asked about.
static ROWS: LazyLock<Vec<ReviewRow>> = LazyLock::new(keyroll_fuzz::asked_about);

/// Stands in a column that is never read.
const PLANTED: &str = "s3cret-planted-9f8e7d6c5b";
const UNREAD: &str = "secret_hash";

const DELIMITERS: [(u8, &str); 4] = [(b',', ","), (b';', ";"), (b'\t', "tab"), (b'|', "|")];

fuzz_target!(|bytes: &[u8]| {
    let [sort, form, file @ ..] = bytes else { return };
    keyroll_fuzz::read(file, |file| match sort % 3 {
        0 => review(file, form % 2 == 1),
        1 => export(file, *form),
        _ => {
            // The public parser takes a mark of the encoding for none of the text; here others do so before.
            let Some(text) = std::str::from_utf8(file).ok().filter(|text| !text.starts_with('\u{feff}')) else {
                return;
            };
            let (delimiter, _) = DELIMITERS[usize::from(*form) % DELIMITERS.len()];
            let ours: Result<Vec<Vec<String>>, _> = Records::new(text, delimiter)
                .map(|record| record.map(|record| record.cells.into_iter().map(Into::into).collect()))
                .collect();
            if let Ok(ours) = ours {
                assert_eq!(ours, cells(file, delimiter), "as the public parser reads it, or refused");
            }
        }
    });
});

/// The rows as the public parser has them.
fn cells(file: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).delimiter(delimiter).from_reader(file);
    reader.records().map_while(Result::ok).map(|row| row.iter().map(str::to_owned).collect()).collect()
}

fn review(file: &[u8], partial: bool) {
    let now: DateTime<Utc> = "2026-11-24T10:00:00Z".parse().expect("a moment");
    let sheet = match Sheet::read("eve.csv", file) {
        Ok(sheet) => sheet,
        Err(problems) => return are_told(&problems),
    };
    let filled = sheet.rows.len();
    assert!(sheet.rows.iter().all(|row| row.cells.len() == sheet.head.len()), "every row is as wide as the first");
    let returned = Returned { review: &REVIEW, rows: &ROWS, decisions: &[], partial, now };
    match import(&returned, &[sheet]) {
        Err(problems) => are_told(&problems),
        Ok(imported) => {
            assert_eq!(imported.decisions.len() + imported.open, filled, "every row of the file is decided or open");
            assert_eq!((imported.changed, imported.unchanged, imported.stay), (0, 0, 0));
            assert!(partial || filled == ROWS.len(), "no row is missing in silence");
            let mut rows: Vec<&str> = imported.decisions.iter().map(|decision| decision.row.as_str()).collect();
            rows.sort_unstable();
            rows.dedup();
            assert_eq!(rows.len(), imported.decisions.len(), "one decision is on one row");
            assert!(rows.iter().all(|key| ROWS.iter().any(|row| row.key == *key)), "only rows that were asked about");
        }
    }
}

fn export(file: &[u8], form: u8) {
    let folder = tempfile::tempdir().expect("a temporary folder is made");
    let (delimiter, word) = DELIMITERS[usize::from(form) % DELIMITERS.len()];
    let format = match form >> 2 & 3 {
        0 | 1 => format!("format: csv\ndelimiter: '{word}'"),
        2 => "format: json\nrows: $.items".to_owned(),
        _ => "format: ndjson".to_owned(),
    };
    let is_csv = form >> 2 & 3 < 2;
    let skips = form & 128 != 0;
    let bad_rows = if skips { "skip" } else { "refuse" };
    std::fs::write(folder.path().join("tokens"), file).expect("a temporary file is written");
    let yaml = format!(
        "path: {}\ninstance: ci\nbad_rows: {bad_rows}\ncomplete: true\nmay_be_empty: true\n{format}\nmapping:\n  kind: credential\n  \
         form: {{ value: personal-access-token }}\n  id: id\n  name: label\n  never: [never]\n  fields:\n    owner: user\n    \
         created_at: created\n    expires_at: expires\n    scopes: {{ column: rights, separator: ' ' }}\n",
        folder.path().join("tokens").display()
    );
    let kind = SOURCES.iter().find(|kind| kind.name == "file").expect("there is a source of files");
    let section = document::parse(&SourceText::new("keyroll.yaml", &yaml)).expect("our own YAML");
    let clock = Arc::new(FixedClock::at("2026-11-22T07:30:00Z".parse().expect("a moment")));
    let source = (kind.build)("acme".into(), section, &Factory::new(clock.clone()), clock);
    let source = source.unwrap_or_else(|problems| panic!("{problems}"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let Collection { resources, ledger, .. } = runtime.block_on(source.look(Depth::Whole, &Default::default()));
    let [entry] = ledger.as_slice() else { panic!("one file is one line of the ledger") };
    let credentials = resources.iter().filter(|resource| resource.kind() == Kind::Credential).count();
    match entry.state {
        EndpointState::Complete => assert!(entry.reason.is_empty()),
        _ => assert!(!entry.reason.is_empty(), "what is not whole says why"),
    }
    if entry.state == EndpointState::Failed {
        assert!(resources.is_empty(), "a file that is refused shows nothing");
    }
    if !is_csv {
        return;
    }
    let rows = cells(file, delimiter);
    if entry.state == EndpointState::Complete {
        assert_eq!(credentials, rows.len() - 1, "every row is there");
    }
    assert!(skips || entry.state != EndpointState::Partial, "{}", entry.reason);
    let unread = rows.first().and_then(|head| head.iter().position(|name| name == UNREAD));
    let hidden =
        rows.iter().filter_map(|row| row.get(unread?)).map(|cell| cell.matches(PLANTED).count()).sum::<usize>();
    if hidden > 0 && String::from_utf8_lossy(file).matches(PLANTED).count() == hidden {
        let told = serde_json::to_string(&(&resources, &ledger)).expect("what is kept can be written");
        assert!(!told.contains(PLANTED), "{told}");
    }
}
