-- Copyright (C) the Pupil authors
--
-- Periods that a tenant has narrowed are the key store's (053_retention.sql
-- there): what was decided before is said, and is to be said again.  Until then
-- plugins' own periods are in force, which are longer.  A category that is held
-- is so in both databases, and either's word holds it.
--
-- compatible_from: 16

ALTER TABLE pupil.retention NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
    was pupil.retention;
BEGIN
    FOR was IN SELECT r.* FROM pupil.retention AS r LOOP
        RAISE WARNING 'tenant %: say again: pupilctl retention set % %'
              ' --reference "%"', was.tenant, was.name, was.days,
              was.reference;
    END LOOP;
END $$;
DROP TABLE pupil.retention;

-- As pupilctl's session says by the key store's word: a year at most.  What is
-- deleted here goes by it; whose key is destroyed, by the key store alone.
CREATE OR REPLACE FUNCTION pupil.recovery_days() RETURNS integer
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT least(365, NULLIF(current_setting('pupil.recovery', true),
                             '')::integer)
$$;
