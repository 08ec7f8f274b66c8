-- Copyright (C) the Pupil authors
--
-- What counts once stays used, whatever somebody puts back in the data database,
-- or deletes there: it is kept among the sessions that have ended, by a hash,
-- until it would count no more anyway.
--
-- compatible_from: 10

-- True: the first of these was not used yet.  All of them are used from the
-- commit of this on.
CREATE FUNCTION keystore.spend(these bytea[], until timestamptz)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    fresh boolean;
BEGIN
    -- in one order, so that of two the second waits
    WITH used AS (
        INSERT INTO keystore.ended (tenant, token_hash, until)
        SELECT this, h.hash, spend.until
          FROM unnest(spend.these) AS h (hash)
         WHERE octet_length(h.hash) = 32
         ORDER BY h.hash
        ON CONFLICT DO NOTHING RETURNING token_hash)
    SELECT EXISTS (SELECT FROM used AS u WHERE u.token_hash = spend.these[1])
      INTO fresh;

    DELETE FROM keystore.ended AS e WHERE e.tenant = this
       AND e.token_hash IN (SELECT o.token_hash FROM keystore.ended AS o
                             WHERE o.tenant = this AND o.until < now()
                             ORDER BY o.until LIMIT 8
                               FOR UPDATE SKIP LOCKED);

    RETURN fresh;
END $$;

REVOKE ALL ON FUNCTION keystore.spend(bytea[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.spend(bytea[], timestamptz)
    TO pupil_keeper;
