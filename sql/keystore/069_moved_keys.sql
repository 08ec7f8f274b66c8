-- Copyright (C) the Pupil authors
--
-- Of a tenant that was moved (064_moved.sql) no worker is given any other key,
-- either.  Without that of the tenant they open nothing, but whoever has it from
-- a backup of the key store lacks nothing then.
--
-- compatible_from: 10

CREATE POLICY moved ON keystore.service_key AS RESTRICTIVE FOR SELECT
    TO pupil_keeper
    USING (NOT EXISTS (SELECT FROM keystore.moved AS m
            WHERE m.tenant = (SELECT NULLIF(current_setting('pupil.tenant',
                                                            true), '')::uuid)));

-- Past the function, which is its owner's, workers read none of it.
CREATE POLICY moved ON keystore.owner_key AS RESTRICTIVE FOR SELECT
    TO pupil_keeper
    USING (NOT EXISTS (SELECT FROM keystore.moved AS m
            WHERE m.tenant = (SELECT NULLIF(current_setting('pupil.tenant',
                                                            true), '')::uuid)));


-- As in 051_bounds.sql; of a tenant that is elsewhere there are none.
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
    asked timestamptz;      -- the ticket's minute
    why   text;
BEGIN
    -- that a ticket is used need not outlive a crash: no connection does
    IF pg_current_xact_id_if_assigned() IS NULL THEN
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;

    UPDATE keystore.fetch AS f
       SET fate = 'used'
     WHERE f.tenant = this AND f.minute IN (begun, begun - interval '1 minute')
       AND f.backend = pg_backend_pid() AND f.role = session_user
       AND f.client = peer AND f.ticket = $1 AND f.fate = 'asked'
       AND f.owners = sha256(array_send($2))
       AND pg_xact_status(f.xid) = 'committed'
    RETURNING f.minute INTO asked;

    IF FOUND THEN
        IF keystore.share(this, at, 0, asked) > 1 THEN
            why := 'cap';

            UPDATE keystore.fetch AS f
               SET capped = f.capped + 1
             WHERE f.tenant = this AND f.minute = asked
               AND f.backend = pg_backend_pid() AND f.role = session_user
               AND f.client = peer;
        END IF;

    ELSIF EXISTS (
        SELECT FROM keystore.fetch AS f
         WHERE f.tenant = this
           AND f.minute IN (begun, begun - interval '1 minute')
           AND f.backend = pg_backend_pid() AND f.role = session_user
           AND f.client = peer AND f.ticket = $1 AND f.fate = 'capped')
    THEN
        why := 'cap';       -- which was counted when it was asked

    ELSE
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
         WHERE k.tenant = this AND k.owner = ANY ($2)
           AND NOT EXISTS (SELECT FROM keystore.moved AS m
                            WHERE m.tenant = this);
END $$;
