-- Copyright (C) the Pupil authors
--
-- Assignments.  Owned, and sealed, by the class.  The teacher who assigned is a
-- pseudonym, so that erasing the teacher leaves the class its text.  Applied
-- again when it changes.

CREATE TABLE IF NOT EXISTS data.homework (
    tenant        uuid NOT NULL,
    owner         uuid NOT NULL,
    record        uuid NOT NULL,
    key_version   integer NOT NULL,
    source        text NOT NULL,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    title         bytea NOT NULL,
    description   bytea,
    exercises     bytea NOT NULL,
    exercise_ids  uuid[] NOT NULL,
    assigned_by   uuid,
    assigned_at   timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    deleted_at    timestamptz,
    PRIMARY KEY (tenant, owner, record)
);

-- Of choices and numbers, by which the gateway scores.
ALTER TABLE data.homework ADD COLUMN IF NOT EXISTS keys bytea;

-- Both lists: the homework of a class by its due date, and a page of it.
CREATE INDEX IF NOT EXISTS homework_due
    ON data.homework (tenant, owner, due_at, record)
    WHERE deleted_at IS NULL;

-- Clients make ids: one is that of one homework of the tenant, as submissions
-- name their homework by it alone.  The record first: no page is read by it.
CREATE UNIQUE INDEX IF NOT EXISTS homework_record
    ON data.homework (record, tenant);

SELECT pupil.protect('homework');


-- Which state of a class's homework is stored: a new random id with each
-- change of what the class owns, so that a worker that has read a class's
-- definitions knows from one row whether they are still those.  Random and not
-- counted: a restored backup, or a row that was deleted by hand, cannot bring
-- back an id that stood for something else.  Its row lock makes the writers of
-- a class wait for each other, so that every snapshot sees the version of just
-- what it sees.
CREATE TABLE IF NOT EXISTS data.homework_version (
    tenant   uuid NOT NULL,
    class    uuid NOT NULL,
    version  uuid NOT NULL,
    PRIMARY KEY (tenant, class)
) WITH (fillfactor = 70);
SELECT pupil.isolate('data.homework_version');
GRANT SELECT, INSERT, UPDATE ON data.homework_version
    TO pupil_gateway, pupil_operator;


-- With the rights, and under the row-level security, of whoever writes: the
-- gateway, an import, an administrator.  Ordered, lest two writers of several
-- classes lock each other out.
CREATE OR REPLACE FUNCTION data.homework_changed() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO data.homework_version (tenant, class, version)
        SELECT c.tenant, c.owner, gen_random_uuid()
          FROM (SELECT DISTINCT tenant, owner FROM changed) AS c
         ORDER BY c.tenant, c.owner
        ON CONFLICT (tenant, class) DO UPDATE SET version = EXCLUDED.version;

    RETURN NULL;
END $$;

-- The title of the class is shown with its homework.
CREATE OR REPLACE FUNCTION data.homework_class_changed() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO data.homework_version (tenant, class, version)
        SELECT c.tenant, c.class, gen_random_uuid()
          FROM (SELECT DISTINCT tenant, class FROM changed) AS c
         ORDER BY c.tenant, c.class
        ON CONFLICT (tenant, class) DO UPDATE SET version = EXCLUDED.version;

    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION data.homework_emptied() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM data.homework_version;

    RETURN NULL;
END $$;

-- An update counts for the class that a row left and for the one it is in now.
DO $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM (VALUES
        ('data.homework', 'homework_changed'),
        ('pupil.class', 'homework_class_changed')) AS f (name, run),
        (VALUES ('insert', 'NEW'), ('delete', 'OLD'), ('update', 'OLD'),
        ('update', 'NEW')) AS e (event, rows)
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER homework_%s_%s'
            ' AFTER %s ON %s REFERENCING %s TABLE AS changed FOR EACH STATEMENT'
            ' EXECUTE FUNCTION data.%s()', t.event, lower(t.rows), t.event,
            t.name, t.rows, t.run);
    END LOOP;
END $$;

CREATE OR REPLACE TRIGGER homework_truncate AFTER TRUNCATE ON data.homework
    FOR EACH STATEMENT EXECUTE FUNCTION data.homework_emptied();
