-- Copyright (C) the Pupil authors
--
-- What the gateway's role does is bounded.  The cap of owner keys holds for the
-- minute in which they were asked for, too (invariant I7): of the last minute
-- less and less counts, so that whoever asked on many connections at once, none
-- of which saw another, and waited, was given what all had asked for.  And what
-- is the end of no session stops nobody who revokes (invariant I18).
--
-- compatible_from: 10

DROP FUNCTION keystore.share(uuid, timestamptz, bigint);

-- As in 010_tickets.sql; minutes from this one on count whole.
CREATE FUNCTION keystore.share(this uuid, at timestamptz, more bigint,
                               since timestamptz DEFAULT NULL)
    RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    a     CONSTANT interval := '1 minute';
    begun CONSTANT timestamptz := date_bin(a, at, 'epoch');
    whole CONSTANT timestamptz := least(begun, since);
    spent float8;
    cap   bigint;
BEGIN
    spent := sum(f.keys * CASE WHEN f.minute >= whole THEN 1 ELSE
                          1 - extract(epoch FROM at - begun) / 60 END)
        FROM keystore.fetch AS f
       WHERE f.tenant = this AND f.minute >= begun - a;

    cap := (SELECT s.keys_a_minute FROM keystore.setting AS s
             WHERE s.tenant = this);

    IF cap IS NULL THEN
        cap := 10000 + 4 * coalesce((SELECT s.owners FROM keystore.size AS s
                                      WHERE s.tenant = this), 0);
    END IF;

    RETURN (coalesce(spent, 0) + more) / cap;
END $$;

REVOKE ALL ON FUNCTION keystore.share(uuid, timestamptz, bigint, timestamptz)
    FROM PUBLIC;


-- As in 045_recovery.sql.  Whose ticket is used saw, when it was committed, all
-- that had been asked for in its minute before: those that are given keys have
-- together asked for no more than the cap.
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
         WHERE k.tenant = this AND k.owner = ANY ($2);
END $$;


-- As in 011_floors.sql, of what can be a token's hash.  Whoever can write the
-- data database leaves ends there that pupilctl finishes: more than a NOTIFY
-- takes would stop it, and what is to be revoked with it.
CREATE OR REPLACE FUNCTION keystore.end_session(token_hash bytea,
                                                until timestamptz)
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
BEGIN
    IF octet_length(end_session.token_hash) <> 32 THEN
        RAISE LOG 'the end of no session, by %: its token''s hash has % bytes',
                  session_user, octet_length(end_session.token_hash);
        RETURN;
    END IF;

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
