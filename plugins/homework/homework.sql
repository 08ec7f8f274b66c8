-- Copyright (C) the Pupil authors
--
-- Assignments.  Owned, and sealed, by the class.  The teacher who assigned is a
-- pseudonym, so that erasing the teacher leaves the class its text.

CREATE TABLE data.homework (
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

-- Both lists: the homework of a class by its due date, and a page of it.
CREATE INDEX homework_due ON data.homework (tenant, owner, due_at, record)
    WHERE deleted_at IS NULL;

SELECT pupil.protect('homework');
