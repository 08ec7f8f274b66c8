-- Copyright (C) the Pupil authors
--
-- compatible_from: 10
--
-- Who fetched keys is known for a day (docs/privacy.md).  Whoever asks for keys
-- takes old minutes of the tenant away; pupilctl work does where nobody asks.

-- Of a tenant's, and no more of it than is too old, whoever calls.
CREATE FUNCTION keystore.forget_fetches() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM keystore.fetch AS f
     WHERE f.tenant = NULLIF(current_setting('pupil.tenant', true), '')::uuid
       AND f.minute < clock_timestamp() - interval '1 day';

    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

REVOKE ALL ON FUNCTION keystore.forget_fetches() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.forget_fetches() TO pupil_operator;
