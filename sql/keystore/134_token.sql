-- Copyright (C) the Pupil authors
--
-- A token to enrol a second factor that a later one took the place of stays so,
-- also where the row of before is put back (invariant I18): the key store knows
-- which is the last that pupilctl has given.
--
-- Whoever enrols by a token is not counted among those who change what they log
-- in with in an hour (066_own.sql), once for each token that pupilctl has
-- given: a school may enrol in a morning.
--
-- compatible_from: 16

ALTER TABLE keystore.floor
    ADD COLUMN token integer NOT NULL DEFAULT 0,
    ADD COLUMN own_token integer NOT NULL DEFAULT 0;

CREATE TRIGGER token_rises BEFORE UPDATE ON keystore.floor
    FOR EACH ROW WHEN (NEW.token < OLD.token
                       OR NEW.own_token < OLD.own_token)
    EXECUTE FUNCTION keystore.never_back();


-- A number for a token, above all that there were, which count no more from the
-- commit of this on.
CREATE FUNCTION keystore.give_token(whom uuid) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    given integer;
BEGIN
    PERFORM keystore.lock_floors(ARRAY[give_token.whom]);

    UPDATE keystore.floor AS f SET token = f.token + 1
     WHERE f.tenant = this AND f.subject = give_token.whom
    RETURNING f.token INTO given;

    RETURN given;
END $$;


-- As in 066_own.sql, by a token, too.
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
               AND f.own_at > now() - interval '1 hour') >= keystore.own_cap()
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


-- As in 066_own.sql: what was not counted is, from here on.
CREATE OR REPLACE FUNCTION keystore.raise_own(whom uuid, session integer,
                                              credential integer)
    RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    UPDATE keystore.floor AS f
       SET session = raise_own.session, credential = raise_own.credential,
           own_raised = raise_own.credential,
           own_token = CASE WHEN f.credential > coalesce(f.own_raised, 0)
               THEN f.own_token ELSE f.token END,
           due = ARRAY(SELECT d.number FROM unnest(f.due) AS d (number)
                        WHERE split_part(d.number, ' ', 2)::integer >
                              CASE split_part(d.number, ' ', 1)
                                  WHEN 'session' THEN raise_own.session
                                  WHEN 'credential' THEN raise_own.credential
                                  ELSE 0 END),
           raised_at = now(), raised_by = session_user
     WHERE f.tenant = this AND f.subject = raise_own.whom
       AND f.session < raise_own.session
       AND f.credential < raise_own.credential
       AND f.own_session >= raise_own.session
       AND f.own_credential >= raise_own.credential
       AND concat('session ', raise_own.session) = ANY (f.due)
       AND concat('credential ', raise_own.credential) = ANY (f.due);

    IF FOUND THEN
        PERFORM pg_notify('pupil_keystore',
                          'floor ' || this || ' ' || raise_own.whom);
        RETURN true;
    END IF;

    RETURN EXISTS (SELECT FROM keystore.floor AS f
                    WHERE f.tenant = this AND f.subject = raise_own.whom
                      AND f.session = raise_own.session
                      AND f.credential = raise_own.credential);
END $$;


REVOKE ALL ON FUNCTION keystore.give_token(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.give_token(uuid) TO pupil_operator;
