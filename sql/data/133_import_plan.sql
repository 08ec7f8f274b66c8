-- Copyright (C) the Pupil authors
--
-- Plans of imports: the roster, sealed in parts under a key that the key store
-- has as long as the plan may be applied; and what it does, as a signed note,
-- in counts, which is of nobody.
--
-- compatible_from: 16

CREATE TABLE pupil.import_plan (
    tenant   uuid NOT NULL,
    id       uuid NOT NULL,
    plan     text NOT NULL,
    made_at  timestamptz NOT NULL DEFAULT now(),
    note     text NOT NULL CHECK (octet_length(note) <= 16384),
    mac      bytea NOT NULL CHECK (octet_length(mac) = 32),
    PRIMARY KEY (tenant, id)
);
SELECT pupil.isolate('pupil.import_plan');
GRANT SELECT, INSERT, DELETE ON pupil.import_plan TO pupil_operator;

CREATE TABLE pupil.import_part (
    tenant  uuid NOT NULL,
    id      uuid NOT NULL,
    part    integer NOT NULL CHECK (part > 0),
    sealed  bytea NOT NULL,
    PRIMARY KEY (tenant, id, part)
);
SELECT pupil.isolate('pupil.import_part');
GRANT SELECT, INSERT, DELETE ON pupil.import_part TO pupil_operator;
