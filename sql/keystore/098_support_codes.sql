-- Copyright (C) the Pupil authors
--
-- A code by which somebody lets support in is good once, whatever somebody puts
-- back in the data database: that it was used is kept among the sessions that
-- have ended, by its hash, until the grant would have run out.  So is the end of
-- a grant.
--
-- compatible_from: 10

-- True: the person is there, the grant was made by a session that counts, it
-- was not ended, and this is the first use of its code.
CREATE FUNCTION keystore.redeem(whom uuid, number integer, support_grant bytea,
                                code bytea, until timestamptz)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    IF NOT EXISTS (SELECT FROM keystore.owner_key AS k
                    WHERE k.tenant = this AND k.owner = redeem.whom
                      AND k.state = 'active')
       OR EXISTS (SELECT FROM keystore.floor AS f
                   WHERE f.tenant = this AND f.subject = redeem.whom
                     AND f.session > redeem.number)
       OR EXISTS (SELECT FROM keystore.ended AS e
                   WHERE e.tenant = this
                     AND e.token_hash = redeem.support_grant)
    THEN
        RETURN false;
    END IF;

    INSERT INTO keystore.ended (tenant, token_hash, until)
    SELECT this, redeem.code, redeem.until
     WHERE octet_length(redeem.code) = 32
    ON CONFLICT DO NOTHING;

    RETURN FOUND;
END $$;

REVOKE ALL ON FUNCTION keystore.redeem(uuid, integer, bytea, bytea,
    timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.redeem(uuid, integer, bytea, bytea,
    timestamptz) TO pupil_keeper;
