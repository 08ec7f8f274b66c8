-- Copyright (C) the Pupil authors
--
-- The key store knows which numbers were given and have raised no floor: so one
-- that another run has overtaken is told from one that was raised already.  A
-- floor rises above all that were given for the first, whose run may have signed
-- what somebody took out of its sight meanwhile, and stays for the second, whose
-- revocation somebody else finished, or put back (invariant I18).
--
-- Of what a run has left open that was killed before this migration, and that a
-- floor is above of, nothing is known: let `pupilctl work` finish it before.
--
-- compatible_from: 10

-- Each with its floor: 'authority 7'.
ALTER TABLE keystore.floor ADD COLUMN due text[] NOT NULL DEFAULT '{}';

ALTER TABLE keystore.floor NO FORCE ROW LEVEL SECURITY;
UPDATE keystore.floor AS f
   SET due = ARRAY(SELECT concat('session ', n)
                     FROM generate_series(f.session + 1, f.session_given) AS n)
          || ARRAY(SELECT concat('credential ', n)
                     FROM generate_series(f.credential + 1,
                                          f.credential_given) AS n)
          || ARRAY(SELECT concat('authority ', n)
                     FROM generate_series(f.authority + 1,
                                          f.authority_given) AS n)
 WHERE f.session < f.session_given OR f.credential < f.credential_given
    OR f.authority < f.authority_given;
ALTER TABLE keystore.floor FORCE ROW LEVEL SECURITY;


-- As in 050_numbers.sql; the number is due.
CREATE OR REPLACE FUNCTION keystore.give_numbers(subjects uuid[], floor text)
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
                   THEN n.number ELSE f.session_given END,
               credential_given = CASE named WHEN 'credential'
                   THEN n.number ELSE f.credential_given END,
               authority_given = CASE named WHEN 'authority'
                   THEN n.number ELSE f.authority_given END,
               due = f.due || concat(named, ' ', n.number)
          FROM (SELECT o.subject, 1 + CASE named
                           WHEN 'session'
                               THEN greatest(o.session, o.session_given)
                           WHEN 'credential'
                               THEN greatest(o.credential, o.credential_given)
                           ELSE greatest(o.authority, o.authority_given) END
                  FROM keystore.floor AS o
                 WHERE o.tenant = this AND o.subject = ANY (subjects))
               AS n (subject, number)
         WHERE f.tenant = this AND f.subject = n.subject
        RETURNING f.subject, n.number;
END $$;


-- As in 050_numbers.sql, of the numbers that are due; no other raises anything.
-- Where the lowest of them was overtaken the floor rises above all that were
-- given, and none of them is due any more.
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
           due = ARRAY(SELECT d FROM unnest(f.due) AS d
                        WHERE d <> concat(named, ' ', r.lowest)
                          AND (r.lowest = r.number
                               OR split_part(d, ' ', 1) <> named)),
           raised_at = now(), raised_by = session_user
      FROM (SELECT a.subject, a.lowest, CASE WHEN a.lowest < a.given
                   THEN a.given + 1 ELSE a.lowest END AS number
              FROM (SELECT o.subject, min(e.number) AS lowest, min(CASE named
                               WHEN 'session' THEN o.session_given
                               WHEN 'credential' THEN o.credential_given
                               ELSE o.authority_given END) AS given
                      FROM unnest(subjects, expected) AS e (subject, number)
                      JOIN keystore.floor AS o
                        ON o.tenant = this AND o.subject = e.subject
                     WHERE concat(named, ' ', e.number) = ANY (o.due)
                     GROUP BY o.subject) AS a) AS r
     WHERE f.tenant = this AND f.subject = r.subject;

    IF many THEN
        PERFORM pg_notify('pupil_keystore', 'tenant ' || this);
    ELSE
        PERFORM pg_notify('pupil_keystore', 'floor ' || this || ' ' || s)
           FROM unnest(subjects) AS s;
    END IF;
END $$;
