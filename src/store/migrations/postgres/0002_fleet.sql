-- Runs whose sources are read by several machines. What is here is of use until the run is over.

-- A run that is shared: what it was begun with, so that nobody adds to it who would read or judge otherwise.
CREATE TABLE shared_runs (
    tenant   text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    run      bigint NOT NULL,
    after    bigint,                     -- the latest scan when it began; NULL: there was none
    mark     text   NOT NULL,            -- the digest of the configuration, the rules and the program
    judge_at bigint NOT NULL,            -- when it is judged, whatever has been read by then
    sources  text   NOT NULL,            -- JSON: their names
    PRIMARY KEY (tenant, run),
    FOREIGN KEY (tenant, run) REFERENCES runs (tenant, id) ON DELETE CASCADE
);

-- What one source showed, in pieces. Piece 0 is its ledger, written in one transaction with all the others.
CREATE TABLE shares (
    tenant text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    run    bigint NOT NULL,
    source text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    body   text   NOT NULL,
    PRIMARY KEY (tenant, run, source, number),
    FOREIGN KEY (tenant, run) REFERENCES shared_runs (tenant, run) ON DELETE CASCADE
);

-- What was learned of the limit of a host, for whoever asks it next.
CREATE TABLE budgets (
    tenant text COLLATE "C" NOT NULL DEFAULT current_setting('keyroll.tenant'),
    name   text COLLATE "C" NOT NULL,
    body   text NOT NULL,
    PRIMARY KEY (tenant, name)
);

DO $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['shared_runs', 'shares', 'budgets'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one);
        EXECUTE format('CREATE POLICY own_tenant ON %I USING (tenant = current_setting(''keyroll.tenant''))', one);
    END LOOP;
    -- The queue lies in a schema of its own, which `graphile_worker` brings into shape.
    IF to_regnamespace('keyroll_queue') IS NULL THEN
        IF NOT has_database_privilege(current_database(), 'CREATE') THEN
            RAISE insufficient_privilege USING MESSAGE = 'the schema `keyroll_queue` is missing',
                HINT = 'run what `keyroll store roles` prints once more, as the administrator of the database';
        END IF;
        CREATE SCHEMA keyroll_queue;
    END IF;
END
$$;

-- Whoever writes scans takes jobs too. The library leaves it to us who sees its rows.
CREATE FUNCTION hand_out_rights_to_queue() RETURNS void LANGUAGE plpgsql SET search_path = keyroll, pg_temp AS $$
DECLARE
    one regclass;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'keyroll_writer') THEN
        RETURN;
    END IF;
    GRANT USAGE ON SCHEMA keyroll_queue TO keyroll_writer;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA keyroll_queue TO keyroll_writer;
    IF to_regclass('keyroll_queue.migrations') IS NOT NULL THEN
        REVOKE INSERT, UPDATE, DELETE ON keyroll_queue.migrations FROM keyroll_writer;
    END IF;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA keyroll_queue TO keyroll_writer;
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA keyroll_queue TO keyroll_writer;
    FOR one IN SELECT c.oid::regclass FROM pg_class AS c
        WHERE c.relnamespace = 'keyroll_queue'::regnamespace AND c.relrowsecurity
          AND NOT EXISTS (SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'who_writes')
    LOOP
        EXECUTE format('CREATE POLICY who_writes ON %s TO keyroll_writer USING (true)', one);
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION hand_out_rights_to_queue() FROM PUBLIC;
