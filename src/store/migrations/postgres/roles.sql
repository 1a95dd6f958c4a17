-- The three roles of a keyroll store in PostgreSQL, each with no more than it needs. Printed by `keyroll store roles`; run once
-- in the database of the store, by whoever administers it. Running it again changes nothing.
--
--   keyroll_owner    owns the tables and brings them into shape: `keyroll store migrate`. Nothing runs as it from day to day.
--   keyroll_writer   writes scans and what is told of them: scans, the daemon, reviews; takes jobs of the queue. Makes and
--                    drops no tables.
--   keyroll_reader   reads: reports, dashboards.
--
-- None of them can log in. Give each person or program a role of its own that is in one of them:
--
--   CREATE ROLE keyroll_nightly LOGIN PASSWORD '…' IN ROLE keyroll_writer;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['keyroll_owner', 'keyroll_writer', 'keyroll_reader'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
    IF to_regnamespace('keyroll') IS NULL THEN
        CREATE SCHEMA keyroll AUTHORIZATION keyroll_owner;
    END IF;
    -- The jobs that several machines share.
    IF to_regnamespace('keyroll_queue') IS NULL THEN
        CREATE SCHEMA keyroll_queue AUTHORIZATION keyroll_owner;
    END IF;
    REVOKE ALL ON SCHEMA keyroll, keyroll_queue FROM PUBLIC;
    GRANT USAGE ON SCHEMA keyroll TO keyroll_writer, keyroll_reader;
    GRANT USAGE ON SCHEMA keyroll_queue TO keyroll_writer;
    IF to_regprocedure('keyroll.hand_out_rights()') IS NOT NULL THEN
        PERFORM keyroll.hand_out_rights();
    END IF;
    IF to_regprocedure('keyroll.hand_out_rights_to_queue()') IS NOT NULL THEN
        PERFORM keyroll.hand_out_rights_to_queue();
    END IF;
END
$$;
