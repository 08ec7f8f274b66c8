-- Copyright (C) the Pupil authors
--
-- How many changed what they log in with in the hour before: not those of a time
-- to come, by a clock that was set back since, or nobody would until it is that
-- time again.
--
-- compatible_from: 10

-- As in 134_token.sql.
CREATE OR REPLACE FUNCTION keystore.give_own(whom uuid)
    RETURNS TABLE (session integer, credential integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    fresh boolean;
BEGIN
    -- each sees those before it
    PERFORM pg_advisory_xact_lock(hashtextextended(this::text, 66));

    IF NOT EXISTS (SELECT FROM keystore.owner_key AS k
                    WHERE k.tenant = this AND k.owner = give_own.whom
                      AND k.state = 'active')
    THEN
        RETURN;
    END IF;

    PERFORM keystore.lock_floors(ARRAY[give_own.whom]);

    SELECT f.credential > coalesce(f.own_raised, 0) OR f.token > f.own_token
      INTO fresh
      FROM keystore.floor AS f
     WHERE f.tenant = this AND f.subject = give_own.whom;

    IF NOT fresh
       AND (SELECT count(*) FROM keystore.floor AS f
             WHERE f.tenant = this AND f.subject <> give_own.whom
               AND f.own_at > now() - interval '1 hour'
               AND f.own_at <= now() + interval '1 minute')
           >= keystore.own_cap()
    THEN
        RETURN;
    END IF;

    RETURN QUERY
        UPDATE keystore.floor AS f
           SET session_given = n.session, own_session = n.session,
               credential_given = n.credential,
               own_credential = n.credential,
               own_at = CASE WHEN fresh THEN f.own_at ELSE now() END,
               due = f.due || concat('session ', n.session)
                           || concat('credential ', n.credential)
          FROM (SELECT 1 + greatest(o.session, o.session_given),
                       1 + greatest(o.credential, o.credential_given)
                  FROM keystore.floor AS o
                 WHERE o.tenant = this AND o.subject = give_own.whom)
               AS n (session, credential)
         WHERE f.tenant = this AND f.subject = give_own.whom
        RETURNING n.session, n.credential;
END $$;


-- As in 066_own.sql.
CREATE OR REPLACE FUNCTION keystore.own_after(whom uuid) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(1, ceil(extract(epoch FROM
               f.own_at + interval '1 hour' - now())))::integer
      FROM keystore.floor AS f
     WHERE f.tenant = NULLIF(current_setting('pupil.tenant', true), '')::uuid
       AND f.subject <> own_after.whom
       AND f.own_at > now() - interval '1 hour'
       AND f.own_at <= now() + interval '1 minute'
     ORDER BY f.own_at DESC OFFSET keystore.own_cap() - 1 LIMIT 1
$$;
