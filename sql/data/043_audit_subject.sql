-- Copyright (C) the Pupil authors
--
-- Who looked: what finds the sealed events of a person, written by the sealer,
-- as an index on the audit itself would cost each access.  It proves nothing:
-- `pupilctl audit verify` makes it anew from the records and says what it lacks
-- or has too much, and `pupilctl audit index` writes it again.
--
-- A sealer from before this writes none of it: `pupilctl audit index`, once,
-- for what is sealed already.
--
-- compatible_from: 16

-- An event stands under each of its subjects, and under its actor where it is
-- about the actor.  at, writer, number: those of its record, which is found by
-- its time.  event, leaf: in the log; leaf is that by which it is proved to
-- this person, NULL where each leaf is another's.  By months, as the audit is,
-- so that both go together.
CREATE TABLE pupil.audit_subject (
    tenant   uuid NOT NULL,
    subject  uuid NOT NULL,
    at       timestamptz NOT NULL,
    writer   bigint NOT NULL,
    number   bigint NOT NULL,
    event    bigint NOT NULL,
    leaf     bigint,
    PRIMARY KEY (tenant, subject, at, writer, number)
) PARTITION BY RANGE (at);
SELECT pupil.isolate('pupil.audit_subject');
GRANT SELECT, INSERT, DELETE ON pupil.audit_subject TO pupil_operator;


-- As in 002_audit.sql, of both; a month that the audit had before has one here.
CREATE OR REPLACE FUNCTION pupil.audit_partitions(ahead integer DEFAULT 13)
    RETURNS timestamptz LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    month date := date_trunc('month', now() AT TIME ZONE 'UTC');
    part record;
BEGIN
    FOR i IN 0 .. ahead LOOP
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS pupil.%I PARTITION OF'
            ' pupil.audit_record FOR VALUES FROM (%L) TO (%L)',
            to_char(month, '"audit_record_"YYYY_MM'),
            month::timestamp AT TIME ZONE 'UTC',
            (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
        month := month + interval '1 month';
    END LOOP;

    FOR part IN SELECT replace(c.relname, 'record', 'subject') AS name,
                       pg_get_expr(c.relpartbound, c.oid) AS bounds
                  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'pupil.audit_record'::regclass
    LOOP
        EXECUTE format('CREATE TABLE IF NOT EXISTS pupil.%I PARTITION OF'
                       ' pupil.audit_subject %s', part.name, part.bounds);
    END LOOP;

    RETURN month::timestamp AT TIME ZONE 'UTC';
END $$;

SELECT pupil.audit_partitions();
