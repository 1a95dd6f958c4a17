-- Findings as they stood before, so that any night can be asked again.
--
--   How did a finding stand after scan 12?
--     SELECT body FROM findings WHERE id = 'F-…' AND first_snapshot <= 12
--     UNION ALL SELECT body FROM past_findings WHERE body ->> '$.id' = 'F-…' AND 12 BETWEEN first_snapshot AND last_snapshot;

-- From which scan on `body` stands. That a finding was confirmed once more (`last_seen`) begins nothing new.
-- Findings of an older store stand so since its latest scan, as far as can be told.
ALTER TABLE findings ADD COLUMN first_snapshot INTEGER NOT NULL DEFAULT 0;
UPDATE findings SET first_snapshot = (SELECT coalesce(max(id), 0) FROM snapshots);

-- One row for as long as a finding stood the same, after that is over. `last_seen` is that of the last scan of the row.
CREATE TABLE past_findings (
    rule           TEXT    NOT NULL,
    resource       TEXT    NOT NULL,
    first_snapshot INTEGER NOT NULL,     -- these two may outlive the snapshots they name, so they are no foreign keys
    last_snapshot  INTEGER NOT NULL,
    body           TEXT    NOT NULL,     -- Finding
    PRIMARY KEY (rule, resource, first_snapshot),
    FOREIGN KEY (rule, resource) REFERENCES findings (rule, resource) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The first scan after which findings can be asked how they stood: one row.
CREATE TABLE findings_kept (
    since INTEGER NOT NULL
) STRICT;
INSERT INTO findings_kept SELECT coalesce(max(id), 0) FROM snapshots;
