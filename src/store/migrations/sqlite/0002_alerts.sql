-- Telling people, and running by the clock. Times are milliseconds since 1970 (UTC), so that they compare.
--
--   What waits to be sent, and why does it wait?
--     SELECT id, channel, state, attempts, error, body ->> '$.title' FROM notices WHERE state IN ('pending', 'dead');
--   How did the scans of a schedule go?
--     SELECT schedule, datetime(due_at / 1000, 'unixepoch'), outcome FROM runs ORDER BY id DESC LIMIT 20;

-- The outbox. A notice is written in the transaction of the findings it tells of, and never changes what it says.
CREATE TABLE notices (
    number     INTEGER PRIMARY KEY,      -- the order in which they were made
    id         TEXT    NOT NULL UNIQUE,
    channel    TEXT    NOT NULL,
    cause      TEXT    NOT NULL,         -- of one cause, what was made first is sent first: nothing is closed before it is opened
    state      TEXT    NOT NULL,         -- pending, delivered, dead, folded
    folded     TEXT,                     -- the notice that says it instead, if folded
    digest     TEXT,                     -- notices with the same key that come due together are sent as one
    created_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,         -- not to be sent before; moves on with each try that failed
    attempts   INTEGER NOT NULL,
    tried_at   INTEGER,
    error      TEXT    NOT NULL,         -- why the last try failed; empty if none did
    body       TEXT    NOT NULL          -- Notice
) STRICT;

CREATE INDEX notices_waiting ON notices (due_at) WHERE state = 'pending';
CREATE INDEX notices_in_order ON notices (channel, cause, number) WHERE state = 'pending';
CREATE INDEX notices_dead ON notices (channel) WHERE state = 'dead';
CREATE INDEX notices_by_channel ON notices (channel, created_at);

-- What a channel keeps for a cause: the thread, incident or ticket that later notices belong to.
CREATE TABLE threads (
    channel TEXT NOT NULL,
    cause   TEXT NOT NULL,
    settled INTEGER NOT NULL,
    body    TEXT NOT NULL,               -- Thread
    PRIMARY KEY (channel, cause)
) STRICT, WITHOUT ROWID;

CREATE INDEX threads_open ON threads (cause) WHERE settled = 0;

-- The cause with which a finding came up.
CREATE TABLE causes (
    finding TEXT NOT NULL PRIMARY KEY REFERENCES findings (id) ON DELETE CASCADE,
    cause   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX causes_by_cause ON causes (cause);

-- Who deals with a finding, until when: nobody is reminded of it.
CREATE TABLE acknowledgements (
    finding TEXT NOT NULL PRIMARY KEY REFERENCES findings (id) ON DELETE CASCADE,
    body    TEXT NOT NULL                -- Acknowledgement
) STRICT, WITHOUT ROWID;

-- What ends on a day, as the latest scan knows it; rewritten by each.
CREATE TABLE expiries (
    id   TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL                   -- Expiry
) STRICT, WITHOUT ROWID;

-- What has been told once and is not to be told again: rungs of the expiry ladder, missed runs, gaps.
CREATE TABLE told (
    mark TEXT    NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- From when on each schedule counts: what was due before nobody can have missed.
CREATE TABLE schedules (
    name     TEXT    NOT NULL PRIMARY KEY,
    began_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every run of a scan, written down before anything is asked.
CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    schedule   TEXT    NOT NULL,
    due_at     INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    outcome    TEXT,                     -- complete, incomplete, failed, interrupted, vanished; NULL: under way
    snapshot   INTEGER,
    note       TEXT    NOT NULL
) STRICT;

CREATE INDEX runs_by_schedule ON runs (schedule, due_at);

-- What a run has read whole before it was stopped, one row a source: the next run reads on from there.
CREATE TABLE journal (
    source     TEXT    NOT NULL PRIMARY KEY,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    body       TEXT    NOT NULL          -- what the source collected
) STRICT, WITHOUT ROWID;

-- Channels that fail again and again are left in peace for a while.
CREATE TABLE breakers (
    channel    TEXT    NOT NULL PRIMARY KEY,
    failures   INTEGER NOT NULL,         -- in a row
    open_until INTEGER                   -- NULL: not open
) STRICT, WITHOUT ROWID;
