-- Access reviews: what was asked, and every decision that was ever read in. Times are milliseconds since 1970 (UTC).
--
--   What does a review still wait for?
--     SELECT asked, count(*) FROM review_rows AS r WHERE review = 'q4' AND NOT EXISTS
--       (SELECT 1 FROM review_decisions AS d WHERE d.review = r.review AND d.row = r.row) GROUP BY asked;
--   Who decided what on one row, and changed their mind?
--     SELECT body ->> '$.reviewer', body ->> '$.decision' FROM review_decisions WHERE row = 'R-…' ORDER BY number;

-- One row a review. The snapshot that it came from may be pruned: the rows say all that is to be decided on.
CREATE TABLE reviews (
    name       TEXT    NOT NULL PRIMARY KEY,
    snapshot   INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    body       TEXT    NOT NULL          -- Review
) STRICT, WITHOUT ROWID;

-- What an account may do in one place, as it was when the review began: never edited.
CREATE TABLE review_rows (
    review TEXT    NOT NULL REFERENCES reviews (name) ON DELETE CASCADE,
    number INTEGER NOT NULL,             -- the order of the files
    row    TEXT    NOT NULL,             -- the key that reviewers see
    asked  TEXT    NOT NULL,
    body   TEXT    NOT NULL,             -- ReviewRow
    PRIMARY KEY (review, number),
    UNIQUE (review, row)
) STRICT, WITHOUT ROWID;

-- Decisions in the order in which they were read in. The last one on a row is in force; the others are its history.
CREATE TABLE review_decisions (
    number      INTEGER PRIMARY KEY,
    review      TEXT    NOT NULL,
    row         TEXT    NOT NULL,
    recorded_at INTEGER NOT NULL,
    body        TEXT    NOT NULL,        -- ReviewDecision
    FOREIGN KEY (review, row) REFERENCES review_rows (review, row) ON DELETE CASCADE
) STRICT;

CREATE INDEX review_decisions_by_row ON review_decisions (review, row, number);
