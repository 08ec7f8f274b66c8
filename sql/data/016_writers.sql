-- Copyright (C) the Pupil authors
--
-- Audit records that their writer numbers and authenticates.  A writer is an
-- incarnation of a worker, or a run of pupilctl; its numbers have no gap for a
-- tenant, but for those that a record of role 'gateway' declares.  mac: a keyed
-- hash over all of the record under the tenant's key.  So `pupilctl audit
-- verify` finds what somebody took away, changed or made up.
--
-- A program that does not number what it writes may not use this schema.
--
-- compatible_from: 16

-- NULL: from before this migration.
ALTER TABLE pupil.audit_record
    ADD COLUMN writer bigint, ADD COLUMN number bigint, ADD COLUMN mac bytea;


-- A record is dated by the clock of who writes it, as its MAC covers that.
-- PU003: the clocks differ too much, and nothing is written.
CREATE FUNCTION pupil.clock_differs() RETURNS timestamptz
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the clock of who writes a record differs'
        USING ERRCODE = 'PU003';
END $$;


-- As the gateway inserts them.  Nobody's tenant, and taken back.
DROP FUNCTION pupil.audit_probe();
CREATE FUNCTION pupil.audit_probe(at timestamptz) RETURNS boolean
    LANGUAGE plpgsql AS $$
DECLARE
    stored bigint;
BEGIN
    BEGIN
        INSERT INTO pupil.audit_record (tenant, request, role, shape, policy,
                                        outcome, at, writer, number, mac)
        VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff',
                '00000000-0000-0000-0000-000000000000', 'none', '', '',
                'allowed', audit_probe.at, 0, 0, '');
        GET DIAGNOSTICS stored = ROW_COUNT;
        RAISE EXCEPTION USING ERRCODE = 'PU002';
    EXCEPTION WHEN SQLSTATE 'PU002' THEN
        NULL;
    END;

    PERFORM pg_catalog.pg_logical_emit_message(true, 'pupil', '');

    RETURN stored = 1;
END $$;
