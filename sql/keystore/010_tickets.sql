-- Copyright (C) the Pupil authors
--
-- The cap of owner keys holds (invariant I7).  What counted before was part of
-- the transaction that fetched, and was gone when that was rolled back (pitfall
-- 44).  So keys are asked for first, which counts them and makes a ticket, and
-- are fetched with that ticket once it is committed.
--
-- compatible_from: 10

DROP FUNCTION keystore.fetch_owner_keys(uuid[]);


-- What a connection asked for last is its ticket, in its row of the minute.
ALTER TABLE keystore.fetch
    ALTER COLUMN keys SET DEFAULT 0,
    ADD COLUMN capped   bigint NOT NULL DEFAULT 0,  -- refusals: past the cap
    ADD COLUMN refused  bigint NOT NULL DEFAULT 0,  -- refusals: no ticket
    ADD COLUMN ticket   uuid,           -- made by who asks
    ADD COLUMN fate     text CHECK (fate IN ('asked', 'used', 'capped')),
    ADD COLUMN owners   bytea,          -- SHA-256 of those asked for
    ADD COLUMN xid      xid8;           -- of the transaction that asked


-- How many owners a tenant has, for the cap that nobody has set.  Counted by
-- whoever adds some.
CREATE TABLE keystore.size (
    tenant  uuid PRIMARY KEY,
    owners  bigint NOT NULL
);
ALTER TABLE keystore.size ENABLE ROW LEVEL SECURITY;
ALTER TABLE keystore.size FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON keystore.size USING (tenant =
    (SELECT NULLIF(current_setting('pupil.tenant', true), '')::uuid));
GRANT SELECT, INSERT, UPDATE ON keystore.size TO pupil_operator;

-- Those of all tenants, once.
ALTER TABLE keystore.owner_key NO FORCE ROW LEVEL SECURITY;
ALTER TABLE keystore.size NO FORCE ROW LEVEL SECURITY;
INSERT INTO keystore.size (tenant, owners)
    SELECT tenant, count(*) FROM keystore.owner_key GROUP BY tenant;
ALTER TABLE keystore.size FORCE ROW LEVEL SECURITY;
ALTER TABLE keystore.owner_key FORCE ROW LEVEL SECURITY;

CREATE FUNCTION keystore.owners_came() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO keystore.size AS s (tenant, owners)
         SELECT tenant, count(*) FROM fresh GROUP BY tenant
             ON CONFLICT (tenant)
             DO UPDATE SET owners = s.owners + EXCLUDED.owners;
    RETURN NULL;
END $$;
CREATE TRIGGER owners_came AFTER INSERT ON keystore.owner_key
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION keystore.owners_came();

ALTER FUNCTION keystore.erased_for_ever()
    SET search_path = pg_catalog, pg_temp;


-- The share of the cap that is spent, with so many keys more.  The cap is what
-- the operator has set, else what a fleet needs whose caches are all empty:
-- every owner's key four times in a minute.  What counts is this minute, and
-- the part of the last one that is less than a minute ago, as if it had been
-- spread evenly: a few rows to add up, however many fetches they stand for.
ALTER TABLE keystore.setting ALTER COLUMN keys_a_minute DROP DEFAULT;

CREATE FUNCTION keystore.share(this uuid, at timestamptz, more bigint)
    RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
    a     CONSTANT interval := '1 minute';
    begun CONSTANT timestamptz := date_bin(a, at, 'epoch');
    spent float8;
    cap   bigint;
BEGIN
    spent := sum(f.keys * CASE WHEN f.minute >= begun THEN 1 ELSE
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


-- Asks for keys: counts them, and notes a ticket that the caller has made up,
-- for these owners and no other.  refused: 'cap', or NULL; share: of the cap,
-- what is spent with this.
--
-- The clock is not now(), by which a transaction that began early would count
-- in a minute that is over.  Two who ask at once may both be told that the cap
-- is not reached; the fetch looks again, when both counts are there to be seen.
--
-- A day's minutes are kept.  Each connection takes away twice as many as it
-- adds, and waits for no other that does.
CREATE FUNCTION keystore.ask_owner_keys(ticket uuid, owners uuid[],
                                        OUT refused text, OUT share float8)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    this  CONSTANT uuid
        := NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    at    CONSTANT timestamptz := clock_timestamp();
    begun CONSTANT timestamptz := date_bin('1 minute', at, 'epoch');
    first boolean;          -- of this connection in this minute
BEGIN
    -- who asks may have switched it off, and a count has to outlive a crash
    IF current_setting('synchronous_commit') = 'off' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;

    share := keystore.share(this, at, cardinality($2));
    refused := CASE WHEN share > 1 THEN 'cap' END;

    INSERT INTO keystore.fetch AS f (tenant, minute, backend, role, client,
                                     keys, capped, ticket, fate, owners, xid)
    SELECT this, begun, pg_backend_pid(), session_user,
           coalesce(inet_client_addr(), '0.0.0.0'),
           CASE WHEN over THEN 0 ELSE cardinality($2) END, over::integer, $1,
           CASE WHEN over THEN 'capped' ELSE 'asked' END,
           sha256(array_send($2)), pg_current_xact_id()
      FROM (VALUES (refused IS NOT NULL)) AS v (over)
        ON CONFLICT (tenant, minute, backend, role, client)
        DO UPDATE SET keys = f.keys + EXCLUDED.keys,
                      capped = f.capped + EXCLUDED.capped,
                      ticket = EXCLUDED.ticket, fate = EXCLUDED.fate,
                      owners = EXCLUDED.owners, xid = EXCLUDED.xid
        RETURNING f.xmax = 0 INTO first;

    IF first THEN
        DELETE FROM keystore.fetch WHERE ctid = ANY (ARRAY(
            SELECT f.ctid FROM keystore.fetch AS f
             WHERE f.tenant = this AND f.minute < begun - interval '1 day'
             ORDER BY f.minute LIMIT 2 FOR UPDATE SKIP LOCKED));
    END IF;
END $$;


-- Gives what was asked for with a ticket, once: one of this connection, of this
-- minute or the last, for these owners, whose transaction is committed.  It is
-- the top-level one that is asked about: a row made under a savepoint looks
-- committed to some.  A fetch that is rolled back may be done again, and gives
-- the same keys, which are counted.
--
-- Each row says in refused whether, and why, keys are refused: 'cap', or
-- 'ticket'.  An error would leave no record.  A transaction that is rolled back
-- takes the record along all the same, but not the line in the server's log.
CREATE FUNCTION keystore.fetch_owner_keys(ticket uuid, owners uuid[])
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
               k.wrapped
          FROM keystore.owner_key AS k
         WHERE k.tenant = this AND k.owner = ANY ($2);
END $$;


-- Nobody calls anything but what follows.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA keystore FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.ask_owner_keys(uuid, uuid[]),
    keystore.fetch_owner_keys(uuid, uuid[]) TO pupil_keeper;
