-- Copyright (C) the Pupil authors
--
-- A tenant's key gets a new version under a new epoch of the key file, what it
-- wraps is wrapped anew, and the old version goes (pupilctl key rotate).  No
-- version is ever wrapped under a second epoch: who has that, and an old backup,
-- would open what it wraps there (invariant I7).
--
-- compatible_from: 10

REVOKE UPDATE (epoch, wrapped) ON keystore.tenant_key FROM pupil_operator;

-- To lock versions: FOR KEY SHARE while something is wrapped under one, FOR
-- UPDATE while there comes another.
GRANT UPDATE (created_at) ON keystore.tenant_key TO pupil_operator;


-- Owners' keys under a newer version, those that are still what was read: who
-- was erased meanwhile is not among them.  How many there are.
CREATE FUNCTION keystore.wrap_owners(version integer, owners uuid[],
    old bytea[], made bytea[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    n    bigint;
BEGIN
    UPDATE keystore.owner_key AS k
       SET tenant_version = wrap_owners.version, wrapped = w.made
      FROM unnest(owners, old, made) AS w (owner, old, made)
     WHERE k.tenant = this AND k.owner = w.owner AND k.wrapped = w.old
       AND k.tenant_version < wrap_owners.version;

    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;


-- The same of service keys.
CREATE FUNCTION keystore.wrap_services(version integer, names text[],
    old bytea[], made bytea[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    n    bigint;
BEGIN
    UPDATE keystore.service_key AS k
       SET tenant_version = wrap_services.version, wrapped = w.made
      FROM unnest(names, old, made) AS w (name, old, made)
     WHERE k.tenant = this AND k.name = w.name AND k.wrapped = w.old
       AND k.tenant_version < wrap_services.version;

    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;


-- All versions but the newest go, if they wrap nothing: whether they did.  It
-- waits for whoever wraps something under one.
CREATE FUNCTION keystore.drop_versions() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    newest integer;
BEGIN
    PERFORM FROM keystore.tenant_key AS t WHERE t.tenant = this FOR UPDATE;

    newest := max(t.version) FROM keystore.tenant_key AS t
               WHERE t.tenant = this;

    IF EXISTS (SELECT FROM keystore.service_key AS k WHERE k.tenant = this
                  AND k.tenant_version < newest)
       OR EXISTS (SELECT FROM keystore.owner_key AS k WHERE k.tenant = this
                     AND k.tenant_version < newest AND k.wrapped IS NOT NULL)
    THEN
        RETURN false;
    END IF;

    -- of who was erased there is a row, and no key
    UPDATE keystore.owner_key AS k SET tenant_version = newest
     WHERE k.tenant = this AND k.tenant_version < newest;

    DELETE FROM keystore.tenant_key AS t
     WHERE t.tenant = this AND t.version < newest;

    RETURN true;
END $$;

REVOKE ALL ON FUNCTION
    keystore.wrap_owners(integer, uuid[], bytea[], bytea[]),
    keystore.wrap_services(integer, text[], bytea[], bytea[]),
    keystore.drop_versions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    keystore.wrap_owners(integer, uuid[], bytea[], bytea[]),
    keystore.wrap_services(integer, text[], bytea[], bytea[]),
    keystore.drop_versions() TO pupil_operator;
