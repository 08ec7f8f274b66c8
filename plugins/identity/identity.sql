-- Copyright (C) the Pupil authors
--
-- Names.  One record a subject.

CREATE TABLE data.identity (
    tenant       uuid NOT NULL,
    owner        uuid NOT NULL,
    record       uuid NOT NULL CHECK (record = owner),
    key_version  integer NOT NULL,
    source       text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    given_name   bytea,
    family_name  bytea,
    PRIMARY KEY (tenant, owner, record)
);

SELECT pupil.protect('identity');
