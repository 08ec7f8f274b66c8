-- Copyright (C) the Pupil authors
--
-- What was there before a run of an import changed it, of each account, class
-- and school that it changed, for pupilctl import undo.  image: sealed under
-- the owner's key, so that nobody reads what is left of one once that is
-- erased.  keystore.import_run says which runs there are.  Rows go when their
-- run is undone, or cannot be any more.
--
-- compatible_from: 16

CREATE TABLE pupil.import_image (
    tenant  uuid NOT NULL,
    run     uuid NOT NULL,
    record  uuid NOT NULL,
    owner   uuid NOT NULL,
    image   bytea NOT NULL,
    mac     bytea NOT NULL CHECK (octet_length(mac) = 32),
    PRIMARY KEY (tenant, run, record)
);
CREATE INDEX import_image_owner ON pupil.import_image (tenant, owner, run);
SELECT pupil.isolate('pupil.import_image');
GRANT SELECT, INSERT, DELETE ON pupil.import_image TO pupil_operator;


-- As in 098_support_grants.sql; and the images.
CREATE OR REPLACE FUNCTION pupil.erased_from() RETURNS text[] LANGUAGE sql
    IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY['pupil.role', 'pupil.enrolment', 'pupil.session',
                 'pupil.blind_index', 'pupil.imported', 'pupil.outbox',
                 'pupil.support_grant', 'pupil.notice', 'pupil.import_image']
$$;
