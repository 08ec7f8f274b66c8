-- Copyright (C) the Pupil authors
--
-- Of an account that is closed it is said in which state it is once it is opened
-- again: whoever is restricted meanwhile is then, and is opened by no roster.
--
-- compatible_from: 10

-- As in 030_restrict.sql but for that.
CREATE OR REPLACE FUNCTION keystore.restrict(owner uuid, restricted boolean)
    RETURNS text
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

    UPDATE keystore.owner_key AS k SET before = next
     WHERE k.tenant = this AND k.owner = restrict.owner
       AND k.state = 'recovery' AND k.before <> next;

    RETURN (SELECT k.state FROM keystore.owner_key AS k
             WHERE k.tenant = this AND k.owner = restrict.owner);
END $$;
