-- Copyright (C) the Pupil authors
--
-- Holes of the sealed audit: batches in which numbers are missing that nobody
-- had declared, and whether an officer has acknowledged that.  They stand where
-- no hand in the data database opens what a hole has shut.
--
-- compatible_from: 10

CREATE TABLE keystore.hole (
    tenant           uuid NOT NULL,
    batch            bigint NOT NULL CHECK (batch > 0),
    missing          integer NOT NULL CHECK (missing > 0),
    found_at         timestamptz NOT NULL DEFAULT now(),
    acknowledged_at  timestamptz,
    reference        text CHECK (reference <> ''),
    PRIMARY KEY (tenant, batch)
);
CREATE INDEX hole_open ON keystore.hole (tenant)
    WHERE acknowledged_at IS NULL;
ALTER TABLE keystore.hole ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.hole FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.hole
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
GRANT SELECT ON keystore.hole TO pupil_operator;


-- How many a tenant has that are not acknowledged: what workers ask for each
-- second, of all tenants, in one row.
CREATE TABLE keystore.hole_count (
    tenant  uuid PRIMARY KEY,
    holes   integer NOT NULL
);
CREATE INDEX hole_count_open ON keystore.hole_count (tenant) WHERE holes > 0;
ALTER TABLE keystore.hole_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.hole_count FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.hole_count
    USING (tenant = (SELECT NULLIF(current_setting('pupil.tenant', true),
                                   '')::uuid));
CREATE POLICY any_tenant ON keystore.hole_count FOR SELECT TO pupil_keeper
    USING (true);
GRANT SELECT ON keystore.hole_count TO pupil_keeper;


-- Counted anew, whoever changes a row; one at a time, as each counts what the
-- one before has committed.  Workers ask at once.
CREATE FUNCTION keystore.count_holes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := coalesce(NEW.tenant, OLD.tenant);
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('holes ' || this, 0));

    INSERT INTO keystore.hole_count AS c (tenant, holes)
    SELECT this, count(*) FROM keystore.hole AS h
     WHERE h.tenant = this AND h.acknowledged_at IS NULL
        ON CONFLICT (tenant) DO UPDATE SET holes = EXCLUDED.holes;

    PERFORM keystore.tell_mark();
    RETURN NULL;
END $$;
CREATE TRIGGER count_holes AFTER INSERT OR UPDATE OR DELETE ON keystore.hole
    FOR EACH ROW EXECUTE FUNCTION keystore.count_holes();


-- Before the batch is committed.  One of that number that was acknowledged was
-- another's, whose database was lost.
CREATE FUNCTION keystore.find_hole(batch bigint, missing integer)
    RETURNS void LANGUAGE sql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO keystore.hole AS h (tenant, batch, missing)
    VALUES (NULLIF(current_setting('pupil.tenant', true), '')::uuid,
            find_hole.batch, find_hole.missing)
        ON CONFLICT (tenant, batch) DO UPDATE
       SET missing = EXCLUDED.missing, found_at = EXCLUDED.found_at,
           acknowledged_at = NULL, reference = NULL
$$;

-- The first one stands.  No row: there is no such hole.
CREATE FUNCTION keystore.acknowledge_hole(batch bigint, reference text)
    RETURNS SETOF keystore.hole LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    UPDATE keystore.hole AS h
       SET acknowledged_at = now(), reference = acknowledge_hole.reference
     WHERE h.tenant = this AND h.batch = acknowledge_hole.batch
       AND h.acknowledged_at IS NULL;

    RETURN QUERY SELECT h.* FROM keystore.hole AS h
     WHERE h.tenant = this AND h.batch = acknowledge_hole.batch;
END $$;


-- They go with the keys of their tenant.
CREATE FUNCTION keystore.forget_holes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM keystore.hole AS h WHERE h.tenant = NEW.tenant;
    DELETE FROM keystore.hole_count AS c WHERE c.tenant = NEW.tenant;
    RETURN NULL;
END $$;
CREATE TRIGGER forget_holes AFTER INSERT ON keystore.gone
    FOR EACH ROW EXECUTE FUNCTION keystore.forget_holes();


REVOKE ALL ON FUNCTION keystore.count_holes(),
    keystore.find_hole(bigint, integer),
    keystore.acknowledge_hole(bigint, text), keystore.forget_holes()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.find_hole(bigint, integer),
    keystore.acknowledge_hole(bigint, text) TO pupil_operator;
