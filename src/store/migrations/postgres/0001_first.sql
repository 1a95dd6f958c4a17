-- The first shape of the store. Applied once, in one transaction; never edited after a release.
--
-- The tables are those of a store in a file, and say the same (`src/store/migrations/sqlite`): every `body` is the JSON of the
-- noun the table is named after, kept as text so that its digest holds. Times are milliseconds since 1970 (UTC).
--
-- Every row belongs to a tenant. Which one a session works for is its setting `keyroll.tenant`; row-level security shows no
-- other, and writes for no other. So no query can forget to ask by tenant.
--
--   SET keyroll.tenant = 'default'; SET search_path = keyroll;
--   What credentials does the latest scan know?
--     SELECT id, body::json ->> 'name' FROM resources WHERE last_snapshot IS NULL AND id LIKE '%/credential/%';

-- Whose rows are in the parts of the large tables that carry this number.
CREATE TABLE tenants (
    tenant text COLLATE "C" NOT NULL PRIMARY KEY,
    number bigint NOT NULL UNIQUE
);

-- Which stretches of scans have parts of their own.
CREATE TABLE eras (
    tenant text COLLATE "C" NOT NULL,
    era    bigint NOT NULL,              -- scans 100 × era up to 100 × era + 99
    PRIMARY KEY (tenant, era)
);

CREATE TABLE rule_lists (
    tenant text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    digest bytea NOT NULL,
    body   text  NOT NULL,
    PRIMARY KEY (tenant, digest)
);

CREATE TABLE snapshots (
    tenant        text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    id            bigint NOT NULL,
    open_findings bigint NOT NULL,
    seal          bytea  NOT NULL,
    body          text   NOT NULL,
    rule_list     bytea,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, rule_list) REFERENCES rule_lists (tenant, digest)
);

CREATE INDEX snapshots_by_rule_list ON snapshots (tenant, rule_list);

CREATE TABLE removed_snapshots (
    tenant        text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    id            bigint NOT NULL,
    open_findings bigint NOT NULL,
    body          text   NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- One row for as long as a resource is known and stays the same. What stands now lies in a part of its own, which is all that
-- a commit reads; what is over lies with the scan that was the last to have it. A hundred scans share a part.
CREATE TABLE resources (
    tenant         text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    id             text COLLATE "C" NOT NULL,
    first_snapshot bigint NOT NULL,
    last_snapshot  bigint,               -- NULL: still so
    digest         bytea  NOT NULL,
    body           text   NOT NULL
) PARTITION BY LIST (tenant);

CREATE INDEX resources_by_id ON resources (tenant, id, first_snapshot);

CREATE TABLE carried (
    tenant         text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    id             text COLLATE "C" NOT NULL,
    first_snapshot bigint NOT NULL,
    last_snapshot  bigint,
    digest         bytea,
    body           text,                 -- NULL: nothing of it was seen
    CHECK ((digest IS NULL) = (body IS NULL))
) PARTITION BY LIST (tenant);

CREATE INDEX carried_by_id ON carried (tenant, id, first_snapshot);

CREATE TABLE ledger (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    snapshot bigint NOT NULL,
    number   bigint NOT NULL,
    body     text   NOT NULL,
    PRIMARY KEY (tenant, snapshot, number),
    FOREIGN KEY (tenant, snapshot) REFERENCES snapshots (tenant, id) ON DELETE CASCADE
) PARTITION BY LIST (tenant);

CREATE TABLE changes (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    snapshot bigint NOT NULL,
    number   bigint NOT NULL,
    body     text   NOT NULL,
    PRIMARY KEY (tenant, snapshot, number),
    FOREIGN KEY (tenant, snapshot) REFERENCES snapshots (tenant, id) ON DELETE CASCADE
) PARTITION BY LIST (tenant);

CREATE TABLE rules (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    snapshot bigint NOT NULL,
    number   bigint NOT NULL,
    body     text   NOT NULL,
    PRIMARY KEY (tenant, snapshot, number),
    FOREIGN KEY (tenant, snapshot) REFERENCES snapshots (tenant, id) ON DELETE CASCADE
);

CREATE TABLE tallies (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    snapshot bigint NOT NULL,
    number   bigint NOT NULL,
    body     text   NOT NULL,
    PRIMARY KEY (tenant, snapshot, number),
    FOREIGN KEY (tenant, snapshot) REFERENCES snapshots (tenant, id) ON DELETE CASCADE
) PARTITION BY LIST (tenant);

CREATE TABLE waiver_uses (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    snapshot bigint NOT NULL,
    number   bigint NOT NULL,
    body     text   NOT NULL,
    PRIMARY KEY (tenant, snapshot, number),
    FOREIGN KEY (tenant, snapshot) REFERENCES snapshots (tenant, id) ON DELETE CASCADE
) PARTITION BY LIST (tenant);

CREATE TABLE findings (
    tenant         text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    rule           text COLLATE "C" NOT NULL,
    resource       text COLLATE "C" NOT NULL,
    id             text COLLATE "C" NOT NULL,
    status         text   NOT NULL,
    body           text   NOT NULL,
    first_snapshot bigint NOT NULL,
    PRIMARY KEY (tenant, rule, resource),
    UNIQUE (tenant, id)
);

CREATE INDEX findings_by_status ON findings (tenant, status);
CREATE INDEX findings_by_resource ON findings (tenant, resource);

CREATE TABLE past_findings (
    tenant         text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    rule           text COLLATE "C" NOT NULL,
    resource       text COLLATE "C" NOT NULL,
    first_snapshot bigint NOT NULL,
    last_snapshot  bigint NOT NULL,
    body           text   NOT NULL,
    FOREIGN KEY (tenant, rule, resource) REFERENCES findings (tenant, rule, resource) ON DELETE CASCADE
) PARTITION BY LIST (tenant);

CREATE INDEX past_findings_by_key ON past_findings (tenant, rule, resource, first_snapshot);

-- From which scan on it is known how findings stood, where that is not the first.
CREATE TABLE findings_kept (
    tenant text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    since  bigint NOT NULL,
    PRIMARY KEY (tenant)
);

CREATE TABLE transitions (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    snapshot bigint NOT NULL,
    number   bigint NOT NULL,
    finding  text COLLATE "C" NOT NULL,
    body     text   NOT NULL,
    PRIMARY KEY (tenant, snapshot, number),
    FOREIGN KEY (tenant, finding) REFERENCES findings (tenant, id) ON DELETE CASCADE
) PARTITION BY LIST (tenant);

CREATE INDEX transitions_by_finding ON transitions (tenant, finding);

CREATE TABLE baselines (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    number   bigint NOT NULL,
    snapshot bigint NOT NULL,
    body     text   NOT NULL,
    PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant, snapshot) REFERENCES snapshots (tenant, id)
);

CREATE INDEX baselines_by_snapshot ON baselines (tenant, snapshot);

CREATE TABLE notices (
    tenant     text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    number     bigint NOT NULL,
    id         text COLLATE "C" NOT NULL,
    channel    text COLLATE "C" NOT NULL,
    cause      text COLLATE "C" NOT NULL,
    state      text   NOT NULL,
    folded     text,
    digest     text COLLATE "C",
    created_at bigint NOT NULL,
    due_at     bigint NOT NULL,
    attempts   bigint NOT NULL,
    tried_at   bigint,
    error      text   NOT NULL,
    body       text   NOT NULL,
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, id)
);

CREATE INDEX notices_waiting ON notices (tenant, due_at) WHERE state = 'pending';
CREATE INDEX notices_in_order ON notices (tenant, channel, cause, number) WHERE state = 'pending';
CREATE INDEX notices_dead ON notices (tenant, channel) WHERE state = 'dead';
CREATE INDEX notices_by_channel ON notices (tenant, channel, created_at);

CREATE TABLE threads (
    tenant  text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    channel text COLLATE "C" NOT NULL,
    cause   text COLLATE "C" NOT NULL,
    settled bigint NOT NULL,
    body    text   NOT NULL,
    PRIMARY KEY (tenant, channel, cause)
);

CREATE INDEX threads_open ON threads (tenant, cause) WHERE settled = 0;

CREATE TABLE causes (
    tenant  text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    finding text COLLATE "C" NOT NULL,
    cause   text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, finding),
    FOREIGN KEY (tenant, finding) REFERENCES findings (tenant, id) ON DELETE CASCADE
);

CREATE INDEX causes_by_cause ON causes (tenant, cause);

CREATE TABLE acknowledgements (
    tenant  text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    finding text COLLATE "C" NOT NULL,
    body    text NOT NULL,
    PRIMARY KEY (tenant, finding),
    FOREIGN KEY (tenant, finding) REFERENCES findings (tenant, id) ON DELETE CASCADE
);

CREATE TABLE expiries (
    tenant text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    id     text COLLATE "C" NOT NULL,
    body   text NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE told (
    tenant text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    mark   text COLLATE "C" NOT NULL,
    at     bigint NOT NULL,
    PRIMARY KEY (tenant, mark)
);

CREATE TABLE schedules (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    name     text COLLATE "C" NOT NULL,
    began_at bigint NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE runs (
    tenant     text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    id         bigint NOT NULL,
    schedule   text COLLATE "C" NOT NULL,
    due_at     bigint NOT NULL,
    started_at bigint NOT NULL,
    ended_at   bigint,
    outcome    text,
    snapshot   bigint,
    note       text   NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX runs_by_schedule ON runs (tenant, schedule, due_at);

CREATE TABLE breakers (
    tenant     text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    channel    text COLLATE "C" NOT NULL,
    failures   bigint NOT NULL,
    open_until bigint,
    PRIMARY KEY (tenant, channel)
);

CREATE TABLE reviews (
    tenant     text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    name       text COLLATE "C" NOT NULL,
    snapshot   bigint NOT NULL,
    started_at bigint NOT NULL,
    body       text   NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE review_rows (
    tenant text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    review text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    row    text COLLATE "C" NOT NULL,
    asked  text   NOT NULL,
    body   text   NOT NULL,
    PRIMARY KEY (tenant, review, number),
    UNIQUE (tenant, review, row),
    FOREIGN KEY (tenant, review) REFERENCES reviews (tenant, name) ON DELETE CASCADE
);

CREATE TABLE review_decisions (
    tenant      text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    number      bigint NOT NULL,
    review      text COLLATE "C" NOT NULL,
    row         text COLLATE "C" NOT NULL,
    recorded_at bigint NOT NULL,
    body        text   NOT NULL,
    PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant, review, row) REFERENCES review_rows (tenant, review, row) ON DELETE CASCADE
);

CREATE INDEX review_decisions_by_row ON review_decisions (tenant, review, row, number);

-- What a scan under way has read. It is of no use once the scan is kept.
CREATE TABLE journal_shapes (
    tenant text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    name   text NOT NULL,
    PRIMARY KEY (tenant)
);

CREATE TABLE journal_sources (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    name     text COLLATE "C" NOT NULL,
    run      bigint NOT NULL,
    began_at bigint NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE journal_pages (
    tenant  text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    walk    bytea  NOT NULL,
    number  bigint NOT NULL,
    source  text COLLATE "C" NOT NULL,
    read_at bigint NOT NULL,
    body    bytea  NOT NULL,
    PRIMARY KEY (tenant, walk, number)
);

CREATE INDEX journal_pages_by_source ON journal_pages (tenant, source);

-- How far a store has been copied into this one. As long as there is a row, it is not whole and is used for nothing else.
CREATE TABLE copying (
    tenant     text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    name       text COLLATE "C" NOT NULL,  -- the table; '' says what is copied
    rows_done  bigint NOT NULL,
    said       text   NOT NULL,            -- the digest of the rows so far; of '', of the store that is copied
    PRIMARY KEY (tenant, name)
);

-- Nobody sees a row of another tenant, not even the owner of the tables.
DO $$
DECLARE
    one regclass;
BEGIN
    FOR one IN SELECT c.oid::regclass FROM pg_class AS c
        WHERE c.relnamespace = 'keyroll'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT IN ('versions')
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', one);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', one);
        EXECUTE format('CREATE POLICY own_tenant ON %s USING (tenant = current_setting(''keyroll.tenant''))', one);
    END LOOP;
END
$$;

-- Makes the parts that a scan is written into, before it is. Parts are made apart and then attached, which does not wait for
-- whoever reads. Done with the rights of the owner, so that who writes scans need not be able to make tables.
CREATE FUNCTION make_room(scan bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = keyroll, pg_temp AS $$
DECLARE
    whose text := current_setting('keyroll.tenant');
    which bigint;
    this bigint;
    base text;
    part text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM tenants WHERE tenant = whose) THEN
        PERFORM pg_advisory_xact_lock(hashtext('keyroll tenants'));
        -- Numbers are given across tenants, so they come from the catalogue and not from rows that others cannot see.
        SELECT count(*) + 1 INTO which FROM pg_class
            WHERE relnamespace = 'keyroll'::regnamespace AND relname ~ '^resources_[0-9]+$';
        INSERT INTO tenants VALUES (whose, which) ON CONFLICT DO NOTHING;
        IF FOUND THEN
            FOREACH base IN ARRAY ARRAY['resources', 'carried'] LOOP
                part := base || '_' || which;
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) '
                    'PARTITION BY LIST (last_snapshot)', part, base);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', base, part, whose);
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES IN (NULL)', part || '_now', part);
                EXECUTE format('CREATE UNIQUE INDEX ON %I (tenant, id) INCLUDE (digest)', part || '_now');
            END LOOP;
            FOREACH base IN ARRAY ARRAY['past_findings'] LOOP
                part := base || '_' || which;
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS) PARTITION BY RANGE (last_snapshot)', part, base);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', base, part, whose);
            END LOOP;
            FOREACH base IN ARRAY ARRAY['ledger', 'changes', 'tallies', 'waiver_uses', 'transitions'] LOOP
                part := base || '_' || which;
                EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS) PARTITION BY RANGE (snapshot)', part, base);
                EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', base, part, whose);
            END LOOP;
        END IF;
    END IF;
    SELECT number INTO STRICT which FROM tenants WHERE tenant = whose;
    -- What ends with this scan, ends with the scan before it.
    FOREACH this IN ARRAY ARRAY[(scan - 1) / 100, scan / 100] LOOP
        CONTINUE WHEN EXISTS (SELECT 1 FROM eras WHERE tenant = whose AND era = this);
        PERFORM pg_advisory_xact_lock(hashtext('keyroll tenants'));
        INSERT INTO eras VALUES (whose, this) ON CONFLICT DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        FOREACH base IN ARRAY ARRAY['resources', 'carried'] LOOP
            part := base || '_' || which;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part || '_' || this, base);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%s)', part, part || '_' || this,
                (SELECT string_agg(n::text, ', ') FROM generate_series(this * 100, this * 100 + 99) AS n));
        END LOOP;
        FOREACH base IN ARRAY ARRAY['past_findings', 'ledger', 'changes', 'tallies', 'waiver_uses', 'transitions'] LOOP
            part := base || '_' || which;
            EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', part || '_' || this, base);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', part, part || '_' || this,
                this * 100, this * 100 + 100);
        END LOOP;
    END LOOP;
END
$$;

-- Drops the parts whose last scan is over before the first one that is kept, if some scans are taken out: nothing in them is
-- needed by a scan that stays. Gives back how many rows of resources and findings went. What findings went through stays.
CREATE FUNCTION drop_parts(taken_out bigint[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = keyroll, pg_temp AS $$
DECLARE
    whose text := current_setting('keyroll.tenant');
    which bigint;
    this bigint;
    base text;
    part text;
    there bigint;
    went bigint := 0;
    kept bigint;
BEGIN
    SELECT min(id) INTO kept FROM snapshots WHERE tenant = whose AND id <> ALL (taken_out);
    SELECT number INTO which FROM tenants WHERE tenant = whose;
    FOR this IN SELECT era FROM eras WHERE tenant = whose AND era * 100 + 99 < kept ORDER BY era LOOP
        FOREACH base IN ARRAY ARRAY['resources', 'carried', 'past_findings', 'ledger', 'changes', 'tallies', 'waiver_uses'] LOOP
            part := base || '_' || which || '_' || this;
            CONTINUE WHEN to_regclass(format('keyroll.%I', part)) IS NULL;
            IF base IN ('resources', 'carried', 'past_findings') THEN
                EXECUTE format('SELECT count(*) FROM %I', part) INTO there;
                went := went + there;
            END IF;
            EXECUTE format('DROP TABLE %I', part);
        END LOOP;
    END LOOP;
    RETURN went;
END
$$;

-- Gives the roles that `roles.sql` makes what each of them needs, as far as they are there.
CREATE FUNCTION hand_out_rights() RETURNS void LANGUAGE plpgsql SET search_path = keyroll, pg_temp AS $$
DECLARE
    one regclass;
    writes boolean := EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'keyroll_writer');
    reads boolean := EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'keyroll_reader');
BEGIN
    FOR one IN SELECT c.oid::regclass FROM pg_class AS c
        WHERE c.relnamespace = 'keyroll'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    LOOP
        IF reads THEN
            EXECUTE format('GRANT SELECT ON %s TO keyroll_reader', one);
        END IF;
        IF writes AND one::text ~ '(versions|tenants|eras)$' THEN
            EXECUTE format('GRANT SELECT ON %s TO keyroll_writer', one);
        ELSIF writes THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO keyroll_writer', one);
        END IF;
    END LOOP;
    IF reads THEN
        GRANT USAGE ON SCHEMA keyroll TO keyroll_reader;
    END IF;
    IF writes THEN
        GRANT USAGE ON SCHEMA keyroll TO keyroll_writer;
        GRANT EXECUTE ON FUNCTION make_room(bigint), drop_parts(bigint[]) TO keyroll_writer;
    END IF;
END
$$;

REVOKE EXECUTE ON FUNCTION make_room(bigint), drop_parts(bigint[]), hand_out_rights() FROM PUBLIC;
