-- Copyright (C) the Pupil authors
--
-- Who lets support in: until when, and once its code was used, by whom and with
-- which log-in.  The row is the evidence of the relation, and its MAC covers all
-- of it (invariant I20); that it was ended, or its code used, is in the key
-- store, too (sql/keystore/098_support_codes.sql).
--
-- compatible_from: 16

-- code and session are keyed hashes: neither a code nor a token is stored.
CREATE TABLE pupil.support_grant (
    tenant         uuid NOT NULL,
    support_grant  uuid NOT NULL,
    subject        uuid NOT NULL,
    code           bytea NOT NULL CHECK (octet_length(code) = 32),
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    redeemed_at    timestamptz,
    actor          uuid,
    session        bytea CHECK (octet_length(session) = 32),
    mac            bytea NOT NULL CHECK (octet_length(mac) IN (32, 36)),
    PRIMARY KEY (tenant, support_grant),
    UNIQUE (tenant, code),
    CHECK (num_nonnulls(redeemed_at, actor, session) IN (0, 3))
);
CREATE INDEX support_grant_subject ON pupil.support_grant (tenant, subject);
SELECT pupil.isolate('pupil.support_grant');
GRANT SELECT, INSERT, DELETE, UPDATE (redeemed_at, actor, session, mac)
    ON pupil.support_grant TO pupil_gateway;
GRANT SELECT ON pupil.support_grant TO pupil_operator;


-- As in 081_prints.sql; and grants whose time is over.
CREATE OR REPLACE FUNCTION pupil.sweep()
    RETURNS TABLE (sessions bigint, failures bigint)
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH s AS (DELETE FROM pupil.session AS s
        WHERE s.tenant = pupil.current_tenant() AND s.expires_at < now()
        RETURNING 1),
    f AS (DELETE FROM pupil.login_throttle AS t
        WHERE t.tenant = pupil.current_tenant()
          AND t.last_at < now() - interval '1 day' RETURNING 1),
    g AS (DELETE FROM pupil.support_grant AS g
        WHERE g.tenant = pupil.current_tenant() AND g.expires_at < now())
    SELECT (SELECT count(*) FROM s), (SELECT count(*) FROM f)
$$;


-- The tables of ours that an erasure deletes from: a migration that adds one
-- replaces this.
CREATE FUNCTION pupil.erased_from() RETURNS text[] LANGUAGE sql IMMUTABLE
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT ARRAY['pupil.role', 'pupil.enrolment', 'pupil.session',
                 'pupil.blind_index', 'pupil.imported', 'pupil.outbox',
                 'pupil.support_grant']
$$;
REVOKE ALL ON FUNCTION pupil.erased_from() FROM PUBLIC;


-- As in 087_outbox.sql; and support grants.  A statement locks the tables
-- that it writes before it takes its snapshot: so whoever does not see the fence
-- has this one locked.  Nobody waits for this, as it takes no lock of the table
-- before.
CREATE OR REPLACE FUNCTION pupil.erase(number bigint, name text)
    RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid := pupil.current_tenant();
    whom CONSTANT uuid := (SELECT l.subject FROM pupil.ledger AS l
        WHERE l.tenant = this AND l.number = erase.number);
    target CONSTANT regclass := (SELECT c.oid FROM pg_class AS c
         WHERE c.oid = to_regclass(erase.name) AND c.relkind = 'r'
           AND (c.relnamespace = 'data'::regnamespace
                OR erase.name = ANY (pupil.erased_from())));
    whose CONSTANT text := (SELECT a.attname FROM pg_attribute AS a
         WHERE a.attrelid = target AND a.attname IN ('owner', 'subject')
           AND NOT a.attisdropped ORDER BY a.attname LIMIT 1);
    count bigint;
BEGIN
    PERFORM FROM pupil.erasure AS e
      WHERE e.tenant = this AND e.number = erase.number
        AND e.name = erase.name AND e.state = 'open' FOR UPDATE;

    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    IF whose IS NULL OR EXISTS (
        SELECT FROM pupil.owner AS o WHERE o.tenant = this AND o.owner = whom
           AND (o.kind <> 'subject' OR o.state <> 'erased'))
    THEN
        RAISE EXCEPTION 'erasure % deletes nothing in %', erase.number,
              erase.name USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;

    PERFORM pupil.wait_for_writers(target);

    EXECUTE format('DELETE FROM %s WHERE tenant = $1 AND %I = $2', target,
                   whose) USING this, whom;
    GET DIAGNOSTICS count = ROW_COUNT;

    UPDATE pupil.erasure AS e SET state = 'done', records = count, at = now()
     WHERE e.tenant = this AND e.number = erase.number
       AND e.name = erase.name;

    RETURN count;
END $$;
