-- Copyright (C) the Pupil authors
--
-- Who changes their own password revokes the old one and every session that was
-- made with it, so that nobody brings them back by rows of before (invariant
-- I18).  For that a worker takes numbers, and raises floors: of sessions and of
-- the credential, never of authority, and to nothing but what it was given here.
--
-- The key store cannot tell whether a password was looked at.  What whoever gets
-- hold of a worker's role can do is bounded instead: in an hour it shuts out a
-- hundred people and an eighth of the tenant, whose passwords an operator sets
-- anew, and `raised_by` says which role it was.  It brings nothing back, as a
-- floor only rises.
--
-- That bound would lock a school out on the morning when all of it changes first
-- passwords, and these let into nothing else.  A password that pupilctl has set
-- is changed once by its owner, and not counted: its floor is above what a worker
-- has raised.
--
-- compatible_from: 10

-- The last numbers that were given to a worker, and when; the floor of the
-- credential that one raised last.
ALTER TABLE keystore.floor
    ADD COLUMN own_session integer,
    ADD COLUMN own_credential integer,
    ADD COLUMN own_at timestamptz,
    ADD COLUMN own_raised integer;

CREATE INDEX floor_own ON keystore.floor (tenant, own_at)
    WHERE own_at IS NOT NULL;


-- How many people of the tenant in an hour.
CREATE FUNCTION keystore.own_cap() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 100 + coalesce((SELECT s.owners / 8 FROM keystore.size AS s
        WHERE s.tenant = NULLIF(current_setting('pupil.tenant', true),
                                '')::uuid), 0)
$$;


-- A number of each of the two, above all that there were; taken once this is
-- committed.  No row: more have asked than may, or there is no such person.
CREATE FUNCTION keystore.give_own(whom uuid)
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

    SELECT f.credential > coalesce(f.own_raised, 0) INTO fresh
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


-- Seconds until there are numbers for this one again; NULL: there are.
CREATE FUNCTION keystore.own_after(whom uuid) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(1, ceil(extract(epoch FROM
               f.own_at + interval '1 hour' - now())))::integer
      FROM keystore.floor AS f
     WHERE f.tenant = NULLIF(current_setting('pupil.tenant', true), '')::uuid
       AND f.subject <> own_after.whom
       AND f.own_at > now() - interval '1 hour'
     ORDER BY f.own_at DESC OFFSET keystore.own_cap() - 1 LIMIT 1
$$;


-- Raises both floors to numbers that were given so, and no further: what another
-- run has signed under a number above them counts once it is there.  Numbers
-- below are due no more.  Again is no harm; false: they are not the floors.
CREATE FUNCTION keystore.raise_own(whom uuid, session integer,
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


REVOKE ALL ON FUNCTION keystore.own_cap(), keystore.give_own(uuid),
    keystore.own_after(uuid), keystore.raise_own(uuid, integer, integer)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.give_own(uuid), keystore.own_after(uuid)
    TO pupil_keeper;
GRANT EXECUTE ON FUNCTION keystore.raise_own(uuid, integer, integer)
    TO pupil_keeper, pupil_operator;
