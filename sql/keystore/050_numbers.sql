-- Copyright (C) the Pupil authors
--
-- A run that revokes signs what somebody keeps before it is certain that it will
-- end: under a number that no other run had or will have.  So what a run has
-- signed that failed is below the floor that the next one raises, and whoever
-- saw it has nothing (invariant I18).  Of a run that failed before this
-- migration that is not so: what it signed counts at the first floor after it.
--
-- Workers raise no floor.  A pupilctl of before takes no number, and the floors
-- that it would raise are refused.
--
-- compatible_from: 10

-- The highest number that was given; 0 until the first.
ALTER TABLE keystore.floor
    ADD COLUMN session_given integer NOT NULL DEFAULT 0,
    ADD COLUMN credential_given integer NOT NULL DEFAULT 0,
    ADD COLUMN authority_given integer NOT NULL DEFAULT 0;

CREATE TRIGGER given_once BEFORE UPDATE ON keystore.floor
    FOR EACH ROW WHEN (NEW.session_given < OLD.session_given
                       OR NEW.credential_given < OLD.credential_given
                       OR NEW.authority_given < OLD.authority_given)
    EXECUTE FUNCTION keystore.never_back();


-- Which floor, or an error.
CREATE FUNCTION keystore.floor_named(floor text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF floor IN ('session', 'credential', 'authority') THEN
        RETURN floor;
    END IF;

    RAISE EXCEPTION 'there is no floor %', floor
          USING ERRCODE = 'invalid_parameter_value';
END $$;


-- The rows of subjects, made and locked in the order of their ids, so that two
-- of these wait and do not lock up.
CREATE FUNCTION keystore.lock_floors(subjects uuid[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    INSERT INTO keystore.floor (tenant, subject)
    SELECT this, s FROM unnest(subjects) AS s ORDER BY s
    ON CONFLICT DO NOTHING;

    PERFORM FROM keystore.floor AS f
      WHERE f.tenant = this AND f.subject = ANY (subjects)
      ORDER BY f.subject FOR UPDATE;
END $$;


-- A number of a floor for each subject, above all that there were.  It is taken
-- once this is committed, which has to be before anything is signed under it.
CREATE FUNCTION keystore.give_numbers(subjects uuid[], floor text)
    RETURNS TABLE (subject uuid, number integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    this  CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    named CONSTANT text := keystore.floor_named(give_numbers.floor);
BEGIN
    PERFORM keystore.lock_floors(subjects);

    RETURN QUERY
        UPDATE keystore.floor AS f
           SET session_given = CASE named WHEN 'session'
                   THEN 1 + greatest(f.session, f.session_given)
                   ELSE f.session_given END,
               credential_given = CASE named WHEN 'credential'
                   THEN 1 + greatest(f.credential, f.credential_given)
                   ELSE f.credential_given END,
               authority_given = CASE named WHEN 'authority'
                   THEN 1 + greatest(f.authority, f.authority_given)
                   ELSE f.authority_given END
         WHERE f.tenant = this AND f.subject = ANY (subjects)
        RETURNING f.subject, CASE named WHEN 'session' THEN f.session_given
                                  WHEN 'credential' THEN f.credential_given
                                  ELSE f.authority_given END;
END $$;


-- Raises a floor of each subject to a number that was given, the highest where
-- there are several; again is no harm, so that whoever finds a revocation
-- unfinished can finish it.  Where another run took a number since, what it has
-- signed is not known to be what this one left, and where a floor is above, not
-- what was signed under that: it then rises above all, and what any of them kept
-- has to be given again.  That is for whoever gets around the lock of the
-- subject's row in the data database, by which such runs wait for each other.
-- Workers listen: up to a hundred subjects are named, more end all that is
-- cached.
CREATE OR REPLACE FUNCTION keystore.raise(subjects uuid[], floor text,
                                          expected integer[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this  CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    named CONSTANT text := keystore.floor_named(raise.floor);
    many  CONSTANT boolean := cardinality(subjects) > 100;
BEGIN
    PERFORM keystore.lock_floors(subjects);

    PERFORM FROM unnest(subjects, expected) AS e (subject, number)
       JOIN keystore.floor AS f ON f.tenant = this AND f.subject = e.subject
      WHERE e.number > CASE named
                WHEN 'session' THEN greatest(f.session, f.session_given)
                WHEN 'credential'
                    THEN greatest(f.credential, f.credential_given)
                ELSE greatest(f.authority, f.authority_given) END;
    IF FOUND THEN
        RAISE EXCEPTION 'a floor rises to a number that was given'
              USING ERRCODE = 'check_violation';
    END IF;

    UPDATE keystore.floor AS f
       SET session = CASE named WHEN 'session'
               THEN r.number ELSE f.session END,
           credential = CASE named WHEN 'credential'
               THEN r.number ELSE f.credential END,
           authority = CASE named WHEN 'authority'
               THEN r.number ELSE f.authority END,
           session_given = greatest(f.session_given,
               CASE named WHEN 'session' THEN r.number END),
           credential_given = greatest(f.credential_given,
               CASE named WHEN 'credential' THEN r.number END),
           authority_given = greatest(f.authority_given,
               CASE named WHEN 'authority' THEN r.number END),
           raised_at = now(), raised_by = session_user
      FROM (SELECT e.subject, CASE WHEN e.number = n.now THEN n.now
                   WHEN e.number < n.given THEN n.given + 1
                   ELSE e.number END AS number
              FROM (SELECT u.subject, max(u.number) AS number
                      FROM unnest(subjects, expected) AS u (subject, number)
                     GROUP BY u.subject) AS e
              JOIN keystore.floor AS o
                ON o.tenant = this AND o.subject = e.subject
             CROSS JOIN LATERAL (SELECT
                   CASE named WHEN 'session' THEN o.session
                       WHEN 'credential' THEN o.credential
                       ELSE o.authority END AS now,
                   CASE named WHEN 'session' THEN o.session_given
                       WHEN 'credential' THEN o.credential_given
                       ELSE o.authority_given END AS given) AS n) AS r
     WHERE f.tenant = this AND f.subject = r.subject;

    IF many THEN
        PERFORM pg_notify('pupil_keystore', 'tenant ' || this);
    ELSE
        PERFORM pg_notify('pupil_keystore', 'floor ' || this || ' ' || s)
           FROM unnest(subjects) AS s;
    END IF;
END $$;


REVOKE ALL ON FUNCTION keystore.floor_named(text),
    keystore.lock_floors(uuid[]), keystore.give_numbers(uuid[], text)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.give_numbers(uuid[], text)
    TO pupil_operator;
