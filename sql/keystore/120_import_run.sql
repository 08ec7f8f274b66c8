-- Copyright (C) the Pupil authors
--
-- The runs of imports that have written something, in their order: which of
-- them are undone is not the data database's word, which may be an old one
-- (I18).  people and images: how many there are in pupil.import_image, once a
-- run is done.  A row goes when recovery is over.
--
-- compatible_from: 10

CREATE TABLE keystore.import_run (
    tenant    uuid NOT NULL,
    run       uuid NOT NULL,
    number    bigint GENERATED ALWAYS AS IDENTITY,
    source    text NOT NULL CHECK (octet_length(source) <= 64),
    state     text NOT NULL DEFAULT 'begun'
              CHECK (state IN ('begun', 'done', 'undoing', 'undone')),
    begun_at  timestamptz NOT NULL DEFAULT now(),
    ended_at  timestamptz,
    people    integer,
    images    integer,
    PRIMARY KEY (tenant, run)
);
ALTER TABLE keystore.import_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.import_run FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.import_run
    TO pupil_operator, CURRENT_USER
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT, INSERT (tenant, run, source), DELETE,
      UPDATE (state, ended_at, people, images)
   ON keystore.import_run TO pupil_operator;


CREATE FUNCTION keystore.forget_imports() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM keystore.import_run AS r WHERE r.tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_imports AFTER INSERT ON keystore.gone
    FOR EACH ROW EXECUTE FUNCTION keystore.forget_imports();

REVOKE ALL ON FUNCTION keystore.forget_imports() FROM PUBLIC;
