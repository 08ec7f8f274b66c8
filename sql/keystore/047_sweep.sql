-- Copyright (C) the Pupil authors
--
-- What nobody looks at any more: who fetched keys a day ago, and the hashes of
-- sessions that were ended and would have expired by now.
--
-- compatible_from: 10

CREATE FUNCTION keystore.sweep(OUT fetches bigint, OUT ended bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    fetches := keystore.forget_fetches();

    DELETE FROM keystore.ended AS e WHERE e.tenant = this AND e.until < now();
    GET DIAGNOSTICS ended = ROW_COUNT;
END $$;

REVOKE ALL ON FUNCTION keystore.sweep() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.sweep() TO pupil_operator;
