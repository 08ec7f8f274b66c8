-- Copyright (C) the Pupil authors
--
-- Where a subject logged in from: one record a log-in, for 30 days.

CREATE TABLE data.network (
    tenant       uuid NOT NULL,
    owner        uuid NOT NULL,
    record       uuid NOT NULL,
    key_version  integer NOT NULL,
    source       text NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    address      bytea,
    seen_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant, owner, record)
);

SELECT pupil.protect('network');
