-- Copyright (C) the Pupil authors
--
-- Restricts an owner, or lifts it, and says in which state the owner is then;
-- NULL: there is none.  Whoever is erased stays so.  pupilctl has no UPDATE on
-- keys: what else it could do with one is what this function does not do.
--
-- compatible_from: 10

CREATE FUNCTION keystore.restrict(owner uuid, restricted boolean) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this CONSTANT uuid :=
        NULLIF(current_setting('pupil.tenant', true), '')::uuid;
    next CONSTANT text := CASE WHEN restrict.restricted THEN 'restricted'
                          ELSE 'active' END;
BEGIN
    UPDATE keystore.owner_key AS k SET state = next, changed_at = now()
     WHERE k.tenant = this AND k.owner = restrict.owner
       AND k.state IN ('active', 'restricted') AND k.state <> next;

    RETURN (SELECT k.state FROM keystore.owner_key AS k
             WHERE k.tenant = this AND k.owner = restrict.owner);
END $$;

REVOKE ALL ON FUNCTION keystore.restrict(uuid, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION keystore.restrict(uuid, boolean) TO pupil_operator;
