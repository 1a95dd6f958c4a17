-- The first shape of the store. Applied once, in one transaction; never edited after a release.
--
-- Every `body` is the JSON of the noun the table is named after, as `src/model` writes it: query it with
-- `body ->> '$.name'`. Columns beside it repeat what has to be found or counted. Digests are SHA-256, 32 bytes.
--
--   What credentials does the latest scan know?
--     SELECT id, body ->> '$.name' FROM resources WHERE last_snapshot IS NULL AND id LIKE '%/credential/%';
--   How did a resource look over time?
--     SELECT first_snapshot, last_snapshot, body FROM resources WHERE id = 'atlassian/credential/t-1';

-- One row a scan.
CREATE TABLE snapshots (
    id            INTEGER PRIMARY KEY,   -- 1, 2, 3, … in the order of commits
    open_findings INTEGER NOT NULL,      -- after this scan
    seal          BLOB    NOT NULL,      -- digest of body, ledger and carried resources; the body has that of the resources
    body          TEXT    NOT NULL       -- SnapshotHead
) STRICT;

-- One row for as long as a resource is known and stays the same: snapshot N has it, seen or only carried, if
-- first_snapshot <= N and (last_snapshot IS NULL or last_snapshot >= N). An unchanged resource costs nothing.
-- Clustered by id, so that any snapshot is one walk through the table in the order in which it is wanted.
CREATE TABLE resources (
    id             TEXT    NOT NULL,     -- tenant/kind/native
    first_snapshot INTEGER NOT NULL,     -- these two may outlive the snapshots they name, so they are no foreign keys
    last_snapshot  INTEGER,              -- NULL: still so
    digest         BLOB    NOT NULL,     -- of the body
    body           TEXT    NOT NULL,     -- Resource
    PRIMARY KEY (id, first_snapshot)
) STRICT, WITHOUT ROWID;

-- What stands now, without the bodies: the next commit compares with it and reads nothing else.
CREATE INDEX resources_now ON resources (id, digest) WHERE last_snapshot IS NULL;

-- The snapshots in which a resource was carried: known from before, but out of sight. The same intervals.
-- If nothing of it was seen, `resources` has it as it was known, and here is but a mark, so that a night without sight
-- copies no bodies. If some of it was seen, `resources` has that, and the body here is what was known of it.
CREATE TABLE carried (
    id             TEXT    NOT NULL,
    first_snapshot INTEGER NOT NULL,
    last_snapshot  INTEGER,
    digest         BLOB,                 -- of the body
    body           TEXT,                 -- Resource; NULL: nothing of it was seen
    PRIMARY KEY (id, first_snapshot),
    CHECK ((digest IS NULL) = (body IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX carried_now ON carried (id, digest) WHERE last_snapshot IS NULL;

-- What each scan says about itself, in the order it was said. All of it goes with its snapshot.
CREATE TABLE ledger (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    body     TEXT    NOT NULL,           -- LedgerEntry
    PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE changes (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    body     TEXT    NOT NULL,           -- Change
    PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE rules (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    body     TEXT    NOT NULL,           -- RuleSummary
    PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tallies (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    body     TEXT    NOT NULL,           -- [rule id, Tally]
    PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE waiver_uses (
    snapshot INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL,
    body     TEXT    NOT NULL,           -- WaiverUse
    PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;

-- Every finding as it stands now. Keyed by what it is made of, since ids are digests and would scatter.
CREATE TABLE findings (
    rule     TEXT NOT NULL,
    resource TEXT NOT NULL,
    id       TEXT NOT NULL UNIQUE,
    status   TEXT NOT NULL,              -- open, waived, resolved
    body     TEXT NOT NULL,              -- Finding
    PRIMARY KEY (rule, resource)
) STRICT, WITHOUT ROWID;

CREATE INDEX findings_by_status ON findings (status);

-- The steps that findings took. They outlive the snapshots: a finding's history is whole for as long as it is kept.
CREATE TABLE transitions (
    snapshot INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    finding  TEXT    NOT NULL REFERENCES findings (id) ON DELETE CASCADE,
    body     TEXT    NOT NULL,           -- Transition
    PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX transitions_by_finding ON transitions (finding);

-- Every snapshot that was ever accepted as the one to compare with; the newest row is in force.
-- A snapshot that is a baseline cannot be deleted.
CREATE TABLE baselines (
    number   INTEGER PRIMARY KEY,
    snapshot INTEGER NOT NULL REFERENCES snapshots (id),
    body     TEXT    NOT NULL            -- Baseline
) STRICT;

CREATE INDEX baselines_by_snapshot ON baselines (snapshot);
