-- Copyright (C) the Pupil authors
--
-- The sealed log: for each tenant a Merkle tree (RFC 6962) over the audit, in
-- tiles (C2SP tlog-tiles), and a row for each batch that was sealed.  Nothing is
-- stored for a leaf: a batch has, of each writer, which numbers it took, in an
-- order that finds an event by its number.  See docs/architecture.md.
--
-- The insert of audit records is not touched.
--
-- compatible_from: 16

-- note: the signed checkpoint of the tree behind the batch, whose leaves are
-- size then.  event: of the tenant, of the first number.  since, until: between
-- which its records are dated.  missing: numbers that nobody had declared.
CREATE TABLE pupil.seal (
    tenant   uuid NOT NULL,
    batch    bigint NOT NULL CHECK (batch > 0),
    event    bigint NOT NULL,
    events   integer NOT NULL,
    size     bigint NOT NULL,
    since    timestamptz NOT NULL,
    until    timestamptz NOT NULL,
    writers  bigint[] NOT NULL,
    firsts   bigint[] NOT NULL,
    lasts    bigint[] NOT NULL,
    missing  integer NOT NULL,
    note     text NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, batch)
);
SELECT pupil.isolate('pupil.seal');
GRANT SELECT, INSERT ON pupil.seal TO pupil_operator;


-- Hashes of 32 bytes, 256 when a tile is whole.
CREATE TABLE pupil.seal_tile (
    tenant  uuid NOT NULL,
    level   smallint NOT NULL,
    tile    bigint NOT NULL,
    hashes  bytea NOT NULL,
    PRIMARY KEY (tenant, level, tile)
);
ALTER TABLE pupil.seal_tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
SELECT pupil.isolate('pupil.seal_tile');
GRANT SELECT, INSERT ON pupil.seal_tile TO pupil_operator;
GRANT UPDATE (hashes) ON pupil.seal_tile TO pupil_operator;


-- How far each writer is sealed.
CREATE TABLE pupil.seal_writer (
    tenant  uuid NOT NULL,
    writer  bigint NOT NULL,
    number  bigint NOT NULL,
    PRIMARY KEY (tenant, writer)
);
SELECT pupil.isolate('pupil.seal_writer');
GRANT SELECT, INSERT ON pupil.seal_writer TO pupil_operator;
GRANT UPDATE (number) ON pupil.seal_writer TO pupil_operator;
