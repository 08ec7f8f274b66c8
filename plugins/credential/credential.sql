-- Copyright (C) the Pupil authors
--
-- What a subject proves itself with.  The blind indexes of login_id and
-- external_id are in pupil.blind_index.

CREATE TABLE data.credential (
    tenant         uuid NOT NULL,
    owner          uuid NOT NULL,
    record         uuid NOT NULL CHECK (record = owner),
    key_version    integer NOT NULL,
    source         text NOT NULL,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    login_id       bytea,
    password_hash  bytea,
    second_factor  bytea,
    external_id    bytea,
    PRIMARY KEY (tenant, owner, record)
);

SELECT pupil.protect('credential');
