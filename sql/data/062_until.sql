-- Copyright (C) the Pupil authors
--
-- A sealer's time that is not yet says nothing: whoever wrote it would hide from
-- people who has looked at what is theirs.
--
-- compatible_from: 16

-- As in 061_audit_end.sql but for that.
CREATE OR REPLACE FUNCTION pupil.unsealed_since() RETURNS timestamptz
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest((SELECT z.until - interval '100 seconds'
                       FROM pupil.sealer AS z
                      WHERE z.one AND z.until <= now()),
                    now() - interval '160 seconds')
$$;
