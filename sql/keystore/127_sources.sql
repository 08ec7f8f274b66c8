-- Copyright (C) the Pupil authors
--
-- Under which name the ids of a source are hashed: that which it had when they
-- came, whatever it is called now.  was: what it was called before, as long as
-- its rows are still being renamed.
--
-- By which ids somebody is not known any more, as they were mapped to others:
-- a row of pupil.blind_index that is put back would let a roster of the old
-- system write into the account of whom had the id then (invariant I18).
--
-- compatible_from: 10

CREATE TABLE keystore.source_name (
    tenant  uuid NOT NULL,
    source  text NOT NULL,
    space   text NOT NULL,
    was     text,
    PRIMARY KEY (tenant, source),
    UNIQUE (tenant, space) DEFERRABLE
);

CREATE TABLE keystore.moved_source (
    tenant  uuid NOT NULL,
    term    bytea NOT NULL,
    owner   uuid NOT NULL,
    done    boolean NOT NULL,
    PRIMARY KEY (tenant, term, owner)
);

DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['source_name', 'moved_source'] LOOP
        EXECUTE format('ALTER TABLE keystore.%I ENABLE ROW LEVEL SECURITY',
                       target);
        EXECUTE format('ALTER TABLE keystore.%I FORCE ROW LEVEL SECURITY',
                       target);
        EXECUTE format('CREATE POLICY tenant_isolation ON keystore.%I'
                       ' TO pupil_operator, CURRENT_USER USING (tenant ='
                       ' (SELECT NULLIF(current_setting(''pupil.tenant'','
                       ' true), '''')::uuid))', target);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON keystore.source_name TO pupil_operator;
GRANT UPDATE (space, was) ON keystore.source_name TO pupil_operator;
GRANT SELECT, INSERT, DELETE ON keystore.moved_source TO pupil_operator;
GRANT UPDATE (done) ON keystore.moved_source TO pupil_operator;

CREATE FUNCTION keystore.forget_sources() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM keystore.source_name AS s WHERE s.tenant = NEW.tenant;
    DELETE FROM keystore.moved_source AS m WHERE m.tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_sources AFTER INSERT ON keystore.gone
    FOR EACH ROW EXECUTE FUNCTION keystore.forget_sources();

REVOKE ALL ON FUNCTION keystore.forget_sources() FROM PUBLIC;
