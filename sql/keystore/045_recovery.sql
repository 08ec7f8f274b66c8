-- Copyright (C) the Pupil authors
--
-- A closed account is in recovery before it is erased: the key of its owner is
-- there still, and is given to no worker.  before: the state that an account
-- which is opened again goes back to.
--
-- compatible_from: 10

ALTER TABLE keystore.owner_key
    DROP CONSTRAINT owner_key_state_check,
    DROP CONSTRAINT owner_key_check,
    ADD COLUMN before text CHECK (before IN ('active', 'restricted')),
    ADD CONSTRAINT owner_key_state_check CHECK (state IN ('absent', 'active',
        'restricted', 'recovery', 'erased')),
    ADD CONSTRAINT owner_key_check CHECK ((wrapped IS NOT NULL) =
        (state IN ('active', 'restricted', 'recovery'))),
    ADD CONSTRAINT recovery CHECK (state <> 'recovery' OR before IS NOT NULL);


-- The account was closed; says since when.  Again is no harm; NULL: there is no
-- such owner, or no key any more.
CREATE FUNCTION keystore.close(owner uuid) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    UPDATE keystore.owner_key AS k
       SET state = 'recovery', before = k.state, changed_at = now()
     WHERE k.tenant = this AND k.owner = close.owner
       AND k.state IN ('active', 'restricted');

    RETURN (SELECT k.changed_at FROM keystore.owner_key AS k
             WHERE k.tenant = this AND k.owner = close.owner
               AND k.state = 'recovery');
END $$;


-- It is opened again; says in which state the owner is then.
CREATE FUNCTION keystore.reopen(owner uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    UPDATE keystore.owner_key AS k
       SET state = k.before, before = NULL, changed_at = now()
     WHERE k.tenant = this AND k.owner = reopen.owner
       AND k.state = 'recovery';

    RETURN (SELECT k.state FROM keystore.owner_key AS k
             WHERE k.tenant = this AND k.owner = reopen.owner);
END $$;

REVOKE ALL ON FUNCTION keystore.close(uuid), keystore.reopen(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.close(uuid), keystore.reopen(uuid)
    TO pupil_operator;


-- As in 010_tickets.sql; no key of an account that is closed.
CREATE OR REPLACE FUNCTION keystore.fetch_owner_keys(ticket uuid, owners uuid[])
    RETURNS TABLE (refused text, owner uuid, state text, version integer,
                   tenant_version integer, wrapped bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    this  CONSTANT uuid
        := NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    at    CONSTANT timestamptz := clock_timestamp();
    begun CONSTANT timestamptz := date_bin('1 minute', at, 'epoch');
    peer  CONSTANT inet := coalesce(inet_client_addr(), '0.0.0.0');
    why   text;
BEGIN
    -- that a ticket is used need not outlive a crash: no connection does
    IF pg_current_xact_id_if_assigned() IS NULL THEN
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;

    IF keystore.share(this, at, 0) > 1 THEN
        why := 'cap';
    END IF;

    UPDATE keystore.fetch AS f
       SET fate = 'used', capped = f.capped + (why IS NOT NULL)::integer
     WHERE f.tenant = this AND f.minute IN (begun, begun - interval '1 minute')
       AND f.backend = pg_backend_pid() AND f.role = session_user
       AND f.client = peer AND f.ticket = $1 AND f.fate = 'asked'
       AND f.owners = sha256(array_send($2))
       AND pg_xact_status(f.xid) = 'committed';

    IF NOT FOUND AND EXISTS (
        SELECT FROM keystore.fetch AS f
         WHERE f.tenant = this
           AND f.minute IN (begun, begun - interval '1 minute')
           AND f.backend = pg_backend_pid() AND f.role = session_user
           AND f.client = peer AND f.ticket = $1 AND f.fate = 'capped')
    THEN
        why := 'cap';       -- which was counted when it was asked

    ELSIF NOT FOUND THEN
        why := 'ticket';

        RAISE LOG 'owner keys were refused to %: no ticket for them that is'
                  ' committed and not used', session_user;

        INSERT INTO keystore.fetch AS f (tenant, minute, backend, role, client,
                                         refused)
        VALUES (this, begun, pg_backend_pid(), session_user, peer, 1)
            ON CONFLICT (tenant, minute, backend, role, client)
            DO UPDATE SET refused = f.refused + 1;
    END IF;

    IF why IS NOT NULL THEN
        RETURN QUERY SELECT why, NULL::uuid, NULL::text, NULL::integer,
                            NULL::integer, NULL::bytea;
        RETURN;
    END IF;

    RETURN QUERY
        SELECT NULL::text, k.owner, k.state, k.version, k.tenant_version,
               CASE WHEN k.state <> 'recovery' THEN k.wrapped END
          FROM keystore.owner_key AS k
         WHERE k.tenant = this AND k.owner = ANY ($2);
END $$;
