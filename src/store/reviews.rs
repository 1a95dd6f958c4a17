//! Keeps access reviews: what was asked, once and for all, and every decision that was read in.

use std::collections::BTreeMap;

use super::database::{json, millis, values};
use super::{Store, StoreError};
use crate::model::{DecidedAccess, Review, ReviewDecision, ReviewRow};
use chrono::{DateTime, Utc};

impl Store {
    /// Keeps a review that begins, with its rows in the order of the files: all of it, or nothing. False if there is one of
    /// that name: then nothing is kept.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn begin_review(&mut self, review: &Review, rows: &[ReviewRow]) -> Result<bool, StoreError> {
        self.database.writing(|database| {
            let added = database.execute(
                "INSERT INTO reviews (name, snapshot, started_at, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                &values![&review.name, review.snapshot.0, millis(review.started_at), json(review)],
            )?;
            if added == 0 {
                return Ok(false);
            }
            let rows = (0_i64..).zip(rows);
            let rows = rows.map(|(number, row)| values![&review.name, number, &row.key, &row.asked, json(row)].into());
            database.insert_many("review_rows", &["review", "number", "row", "asked", "body"], rows)?;
            Ok(true)
        })
    }

    /// Every review, the latest last.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn reviews(&self) -> Result<Vec<Review>, StoreError> {
        self.database.list("SELECT body FROM reviews ORDER BY started_at, name", &[])
    }

    /// The rows of a review, in the order of the files.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn review_rows(&self, review: &str) -> Result<Vec<ReviewRow>, StoreError> {
        self.database.list("SELECT body FROM review_rows WHERE review = ?1 ORDER BY number", &values![review])
    }

    /// Every decision of a review in the order in which they were read in: of a row the last one is in force.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn review_decisions(&self, review: &str) -> Result<Vec<ReviewDecision>, StoreError> {
        self.database.list("SELECT body FROM review_decisions WHERE review = ?1 ORDER BY number", &values![review])
    }

    /// Keeps decisions: all of them in one transaction, or none. `known` is how many decisions of the review the caller
    /// had read; false if others were read in since, and then nothing is kept.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn record_decisions(
        &mut self,
        review: &str,
        known: usize,
        decisions: &[ReviewDecision],
    ) -> Result<bool, StoreError> {
        self.database.writing(|database| {
            let there: i64 =
                database.one("SELECT count(*) FROM review_decisions WHERE review = ?1", &values![review], |row| {
                    row.get(0)
                })?;
            if usize::try_from(there).ok() != Some(known) {
                return Ok(false);
            }
            let last: i64 =
                database.one("SELECT coalesce(max(number), 0) FROM review_decisions", &[], |row| row.get(0))?;
            let rows = (last + 1..)
                .zip(decisions)
                .map(|(number, one)| values![number, review, &one.row, millis(one.recorded_at), json(one)].into());
            database.insert_many("review_decisions", &["number", "review", "row", "recorded_at", "body"], rows)?;
            Ok(true)
        })
    }

    /// The decisions of all reviews that were in force at a moment, one for each account and place: of several reviews that
    /// looked at the same, the one that decided last. Sorted by account and place.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn decided_access(&self, at: DateTime<Utc>) -> Result<Vec<DecidedAccess>, StoreError> {
        // Later ones take the place of earlier ones.
        let mut in_force = BTreeMap::new();
        self.database.each(
            "SELECT d.review, r.body, d.body FROM review_decisions AS d
             JOIN review_rows AS r ON r.review = d.review AND r.row = d.row
             WHERE d.recorded_at <= ?1 ORDER BY d.number",
            &values![millis(at)],
            |row| {
                let (asked, decision): (ReviewRow, _) = (row.json(1)?, row.json(2)?);
                let place = (asked.account.clone(), asked.container.clone());
                in_force.insert(place, DecidedAccess { review: row.get(0)?, row: asked, decision });
                Ok::<_, StoreError>(())
            },
        )?;
        Ok(in_force.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Decision;
    use crate::model::sample::{review, review_row};

    fn at(hour: u32) -> DateTime<Utc> {
        format!("2026-11-22T{hour:02}:00:00Z").parse().unwrap()
    }

    fn row(key: &str) -> ReviewRow {
        review_row(key, "PAY")
    }

    fn decision(row: &str, decision: Decision, hour: u32) -> ReviewDecision {
        ReviewDecision {
            row: row.to_owned(),
            decision,
            reviewer: "Ada".to_owned(),
            decided_on: "2026-11-22".parse().unwrap(),
            comment: String::new(),
            self_review: false,
            recorded_at: at(hour),
            file: "ada.csv".to_owned(),
        }
    }

    #[test]
    fn a_review_is_begun_once_and_its_rows_stay_as_they_were() {
        let mut store = Store::open_in_memory().unwrap();
        assert!(store.begin_review(&review("q4"), &[row("R-1")]).unwrap());
        assert!(!store.begin_review(&review("q4"), &[row("R-2")]).unwrap());
        assert_eq!(store.review_rows("q4").unwrap(), [row("R-1")]);
        assert_eq!(store.reviews().unwrap(), [review("q4")]);
    }

    #[test]
    fn decisions_on_a_row_that_is_not_there_are_kept_neither_in_part_nor_whole() {
        let mut store = Store::open_in_memory().unwrap();
        store.begin_review(&review("q4"), &[row("R-1")]).unwrap();
        let both = [decision("R-1", Decision::Keep, 9), decision("R-9", Decision::Keep, 9)];
        assert!(store.record_decisions("q4", 0, &both).is_err());
        assert_eq!(store.review_decisions("q4").unwrap(), []);
    }

    #[test]
    fn who_read_an_outdated_past_writes_nothing() {
        let mut store = Store::open_in_memory().unwrap();
        store.begin_review(&review("q4"), &[row("R-1")]).unwrap();
        assert!(store.record_decisions("q4", 0, &[decision("R-1", Decision::Keep, 9)]).unwrap());
        assert!(!store.record_decisions("q4", 0, &[decision("R-1", Decision::Revoke, 10)]).unwrap());
        assert_eq!(store.review_decisions("q4").unwrap().len(), 1);
    }

    #[test]
    fn what_was_decided_last_is_in_force_and_what_came_later_was_not_yet() {
        let mut store = Store::open_in_memory().unwrap();
        store.begin_review(&review("q4"), &[row("R-1")]).unwrap();
        store.begin_review(&review("q1"), &[row("R-2")]).unwrap();
        store.record_decisions("q4", 0, &[decision("R-1", Decision::Revoke, 9)]).unwrap();
        store.record_decisions("q1", 0, &[decision("R-2", Decision::Keep, 11)]).unwrap();
        let decided = |hour| {
            let found = store.decided_access(at(hour)).unwrap();
            found.into_iter().map(|one| (one.review, one.decision.decision)).collect::<Vec<_>>()
        };
        assert_eq!(decided(8), []);
        assert_eq!(decided(10), [("q4".to_owned(), Decision::Revoke)]);
        assert_eq!(decided(11), [("q1".to_owned(), Decision::Keep)]);
    }
}
