-- Copyright (C) the Pupil authors
--
-- A code that was used for nothing, as what it is good for could not be written,
-- is taken back by whoever has used it, and by nobody else: what takes it back
-- is known here by its SHA-256 alone.
--
-- compatible_from: 10

ALTER TABLE keystore.ended ADD COLUMN by_whom bytea;

-- As in 138_spend.sql.  by_whom: the SHA-256 of what takes them back, or NULL.
CREATE FUNCTION keystore.spend(these bytea[], until timestamptz, by_whom bytea)
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
        INSERT INTO keystore.ended (tenant, token_hash, until, by_whom)
        SELECT this, h.hash, spend.until, spend.by_whom
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

-- What ended otherwise, or was used by another, stays.
CREATE FUNCTION keystore.unspend(these bytea[], whom bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    DELETE FROM keystore.ended AS e WHERE e.tenant = this
       AND e.token_hash IN (SELECT o.token_hash FROM keystore.ended AS o
                             WHERE o.tenant = this
                               AND o.token_hash = ANY (unspend.these)
                               AND o.by_whom = sha256(unspend.whom)
                             ORDER BY o.token_hash FOR UPDATE);
END $$;

REVOKE ALL ON FUNCTION keystore.spend(bytea[], timestamptz, bytea),
    keystore.unspend(bytea[], bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.spend(bytea[], timestamptz, bytea),
    keystore.unspend(bytea[], bytea) TO pupil_keeper;
