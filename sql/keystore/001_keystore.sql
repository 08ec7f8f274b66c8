-- Copyright (C) the Pupil authors
--
-- The key store: wrapped keys, in a database, and in production a cluster, of
-- its own, so that a backup of the data opens nothing (invariant I7).  Every
-- key is random and wrapped by the key above it:
--
--     key-encryption key (a file) -> tenant key -> owner key
--                                              -> service key
--
-- Applied by `pupilctl migrate`, as role pupil_keystore_owner.

CREATE SCHEMA keystore;

GRANT USAGE ON SCHEMA keystore TO pupil_keeper, pupil_operator;


-- The epochs of the key-encryption key.  fingerprint: BLAKE2b of the key,
-- keyed by nothing but itself, so that a wrong key file is told apart.
CREATE TABLE keystore.kek_epoch (
    epoch        integer PRIMARY KEY CHECK (epoch > 0),
    fingerprint  bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    retired_at   timestamptz
);
GRANT SELECT ON keystore.kek_epoch TO pupil_keeper;
GRANT SELECT, INSERT, UPDATE ON keystore.kek_epoch TO pupil_operator;


CREATE TABLE keystore.tenant_key (
    tenant      uuid NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    epoch       integer NOT NULL REFERENCES keystore.kek_epoch,
    wrapped     bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, version)
);


-- Keys of a tenant that seal no record: 'mac' for the rows that authorise,
-- 'token' for session tokens, 'fingerprint' for submissions, and
-- 'index:<category>.<field>' for each blind index.
CREATE TABLE keystore.service_key (
    tenant          uuid NOT NULL,
    name            text NOT NULL,
    tenant_version  integer NOT NULL,
    wrapped         bytea NOT NULL,
    PRIMARY KEY (tenant, name),
    FOREIGN KEY (tenant, tenant_version) REFERENCES keystore.tenant_key
);


-- One row per owner, for ever: erased is a state and not an absence, so that
-- nothing helpful re-creates the key of somebody who was erased.
CREATE TABLE keystore.owner_key (
    tenant          uuid NOT NULL,
    owner           uuid NOT NULL,
    state           text NOT NULL CHECK (state IN ('absent', 'active',
                                                   'restricted', 'erased')),
    version         integer NOT NULL CHECK (version > 0),
    tenant_version  integer NOT NULL,
    wrapped         bytea,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, owner),
    FOREIGN KEY (tenant, tenant_version) REFERENCES keystore.tenant_key,
    CHECK ((wrapped IS NOT NULL) = (state IN ('active', 'restricted')))
);

CREATE FUNCTION keystore.erased_for_ever() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the key of this owner was erased and stays erased'
          USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER erased_for_ever BEFORE UPDATE ON keystore.owner_key
    FOR EACH ROW WHEN (OLD.state = 'erased' AND NEW.state <> 'erased')
    EXECUTE FUNCTION keystore.erased_for_ever();


-- Who fetched how many owner keys in which minute: a compromised worker shows
-- up here, and is stopped at the cap.  A connection has a row of its own, so
-- that nobody waits for another's.
CREATE TABLE keystore.fetch (
    tenant   uuid NOT NULL,
    minute   timestamptz NOT NULL,
    backend  integer NOT NULL,
    role     name NOT NULL,
    client   inet NOT NULL,             -- 0.0.0.0: through a Unix socket
    keys     bigint NOT NULL,
    PRIMARY KEY (tenant, minute, backend, role, client)
) WITH (fillfactor = 50);

CREATE TABLE keystore.setting (
    tenant          uuid PRIMARY KEY,
    keys_a_minute   integer NOT NULL DEFAULT 100000 CHECK (keys_a_minute > 0)
);


DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['tenant_key', 'service_key', 'owner_key',
                                  'fetch', 'setting'] LOOP
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

GRANT SELECT ON keystore.tenant_key, keystore.service_key TO pupil_keeper;
GRANT SELECT, INSERT, UPDATE ON keystore.tenant_key, keystore.service_key,
    keystore.owner_key, keystore.setting TO pupil_operator;
GRANT SELECT ON keystore.fetch TO pupil_operator;


-- The only way in which nginx reads owner keys: recorded and capped.  What
-- counts is this minute and the part of the last one that is less than a minute
-- ago, as if it had been spread evenly: a few rows to add up, however many
-- fetches they stand for.  Fetches under way on other connections are not seen
-- yet, so that these can go over the cap by one fetch each.
-- Security definer, because the gateway has no privilege on the table; row
-- security binds the definer too.
CREATE FUNCTION keystore.fetch_owner_keys(owners uuid[])
    RETURNS TABLE (owner uuid, state text, version integer,
                   tenant_version integer, wrapped bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, keystore AS $$
#variable_conflict use_column
DECLARE
    this  uuid := NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    a     CONSTANT interval := '1 minute';
    begun timestamptz := date_bin(a, now(), 'epoch');
    spent double precision;
BEGIN
    INSERT INTO keystore.fetch AS f (tenant, minute, backend, role, client,
                                     keys)
    VALUES (this, begun, pg_backend_pid(), session_user,
            coalesce(inet_client_addr(), '0.0.0.0'), cardinality(owners))
    ON CONFLICT (tenant, minute, backend, role, client)
    DO UPDATE SET keys = f.keys + EXCLUDED.keys;

    spent := sum(f.keys * CASE WHEN f.minute = begun THEN 1 ELSE
                          1 - extract(epoch FROM now() - begun) / 60 END)
        FROM keystore.fetch AS f
       WHERE f.tenant = this AND f.minute >= begun - a;

    IF spent > coalesce((SELECT s.keys_a_minute FROM keystore.setting AS s
                          WHERE s.tenant = this), 100000) THEN
        RAISE EXCEPTION 'the cap of owner keys a minute is reached'
              USING ERRCODE = 'insufficient_resources';
    END IF;

    RETURN QUERY
        SELECT k.owner, k.state, k.version, k.tenant_version, k.wrapped
          FROM keystore.owner_key AS k
         WHERE k.tenant = this AND k.owner = ANY (owners);
END $$;
REVOKE ALL ON FUNCTION keystore.fetch_owner_keys(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.fetch_owner_keys(uuid[]) TO pupil_keeper;
