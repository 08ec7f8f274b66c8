-- Copyright (C) the Pupil authors
--
-- How staff are reached.  The blind index of email is in pupil.blind_index.

CREATE TABLE data.contact (
    tenant       uuid NOT NULL,
    owner        uuid NOT NULL,
    record       uuid NOT NULL CHECK (record = owner),
    key_version  integer NOT NULL,
    source       text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    email        bytea,
    PRIMARY KEY (tenant, owner, record)
);

SELECT pupil.protect('contact');
