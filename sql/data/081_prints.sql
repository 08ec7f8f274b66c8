-- Copyright (C) the Pupil authors
--
-- Fingerprints of a person's roster rows stay as long as the account: they are
-- all that tells another child with a used id, and whom a roster closed from
-- whom somebody else has.  An erasure deletes them.
--
-- compatible_from: 16

DROP FUNCTION pupil.sweep();
CREATE FUNCTION pupil.sweep() RETURNS TABLE (sessions bigint, failures bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH s AS (DELETE FROM pupil.session AS s
        WHERE s.tenant = pupil.current_tenant() AND s.expires_at < now()
        RETURNING 1),
    f AS (DELETE FROM pupil.login_throttle AS t
        WHERE t.tenant = pupil.current_tenant()
          AND t.last_at < now() - interval '1 day' RETURNING 1)
    SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM f)
$$;

REVOKE ALL ON FUNCTION pupil.sweep() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pupil.sweep() TO pupil_operator;
