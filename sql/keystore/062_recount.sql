-- Copyright (C) the Pupil authors
--
-- Holes are counted anew when the sealer begins: workers go by the count, which
-- somebody may have changed beside the list.
--
-- compatible_from: 10

CREATE FUNCTION keystore.recount_holes() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('holes ' || this, 0));

    INSERT INTO keystore.hole_count AS c (tenant, holes)
    SELECT this, count(*) FROM keystore.hole AS h
     WHERE h.tenant = this AND h.acknowledged_at IS NULL
    HAVING count(*) > 0 OR EXISTS (
           SELECT FROM keystore.hole_count AS k WHERE k.tenant = this)
        ON CONFLICT (tenant) DO UPDATE SET holes = EXCLUDED.holes
     WHERE c.holes <> EXCLUDED.holes;

    IF FOUND THEN
        PERFORM keystore.tell_mark();
    END IF;
END $$;
REVOKE ALL ON FUNCTION keystore.recount_holes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.recount_holes() TO pupil_operator;
