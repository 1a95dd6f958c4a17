-- What is the same night after night is kept once, and a scan that is removed leaves its record.
--
--   By which rules was scan 12 judged?
--     SELECT l.body FROM snapshots AS s JOIN rule_lists AS l ON l.digest = s.rule_list WHERE s.id = 12;

-- Rules as they judged, one row for each different list. Scans of an older keyroll have theirs in `rules`.
CREATE TABLE rule_lists (
    digest BLOB NOT NULL PRIMARY KEY,    -- of the body
    body   TEXT NOT NULL                 -- [RuleSummary]
) STRICT, WITHOUT ROWID;

ALTER TABLE snapshots ADD COLUMN rule_list BLOB REFERENCES rule_lists (digest);

CREATE INDEX snapshots_by_rule_list ON snapshots (rule_list);

-- The record of each scan that was removed: that it took place, and how many findings were open after it.
CREATE TABLE removed_snapshots (
    id            INTEGER PRIMARY KEY,
    open_findings INTEGER NOT NULL,
    body          TEXT    NOT NULL       -- SnapshotHead
) STRICT;
