-- Copyright (C) the Pupil authors
--
-- compatible_from: 1
--
-- Floors: a revocation cannot be rolled back (invariant I18).  Three numbers
-- for each subject say which of the rows in the data database still count:
-- those that were written under this number or a later one.  They stand here
-- because somebody who can write the data database cannot write this one.

CREATE TABLE keystore.floor (
    tenant      uuid NOT NULL,
    subject     uuid NOT NULL,
    session     integer NOT NULL DEFAULT 0 CHECK (session >= 0),
    credential  integer NOT NULL DEFAULT 0 CHECK (credential >= 0),
    authority   integer NOT NULL DEFAULT 0 CHECK (authority >= 0),
    raised_at   timestamptz NOT NULL DEFAULT now(),
    raised_by   name NOT NULL DEFAULT session_user,
    PRIMARY KEY (tenant, subject)
);


-- Sessions that were ended one by one, by the hashes of their tokens, until
-- they would have expired.
CREATE TABLE keystore.ended (
    tenant      uuid NOT NULL,
    token_hash  bytea NOT NULL,
    until       timestamptz NOT NULL,
    PRIMARY KEY (tenant, token_hash)
);
CREATE INDEX ended_until ON keystore.ended (tenant, until);


DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['floor', 'ended'] LOOP
        EXECUTE format('ALTER TABLE keystore.%I ENABLE ROW LEVEL SECURITY',
                       target);
        EXECUTE format('ALTER TABLE keystore.%I FORCE ROW LEVEL SECURITY',
                       target);
        EXECUTE format(
            'CREATE POLICY tenant_isolation ON keystore.%I USING (tenant ='
            ' (SELECT NULLIF(current_setting(''pupil.tenant'', true),'
            ' '''')::uuid))',
            target);
    END LOOP;
END $$;

GRANT SELECT ON keystore.floor, keystore.ended TO pupil_keeper;
GRANT SELECT ON keystore.floor TO pupil_operator;


-- A number never falls, and a row never goes: whoever could delete it could
-- begin at 0 again.
CREATE FUNCTION keystore.never_back() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% of a row of keystore.% is refused', TG_OP,
          TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER only_rises BEFORE UPDATE ON keystore.floor
    FOR EACH ROW WHEN (NEW.session < OLD.session
                       OR NEW.credential < OLD.credential
                       OR NEW.authority < OLD.authority)
    EXECUTE FUNCTION keystore.never_back();
CREATE TRIGGER never_goes BEFORE DELETE ON keystore.floor
    FOR EACH ROW EXECUTE FUNCTION keystore.never_back();
-- Erased for ever would end with a key that is deleted and made anew.
CREATE TRIGGER never_goes BEFORE DELETE ON keystore.owner_key
    FOR EACH ROW EXECUTE FUNCTION keystore.never_back();


-- Raises a floor of each subject by one, to what is expected: again is no
-- harm, so that whoever finds a revocation unfinished can finish it.  Workers
-- listen: up to a hundred subjects are named, more end all that is cached.
CREATE FUNCTION keystore.raise(subjects uuid[], floor text,
                               expected integer[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    many CONSTANT boolean := cardinality(subjects) > 100;
BEGIN
    IF floor NOT IN ('session', 'credential', 'authority') THEN
        RAISE EXCEPTION 'there is no floor %', floor
              USING ERRCODE = 'invalid_parameter_value';
    END IF;

    INSERT INTO keystore.floor (tenant, subject)
    SELECT this, s FROM unnest(subjects) AS s ORDER BY s
    ON CONFLICT DO NOTHING;

    -- in the order of their ids, so that two of these wait and do not lock up
    PERFORM FROM keystore.floor AS f
      WHERE f.tenant = this AND f.subject = ANY (subjects)
      ORDER BY f.subject FOR UPDATE;

    PERFORM FROM unnest(subjects, expected) AS e (subject, number)
       JOIN keystore.floor AS f ON f.tenant = this AND f.subject = e.subject
      WHERE e.number > 1 + CASE raise.floor WHEN 'session' THEN f.session
                                WHEN 'credential' THEN f.credential
                                ELSE f.authority END;
    IF FOUND THEN
        RAISE EXCEPTION 'a floor rises by one'
              USING ERRCODE = 'check_violation';
    END IF;

    UPDATE keystore.floor AS f
       SET session = CASE raise.floor WHEN 'session'
               THEN greatest(f.session, e.number) ELSE f.session END,
           credential = CASE raise.floor WHEN 'credential'
               THEN greatest(f.credential, e.number) ELSE f.credential END,
           authority = CASE raise.floor WHEN 'authority'
               THEN greatest(f.authority, e.number) ELSE f.authority END,
           raised_at = now(), raised_by = session_user
      FROM unnest(subjects, expected) AS e (subject, number)
     WHERE f.tenant = this AND f.subject = e.subject;

    IF many THEN
        PERFORM pg_notify('pupil_keystore', 'tenant ' || this);
    ELSE
        PERFORM pg_notify('pupil_keystore', 'floor ' || this || ' ' || s)
           FROM unnest(subjects) AS s;
    END IF;
END $$;


-- Workers drop what they hold of an owner whose state or key changes.
CREATE FUNCTION keystore.tell_owner() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM pg_notify('pupil_keystore',
                      'owner ' || NEW.tenant || ' ' || NEW.owner);
    RETURN NULL;
END $$;
CREATE TRIGGER tell_owner AFTER UPDATE ON keystore.owner_key
    FOR EACH ROW WHEN (NEW.state <> OLD.state OR NEW.version <> OLD.version)
    EXECUTE FUNCTION keystore.tell_owner();


-- Ends one session.  Those whose time is over anyway go with the next ones.
CREATE FUNCTION keystore.end_session(token_hash bytea, until timestamptz)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    INSERT INTO keystore.ended (tenant, token_hash, until)
    VALUES (this, end_session.token_hash, end_session.until)
    ON CONFLICT DO NOTHING;

    DELETE FROM keystore.ended AS e WHERE e.tenant = this
       AND e.token_hash IN (SELECT o.token_hash FROM keystore.ended AS o
                             WHERE o.tenant = this AND o.until < now()
                             ORDER BY o.until LIMIT 8
                               FOR UPDATE SKIP LOCKED);

    PERFORM pg_notify('pupil_keystore',
                      'session ' || encode(end_session.token_hash, 'hex'));
END $$;


REVOKE ALL ON FUNCTION keystore.raise(uuid[], text, integer[]),
    keystore.end_session(bytea, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.raise(uuid[], text, integer[])
    TO pupil_operator;
GRANT EXECUTE ON FUNCTION keystore.end_session(bytea, timestamptz)
    TO pupil_keeper, pupil_operator;
