-- Copyright (C) the Pupil authors
--
-- What a teacher says of a pupil's homework.  The record's id is that of the
-- homework, so that a pupil has one of each.

CREATE TABLE data.assessment (
    tenant       uuid NOT NULL,
    owner        uuid NOT NULL,
    record       uuid NOT NULL CHECK (record = homework_id),
    key_version  integer NOT NULL,
    source       text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    homework_id  uuid NOT NULL,
    class_id     uuid NOT NULL,
    assessed_by  uuid NOT NULL,
    points       bytea,
    comment      bytea,
    returned_at  timestamptz,
    PRIMARY KEY (tenant, owner, record)
);

SELECT pupil.protect('assessment');
