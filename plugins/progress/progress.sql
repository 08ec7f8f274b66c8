-- Copyright (C) the Pupil authors
--
-- Submissions: what a pupil answered and how it was scored.  The record's id is
-- made by the client, so that a submission which is sent twice is stored once.
--
-- superseded: a later submission of the same exercise exists.  fingerprint:
-- keyed hash of the content, which tells a replay from a conflict.

CREATE TABLE data.progress (
    tenant       uuid NOT NULL,
    owner        uuid NOT NULL,
    record       uuid NOT NULL,
    key_version  integer NOT NULL,
    source       text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    homework_id  uuid NOT NULL,
    class_id     uuid NOT NULL,
    exercise_id  uuid NOT NULL,
    done         boolean NOT NULL,
    answer       bytea NOT NULL,
    result       bytea,
    superseded   boolean NOT NULL DEFAULT false,
    fingerprint  bytea NOT NULL,
    PRIMARY KEY (tenant, owner, record)
);

-- What counts now, of a homework and a pupil, or over the pupils of a class:
-- that without the table.  One index for both, as each is one more that every
-- submission writes.
CREATE INDEX progress_homework
    ON data.progress (tenant, homework_id, owner, exercise_id)
    INCLUDE (done, updated_at)
    WHERE NOT superseded;

SELECT pupil.protect('progress');
