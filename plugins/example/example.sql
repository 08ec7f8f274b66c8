-- Copyright (C) the Pupil authors
--
-- The subjects of interest that somebody has chosen.

CREATE TABLE data.example (
    tenant              uuid NOT NULL,
    owner               uuid NOT NULL,
    record              uuid NOT NULL CHECK (record = owner),
    key_version         integer NOT NULL,
    source              text NOT NULL,
    updated_at          timestamptz NOT NULL DEFAULT now(),
    favourite_subjects  bytea,
    chosen_on           date,
    PRIMARY KEY (tenant, owner, record)
);

SELECT pupil.protect('example');
