-- Copyright (C) the Pupil authors
--
-- compatible_from: 11
--
-- Floors (sql/keystore/011_floors.sql).  A row that authorises names the
-- number that it was written under in its mac: four bytes behind the keyed
-- hash, which covers them; none for 0, which is what all rows have that are
-- older than this.  So no row changes here.  A program that does not know of
-- numbers takes a row that has one for tampered with, and lets in whom floors
-- keep out.

-- The number that a mac names.
CREATE FUNCTION pupil.mac_number(mac bytea) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN octet_length(mac) = 36 THEN
        get_byte(mac, 32) << 24 | get_byte(mac, 33) << 16
        | get_byte(mac, 34) << 8 | get_byte(mac, 35) ELSE 0 END;


-- Revocations whose rows are written here, and which the key store may not
-- know yet: a session that ended, or floors that rise to these numbers (NULL:
-- not that one).  The row goes when the key store has it, and whoever finds
-- it finishes it.  It has no MAC: what it can bring about is that something
-- ends, which whoever writes it by hand could do without it.
CREATE TABLE pupil.revocation (
    tenant      uuid NOT NULL,
    revocation  uuid NOT NULL,
    subject     uuid NOT NULL,
    token_hash  bytea,
    until       timestamptz,
    session     integer,
    credential  integer,
    authority   integer,
    opened_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, revocation),
    CHECK ((token_hash IS NULL) = (until IS NULL)),
    CHECK (num_nonnulls(token_hash, session, credential, authority) > 0)
);
CREATE INDEX revocation_subject ON pupil.revocation (tenant, subject);
SELECT pupil.isolate('pupil.revocation');
GRANT SELECT, INSERT, DELETE ON pupil.revocation
    TO pupil_gateway, pupil_operator;
