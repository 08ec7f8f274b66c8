-- Copyright (C) the Pupil authors
--
-- Not audited is not answered: what the gateway needs of the database to know
-- that a record is stored, and to see in time that none can be.
--
-- compatible_from: 1


-- A write whose record was not stored must not happen: its statement counts
-- what was stored, and calls this where that is not what was to be.  SQLSTATE
-- PU001 is Pupil's own.
CREATE FUNCTION pupil.not_recorded() RETURNS bigint
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit record was not stored' USING ERRCODE = 'PU001';
END $$;


-- The first instant from now on that no partition covers: now, when today has
-- none, whatever there is later.
CREATE OR REPLACE FUNCTION pupil.audit_covered_until() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE part (since, until) AS MATERIALIZED (
        SELECT (b.bounds)[1]::timestamptz, (b.bounds)[2]::timestamptz
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         CROSS JOIN LATERAL (
               SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid),
                      'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)'))
               AS b (bounds)
         WHERE i.inhparent = 'pupil.audit_record'::regclass
    ), covered (until) AS (
        SELECT now()
         UNION
        SELECT p.until FROM covered c
          JOIN part p ON p.since <= c.until AND p.until > c.until
    )
    SELECT max(until) FROM covered
$$;


-- Can a record be stored, and does a commit return?  Inserts one as the
-- gateway does, with its rights, and takes it back; what is committed is a
-- message in the log of the server that nobody reads.  False: the record was
-- taken away without an error.
CREATE FUNCTION pupil.audit_probe() RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    stored bigint;
BEGIN
    BEGIN
        INSERT INTO pupil.audit_record (tenant, request, role, shape, policy,
                                        outcome)
        VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff',
                '00000000-0000-0000-0000-000000000000', 'none', '', '',
                'allowed');
        GET DIAGNOSTICS stored = ROW_COUNT;
        RAISE EXCEPTION USING ERRCODE = 'PU002';
    EXCEPTION WHEN SQLSTATE 'PU002' THEN
        NULL;
    END;

    PERFORM pg_catalog.pg_logical_emit_message(true, 'pupil', '');

    RETURN stored = 1;
END $$;


-- Of attempts that are throttled one is on record for each bucket and window,
-- or strangers could fill the log.  told_at: the not_before of the window that
-- was recorded last.
ALTER TABLE pupil.login_throttle ADD COLUMN told_at timestamptz;
GRANT UPDATE (told_at) ON pupil.login_throttle TO pupil_gateway;
