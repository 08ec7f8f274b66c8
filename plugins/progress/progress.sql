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

-- What counts now: of a pupil, and of a homework over the pupils of its class.
-- The second answers the teacher's summary without the table.
CREATE INDEX progress_current
    ON data.progress (tenant, owner, homework_id, exercise_id)
    WHERE NOT superseded;
CREATE INDEX progress_homework
    ON data.progress (tenant, homework_id, owner, exercise_id)
    INCLUDE (done, updated_at)
    WHERE NOT superseded;

SELECT pupil.protect('progress');
