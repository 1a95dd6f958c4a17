//! Files that come back: taken whole or not at all, every mistake told, and never another decision than was meant.

use std::fmt::Write as _;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::model::Decision;
use crate::model::sample::{review, review_row};
use crate::review::key::{self, key};

fn rows() -> Vec<ReviewRow> {
    let mut rows: Vec<ReviewRow> = ["PAY", "OPS", "DOCS"]
        .into_iter()
        .map(|project| {
            let row = review_row("", project);
            ReviewRow { key: key("q4", &row.account, &row.container), ..row }
        })
        .collect();
    rows[1].account_name = "=cmd, “x”; y".to_owned();
    rows
}

fn now() -> DateTime<Utc> {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

/// What a reviewer writes behind a row: decision, reviewer, day, comment.
type Filled<'f> = [&'f str; 4];

const OPEN: Filled<'_> = ["", "", "", ""];
const KEPT: Filled<'_> = ["keep", "Eve", "2026-11-23", ""];
const REVOKED: Filled<'_> = ["revoke", "Eve", "2026-11-23", "nobody needs it, \"really\""];

fn quoted(cell: &str, delimiter: char, always: bool) -> String {
    if always || cell.contains([delimiter, '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// The file as a spreadsheet saves it.
fn file(rows: &[ReviewRow], filled: &[Filled<'_>], delimiter: char, end: &str, always: bool) -> String {
    let head: Vec<&str> = columns::FIXED.into_iter().chain(ReviewRow::TOLD).chain(ReviewRow::FILLED).collect();
    let mut text = head.join(&delimiter.to_string());
    text.push_str(end);
    for (row, filled) in rows.iter().zip(filled) {
        let fixed =
            row.fixed("q4").map(|(_, text)| if crate::text::needs_mark(&text) { format!("'{text}") } else { text });
        let cells = fixed.into_iter().chain(ReviewRow::TOLD.map(|name| format!("some {name}")));
        let cells: Vec<String> = cells
            .chain(filled.iter().map(|&cell| cell.to_owned()))
            .map(|cell| quoted(&cell, delimiter, always))
            .collect();
        write!(text, "{}{end}", cells.join(&delimiter.to_string())).unwrap();
    }
    text
}

fn plain(filled: &[Filled<'_>]) -> String {
    file(&rows(), filled, ',', "\r\n", false)
}

fn read(text: &[u8], partial: bool, decisions: &[ReviewDecision]) -> Result<Imported, String> {
    let (review, rows) = (review("q4"), rows());
    let returned = Returned { review: &review, rows: &rows, decisions, partial, now: now() };
    let sheet = Sheet::read("eve.csv", text).map_err(|problems| problems.to_string())?;
    import(&returned, &[sheet]).map_err(|problems| problems.to_string())
}

fn words(imported: &Imported) -> Vec<(String, Decision)> {
    imported.decisions.iter().map(|one| (one.row.clone(), one.decision)).collect()
}

#[test]
fn what_was_filled_is_recorded_and_the_rest_stays_open() {
    let imported = read(plain(&[KEPT, REVOKED, OPEN]).as_bytes(), false, &[]).unwrap();
    let [first, second, _] = rows().map_keys();
    assert_eq!(words(&imported), [(first, Decision::Keep), (second, Decision::Revoke)]);
    assert_eq!((imported.open, imported.changed, imported.unchanged), (1, 0, 0));
    assert_eq!(imported.decisions[1].comment, "nobody needs it, \"really\"");
    assert_eq!(imported.decisions[0].recorded_at, now());
}

trait Keys {
    fn map_keys(self) -> [String; 3];
}

impl Keys for Vec<ReviewRow> {
    fn map_keys(self) -> [String; 3] {
        let keys: Vec<String> = self.into_iter().map(|row| row.key).collect();
        keys.try_into().unwrap()
    }
}

#[test]
fn the_same_file_twice_changes_nothing_and_a_later_one_does() {
    let first = read(plain(&[KEPT, REVOKED, OPEN]).as_bytes(), false, &[]).unwrap();
    let again = read(plain(&[KEPT, REVOKED, OPEN]).as_bytes(), false, &first.decisions).unwrap();
    assert_eq!((again.decisions.len(), again.unchanged, again.open), (0, 2, 1));
    let later = ["revoke", "Eve", "2026-11-24", ""];
    let changed = read(plain(&[later, OPEN, KEPT]).as_bytes(), false, &first.decisions).unwrap();
    assert_eq!((changed.decisions.len(), changed.changed, changed.stay), (2, 1, 1), "{changed:?}");
    let all = [first.decisions, changed.decisions].concat();
    let old = read(plain(&[KEPT, REVOKED, OPEN]).as_bytes(), false, &all).unwrap_err();
    assert!(old.contains("Eve decided `revoke` on 2026-11-24, which is later (is this an older file?"), "{old}");
}

#[test]
fn every_mistake_is_told_with_its_line_and_nothing_is_taken() {
    let day = |day: &'static str| ["keep", "Eve", day, ""];
    let whole = plain(&[KEPT, REVOKED, OPEN]);
    let key = rows().map_keys()[0].clone();
    let slip = key.replace("R-", "R-0");
    for (text, told) in [
        (plain(&[["yes", "Eve", "2026-11-23", ""], KEPT, KEPT]), "eve.csv:2:"),
        (plain(&[["yes", "Eve", "2026-11-23", ""], KEPT, KEPT]), "`yes` is no decision"),
        (plain(&[["kep", "Eve", "2026-11-23", ""], KEPT, KEPT]), "did you mean `keep`?"),
        (plain(&[["behalten", "Eve", "2026-11-23", ""], KEPT, KEPT]), "whatever the language of the reviewer"),
        (plain(&[["", "Eve", "2026-11-23", ""], KEPT, KEPT]), "the line is filled, and says no decision"),
        (plain(&[["keep", "", "2026-11-23", ""], KEPT, KEPT]), "a decision without a reviewer is nobody's"),
        (plain(&[["change", "Eve", "2026-11-23", ""], KEPT, KEPT]), "`change` without a comment"),
        (plain(&[day(""), KEPT, KEPT]), "a decision without a day"),
        (plain(&[day("11/23/2026"), KEPT, KEPT]), "does it mean 2026-11-23?"),
        (plain(&[day("46349"), KEPT, KEPT]), "`46349` is how a spreadsheet counts days (does it mean 2026-11-23?"),
        (plain(&[day("2026-11-26"), KEPT, KEPT]), "2026-11-26 is still to come"),
        (plain(&[day("2026-11-20"), KEPT, KEPT]), "2026-11-20 is before the review began, on 2026-11-22"),
        (whole.replace(&key, &slip), "is no row key as the review wrote it"),
        (whole.replace(&key, &key::key("q1", &rows()[0].account, &rows()[0].container)), "is not of review `q4`"),
        (whole.replace("q4,", "q1,"), "the file is of review `q1`, and `q4` is read in"),
        (whole.replacen("q4,", "q1,", 1), "the line is of review `q1`, and `q4` is read in"),
        (
            whole.replace("project PAY", "project OPS"),
            "`place` was changed: it says `project OPS`, the review `project PAY`",
        ),
        (whole.replace("decides", "reads"), "`level` was changed"),
        (whole.replace(",decision,", ",desicion,"), "column `decision` is missing (is it this one?"),
        (whole.replace("some doubt", "").replace(",doubt,", ",remark,"), ""),
        (whole.replace(",doubt,", ",remark,"), "column `remark` is none of the review's, and nobody would read it"),
        (whole.replace(",doubt,", ",decision,"), "column `decision` is there twice"),
        (
            whole.lines().take(3).fold(String::new(), |text, line| text + line + "\n"),
            "1 row of ada@acme.example is missing",
        ),
        (format!("{whole}{}\r\n", whole.lines().nth(1).unwrap()), "comes twice: eve.csv:2 has it too"),
        (whole.lines().next().unwrap().to_owned() + "\n", "the file names its columns and has no rows"),
    ] {
        let said = read(text.as_bytes(), false, &[]);
        match told {
            "" => assert!(said.is_ok(), "a strange column without any text says nothing: {said:?}"),
            told => assert!(said.as_ref().unwrap_err().contains(told), "{told}\n{said:?}"),
        }
    }
    let many = plain(&[["yes", "", "46349", ""], day("2026-11-26"), ["change", "Eve", "2026-11-23", ""]]);
    assert_eq!(read(many.as_bytes(), false, &[]).unwrap_err().lines().count(), 5, "all at once");
}

#[test]
fn a_part_is_taken_where_somebody_says_that_it_is_one() {
    let part = plain(&[KEPT, REVOKED, OPEN]).lines().take(2).fold(String::new(), |text, line| text + line + "\n");
    assert!(read(part.as_bytes(), false, &[]).is_err());
    assert_eq!(read(part.as_bytes(), true, &[]).unwrap().decisions.len(), 1);
}

#[test]
fn who_decides_on_their_own_access_is_noted_or_refused() {
    for name in ["sync-bot", "SYNC-BOT", "Sync-Bot (712020:bot)", "Robot <712020:BOT>"] {
        let text = plain(&[["keep", name, "2026-11-23", ""], KEPT, KEPT]);
        assert!(read(text.as_bytes(), false, &[]).unwrap().decisions[0].self_review, "{name}");
        let rows = rows();
        let strict = Review { refuses_self_review: true, ..review("q4") };
        let returned = Returned { review: &strict, rows: &rows, decisions: &[], partial: false, now: now() };
        let sheet = Sheet::read("eve.csv", text.as_bytes()).unwrap();
        let said = import(&returned, &[sheet]).unwrap_err().to_string();
        assert!(said.contains("decides on their own access"), "{said}");
    }
    assert!(!read(plain(&[KEPT, KEPT, KEPT]).as_bytes(), false, &[]).unwrap().decisions[0].self_review);
}

#[test]
fn a_day_counts_where_it_has_begun() {
    let now = now();
    let in_kiribati = (now + TimeDelta::hours(14)).date_naive().to_string();
    let text = plain(&[["keep", "Eve", &in_kiribati, ""], KEPT, KEPT]);
    assert!(read(text.as_bytes(), false, &[]).is_ok());
}

/// What somebody, or some program, does to a file.
#[derive(Debug, Clone)]
enum Slip {
    Remove(usize),
    Insert(usize, u8),
    Replace(usize, u8),
    CutOff(usize),
    DropLine(usize),
    DoubleLine(usize),
    SwapLines(usize, usize),
}

fn slips() -> impl Strategy<Value = Slip> {
    let byte = prop::sample::select(&b",;\"'\r\n\t =0aZ-\xe9\x00"[..]);
    prop_oneof![
        any::<usize>().prop_map(Slip::Remove),
        (any::<usize>(), byte.clone()).prop_map(|(at, byte)| Slip::Insert(at, byte)),
        (any::<usize>(), byte).prop_map(|(at, byte)| Slip::Replace(at, byte)),
        any::<usize>().prop_map(Slip::CutOff),
        (0..4_usize).prop_map(Slip::DropLine),
        (0..4_usize).prop_map(Slip::DoubleLine),
        (0..4_usize, 0..4_usize).prop_map(|(one, other)| Slip::SwapLines(one, other)),
    ]
}

fn slipped(text: &str, slip: &Slip) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let length = bytes.len();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    match slip {
        Slip::Remove(at) => drop(bytes.remove(at % length)),
        Slip::Insert(at, byte) => bytes.insert(at % length, *byte),
        Slip::Replace(at, byte) => bytes[at % length] = *byte,
        Slip::CutOff(at) => bytes.truncate(at % length),
        Slip::DropLine(at) => {
            lines.remove(*at);
            return lines.concat().into_bytes();
        }
        Slip::DoubleLine(at) => {
            lines.insert(*at, lines[*at]);
            return lines.concat().into_bytes();
        }
        Slip::SwapLines(one, other) => {
            lines.swap(*one, *other);
            return lines.concat().into_bytes();
        }
    }
    bytes
}

fn filled() -> impl Strategy<Value = Filled<'static>> {
    prop::sample::select(vec![OPEN, KEPT, REVOKED, ["change", "Eve", "2026-11-24", "read only"]])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_file_that_slipped_is_refused_or_says_what_was_meant(
        filled in prop::array::uniform3(filled()),
        delimiter in prop::sample::select(vec![',', ';', '\t']),
        end in prop::sample::select(vec!["\n", "\r\n"]),
        always in any::<bool>(),
        slip in slips(),
    ) {
        let text = file(&rows(), &filled, delimiter, end, always);
        let meant = words(&read(text.as_bytes(), false, &[]).unwrap());
        if let Ok(imported) = read(&slipped(&text, &slip), false, &[]) {
            let mut found = words(&imported);
            let mut meant = meant;
            found.sort();
            meant.sort();
            prop_assert_eq!(found, meant, "{:?}", slip);
        }
    }

    #[test]
    fn rows_that_a_file_does_not_name_stay_as_they_are(
        before in prop::array::uniform3(filled()),
        after in prop::array::uniform3(filled()),
        named in prop::array::uniform3(any::<bool>()),
    ) {
        let recorded = read(plain(&before).as_bytes(), false, &[]).unwrap().decisions;
        let (mut some, mut theirs) = (Vec::new(), Vec::new());
        for (row, (filled, named)) in rows().into_iter().zip(after.into_iter().zip(named)) {
            if named {
                some.push(row);
                theirs.push(filled);
            }
        }
        let text = file(&some, &theirs, ',', "\n", false);
        if let Ok(imported) = read(text.as_bytes(), true, &recorded) {
            for decision in &imported.decisions {
                prop_assert!(some.iter().any(|row| row.key == decision.row));
            }
        }
    }
}
